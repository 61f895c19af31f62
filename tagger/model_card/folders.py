"""Model folders: `model.json` (the card), `model.safetensors` (weights, filter bank), `CARD.md`."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from tagger.errors import ModelError
from tagger.model_card.card import ModelCard, card_of

if TYPE_CHECKING:  # a scan that finds nothing new needs the card, but not numpy
    import numpy as np
    from numpy.typing import NDArray

Array = TypeVar("Array", bound=Any)

DEFAULT_MODEL = "standard-9"
FILTER_BANK = "filter_bank"
SECOND = "second."
"""Begins the names of what belongs to the second trunk in the weight file, its filter bank included."""

BESIDE_THE_NETWORK = (FILTER_BANK, "words_head", "styles_head", "valence_head", "sound_head")
"""What belongs to no network in the weight file: the filter bank, and heads that read an embedding."""

HEADS_OF_THE_NETWORK = ("genre_head.weight", "energy_head.weight")
"""The heads that the first network brings; those of two trunks read its embedding, then the other one's."""

WEIGHTS_FILE = "model.safetensors"
NOTICE = "NOTICE.md"
"""The licence of weights that others made: it goes where they go."""

MAX_JSON_BYTES = 4 << 20
"""Of a `model.json`; ours have 7 kB."""

MAX_WEIGHT_BYTES = 2 << 30
"""Of the weights, which are read into memory; ours have 4 MB."""


def load_card(name: str) -> ModelCard:
    """Load the card of an installed model by its id, or of the model in a folder, named as `is_path` says.

    A plain name is an id, whatever lies in the current folder, which may be anybody's. Without its number
    an id means the newest: `small` is `small-6` as long as there is no `small-7`.
    Raises `ModelError` where there is no such model or its `model.json` cannot be used.

    >>> load_card("standard").aspects
    ('genre', 'energy', 'tempo', 'words', 'mood')
    """
    is_folder = is_path(name) and os.path.isfile(os.path.join(name, "model.json"))
    folder = os.path.abspath(name) if is_folder else _installed_folder(name)
    try:
        return card_of(folder, _fields_of(os.path.join(folder, "model.json")))
    except (OSError, ArithmeticError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{folder}: model.json cannot be used ({error}); reinstall tagger or the model"
        ) from None


def is_path(name: str) -> bool:
    """Tell whether a name is that of a folder, which holds a separator or begins with a dot, and no id.

    >>> is_path("./my-model"), is_path("runs/mine"), is_path("standard-9"), is_path("")
    (True, True, False, False)
    """
    return name.startswith(".") or any(one in name for one in (os.sep, os.altsep) if one)


def _fields_of(path: str) -> dict[str, Any]:
    """Read a `model.json`. Raises ValueError for one that is too large or nested too deep."""
    with open(path, "rb") as file:
        data = file.read(MAX_JSON_BYTES + 1)
    if len(data) > MAX_JSON_BYTES:
        raise ValueError(f"it has more than {MAX_JSON_BYTES >> 20} MiB")
    try:
        fields: dict[str, Any] = json.loads(data.decode())
    except RecursionError:
        raise ValueError("its brackets are nested too deep") from None
    return fields


def installed_models() -> list[str]:
    """List the ids of the models that come with the program and of those that the owner added, sorted."""
    return sorted({*shipped_models(), *added_models()})


def shipped_models() -> list[str]:
    """List the ids of the models that come with the program."""
    return _models_in(models_folder())


def added_models() -> list[str]:
    """List the ids of the owner's own models."""
    return _models_in(added_models_folder())


def models_folder() -> str:
    """Give the folder of the program's models: in the package of a wheel, beside it in a source tree."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    inside = os.path.join(package, "models")
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), "models")


def added_models_folder() -> str:
    """Give the folder of the owner's own models: `TAGGER_MODELS`, else beside the default database."""
    from platformdirs import user_data_path

    named = os.environ.get("TAGGER_MODELS")
    return os.path.abspath(named or user_data_path("tagger") / "models")


def check_weights(card: ModelCard) -> str:
    """Check the SHA-256 of the weight file and give its path. Raises `ModelError` if missing or altered."""
    path = os.path.join(card.folder, WEIGHTS_FILE)
    try:
        if os.path.getsize(path) > MAX_WEIGHT_BYTES:
            raise ModelError(f"{path}: has more than {MAX_WEIGHT_BYTES >> 30} GiB, as no model has")
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}; reinstall tagger or the model") from None
    if digest != card.weights_sha256:
        raise ModelError(f"{path}: not the file that model.json names (SHA-256 differs); reinstall the model")
    return path


def of_network(card: ModelCard, weights: Mapping[str, Array]) -> dict[str, Array]:
    """Take the weights of the first network out of those of the file, arrays of any kind, by their names.

    Heads that read the embeddings of two trunks are cut to what it reads itself.
    """
    own = {name: a for name, a in weights.items() if name.split(".")[0] not in BESIDE_THE_NETWORK}
    if card.second is None:
        return own
    size = int(card.network["embedding_dim"])
    return {
        name: array[:, :size] if name in HEADS_OF_THE_NETWORK else array
        for name, array in own.items()
        if not name.startswith(SECOND)
    }


def of_second(weights: Mapping[str, Array]) -> dict[str, Array]:
    """Take the weights of the second network out of those of the file, by the names that it has for them."""
    own = {name.removeprefix(SECOND): array for name, array in weights.items() if name.startswith(SECOND)}
    return {name: array for name, array in own.items() if name != FILTER_BANK}


def load_filter_bank(card: ModelCard, of_the_second: bool = False) -> NDArray[np.float32]:
    """Load the mel filter bank of a trunk, beside the weights, (n_mels, 1 + n_fft // 2) float32."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path, name = check_weights(card), SECOND + FILTER_BANK if of_the_second else FILTER_BANK
    try:
        bank: NDArray[np.float32] = load_file(path)[name].astype("float32", copy=False)
    except (SafetensorError, KeyError) as error:
        raise ModelError(f"{path}: no filter bank in it ({error}); reinstall the model") from None
    return bank


def _installed_folder(name: str) -> str:
    """Find the folder of an id, or of the newest `name-1`, `name-2`, ...; shipped ones before added ones."""
    installed = installed_models()
    versions = [(int(number), i) for i in installed if (number := i.removeprefix(f"{name}-")).isdecimal()]
    if name not in installed and not versions:
        beside = os.path.join(os.curdir, name)
        is_beside = bool(name) and not is_path(name) and os.path.isdir(beside)
        raise ModelError(
            f"no model named {name!r}; installed: {', '.join(installed)} "
            f"(or give the path of a model's folder{f', such as {beside}' if is_beside else ''})"
        )
    found = name if name in installed else max(versions)[1]
    return os.path.join(models_folder() if found in shipped_models() else added_models_folder(), found)


def _models_in(root: str) -> list[str]:
    """List the model folders in `root`; none where it is missing or cannot be read."""
    try:
        names = sorted(os.listdir(root))
    except OSError:
        return []
    return [n for n in names if n[0] != "." and os.path.isfile(os.path.join(root, n, "model.json"))]
