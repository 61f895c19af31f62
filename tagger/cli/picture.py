"""Where a picture is written: under a name that takes nothing of the owner's away."""

from __future__ import annotations

import os
from collections.abc import Sequence

from tagger.cli.output import shown
from tagger.errors import TaggerError

LONGEST_STEM_BYTES = 100
"""Of each file's name in the name of a picture: file systems take 255 bytes, or fewer."""

LARGEST_BYTES = 1 << 24
"""More than any picture that tagger draws."""


def default_name(files: Sequence[str]) -> str:
    """A PNG in the current folder, named after the files."""
    stems = [_cut(os.path.splitext(os.path.basename(file))[0]) for file in files]
    return "-".join([*stems, "spectrogram.png"])


def check_picture(path: str, inputs: Sequence[str]) -> str:
    """The picture's format. Raises `TaggerError` for a name that must not or cannot be written to.

    Never written over: music, and a file that is there but is no picture of tagger's own.
    """
    from tagger.files import AUDIO_EXTENSIONS
    from tagger.plots import FORMATS

    target = os.path.realpath(path)
    endings = f"a name that ends in .{', .'.join(FORMATS[:-1])} or .{FORMATS[-1]}"
    if _is_any(target, inputs) or {_ending(path), _ending(target)} & AUDIO_EXTENSIONS:
        raise TaggerError(f"{shown(path)}: pictures are not written over music; give {endings}")
    if _ending(path) not in FORMATS:
        raise TaggerError(f"{shown(path)}: no kind of picture that tagger draws; give {endings}")
    _check_folder(path, os.path.dirname(target))
    if os.path.lexists(target) and not _may_be_replaced(target):
        raise TaggerError(
            f"{shown(path)}: there already, and not drawn by tagger; move it or give another name by --output"
        )
    return _ending(path)


def _check_folder(path: str, folder: str) -> None:
    if not os.path.isdir(folder):
        raise TaggerError(f"{shown(path)}: its folder does not exist; make it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise TaggerError(f"{shown(path)}: its folder is not writable; give another one by --output")


def _may_be_replaced(target: str) -> bool:
    """Whether nothing is lost: an earlier picture of ours, or an empty file."""
    from tagger.plots import MARK

    if not os.path.isfile(target):
        return False
    try:
        with open(target, "rb") as file:
            content = file.read(LARGEST_BYTES)
    except OSError:
        return False
    return not content or MARK.encode() in content


def _is_any(target: str, files: Sequence[str]) -> bool:
    return os.path.exists(target) and any(
        os.path.samefile(target, file) for file in files if os.path.exists(file)
    )


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].removeprefix(".").lower()


def _cut(stem: str) -> str:
    while len(os.fsencode(stem)) > LONGEST_STEM_BYTES:
        stem = stem[:-1]
    return stem
