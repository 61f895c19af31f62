"""From log-mels to answers: the one place that runs a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from tagger.errors import ModelError
from tagger.model_card import FILTER_BANK, ModelCard, check_weights
from tagger.nets import CRNN, NetOutput, Network, build, for_inference, keep_freed_memory, multiplies_bfloat16
from tagger.types import FloatArray, Prediction, TrackFeatures, WindowAnswer

WINDOWS_AT_ONCE = {"cpu": 6, "cuda": 512, "mps": 128}
"""Windows that `CRNN.encode` gets at once: on a CPU few enough that the maps of a layer stay in the cache."""


class Predictor:
    """A loaded network on its device. Not to be shared between threads."""

    def __init__(self, card: ModelCard, device: str = "auto", threads: int | None = None) -> None:
        """Loads and checks the weights that `card` names.

        `device` is auto, cpu, cuda or mps; `threads` limits the CPU threads of the whole process.
        Raises `ModelError` for weights that do not fit and devices that are not there.
        """
        self.card = card
        self.device = device_named(device)
        if self.device.type == "cpu":
            keep_freed_memory()
        if threads is not None:
            torch.set_num_threads(threads)
        self._network = _prepared(load_network(card), self.device)

    def predict(self, tracks: Sequence[TrackFeatures]) -> list[Prediction]:
        """One answer per track, in order.

        The answer is the mean over the windows that hold sound. A track without any gets an equal
        probability for every genre, energy 0 and no tempo, for silence tells nothing.
        """
        if not tracks:
            return []
        tracks = [_as_one(track, self._network.n_windows) for track in tracks]
        logits, energy, embedding, tempo = self._forward(np.concatenate([track.log_mels for track in tracks]))
        probabilities = _softmax(logits / self.card.temperature)
        ends = np.cumsum([len(track.log_mels) for track in tracks])
        rows = [slice(end - len(track.log_mels), end) for track, end in zip(tracks, ends, strict=True)]
        return [
            self._answer(track, probabilities[r], energy[r], embedding[r], tempo[r])
            for track, r in zip(tracks, rows, strict=True)
        ]

    @property
    def embedding_dim(self) -> int:
        """Numbers in an embedding."""
        return self._network.embedding_dim

    def from_embeddings(self, embeddings: NDArray[np.float16]) -> list[tuple[str | None, float | None]]:
        """What the heads alone say of tracks by their stored embeddings, (n, embedding_dim): (genre, energy).

        Either is None where the model hears none.
        The energy is that of `predict`, for its head is linear. The genre is close to it: here the logits
        of the windows are averaged, there their probabilities. Of clips with two windows, one in 200
        gets another genre. So compare heads with heads.
        """
        assert isinstance(self._network, CRNN)  # no other network gives embeddings to store
        with torch.inference_mode():
            features = torch.from_numpy(embeddings).to(self.device).float()
            logits = self._network.genre_head(features).cpu().numpy()
            raw_energy = self._network.energy_head(features).squeeze(1).cpu().numpy()
        energies = _energies(raw_energy, self.card)
        return [(_likeliest(row, self.card)[0], e) for row, e in zip(logits, energies, strict=True)]

    def _forward(self, log_mels: NDArray[np.float16]) -> tuple[FloatArray, ...]:
        """The fields of `NetOutput` for all windows; the logits of genre and tempo are float64."""
        windows = torch.from_numpy(log_mels).split(WINDOWS_AT_ONCE[self.device.type])
        with torch.inference_mode():
            output = _outputs(self._network, [part.to(self.device).float() for part in windows])
        logits, energy, embedding, tempo = (part.cpu().numpy() for part in output)
        return logits.astype(np.float64), energy, embedding, tempo.astype(np.float64)

    def _answer(
        self,
        track: TrackFeatures,
        probabilities: FloatArray,
        raw_energy: FloatArray,
        embedding: FloatArray,
        tempo_logits: FloatArray,
    ) -> Prediction:
        card, silent = self.card, np.array(track.silent)
        probabilities = np.where(silent[:, None], 1 / max(1, len(card.genres)), probabilities)
        raw_energy = np.where(silent, -np.inf, raw_energy)
        heard = ~silent if not silent.all() else silent
        mean = probabilities[heard].mean(axis=0)
        genre, genre_confidence = _likeliest(mean, card)
        windows = (
            WindowAnswer(start_s, *_likeliest(p, card), e)
            for start_s, p, e in zip(track.starts_s, probabilities, _energies(raw_energy, card), strict=True)
        )
        bpm, bpm_confidence = self._tempo(tempo_logits[~silent])
        return Prediction(
            model=card.id,
            genres={genre: float(p) for genre, p in zip(card.genres, mean, strict=True)},
            genre=genre,
            genre_confidence=genre_confidence,
            energy=_energies(raw_energy[heard].mean(keepdims=True), card)[0],
            windows=tuple(windows),
            embedding=embedding[heard].mean(axis=0).astype(np.float16),
            silent=bool(silent.all()),
            bpm=bpm,
            bpm_confidence=bpm_confidence,
        )

    def _tempo(self, logits: FloatArray) -> tuple[float | None, float | None]:
        """(n_windows, n_tempo) of the windows that hold sound → BPM and confidence, None where unknown."""
        classes = self.card.tempo
        if classes is None or 0 in logits.shape:
            return None, None
        probabilities = _softmax(logits / classes.temperature).mean(axis=0)
        return tempo_and_confidence(probabilities, classes.first_bpm)


def energy_quantile(raw_energy: FloatArray, card: ModelCard) -> FloatArray:
    """Raw energies → the share (0–1) of the card's reference set that has less; same shape."""
    knots = np.linspace(0, 1, len(card.energy_quantiles))
    return np.asarray(np.interp(raw_energy, card.energy_quantiles, knots))


def _energies(raw_energy: FloatArray, card: ModelCard) -> list[float | None]:
    """The energy (0–1) of each raw one; None where the model hears none."""
    return (
        [*map(float, energy_quantile(raw_energy, card))] if card.predicts_energy else [None] * len(raw_energy)
    )


def _likeliest(scores: FloatArray, card: ModelCard) -> tuple[str | None, float | None]:
    """The genre of the highest score and that score, of (n_genres,); None where the model hears no genre."""
    return (card.genres[int(scores.argmax())], float(scores.max())) if card.predicts_genre else (None, None)


def concatenated(log_mels: Sequence[FloatArray], n_windows: int) -> FloatArray:
    """`n_windows` windows one after the other in time, repeated where there are fewer."""
    return np.concatenate([log_mels[i % len(log_mels)] for i in range(n_windows)], axis=1)


def _as_one(track: TrackFeatures, n_windows: int) -> TrackFeatures:
    """The track with its windows that hold sound strung together, for networks that hear several at once."""
    if n_windows == 1:
        return track
    heard = [m for m, silent in zip(track.log_mels, track.silent, strict=True) if not silent]
    together = concatenated(heard or list(track.log_mels), n_windows)
    log_mels = together[None].astype(np.float16, copy=False)
    return replace(track, log_mels=log_mels, starts_s=track.starts_s[:1], silent=(not heard,))


def _prepared(network: Network, device: torch.device) -> Network:
    if isinstance(network, CRNN):
        return for_inference(network, device.type == "cpu" and multiplies_bfloat16()).to(device)
    return network.eval().to(device)


def _outputs(network: Network, parts: Sequence[Tensor]) -> NetOutput:
    """What it says of all windows; a CRNN goes through time once, for all of them together."""
    if isinstance(network, CRNN):
        return network.predict(*_joined([network.encode(part) for part in parts]))
    return NetOutput(*_joined([network(part) for part in parts]))


def _joined(outputs: Sequence[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
    return tuple(torch.cat(column) for column in zip(*outputs, strict=True))


def load_network(card: ModelCard) -> Network:
    """The network of `card`, as PyTorch runs it. Raises `ModelError` for weights that do not fit."""
    path = check_weights(card)
    try:
        network = build(card.network, card.front_end.n_mels, len(card.genres))
        weights = load_file(path)
        weights.pop(FILTER_BANK, None)
        network.load_state_dict(weights)
    except (RuntimeError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"{path}: does not fit its model.json ({reason}); reinstall the model") from None
    return network


def device_named(name: str) -> torch.device:
    """That of auto, cpu, cuda or mps. Raises `ModelError` where there is none."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(device for device, available in there.items() if available)
    if not there.get(name, False):
        raise ModelError(f"no {name!r} device here; use --device auto or --device cpu")
    return torch.device(name)


def _softmax(logits: FloatArray) -> FloatArray:
    exponential = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    probabilities: FloatArray = exponential / exponential.sum(axis=1, keepdims=True)
    return probabilities


TOLERANCE = 0.04
"""A tempo within 4 % of the true one counts as right: Acc1 of Gouyon et al. 2006 ("An experimental
comparison of audio tempo induction algorithms")."""


def tempo_and_confidence(probabilities: FloatArray, first_bpm: float) -> tuple[float, float]:
    """Probabilities (n_tempo,) of tempos a BPM apart, the first of `first_bpm` → (BPM, confidence).

    One class a BPM is Schreiber & Müller 2018 ("A single-step approach to musical tempo estimation
    using a convolutional neural network"). The tempo lies between the classes: the mean of those
    within 4 % of the likeliest, weighted by their probability, to a tenth of a BPM, for more is not
    heard. Its confidence is the probability (0–1) that it is right by the tolerance of Acc1.
    """
    bpms = first_bpm + np.arange(len(probabilities))
    near = _within_tolerance(bpms, float(bpms[probabilities.argmax()]))
    bpm = round(float(np.average(bpms[near], weights=probabilities[near])), 1)
    confidence = float(probabilities[_within_tolerance(bpms, bpm)].sum())
    return bpm, min(1.0, confidence)


def _within_tolerance(bpms: FloatArray, bpm: float) -> FloatArray:
    """Which of `bpms` are within 4 % of `bpm`, both edges included: (n,) of booleans."""
    inside: FloatArray = np.abs(bpms - bpm) <= TOLERANCE * bpm + 1e-9
    return inside
