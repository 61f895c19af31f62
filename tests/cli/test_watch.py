"""A watch as its own process, and the rules by which it waits and chooses."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import watchfiles

from tagger.store import Store, scan_lock
from tagger.watch import Debounce, changes, targets
from tests.cli.conftest import Tagger
from tests.sounds import make_sound, sweep

QUIET_S, RETRY_S, LOOK_MS = 2.0, 2.0, 200
"""Less than half of the times that the command waits."""

WATCH = f"""
import sys, tagger.watch
from tagger.cli import main, watch
watch.QUIET_S, watch.RETRY_S, tagger.watch.LOOK_MS = {QUIET_S}, {RETRY_S}, {LOOK_MS}
sys.argv = ["tagger", "watch", *sys.argv[1:]]
main()
"""


class Watch:
    """A running `tagger watch` that waits less, and the events of its log."""

    def __init__(self, music: Path, db: Path, log: Path) -> None:
        self.log = log
        command = [sys.executable, "-c", WATCH, music, "--jobs", "1", "--log-format", "json", "--db", db]
        self.out = log.with_suffix(".out")
        with log.open("w") as stderr, self.out.open("w") as stdout:
            self.process = subprocess.Popen(command, stderr=stderr, stdout=stdout)

    def events(self, kind: str) -> list[dict[str, Any]]:
        events = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [event for event in events if event["event"] == kind]

    def wait_for(self, condition: Callable[[], bool]) -> None:
        for _ in range(1000):
            if condition():
                return
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.1)
        pytest.fail(f"nothing in 100 s; the log: {self.log.read_text()}")

    def wait_for_scans(self, number: int) -> dict[str, Any]:
        self.wait_for(lambda: len(self.events("finished")) >= number)
        return self.events("finished")[-1]


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    make_sound(folder / "a.flac", seconds=1.0)
    return folder


@pytest.fixture
def watch(music: Path, db: Path, tmp_path: Path) -> Iterator[Watch]:
    watch = Watch(music, db, tmp_path / "log")
    yield watch
    watch.process.kill()
    watch.process.wait()


@pytest.mark.slow
def test_a_growing_file_is_analysed_once_when_complete_and_a_rename_not_at_all(
    watch: Watch, music: Path, tmp_path: Path, tagger: Tagger
) -> None:
    assert watch.wait_for_scans(1)["analysed"] == 1
    make_sound(tmp_path / "b.flac", samples=sweep(4.0, 44_100, 1))
    content = (tmp_path / "b.flac").read_bytes()
    with (music / "b.flac").open("wb") as file:
        file.write(content[: len(content) // 2])
        file.flush()
        time.sleep(QUIET_S / 2)
        file.write(content[len(content) // 2 :])
    second = watch.wait_for_scans(2)
    assert (second["analysed"], second["failed"], second["unchanged"]) == (1, 0, 0)
    (music / "b.flac").rename(music / "c.flac")
    third = watch.wait_for_scans(3)
    assert (third["analysed"], third["moved"]) == (0, 1)
    names = [os.path.basename(row["path"]) for row in tagger("list", "--json").json]
    assert sorted(names) == ["a.flac", "c.flac"]
    watch.process.send_signal(signal.SIGTERM)
    assert watch.process.wait(timeout=10) == 130
    assert watch.out.read_text() == ""


@pytest.mark.slow
def test_a_watch_lets_others_work_in_between_and_waits_for_them(
    watch: Watch, music: Path, db: Path, tagger: Tagger
) -> None:
    watch.wait_for_scans(1)
    assert tagger("write-tags", "--yes").code == 0  # its files are ours: seen, and known
    assert watch.wait_for_scans(2)["unchanged"] == 1
    with scan_lock(str(db)):
        make_sound(music / "b.flac", seconds=2.0)
        watch.wait_for(lambda: bool(watch.events("waiting")))
    assert watch.wait_for_scans(3)["analysed"] == 1
    assert len(watch.events("waiting")) == 1


@pytest.mark.slow
def test_a_root_that_vanishes_is_waited_for(watch: Watch, music: Path, tmp_path: Path) -> None:
    watch.wait_for_scans(1)
    music.rename(tmp_path / "away")
    watch.wait_for(lambda: bool(watch.events("vanished")))
    (tmp_path / "away").rename(music)
    again = watch.wait_for_scans(2)
    assert (again["unchanged"], again["missing"], again["failed"]) == (1, 0, 0)


@pytest.mark.slow
def test_a_removal_does_not_wait_for_a_file_that_is_no_music(watch: Watch, music: Path) -> None:
    make_sound(music / "b.flac", seconds=2.0)
    watch.wait_for(lambda: sum(event["analysed"] for event in watch.events("finished")) == 2)
    (music / "a.flac").unlink()
    began = time.monotonic()
    with (music / "download.log").open("w") as log:
        while not any(event["missing"] for event in watch.events("finished")):
            log.write("more\n")
            log.flush()
            time.sleep(0.5)
            assert time.monotonic() < began + 100, watch.log.read_text()


@pytest.mark.slow
def test_a_database_that_is_deleted_is_begun_anew(
    watch: Watch, music: Path, db: Path, tagger: Tagger
) -> None:
    watch.wait_for_scans(1)
    with scan_lock(str(db)):
        for path in db.parent.glob(f"{db.name}*"):
            if path.suffix != ".lock":
                path.unlink()
        make_sound(music / "b.flac", seconds=2.0)
        watch.wait_for(lambda: bool(watch.events("waiting")))
    assert watch.wait_for_scans(2)["analysed"] == 2
    assert len(tagger("list", "--json").json) == 2


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watched paths are looked at as often as by `Watch`."""
    monkeypatch.setattr("tagger.watch.LOOK_MS", LOOK_MS)


@pytest.mark.usefixtures("often")
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_utf8_has_its_root_looked_at(music: Path) -> None:
    watched = changes([str(music)])
    assert next(watched).appeared == (str(music),)
    (music / os.fsdecode(b"caf\xe9.flac")).write_bytes(b"1")
    assert any(str(music) in next(watched).paths for _ in range(50))
    (music / "later.flac").write_bytes(b"1")
    assert any({str(music), f"{music}/later.flac"} & next(watched).paths for _ in range(50))
    (music / "last.flac").write_bytes(b"1")
    assert any(f"{music}/last.flac" in next(watched).paths for _ in range(50))
    watched.close()


@pytest.mark.usefixtures("often")
def test_a_root_behind_a_link_keeps_its_name(music: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(music)
    watched = changes([str(link)])
    next(watched)
    (music / "x.flac").write_bytes(b"1")
    assert any(f"{link}/x.flac" in next(watched).paths for _ in range(50))
    watched.close()


def test_a_system_that_cannot_watch_is_reported_in_one_line(
    tagger: Tagger, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def watch(*paths: str, **options: object) -> None:
        raise OSError(28, "OS file watch limit reached.")

    monkeypatch.setattr(watchfiles, "watch", watch)
    result = tagger("watch", music)
    assert result.code == 2
    assert result.err.startswith(f"tagger: {music}: cannot be watched (")
    assert len(result.err.splitlines()) == 1


def test_a_path_settles_when_nothing_happened_for_a_while(tmp_path: Path) -> None:
    now = 0.0
    debounce = Debounce(5.0, clock=lambda: now)
    growing, still = tmp_path / "growing.flac", tmp_path / "still.flac"
    growing.write_bytes(b"1")
    still.write_bytes(b"1")
    debounce.note([str(growing), str(still), str(tmp_path), str(tmp_path / "gone.flac")])
    now = 4.0
    growing.write_bytes(b"12")
    assert debounce.at_rest() == []
    now = 6.0  # the folder, and what is gone from it, wait for the file that grew
    assert debounce.at_rest() == [str(still)]
    now = 9.0
    assert debounce.at_rest() == [str(tmp_path), str(tmp_path / "gone.flac"), str(growing)]
    assert debounce.at_rest() == []


def test_only_what_a_scan_would_look_at_is_scanned(tagger: Tagger, db: Path, tmp_path: Path) -> None:
    root = tmp_path / "music"
    for name in ("one/a.flac", "one/b.flac", "two/c.flac", "two/deep/d.flac"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        make_sound(root / name, seconds=1.0 + len(name) / 10)
    tagger("scan", root)
    (root / "one/a.flac").unlink()
    (root / "two/deep/d.flac").unlink()  # an emptied folder looks like a drive that is not mounted
    (root / ".tagger-x.tmp").touch()
    (root / "cover.jpg").touch()
    (root / ".hidden").mkdir()
    (root / ".hidden/e.flac").touch()
    with Store.open(str(db), create=False) as store:

        def chosen(*names: str) -> list[str]:
            paths = targets([f"{root}/{name}" for name in names], [str(root)], store)
            return [os.path.relpath(path, root) for path in paths]

        assert chosen("one/b.flac", "two/c.flac") == ["one/b.flac", "two/c.flac"]
        assert chosen("one/a.flac", "one/b.flac") == ["one"]
        assert chosen("two/deep/d.flac") == ["two"]
        assert chosen("two", "two/c.flac") == ["two"]
        assert chosen("cover.jpg", ".tagger-x.tmp", ".hidden/e.flac", ".hidden", "never-known.flac") == []
        assert chosen("../elsewhere/f.flac") == []
