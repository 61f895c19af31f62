"""Model folders: `model.json` (what the model is), `model.safetensors` (weights, filter bank), `CARD.md`."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tagger.errors import ModelError
from tagger.types import Aspect, FrontEnd

if TYPE_CHECKING:  # a scan that finds nothing new needs the card, but not numpy
    import numpy as np
    from numpy.typing import NDArray

FORMAT = 1
"""Version of the layout of `model.json` that this program reads and writes."""

DEFAULT_MODEL = "standard-6"
FILTER_BANK = "filter_bank"
WEIGHTS_FILE = "model.safetensors"

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


def load_card(name: str) -> ModelCard:
    """The card of an installed model by its id, or of the model in the folder of that name.

    Without its number an id means the newest: `small` is `small-3` as long as there is no `small-4`.
    Raises `ModelError` where there is no such model or its `model.json` cannot be used.
    """
    folder = name if os.path.isfile(os.path.join(name, "model.json")) else _installed_folder(name)
    try:
        with open(os.path.join(folder, "model.json"), encoding="utf-8") as file:
            fields = json.load(file)
        return _card(folder, fields)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{folder}: model.json cannot be used ({error}); reinstall tagger or the model"
        ) from None


def installed_models() -> list[str]:
    """Ids of the models that come with the program, and of those that the owner added, sorted."""
    return sorted({*shipped_models(), *added_models()})


def shipped_models() -> list[str]:
    """Ids of the models that come with the program."""
    return _models_in(models_folder())


def added_models() -> list[str]:
    """Ids of the owner's own models."""
    return _models_in(added_models_folder())


def models_folder() -> str:
    """Inside the package where it was installed from a wheel, beside it in a source tree."""
    package = os.path.dirname(os.path.abspath(__file__))
    inside = os.path.join(package, "models")
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), "models")


def added_models_folder() -> str:
    """Where the owner's own models lie: in `TAGGER_MODELS`, else beside the default database."""
    from platformdirs import user_data_path

    named = os.environ.get("TAGGER_MODELS")
    return os.path.abspath(named or user_data_path("tagger") / "models")


def check_weights(card: ModelCard) -> str:
    """The path of the weight file, its SHA-256 checked. Raises `ModelError` if missing or altered."""
    path = os.path.join(card.folder, WEIGHTS_FILE)
    try:
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}; reinstall tagger or the model") from None
    if digest != card.weights_sha256:
        raise ModelError(f"{path}: not the file that model.json names (SHA-256 differs); reinstall the model")
    return path


def load_filter_bank(card: ModelCard) -> NDArray[np.float32]:
    """The mel filter bank that lies beside the weights, (n_mels, 1 + n_fft // 2) float32."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path = check_weights(card)
    try:
        bank: NDArray[np.float32] = load_file(path)[FILTER_BANK].astype("float32", copy=False)
    except (SafetensorError, KeyError) as error:
        raise ModelError(f"{path}: no filter bank in it ({error}); reinstall the model") from None
    return bank


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


def _installed_folder(name: str) -> str:
    """That of the id `name`, or of the newest `name-1`, `name-2`, ...; shipped ones go before added ones."""
    installed = installed_models()
    versions = [(int(number), i) for i in installed if (number := i.removeprefix(f"{name}-")).isdecimal()]
    if name not in installed and not versions:
        raise ModelError(
            f"no model named {name!r}; installed: {', '.join(installed)} "
            "(or give the path of a model's folder)"
        )
    found = name if name in installed else max(versions)[1]
    return os.path.join(models_folder() if found in shipped_models() else added_models_folder(), found)


def _models_in(root: str) -> list[str]:
    """Names of the model folders there; none where it is missing or cannot be read."""
    try:
        names = sorted(os.listdir(root))
    except OSError:
        return []
    return [n for n in names if n[0] != "." and os.path.isfile(os.path.join(root, n, "model.json"))]


def _card(folder: str, fields: dict[str, Any]) -> ModelCard:
    if fields["format"] != FORMAT:
        raise ValueError(f"format {fields['format']}, this version of tagger reads {FORMAT}")
    return ModelCard(
        id=fields["id"],
        folder=folder,
        version=fields["version"],
        network=fields["network"],
        front_end=FrontEnd(**fields["front_end"]),
        genres=tuple(fields["genres"]),
        temperature=float(fields.get("temperature", 1.0)),
        energy_quantiles=tuple(fields.get("energy_quantiles", ())),
        weights_sha256=fields["weights_sha256"],
        figures=fields["figures"],
        tempo=_tempo(fields.get("tempo")),
        genre_precision=_precision_tables(fields.get("genre_precision", {})),
        trunk_sha256=_optional_text(fields.get("trunk_sha256"), "trunk_sha256"),
        training=fields.get("training", {}),
    )


def _tempo(fields: dict[str, Any] | None) -> TempoClasses | None:
    if fields is None:
        return None
    classes = TempoClasses(float(fields["first_bpm"]), float(fields["temperature"]))
    if not (0 < classes.first_bpm < math.inf and 0 < classes.temperature < math.inf):
        raise ValueError(f"tempo {fields}: both numbers must be above 0")
    return classes


def _precision_tables(tables: Any) -> dict[str, PrecisionTable]:
    if not isinstance(tables, dict):
        raise ValueError("genre_precision is not an object")
    return {genre: _precision_table(genre, table) for genre, table in tables.items()}


def _precision_table(genre: str, table: Any) -> PrecisionTable:
    pairs = tuple((float(precision), float(threshold)) for precision, threshold in table)
    rises = all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))
    if not rises or not all(0 <= value <= 1 for pair in pairs for value in pair):
        raise ValueError(f"genre_precision of {genre} is not rising pairs within 0 and 1")
    return pairs


def _optional_text(value: Any, name: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} is not a text")
    return value
