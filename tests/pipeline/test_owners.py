"""A sound in very many files: each is known at once, and the work of a scan is not the square of them."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tagger.files import AudioFile
from tagger.pipeline.ingest import Ingest, ScanCounts
from tagger.pipeline.owners import FEW, Owners
from tagger.pipeline.scan import BATCH, batched
from tagger.store import Store
from tagger.types import Analysis, Failure, Identified, TrackFeatures
from tests.counted_work import assert_not_squared, counted
from tests.store.store_answers import MODEL, analysed, parts


def files_of_a_sound(folder: Path, n_files: int) -> list[Identified]:
    """So many names of one file, as a scan meets them."""
    folder.mkdir(parents=True)
    first = folder / "0000.mp3"
    first.write_bytes(b"sound")
    for n in range(1, n_files):
        (folder / f"{n:04}.mp3").hardlink_to(first)
    return [identified(str(path)) for path in sorted(folder.iterdir())]


def identified(path: str) -> Identified:
    _, recording, _ = parts(analysed(path))
    status = os.stat(path)
    return Identified(AudioFile(path, status.st_size, status.st_mtime_ns), recording)


def first_analysed(store: Store, one: Identified) -> None:
    _, recording, prediction = parts(analysed(one.file.path))
    store.record_batch([Analysis(one.file, recording, prediction)], [])


def no_model() -> None:
    raise AssertionError("nothing is to be predicted")


def taken(store: Store, files: Sequence[Identified]) -> ScanCounts:
    """Take in files as a scan does, whose answers are all known."""
    counts = ScanCounts()
    ingest = Ingest(store, MODEL, no_model, counts, lambda failure: None)
    for batch in batched(files, BATCH):
        outcomes: list[TrackFeatures | Identified | Failure] = [*batch]
        assert ingest.take(outcomes) == []
    return counts


@pytest.mark.parametrize("what", ["duplicates", "unchanged", "moved"])
def test_twice_the_names_of_a_sound_are_twice_the_work(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(n_files: int) -> Counter[str]:
        folder = tmp_path / str(n_files)
        files = files_of_a_sound(folder / "music", n_files)
        with Store.open(str(folder / "db"), create=True) as store:
            first_analysed(store, files[0])
            if what != "duplicates":
                taken(store, files)
            if what == "moved":
                (folder / "music").rename(folder / "renamed")
                files = [identified(str(path)) for path in sorted((folder / "renamed").iterdir())]
            with counted(store, monkeypatch) as work:
                counts = taken(store, files)
            found = (counts.unchanged, counts.moved, counts.duplicates)
            assert (
                found
                == {
                    "duplicates": (1, 0, n_files - 1),
                    "unchanged": (n_files, 0, 0),
                    "moved": (0, n_files, 0),
                }[what]
            )
            assert sorted(path for (path,) in store.database.all("SELECT path FROM tracks")) == [
                one.file.path for one in files
            ]
        return work

    assert_not_squared(work(200), work(400))


def test_of_many_tracks_of_a_sound_those_are_given_that_decide(tmp_path: Path) -> None:
    """The one at the file's own path, also if it is spelled otherwise, and those whose file is gone."""
    files = files_of_a_sound(tmp_path / "music", 60)
    with Store.open(str(tmp_path / "db"), create=True) as store:
        first_analysed(store, files[0])
        taken(store, files)
        gone, shouted = files[40].file.path, files[50].file.path
        os.unlink(gone)
        os.unlink(shouted)
        new = tmp_path / "music" / os.path.basename(shouted).upper()
        new.hardlink_to(files[0].file.path)
        given = Owners(store.files, MODEL).of([files[30], identified(str(new))])
        (owners,) = given.values()
    paths = [path for _, path in owners]
    assert {files[30].file.path, gone, shouted} <= {*paths}
    assert FEW < len(paths) <= FEW + 5
