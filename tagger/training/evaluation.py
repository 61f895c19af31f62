"""The answers to labelled clips: of a model by the path of a scan, and of a network in training."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagger.audio.excerpt import split_starts
from tagger.errors import TaggerError
from tagger.features import fit_frames
from tagger.files import AudioFile
from tagger.model_card import ModelCard, load_card
from tagger.nets import CRNN, NetOutput, Network
from tagger.nets.classic import MelCnn
from tagger.nets.on_device import WINDOWS_AT_ONCE
from tagger.pipeline.analyse import analyse_all
from tagger.pipeline.scan import batched
from tagger.predict import Predictor, concatenated, tempo_and_confidence
from tagger.runtime.rhythm import FIRST_BPM
from tagger.training.album_figures import album_figures
from tagger.training.breakdown import N_RESAMPLES, Estimate
from tagger.training.by_artist import genre_figures_by_artist
from tagger.training.clips import FRONT_END, Clip
from tagger.training.corpus import Corpus
from tagger.training.datasets import in_genres, read
from tagger.training.metrics import accuracy_figures, figures
from tagger.types import Failure, FloatArray, Prediction, Recording, TrackFeatures

WINDOWS_OF_A_TRACK = 3
"""The windows in which a scan analyses a track of 30 s or more."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """A model's predictions of labelled clips, one for each.

    `predict_ms` is the time that the prediction alone of a track of three windows costs one core.
    """

    card: ModelCard
    clips: tuple[Clip, ...]
    predictions: tuple[Prediction, ...]
    predict_ms: float

    @property
    def probabilities(self) -> FloatArray:
        """(n, n_genres), in the order of the model's genres."""
        genres = self.card.genres
        shares = ([p.genres.get(genre, 1 / len(genres)) for genre in genres] for p in self.predictions)
        return np.array(list(shares))

    @property
    def energy(self) -> FloatArray:
        """(n,), quantiles 0–1; NaN if the model predicts no energy."""
        return np.array([math.nan if answer.energy is None else answer.energy for answer in self.predictions])

    @property
    def bpm(self) -> FloatArray | None:
        """(n,) estimated tempi, NaN where there is none; None if the model predicts no tempo at all."""
        if self.card.tempo is None:
            return None
        return np.array([math.nan if answer.bpm is None else answer.bpm for answer in self.predictions])

    def figures(self) -> dict[str, float]:
        """Measure the model as `metrics.figures` defines, in the aspects that it predicts."""
        probabilities = self.probabilities if self.card.genres else None
        energy = self.energy if self.card.energy_quantiles else None
        return figures(self.clips, probabilities, energy, self.bpm, self.card.genres)

    def figures_by_artist(self, n_resamples: int = N_RESAMPLES) -> dict[str, Estimate]:
        """Measure genres as `by_artist.genre_figures_by_artist` does; empty for a model without genres."""
        genres = self.card.genres
        return genre_figures_by_artist(self.clips, self.probabilities, genres, n_resamples) if genres else {}

    def album_figures(self) -> dict[str, float]:
        """Measure pooled answers: `album_hit` beside `album_hit_alone`, `album_calibration_error`.

        The first two are of the artists with several labelled clips, the last of all labelled clips. Empty
        where no artist has several.
        """
        card, genres = self.card, self.card.genres
        found = album_figures(self.clips, self.probabilities, card.base_rates, genres) if genres else None
        return found.summary() if found else {}


def evaluate(
    data: str, split: str, model: str, jobs: int, device: str = "auto", layout: str | None = None
) -> Evaluation:
    """Analyse the clips of one split with a model: decode, log-mel, predict, average, as in a scan.

    Clips that cannot be analysed are logged and left out. Raises `TaggerError` for a split without any
    that can, or a model none of whose genres is among the labels of these.
    """
    card = load_card(model)
    clips = [clip for clip in in_genres(read(data, layout), card.genres) if clip.split == split]
    if not clips:
        raise TaggerError(f"{data}: no clips in split {split!r}")
    _check_labels(clips, card, data, split)
    analysed, predictions = [], []
    paths = [os.path.join(data, clip.path) for clip in clips]
    for clip, outcome in zip(clips, predict_files(paths, card, jobs, device), strict=True):
        if isinstance(outcome, Failure):
            log.warning("%s: %s (left out)", outcome.path, outcome.reason)
        else:
            analysed.append(clip)
            predictions.append(outcome)
    if not analysed:
        raise TaggerError(f"{data}: no clip of split {split!r} can be analysed; see the log")
    _check_labels(analysed, card, data, split)
    return Evaluation(card, tuple(analysed), tuple(predictions), predict_ms(card))


def _check_labels(clips: Sequence[Clip], card: ModelCard, data: str, split: str) -> None:
    if card.genres and not any(clip.genres for clip in clips):
        raise TaggerError(f"{data}: no clip in split {split!r} is labelled with a genre of {card.id}")


def predict_files(
    paths: Sequence[str], card: ModelCard, jobs: int, device: str = "auto"
) -> list[Prediction | Failure]:
    """Analyse each file as a scan does, in order."""
    load = None if card.is_light(device) else partial(Predictor, card, device)
    outcomes: dict[str, Prediction | Failure] = {}
    places = [os.path.abspath(path) for path in paths]  # a worker may have begun in another folder
    files = (AudioFile(path, -1, -1) for path in places)
    with _one_thread():
        for outcome in analyse_all(files, card, load, jobs):
            if isinstance(outcome, Failure):
                outcomes[outcome.path] = outcome
            else:
                outcomes[outcome.file.path] = outcome.prediction
    return [outcomes[path] for path in places]


def predict_ms(card: ModelCard, repeats: int = 20) -> float:
    """Measure the milliseconds of processor time that a track's prediction alone takes, on one thread.

    The median of `repeats`. Other programs count only as far as they slow memory and caches.
    """
    predictor = Predictor(card, "cpu")
    track, costs = _any_track(card), []
    with _one_thread():
        for _ in range(repeats + 1):
            began = time.process_time()
            predictor.predict([track])
            costs.append(1000 * (time.process_time() - began))
    return float(np.median(costs[1:]))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute on one thread: in small pieces, threads that wait take the cores of the workers that decode."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _any_track(card: ModelCard) -> TrackFeatures:
    n, random = WINDOWS_OF_A_TRACK, np.random.default_rng(0)
    log_mels, *second = (
        random.normal(-30, 10, (n, trunk.front_end.n_mels, trunk.front_end.n_frames)).astype(np.float16)
        for trunk in (card, card.second)
        if trunk
    )
    recording = Recording("", 60.0, "mp3", 44_100, 2)
    silent = (False,) * n
    track = TrackFeatures(AudioFile("", -1, -1), recording, (0.0,) * n, silent, log_mels)
    return replace(track, second_log_mels=second[0]) if second else track


# A network in training: no files are read, the log-mels are those of the corpus.


def answers(
    network: Network, corpus: Corpus, device: torch.device, temperature: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give genre probabilities (n, n_genres) and raw energy (n,) of whole clips, averaged as in a scan."""
    return pooled(*window_answers(network, corpus, device), temperature)


def window_answers(network: Network, corpus: Corpus, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Give genre logits (n_windows, n_genres), raw energy (n_windows,) and the row of each window's clip."""
    output, owner = _outputs(network, corpus, device)
    return output.genre_logits, output.energy, owner


def estimated_bpm(network: Network, corpus: Corpus, device: torch.device) -> NDArray[np.float64]:
    """Estimate the tempo of each clip, (n,), its windows averaged as in a scan."""
    output, owner = _outputs(network, corpus, device)
    shares = _mean_by_clip(output.tempo_logits.softmax(dim=1), owner).double().numpy()
    return np.array([tempo_and_confidence(share, FIRST_BPM)[0] for share in shares])


def mean_embeddings(network: CRNN, corpus: Corpus, device: torch.device) -> Tensor:
    """Average the embeddings of the windows of each clip: (n, embedding_dim) on the CPU."""
    output, owner = _outputs(network, corpus, device)
    return _mean_by_clip(output.embedding, owner)


def window_accuracy(network: MelCnn, corpus: Corpus) -> float:
    """Measure the share of short windows whose own first genre satisfies a label of their clip, 0–1."""
    network.eval()
    parts, clips = [], []
    with torch.inference_mode():
        for batch, owner in _batches(corpus, network.n_windows, 16):
            parts.append(network.window_logits(batch.float()))
            clips += [corpus.clips[i] for i in owner for _ in range(parts[-1].shape[1])]
    probabilities = torch.cat(parts).flatten(0, 1).softmax(dim=1).double().numpy()
    return accuracy_figures(clips, probabilities, corpus.genres)["accuracy"]


def pooled(
    logits: Tensor, energy: Tensor, owner: Tensor, temperature: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Average the results of `window_answers` over the windows of each clip, as a scan does."""
    columns = torch.cat([(logits / temperature).softmax(1), energy.unsqueeze(1)], 1)
    means = _mean_by_clip(columns, owner).double().numpy()
    return means[:, :-1], means[:, -1]


def _outputs(network: Network, corpus: Corpus, device: torch.device) -> tuple[NetOutput, Tensor]:
    """Give the outputs for all windows, on the CPU, and the row of each window's clip."""
    network.eval()
    parts, owners = [], []
    with torch.inference_mode():
        for batch, owner in _batches(corpus, network.n_windows, WINDOWS_AT_ONCE[device.type]):
            parts.append(NetOutput(*(part.cpu() for part in network(batch.to(device).float()))))
            owners += owner
    return NetOutput(*map(torch.cat, zip(*parts, strict=True))), torch.tensor(owners)


def _mean_by_clip(rows: Tensor, owner: Tensor) -> Tensor:
    """Average the rows that each clip owns."""
    n_windows = owner.bincount()
    sums = torch.zeros(len(n_windows), rows.shape[1]).index_add_(0, owner, rows)
    return sums / n_windows.unsqueeze(1)


def _batches(corpus: Corpus, together: int, size: int) -> Iterator[tuple[Tensor, list[int]]]:
    """Give the inputs of all clips, `size` at a time, (n, n_mels, n_frames), and the rows of their clips."""
    for part in batched(_inputs(corpus, together), size):
        yield torch.from_numpy(np.stack([log_mel for log_mel, _ in part])), [row for _, row in part]


def _inputs(corpus: Corpus, together: int) -> Iterator[tuple[FloatArray, int]]:
    """Give the windows that a scan would make of the clips, and the row of each one's clip.

    A network that takes several `together` gets these one after the other, as one input.
    """
    n_frames = FRONT_END.n_frames
    for row, whole in enumerate(corpus.log_mels):
        starts = split_starts(whole.shape[1], n_frames)
        windows = [fit_frames(whole[:, start : start + n_frames], n_frames) for start in starts]
        for log_mel in windows if together == 1 else [concatenated(windows, together)]:
            yield log_mel, row
