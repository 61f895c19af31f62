"""From a folder of labelled clips to a model folder with its measured figures."""

from __future__ import annotations

import os
from collections.abc import Callable

import torch

from tagger.training.clips import Clip
from tagger.training.datasets import in_genres, read
from tagger.training.evaluate import evaluate
from tagger.training.export import save
from tagger.training.log_mels import cached_log_mels
from tagger.training.loop import Corpus, Settings, stack, train
from tagger.training.targets import make_targets


def train_model(
    data: str,
    folder: str,
    settings: Settings,
    cache: str,
    jobs: int,
    device: str,
    resume: bool,
    layout: str | None = None,
) -> dict[str, float]:
    """Trains on the clips in `data`, writes the model into `folder`; its figures on the test split.

    `layout` is a key of `datasets.LAYOUTS`, guessed where it is None. The folder `cache` keeps the
    log-mels of the clips between runs. The checkpoint lies beside it; with `resume`, a run that was
    cut off goes on from its last whole epoch.
    """
    everything = load_corpus(data, cache, jobs, layout)
    corpus = _split(everything, lambda clip: clip.split in ("train", "unlabelled"))
    valid = _split(everything, lambda clip: clip.split == "valid")
    checkpoint = os.path.join(
        os.path.dirname(os.path.abspath(cache)), os.path.basename(os.path.abspath(folder)) + ".checkpoint"
    )
    network = train(corpus, valid, settings, torch.device(device), checkpoint, resume)
    save(folder, network, settings, valid, len(corpus.clips), {})
    figures = evaluate(data, "test", folder, jobs, device, layout)
    save(folder, network, settings, valid, len(corpus.clips), figures)
    return figures


def load_corpus(data: str, cache: str, jobs: int, layout: str | None = None) -> Corpus:
    """The clips of `data` that can be heard, labelled with our genres, with log-mels and targets."""
    clips, log_mels = cached_log_mels(data, in_genres(read(data, layout)), cache, jobs)
    return stack(clips, log_mels, make_targets(data, clips))


def _split(corpus: Corpus, belongs: Callable[[Clip], bool]) -> Corpus:
    return corpus.rows([i for i, clip in enumerate(corpus.clips) if belongs(clip)])
