"""The tables of albums: what they say beside their tracks, and which are to be pooled anew."""

from __future__ import annotations

import sqlite3
from typing import Any

from tagger.albums import album_id
from tagger.store import checked
from tagger.store.rows import StoredPath, path_from

_ALBUMS = (
    # A hash of what makes tracks an album; NULL: the track belongs to none.
    "ALTER TABLE tracks ADD COLUMN album_id INTEGER",
    "CREATE INDEX tracks_album_id ON tracks (album_id) WHERE album_id NOT NULL",
    # What an album says of the genre, and what its tracks say alone. `genre` and `genre_confidence` are the
    # answer that everything asks for; `album_weight` is the album's part in it, NULL: the track speaks alone.
    "ALTER TABLE predictions ADD COLUMN track_genre TEXT",
    "ALTER TABLE predictions ADD COLUMN track_genre_confidence REAL",
    "ALTER TABLE predictions ADD COLUMN album_weight REAL",
    "UPDATE predictions SET track_genre = genre, track_genre_confidence = genre_confidence",
    """CREATE TABLE album_scores (
        album_id INTEGER NOT NULL,
        model TEXT NOT NULL,
        genre TEXT NOT NULL,
        probability REAL NOT NULL,
        PRIMARY KEY (album_id, model, genre)
    ) WITHOUT ROWID""",
    # The predictions as they would be without albums.
    """CREATE VIEW track_predictions AS
        SELECT track_id, model, track_genre AS genre, track_genre_confidence AS genre_confidence,
            energy, silent, created_at, bpm, bpm_confidence FROM predictions""",
    # The probabilities with the album's part in them; those of the track alone are in `genre_scores`.
    """CREATE VIEW genre_answers AS
        SELECT s.track_id, s.model, s.genre, s.probability
            + coalesce(p.album_weight * (a.probability - s.probability), 0) AS probability
        FROM genre_scores s JOIN predictions p USING (track_id, model) JOIN tracks t ON t.id = s.track_id
        LEFT JOIN album_scores a ON a.album_id = t.album_id AND a.model = s.model AND a.genre = s.genre""",
    # Albums of which a track has come, changed or gone since they were last pooled. The triggers do not
    # say OR IGNORE: the conflict clause of the statement that sets them off would take its place.
    "CREATE TABLE stale_albums (album_id INTEGER PRIMARY KEY)",
    """CREATE TRIGGER prediction_made AFTER INSERT ON predictions BEGIN
        INSERT INTO stale_albums SELECT album_id FROM tracks
            WHERE id = NEW.track_id AND album_id NOT NULL AND album_id NOT IN stale_albums;
    END""",
    # Until the albums are pooled anew, the track speaks alone.
    """CREATE TRIGGER album_changed
        AFTER UPDATE OF album_id, missing_since, artist, album_artist ON tracks
        WHEN (OLD.album_id, OLD.missing_since ISNULL, OLD.artist, OLD.album_artist)
            IS NOT (NEW.album_id, NEW.missing_since ISNULL, NEW.artist, NEW.album_artist)
    BEGIN
        UPDATE predictions SET
            genre = track_genre, genre_confidence = track_genre_confidence, album_weight = NULL
            WHERE track_id = NEW.id AND album_weight NOT NULL;
        INSERT INTO stale_albums
            SELECT OLD.album_id WHERE OLD.album_id NOT NULL AND OLD.album_id NOT IN stale_albums;
        INSERT INTO stale_albums
            SELECT NEW.album_id WHERE NEW.album_id NOT NULL AND NEW.album_id NOT IN stale_albums;
    END""",
    """CREATE TRIGGER track_forgotten AFTER DELETE ON tracks WHEN OLD.album_id NOT NULL BEGIN
        INSERT INTO stale_albums SELECT OLD.album_id WHERE OLD.album_id NOT IN stale_albums;
    END""",
)


def add_albums(connection: sqlite3.Connection) -> None:
    """Add what `tagger.store.album_answers` needs; it is one of `schema.MIGRATIONS`."""
    connection.create_function("tagger_album_id", 5, _album_id, deterministic=True)
    for statement in _ALBUMS:
        connection.execute(statement)
    connection.execute(
        "UPDATE tracks SET album_id = tagger_album_id(path, album, artist, album_artist, compilation)"
    )


def _album_id(path: StoredPath, album: Any, artist: Any, album_artist: Any, compilation: Any) -> int | None:
    texts = checked.text(album), checked.text(artist), checked.text(album_artist)
    return album_id(path_from(path), *texts, bool(compilation))
