"""`tagger write-tags` on real files, of which the database says that they were analysed."""

import fcntl
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from mutagen.mp4 import MP4

from tagger.model_card import DEFAULT_MODEL, genre_thresholds, load_card
from tagger.store import scan_lock
from tagger.tags import Change, Wanted, apply, plan, read
from tests.cli.conftest import Tagger, answered
from tests.sounds import make_kind, tags_by_ffmpeg
from tests.tag_runs.library import KINDS, contents, make_files, store_analyses

KEYS = ["run", "files_written", "bytes_written", "unchanged", "no_music", "skipped"]
CHANGING = ("open", "os.rename", "os.remove", "os.truncate", "os.utime", "os.chmod")
_writing: list[str] = []
_watched: list[str] = []


def _watch(event: str, args: tuple[object, ...]) -> None:
    """Audit hooks cannot be taken off again, so this one listens only while somebody watches."""
    if not _watched:
        return
    names = [arg for arg in args if isinstance(arg, str) and arg.startswith(_watched[0])]
    is_write = event != "open" or (isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR))
    if (
        names
        and is_write
        and event in ("open", "os.rename", "os.remove", "os.truncate", "os.utime", "os.chmod")
    ):
        _writing.append(f"{event} {names[0]}")


sys.addaudithook(_watch)


@contextmanager
def nothing_written_beneath(folder: Path) -> Iterator[None]:
    """Fails if a file is opened for writing there, or changed in any other way."""
    before = {path: os.stat(path) for path in contents(folder)}
    _watched.append(str(folder))
    try:
        yield
    finally:
        _watched.clear()
    written, _writing[:] = _writing[:], []
    assert written == []
    after = {path: os.stat(path) for path in contents(folder)}
    assert {p: (s.st_mtime_ns, s.st_ino, s.st_ctime_ns) for p, s in after.items()} == {
        p: (s.st_mtime_ns, s.st_ino, s.st_ctime_ns) for p, s in before.items()
    }


@pytest.fixture
def music(tmp_path: Path, db: Path) -> Path:
    """A file of each of `KINDS`, answered as Rock with 0.9 and energy 0.734."""
    store_analyses(db, make_files(tmp_path / "music"))
    return tmp_path / "music"


def genres(folder: Path) -> dict[str, tuple[str, ...]]:
    return {path.stem: read(str(path)).genres for path in sorted(folder.iterdir())}


def skips(err: str) -> list[str]:
    return [line for line in err.splitlines() if line.endswith("(skipped)")]


def test_the_tags_are_written_and_the_counts_printed(tagger: Tagger, music: Path) -> None:
    result = tagger("write-tags", "--yes", "--json")
    assert list(result.json) == KEYS
    assert (result.json["files_written"], result.json["unchanged"], result.json["skipped"]) == (5, 0, 0)
    assert result.json["bytes_written"] == sum(path.stat().st_size for path in music.iterdir())
    assert result.code == 0
    for path in music.iterdir():
        tags = read(str(path))
        assert (tags.genres, tags.energy_level, tags.energy, tags.bpm) == (("Rock",), "8", "0.7340", None)


def test_an_independent_reader_agrees(tagger: Tagger, music: Path) -> None:
    tagger("write-tags", "--yes")
    for name in ("mp3.mp3", "flac.flac", "ogg.ogg", "aac.m4a"):
        told = tags_by_ffmpeg(music / name)
        assert (told["genre"], told["tagger_energy"]) == ("Rock", "0.7340")


def test_a_dry_run_tells_every_change_and_opens_nothing_for_writing(tagger: Tagger, music: Path) -> None:
    with nothing_written_beneath(music):
        dry = tagger("write-tags", "--dry-run", "--json").json
        told = tagger("write-tags", "--dry-run").out
    for path in music.iterdir():
        assert f"{path}\n    genre none → Rock, energy level none → 8, energy none → 0.7340\n" in told
    wet = tagger("write-tags", "--yes", "--json").json
    assert dry.pop("run") is None
    assert wet.pop("run") == 1
    assert [change.pop("path") for change in dry["changes"]] == sorted(map(str, music.iterdir()))
    assert dry.pop("changes") == 5 * [
        {
            "genre": {"before": [], "after": ["Rock"]},
            "energy_level": {"before": [], "after": ["8"]},
            "energy": {"before": [], "after": ["0.7340"]},
        }
    ]
    assert dry == wet


def test_a_dry_run_counts_what_would_be_left_as_the_real_one_does(
    tagger: Tagger, music: Path, db: Path
) -> None:
    """Files with links, of kinds without tags, read-only, changed, gone: in both runs the same."""
    (music / "link.ogg").symlink_to(music / "ogg.ogg")
    (music / "second.wav").hardlink_to(music / "wav.wav")
    for kind in ("raw.aac", "opus.mka", "s16.aiff", "v2.wma"):
        make_kind(music, kind, seconds=0.5)
    store_analyses(db, [str(path) for path in music.iterdir()])
    (music / "s16.aiff").unlink()
    os.chmod(music / "v2.wma", 0o444)
    os.utime(music / "mp3.mp3", (1, 1))
    for rule in ("in-place", "skip", "break"):
        args = ("write-tags", "--hard-links", rule, "--json")
        with nothing_written_beneath(music):
            dry = tagger(*args, "--dry-run")
        wet = tagger(*args, "--yes")
        assert {name: dry.json[name] for name in KEYS} | {"run": wet.json["run"]} == wet.json
        assert (dry.code, wet.code) == (1, 1)
        assert skips(dry.err) == skips(wet.err) != []
        tagger("undo", "--yes")


def test_a_second_run_writes_0_bytes_and_opens_nothing_for_writing(tagger: Tagger, music: Path) -> None:
    tagger("write-tags", "--yes")
    with nothing_written_beneath(music):
        again = tagger("write-tags", "--yes", "--json").json
    assert again == {
        "run": 2,
        "files_written": 0,
        "bytes_written": 0,
        "unchanged": 5,
        "no_music": 0,
        "skipped": 0,
    }


@pytest.mark.parametrize("keep", [(), ("--keep-mtime",)])
def test_no_scan_analyses_a_file_again_that_was_only_tagged(
    tagger: Tagger, music: Path, keep: tuple[str, ...]
) -> None:
    dates = {path: path.stat().st_mtime_ns for path in music.iterdir()}
    tagger("write-tags", "--yes", *keep)
    assert all((path.stat().st_mtime_ns == dates[path]) == bool(keep) for path in music.iterdir())
    assert tagger("scan", music, "--json").json["analysed"] == 0
    tagger("undo", "--yes")
    assert tagger("scan", music, "--json").json["analysed"] == 0


def test_what_a_real_scan_predicted_is_written(tagger: Tagger, tmp_path: Path, db: Path) -> None:
    path = make_kind(tmp_path, "16-bit.flac", seconds=1.0)
    tagger("scan", path)
    (row,) = tagger("list", "--json").json
    tagger("write-tags", "--yes", "--min-confidence", "0")
    tags = read(path)
    assert tags.genres == (row["genre"],)
    assert float(tags.energy or "nan") == pytest.approx(row["energy"], abs=1e-4)
    assert tagger("scan", path, "--json").json["analysed"] == 0


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("missing", ("House",)), ("replace", ("Rock",)), ("add", ("House", "Rock")), ("never", ("House",))],
)
def test_what_becomes_of_a_genre_that_is_there(
    tagger: Tagger, music: Path, db: Path, policy: str, expected: tuple[str, ...]
) -> None:
    path = str(music / "mp3.mp3")
    apply(path, plan(read(path), Wanted(("House",))))
    store_analyses(db, [path])
    tagger("write-tags", "--yes", "--genre", policy)
    assert genres(music)["mp3"] == expected
    assert genres(music)["flac"] == (() if policy == "never" else ("Rock",))


def test_only_genres_that_are_sure_enough_and_no_more_than_asked_for(
    tagger: Tagger, music: Path, db: Path
) -> None:
    store_analyses(db, [str(path) for path in music.iterdir()], {"Jazz": 0.5, "Rock": 0.3, "Folk": 0.2})
    tagger("write-tags", "--yes")
    assert set(genres(music).values()) == {()}
    tagger("write-tags", "--yes", "--min-confidence", "0.25", "--max-genres", "3")
    assert set(genres(music).values()) == {("Jazz", "Rock")}
    tagger("write-tags", "--yes", "--min-confidence", "0.1", "--genre", "replace")
    assert set(genres(music).values()) == {("Jazz",)}


@pytest.fixture
def answers(music: Path, db: Path) -> dict[str, str]:
    """Answers that are sure, unsure, and sure of a genre in which the model is often wrong."""
    enough = genre_thresholds(load_card(DEFAULT_MODEL), 0.9)["Metal"]
    assert enough is not None and 0.2 < enough < 0.5
    answers = {
        "mp3": {"Metal": enough + 0.02, "Jazz": 0.1},
        "ogg": {"Metal": enough - 0.02, "Jazz": 0.1},
        "wav": {"Rock": 0.99, "Metal": 0.9},
    }
    for kind, genres in answers.items():
        store_analyses(db, [str(path) for path in music.glob(f"{kind}.*")], genres)
    return {kind: max(answer, key=answer.__getitem__) for kind, answer in answers.items()}


def test_a_target_precision_is_a_threshold_for_each_genre(
    tagger: Tagger, music: Path, answers: dict[str, str]
) -> None:
    """The default model is right in nine of ten answers of Metal that are sure enough, and of Rock never."""
    thresholds = genre_thresholds(load_card(DEFAULT_MODEL), 0.9)
    assert thresholds["Rock"] is None
    result = tagger(
        "write-tags", *(p for p in music.iterdir() if p.stem in answers), "--target-precision", "0.9", "--yes"
    )
    assert result.code == 0
    never = ", ".join(genre for genre, threshold in thresholds.items() if threshold is None)
    assert f"tagger: not written, as they never reached precision 0.9: {never}\n" in result.err
    assert {name: found for name, found in genres(music).items() if name in answers} == {
        "mp3": ("Metal",),
        "ogg": (),
        "wav": (),
    }
    assert {read(str(path)).energy for path in music.iterdir() if path.stem in answers} == {"0.7340"}


def test_a_lower_target_lets_more_genres_in(tagger: Tagger, music: Path, answers: dict[str, str]) -> None:
    assert genre_thresholds(load_card(DEFAULT_MODEL), 0.6)["Rock"] is not None
    dry = tagger("write-tags", "--target-precision", "0.6", "--dry-run")
    assert "genre none → Rock" in dry.out
    assert "Rock" not in dry.err
    assert genres(music)["wav"] == ()


def test_with_several_genres_each_is_held_to_its_own_threshold(tagger: Tagger, music: Path, db: Path) -> None:
    for kind, answer in {
        "mp3": {"Metal": 0.5, "Classical": 0.48, "Rock": 0.02},
        "ogg": {"Rock": 0.51, "Metal": 0.48},  # Rock ends the list
    }.items():
        store_analyses(db, [str(path) for path in music.glob(f"{kind}.*")], answer)
    tagger("write-tags", "--yes", "--target-precision", "0.9", "--max-genres", "2")
    assert (genres(music)["mp3"], genres(music)["ogg"]) == (("Metal",), ())


def test_a_model_that_tells_no_precision_is_refused(tagger: Tagger, music: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    fields = json.loads(Path(load_card(DEFAULT_MODEL).folder, "model.json").read_text())
    del fields["heads"]["genre"]["precision"]
    (old / "model.json").write_text(json.dumps(fields))
    result = tagger("write-tags", "--yes", "--target-precision", "0.9", "--model", old)
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "has no precision by genre; use --min-confidence" in result.err


@pytest.mark.parametrize("precision", ["0.3", "1", "much"])
def test_a_precision_that_cannot_be_asked_for_is_refused(tagger: Tagger, music: Path, precision: str) -> None:
    result = tagger("write-tags", "--yes", "--target-precision", precision)
    assert result.code == 2
    assert "--target-precision" in result.err
    assert set(genres(music).values()) == {()}


def test_silence_has_an_energy_and_no_genre(tagger: Tagger, music: Path, db: Path) -> None:
    store_analyses(db, [str(music / "mp3.mp3")], energy=0.0, silent=True)
    tagger("write-tags", music / "mp3.mp3", "--yes")
    tags = read(str(music / "mp3.mp3"))
    assert (tags.genres, tags.energy, tags.energy_level) == ((), "0.0000", "1")


def bpms(folder: Path) -> dict[str, str | None]:
    return {path.stem: read(str(path)).bpm for path in sorted(folder.iterdir())}


def hear_tempo(music: Path, db: Path, bpm: float, confidence: float = 0.9) -> None:
    """All files are analysed again, with this tempo."""
    store_analyses(db, map(str, music.iterdir()), tempo=(bpm, confidence))


def test_a_tempo_is_written_as_a_whole_number_into_every_kind_and_taken_back(
    tagger: Tagger, music: Path, db: Path
) -> None:
    before = contents(music)
    hear_tempo(music, db, 127.6)
    assert "bpm none → 128" in tagger("write-tags", "--dry-run").out
    tagger("write-tags", "--yes")
    assert bpms(music) == dict.fromkeys(sorted(KINDS), "128")
    for name, tag in (("mp3.mp3", "tbpm"), ("flac.flac", "bpm"), ("ogg.ogg", "bpm")):
        assert tags_by_ffmpeg(music / name)[tag] == "128"
    assert MP4(music / "aac.m4a").tags["tmpo"] == [128]  # which FFmpeg does not tell
    tagger("undo", "--yes")
    assert contents(music) == before


def test_a_tempo_is_written_where_there_is_none_or_ours(tagger: Tagger, music: Path, db: Path) -> None:
    apply(str(music / "ogg.ogg"), [Change("bpm", (), ("99",))])
    for tempo in (120.4, 121.6):
        hear_tempo(music, db, tempo)
        tagger("write-tags", "--yes")
        assert bpms(music) == {**dict.fromkeys(KINDS, str(round(tempo))), "ogg": "99"}
    tagger("undo", "--yes")
    assert bpms(music)["mp3"] == "120"


def test_the_owners_tempo_is_replaced_only_on_request_and_comes_back(
    tagger: Tagger, music: Path, db: Path
) -> None:
    apply(str(music / "ogg.ogg"), [Change("bpm", (), ("99",))])
    hear_tempo(music, db, 120.4)
    tagger("write-tags", "--yes", "--bpm", "replace")
    assert bpms(music) == dict.fromkeys(sorted(KINDS), "120")
    assert tagger("write-tags", "--yes", "--bpm", "replace", "--json").json["files_written"] == 0
    tagger("undo", "--yes")
    assert bpms(music) == {**dict.fromkeys(KINDS), "ogg": "99"}


def test_no_tempo_is_written_that_the_model_is_not_sure_of(tagger: Tagger, music: Path, db: Path) -> None:
    store_analyses(db, [str(music / "mp3.mp3")], tempo=(120.4, 0.59))
    for options in ((), ("--bpm", "replace"), ("--min-confidence", "0", "--min-bpm-confidence", "0.8")):
        tagger("write-tags", "--yes", *options)
        assert bpms(music)["mp3"] is None
    tagger("write-tags", "--yes", "--min-confidence", "0.59")
    assert bpms(music)["mp3"] == "120"


def test_a_tempo_is_left_out_on_request(tagger: Tagger, music: Path, db: Path) -> None:
    store_analyses(db, [str(music / "mp3.mp3")], tempo=(120.4, 1.0))
    tagger("write-tags", "--yes", "--bpm", "never")
    assert (bpms(music)["mp3"], read(str(music / "mp3.mp3")).genres) == (None, ("Rock",))


def test_energy_is_left_out_on_request(tagger: Tagger, music: Path) -> None:
    tagger("write-tags", "--yes", "--no-energy")
    tags = read(str(music / "mp3.mp3"))
    assert (tags.genres, tags.energy, tags.energy_level) == (("Rock",), None, None)


def test_only_the_named_paths_are_written(tagger: Tagger, music: Path) -> None:
    result = tagger("write-tags", music / "mp3.mp3", music / "ogg.ogg", "--yes", "--json").json
    assert result["files_written"] == 2
    assert [name for name, found in genres(music).items() if found] == ["mp3", "ogg"]


def test_a_name_that_is_not_utf_8_is_written(tagger: Tagger, music: Path, db: Path) -> None:
    path = os.fsdecode(os.fsencode(music) + b"/caf\xe9.mp3")
    os.rename(music / "mp3.mp3", path)
    store_analyses(db, [path])
    assert tagger("write-tags", path, "--yes", "--json").json["files_written"] == 1
    assert read(path).genres == ("Rock",)
    assert tagger("undo", "--yes", "--json").json["files_restored"] == 1
    assert read(path).genres == ()


def test_a_link_stays_one_and_neither_name_is_analysed_again(tagger: Tagger, music: Path, db: Path) -> None:
    for name in ("a-before.mp3", "z-after.mp3"):
        (music / name).symlink_to(music / "mp3.mp3")
    store_analyses(db, [str(path) for path in music.iterdir()])
    result = tagger("write-tags", "--yes", "--json").json
    assert (result["files_written"], result["unchanged"]) == (len(KINDS), 2)
    assert (music / "a-before.mp3").is_symlink()
    assert tagger("scan", music, "--json").json["analysed"] == 0
    tagger("undo", "--yes")
    assert tagger("scan", music, "--json").json["analysed"] == 0


@pytest.mark.parametrize(
    ("rule", "written", "unchanged", "skipped"),
    [("skip", 0, 0, 2), ("break", 2, 0, 0), ("in-place", 1, 1, 0)],
)
def test_a_file_with_two_names(
    tagger: Tagger, music: Path, db: Path, rule: str, written: int, unchanged: int, skipped: int
) -> None:
    names = [music / "mp3.mp3", music / "seeded.mp3"]
    names[1].hardlink_to(names[0])
    store_analyses(db, map(str, names))
    before = contents(music)
    result = tagger("write-tags", *names, "--yes", "--json", "--hard-links", rule)
    assert result.json["files_written"] == written
    assert (result.json["unchanged"], result.json["skipped"], result.code) == (unchanged, skipped, 0)
    assert os.path.samefile(*names) == (rule != "break")
    assert ("2 hard links (is it being seeded?)" in result.err) == (rule == "skip")
    if written:
        assert tagger("undo", "--yes", "--json").json["files_restored"] == written
    assert contents(music) == before
    assert tagger("scan", music, "--json").json["analysed"] == 0


def test_a_file_that_changed_since_its_scan_is_left_to_the_next(tagger: Tagger, music: Path) -> None:
    os.utime(music / "mp3.mp3", (1, 1))
    result = tagger("write-tags", "--yes", "--json")
    assert f"{music}/mp3.mp3: it changed since it was scanned; the next scan analyses it again" in result.err
    assert (result.json["files_written"], result.json["skipped"], result.code) == (4, 1, 1)
    assert read(str(music / "mp3.mp3")).genres == ()


def test_a_file_that_is_gone_is_reported(tagger: Tagger, music: Path) -> None:
    (music / "mp3.mp3").unlink()
    result = tagger("write-tags", "--yes", "--json")
    assert "mp3.mp3: not there any more" in result.err
    assert (result.json["files_written"], result.json["skipped"], result.code) == (4, 1, 1)


def test_a_file_known_to_be_missing_is_passed_over(tagger: Tagger, music: Path) -> None:
    (music / "mp3.mp3").unlink()
    tagger("scan", music)
    result = tagger("write-tags", "--yes", "--json")
    assert (result.json["files_written"], result.json["skipped"], result.code) == (4, 0, 0)


def test_a_kind_of_file_without_tags_is_reported_and_no_error(
    tagger: Tagger, tmp_path: Path, db: Path
) -> None:
    paths = [make_kind(tmp_path, kind, seconds=0.5) for kind in ("raw.aac", "opus.mka", "opus.webm")]
    store_analyses(db, paths)
    result = tagger("write-tags", "--yes", "--json")
    assert result.err.count("tags cannot be written into this kind of file") == 3
    assert (result.json["skipped"], result.code) == (3, 0)


def test_a_read_only_file_is_left(tagger: Tagger, music: Path) -> None:
    os.chmod(music / "mp3.mp3", 0o444)
    result = tagger("write-tags", "--yes", "--json")
    assert "mp3.mp3: the file is read-only" in result.err
    assert "1 could not be written, left as before" in result.err
    assert (result.json["skipped"], result.code) == (1, 1)


def test_without_a_terminal_it_writes_only_when_asked_to(tagger: Tagger, music: Path) -> None:
    with nothing_written_beneath(music):
        result = tagger("write-tags")
    assert result.code == 2
    assert "give --yes to write, or --dry-run to look first" in result.err


@pytest.mark.parametrize(("answer", "expected"), [("y", ("Rock",)), ("n", ()), ("", ())])
def test_on_a_terminal_it_shows_and_asks(
    music: Path, db: Path, answer: str, expected: tuple[str, ...]
) -> None:
    code, _, told = answered(answer, "write-tags", "--db", db)
    assert "genre                  5 files" in told
    assert "genre none → Rock" in told
    assert "Write tags into 5 of 5 files? [y/N]" in told
    assert ("nothing was written" in told) == (expected == ())
    assert code == 0
    assert set(genres(music).values()) == {expected}


def test_what_writing_refuses_the_dry_run_refuses_with_the_same_words(
    tagger: Tagger, music: Path, db: Path
) -> None:
    junk = music / "junk.mp3"
    junk.write_bytes(b"no frame of MPEG is in here " * 400)
    fragments = music / "fragments.m4a"
    fragments.write_bytes((music / "aac.m4a").read_bytes() + b"\0\0\0\x08moof")
    cut = music / "cut.flac"
    cut.write_bytes((music / "flac.flac").read_bytes()[:60])
    read_only = music / "read-only.mp3"
    read_only.write_bytes((music / "mp3.mp3").read_bytes())
    read_only.chmod(0o444)
    store_analyses(db, [str(path) for path in (junk, fragments, cut, read_only)])
    with (music / "ogg.ogg").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with nothing_written_beneath(music):
            dry = tagger("write-tags", "--dry-run", "--json")
        wet = tagger("write-tags", "--yes", "--json")
    assert "its tags reach past its end" in dry.err
    assert len(skips(dry.err)) >= 4
    assert skips(dry.err) == skips(wet.err)
    assert dry.json["files_written"] == wet.json["files_written"] == len(dry.json["changes"])
    assert (dry.json["bytes_written"], dry.json["skipped"]) == (
        wet.json["bytes_written"],
        wet.json["skipped"],
    )
    assert dry.code == wet.code == 1


def test_a_disk_without_room_is_named_by_the_dry_run(
    tagger: Tagger, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1000))
    result = tagger("write-tags", "--dry-run", "--json")
    assert result.json["files_written"] == 0
    assert result.err.count("not enough free space: ") == 5


def test_quiet_prints_errors_only(tagger: Tagger, music: Path, db: Path) -> None:
    (music / "seeded.flac").hardlink_to(music / "flac.flac")  # left by a rule, which is no error
    store_analyses(db, [str(music / "seeded.flac"), str(music / "flac.flac")])
    (music / "ogg.ogg").chmod(0o444)
    for run in ("--dry-run", "--yes"):
        result = tagger("write-tags", run, "--quiet")
        assert (result.out, result.code) == ("", 1)
        lines = result.err.splitlines()
        assert lines[0] == f"tagger: {music}/ogg.ogg: the file is read-only (skipped)"
        assert [line[:28] for line in lines[1:]] == ["tagger: 1 could not be writt"]
    (music / "ogg.ogg").chmod(0o644)
    result = tagger("write-tags", "--yes", "-q")
    assert (result.out, result.err, result.code) == ("", "", 0)
    assert read(str(music / "ogg.ogg")).genres == ("Rock",)
    assert tagger("write-tags", "/dev", "--yes", "--quiet").err == ""
    assert tagger("write-tags", "--yes", "--quiet", "--json").json["unchanged"] == 4


def test_never_beside_another_run(tagger: Tagger, music: Path, db: Path) -> None:
    with scan_lock(str(db)):
        assert tagger("write-tags", "--yes").code == 75
        assert tagger("undo", "--yes").code == 75
        assert tagger("write-tags", "--dry-run").code == 0


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--genre", "best"), "--genre best: give missing, replace, add or never"),
        (("--bpm", "fill"), "--bpm fill: give missing, replace or never"),
        (("--hard-links", "cut"), "--hard-links cut: give skip, break or in-place"),
        (("/no/such/folder",), "/no/such/folder: no such file or folder"),
        (("--model", "crnn-99"), "no model named 'crnn-99'"),
        (("--target-precision", "0.9", "--min-confidence", "0.6"), "exclude each other; give one of them"),
    ],
)
def test_wrong_usage_is_one_line(tagger: Tagger, music: Path, args: tuple[str, ...], words: str) -> None:
    result = tagger("write-tags", "--yes", *args)
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert words in result.err


def test_without_a_scan_it_says_what_to_do(tagger: Tagger, music: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    result = tagger("write-tags", tmp_path / "other", "--yes", "--json")
    assert "no scanned tracks there; `tagger scan` them first" in result.err
    assert (result.json["files_written"], result.code) == (0, 0)


def test_filters_narrow_what_is_written(tagger: Tagger, db: Path, tmp_path: Path) -> None:
    jazz, rock = make_files(tmp_path / "music", ["flac", "mp3"])
    store_analyses(db, [jazz], {"Jazz": 0.9})
    store_analyses(db, [rock], {"Rock": 0.9})

    assert tagger("write-tags", "--only-genre", "jazz", "--yes").code == 0

    assert [read(path).genres for path in (jazz, rock)] == [("Jazz",), ()]
    assert "did you mean" in tagger("write-tags", "--only-genre", "jaz", "--yes").err


def test_a_plan_is_saved_without_writing_and_applied_on_request(
    tagger: Tagger, db: Path, tmp_path: Path
) -> None:
    paths = make_files(tmp_path / "music", ["flac", "mp3"])
    store_analyses(db, paths)
    plan = tmp_path / "plan.jsonl"

    with nothing_written_beneath(tmp_path / "music"):
        result = tagger("write-tags", "--save-plan", plan)
    assert (result.code, len(plan.read_text().splitlines())) == (0, 6)
    assert f"{plan}: 6 changes to 2 files" in result.err

    plan.write_text("".join(line + "\n" for line in plan.read_text().splitlines() if "genre" in line))
    assert tagger("write-tags", "--plan", plan, "--yes").code == 0
    assert [read(path).genres for path in paths] == [("Rock",), ("Rock",)]
    assert [read(path).energy for path in paths] == [None, None]
    assert tagger("write-tags", "--plan", plan, "--save-plan", plan).code == 2
