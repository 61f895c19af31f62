import csv
import os
from pathlib import Path

import pytest

from tagger.model_card import DEFAULT_MODEL
from tagger.store import scan_lock
from tests.cli.conftest import Tagger
from tests.own_model import SMALL_MODEL
from tests.sounds import KINDS, make_kind, make_sound


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Four tracks and two files that are none."""
    folder = tmp_path / "music"
    folder.mkdir()
    for name in ("a.mp3", "b.flac", "c.ogg", "d.wav"):
        make_sound(folder / name, seconds=1.0)
    (folder / "empty.mp3").touch()
    (folder / "text.m4a").write_text("not music")
    return folder


def test_a_mixed_folder_is_analysed_once(tagger: Tagger, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    for kind in KINDS:
        make_kind(folder, kind, seconds=1.0)
    first = tagger("scan", folder, "--json")
    of_files = "found analysed unchanged moved duplicates failed new_failures missing"
    assert " ".join(first.json) == f"{of_files} reread corrected seconds tracks_per_s"
    assert (first.json["found"], first.json["failed"]) == (len(KINDS), 0)
    assert first.json["analysed"] + first.json["duplicates"] == len(KINDS)  # one sound in two containers
    assert first.code == 0
    second = tagger("scan", folder, "--json").json
    assert (second["analysed"], second["unchanged"]) == (0, len(KINDS))


def test_broken_files_are_counted_named_and_cost_nothing_else(tagger: Tagger, music: Path) -> None:
    result = tagger("scan", music, "--json")
    assert (result.json["analysed"], result.json["failed"], result.code) == (4, 2, 1)
    assert f"tagger: {music}/empty.mp3: the file is empty (0 bytes)" in result.err
    assert "2 could not be analysed" in result.err
    failures = {os.path.basename(f["path"]): f["stage"] for f in tagger("failures", "--json").json}
    assert failures == {"empty.mp3": "decode", "text.m4a": "decode"}


def test_the_summary_shows_counts_and_genres(tagger: Tagger, music: Path) -> None:
    out = tagger("scan", music).out
    for name in ("found", "analysed", "unchanged", "failed", "seconds", "tracks/s", "top genres"):
        assert name in out


def test_quiet_prints_errors_only(tagger: Tagger, music: Path) -> None:
    result = tagger("scan", music, "--quiet")
    assert result.out == ""
    assert "empty.mp3" in result.err


def test_an_unchanged_file_is_not_opened(tagger: Tagger, music: Path) -> None:
    tagger("scan", music)
    path = music / "a.mp3"
    before = path.stat()
    path.write_bytes(bytes(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert tagger("scan", music, "--json").json["unchanged"] == 4


def test_a_changed_file_is_analysed_again(tagger: Tagger, music: Path) -> None:
    tagger("scan", music)
    make_sound(music / "a.mp3", seconds=2.0)
    result = tagger("scan", music, "--json").json
    assert (result["analysed"], result["unchanged"]) == (1, 3)


def test_failed_files_are_tried_again_when_asked_or_mended(tagger: Tagger, music: Path) -> None:
    tagger("scan", music)
    again = tagger("scan", music, "--json")
    assert [again.json[name] for name in ("analysed", "failed", "new_failures")] == [0, 2, 0]
    assert again.code == 0
    assert again.err == "tagger: 2 could not be analysed, as before; `tagger failures` says why\n"
    retried = tagger("scan", music, "--retry-failed")
    assert "empty.mp3: the file is empty" in retried.err
    make_sound(music / "empty.mp3", seconds=1.5)
    (music / "text.m4a").unlink()
    mended = tagger("scan", music, "--json")
    assert (mended.json["analysed"], mended.json["failed"], mended.code) == (1, 0, 0)


def test_full_analyses_everything_again(tagger: Tagger, music: Path) -> None:
    tagger("scan", music)
    assert tagger("scan", music, "--full", "--json").json["analysed"] == 4


def test_a_limit_is_kept_and_the_next_scan_goes_on(tagger: Tagger, music: Path) -> None:
    first = tagger("scan", music, "--limit", 2, "--json").json
    assert (first["found"], first["analysed"]) == (2, 2)
    assert tagger("scan", music, "--json").json["analysed"] == 2


def test_silence_is_analysed_and_flagged(tagger: Tagger, tmp_path: Path) -> None:
    import numpy as np

    path = make_sound(tmp_path / "silence.wav", samples=np.zeros((2, 44_100 * 3), np.float32))
    tagger("scan", path)
    (row,) = tagger("list", "--json").json
    assert (row["genre"], row["genre_confidence"], row["energy"]) == (None, None, 0.0)
    (cells,) = csv.DictReader(tagger("list", "--csv").out.splitlines())
    assert [cells[name] for name in ("genre", "genre_confidence", "energy", "bpm")] == ["", "", "0.0", ""]
    shown = tagger("show", path, "--json").json
    assert (shown["silent"], shown["genre"], shown["genre_confidence"]) == (True, None, None)
    assert tagger("list").out.splitlines()[1].split()[:2] == ["(silent)", "–"]


def test_a_library_behind_a_link_is_known_from_within(
    tagger: Tagger, music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "link"
    link.symlink_to(music)
    found = tagger("scan", link, "--json").json["analysed"]
    monkeypatch.chdir(link)
    monkeypatch.setenv("PWD", str(link))
    assert len(tagger("list", ".", "--json").json) == found
    again = tagger("scan", ".", "--json").json
    assert (again["unchanged"], again["analysed"], again["duplicates"]) == (found, 0, 0)


def test_a_second_scan_ends_with_75(tagger: Tagger, music: Path, db: Path) -> None:
    with scan_lock(str(db)):
        result = tagger("scan", music)
    assert result.code == 75
    assert "another tagger run is using this database" in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("/no/such/folder",), "/no/such/folder: no such file or folder"),
        ((".", "--device", "gpu"), "--device gpu: give auto, cpu, cuda or mps"),
        ((".", "--model", "crnn-99"), f"no model named 'crnn-99'; installed: {SMALL_MODEL}, {DEFAULT_MODEL}"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(tagger: Tagger, args: tuple[str, ...], words: str) -> None:
    result = tagger("scan", *args)
    assert result.code == 2
    assert words in result.err
    assert "Traceback" not in result.err


def test_one_missing_folder_of_two_is_a_failure_not_an_end(
    tagger: Tagger, music: Path, tmp_path: Path
) -> None:
    result = tagger("scan", music / "a.mp3", tmp_path / "gone", "--json")
    assert (result.json["analysed"], result.json["failed"], result.code) == (1, 1, 1)


def test_an_empty_folder_says_so(tagger: Tagger, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    result = tagger("scan", tmp_path / "nothing", "--json")
    assert (result.json["found"], result.code) == (0, 0)
    assert "no audio files there" in result.err


def test_a_name_that_is_not_utf_8_goes_all_the_way(tagger: Tagger, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "names")
    os.mkdir(folder)
    path = make_sound(os.fsdecode(os.path.join(folder, b"caf\xe9\n.wav")), seconds=0.5)
    assert tagger("scan", os.fsdecode(folder), "--json").json["analysed"] == 1
    (row,) = tagger("list", "--json").json
    assert row["path"] == path
    assert tagger("show", path, "--json").json["stored"] is True


def test_a_fault_of_our_own_is_one_line(tagger: Tagger, music: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tagger.store import Store

    monkeypatch.setattr(Store, "open", lambda *a, **k: 1 / 0)
    result = tagger("list")
    assert result.code == 2
    assert "internal error (ZeroDivisionError" in result.err
    assert result.err.count("\n") == 1
