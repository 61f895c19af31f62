"""`tagger duplicates`: the sounds that are in several files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tagger.cli import shared
from tagger.cli.shared import message, print_json_array, shown
from tagger.types import counted

if TYPE_CHECKING:
    from tagger.store import SameSound


def duplicates(paths: shared.Paths = None, db: shared.Db = None, json: shared.Json = False) -> None:
    """Name the sounds that are in several files, and these files.

    Files are alike by their sound, whatever their names and tags are.
    With a PATH, sounds that have a file there, and all their files.
    Nothing is deleted.

        tagger duplicates
        tagger duplicates ~/Music/New
    """
    from tagger.library import Library
    from tagger.model_choice import unknown_paths

    places = shared.named(paths)
    with Library(shared.database_path(db)) as library:
        found = library.duplicates(*places)
        for line in unknown_paths(places, library.store):
            message(line)
    if json:
        print_json_array(map(_fields, found))
        return
    for sound in found:
        _print(sound)
    message(_summary(found))


def _fields(sound: SameSound) -> dict[str, Any]:
    return {
        "audio_id": sound.audio_id,
        "artist": sound.artist,
        "title": sound.title,
        "duration_s": None if sound.duration_s is None else round(sound.duration_s, 3),
        "files": [{"path": path, "size": size} for path, size in sound.files],
    }


def _print(sound: SameSound) -> None:
    names = " – ".join(shown(name) for name in (sound.artist, sound.title) if name)
    length = f"{_clock(sound.duration_s)}, " if sound.duration_s else ""
    print(f"{names}, {length}{len(sound.files)} files" if names else f"{length}{len(sound.files)} files")
    for path, size in sound.files:
        print(f"  {_size(size):>9}  {shown(path)}")


def _summary(found: Sequence[SameSound]) -> str:
    if not found:
        return "no sound is in several files"
    files = sum(len(sound.files) for sound in found)
    spare = sum(sound.spare_bytes for sound in found)
    sounds = "1 sound is" if len(found) == 1 else f"{len(found):,} sounds are"
    return f"{sounds} in {counted(files, 'files')}; all but the largest of each take {_size(spare)}"


def _size(n_bytes: int) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:,.1f} {unit}"
    return f"{n_bytes / 1e3:,.0f} kB"


def _clock(seconds: float) -> str:
    return f"{round(seconds) // 60}:{round(seconds) % 60:02}"
