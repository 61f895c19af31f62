"""`tagger duplicates`: the sounds that are in several files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tagger.cli import configured, shared
from tagger.cli.shared import message, print_json_array
from tagger.cli.terminal import say, shown
from tagger.types import counted

if TYPE_CHECKING:
    from tagger.store import SameSound


def duplicates(paths: shared.Paths = None, db: shared.Db = None, json: shared.Json = False) -> None:
    """Name the sounds that are in several files, and these files.

    Files are alike by their sound, whatever their names and tags are.
    With a PATH, sounds that have a file there, and all their files.
    A link is another name of a file, not a copy. Nothing is deleted.

        tagger duplicates
        tagger duplicates ~/Music/New
    """
    from tagger.model_choice import unknown_paths

    places = shared.named(paths)
    with configured.library(db) as library:
        found = library.duplicates(*places)
        for line in unknown_paths(places, library.store):
            message(line)
    if json:
        print_json_array(map(_fields, found))
        return
    links = [_links(sound) for sound in found]
    for sound, are_links in zip(found, links, strict=True):
        _print(sound, are_links)
    message(_summary(found, links))


def _fields(sound: SameSound) -> dict[str, Any]:
    return {
        "audio_id": sound.audio_id,
        "artist": sound.artist,
        "title": sound.title,
        "duration_s": None if sound.duration_s is None else round(sound.duration_s, 3),
        "files": [
            {"path": path, "size": size, "link": link}
            for (path, size), link in zip(sound.files, _links(sound), strict=True)
        ],
    }


def _print(sound: SameSound, links: list[bool]) -> None:
    names = " – ".join(shown(name) for name in (sound.artist, sound.title) if name)
    length = f"{_clock(sound.duration_s)}, " if sound.duration_s else ""
    say(f"{names}, {length}{len(sound.files)} files" if names else f"{length}{len(sound.files)} files")
    for (path, size), link in zip(sound.files, links, strict=True):
        say(f"  {_size(size):>9}  {shown(path)}{'  (a link, no copy)' if link else ''}")


def _links(sound: SameSound) -> list[bool]:
    """Whether each file is another name, by a hard or symbolic link, of one that stands before it.

    Of a file and the symbolic links to it, the file itself is the first, wherever it stands.
    """
    identities = {path: _identity(path) for path, _ in sound.files}
    first: dict[object, str] = {}
    for path in sorted(identities, key=os.path.islink):
        first.setdefault(identities[path], path)
    return [first[identities[path]] != path for path, _ in sound.files]


def _identity(path: str) -> object:
    """What two names of one file share; a name that leads nowhere is alone."""
    try:
        status = os.stat(path)
    except OSError:
        return path
    return status.st_dev, status.st_ino


def _spare_bytes(sound: SameSound, links: list[bool]) -> int:
    """What the copies beside the largest one take."""
    sizes = [size for (_, size), link in zip(sound.files, links, strict=True) if not link]
    return sum(sizes) - max(sizes)


def _summary(found: Sequence[SameSound], links: Sequence[list[bool]]) -> str:
    if not found:
        return "no sound is in several files"
    files = sum(len(sound.files) for sound in found)
    spare = sum(map(_spare_bytes, found, links))
    sounds = "1 sound is" if len(found) == 1 else f"{len(found):,} sounds are"
    return f"{sounds} in {counted(files, 'files')}; all but the largest of each take {_size(spare)}"


def _size(n_bytes: int) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:,.1f} {unit}"
    return f"{n_bytes / 1e3:,.0f} kB"


def _clock(seconds: float) -> str:
    return f"{round(seconds) // 60}:{round(seconds) % 60:02}"
