"""What is no music where people meet it: in lists, counts, playlists, tags and one file."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from tagger.model_card import DEFAULT_MODEL
from tagger.store import Store
from tagger.types import Analysis, Sound
from tests.cli.conftest import Tagger
from tests.cli.test_playlist import answer, fill
from tests.tag_runs.library import make_files, store_analyses


def heard(path: str, number: int, sound: Sound) -> Analysis:
    analysis = answer(path, number)
    return replace(analysis, prediction=replace(analysis.prediction, sound=sound, sound_confidence=0.954))


@pytest.fixture
def library(db: Path) -> Path:
    """A song, a talk and a storm."""
    made = [heard("/m/talk.mp3", 2, "speech"), heard("/m/storm.mp3", 3, "noise")]
    fill(db, [answer("/m/song.mp3", 1), *made])
    return db


def stems(out: str) -> list[str]:
    return [Path(path).stem for path in out.splitlines()]


def test_lists_show_it_in_the_place_of_a_genre(tagger: Tagger, library: Path) -> None:
    rows = {line.split()[-1]: line.split()[0] for line in tagger("list").out.splitlines()}
    assert (rows["/m/talk.mp3"], rows["/m/storm.mp3"]) == ("(speech)", "(noise)")
    (talk,) = tagger("list", "--sound", "speech", "--json").json
    assert (Path(talk["path"]).stem, talk["sound"]) == ("talk", "speech")
    printed = tagger("list", "--csv", "--sound", "music", "--sound", "noise").out.splitlines()
    assert [row["sound"] for row in csv.DictReader(printed)] == ["music", "noise"]


def test_a_sound_that_there_is_not_is_refused(tagger: Tagger, library: Path) -> None:
    refused = tagger("list", "--sound", "talk")
    assert (refused.code, refused.err) == (2, "tagger: --sound talk: give music, speech or noise\n")


def test_a_playlist_is_of_music_unless_other_sounds_are_asked_for(tagger: Tagger, library: Path) -> None:
    assert stems(tagger("playlist", "--format", "paths").out) == ["song"]
    asked = tagger("playlist", "--format", "paths", "--sort", "path", "--sound", "speech", "--sound", "noise")
    assert stems(asked.out) == ["storm", "talk"]


def test_a_rule_of_navidrome_cannot_ask_for_a_sound(tagger: Tagger, library: Path) -> None:
    refused = tagger("playlist", "--sound", "speech", "--format", "nsp")
    assert refused.code == 2 and "--sound" in refused.err


def test_statistics_tell_how_many_tracks_are_no_music(tagger: Tagger, library: Path) -> None:
    assert tagger("stats", "--json").json["no_music"] == {"speech": 1, "noise": 1}
    first, second, *_ = tagger("stats").out.splitlines()
    assert first.startswith("3 tracks, ")
    assert second == "2 of them no music: 1 speech, 1 noise"


def test_show_says_what_is_heard_and_what_follows(tagger: Tagger, library: Path) -> None:
    out = tagger("show", "/m/talk.mp3").out
    assert "no music: speech 95%; playlists leave it out, and write-tags writes nothing for it\n" in out
    assert "Rock" not in out
    assert "no music" not in tagger("show", "/m/song.mp3").out
    found = tagger("show", "/m/talk.mp3", "--json").json
    assert (found["sound"], found["sound_confidence"]) == ("speech", 0.954)


def test_what_is_corrected_counts_as_music_again(tagger: Tagger, library: Path) -> None:
    assert tagger("set", "/m/talk.mp3", "--genre", "Folk").code == 0
    assert sorted(stems(tagger("playlist", "--format", "paths").out)) == ["song", "talk"]
    assert "speech 95%; you have corrected it, so it counts as music" in tagger("show", "/m/talk.mp3").out


def test_nothing_is_written_into_the_tags_of_a_talk(tagger: Tagger, db: Path, tmp_path: Path) -> None:
    song, talk = make_files(tmp_path / "music", ("mp3", "flac"))
    store_analyses(db, [song, talk])
    with Store.open(str(db), create=False) as store:
        analyses = [*filter(None, (store.answers.analysis(path, DEFAULT_MODEL) for path in (song, talk)))]
        spoken = replace(analyses[1].prediction, sound="speech", sound_confidence=0.9)
        store.record_batch([replace(analyses[1], prediction=spoken)], [])
    before = Path(talk).read_bytes()
    preview = tagger("write-tags", "--dry-run")
    assert talk not in preview.out
    counts = tagger("write-tags", "--yes", "--json").json
    assert (counts["files_written"], counts["no_music"], counts["unchanged"]) == (1, 1, 0)
    assert Path(talk).read_bytes() == before
    assert "no music" in preview.out and "no music" not in tagger("write-tags", song, "--dry-run").out


def test_what_the_owner_says_of_a_talk_is_written(tagger: Tagger, db: Path, tmp_path: Path) -> None:
    (talk,) = make_files(tmp_path / "music", ("mp3",))
    store_analyses(db, [talk])
    with Store.open(str(db), create=False) as store:
        analysis = store.answers.analysis(talk, DEFAULT_MODEL)
        assert analysis
        spoken = replace(analysis.prediction, sound="speech", sound_confidence=0.9)
        store.record_batch([replace(analysis, prediction=spoken)], [])
    assert tagger("set", talk, "--genre", "Audiobook").code == 0
    counts = tagger("write-tags", "--yes", "--json").json
    assert (counts["files_written"], counts["no_music"]) == (1, 0)
