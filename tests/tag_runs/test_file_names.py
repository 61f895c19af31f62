"""Files of many names: the work of a run grows with the names, not with their square; and links are told."""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tagger import tag_runs
from tagger.store import Store
from tagger.tag_runs import Selection, TagSettings, UndoCounts, WriteCounts
from tagger.tag_runs.file_names import FEW
from tagger.tags import HardLinks
from tests.counted_work import assert_not_squared, counted
from tests.tag_runs.library import MODEL, REPLACE, analysed_as, contents, make_files, undo_tags, write_tags

SOUND = "5" * 32


def names_of_a_file(folder: Path, n_names: int) -> list[str]:
    """A real small file with so many hard links, each in a database as of one sound."""
    (first,) = make_files(folder / "music", ["mp3"])
    paths = [first, *(f"{folder}/music/{n:04}.mp3" for n in range(1, n_names))]
    for path in paths[1:]:
        os.link(first, path)
    store_as_one_sound(folder, paths)
    return paths


def store_as_one_sound(folder: Path, paths: list[str]) -> None:
    with Store.open(str(folder / "db"), create=True) as store:
        store.record_batch([analysed_as(path, SOUND) for path in paths], [])


def work_of(
    run: Callable[[Store], object], folder: Path, n_names: int, monkeypatch: pytest.MonkeyPatch
) -> Counter[str]:
    names_of_a_file(folder, n_names)
    with Store.open(str(folder / "db"), create=False) as store, counted(store, monkeypatch) as work:
        run(store)
    return work


def written(store: Store, settings: TagSettings) -> WriteCounts:
    write_tags(store, (), MODEL, settings, counts := WriteCounts())
    return counts


def undone(store: Store) -> UndoCounts:
    undo_tags(store, None, counts := UndoCounts())
    return counts


RUNS: dict[str, Callable[[Store, TagSettings], object]] = {
    "preview": lambda store, settings: tag_runs.preview(store, Selection(MODEL), settings, WriteCounts()),
    "write": written,
    "write and undo": lambda store, settings: (written(store, settings), undone(store)),
}


@pytest.mark.parametrize(
    ("run", "rule"),
    [
        *((run, rule) for run in ("preview", "write") for rule in ("skip", "in-place", "break")),
        *(("write and undo", rule) for rule in ("in-place", "break")),
    ],
)
@pytest.mark.parametrize("keep_mtime", [False, True])
def test_twice_the_names_of_a_file_are_twice_the_work(
    run: str, rule: HardLinks, keep_mtime: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(REPLACE, hard_links=rule, keep_mtime=keep_mtime)

    def work(n_names: int) -> Counter[str]:
        folder = tmp_path / str(n_names)
        return work_of(lambda store: RUNS[run](store, settings), folder, n_names, monkeypatch)

    few, many = work(50), work(100)
    assert few["looks"] > 50
    assert_not_squared(few, many)


def test_recovery_after_a_run_that_broke_many_links_is_not_the_square_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(REPLACE, hard_links="break", keep_mtime=True)

    def work(n_names: int) -> Counter[str]:
        folder = tmp_path / str(n_names)
        names_of_a_file(folder, n_names)
        with Store.open(str(folder / "db"), create=False) as store:
            run = store.runs.begin("write-tags")  # and it never ends
            tag_runs.write_tags(store, run, Selection(MODEL), settings, WriteCounts())
            with counted(store, monkeypatch) as work:
                tag_runs.recover(store)
            assert len(list(store.runs.latest(10))) == 1
        return work

    few, many = work(50), work(100)
    assert_not_squared(few, many)


@pytest.mark.parametrize("n_names", [FEW, FEW + 30])
@pytest.mark.parametrize(("rule", "n_written"), [("skip", 0), ("in-place", 1), ("break", None)])
def test_few_names_and_many_are_treated_alike(
    rule: HardLinks, n_written: int | None, n_names: int, tmp_path: Path
) -> None:
    """Every name gets its new state, so that no scan has to look again, and undo brings every byte back."""
    paths = names_of_a_file(tmp_path, n_names)
    n_written = n_names if n_written is None else n_written
    before = contents(tmp_path / "music")
    with Store.open(str(tmp_path / "db"), create=False) as store:
        counts = written(store, replace(REPLACE, hard_links=rule))
        assert counts.files_written == n_written
        assert stored_states(store) == states_of(paths)
        if n_written:
            assert undone(store).files_restored == n_written
            assert stored_states(store) == states_of(paths)
    assert contents(tmp_path / "music") == before


@pytest.mark.parametrize("n_copies", [1, FEW + 10])
def test_a_symbolic_link_is_written_with_its_file_also_among_many_copies(
    n_copies: int, tmp_path: Path
) -> None:
    """Copies that keep the date look to the store like further names, and each is written by itself."""
    (first,) = make_files(tmp_path / "music", ["mp3"])
    copies = [f"{tmp_path}/music/copy {n:02}.mp3" for n in range(n_copies)]
    for copy in copies:
        Path(copy).write_bytes(Path(first).read_bytes())
        os.utime(copy, ns=(os.stat(first).st_atime_ns, os.stat(first).st_mtime_ns))
    links = [f"{tmp_path}/music/{name}" for name in ("a link.mp3", "z link.mp3", "y link.mp3")]
    for link in links:
        os.symlink(first, link)
    os.symlink("/nowhere", tmp_path / "music" / "dangling.mp3")
    store_as_one_sound(tmp_path, [first, *copies, *links])
    with Store.open(str(tmp_path / "db"), create=False) as store:
        counts = written(store, REPLACE)
        assert (counts.files_written, counts.unchanged, counts.skipped) == (1 + n_copies, 3, 0)
        assert stored_states(store) == states_of([first, *copies, *links])
        assert undone(store).files_restored == 1 + n_copies
        assert stored_states(store) == states_of([first, *copies, *links])
    assert all(os.path.islink(link) for link in links)


def test_only_a_link_to_an_earlier_track_of_the_selection_is_a_second_name(tmp_path: Path) -> None:
    """A file outside the selection is not written by it, so its link inside is."""
    (first,) = make_files(tmp_path / "outside", ["mp3"])
    (tmp_path / "within").mkdir()
    links = [f"{tmp_path}/within/{name}.mp3" for name in "ab"]
    for link in links:
        os.symlink(first, link)
    store_as_one_sound(tmp_path, [first, *links])
    with Store.open(str(tmp_path / "db"), create=False) as store:
        counts = WriteCounts()
        write_tags(store, (f"{tmp_path}/within",), MODEL, REPLACE, counts)
        assert (counts.files_written, counts.unchanged) == (1, 1)
        assert stored_states(store) == states_of([first, *links])


def stored_states(store: Store) -> dict[str, tuple[int, int]]:
    rows = store.database.all("SELECT path, size, mtime_ns FROM tracks")
    return {path: (size, mtime_ns) for path, size, mtime_ns in rows}


def states_of(paths: list[str]) -> dict[str, tuple[int, int]]:
    return {path: (os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in paths}
