"""What albums say, as people see it: `show` tells both answers, and `--no-album` asks for the track's own."""

import os
from pathlib import Path

import pytest

from tagger.store import Store
from tests.cli.conftest import Tagger
from tests.store.store_answers import MODEL
from tests.store.test_album_answers import ALBUM, JAZZ, track


@pytest.fixture
def library(db: Path) -> Path:
    """An album of four, of which the last was heard as Jazz."""
    os.makedirs(db.parent, exist_ok=True)
    with Store.open(str(db), create=True) as store:
        store.record_batch([*ALBUM, track(4, JAZZ)], [])
        store.albums.pool(lambda model: {})
    return db


def test_show_tells_what_the_album_says_and_what_the_track_alone(tagger: Tagger, library: Path) -> None:
    shown = tagger("show", "/m/4.mp3", "--model", MODEL)
    assert "album: Rock 78% from 4 tracks; this track alone: Jazz 40%" in shown.out
    fields = tagger("show", "/m/4.mp3", "--json").json
    assert (fields["genre"], fields["track_genre"], fields["album_tracks"]) == ("Rock", "Jazz", 4)
    assert (fields["genre_confidence"], fields["track_genre_confidence"]) == (fields["genres"]["Rock"], 0.4)
    assert fields["track_genres"] == JAZZ
    alone = tagger("show", "/m/4.mp3", "--json", "--no-album").json
    assert (alone["genre"], alone["genres"], alone["album_tracks"]) == ("Jazz", JAZZ, None)


def test_lists_counts_and_playlists_go_by_the_album_unless_told_otherwise(
    tagger: Tagger, library: Path, tmp_path: Path
) -> None:
    for options, expected in (((), 4), (("--no-album",), 3)):
        assert len(tagger("list", "--genre", "rock", "--json", *options).json) == expected
        assert tagger("stats", "--json", *options).json["genres"]["Rock"] == expected
        assert len(tagger("playlist", "--genre", "rock", "--format", "json", *options).json) == expected
    lists = tmp_path / "lists.toml"
    table = '[Jazz]\ngenre = "Jazz"\nno-album = true\nmin-confidence = 0\n'
    lists.write_text(f'{table}output = "jazz.paths"\nformat = "paths"\n')
    assert tagger("playlists", "apply", lists).code == 0
    assert (tmp_path / "jazz.paths").read_text() == "/m/4.mp3\n"
