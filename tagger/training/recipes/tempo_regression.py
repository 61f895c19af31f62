"""Tempo in BPM from a log-mel, as one number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tagger.errors import TaggerError
from tagger.nets.tempo import FIRST_BPM, LAST_BPM
from tagger.training.clips import FRONT_END, Clip
from tagger.training.corpus import Corpus, stack
from tagger.training.log_mels import cached_log_mels
from tagger.training.recipes.recipe import Recipe
from tagger.training.rhythms import MADE_UP, rhythms
from tagger.training.settings import Settings
from tagger.training.sources import Sources
from tagger.training.targets import make_targets
from tagger.training.tasks import TEMPO
from tagger.training.tempo_examples import SHORTEST_S

COPIES, STRETCH = 6, 1.25
"""Of each training clip so many more, up to so much faster or slower."""

N_MADE_UP = 600
"""Rhythms of drums and tones."""


def corpus(sources: Sources, genres: tuple[str, ...]) -> Corpus:
    """The clips of `SHORTEST_S` or more with a tempo; those to train on at other speeds too, and made-up
    rhythms with them."""
    annotated = [clip for clip in sources.clips(())[0] if clip.bpm > 0 and not clip.length_s < SHORTEST_S]
    if not annotated:
        raise TaggerError(f"{sources.data}: no clip of {SHORTEST_S:g} s or more has a tempo")
    clips, log_mels = cached_log_mels(sources.data, annotated, sources.cache, sources.jobs)
    random = np.random.default_rng(0)
    more = [
        _faster(clip, log_mel, random)
        for clip, log_mel in zip(clips, log_mels, strict=True)
        for _ in range(COPIES)
        if clip.split == "train"
    ]
    made, bpm = rhythms(N_MADE_UP, sources.jobs)
    more += [
        (Clip(f"{i}", MADE_UP, "train", (), bpm=b), m) for i, (m, b) in enumerate(zip(made, bpm, strict=True))
    ]
    clips = [*clips, *(clip for clip, _ in more)]
    targets = make_targets([(sources.data, clips)], (), taught=False)
    return stack(clips, [*log_mels, *(m for _, m in more)], targets, ())


def _faster(
    clip: Clip, log_mel: NDArray[np.float16], random: np.random.Generator
) -> tuple[Clip, NDArray[np.float16]]:
    """A copy at another speed, whose tempo still has a class."""
    speed = float(np.clip(STRETCH ** random.uniform(-1, 1), FIRST_BPM / clip.bpm, LAST_BPM / clip.bpm))
    frames = (np.arange(int(log_mel.shape[1] / speed)) * speed).astype(int)
    return replace(clip, bpm=clip.bpm * speed), np.ascontiguousarray(log_mel[:, frames])


TEMPO_REGRESSION = Recipe(
    "tempo-regression",
    "mel spectrogram → BPM, one number: the mean of what it holds possible",
    "RMSE about 21 BPM",
    Settings(
        {"name": "tempo-regression", "frame_rate_hz": FRONT_END.sample_rate_hz / FRONT_END.hop_length},
        epochs=20,
        batch_size=48,
        crop_frames=FRONT_END.n_frames,
        stretch=0.0,
        mixup=0.0,
    ),
    TEMPO,
    corpus,
    genres=(),
)
