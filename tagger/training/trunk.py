"""Which weights make the embedding: models that share them need only run their heads on a stored one."""

from __future__ import annotations

import hashlib

from safetensors.numpy import load_file

HEAD = "_head"
"""Ends the name of every module that reads the embedding and that nothing reads."""


def trunk_sha256(weights_file: str) -> str:
    """SHA-256 over name, type, shape and bytes of each tensor but the heads', the filter bank included.

    In the order of names; it does not depend on how the file is laid out.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(load_file(weights_file).items()):
        if not name.split(".")[0].endswith(HEAD):
            digest.update(f"{name} {tensor.dtype} {tensor.shape}\n".encode())
            digest.update(tensor.tobytes())
    return digest.hexdigest()
