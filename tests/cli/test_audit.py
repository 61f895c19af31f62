"""`tagger audit` on a small library."""

import csv
import io
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tagger.store import Correction, Store
from tagger.types import Analysis, OwnTags
from tests.cli.conftest import Tagger
from tests.cli.test_playlist import answer


def said(path: str, number: int, words: str, genre: str, confidence: float, **given: Any) -> Analysis:
    """An answer for a track whose own genre is `words`."""
    found = answer(path, number, genre=genre, confidence=confidence, **given)
    own = OwnTags(genres=(words,) if words else ())
    return replace(found, recording=replace(found.recording, own=own))


SLAYER = {"artist": "Slayer", "album": "Reign in Blood"}
TRACKS = [
    said("/m/slayer/1.mp3", 1, "Classical", "Metal", 0.9, **SLAYER),
    said("/m/slayer/2.mp3", 2, "Classical", "Metal", 0.8, **SLAYER),
    said("/m/bach.mp3", 3, "Hip Hop/Rap", "Classical", 0.7, title="Air"),
    said("/m/rock.mp3", 4, "Hard Rock", "Metal", 0.99),
    said("/m/talk.mp3", 5, "Grandma", "Metal", 0.99),
    said("/m/untagged.mp3", 6, "", "Metal", 0.99),
]


@pytest.fixture
def library(db: Path) -> Path:
    with Store.open(str(db), create=True) as store:
        store.record_batch(TRACKS, [])
    return db


@pytest.mark.usefixtures("library")
def test_an_album_is_a_line_and_what_was_judged_is_said(tagger: Tagger) -> None:
    found = tagger("audit")
    assert found.code == 0
    assert found.out.splitlines() == [
        "doubt  own tag → answer                    tracks  artist – album, or path",
        "  99%  Classical → Metal                        2  Slayer – Reign in Blood",
        "  99%  Hip Hop/Rap → Classical                  1  /m/bach.mp3",
    ]
    assert found.err == (
        "tagger: 2 contradictions, 3 tracks, in 4 tracks with an own genre; "
        "1 track with words that standard-9 has no genre for\n"
    )


@pytest.mark.usefixtures("library")
def test_json_has_a_track_an_element(tagger: Tagger) -> None:
    found = tagger("audit", "--json").json
    assert [(row["path"], row["tag"], row["answer"], row["confidence"]) for row in found] == [
        ("/m/slayer/1.mp3", "Classical", "Metal", 0.85),
        ("/m/slayer/2.mp3", "Classical", "Metal", 0.85),
        ("/m/bach.mp3", "Hip Hop/Rap", "Classical", 0.7),
    ]


@pytest.mark.usefixtures("library")
def test_csv_has_the_same_rows(tagger: Tagger) -> None:
    rows = [*csv.DictReader(io.StringIO(tagger("audit", "--csv", "--limit", 1).out))]
    assert [(row["path"], row["album"]) for row in rows] == [
        ("/m/slayer/1.mp3", "Reign in Blood"),
        ("/m/slayer/2.mp3", "Reign in Blood"),
    ]


@pytest.mark.usefixtures("library")
def test_the_filters_and_paths_of_list_narrow_it(tagger: Tagger) -> None:
    assert [row["path"] for row in tagger("audit", "--json", "--genre", "classical").json] == ["/m/bach.mp3"]
    assert len(tagger("audit", "--json", "/m/slayer").json) == 2
    assert len(tagger("audit", "--json", "--artist", "slay").json) == 2


@pytest.mark.usefixtures("library")
def test_nothing_to_report_is_said(tagger: Tagger) -> None:
    found = tagger("audit", "--path", "rock")
    assert (found.code, found.out) == (0, "")
    assert found.err == "tagger: nothing to report: no contradiction in 1 track with an own genre\n"
    assert tagger("audit", "--path", "rock", "--json").json == []


@pytest.mark.usefixtures("library")
def test_a_library_without_genres_of_its_own_is_told_apart(tagger: Tagger) -> None:
    said_of_none = "tagger: nothing to report: no track has a genre of its own that a scan has read\n"
    assert tagger("audit", "--path", "untagged").err == said_of_none


@pytest.mark.usefixtures("library")
def test_the_tracks_go_to_a_playlist_worst_first(tagger: Tagger, tmp_path: Path) -> None:
    assert tagger("audit", "--playlist", tmp_path / "check.m3u8").code == 0
    lines = (tmp_path / "check.m3u8").read_text().splitlines()
    assert [Path(line).name for line in lines if not line.startswith("#")] == ["1.mp3", "2.mp3", "bach.mp3"]
    refused = tagger("audit", "--playlist", tmp_path / "check.nsp")
    assert refused.code == 2
    assert "cannot hold" in refused.err


def test_what_the_owner_has_decided_is_left_out(tagger: Tagger, library: Path) -> None:
    with Store.open(str(library), create=False) as store:
        store.corrections.put("genre", {f"{3:032}": Correction("skipped")})
    assert [row["path"] for row in tagger("audit", "--json").json] == ["/m/slayer/1.mp3", "/m/slayer/2.mp3"]


def test_broken_scores_of_a_database_are_no_fault(tagger: Tagger, library: Path) -> None:
    with closing(sqlite3.connect(library)) as raw:
        raw.execute("UPDATE genre_scores SET probability = x'00' WHERE genre = 'Classical'")
        raw.execute("UPDATE genre_scores SET probability = 9e999 WHERE genre = 'Metal'")
        raw.commit()
    found = tagger("audit", "--json")
    assert (found.code, found.json) == (0, [])
