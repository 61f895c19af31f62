"""`tagger playlist`: which tracks, in what order, under what names, in which file."""

import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tagger.errors import TaggerError
from tagger.files import AudioFile
from tagger.model_card import DEFAULT_MODEL, load_card
from tagger.playlist import LIKE_LIMIT, Plan, make_playlist
from tagger.query import Query
from tagger.store import Store
from tagger.types import Analysis, Prediction, Recording
from tests.cli.conftest import Result, Tagger
from tests.sounds import make_sound
from tests.store.store_answers import parts

GENRES = load_card(DEFAULT_MODEL).genres
SIZE = load_card(DEFAULT_MODEL).network["embedding_dim"]
XSPF = "{http://xspf.org/ns/0/}"


def answer(path: str, number: int = 0, **given: Any) -> tuple[AudioFile, Recording, Prediction]:
    """An analysed track; its embedding points in a direction that turns with its number."""
    names = {name: given.get(name) for name in ("title", "artist", "album", "year")}
    recording = Recording(f"{number:032}", given.get("duration_s", 60.0), "mp3", 44_100, 2, **names)
    embedding = np.zeros(SIZE, np.float16)
    embedding[:2] = np.cos(number / 10), np.sin(number / 10)
    genre, confidence = given.get("genre", "Rock"), given.get("confidence", 0.7)
    prediction = Prediction(
        DEFAULT_MODEL, {genre: confidence}, genre, confidence, given.get("energy", 0.5), (), embedding, False
    )
    return Analysis(AudioFile(path, 1, 1), recording, prediction)


TRACKS = [
    answer("/m/rock/b.mp3", 1, energy=0.9, artist="Björk", title="Hunter", album="Homogenic", year=1997),
    answer("/m/rock/a.mp3", 2, energy=0.7, artist="björk", album="Post", year=1995, confidence=0.9),
    answer("/m/jazz/c.mp3", 3, energy=0.1, genre="Jazz", artist="Bill Evans", year=1962, duration_s=300.0),
    answer("/m/jazz/live/d.mp3", 4, energy=0.3, genre="Jazz", artist="Miles Davis", duration_s=120.0),
    answer("/m/folk/e.mp3", 5, energy=0.5, genre="Folk"),
]


@pytest.fixture
def library(db: Path) -> Path:
    fill(db, TRACKS)
    return db


def fill(db: Path, tracks: list[tuple[AudioFile, Recording, Prediction]]) -> None:
    with Store.open(str(db), create=True) as store:
        store.record_batch(tracks, [])


def names(result: Result) -> list[str]:
    """The files of a playlist in JSON, in playing order, each as the letter of its name."""
    return [Path(track["path"]).stem for track in json.loads(result.out)]


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ((), "cdeab"),
        (("--sort", "-energy"), "baedc"),
        (("--sort", "path"), "ecdab"),
        (("--genre", "rock"), "ab"),
        (("--genre", "rock", "--genre", "FOLK"), "eab"),
        (("--not-genre", "rock"), "cde"),
        (("--not-genre", "rock", "--not-genre", "jazz"), "e"),
        (("--genre", "rock", "--not-genre", "rock"), ""),
        (("--energy", "high"), "ab"),
        (("--energy", "0.3-0.7"), "dea"),
        (("--energy", "7-10"), "ab"),
        (("--energy", "9"), "b"),
        (("--year", "90s"), "ab"),
        (("--genre", "JA-ZZ"), "cd"),
        (("--min-length", "2m"), "cd"),
        (("--min-length", "90s", "--minutes", "4.9"), "d"),
        (("--minutes", "4"), "dea"),
        (("--min-confidence", "0.9"), "a"),
        (("--artist", "BJÖRK"), "ab"),
        (("--artist", "bjo\u0308rk"), "ab"),
        (("--artist", "bill", "--artist", "miles"), "cd"),
        (("--artist", "evans", "--genre", "rock"), ""),
        (("--artist", "%"), ""),
        (("--album", "hOmO"), "b"),
        (("--path", "/live/"), "d"),
        (("--path", "JAZZ"), "cd"),
        (("--path", "live", "--path", "folk"), "de"),
        (("--path", "_"), ""),
        (("--year", "1997"), "b"),
        (("--year", "1962-1995"), "ca"),
        (("--year", "1995-"), "ab"),
        (("--year=-1996",), "ca"),
        (("--limit", "2"), "cd"),
        (("--limit", "0"), ""),
        (("--minutes", "7"), "cd"),
        (("--minutes", "9.5"), "cdea"),
        (("--per-artist", "1"), "cdea"),
        (("--sort", "-energy", "--per-artist", "1"), "bedc"),
        (("--shape", "rise", "--not-genre", "rock"), "cde"),
        (("--shape", "fall", "--not-genre", "rock"), "edc"),
    ],
)
def test_filters_and_orders(tagger: Tagger, library: Path, args: tuple[str, ...], expected: str) -> None:
    result = tagger("playlist", "--format", "json", *args)
    assert ("".join(names(result)), result.code) == (expected, 0)


@pytest.mark.parametrize("command", ["list", "playlist", "stats"])
@pytest.mark.parametrize(
    "args",
    [
        (),
        ("--genre", "rock", "--genre", "jazz", "--not-genre", "Rock"),
        ("--energy", "medium"),
        ("--bpm", "120-128"),
        ("--min-confidence", "0.9"),
        ("--artist", "björk"),
        ("--album", "post"),
        ("--path", "/jazz/"),
        ("--year", "1990-1999"),
    ],
)
def test_filters_mean_the_same_to_every_command(
    tagger: Tagger, library: Path, command: str, args: tuple[str, ...]
) -> None:
    expected = len(tagger("playlist", "--format", "json", *args).json)
    if command == "stats":
        assert tagger("stats", "--json", *args).json["tracks"] == expected
    elif command == "list":
        assert len(tagger("list", "--json", *args).json) == expected


def test_json_has_the_keys_of_list(tagger: Tagger, library: Path) -> None:
    (listed,) = tagger("list", "--json", "--path", "/live/").json
    assert tagger("playlist", "--format", "json", "--path", "/live/").json == [listed]


def test_a_playlist_of_a_genre_takes_what_is_sure_and_says_how_many_it_left_out(
    tagger: Tagger, library: Path
) -> None:
    fill(library, [answer("/m/rock/doubt.mp3", 9, confidence=0.4)])
    made = tagger("playlist", "--format", "json", "--genre", "rock")
    assert names(made) == ["a", "b"]
    said = "1 track left out: the genre is less than 60% sure (--min-confidence 0 takes all)"
    assert made.err == f"tagger: {said}\n"
    everything = tagger("playlist", "--format", "json", "--genre", "rock", "--min-confidence", "0")
    assert (names(everything), everything.err) == (["doubt", "a", "b"], "")
    assert "doubt" in names(tagger("playlist", "--format", "json"))


@pytest.mark.parametrize("command", ["list", "playlist"])
def test_a_tempo_that_nobody_knows_is_explained(tagger: Tagger, library: Path, command: str) -> None:
    result = tagger(command, "--bpm", "120-128")
    assert f"no track has a tempo from {DEFAULT_MODEL}, so --bpm matches nothing" in result.err
    assert result.code == 0
    assert "--sort bpm leaves them in the order of paths" in tagger("playlist", "--sort", "bpm").err


def test_tempos_are_filtered_and_sorted_once_they_are_there(tagger: Tagger, library: Path) -> None:
    import sqlite3

    with sqlite3.connect(library) as raw:
        raw.execute(
            "UPDATE predictions SET bpm = 118 + 2 * track_id WHERE track_id < 5"
        )  # 120, 122, 124, 126
    result = tagger("playlist", "--bpm", "122-124.5", "--sort", "bpm", "--format", "json")
    assert (names(result), result.err) == (["a", "c"], "")
    assert names(tagger("playlist", "--bpm", "124", "--format", "json")) == ["c"]
    assert names(tagger("playlist", "--sort", "bpm", "--format", "json")) == ["b", "a", "c", "d", "e"]


def test_a_shuffle_is_new_each_time_and_the_same_for_a_seed(tagger: Tagger, library: Path) -> None:
    def shuffled(*more: str) -> tuple[str, ...]:
        return tuple(names(tagger("playlist", "--sort", "random", "--format", "json", *more)))

    assert len({shuffled("--seed", "7") for _ in range(3)}) == 1
    assert len({shuffled() for _ in range(12)}) > 1


def test_a_shape_is_the_same_each_time(tagger: Tagger, library: Path) -> None:
    assert len({tagger("playlist", "--shape", "wave").out for _ in range(3)}) == 1


def test_a_shape_plays_what_mixes_next_to_each_other(tagger: Tagger, db: Path) -> None:
    keys = ("Am", "F#", "Em", "Db", "C", "B")  # of which the first, third and fifth mix, and so do the others
    made = [answer(f"/m/{n}.mp3", n, energy=0.5 + n / 1000, artist=f"{n}") for n in range(len(keys))]
    fill(db, [heard_in(key, one) for key, one in zip(keys, made, strict=True)])
    for more in ([], ["--like", "/m/0.mp3"]):
        played = tagger("playlist", "--shape", "rise", "--format", "paths", *more).out.split()
        sharp = [keys[int(Path(path).stem)] in ("F#", "Db", "B") for path in played]
        assert sum(a != b for a, b in pairwise(sharp)) == 1, played


@pytest.mark.parametrize("more", [[], ["--like", "/m/folk/e.mp3"]])
def test_a_dj_program_is_told_the_keys_that_are_sure(tagger: Tagger, db: Path, more: list[str]) -> None:
    fill(db, [heard_in("Am", TRACKS[0]), heard_in("C", TRACKS[1], 0.3), *TRACKS[2:]])
    root = ET.fromstring(tagger("playlist", "--format", "rekordbox", "--genre", "rock", *more).out)
    told = {
        each.get("Location")[-5:]: each.get("Tonality") for each in root.iter("TRACK") if each.get("Name")
    }
    assert told == {"b.mp3": "Am", "a.mp3": None}
    root = ET.fromstring(tagger("playlist", "--format", "nml", "--genre", "rock", *more).out)
    assert [key.get("VALUE") for key in root.iter("MUSICAL_KEY")] == ["21"]


def test_a_playlist_goes_along_the_wheel_of_keys(tagger: Tagger, db: Path) -> None:
    fill(db, [heard_in("Am", TRACKS[0]), heard_in("G#m", TRACKS[1]), *TRACKS[2:]])
    order = names(tagger("playlist", "--sort", "key", "--genre", "rock", "--format", "json"))
    assert order[:2] == ["a", "b"]  # 1A before 8A
    refused = tagger("playlist", "--sort", "key", "--format", "nsp")
    assert refused.code == 2 and "cannot say --sort key" in refused.err


def heard_in(key: str, analysis: Analysis, confidence: float = 0.9) -> Analysis:
    return replace(analysis, prediction=replace(analysis.prediction, key=key, key_confidence=confidence))


# --- like -------------------------------------------------------------------------------------------


def test_like_is_nearest_first_without_the_file_itself(tagger: Tagger, library: Path) -> None:
    assert names(tagger("playlist", "--like", "/m/rock/b.mp3", "--format", "json")) == ["a", "c", "d", "e"]
    assert names(tagger("playlist", "--like", "/m/folk/e.mp3", "--format", "json")) == ["d", "c", "a", "b"]


def test_like_leaves_out_copies_of_the_same_sound(tagger: Tagger, library: Path) -> None:
    fill(library, [answer("/m/copy of b.mp3", 1)])
    result = names(tagger("playlist", "--like", "/m/rock/b.mp3", "--format", "json"))
    assert "copy of b" not in result


def test_like_goes_with_filters_limits_and_an_order(tagger: Tagger, library: Path) -> None:
    like = ("playlist", "--format", "json", "--like", "/m/folk/e.mp3")
    assert names(tagger(*like, "--genre", "rock")) == ["a", "b"]
    assert names(tagger(*like, "--limit", "2")) == ["d", "c"]
    assert names(tagger(*like, "--limit", "2", "--sort", "energy")) == ["c", "d"]
    assert names(tagger(*like, "--limit", "2", "--shape", "fall")) == ["d", "c"]
    assert names(tagger(*like, "--minutes", "2")) == ["d"]
    assert names(tagger(*like, "--per-artist", "1")) == ["d", "c", "a"]


def test_like_without_a_limit_is_a_playlist_not_a_library(tagger: Tagger, library: Path) -> None:
    fill(library, [answer(f"/m/{n}.mp3", n) for n in range(10, 10 + LIKE_LIMIT)])
    assert len(names(tagger("playlist", "--like", "/m/folk/e.mp3", "--format", "json"))) == LIKE_LIMIT


def test_like_reads_on_until_the_playlist_is_full(music: Path) -> None:
    fill(Path(os.environ["TAGGER_DB"]), [answer(f"/gone/{n}.mp3", n) for n in range(3, 9)])

    def made(first_read: int, **more: Any) -> list[str]:
        plan = Plan(like=str(music / "#two.wav"), **more)
        with Store.open(os.environ["TAGGER_DB"], create=False) as store:
            tracks = make_playlist(plan, store, DEFAULT_MODEL, analyse_nothing, first_read).tracks
        return [Path(track.path).stem for track in tracks or ()]

    several: list[dict[str, Any]] = [
        {},
        {"no_missing": True},
        {"limit": 2},
        {"minutes": 1.5},
        {"limit": 1, "no_missing": True},
    ]
    at_once = [made(500, **more) for more in several]
    assert [made(1, **more) for more in several] == at_once
    assert sorted(at_once[1]) == ["one", "thrée & 50%"] and len(at_once[0]) == 8
    with pytest.raises(TaggerError, match="of 6 tracks none is there"):
        made(1, query=Query(path_parts=("/gone/",)), no_missing=True)


def analyse_nothing(path: str) -> Analysis:
    raise AssertionError(f"{path} is in the database")


def test_like_analyses_a_file_that_no_scan_has_met(tagger: Tagger, library: Path, tmp_path: Path) -> None:
    song = make_sound(tmp_path / "new.flac", seconds=2.0)
    assert len(names(tagger("playlist", "--like", song, "--format", "json"))) == len(TRACKS)
    tagger("scan", song)
    assert len(names(tagger("playlist", "--like", song, "--format", "json"))) == len(TRACKS)


@pytest.mark.parametrize("name", ["missing.mp3", "."])
def test_like_what_is_no_file_is_refused(tagger: Tagger, library: Path, tmp_path: Path, name: str) -> None:
    result = tagger("playlist", "--like", tmp_path / name)
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)


# --- files ------------------------------------------------------------------------------------------


@pytest.fixture
def music(tmp_path: Path, db: Path) -> Path:
    """A folder with real files and a database of their answers."""
    folder = tmp_path / "music"
    (folder / "Jazz").mkdir(parents=True)
    sound = Path(make_sound(tmp_path / "sound.wav", seconds=0.5)).read_bytes()
    files = ["one.wav", "#two.wav", "Jazz/thr\u00e9e & 50%.wav"]
    tracks = []
    for number, name in enumerate(files):
        (folder / name).write_bytes(sound)
        tracks.append(answer(str(folder / name), number, energy=number / 10, duration_s=0.5))
    fill(db, tracks)
    return folder


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("folder", [".", "Playlists"])
def test_an_output_beside_the_music_has_paths_from_its_own_folder(
    tagger: Tagger, music: Path, folder: str
) -> None:
    output = music / folder / "all.m3u8"
    output.parent.mkdir(exist_ok=True)
    assert tagger("playlist", "-o", output).code == 0
    assert all(not line.startswith("/") for line in lines(output))
    assert sorted(os.path.realpath(output.parent / line) for line in lines(output)) == sorted(
        str(file) for file in music.rglob("*.wav")
    )


def test_a_name_that_begins_with_a_hash_is_a_file_not_a_comment(tagger: Tagger, music: Path) -> None:
    tagger("playlist", "-o", music / "all.m3u8", "--path", "#two")
    assert lines(music / "all.m3u8") == ["./#two.wav"]


def test_where_only_the_root_is_common_paths_are_full(tagger: Tagger, library: Path, tmp_path: Path) -> None:
    tagger("playlist", "-o", tmp_path / "x.m3u8", "--path", "/live/")
    assert lines(tmp_path / "x.m3u8") == ["/m/jazz/live/d.mp3"]


def test_full_paths_on_request_and_for_programs(tagger: Tagger, music: Path) -> None:
    tagger("playlist", "-o", music / "x.m3u8", "--absolute")
    assert lines(music / "x.m3u8")[0] == str(music / "one.wav")
    tagger("playlist", "-o", music / "x.txt")
    assert lines(music / "x.txt")[0] == str(music / "one.wav")
    tagger("playlist", "-o", music / "x.json")
    assert json.loads((music / "x.json").read_text())[0]["path"] == str(music / "one.wav")


def test_paths_as_another_machine_sees_them(tagger: Tagger, library: Path, tmp_path: Path) -> None:
    replaced = ("playlist", "--path", "/live/", "--format", "paths", "--replace-prefix", "/m=/srv/music")
    assert tagger(*replaced).out == "/srv/music/jazz/live/d.mp3\n"
    assert tagger(*replaced, "--relative-to", "/srv/music/lists").out == "../jazz/live/d.mp3\n"
    assert "full path" in tagger(*replaced, "--relative-to", "lists").err
    drive = ("playlist", "--path", "/live/", "--format", "paths", "--replace-prefix", "/m=D:\\Music")
    assert tagger(*drive).out == "D:\\Music\\jazz\\live\\d.mp3\n"


def test_relative_to_a_folder(tagger: Tagger, music: Path) -> None:
    out = tagger("playlist", "--format", "paths", "--relative-to", music / "Jazz").out
    assert out.splitlines() == ["../one.wav", "../#two.wav", "thrée & 50%.wav"]


def test_relative_paths_work_where_folders_are_links(tagger: Tagger, music: Path, tmp_path: Path) -> None:
    """`..` leads out of the real folder, not out of the link."""
    elsewhere = tmp_path / "disk" / "deep" / "lists"
    elsewhere.mkdir(parents=True)
    (music / "Lists").symlink_to(elsewhere)
    tagger("playlist", "-o", music / "Lists" / "x.m3u8")
    found = [os.path.realpath(music / "Lists" / line) for line in lines(music / "Lists" / "x.m3u8")]
    assert found[0] == str(music / "one.wav")
    alias = tmp_path / "disk" / "alias"
    alias.symlink_to(music)
    shutil.copy(music / "one.wav", music / "four.wav")
    fill(Path(os.environ["TAGGER_DB"]), [answer(str(alias / "four.wav"), 9)])
    (alias / "Own").mkdir()
    tagger("playlist", "-o", alias / "Own" / "x.m3u8", "--path", "four")
    assert lines(alias / "Own" / "x.m3u8") == ["../four.wav"]


def test_the_format_is_guessed_from_the_name_or_given(tagger: Tagger, library: Path, tmp_path: Path) -> None:
    for suffix, begins in {"m3u": "#EXTM3U", "xspf": "<?xml", "pls": "[playlist]", "nsp": "{"}.items():
        tagger("playlist", "-o", tmp_path / f"x.{suffix}")
        assert (tmp_path / f"x.{suffix}").read_text().startswith(begins)
    tagger("playlist", "-o", tmp_path / "y.xspf", "--format", "pls")
    assert (tmp_path / "y.xspf").read_text().startswith("[playlist]")
    assert tagger("playlist").out.startswith("#EXTM3U\n#EXTINF:300,Bill Evans - c\n/m/jazz/c.mp3\n")


def test_a_playlist_has_a_title(tagger: Tagger, library: Path, tmp_path: Path) -> None:
    tagger("playlist", "-o", tmp_path / "Night.m3u8")
    assert "#PLAYLIST:Night\n" in (tmp_path / "Night.m3u8").read_text()
    assert "#PLAYLIST:Day\n" in tagger("playlist", "--title", "Day").out


def test_a_smart_playlist_is_the_rule_itself(tagger: Tagger, library: Path, tmp_path: Path) -> None:
    tagger("playlist", "--genre", "rock", "--energy", "high", "--limit", "9", "-o", tmp_path / "Loud.nsp")
    rule = json.loads((tmp_path / "Loud.nsp").read_text())
    assert (rule["name"], rule["sort"], rule["order"], rule["limit"]) == ("Loud", "tagger_energy", "asc", 9)
    assert rule["all"][0] == {"is": {"genre": "Rock"}}
    refused = tagger("playlist", "--format", "nsp", "--minutes", "9", "--per-artist", "2")
    assert (refused.code, refused.out) == (2, "")
    assert "cannot say --minutes, --per-artist" in refused.err


def test_names_that_are_no_text_come_out_as_their_bytes(tagger: Tagger, db: Path, tmp_path: Path) -> None:
    latin_1, broken = os.fsdecode(b"/m/caf\xe9.mp3"), "/m/two\nlines.mp3"
    fill(db, [answer(latin_1, 1, energy=0.1), answer(broken, 2, energy=0.2)])
    out = tagger("playlist").out.splitlines()
    assert [line for line in out if not line.startswith("#")] == [
        "file:///m/caf%E9.mp3",
        "file:///m/two%0Alines.mp3",
    ]
    result = tagger("playlist", "--format", "paths", "-o", tmp_path / "x.txt")
    assert (tmp_path / "x.txt").read_bytes() == b"/m/caf\xe9.mp3\n"
    assert result.code == 1
    assert r"/m/two\nlines.mp3: its name holds a line break" in result.err
    assert names(tagger("playlist", "--format", "json", "--path", os.fsdecode(b"F\xe9"))) == [
        os.fsdecode(b"caf\xe9")
    ]


def test_beside_the_music_a_difficult_name_is_written_in_full(
    tagger: Tagger, db: Path, tmp_path: Path
) -> None:
    folder = os.path.join(os.fsencode(tmp_path), b"caf\xe9\n")
    fill(db, [answer(os.fsdecode(os.path.join(folder, b"x.mp3")))])
    result = tagger("playlist", "-o", tmp_path / "x.m3u8")
    assert (result.code, result.err) == (0, "")
    assert lines(tmp_path / "x.m3u8")[0].endswith("/caf%E9%0A/x.mp3")


def test_no_missing_leaves_out_what_is_gone_before_it_counts(tagger: Tagger, music: Path) -> None:
    (music / "one.wav").unlink()
    args = ("playlist", "--format", "json", "--limit", "2", "--no-missing")
    assert names(tagger(*args)) == ["#two", "thrée & 50%"]
    assert names(tagger(*args, "--like", music / "#two.wav")) == ["thrée & 50%"]


def test_an_unmounted_drive_does_not_empty_a_playlist(tagger: Tagger, library: Path, tmp_path: Path) -> None:
    (tmp_path / "x.m3u8").write_text("as it was")
    result = tagger("playlist", "--no-missing", "-o", tmp_path / "x.m3u8")
    assert (result.code, (tmp_path / "x.m3u8").read_text()) == (2, "as it was")
    assert "of 5 tracks none is there; is the drive mounted?" in result.err


def test_an_empty_playlist_is_a_valid_one(tagger: Tagger, library: Path, tmp_path: Path) -> None:
    for suffix, content in {"m3u8": "#EXTM3U\n#PLAYLIST:x\n", "json": "[]\n"}.items():
        output = tmp_path / f"x.{suffix}"
        result = tagger("playlist", "--genre", "Reggae", "-o", output)
        assert (result.code, output.read_text()) == (0, content)
        assert result.err == f"tagger: {output}: no track matches; the playlist is empty\n"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (
            ("--sort", "loud"),
            "--sort loud: give energy, -energy, bpm, key, valence, -valence, -word, path or random",
        ),
        (("--shape", "flat"), "--shape flat: give rise, fall, wave or warmup-peak-cooldown"),
        (("--sort", "path", "--shape", "rise"), "--sort and --shape exclude each other"),
        (("--absolute", "--relative-to", "."), "--relative-to and --absolute exclude each other"),
        (("--replace-prefix", "x"), "write the replacement as OLD=NEW"),
        (
            ("--format", "mp3"),
            "--format mp3: give m3u8, xspf, pls, json, csv, paths, nsp, mpd, rekordbox, nml or serato",
        ),
        (("-o", "x.mp3"), "x.mp3: no format known by this name"),
        (("-o", "/no/such/folder/x.m3u"), "/no/such/folder/x.m3u: cannot be written"),
        (("--limit", "-1"), "--limit -1: give 0 or more"),
        (("--per-artist", "0"), "--per-artist 0: give 1 or more"),
        (("--minutes", "0"), "--minutes 0: give a number above 0"),
        (("--min-confidence", "80"), "--min-confidence 80: give a number from 0 to 1"),
        (("--year", "old"), "--year old: give a year, a decade such as 90s, or a range such as 1990-1999"),
        (("--year", "1999-1990"), "--year 1999-1990: the lower end comes first: 1990-1999"),
        (("--year", "-"), "--year -: give a year"),
        (("--bpm", "fast"), "--bpm fast: give one number or a range such as 120-128"),
        (("--bpm", "nan"), "--bpm nan: give one number"),
        (("--not-genre", "hip"), "did you mean 'Hip-Hop'?"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    tagger: Tagger, library: Path, args: tuple[str, ...], words: str
) -> None:
    result = tagger("playlist", *args)
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert words in result.err


# --- other programs ---------------------------------------------------------------------------------

PLAYS = ("--no-config", "--no-video", "--ao=null", "--length=0.1", "--msg-level=all=info")


@pytest.mark.skipif(not shutil.which("mpv"), reason="mpv is not installed")
@pytest.mark.parametrize("suffix", ["m3u8", "pls"])
@pytest.mark.parametrize("more", [(), ("--absolute",)])
def test_mpv_plays_every_track(tagger: Tagger, music: Path, suffix: str, more: tuple[str, ...]) -> None:
    hard = os.fsdecode(os.path.join(os.fsencode(music), b" caf\xe9\n#.wav"))
    shutil.copy(music / "one.wav", hard)
    fill(Path(os.environ["TAGGER_DB"]), [answer(hard, 9)])
    output = music / f"all.{suffix}"
    assert tagger("playlist", "-o", output, *more).code == 0
    played = subprocess.run(["mpv", *PLAYS, f"--playlist={output}"], capture_output=True, timeout=60)
    out = played.stdout.decode(errors="surrogateescape")
    assert (played.returncode, out.count("Playing: "), "Failed" in out) == (0, 4, False), out


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_xspf_names_any_file_from_its_own_folder(tagger: Tagger, music: Path) -> None:
    hard = os.fsdecode(os.path.join(os.fsencode(music), b"caf\xe9\n.wav"))
    shutil.copy(music / "one.wav", hard)
    fill(Path(os.environ["TAGGER_DB"]), [answer(hard, 9)])
    tagger("playlist", "-o", music / "all.xspf")
    assert "<location>caf%E9%0A.wav</location>" in (music / "all.xspf").read_text()


def test_xspf_says_where_the_files_are(tagger: Tagger, music: Path) -> None:
    tagger("playlist", "-o", music / "all.xspf")
    found = ET.parse(music / "all.xspf").iterfind(f".//{XSPF}location")
    assert [location.text for location in found] == [
        "one.wav",
        "./%23two.wav",
        "Jazz/thr%C3%A9e%20%26%2050%25.wav",
    ]


def test_a_reader_that_stops_early_is_no_fault(library: Path) -> None:
    command = (
        f"tagger_playlist() {{ python -m tagger playlist --db {library}; }}; tagger_playlist | head -n 1"
    )
    import sys

    command = command.replace("python", sys.executable)
    result = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("#EXTM3U\n", "")


def test_json_says_the_same_as_list_does(tagger: Tagger, db: Path) -> None:
    fill(db, [answer(f"/m/{n}.mp3", n, energy=n / 7, confidence=1 / (n + 2)) for n in range(3)])
    with Store.open(str(db), create=False) as store:
        store.database.connection.execute("UPDATE predictions SET bpm = 100.06 + track_id")
        store.files.mark_missing([2], [])
    made = tagger("playlist", "--format", "json", "--sort", "path").json
    assert made == tagger("list", "--json").json
    assert [track["missing"] for track in made] == [False, True, False]


def test_each_sound_is_played_once_by_a_name_that_is_there_and_silence_never(
    tagger: Tagger, db: Path
) -> None:
    file, recording, prediction = parts(answer("/m/z.mp3", 3, energy=0.0))
    silence = Analysis(file, recording, replace(prediction, silent=True))
    fill(db, [answer("/m/a.mp3", 1), answer("/m/b.mp3", 1), answer("/m/c.mp3", 2), silence])
    assert names(tagger("playlist", "--format", "json", "--sort", "path")) == ["a", "c"]
    with Store.open(str(db), create=False) as store:
        store.files.mark_missing([track_id for track_id, *_ in store.files.beneath(["/m/a.mp3"])], [])
    assert names(tagger("playlist", "--format", "json", "--sort", "path")) == ["b", "c"]
    assert names(tagger("playlist", "--format", "json", "--like", "/m/c.mp3")) == ["b"]


# --- minutes, and names that a reader cannot hold ------------------------------------------------------


@pytest.mark.parametrize("args", [(), ("--sort", "random"), ("--shape", "rise"), ("--like", "/m/rock/b.mp3")])
def test_where_no_track_fits_the_playlist_stays_and_the_shortest_is_named(
    tagger: Tagger, library: Path, tmp_path: Path, args: tuple[str, ...]
) -> None:
    (tmp_path / "x.m3u8").write_text("as it was")
    result = tagger("playlist", "--path", "/jazz/", "--minutes", "1.5", "-o", tmp_path / "x.m3u8", *args)
    assert (result.code, (tmp_path / "x.m3u8").read_text()) == (2, "as it was")
    assert tagger("playlist", "--minutes", "0.1").err.endswith("; give more --minutes\n")
    assert result.err == (
        "tagger: no track fits into 1.5 minutes: the shortest, /m/jazz/live/d.mp3, plays 2:00; "
        "give more --minutes. The playlist is left as it was\n"
    )


def test_like_passes_over_what_is_too_long_and_reads_on(tagger: Tagger, library: Path) -> None:
    fill(library, [answer(f"/m/{n}.mp3", n, duration_s=400.0) for n in range(10, 30)])
    like = ("playlist", "--format", "json", "--like", "/m/9.mp3", "--minutes", "6")
    fill(library, [answer("/m/9.mp3", 9)])
    assert names(tagger(*like)) == ["e", "c"]


def test_the_minutes_are_used_by_every_order(tagger: Tagger, library: Path) -> None:
    fill(library, [answer(f"/m/{n}.mp3", n, duration_s=100.0 + n, energy=n / 99) for n in range(10, 90)])
    for order in (("--sort", "-energy"), ("--sort", "random"), ("--shape", "wave"), ("--like", "/m/9.mp3")):
        fill(library, [answer("/m/9.mp3", 9)])
        made = tagger("playlist", "--format", "json", "--minutes", "30", *order).json
        assert 0.95 * 1800 <= sum(track["duration_s"] for track in made) <= 1800


UNNAMEABLE = {
    os.fsdecode(b"/m/caf\xe9.mp3"): "its name is not UTF-8, and Windows has none for it",
    "/m/What?.mp3": "Windows has no such name as 'What?.mp3'",
    "/m/Who./a.mp3": "Windows has no such name as 'Who.'",
    "/m/a\\b.mp3": r"Windows has no such name as 'a\\b.mp3'",
}


@pytest.mark.parametrize("format", ["m3u8", "pls", "xspf", "json", "paths"])
@pytest.mark.parametrize("target", ["Z:\\Music", "\\\\nas\\share"])
def test_names_that_no_windows_has_are_left_out_with_the_reason(
    tagger: Tagger, library: Path, tmp_path: Path, format: str, target: str
) -> None:
    fill(library, [answer(path, n) for n, path in enumerate(UNNAMEABLE, 50)])
    output = tmp_path / "x"
    written = ("--format", format, "-o", output, "--replace-prefix", f"/m={target}")
    result = tagger("playlist", *written)
    assert result.code == 1
    assert sum("(left out)" in line for line in result.err.splitlines()) == len(UNNAMEABLE)
    assert all(reason in result.err for reason in UNNAMEABLE.values())
    assert f"{output}: {len(UNNAMEABLE)} tracks left out\n" in result.err
    assert output.read_text().count(".mp3") == len(TRACKS)
    assert tagger("playlist", *written, "--relative-to", "Z:\\Music\\lists").code == 1


def test_a_playlist_that_can_hold_no_track_is_left_as_it_was(
    tagger: Tagger, library: Path, tmp_path: Path
) -> None:
    (tmp_path / "x.m3u8").write_text("as it was")
    fill(library, [answer("/m/odd/What?.mp3", 50)])
    only = ("--path", "/odd/", "--replace-prefix", "/m=Z:\\Music", "-o", tmp_path / "x.m3u8")
    result = tagger("playlist", *only)
    assert (result.code, (tmp_path / "x.m3u8").read_text()) == (2, "as it was")
    assert "of 1 track the playlist can hold none (/m/odd/What?.mp3: Windows has no such name" in result.err
