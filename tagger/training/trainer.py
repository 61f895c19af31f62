"""From a folder of labelled clips to a model folder with its measured figures and its card."""

from __future__ import annotations

import logging
import math
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import torch

from tagger.errors import BusyError, TaggerError
from tagger.model_card import load_card
from tagger.model_card.install import ID_RULE, can_be_id
from tagger.nets import CRNN, Network, device_named
from tagger.store import scan_lock
from tagger.training.card_page import can_have_card, write_card
from tagger.training.clips import FRONT_END, LEARNED
from tagger.training.corpus import Corpus, Sources
from tagger.training.evaluation import answers, evaluate
from tagger.training.export import record_figures, refit_energy, save
from tagger.training.loop import log_path, logged_seconds, read_log, train
from tagger.training.recipes import Recipe
from tagger.training.results import Result, result_of_scan, result_of_table, write_report, write_short_card
from tagger.training.settings import Settings
from tagger.training.synthetic import MADE_UP
from tagger.training.tempo_examples import (
    SHORTEST_S,
    TempoDistributions,
    annotated_rows,
    pseudo_label_rows,
)
from tagger.training.tempo_training import TempoSettings, train_tempo

FRAME_RATE_HZ = FRONT_END.sample_rate_hz / FRONT_END.hop_length

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a recipe: on which music, into which folder, on which device, and whether it goes on.

    The checkpoint lies beside the cache of `sources`, with the log of the run and a `report` folder; a run
    that was cut off goes on from it with `resume`.
    """

    sources: Sources
    folder: str
    device: str = "cpu"
    resume: bool = False

    @property
    def checkpoint(self) -> str:
        """The path of the checkpoint, by the names of the cache and of the model folder."""
        beside = os.path.dirname(os.path.abspath(self.sources.cache))
        return os.path.join(beside, os.path.basename(os.path.abspath(self.folder)) + ".checkpoint")


def train_recipe(recipe: Recipe, run: Run, settings: Settings, tempo: TempoSettings | None = None) -> Result:
    """Train on the clips, write the model into the run's folder, and measure it on the test split.

    A recipe that takes sound is measured by the path of a scan. `settings` are those of the recipe, or
    changed by the caller; `tempo` those of the tempo head, where the network has one. Raises `TaggerError`
    where something is missing, before any work if it can be known.
    """
    device, began = device_named(run.device), time.monotonic()
    _make_folder(run.folder)
    distributions = run.sources.tempo_distributions()
    everything = recipe.corpus(run.sources, recipe.genres)
    corpus, valid, test = _splits(everything, run.sources.data)
    with _alone(run.checkpoint):
        network = train(corpus, valid, settings, device, run.checkpoint, run.resume, recipe.task).cpu()
    if isinstance(network, CRNN):
        settings = _finish(
            network, corpus, settings, tempo or TempoSettings(), run.sources.jobs, distributions
        )
    facts = facts_of(corpus, settings, run.device, log_path(run.checkpoint), time.monotonic() - began)
    data = "echonest.csv" if recipe.input == "table" else run.sources.name
    if distributions and isinstance(network, CRNN):
        labelled = pseudo_label_rows(corpus.clips, corpus.log_mels.lengths, distributions)
        facts["tempos_told"] = len(labelled)
    facts |= {"recipe": recipe.name, "data": data, "test_clips": len(test.clips)}
    if recipe.input == "table":
        log.info("%s: no model is written, for no scan can extract its features", recipe.name)
        return result_of_table(network, test, facts)
    save(run.folder, network, settings, corpus, valid, facts)
    return _measured(network, valid, test, run, facts)


def _measured(network: Network, valid: Corpus, test: Corpus, run: Run, facts: dict[str, Any]) -> Result:
    """Measure a saved model on the test split; write its figures, its card and the report of the run."""
    jobs, layout = run.sources.jobs, run.sources.layout
    folder = os.path.abspath(run.folder)  # a plain name would be an id
    evaluation = evaluate(run.sources.data, "test", folder, jobs, run.device, layout)
    record_figures(run.folder, evaluation.figures())
    result = result_of_scan(network, test, evaluation, facts)
    if isinstance(network, CRNN) and can_have_card(card := load_card(folder)):
        report(network, valid, evaluation.card.temperature, run.checkpoint)
        write_card(run.sources.data, replace(evaluation, card=card), jobs, run.device, layout=layout)
    else:
        write_short_card(run.folder, result)
    return result


def _make_folder(path: str) -> None:
    """Make the model folder now, not after hours of training. Its name becomes the model's id."""
    if not can_be_id(os.path.basename(os.path.abspath(path))):
        raise TaggerError(f"{path}: cannot be the name of a model; end --out with {ID_RULE}")
    try:
        os.makedirs(path, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"1")
    except OSError as error:
        raise TaggerError(f"{path}: cannot be written ({error.strerror}); choose another --out") from None


@contextmanager
def _alone(checkpoint: str) -> Iterator[None]:
    """Keep other runs from writing the same checkpoint in the meantime."""
    try:
        with scan_lock(checkpoint):
            yield
    except BusyError:
        raise BusyError(f"{checkpoint}: another run is writing it; give another name as --out") from None


def _splits(corpus: Corpus, data: str) -> tuple[Corpus, Corpus, Corpus]:
    """Split the corpus to train on, to decide by and to measure with.

    Raises `TaggerError` where one of the three has too few clips, or none with a label.
    """
    names = {"train": LEARNED, "valid": ("valid",), "test": ("test",)}
    at = {
        name: [i for i, clip in enumerate(corpus.clips) if clip.split in splits]
        for name, splits in names.items()
    }
    for name, least in (("train", 2), ("valid", 1), ("test", 1)):
        if len(at[name]) < least:
            n = len(at[name])
            raise TaggerError(
                f"{data}: {n} of {len(corpus.clips)} clips in the split {name!r}; add more music"
            )
        if corpus.genres and not corpus.targets.labels[at[name]].any():
            raise TaggerError(
                f"{data}: no clip in the split {name!r} is labelled with one of {', '.join(corpus.genres)}"
            )
    return corpus.rows(at["train"]), corpus.rows(at["valid"]), corpus.rows(at["test"])


def _finish(
    network: CRNN,
    corpus: Corpus,
    settings: Settings,
    tempo: TempoSettings,
    jobs: int,
    distributions: TempoDistributions,
) -> Settings:
    """Fit the energy head once more, and train a tempo head; gives the settings with the latter."""
    refit_energy(network, corpus, torch.device("cpu"))
    clips, lengths = corpus.clips, corpus.log_mels.lengths
    if not annotated_rows(clips, lengths) and not pseudo_label_rows(clips, lengths, distributions):
        log.info("no clip of %g s or more has a tempo: the model will not predict any", SHORTEST_S)
        return settings
    network.tempo_head = train_tempo(corpus, tempo, FRAME_RATE_HZ, jobs, distributions)
    return replace(settings, network={**settings.network, "frame_rate_hz": FRAME_RATE_HZ})


def facts_of(corpus: Corpus, settings: Settings, device: str, log: str, elapsed_s: float) -> dict[str, Any]:
    """Collect the facts of a run that `model.json` keeps.

    `clips` are real ones, each counted once. The seconds are those of the log, where that has earlier parts
    of a resumed run, or else `elapsed_s`.
    """
    logged_s, epochs = logged_seconds(log), read_log(log).get("epoch")
    return {
        "clips": len({(clip.dataset, clip.path) for clip in corpus.clips if clip.dataset != MADE_UP}),
        "unlabelled_clips": sum(clip.split == "unlabelled" for clip in corpus.clips),
        "epochs": settings.epochs if epochs is None else int(epochs[-1]),
        "seconds": round(elapsed_s if math.isnan(logged_s) else max(elapsed_s, logged_s)),
        "device": device,
        "network": settings.network,
        "settings": {name: value for name, value in asdict(settings).items() if name != "network"},
        "finished": datetime.now(UTC).date().isoformat(),
    }


def report(network: Network, valid: Corpus, temperature: float, checkpoint: str) -> str:
    """Write the run's report on the validation split into `report` beside the checkpoint; gives its page."""
    device = next(network.parameters()).device
    probabilities, energy = answers(network, valid, device, temperature)
    folder = os.path.join(os.path.dirname(os.path.abspath(checkpoint)), "report")
    return write_report(folder, log_path(checkpoint), valid.clips, probabilities, energy, [*valid.log_mels])
