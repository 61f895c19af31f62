"""Tempo in BPM from a log-mel, as one number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tagger.errors import TaggerError
from tagger.nets.tempo_head import FIRST_BPM, LAST_BPM
from tagger.predict import tempo_and_confidence
from tagger.training.clips import FRONT_END, LEARNED, Clip
from tagger.training.corpus import Corpus, LogMels
from tagger.training.log_mels import cached_log_mels
from tagger.training.recipes.recipe import Recipe
from tagger.training.rhythms import MADE_UP, rhythms
from tagger.training.settings import Settings
from tagger.training.sources import Sources
from tagger.training.targets import make_targets
from tagger.training.tasks import TEMPO
from tagger.training.tempo_examples import SHORTEST_S, TempoAnswers

COPIES, TOLD_COPIES, STRETCH = 6, 1, 1.25
"""Of each training clip with a tempo, and of each whose tempo is told, so many more, up to so much faster or
slower."""

SURE = 0.6
"""How sure another network must be of a tempo that it tells."""

N_MADE_UP = 600
"""Rhythms of drums and tones."""


def corpus(sources: Sources, genres: tuple[str, ...]) -> Corpus:
    """The clips of `SHORTEST_S` or more that have a tempo, and those to train on for which another network
    tells one; the clips to train on at other speeds too, and made-up rhythms with them."""
    known = [clip for clip in sources.clips(())[0] if not clip.length_s < SHORTEST_S]
    annotated = [clip for clip in known if clip.bpm > 0]
    if not annotated:
        raise TaggerError(f"{sources.data}: no clip of {SHORTEST_S:g} s or more has a tempo")
    told = _told(known, sources.tempo_answers())
    clips, log_mels = cached_log_mels(sources.data, [*annotated, *told], sources.cache, sources.jobs)
    random, told_paths = np.random.default_rng(0), {clip.path for clip in told}
    more = [
        _faster(clip, log_mel, random)
        for clip, log_mel in zip(clips, log_mels, strict=True)
        for _ in range(TOLD_COPIES if clip.path in told_paths else COPIES)
        if clip.split in LEARNED
    ]
    made, bpm = rhythms(N_MADE_UP, sources.jobs)
    more += [
        (Clip(f"{i}", MADE_UP, "train", (), bpm=b), m) for i, (m, b) in enumerate(zip(made, bpm, strict=True))
    ]
    clips = [*clips, *(clip for clip, _ in more)]
    targets = make_targets([(sources.data, clips)], (), taught=False)
    return Corpus(clips, LogMels([*log_mels, *(m for _, m in more)]), targets, ())


def _told(clips: Sequence[Clip], answers: TempoAnswers) -> list[Clip]:
    """The clips to train on that have no tempo, with the one that another network is `SURE` of."""
    asked = [c for c in clips if c.split in LEARNED and np.isnan(c.bpm) and c.path in answers]
    heard = [tempo_and_confidence(answers[clip.path], FIRST_BPM) for clip in asked]
    return [replace(clip, bpm=bpm) for clip, (bpm, sure) in zip(asked, heard, strict=True) if sure >= SURE]


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
