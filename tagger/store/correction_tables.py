"""The owner's word in the place of a model's: columns, views and triggers that let it hold everywhere.

What everything asks for lies in `genre`, `energy` and `bpm` of `predictions`. There a correction takes the
place of the answer as soon as either is stored, for every file of the sound and every model, so that lists,
filters and their indices need not know of it. What the model says stays beside it, and holds again once the
correction is taken back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from tagger.types import CorrectedField

BITS: Mapping[CorrectedField, int] = {"genre": 1, "energy": 2, "bpm": 4}
"""What the column `corrected` of `predictions` adds up for the fields that the owner has corrected."""

# The first genre or the number that the owner gave; NULL where a field is skipped. A damaged database may
# hold anything, and a trigger that fails would end the scan that sets it off.
_VALUES = """
    CREATE VIEW correction_values AS
    SELECT audio_id, field, CASE field
            WHEN 'genre' THEN nullif(text, '')
            WHEN 'energy' THEN CASE WHEN CAST(text AS REAL) BETWEEN 0 AND 1 AND text GLOB '[0-9]*'
                THEN CAST(text AS REAL) END
            WHEN 'bpm' THEN CASE WHEN CAST(text AS REAL) BETWEEN 1 AND 999 THEN CAST(text AS REAL) END
        END AS said
    FROM (
        SELECT audio_id, field, CASE
                WHEN kind NOT IN ('accepted', 'set') OR typeof(value) <> 'text' THEN NULL
                WHEN NOT json_valid(value) THEN NULL
                WHEN json_type(value, '$[0]') = 'text' THEN json_extract(value, '$[0]')
            END AS text
        FROM corrections)"""

_LIKELIEST = """
    SELECT {column} FROM genre_answers a
    WHERE a.track_id = predictions.track_id AND a.model = predictions.model
    ORDER BY probability DESC, genre LIMIT 1"""
_HEARD_GENRE = f"""CASE
    WHEN album_weight ISNULL THEN track_genre ELSE ({_LIKELIEST.format(column="genre")}) END"""
_HEARD_CONFIDENCE = f"""CASE
    WHEN album_weight ISNULL THEN track_genre_confidence
    ELSE ({_LIKELIEST.format(column="probability")}) END"""
"""What a model and an album say of the genre, whether or not a correction stands in its place."""


def _correct(audio_id: str, where: str) -> str:
    """The statement that lets the corrections of a sound hold, or no longer hold, in predictions of it."""
    genre, energy, bpm = (
        f"(SELECT said FROM correction_values WHERE audio_id = {audio_id} AND field = '{field}')"
        for field in BITS
    )
    return f"""
        UPDATE predictions SET
            corrected = ({genre} NOTNULL) + 2 * ({energy} NOTNULL) + 4 * ({bpm} NOTNULL),
            genre = coalesce({genre}, CASE WHEN corrected & 1 THEN {_HEARD_GENRE} ELSE genre END),
            genre_confidence = CASE
                WHEN {genre} NOTNULL THEN 1.0
                WHEN corrected & 1 THEN {_HEARD_CONFIDENCE} ELSE genre_confidence END,
            energy = coalesce({energy}, CASE WHEN corrected & 2 THEN track_energy ELSE energy END),
            bpm = coalesce({bpm}, CASE WHEN corrected & 4 THEN track_bpm ELSE bpm END),
            bpm_confidence = CASE
                WHEN {bpm} NOTNULL THEN 1.0
                WHEN corrected & 4 THEN track_bpm_confidence ELSE bpm_confidence END
        WHERE {where}"""


def _of_sound(row: str) -> str:
    return _correct(f"{row}.audio_id", f"track_id IN (SELECT id FROM tracks WHERE audio_id = {row}.audio_id)")


_SOUND_OF_NEW = "(SELECT audio_id FROM tracks WHERE id = NEW.track_id)"

_CORRECTIONS = (
    # What the model says of the track's own sound, as `track_genre` and its confidence.
    "ALTER TABLE predictions ADD COLUMN track_energy REAL",
    "ALTER TABLE predictions ADD COLUMN track_bpm REAL",
    "ALTER TABLE predictions ADD COLUMN track_bpm_confidence REAL",
    # Of `BITS`, those of the fields in which the owner's word stands in the place of the model's.
    "ALTER TABLE predictions ADD COLUMN corrected INTEGER NOT NULL DEFAULT 0",
    "DROP INDEX predictions_genre_energy",
    "DROP INDEX predictions_energy",
    "DROP INDEX predictions_bpm",
    "UPDATE predictions SET track_energy = energy, track_bpm = bpm, track_bpm_confidence = bpm_confidence",
    # Each holds all that a listing shows, so that only the tracks shown are looked up.
    """CREATE INDEX predictions_genre_energy ON predictions
        (model, genre, energy, track_id, genre_confidence, silent, bpm, bpm_confidence, corrected)""",
    """CREATE INDEX predictions_energy ON predictions
        (model, energy, track_id, genre, genre_confidence, silent, bpm, bpm_confidence, corrected)""",
    """CREATE INDEX predictions_bpm ON predictions
        (model, bpm, energy, track_id, genre, genre_confidence, silent, bpm_confidence, corrected)
        WHERE bpm IS NOT NULL""",
    _VALUES,
    # The predictions as they would be without albums; the owner's word holds.
    "DROP VIEW track_predictions",
    """CREATE VIEW track_predictions AS
        SELECT track_id, model, CASE WHEN corrected & 1 THEN genre ELSE track_genre END AS genre,
            CASE WHEN corrected & 1 THEN genre_confidence ELSE track_genre_confidence END AS genre_confidence,
            energy, silent, created_at, bpm, bpm_confidence, corrected FROM predictions""",
    # The predictions with the genre that was heard, also where the owner has said another one.
    f"""CREATE VIEW heard_predictions AS
        SELECT track_id, model, CASE WHEN corrected & 1 THEN {_HEARD_GENRE} ELSE genre END AS genre,
            CASE WHEN corrected & 1 THEN {_HEARD_CONFIDENCE} ELSE genre_confidence END AS genre_confidence,
            energy, silent, created_at, bpm, bpm_confidence, corrected & ~1 AS corrected FROM predictions""",
    # Until the albums are pooled anew, the track speaks alone.
    "DROP TRIGGER album_changed",
    """CREATE TRIGGER album_changed
        AFTER UPDATE OF album_id, missing_since, artist, album_artist ON tracks
        WHEN (OLD.album_id, OLD.missing_since ISNULL, OLD.artist, OLD.album_artist)
            IS NOT (NEW.album_id, NEW.missing_since ISNULL, NEW.artist, NEW.album_artist)
    BEGIN
        UPDATE predictions SET
            genre = CASE WHEN corrected & 1 THEN genre ELSE track_genre END,
            genre_confidence = CASE WHEN corrected & 1 THEN genre_confidence ELSE track_genre_confidence END,
            album_weight = NULL
            WHERE track_id = NEW.id AND album_weight NOT NULL;
        INSERT INTO stale_albums
            SELECT OLD.album_id WHERE OLD.album_id NOT NULL AND OLD.album_id NOT IN stale_albums;
        INSERT INTO stale_albums
            SELECT NEW.album_id WHERE NEW.album_id NOT NULL AND NEW.album_id NOT IN stale_albums;
    END""",
    # A track whose sound becomes another one has lost its predictions by then.
    f"""CREATE TRIGGER prediction_corrected AFTER INSERT ON predictions
        WHEN EXISTS (SELECT 1 FROM corrections WHERE audio_id = {_SOUND_OF_NEW})
    BEGIN
        {_correct(_SOUND_OF_NEW, "track_id = NEW.track_id AND model = NEW.model")};
    END""",
    f"CREATE TRIGGER correction_made AFTER INSERT ON corrections BEGIN {_of_sound('NEW')}; END",
    f"CREATE TRIGGER correction_changed AFTER UPDATE OF kind, value ON corrections"
    f" BEGIN {_of_sound('NEW')}; END",
    f"CREATE TRIGGER correction_taken_back AFTER DELETE ON corrections BEGIN {_of_sound('OLD')}; END",
    "UPDATE corrections SET value = value",  # so that what was said already holds from now on
)


def add_correction_answers(connection: sqlite3.Connection) -> None:
    """Let corrections hold in `predictions`; it is one of `schema.MIGRATIONS`."""
    for statement in _CORRECTIONS:
        connection.execute(statement)
