"""`tagger doctor`: what players make of a file."""

import re
from itertools import dropwhile, takewhile
from pathlib import Path

import pytest

from tagger.cli.help import page
from tagger.tags import PLAYERS, Policy, Wanted, apply, plan, read
from tests.cli.conftest import Tagger
from tests.sounds import make_sound
from tests.tag_runs.library import make_files


@pytest.fixture
def song(tmp_path: Path) -> str:
    """An mp3 of two genres with energy and tempo."""
    (path,) = make_files(tmp_path, ("mp3",))
    apply(path, plan(read(path), Wanted(("Drum & Bass", "Jazz"), 0.5, 174), Policy(max_genres=2)))
    return path


def test_it_tells_what_one_player_reads_and_ignores(tagger: Tagger, song: str) -> None:
    result = tagger("doctor", song, "--for", "Navidrome")
    lines = result.out.splitlines()
    assert lines[0] == f"{song} (mp3)"
    assert lines[1].split(maxsplit=3)[3] == "genre Drum & Bass | Jazz, energy 5, energy 0–1 0.5000, BPM 174"
    assert "genre Drum & Bass | Jazz, BPM 174; ignores energy level, energy 0–1" in lines[2]
    assert "custom tag" in lines[3]
    assert (len(lines), result.code) == (4, 0)


def test_it_splits_as_the_player_does(tagger: Tagger, tmp_path: Path) -> None:
    path = make_sound(tmp_path / "x.flac", seconds=0.5, metadata={"genre": "Rock; Pop/Soul"})
    seen = {
        name: tagger("doctor", path, "--for", name, "--json").json[0]["players"][name]["genres"]
        for name in ("navidrome", "jellyfin", "kodi")
    }
    assert seen == {
        "navidrome": ["Rock", "Pop", "Soul"],
        "jellyfin": ["Rock; Pop/Soul"],
        "kodi": ["Rock; Pop/Soul"],
    }


def test_without_a_name_all_players_are_listed(tagger: Tagger, song: str) -> None:
    (fields,) = tagger("doctor", song, "--json").json
    assert (fields["path"], fields["format"], fields["genres"]) == (song, "mp3", ["Drum & Bass", "Jazz"])
    assert set(fields["players"]) == set(PLAYERS)
    assert fields["players"]["mixed-in-key"]["energy_level"] == "5"
    assert fields["players"]["mixed-in-key"]["unknown"] == ["genre", "BPM"]
    assert fields["players"]["jellyfin"]["ignored"] == ["energy level", "energy 0–1", "BPM"]


def test_mood_and_words_are_told_too(tagger: Tagger, tmp_path: Path) -> None:
    path = make_sound(tmp_path / "x.flac", seconds=0.5, metadata={"mood": "calm", "grouping": "piano"})
    told = tagger("doctor", path, "--for", "kodi").out.splitlines()
    assert told[1].split(maxsplit=3)[3] == "mood calm, words piano"
    assert told[2].split(maxsplit=1)[1] == "mood calm; ignores words"
    (fields,) = tagger("doctor", path, "--json").json
    assert (fields["mood"], fields["words"]) == (["calm"], ["piano"])
    assert fields["players"]["navidrome"]["words"] == ["piano"]


def test_a_file_that_cannot_be_read_is_named(tagger: Tagger, song: str, tmp_path: Path) -> None:
    missing = tmp_path / "missing.mp3"
    some = tagger("doctor", song, missing)
    assert (some.code, some.err) == (1, f"tagger: {missing}: No such file or directory\n")
    assert tagger("doctor", missing).code == 2


def test_several_players_can_be_asked_for(tagger: Tagger, song: str) -> None:
    (fields,) = tagger("doctor", song, "--for", "kodi", "--for", "Mixxx", "--json").json
    assert [*fields["players"]] == ["kodi", "mixxx"]


def test_an_unknown_player_is_answered_with_the_known_ones(tagger: Tagger, song: str) -> None:
    result = tagger("doctor", song, "--for", "winamp")
    assert result.code == 2
    assert "--for winamp: give one of navidrome, jellyfin, mixxx" in result.err


def test_a_folder_is_summed_up(tagger: Tagger, song: str, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    flac = make_sound(tmp_path / "deep" / "x.flac", seconds=0.5, metadata={"genre": "Pop/Soul", "bpm": "90"})
    told = tagger("doctor", tmp_path, "--for", "navidrome").out.splitlines()
    assert told[0] == f"{tmp_path} (2 files)"
    assert told[1].split(maxsplit=1)[1] == (
        "sees 0 of 2 right; splits genres of 1; ignores energy level of 1"
    )
    assert "to do: tagger write-tags --energy-in comment" in told[2]
    assert "to do: rename the genres that it splits" in told[3]
    (fields,) = tagger("doctor", tmp_path, "--for", "apple-music", "--json").json
    apple = fields["players"]["apple-music"]
    assert (fields["files"], apple["right"], apple["not_opened"]) == (2, 0, 1)
    assert apple["ignored"] == {"energy level": 1}
    assert tagger("doctor", flac, "--for", "apple-music").out.splitlines()[2].endswith("does not open flac")


def test_a_folder_with_a_file_that_cannot_be_read_is_summed_up_all_the_same(
    tagger: Tagger, song: str, tmp_path: Path
) -> None:
    (tmp_path / "bad.flac").write_bytes(b"fLaC")
    (tmp_path / "talk.mka").write_bytes(b"\x1aE\xdf\xa3" * 8)
    result = tagger("doctor", tmp_path, "--for", "mixxx")
    assert result.out.startswith(f"{tmp_path} (1 file, 1 of kinds that carry no tags)")
    assert (result.code, result.err.count("bad.flac: ")) == (1, 1)


def test_files_whose_tags_say_nothing_are_counted(tagger: Tagger, song: str, tmp_path: Path) -> None:
    """A player misses nothing of them, but there is nothing that it could miss."""
    make_sound(tmp_path / "bare.mp3", seconds=0.5)
    result = tagger("doctor", str(tmp_path), "--for", "mpd")
    assert result.out.startswith(f"{tmp_path} (2 files, 1 with nothing to see in their tags)")
    assert tagger("doctor", str(tmp_path), "--json").json[0]["empty"] == 1


def test_a_folder_without_music_is_named(tagger: Tagger, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = tagger("doctor", tmp_path / "empty")
    assert (result.code, result.out) == (2, "")
    assert result.err == f"tagger: {tmp_path / 'empty'}: no music with tags there\n"


def test_what_to_do_is_said_where_something_can_be_done(tagger: Tagger, tmp_path: Path) -> None:
    (path,) = make_files(tmp_path, ("aiff",))
    wanted = Wanted(("Drum & Bass", "Jazz"), 0.5, mood="calm")
    apply(path, plan(read(path), wanted, Policy(max_genres=2, mood="missing")))
    (fields,) = tagger("doctor", tmp_path, "--for", "mpd", "--json").json
    assert fields["players"]["mpd"]["todo"] == [
        "tagger write-tags --energy-in grouping",
        "keep one genre a file in m4a, aiff, ape, dsf, tta, mpc, wma: of several it shows one",
        "turn ID3v2.3 into ID3v2.4 with a tag editor, then write the mood again",
    ]


def table(heading: str) -> dict[str, list[str]]:
    """The cells of a table of the page on players, by the first one."""
    lines = page("players").split(heading)[1].splitlines()
    rows = takewhile(lambda line: line.startswith("|"), dropwhile(lambda line: line[:1] != "|", lines))
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows][2:]
    return {first.strip("`"): rest for first, *rest in cells}


def test_the_manual_says_of_every_player_what_the_doctor_says() -> None:
    rows = table("## What each reads")
    assert set(rows) == set(PLAYERS)
    for name, (genre, *others) in rows.items():
        player = PLAYERS[name]
        assert (genre == "?") == (player.genre_separators is None and name != "plex"), name
        for said, reads in zip(
            others,
            (player.reads_bpm, player.reads_key, player.reads_mood, player.reads_words),
            strict=True,
        ):
            assert (said == "no", said == "?") == (reads is False, reads is None), (name, said)


def test_the_manual_says_where_each_player_shows_an_energy() -> None:
    told = {where: set(re.findall("`(.*?)`", cell)) for where, (cell,) in table("And energy:").items()}
    for place in ("comment", "grouping", "mood"):
        shown = {name for name, player in PLAYERS.items() if place in player.shows_energy_in}
        assert told[f"the {place}"] - {"mpd"} == shown - {"mpd"}
    assert told["the field that tagger writes"] == {n for n, player in PLAYERS.items() if player.reads_energy}
    assert not any(PLAYERS[name].reads_energy or PLAYERS[name].shows_energy_in for name in told["nowhere"])
