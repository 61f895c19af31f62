"""From a folder of labelled clips to a model folder with its measured figures and its card."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import torch

from tagger.model_card import load_card
from tagger.nets import CRNN
from tagger.training.answers import answers
from tagger.training.card import write_card
from tagger.training.clips import FRONT_END, Clip
from tagger.training.corpus import Corpus, stack
from tagger.training.datasets import in_genres, read, read_unlabelled
from tagger.training.energy_head import refit_energy
from tagger.training.evaluate import answers_of
from tagger.training.export import record_figures, save
from tagger.training.log import log_path, logged_seconds
from tagger.training.log_mels import cached_log_mels
from tagger.training.loop import Settings, train
from tagger.training.report import write_report
from tagger.training.targets import make_targets
from tagger.training.tempo import TempoSettings, train_tempo

FRAME_RATE_HZ = FRONT_END.sample_rate_hz / FRONT_END.hop_length

log = logging.getLogger(__name__)


def train_model(
    data: str,
    folder: str,
    settings: Settings,
    cache: str,
    jobs: int,
    device: str,
    resume: bool,
    layout: str | None = None,
    unlabelled: Sequence[str] = (),
    tempo: TempoSettings | None = None,
) -> dict[str, float]:
    """Trains on the clips in `data`, writes the model into `folder`; its figures on the test split.

    `layout` is a key of `datasets.LAYOUTS`, guessed where it is None. From the folders `unlabelled` it
    learns what `tagger.training.teacher` has said of their music. The folder `cache` keeps the
    log-mels of the clips between runs. The checkpoint lies beside it, with the log of the run and a
    `report` folder; with `resume`, a run that was cut off goes on from its last whole epoch.
    """
    everything = load_corpus(data, cache, jobs, layout, unlabelled)
    corpus = _split(everything, lambda clip: clip.split in ("train", "unlabelled"))
    valid = _split(everything, lambda clip: clip.split == "valid")
    checkpoint = os.path.join(
        os.path.dirname(os.path.abspath(cache)), os.path.basename(os.path.abspath(folder)) + ".checkpoint"
    )
    began = time.monotonic()
    network = train(corpus, valid, settings, torch.device(device), checkpoint, resume)
    refit_energy(network, corpus, torch.device(device))
    if any(not math.isnan(clip.bpm) for clip in corpus.clips):
        head = train_tempo(corpus, tempo or TempoSettings(), FRAME_RATE_HZ, jobs)
        network.tempo_head = head.to(device)
        settings = replace(settings, network={**settings.network, "frame_rate_hz": FRAME_RATE_HZ})
    else:
        log.info("no clip has a tempo: the model will not hear any")
    facts = facts_of(corpus, settings, device, log_path(checkpoint), time.monotonic() - began)
    save(folder, network, settings, corpus, valid, facts)
    report(network, valid, load_card(folder).temperature, checkpoint)
    measured = answers_of(data, "test", folder, jobs, device, layout)
    record_figures(folder, measured.figures())
    write_card(data, replace(measured, card=load_card(folder)), jobs, device)
    return measured.figures()


def facts_of(corpus: Corpus, settings: Settings, device: str, log: str, elapsed_s: float) -> dict[str, Any]:
    """What `model.json` keeps of a run. Its seconds are those of the log, where that knows of earlier parts
    of a resumed run, or else `elapsed_s`."""
    logged_s = logged_seconds(log)
    return {
        "clips": len(corpus.clips),
        "unlabelled_clips": sum(clip.split == "unlabelled" for clip in corpus.clips),
        "epochs": settings.epochs,
        "seconds": round(elapsed_s if math.isnan(logged_s) else max(elapsed_s, logged_s)),
        "device": device,
        "settings": {name: value for name, value in asdict(settings).items() if name != "network"},
        "finished": datetime.now(UTC).date().isoformat(),
    }


def report(network: CRNN, valid: Corpus, temperature: float, checkpoint: str) -> str:
    """The run's report on the validation split, in `report` beside the checkpoint; the path of its page."""
    device = next(network.parameters()).device
    probabilities, energy = answers(network, valid, device, temperature)
    log_mels = [m[:, :n].cpu().numpy() for m, n in zip(valid.log_mels, valid.lengths.tolist(), strict=True)]
    folder = os.path.join(os.path.dirname(os.path.abspath(checkpoint)), "report")
    return write_report(folder, log_path(checkpoint), valid.clips, probabilities, energy, log_mels)


def load_corpus(
    data: str, cache: str, jobs: int, layout: str | None = None, unlabelled: Sequence[str] = ()
) -> Corpus:
    """The clips that can be heard, those of `data` labelled with our genres, with log-mels and targets."""
    found = [(data, in_genres(read(data, layout)))]
    found += [(folder, read_unlabelled(folder)) for folder in unlabelled]
    heard = [(folder, *cached_log_mels(folder, clips, cache, jobs)) for folder, clips in found]
    targets = make_targets([(folder, clips) for folder, clips, _ in heard])
    clips = [clip for _, part, _ in heard for clip in part]
    return stack(clips, [log_mel for _, _, part in heard for log_mel in part], targets)


def _split(corpus: Corpus, belongs: Callable[[Clip], bool]) -> Corpus:
    return corpus.rows([i for i, clip in enumerate(corpus.clips) if belongs(clip)])
