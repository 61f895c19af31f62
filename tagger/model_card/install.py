"""Install the owner's own models beside the shipped ones, whole or not at all, and remove them."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from contextlib import suppress
from typing import Literal

from tagger.errors import ModelError
from tagger.model_card import (
    WEIGHTS_FILE,
    ModelCard,
    added_models,
    added_models_folder,
    models_folder,
    shipped_models,
)

Outcome = Literal["added", "replaced", "unchanged"]

NEEDED = ("model.json", WEIGHTS_FILE)
BESIDE = (".md", ".svg", ".png")
"""Endings of the files beside them that are copied too: the card and its pictures, no checkpoints."""

ID_RULE = "up to 100 of a-z, 0-9, '.', '_' and '-', a letter or digit at both ends"

_SAFE_ID = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")


def install(card: ModelCard, replace: bool = False) -> Outcome:
    """Copy the model's folder to where `load_card` finds it by its id.

    Raises `ModelError` for an id that `check_id` refuses, one that is there with other content unless
    `replace`, and where the copy cannot be written.
    """
    check_id(card.id)
    target = os.path.join(_root(), card.id)
    try:
        there = os.path.lexists(target)
        if there and _contents(card.folder) == _contents(target):
            return "unchanged"
        if there and not os.path.isfile(os.path.join(target, NEEDED[0])):
            raise ModelError(f"{target}: is there already and no model; move it away first")
        if there and not replace:
            raise ModelError(
                f"{card.id}: there already with other content; give --replace, or another id in model.json"
            )
        _put(card.folder, target)
    except OSError as error:
        raise ModelError(f"{target}: cannot be written ({error.strerror or error})") from None
    return "replaced" if there else "added"


def uninstall(model_id: str) -> None:
    """Remove a model that was added. Raises `ModelError` for any other, and where it cannot."""
    root = _root()
    if model_id not in (added := added_models()):
        if model_id in shipped_models():
            raise ModelError(f"{model_id}: comes with the program and stays; only added ones can be removed")
        raise ModelError(f"no added model named {model_id!r}; added: {', '.join(added) or 'none'}")
    try:
        _discard(_hidden(os.path.join(root, model_id)))
    except OSError as error:
        raise ModelError(f"{model_id}: cannot be removed ({error.strerror or error})") from None


def check_id(model_id: str) -> None:
    """Raise `ModelError` for an id that cannot name a folder everywhere, or that is the program's own."""
    if not can_be_id(model_id):
        raise ModelError(f"id {model_id!r} in model.json cannot name a folder; give {ID_RULE}")
    families = {_family(shipped) for shipped in shipped_models()}
    if _family(model_id) in families:
        names = ", ".join(f"{family} and {family}-1, -2, ..." for family in sorted(families))
        raise ModelError(f"{model_id}: {names} are models of the program; give another id in model.json")


def can_be_id(name: str) -> bool:
    """Tell whether a name keeps to `ID_RULE`, so that it can name a folder everywhere.

    >>> can_be_id("my-model.2"), can_be_id("../mine"), can_be_id("")
    (True, False, False)
    """
    return _SAFE_ID.fullmatch(name) is not None


def _family(model_id: str) -> str:
    return re.sub(r"-\d+$", "", model_id.lower())


def _root() -> str:
    root = added_models_folder()
    if os.path.realpath(root) == os.path.realpath(models_folder()):
        raise ModelError(f"{root}: TAGGER_MODELS must not name the folder of the program's models")
    return root


def _put(source: str, target: str) -> None:
    """Exchange all files at once: a reader finds the old model or the new one, or for an instant none."""
    draft = _beside(target)
    try:
        os.makedirs(draft)
        for name in _files(source):
            shutil.copyfile(os.path.join(source, name), os.path.join(draft, name))
        _exchange(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _exchange(draft: str, target: str) -> None:
    """Rename twice, because no folder can be renamed onto one that holds files."""
    old = _hidden(target) if os.path.lexists(target) else None
    try:
        os.rename(draft, target)
    except BaseException:
        if old:
            os.rename(old, target)
        raise
    if old:
        with suppress(OSError):
            _discard(old)


def _hidden(folder: str) -> str:
    """Rename a folder so that nothing finds it."""
    hidden = _beside(folder)
    os.rename(folder, hidden)
    return hidden


def _beside(path: str) -> str:
    return os.path.join(os.path.dirname(path), f".{secrets.token_hex(6)}.tmp")


def _discard(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def _contents(folder: str) -> dict[str, str]:
    """Give the SHA-256 of each file of a model; empty for what is no folder."""
    digests = {}
    for name in _files(folder):
        with open(os.path.join(folder, name), "rb") as file:
            digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


def _files(folder: str) -> list[str]:
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    wanted = (name for name in names if name in NEEDED or (name.endswith(BESIDE) and name[0] != "."))
    return [name for name in wanted if os.path.isfile(os.path.join(folder, name))]
