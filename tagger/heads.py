"""Read the heads of a model from stored embeddings: linear, so that NumPy alone reads 100,000 in a second."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from tagger.errors import ModelError
from tagger.model_card import BESIDE_THE_NETWORK, ModelCard, MoodScale, check_weights
from tagger.types import MOODS, SOUNDS, FloatArray, Mood, Sound

TEMPERATURE_BY_SECONDS = ((0.1, 3.2), (0.2, 2.5), (0.3, 1.9), (0.5, 1.4), (1.0, 1.3), (2.0, 1.15), (5.0, 1.0))
"""(seconds of sound in a window, factor of the card's temperature): what is known of less sound is less sure.

Between the factors that made the mean confidence equal the share of right genres, for 260 held-out clips
cut to that length and both shipped models. Cut to 0.3 s, the genre of the standard model is right in 34 %
of cases, and its confidence was 0.54; cut to 1 s, 51 % and 0.58; from 5 s on they are equal.
"""


MIN_SOUND_S = 6.0
"""A shorter sound counts as music: the heads of sounds learned from clips of 6 s and more, and a sweep of a
second passes for speech."""


@dataclass(frozen=True, slots=True)
class Described:
    """What the heads beside the network say of one embedding; fields as of `tagger.types.Prediction`."""

    words: Mapping[str, float]
    valence: float | None = None
    mood: Mood | None = None
    mood_confidence: float | None = None
    sound: Sound = "music"
    sound_confidence: float | None = None


NOTHING = Described({})
"""Of silence, and of a model without such heads."""


class Heads:
    """The heads of a model that read an embedding: all but the tempo's.

    heads = Heads(load_card("standard"))
    (said,) = heads.describe(prediction.embedding[None])
    """

    def __init__(self, card: ModelCard) -> None:
        """Load the weights that `card` names. Raises `ModelError` where they are missing or do not fit."""
        self.card = card
        path = check_weights(card)
        try:
            tensors = load_file(path)
            self._heads = {name: _linear(tensors, name, n) for name, n in _sizes(card, tensors).items() if n}
            sizes = {weights.shape[1] for weights, _ in self._heads.values()}
            if len(sizes) > 1:
                raise ValueError(f"heads read embeddings of {len(sizes)} sizes")
        except (SafetensorError, KeyError, ValueError) as error:
            raise ModelError(f"{path}: does not fit its model.json ({error}); reinstall the model") from None

    @cached_property
    def embedding_dim(self) -> int:
        """The number of values in an embedding; 0 for a model without heads that read any."""
        return next((weights.shape[1] for weights, _ in self._heads.values()), 0)

    def describe(self, embeddings: NDArray[np.float16], seconds: float = np.inf) -> list[Described]:
        """Give words, valence, mood and sound by embeddings (n, embedding_dim) of so many `seconds`."""
        n = len(embeddings)
        if n == 0 or not self._heads.keys() & set(BESIDE_THE_NETWORK):
            return [NOTHING] * n
        names = [word.name for word in self.card.all_words]
        said = (
            self.words(embeddings).tolist(),
            self.moods(embeddings),
            self.sounds(embeddings, np.full(n, seconds)),
        )
        return [
            Described(dict(zip(names, row, strict=True)), *mood, *sound)
            for row, mood, sound in zip(*said, strict=True)
        ]

    def genres(self, embeddings: NDArray[np.float16], factors: FloatArray) -> FloatArray:
        """Give the probabilities (n, n_genres) by embeddings (n, embedding_dim).

        `factors` (n,) soften those of short sounds, as `temperature_factors` gives them. Where a track has
        several windows, this is nearly what the whole network says: here their logits are averaged, there
        their probabilities. Of clips with two windows, one in 200 gets another genre.
        """
        return softmax(self.genre_logits(embeddings) / (self.card.temperature * factors[:, None]))

    def genre_logits(self, embeddings: FloatArray) -> FloatArray:
        """Give the logits (n, n_genres), not over the temperature, by embeddings (n, embedding_dim)."""
        if "genre_head" not in self._heads:
            return np.zeros((len(embeddings), 0))
        return self._logits("genre_head", embeddings)

    def raw_energies(self, embeddings: FloatArray) -> FloatArray:
        """Give the raw energy (n,) by embeddings (n, embedding_dim), NaN for a model without energy."""
        if "energy_head" not in self._heads:
            return np.full(len(embeddings), np.nan)
        return self._logits("energy_head", embeddings)[:, 0]

    def energies(self, embeddings: NDArray[np.float16]) -> FloatArray:
        """Give the energy (n,) in 0–1 by embeddings (n, embedding_dim)."""
        return quantile(self.raw_energies(embeddings), self.card.energy_quantiles)

    def arousal_logits(self, embeddings: NDArray[np.float16]) -> FloatArray:
        """Give the logits (n,) of a high arousal by embeddings, for a model that tells moods."""
        assert self.card.mood
        slope, offset = self.card.mood.arousal
        return slope * self.raw_energies(embeddings) + offset

    def words(self, embeddings: NDArray[np.float16]) -> FloatArray:
        """Give the probabilities (n, n_words) of `card.all_words` by embeddings (n, embedding_dim)."""
        parts: list[FloatArray] = [np.zeros((len(embeddings), 0))]
        if "words_head" in self._heads:
            parts.append(sigmoid(self._logits("words_head", embeddings)))
        if "styles_head" in self._heads:  # the first class is all that is none of them
            parts.append(softmax(self._logits("styles_head", embeddings))[:, 1:])
        return np.concatenate(parts, axis=1)

    def moods(
        self, embeddings: NDArray[np.float16]
    ) -> Sequence[tuple[float | None, Mood | None, float | None]]:
        """Give valence, mood and its confidence by embeddings (n, embedding_dim); None where unknown."""
        scale = self.card.mood
        if scale is None or "energy_head" not in self._heads:
            return [(None, None, None)] * len(embeddings)
        raw_valence = self._logits("valence_head", embeddings)[:, 0]
        shares = quadrants(raw_valence, self.raw_energies(embeddings), scale)
        likeliest = shares.argmax(axis=1)
        valences = quantile(raw_valence, scale.valence_quantiles).tolist()
        return [
            (valence, MOODS[i], float(row[i]))
            for valence, i, row in zip(valences, likeliest, shares, strict=True)
        ]

    def sounds(
        self, embeddings: NDArray[np.float16], seconds: FloatArray
    ) -> Sequence[tuple[Sound, float | None]]:
        """Give the sound by embeddings (n, embedding_dim), with its probability if it is no music.

        Speech or noise, whichever is likelier, is said where both together have the probability
        `card.no_music_from`, for music that is taken for noise costs more than the other way round. A
        sound of less than `MIN_SOUND_S` `seconds` (n,) is music, and all is for a model without such a head.
        """
        least = self.card.no_music_from
        if least is None:
            return [("music", None)] * len(embeddings)
        shares = softmax(self._logits("sound_head", embeddings))
        likeliest = np.where(seconds >= MIN_SOUND_S, sounds_said(shares, least), 0)
        return [(SOUNDS[i], float(row[i]) if i else None) for i, row in zip(likeliest, shares, strict=True)]

    def from_embeddings(self, embeddings: NDArray[np.float16]) -> list[tuple[str | None, float | None]]:
        """Give (genre, energy) by embeddings (n, embedding_dim), as of whole windows; None of none."""
        n = len(embeddings)
        genres: list[str | None] = [None] * n
        energies: list[float | None] = [None] * n
        if "genre_head" in self._heads:
            genres = [self.card.genres[i] for i in self.genres(embeddings, np.ones(n)).argmax(axis=1)]
        if "energy_head" in self._heads:
            energies = self.energies(embeddings).tolist()
        return list(zip(genres, energies, strict=True))

    def _logits(self, name: str, embeddings: FloatArray) -> FloatArray:
        weights, bias = self._heads[name]
        logits: FloatArray = embeddings.astype(np.float64) @ weights.T + bias
        return logits


def quadrants(raw_valence: FloatArray, raw_energy: FloatArray, scale: MoodScale) -> FloatArray:
    """Give the probability (n, 4) of each of `MOODS` by raw valences and raw energies, (n,) both.

    Valence and arousal count as independent, so the mood never contradicts the energy: happy and tense are
    on one side of it, sad and calm on the other.

    >>> scale = MoodScale((-1.0, 1.0), (2.0, 0.0))
    >>> quadrants(np.array([9.0]), np.array([-9.0]), scale).round(2)
    array([[0., 0., 0., 1.]])
    """
    slope, offset = scale.arousal
    valence, arousal = sigmoid(raw_valence), sigmoid(slope * raw_energy + offset)
    columns = (valence * arousal, (1 - valence) * arousal, (1 - valence) * (1 - arousal))
    return np.stack([*columns, valence * (1 - arousal)], axis=1)


def quantile(raw: FloatArray, quantiles: Sequence[float]) -> FloatArray:
    """Give for each raw value the share (0–1) of the reference set that has less; same shape.

    For quantiles of (-2, 0, 4), the raw values -9, -1, 2 and 9 are 0, 0.25, 0.75 and 1.
    """
    return np.asarray(np.interp(raw, quantiles, np.linspace(0, 1, len(quantiles))))


def temperature_factors(seconds: Sequence[float]) -> FloatArray:
    """Give for sounds of so many seconds how much softer their probabilities are than those of a window.

    >>> temperature_factors([0.5, 60.0]).tolist()
    [1.4, 1.0]
    """
    knots, factors = zip(*TEMPERATURE_BY_SECONDS, strict=True)
    return np.asarray(np.interp(seconds, knots, factors))


def sounds_said(probabilities: FloatArray, least: float) -> NDArray[np.int_]:
    """Give the places in `SOUNDS`, (n,), that are said at such probabilities (n, 3).

    Music is the first; the likelier of the others is said where both together have `least`.
    """
    return np.where(1 - probabilities[:, 0] >= least, 1 + probabilities[:, 1:].argmax(axis=1), 0)


def softmax(logits: FloatArray) -> FloatArray:
    """Give probabilities (n, n_classes) by logits of the same shape."""
    exponential = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    probabilities: FloatArray = exponential / exponential.sum(axis=1, keepdims=True)
    return probabilities


def sigmoid(logits: FloatArray) -> FloatArray:
    """Give probabilities by logits, of any shape, without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)))


def _sizes(card: ModelCard, names: Container[str]) -> dict[str, int]:
    """How many outputs each head has; not every network has its genre and energy in heads of an embedding."""
    return {
        "genre_head": len(card.genres) if "genre_head.weight" in names else 0,
        "energy_head": int(card.predicts_energy and "energy_head.weight" in names),
        "words_head": len(card.words),
        "styles_head": len(card.styles) and 1 + len(card.styles),
        "valence_head": int(card.mood is not None),
        "sound_head": 0 if card.no_music_from is None else len(SOUNDS),
    }


def _linear(
    tensors: Mapping[str, NDArray[np.float32]], name: str, n_outputs: int
) -> tuple[FloatArray, FloatArray]:
    """The weights (n_outputs, embedding_dim) and the bias (n_outputs,) of a head."""
    weights, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
    if weights.ndim != 2 or len(weights) != n_outputs or bias.shape != (n_outputs,):
        raise ValueError(f"{name} has not {n_outputs} outputs")
    return weights.astype(np.float64), bias.astype(np.float64)
