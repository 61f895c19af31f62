"""Files of every kind that we wrote and a player has edited since: the next look knows what is whose."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tagger.files import AudioFile
from tagger.library import Library
from tagger.store import Reuse, Said
from tagger.tags import Change, Tags, apply, read
from tagger.tags.read import own_tags
from tagger.types import Identified
from tests.tag_runs.library import make_files, store_analyses
from tests.tags.samples import NAMES


def written(folder: Path, kind: str) -> Library:
    """A library of one file with our genre, energy and tempo."""
    paths = make_files(folder / "music", [kind])
    store_analyses(folder / "x.db", paths, {"Drum & Bass": 0.9}, tempo=(127.98, 0.9))
    library = Library(folder / "x.db")
    if library.write_tags().skipped:
        pytest.skip(f"{kind} files are not written")
    return library


def look_again(library: Library) -> list[Said]:
    """What is corrected when a scan has met the file as it is now."""
    (track,) = library.tracks()
    os.utime(track.path)
    status = os.stat(track.path)
    analysis = library.analysis(track.path)
    assert analysis is not None
    recording = replace(analysis.recording, own=own_tags(track.path))
    known = Identified(AudioFile(track.path, status.st_size, status.st_mtime_ns), recording)
    (track_id,) = library.store.database.all("SELECT id FROM tracks")[0]
    library.store.files.reuse([Reuse(known, "unchanged", track_id)])
    return library.store.corrections.all()


def edit(library: Library, *changes: tuple[str, str]) -> Tags:
    """Write fields as a player does, which knows nothing of us."""
    (track,) = library.tracks()
    before = read(track.path)
    apply(track.path, [Change(field, before.texts(field), (text,)) for field, text in changes])  # type: ignore[arg-type]
    return read(track.path)


@pytest.mark.parametrize("kind", NAMES)
def test_a_file_that_we_wrote_says_nothing_until_it_is_edited(tmp_path: Path, kind: str) -> None:
    with written(tmp_path, kind) as library:
        assert look_again(library) == [], "it is as we left it"
        edit(library, ("genre", "Surf"), ("bpm", "64"), ("energy_level", "3"))
        found = {said.field: said.correction.value for said in look_again(library)}
        assert found == {"genre": ("Surf",), "bpm": ("64",), "energy": ("0.25",)}
        (track,) = library.tracks()
        assert (track.genre, track.bpm, track.energy) == ("Surf", 64.0, 0.25)
        assert len(look_again(library)) == 3
        library.write_tags()
        tags = read(track.path)
        assert (tags.genres, tags.bpm, tags.energy_level, tags.energy) == (("Surf",), "64", "3", "0.2500")
        assert len(look_again(library)) == 3


def test_an_edit_that_is_taken_back_by_undo_says_nothing(tmp_path: Path) -> None:
    with written(tmp_path, "flac") as library:
        library.undo()
        assert look_again(library) == []
        edit(library, ("genre", "Surf"))
        assert look_again(library) == [], "nothing of ours is there"
