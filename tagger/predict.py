"""Predict genre, energy and tempo from log-mels: the one place that runs a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tagger.errors import ModelError
from tagger.heads import NOTHING, Described, Heads, quantile, softmax, temperature_factors
from tagger.model_card import ModelCard
from tagger.runtime import Outputs, SecondSession, Session
from tagger.types import FloatArray, Prediction, TrackFeatures, WindowAnswer

MIN_TEMPO_S = 4.0
"""A shorter sound has no tempo: repeated to fill a window, it beats in the rhythm of the repetition.

Of held-out clips cut to 0.3, 1, 2 and 3 s (n = 200 to 106), the tempos with a confidence of 0.6 or more were
right in 2, 14, 41 and 62 % of cases; cut to 4, 5 and 10 s in 75, 74 and 77 %.
"""

TOLERANCE = 0.04
"""A tempo within 4 % of the true one counts as right: Acc1 of Gouyon et al. 2006 ("An experimental
comparison of audio tempo induction algorithms")."""


LEAST_OF_A_SECOND = 0.05
"""The probability (0–1) from which on a second tempo is told: what is less likely helps nobody choose."""


class Runs(Protocol):
    """A loaded network, which runs on log-mels (n_windows, n_mels, n_frames) in dB, `n_windows` at a time."""

    n_windows: int
    embedding_dim: int

    def run(self, log_mels: NDArray[np.float16]) -> Outputs: ...


class Predictor:
    """A loaded network on its device. Not to be shared between threads.

    predictor = Predictor(load_card("standard"))
    (prediction,) = predictor.predict([features])
    """

    def __init__(self, card: ModelCard, device: str = "auto") -> None:
        """Load and check the weights that `card` names; `device` is auto, cpu, cuda or mps.

        Raises `ModelError` for weights that do not fit and for a device that is not there.
        """
        self.card = card
        self._network: Runs = Session(card) if card.is_light(device) else _on_device(card, device)
        self._second = SecondSession(card) if card.second else None
        self._heads = Heads(card)
        if self._second and self._heads.embedding_dim != self.embedding_dim:
            raise ModelError(f"{card.folder}: its heads do not read both embeddings; reinstall the model")

    def predict(self, tracks: Sequence[TrackFeatures]) -> list[Prediction]:
        """Give one prediction for each track, in order.

        It is the mean over the windows that hold sound. A window without sound has no genre and energy 0; a
        track without any has neither genre nor tempo, no probabilities, and energy 0. A sound under
        `MIN_TEMPO_S` has no tempo.
        """
        if not tracks:
            return []
        tracks = [_as_one(track, self._network.n_windows) for track in tracks]
        logits, energy, embedding, tempo = self._run(tracks)
        softer = np.concatenate([_temperature_factors(track) for track in tracks])
        probabilities = softmax(logits.astype(np.float64) / (self.card.temperature * softer[:, None]))
        said = self._heads.describe(embedding.astype(np.float16))
        ends = np.cumsum([len(track.log_mels) for track in tracks])
        rows = [slice(end - len(track.log_mels), end) for track, end in zip(tracks, ends, strict=True)]
        return [
            self._prediction(track, probabilities[r], energy[r], embedding[r], tempo[r], said[r])
            for track, r in zip(tracks, rows, strict=True)
        ]

    @property
    def embedding_dim(self) -> int:
        """The number of values in an embedding; 0 where the network gives none."""
        return self._network.embedding_dim + (self._second.embedding_dim if self._second else 0)

    def _run(self, tracks: Sequence[TrackFeatures]) -> Outputs:
        """Run the network on all windows, and the second one, whose embeddings the heads read, too."""
        output = self._network.run(np.concatenate([track.log_mels for track in tracks]))
        if self._second is None:
            return output
        heard = [track.second_log_mels for track in tracks if track.second_log_mels is not None]
        embedding = np.concatenate([output.embedding, self._second.run(np.concatenate(heard))], axis=1)
        heads = self._heads
        return Outputs(
            heads.genre_logits(embedding), heads.raw_energies(embedding), embedding, output.tempo_logits
        )

    def _prediction(
        self,
        track: TrackFeatures,
        probabilities: FloatArray,
        raw_energy: FloatArray,
        embedding: FloatArray,
        tempo_logits: FloatArray,
        said: Sequence[Described],
    ) -> Prediction:
        card, has_sound = self.card, ~np.array(track.silent)
        silent = not has_sound.any()
        counted = np.full_like(has_sound, True) if silent else has_sound
        raw_energy = np.where(has_sound, raw_energy, -np.inf)
        genres = {} if silent else _by_genre(probabilities[counted].mean(axis=0), card)
        genre, genre_confidence = _likeliest(genres)
        first, second = self._tempos(tempo_logits[has_sound & _has_rhythm(track)])
        mean = embedding[counted].mean(axis=0).astype(np.float16)
        # By what is stored, so that the heads say the same when they read it again.
        seconds = sum(track.lasting_s) if track.lasting_s else np.inf
        described = NOTHING if silent else self._heads.describe(mean[None], seconds)[0]
        return Prediction(
            model=card.id,
            genres=genres,
            genre=genre,
            genre_confidence=genre_confidence,
            energy=_energies(raw_energy[counted].mean(keepdims=True), card)[0],
            windows=_windows(track, probabilities, _energies(raw_energy, card), said, card),
            embedding=mean,
            silent=silent,
            bpm=first.bpm,
            bpm_confidence=first.confidence,
            words=described.words,
            valence=described.valence,
            mood=described.mood,
            mood_confidence=described.mood_confidence,
            sound=described.sound,
            sound_confidence=described.sound_confidence,
            second_bpm=second.bpm,
            second_bpm_confidence=second.confidence,
            key=track.key,
            key_confidence=track.key_confidence,
        )

    def _tempos(self, logits: FloatArray) -> tuple[Tempo, Tempo]:
        """Give the two likeliest tempos by the logits (n_windows, n_tempo) of windows with sound."""
        classes = self.card.tempo
        if classes is None or 0 in logits.shape:
            return NO_TEMPO, NO_TEMPO
        probabilities = softmax(logits.astype(np.float64) / classes.temperature).mean(axis=0)
        return likely_tempos(probabilities, classes.first_bpm)


class Tempo(NamedTuple):
    """A tempo and the probability (0–1) that it is right within 4 %; None of what has none."""

    bpm: float | None
    confidence: float | None


NO_TEMPO = Tempo(None, None)


def likely_tempos(probabilities: FloatArray, first_bpm: float) -> tuple[Tempo, Tempo]:
    """Give the two likeliest tempos by the probabilities (n_tempo,) of tempos a BPM apart, from `first_bpm`.

    The second is likeliest among those that are not within 4 % of the first: mostly the half or the double
    of it, for a listener may tap either. It is `NO_TEMPO` below a probability of `LEAST_OF_A_SECOND`. It can
    be more probable than the first, whose peak is higher but narrower: so it is for 12 of 103 annotated
    clips, and taking it there instead was right no more often (0.69 of all for 0.71).

    >>> likely_tempos(np.array([0.25, 0.25, 0.125, 0.0, 0.0, 0.0, 0.0, 0.25, 0.125]), first_bpm=120.0)
    (Tempo(bpm=120.8, confidence=0.625), Tempo(bpm=127.3, confidence=0.375))
    """
    bpm, confidence = tempo_and_confidence(probabilities, first_bpm)
    bpms = first_bpm + np.arange(len(probabilities))
    others = np.where(_within_tolerance(bpms, bpm), 0.0, probabilities)
    if others.max() <= 0.0:
        return Tempo(bpm, confidence), NO_TEMPO
    second = tempo_and_confidence(others, first_bpm)
    return Tempo(bpm, confidence), Tempo(*second) if second[1] >= LEAST_OF_A_SECOND else NO_TEMPO


def tempo_and_confidence(probabilities: FloatArray, first_bpm: float) -> tuple[float, float]:
    """Give (BPM, confidence) by the probabilities (n_tempo,) of tempos a BPM apart, from `first_bpm` on.

    One class a BPM is Schreiber & Müller 2018 ("A single-step approach to musical tempo estimation
    using a convolutional neural network"). The tempo lies between the classes: the mean of those
    within 4 % of the likeliest, weighted by their probability, to a tenth of a BPM, because no ear hears
    more. Its confidence is the probability (0–1) that it is right by the tolerance of Acc1.

    >>> tempo_and_confidence(np.array([0.1, 0.3, 0.3, 0.0, 0.0, 0.0, 0.0, 0.3]), first_bpm=120.0)
    (121.3, 0.7)
    """
    bpms = first_bpm + np.arange(len(probabilities))
    near = _within_tolerance(bpms, float(bpms[probabilities.argmax()]))
    bpm = round(float(np.average(bpms[near], weights=probabilities[near])), 1)
    confidence = float(probabilities[_within_tolerance(bpms, bpm)].sum())
    return bpm, min(1.0, confidence)


def concatenated(log_mels: Sequence[FloatArray], n_windows: int) -> FloatArray:
    """Join `n_windows` windows (n_mels, n_frames) in time; where there are fewer, they are repeated.

    >>> concatenated([np.array([[1, 2]]), np.array([[3, 4]])], 3)
    array([[1, 2, 3, 4, 1, 2]])
    """
    return np.concatenate([log_mels[i % len(log_mels)] for i in range(n_windows)], axis=1)


def _on_device(card: ModelCard, device: str) -> Runs:
    from tagger.nets import NetworkOnDevice  # and with it torch, a second

    return NetworkOnDevice(card, device)


def _as_one(track: TrackFeatures, n_windows: int) -> TrackFeatures:
    """Join the windows of a track that hold sound into one, for networks that take several at once."""
    if n_windows == 1:
        return track
    with_sound = [m for m, silent in zip(track.log_mels, track.silent, strict=True) if not silent]
    joined = concatenated(with_sound or list(track.log_mels), n_windows)
    log_mels = joined[None].astype(np.float16, copy=False)
    together = sum(s for s, silent in zip(track.lasting_s, track.silent, strict=False) if not silent)
    return replace(
        track,
        log_mels=log_mels,
        starts_s=track.starts_s[:1],
        silent=(not with_sound,),
        lasting_s=(together,) if track.lasting_s else (),
    )


def _temperature_factors(track: TrackFeatures) -> FloatArray:
    """Give for each window how much softer its probabilities are than those of a whole one, (n_windows,)."""
    return temperature_factors(track.lasting_s or [np.inf] * len(track.log_mels))


def _has_rhythm(track: TrackFeatures) -> NDArray[np.bool_]:
    """Tell of each window whether it is long enough to have a tempo, (n_windows,)."""
    return np.array([s >= MIN_TEMPO_S for s in track.lasting_s] or [True] * len(track.log_mels))


def _windows(
    track: TrackFeatures,
    probabilities: FloatArray,
    energies: list[float | None],
    said: Sequence[Described],
    card: ModelCard,
) -> tuple[WindowAnswer, ...]:
    found = []
    for start_s, silent, row, energy, one in zip(
        track.starts_s, track.silent, probabilities, energies, said, strict=True
    ):
        genre = _likeliest({} if silent else _by_genre(row, card))
        mood = (None, None) if silent else (one.valence, one.mood)
        found.append(WindowAnswer(start_s, *genre, energy, *mood))
    return tuple(found)


def _by_genre(scores: FloatArray, card: ModelCard) -> dict[str, float]:
    """Name the scores (n_genres,); none where the model does not predict genre."""
    return dict(zip(card.genres, map(float, scores), strict=True)) if card.predicts_genre else {}


def _likeliest(scores: dict[str, float]) -> tuple[str | None, float | None]:
    """Give the genre of the highest score and that score; None of no scores."""
    return max(scores.items(), key=itemgetter(1)) if scores else (None, None)


def _energies(raw_energy: FloatArray, card: ModelCard) -> list[float | None]:
    """Give the energy (0–1) of each raw one; None where the model does not predict energy."""
    return (
        [*map(float, quantile(raw_energy, card.energy_quantiles))]
        if card.predicts_energy
        else [None] * len(raw_energy)
    )


def _within_tolerance(bpms: FloatArray, bpm: float) -> FloatArray:
    """Tell which of `bpms` (n,) are within 4 % of `bpm`, both edges included."""
    inside: FloatArray = np.abs(bpms - bpm) <= TOLERANCE * bpm + 1e-9
    return inside
