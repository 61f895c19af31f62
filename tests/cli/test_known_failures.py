"""The same fault every night is no news: what is known and unchanged is silent, what is ignored is left."""

import errno
import json
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tagger.store import Store
from tests.cli.conftest import Tagger
from tests.cli.test_nightly import figures
from tests.sounds import make_sound, sweep


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Two tracks and two files that are none, one of them in a folder of its own."""
    folder = tmp_path / "music"
    (folder / "demos").mkdir(parents=True)
    for i in range(2):
        make_sound(folder / f"{i}.flac", samples=sweep(1.0 + i / 10, 22_050, 1))
    for name in ("torn.mp3", "demos/torn.m4a"):
        (folder / name).write_text("no music")
    return folder


def failed(tagger: Tagger, *options: str) -> list[str]:
    """The names of the files that `tagger failures` lists."""
    return [os.path.basename(row["path"]) for row in tagger("failures", *options, "--json").json]


def test_a_known_fault_is_silent_at_night_and_leaves_exit_code_0(
    tagger: Tagger, music: Path, tmp_path: Path
) -> None:
    first = tagger("scan", music, "--quiet")
    assert (first.code, first.out) == (1, "")
    *lines, last = first.err.splitlines()
    assert sorted(lines) == [
        f"tagger: {music}/demos/torn.m4a: not an audio file, or damaged beyond reading (skipped)",
        f"tagger: {music}/torn.mp3: not an audio file, or damaged beyond reading (skipped)",
    ]
    assert last == "tagger: 2 could not be analysed; `tagger failures` says why"
    second = tagger("scan", music, "--quiet")
    assert (second.code, second.out, second.err) == (0, "", "")
    watched = tagger("scan", music, "--json")
    assert (watched.code, watched.json["failed"], watched.json["new_failures"]) == (0, 2, 0)
    assert watched.err == "tagger: 2 could not be analysed, as before; `tagger failures` says why\n"

    (music / "new.ogg").write_text("no music either")
    metrics = tmp_path / "night.prom"
    third = tagger("scan", music, "--quiet", "--log-format", "json", "--metrics-file", metrics)
    events = [json.loads(line) for line in third.err.splitlines()]
    assert third.code == 1
    assert [event.get("path") for event in events if event["event"] == "failed"] == [f"{music}/new.ogg"]
    assert (events[-1]["failed"], events[-1]["new_failures"]) == (3, 1)
    of_scan = figures(metrics)
    assert (of_scan["tagger_scan_failed"], of_scan["tagger_scan_new_failures"]) == (3, 1)


def test_a_file_that_fails_in_another_state_is_news(tagger: Tagger, music: Path) -> None:
    tagger("scan", music)
    (music / "torn.mp3").write_text("still no music")
    again = tagger("scan", music, "--quiet")
    assert again.code == 1
    assert again.err.splitlines()[1:] == [
        "tagger: 2 could not be analysed, 1 of them for the first time; `tagger failures` says why"
    ]
    assert failed(tagger, "--new") == ["torn.mp3"]


def test_who_asks_for_a_retry_reads_what_still_fails_unless_quiet(tagger: Tagger, music: Path) -> None:
    tagger("scan", music)
    for option in ("--retry-failed", "--full"):
        loud = tagger("scan", music, option)
        assert (loud.code, loud.err.count("(skipped)")) == (0, 2)
        quiet = tagger("scan", music, option, "--quiet")
        assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    assert failed(tagger, "--new") == []


def test_new_failures_are_those_of_the_last_scan(tagger: Tagger, music: Path) -> None:
    tagger("scan", music)
    assert failed(tagger, "--new") == failed(tagger) == ["torn.m4a", "torn.mp3"]
    (music / "new.ogg").write_text("no music either")
    tagger("scan", music)
    assert failed(tagger, "--new") == ["new.ogg"]
    tagger("scan", music)
    assert (failed(tagger, "--new"), len(failed(tagger))) == ([], 3)
    assert tagger("failures", "--new").err == "tagger: no file has failed that had not before\n"


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs symbolic links")
def test_a_dangling_link_is_one_line_once(tagger: Tagger, music: Path) -> None:
    tagger("scan", music)
    link = music / "gone.mp3"
    link.symlink_to("/nowhere/gone.mp3")
    first = tagger("scan", music, "--quiet")
    assert first.code == 1
    assert first.err.splitlines()[0] == (
        f"tagger: {link}: a symbolic link to a file that is gone; mend or remove the link (skipped)"
    )
    for _ in range(2):
        again = tagger("scan", music, "--quiet")
        assert (again.code, again.err) == (0, "")
    assert "gone.mp3" in failed(tagger) and "gone.mp3" not in failed(tagger, "--new")
    link.unlink()
    link.symlink_to("/nowhere/else/gone.mp3")  # another link
    assert tagger("scan", music, "--quiet").code == 1
    link.unlink()
    link.symlink_to(music / "0.flac")
    assert tagger("scan", music, "--quiet").code == 0
    assert "gone.mp3" not in failed(tagger)


def test_a_folder_that_cannot_be_read_is_one_line_until_it_can(
    tagger: Tagger, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagger("scan", music)
    listing = os.scandir

    def scandir(path: str) -> Any:
        if str(path) == str(music / "demos"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return listing(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        results = [tagger("scan", music, "--quiet") for _ in range(3)]
    assert [result.code for result in results] == [1, 0, 0]
    assert f"{music}/demos: permission denied" in results[0].err
    assert [result.err for result in results[1:]] == ["", ""]
    tagger("scan", music, "--quiet")
    assert failed(tagger) == ["torn.m4a", "torn.mp3"]


def test_a_root_that_is_not_there_is_news_every_night(tagger: Tagger, music: Path, tmp_path: Path) -> None:
    for _ in range(2):
        result = tagger("scan", music / "0.flac", tmp_path / "gone", "--quiet")
        assert result.code == 1
        assert f"tagger: {tmp_path}/gone: no such file or folder" in result.err


def test_failures_of_files_that_are_gone_are_forgotten_but_not_of_a_drive(
    tagger: Tagger, music: Path, tmp_path: Path
) -> None:
    make_sound(music / "demos/3.flac", samples=sweep(3.0, 22_050, 1))
    tagger("scan", music)
    (music / "torn.mp3").unlink()
    (music / "demos").rename(tmp_path / "elsewhere")
    (music / "demos").mkdir()
    tagger("scan", music)
    assert failed(tagger) == ["torn.m4a"]
    shutil.rmtree(music / "demos")
    tagger("scan", music)
    assert failed(tagger) == []


def test_what_is_ignored_is_neither_analysed_nor_a_failure(tagger: Tagger, music: Path) -> None:
    tagger("scan", music)
    (music / "demos/good.flac").write_bytes((music / "1.flac").read_bytes())
    added = tagger("ignore", music / "demos", music / "torn.mp3")
    assert (added.code, added.out) == (
        0,
        f"{music}/demos: ignored from now on\n{music}/torn.mp3: ignored from now on\n",
    )
    assert failed(tagger) == []
    for options in ((), ("--full",), ("--retry-failed",)):
        result = tagger("scan", music, *options, "--json")
        assert (result.code, result.json["found"], result.json["failed"]) == (0, 2, 0)
        assert result.err == "tagger: 3 files ignored; `tagger ignore` lists what is\n"
    assert tagger("scan", music, "--quiet").err == ""
    assert failed(tagger) == []
    assert tagger("ignore").out == f"{music}/demos\n{music}/torn.mp3\n"
    assert [row["path"] for row in tagger("ignore", "--json").json] == [
        f"{music}/demos",
        f"{music}/torn.mp3",
    ]


def test_what_is_ignored_no_more_is_tried_again(tagger: Tagger, music: Path) -> None:
    tagger("scan", music)
    tagger("ignore", music / "demos", music / "torn.mp3")
    inner = tagger("ignore", "--remove", music / "demos/torn.m4a")
    assert (inner.code, inner.err) == (
        2,
        f"tagger: {music}/demos/torn.m4a: ignored with its folder; `tagger ignore --remove {music}/demos`\n",
    )
    assert tagger("ignore", "--remove", music / "demos").out == f"{music}/demos: the next scan looks at it\n"
    result = tagger("scan", music, "--json")
    assert (result.code, result.json["new_failures"], failed(tagger)) == (1, 1, ["torn.m4a"])
    assert tagger("ignore", "--remove", music / "demos").code == 2
    assert tagger("ignore", "--remove").code == 2
    wrong = tagger("ignore", music / "no such file")
    assert (wrong.code, wrong.err) == (
        2,
        f"tagger: {music}/no such file: no such file or folder; check the name\n",
    )


def test_what_is_ignored_is_not_written_to(tagger: Tagger, music: Path) -> None:
    tagger("scan", music)
    before = (music / "0.flac").read_bytes()
    tagger("ignore", music / "0.flac")
    planned = tagger("write-tags", music, "--dry-run", "--json")
    assert [change["path"] for change in planned.json["changes"]] == [f"{music}/1.flac"]
    written = tagger("write-tags", "--yes", "--json")
    assert (written.code, written.json["files_written"], written.json["skipped"]) == (0, 1, 1)
    assert (music / "0.flac").read_bytes() == before
    assert "0.flac" not in written.err


def test_a_dangling_link_a_drive_and_a_name_that_is_not_utf_8_can_be_ignored(
    tagger: Tagger, music: Path, db: Path, tmp_path: Path
) -> None:
    link = music / os.fsdecode(b"caf\xe9.mp3")
    link.symlink_to("/nowhere")
    make_sound(music / "demos/3.flac", samples=sweep(3.0, 22_050, 1))
    tagger("scan", music)
    (music / "demos").rename(tmp_path / "elsewhere")
    (music / "demos").mkdir()
    assert tagger("ignore", link, music / "demos").code == 0
    result = tagger("scan", music, "--quiet")
    assert (result.code, result.err) == (0, "")
    with sqlite3.connect(db) as database:
        assert database.execute("SELECT count(*) FROM tracks WHERE missing_since NOTNULL").fetchone() == (0,)
    with Store.open(str(db), create=False) as store:
        assert store.ignored.paths().holds(str(link))
