"""The training run: epochs, looks at the validation split, checkpoints, the log."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import logging
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from tagger.errors import TaggerError
from tagger.files import atomic_replacement
from tagger.model_card import check_weights, load_card, of_network
from tagger.nets import NetOutput, Network, build
from tagger.training import augment
from tagger.training.corpus import Corpus
from tagger.training.optimise import LARGEST_GRADIENT, Descent, constant, descent, one_cycle, optimise
from tagger.training.settings import Settings
from tagger.training.tasks import GENRE_AND_ENERGY, Task

log = logging.getLogger(__name__)

BEST = ".best"
"""Ends the name of the file beside the checkpoint that keeps the weights which were nearest to the aim."""

LOOK_EVERY = 5
"""Epochs from one look at the validation split to the next."""


def train(
    corpus: Corpus,
    valid: Corpus,
    settings: Settings,
    device: torch.device,
    checkpoint: str,
    resume: bool,
    task: Task = GENRE_AND_ENERGY,
) -> Network:
    """Train a network and give it with averaged weights, on `device`; each epoch ends with a checkpoint.

    Every fifth epoch, and after the last, the task is measured on `valid`; the weights are those that were
    nearest to its aim. After `settings.patience` looks that were no nearer, training ends early. No epoch at
    all leaves the weights where they start. Raises `TaggerError` for fewer than two clips to learn from or
    none to validate with, for a checkpoint of another run, and where the loss is no number any more.
    """
    _check_clips(corpus, valid)
    _seed(settings.seed, 0)
    state = TrainingState(corpus, settings, device, task)
    for epoch in range(_start(state, checkpoint, resume), settings.epochs):
        if _looks_in_vain(checkpoint, task.aim) >= settings.patience:
            log.info("no better for %d looks: ends with the best weights", settings.patience)
            break
        _epoch(state, valid, epoch, checkpoint, task)
    averaged = state.descent.result
    if settings.epochs:
        averaged.load_state_dict(_read(checkpoint + BEST, device))
    return averaged


def _start(state: TrainingState, checkpoint: str, resume: bool) -> int:
    """Give the number of epochs that are done: those of the checkpoint, or 0 for a run that begins anew."""
    done = state.load(checkpoint) if resume and os.path.exists(checkpoint) else 0
    if not done:
        _forget(checkpoint)
    elif any(_is_looked_at(n + 1, state.settings) for n in range(done)) and not os.path.exists(
        checkpoint + BEST
    ):
        raise TaggerError(f"{checkpoint}{BEST}: is gone, and the best weights with it; leave out --resume")
    return done


def _epoch(state: TrainingState, valid: Corpus, epoch: int, checkpoint: str, task: Task) -> None:
    """Learn for one epoch, look at `valid` where it is time to, log the figures, and write the checkpoint."""
    began, loss = time.perf_counter(), state.epoch(epoch)
    if not math.isfinite(loss):
        raise TaggerError(f"the loss of epoch {epoch + 1} is no number; try a lower --learning-rate")
    averaged, row = state.descent.result, {"epoch": epoch + 1, "loss": loss}
    row["seconds"] = time.perf_counter() - began
    if is_looked_at := _is_looked_at(epoch + 1, state.settings):
        row |= task.measure(averaged, valid, state.device)
    log.info("epoch %d %s", epoch + 1, {name: round(value, 3) for name, value in row.items()})
    log_row(log_path(checkpoint), row)
    if is_looked_at and _looks_in_vain(checkpoint, task.aim) == 0:
        _write(averaged.state_dict(), checkpoint + BEST)
    state.save(checkpoint, epoch + 1)


class TrainingState:
    """Network, averaged copy, optimiser and schedule of one run: all that a checkpoint holds."""

    def __init__(self, corpus: Corpus, settings: Settings, device: torch.device, task: Task) -> None:
        self.corpus, self.settings, self.device = corpus, settings, device
        self.targets = corpus.targets.to(device)
        network = build(settings.network, corpus.log_mels.n_mels, len(corpus.genres))
        task.prepare(network)
        if settings.start_from:
            _start_from(network, settings.start_from, corpus.genres)
        self.network: Network = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.losses = task.losses(self.network, settings).to(device)
        parameters = [p for p in (*self.network.parameters(), *self.losses.parameters()) if p.requires_grad]
        steps = max(1, settings.epochs) * math.ceil(len(corpus.clips) / settings.batch_size)
        optimiser, schedule = _optimiser(parameters, settings, steps)
        self.descent: Descent[Network] = descent(
            self.network, optimiser, schedule, settings.average_decay, LARGEST_GRADIENT
        )
        self.identity = _identity(corpus, settings)
        self.random = np.random.RandomState(settings.seed % 2**32)

    def epoch(self, epoch: int) -> float:
        """Learn from all clips once; gives the mean loss.

        The random numbers of an epoch are its own, so that a resumed run ends like a whole one.
        """
        self.random = np.random.RandomState(_seed(self.settings.seed, epoch + 1))
        self.network.train()
        return optimise(self.descent, list(self._batches()), self._loss)

    def _batches(self) -> Iterator[Tensor]:
        """Draw the rows of each batch; a single clip that is left over waits for the next epoch."""
        order = torch.randperm(len(self.corpus.clips))
        yield from (b for b in order.split(self.settings.batch_size) if len(b) > 1)

    def _loss(self, index: Tensor) -> Tensor:
        """Crop, augment and mix the clips of a batch; gives the loss of the network on them."""
        log_mels = self.corpus.log_mels.rows(index.tolist())
        crops = augment.random_crops(log_mels, self.settings.crop_frames, self.settings.stretch)
        crops = crops.to(self.device).float()
        if self.settings.augment:
            crops = augment.augment(crops)
        targets, other = self.targets.rows(index), torch.randperm(len(index), device=self.device)
        alpha = self.settings.mixup
        share = float(self.random.beta(alpha, alpha)) if alpha else 1.0
        mixed = share * crops + (1 - share) * crops[other]
        with torch.autocast(self.device.type, torch.bfloat16):
            output = NetOutput(*(part.float() for part in self.network(mixed)))
        loss: Tensor = share * self.losses(output, targets) + (1 - share) * self.losses(
            output, targets.rows(other)
        )
        return loss

    def save(self, path: str, epoch: int) -> None:
        """Write a checkpoint from which `load` goes on after that many epochs."""
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        _write({"run": self.identity, "epoch": epoch, **parts}, path)

    def load(self, path: str) -> int:
        """Read a checkpoint; gives the epochs that are done. Raises `TaggerError` for another run's."""
        stored = _read(path, self.device)
        if stored.get("run") != self.identity:
            raise TaggerError(f"{path}: is of a run on other data or with other options; leave out --resume")
        try:
            for name, part in self._parts().items():
                part.load_state_dict(stored[name])
        except (KeyError, TypeError, RuntimeError, ValueError):
            raise TaggerError(f"{path}: is of another version of tagger; leave out --resume") from None
        return int(stored["epoch"])

    def _parts(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "averaged": self.descent.averaged,
            "losses": self.losses,
            "optimiser": self.descent.optimiser,
            "schedule": self.descent.schedule,
        }


def _check_clips(corpus: Corpus, valid: Corpus) -> None:
    """Raise `TaggerError` where there is nothing to learn from or to choose the weights by."""
    if len(corpus.clips) < 2:
        raise TaggerError(f"too few clips to learn from ({len(corpus.clips)}); two are the least")
    if not len(valid.clips):
        raise TaggerError("no clip to validate with; give the split 'valid' some")


def _is_looked_at(epoch: int, settings: Settings) -> bool:
    """Tell whether the validation split is looked at after this epoch, counted from 1."""
    return epoch % LOOK_EVERY == 0 or epoch == settings.epochs


def _looks_in_vain(checkpoint: str, aim: str) -> int:
    """Count the last looks in the log that were no nearer to the aim than the best before them."""
    seen = read_log(log_path(checkpoint)).get(aim.removeprefix("-"), np.zeros(0))
    seen = seen[~np.isnan(seen)] * (-1 if aim.startswith("-") else 1)
    return len(seen) - 1 - int(seen.argmax()) if len(seen) else 0


def _seed(seed: int, part: int) -> int:
    """Begin one part of a run anew with random numbers of its own; gives the seed of these."""
    number = (seed + 1_000_003 * part) % 2**32
    torch.manual_seed(number)
    return number


def _optimiser(
    parameters: Sequence[torch.nn.Parameter], settings: Settings, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    if settings.optimiser == "sgd":
        sgd = torch.optim.SGD(parameters, settings.learning_rate)
        return sgd, constant(sgd)
    adamw = torch.optim.AdamW(parameters, settings.learning_rate, weight_decay=settings.weight_decay)
    return adamw, one_cycle(adamw, steps)


def _identity(corpus: Corpus, settings: Settings) -> str:
    """Hash that which makes a run: its settings, its genres and its clips."""
    clips = sorted(f"{clip.dataset} {clip.path}" for clip in corpus.clips)
    described = json.dumps([asdict(settings), corpus.genres, clips])
    return hashlib.sha256(described.encode("utf-8", "surrogateescape")).hexdigest()


# Where a run starts: from the weights of other models.


def weights_of(model: str) -> dict[str, Tensor]:
    """Load the weights of an installed model, or of one in a folder, but for the heads fitted after it.

    Of a model of two trunks, those of the first.
    """
    card = load_card(model)
    weights = of_network(card, load_file(check_weights(card)))
    return {name: tensor for name, tensor in weights.items() if name.split(".")[0] != "tempo_head"}


def _start_from(network: Network, models: Sequence[str], genres: Sequence[str]) -> None:
    """Start from the mean of the models' weights (Wortsman et al. 2022, "Model soups")."""
    mean = {name: torch.zeros_like(w, dtype=torch.float64) for name, w in network.state_dict().items()}
    for model in models:
        its_genres = load_card(model).genres
        if its_genres and its_genres != tuple(genres):
            other = ", ".join(sorted({*its_genres} ^ {*genres})) or "another order"
            raise TaggerError(f"{model}: predicts other genres than the data has: {other}")
        try:
            network.load_state_dict(weights_of(model))
        except RuntimeError:
            raise TaggerError(f"{model}: is of another size or shape; give the --size that it has") from None
        for name, weights in network.state_dict().items():
            mean[name] += weights / len(models)
    network.load_state_dict(mean)


# Checkpoints.


def _write(values: dict[str, Any], path: str) -> None:
    """Write all of it in place of the file that is there, or nothing."""
    try:
        with atomic_replacement(path) as file:
            torch.save(values, file)
    except (OSError, RuntimeError) as error:  # of a full disk PyTorch says only that a length is wrong
        reason = str(error).splitlines()[0]
        raise TaggerError(f"{path}: cannot be written ({reason}); is the disk full?") from None


def _read(path: str, device: torch.device) -> dict[str, Any]:
    try:
        return dict(torch.load(path, map_location=device, weights_only=True))
    except Exception:  # PyTorch reports damage by half a dozen kinds of error
        raise TaggerError(f"{path}: cannot be read; leave out --resume") from None


def _forget(checkpoint: str) -> None:
    """Remove the log and the best weights of an earlier run, which must not end this one early."""
    for path in (log_path(checkpoint), checkpoint + BEST):
        with suppress(FileNotFoundError):
            os.remove(path)


# The log: a CSV file with a row for each epoch, to draw curves from.


def log_path(checkpoint: str) -> str:
    """Give the path of the log of the run with that checkpoint: beside it.

    >>> log_path("runs/crnn.checkpoint")
    'runs/crnn.csv'
    """
    return os.path.splitext(checkpoint)[0] + ".csv"


def log_row(path: str, row: Mapping[str, float]) -> None:
    """Add the row of one epoch; `row` holds `epoch` and the measured figures.

    Rows of the same and of later epochs are dropped first, so a run that goes on from a checkpoint, or
    begins anew, leaves no row twice. Columns may come later; they are empty above. The file is whole
    at every moment.
    """
    rows = [old for old in _log_rows(path) if float(old["epoch"]) < row["epoch"]]
    rows.append({name: f"{value:.6g}" for name, value in row.items()})
    columns = list(dict.fromkeys(name for each in rows for name in each))
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with atomic_replacement(path) as file:
        file.write(text.getvalue().encode())


def read_log(path: str) -> dict[str, NDArray[np.float64]]:
    """Read the columns of the log, each (n_epochs,), NaN where a row has none; no columns without a log."""
    rows = _log_rows(path)
    names = rows[0] if rows else {}
    return {name: np.array([float(row[name] or math.nan) for row in rows]) for name in names}


def logged_seconds(path: str) -> float:
    """Add up the seconds of all epochs of the log; NaN without a log that has them."""
    seconds = read_log(path).get("seconds")
    return math.nan if seconds is None else float(np.nansum(seconds))


def _log_rows(path: str) -> list[dict[str, str]]:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        return []
