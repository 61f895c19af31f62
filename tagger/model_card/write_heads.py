"""Write heads into a model's folder: their weights, their fields of `model.json`, their versions."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tagger.errors import TaggerError
from tagger.files import replace_atomically
from tagger.model_card.card import ModelCard
from tagger.model_card.folders import WEIGHTS_FILE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HEAD = "_head"
"""Ends the name of every module that reads the embedding and that nothing reads."""

TENSORS = {"mood": "valence_head"}
"""The head's module in the weight file, where it has another name than `<head>_head`."""


def write_heads(
    folder: str, tensors: Mapping[str, NDArray[np.float32]], heads: Mapping[str, Any], **fields: Any
) -> None:
    """Put heads beside those of the saved model in `folder`, in place of any of their names.

    `tensors` are their weights, named `words_head.weight` and so on, `heads` their fields of `model.json`, of
    which None takes one away; `fields` are others of it. The trunk and the other heads stay as they are, to
    the byte.
    """
    import numpy as np
    from safetensors.numpy import load_file, save

    path = os.path.join(folder, WEIGHTS_FILE)
    # The numbers of an array that lies in memory by columns would silently be saved in another order.
    ordered = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    weights = save({**load_file(path), **ordered})
    replace_atomically(path, weights)
    with open(os.path.join(folder, "model.json"), encoding="utf-8") as file:
        known = json.load(file) | fields
    kept = {name: head for name, head in {**known["heads"], **heads}.items() if head is not None}
    known |= {"weights_sha256": hashlib.sha256(weights).hexdigest(), "heads": versioned(kept, folder)}
    text = json.dumps(known, indent=1) + "\n"
    replace_atomically(os.path.join(folder, "model.json"), text.encode())


def require_new(folder: str | None) -> None:
    """Raise `TaggerError` where the folder for a copy of a model is there already; None is no folder."""
    if folder is not None and os.path.lexists(folder):
        raise TaggerError(f"{folder}: is there already; give the folder another name")


def write_refitted(
    card: ModelCard,
    out: str | None,
    tensors: Mapping[str, NDArray[np.float32]],
    heads: Mapping[str, Any],
    facts: Mapping[str, Any],
) -> None:
    """Write heads, as `write_heads` does, into the folder of an installed model, or into a copy of it.

    The copy is the new folder `out`, and is named after it. `facts` is what was measured of each head, for
    `training` of `model.json`.
    """
    fields: dict[str, Any] = {"training": {**card.training, "heads": facts}}
    if out is not None:
        shutil.copytree(card.folder, out)
        fields["id"] = os.path.basename(os.path.abspath(out))
    write_heads(out or card.folder, tensors, heads, **fields)


def trunk_sha256(weights_file: str) -> str:
    """Hash the weights that make the embedding.

    Models that share them need only run their heads on a stored embedding. SHA-256 over name, type, shape and
    bytes of each tensor but the heads', the filter bank included, in the order of names; it does not depend
    on how the file is laid out.
    """
    from safetensors.numpy import load_file

    digest = hashlib.sha256()
    for name, tensor in sorted(load_file(weights_file).items()):
        if not name.split(".")[0].endswith(HEAD):
            digest.update(f"{name} {tensor.dtype} {tensor.shape}\n".encode())
            digest.update(tensor.tobytes())
    return digest.hexdigest()


def versioned(heads: Mapping[str, Mapping[str, Any]], folder: str) -> dict[str, dict[str, Any]]:
    """Give the heads of a `model.json` with their `version`: 12 hex digits over their weights and fields.

    The weights are those in `folder`. A network that is nothing but a head, as that of the tempo alone, has
    no module for it, and all its weights count.
    """
    from safetensors.numpy import load_file

    tensors = load_file(os.path.join(folder, WEIGHTS_FILE))
    found = {}
    for name, fields in heads.items():
        said = {key: value for key, value in fields.items() if key != "version"}
        found[name] = {"version": _version(name, said, tensors), **said}
    return found


def _version(name: str, fields: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> str:
    module = TENSORS.get(name, f"{name}{HEAD}")
    own = {n: tensor for n, tensor in sorted(tensors.items()) if n.split(".")[0] == module}
    digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode())
    for tensor_name, tensor in (own or dict(sorted(tensors.items()))).items():
        digest.update(f"{tensor_name} {tensor.dtype} {tensor.shape}\n".encode())
        digest.update(tensor.tobytes())
    return digest.hexdigest()[:12]
