"""Install the owner's own models beside the shipped ones, whole or not at all, and remove them."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from typing import Literal

from tagger.descriptors import open_no_link
from tagger.errors import ModelError
from tagger.model_card import (
    WEIGHTS_FILE,
    ModelCard,
    added_models,
    added_models_folder,
    models_folder,
    shipped_models,
)
from tagger.model_card.exchange import clean_up, delete_folder, replaced_folder

Outcome = Literal["added", "replaced", "unchanged"]

NEEDED = ("model.json", WEIGHTS_FILE)
BESIDE = (".md", ".svg", ".png")
"""Endings of the files beside them that are copied too: the card and its pictures, no checkpoints."""

MAX_BESIDE_BYTES = 16 << 20
"""Of each file beside the weights; ours have 50 kB."""

ID_RULE = (
    "up to 100 of a-z, 0-9, '.', '_' and '-', a letter or digit at both ends, "
    "and no device of Windows (con, nul, com1)"
)

_SAFE_ID = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""What Windows takes for a device in every folder, with any ending."""


def install(card: ModelCard, replace: bool = False) -> Outcome:
    """Copy the model's folder to where `load_card` finds it by its id.

    A symbolic link among its files is not followed, and a folder that is replaced holds nothing but what
    was installed. Raises `ModelError` for an id that `check_id` refuses, one that is there with other
    content unless `replace`, for links and files of others, and where the copy cannot be written.
    """
    check_id(card.id)
    target = os.path.join(_root(), card.id)
    _check_no_links(card.folder)
    _check_sizes(card.folder)
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
        if there:
            _check_only_installed(target)
        _put(card.folder, target)
    except OSError as error:
        raise ModelError(f"{target}: cannot be written ({error.strerror or error})") from None
    return "replaced" if there else "added"


def install_made(model_id: str, make: Callable[[str], None]) -> None:
    """Install a model that `make` writes into the empty folder that it is given, whole or not at all.

    Raises `ModelError` as `install` does, and for an id that is there already.
    """
    check_id(model_id)
    target = os.path.join(_root(), model_id)
    if os.path.lexists(target):
        raise ModelError(f"{target}: is there already; give another name")
    try:
        with replaced_folder(target) as draft:
            make(draft)
    except OSError as error:
        raise ModelError(f"{target}: cannot be written ({error.strerror or error})") from None


def uninstall(model_id: str) -> None:
    """Remove a model that was added. Raises `ModelError` for any other, and where it cannot.

    A folder in which there is something else than `install` puts there stays whole.
    """
    root = _root()
    if model_id not in (added := added_models()):
        if model_id in shipped_models():
            raise ModelError(f"{model_id}: comes with the program and stays; only added ones can be removed")
        raise ModelError(f"no added model named {model_id!r}; added: {', '.join(added) or 'none'}")
    try:
        _check_only_installed(os.path.join(root, model_id))
        delete_folder(os.path.join(root, model_id))
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

    >>> can_be_id("my-model.2"), can_be_id("../mine"), can_be_id(""), can_be_id("NUL.txt")
    (True, False, False, False)
    """
    return _SAFE_ID.fullmatch(name) is not None and _DEVICE.fullmatch(name) is None


def _family(model_id: str) -> str:
    return re.sub(r"-\d+$", "", model_id.lower())


def _root() -> str:
    """Give the folder of added models, without what a killed `install` or `uninstall` has left there."""
    root = added_models_folder()
    if os.path.realpath(root) == os.path.realpath(models_folder()):
        raise ModelError(f"{root}: TAGGER_MODELS must not name the folder of the program's models")
    clean_up(root, is_ours=lambda folder: not _others(folder), is_whole=_is_whole)
    return root


def _put(source: str, target: str) -> None:
    with replaced_folder(target) as draft:
        for name in _files(source):
            _copy(os.path.join(source, name), os.path.join(draft, name))


def _copy(source: str, target: str) -> None:
    with open(source, "rb", opener=open_no_link) as file, open(target, "xb") as copy:
        shutil.copyfileobj(file, copy, 1 << 20)


def _check_sizes(folder: str) -> None:
    """Raise `ModelError` where a file beside the weights is so large that it is no card and no picture."""
    for name in _files(folder):
        path = os.path.join(folder, name)
        if name != WEIGHTS_FILE and os.path.getsize(path) > MAX_BESIDE_BYTES:
            raise ModelError(
                f"{path}: has more than {MAX_BESIDE_BYTES >> 20} MiB; make it shorter, or leave it out"
            )


def _check_no_links(folder: str) -> None:
    """Raise `ModelError` where one of a model's files is a link: it would be a copy of who knows what."""
    for name in _names(folder):
        if os.path.islink(path := os.path.join(folder, name)):
            raise ModelError(f"{path}: a symbolic link, which is not followed; put the file itself there")


def _check_only_installed(folder: str) -> None:
    """Raise `ModelError` where a folder holds what `install` never puts there; a link is only a name."""
    if others := _others(folder):
        raise ModelError(
            f"{os.path.join(folder, others[0])}: was not installed by tagger and would be deleted; "
            "move it away first"
        )


def _others(folder: str) -> list[str]:
    """The names in a folder, if it is one, that `install` never puts there."""
    if os.path.islink(folder) or not os.path.isdir(folder):
        return []
    ours = set(_files(folder))
    with os.scandir(folder) as entries:
        return sorted(one.name for one in entries if one.name not in ours or one.is_symlink())


def _is_whole(folder: str) -> bool:
    return set(NEEDED) <= set(_files(folder))


def _contents(folder: str) -> dict[str, str]:
    """Give the SHA-256 of each file of a model; empty for what is no folder."""
    digests = {}
    for name in _files(folder):
        with open(os.path.join(folder, name), "rb", opener=open_no_link) as file:
            digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


def _files(folder: str) -> list[str]:
    return [name for name in _names(folder) if os.path.isfile(os.path.join(folder, name))]


def _names(folder: str) -> list[str]:
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return [name for name in names if name in NEEDED or (name.endswith(BESIDE) and name[0] != ".")]
