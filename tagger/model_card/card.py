"""What is known of a model: its `model.json` as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tagger.errors import ModelError
from tagger.types import Aspect, FrontEnd

PrecisionTable = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class TempoClasses:
    """What the tempo logits mean: class i is `first_bpm` + i, and `temperature` divides the logits."""

    first_bpm: float
    temperature: float


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What `model.json` says.

    `network` names the architecture under `name` and holds its keyword arguments. `genres` are in
    the order of the network's outputs, empty for a model that hears none. `temperature` divides the
    genre logits so that confidences are probabilities (Guo et al. 2017). `energy_quantiles` are raw
    energies of the frozen reference set at evenly spaced quantiles from 0 to 1, empty for a model that
    hears no energy. `figures` were measured on the test split. `tempo` is None for a model that hears
    no tempo.

    `genre_precision` has for each genre rising pairs (precision, threshold), both 0–1: of validation
    answers with the genre at a confidence of at least the threshold, that share was right. Empty in
    models that do not tell. `trunk_sha256` is of all weights but the heads', None where not told.
    `training` is what is known of the run that made it, empty where it was not recorded.
    """

    id: str
    folder: str
    version: str
    network: dict[str, Any]
    front_end: FrontEnd
    genres: tuple[str, ...]
    temperature: float
    energy_quantiles: tuple[float, ...]
    weights_sha256: str
    figures: dict[str, float]
    tempo: TempoClasses | None = None
    genre_precision: Mapping[str, PrecisionTable] = field(default_factory=dict)
    trunk_sha256: str | None = None
    training: dict[str, Any] = field(default_factory=dict)

    @property
    def hears_genre(self) -> bool:
        """Whether its answers have a genre."""
        return bool(self.genres)

    @property
    def hears_energy(self) -> bool:
        """Whether its answers have an energy."""
        return bool(self.energy_quantiles)

    @property
    def hears(self) -> tuple[Aspect, ...]:
        """What its answers have."""
        said: dict[Aspect, bool] = {
            "genre": self.hears_genre,
            "energy": self.hears_energy,
            "tempo": self.tempo is not None,
        }
        return tuple(aspect for aspect, is_heard in said.items() if is_heard)


def genre_thresholds(card: ModelCard, target: float) -> dict[str, float | None]:
    """For each genre the least confidence (0–1) at which its precision reached `target` on validation data.

    None for a genre that never did. Raises `ModelError` for a model that tells no precision.
    """
    if not card.genre_precision:
        raise ModelError(f"{card.id}: its model.json tells no precision by genre; use --min-confidence")
    return {
        genre: next((t for precision, t in card.genre_precision.get(genre, ()) if precision >= target), None)
        for genre in card.genres
    }


def shares_trunk(one: ModelCard, other: ModelCard) -> bool:
    """Whether both models make the same embedding of a sound, so that only their heads can differ."""
    known = one.trunk_sha256 is not None and one.trunk_sha256 == other.trunk_sha256
    return known and (one.network, one.front_end) == (other.network, other.front_end)
