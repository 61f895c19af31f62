"""The view `library`: the join that everybody who asks by SQL would write by hand, a row a track.

Its columns are named as the fields of JSON are; `tagger help sql` shows what can be asked. Written out, for
a migration must stay what it was, whatever becomes of the constants of today.
"""

from __future__ import annotations

import sqlite3

# The model of the last scan that came to its end, as `Answers.models` has it.
_LAST_MODEL = """
    SELECT model FROM models m WHERE EXISTS (SELECT 1 FROM predictions a WHERE a.model = m.model)
    ORDER BY last_used_at DESC, model LIMIT 1"""

# ceil(10 * energy) within 1 to 10; not every SQLite knows ceil.
_ENERGY_LEVEL = (
    "min(10, max(1, CAST(10 * p.energy AS INTEGER) + (10 * p.energy > CAST(10 * p.energy AS INTEGER))))"
)

# The words whose probability is at least a half, of a byte at least 128, the likeliest first.
_WORDS = """
    SELECT group_concat(word, ', ') FROM (
        SELECT word, substr(w.words, k.place, 1) AS sure, place FROM word_places k
        WHERE k.word_list = w.word_list AND substr(w.words, k.place, 1) >= x'80'
        ORDER BY sure DESC, place)"""

_CORRECTED = """
    nullif(substr(CASE WHEN p.corrected & 1 THEN ', genre' ELSE '' END
        || CASE WHEN p.corrected & 2 THEN ', energy' ELSE '' END
        || CASE WHEN p.corrected & 4 THEN ', bpm' ELSE '' END, 3), '')"""

# A damaged database may hold anything where a JSON array should be.
_OWN_GENRES = """
    CASE
        WHEN typeof(t.tag_genres) <> 'text' THEN NULL
        WHEN json_valid(t.tag_genres) THEN (SELECT group_concat(value, '; ') FROM json_each(t.tag_genres))
    END"""

_WITH_SOUND = """
        CASE WHEN p.model ISNULL THEN NULL WHEN p.corrected > 0 THEN 'music'
            ELSE coalesce(n.sound, 'music') END AS sound,"""


_WITH_KEY = """
        t.tag_key, k.key, k.key_confidence, k.second_bpm, k.second_bpm_confidence,"""

_JOIN_SOUND = "\n    LEFT JOIN no_music n ON n.track_id = t.id AND n.model = p.model"
_JOIN_KEY = "\n    LEFT JOIN keys_and_tempos k ON k.track_id = t.id AND k.model = p.model"


def _view(more: str = "", join: str = "") -> str:
    """The view, perhaps with further columns before those of the file, and with the join that they need."""
    return f"""
    CREATE VIEW library AS SELECT
        t.path, t.artist, t.title, t.album, t.album_artist, t.year, t.duration_s, t.codec,
        p.genre, p.genre_confidence,
        p.energy, {_ENERGY_LEVEL} AS energy_level,
        p.bpm, p.bpm_confidence,
        {_CORRECTED} AS corrected,
        w.mood, w.mood_confidence, w.valence,
        ({_WORDS}) AS words,
        {_OWN_GENRES} AS tag_genre, t.tag_energy_level, t.tag_bpm,{more}
        p.silent, t.damaged, t.missing_since, t.scanned_at, t.size,
        t.audio_id, t.id AS track_id, p.model
    FROM tracks t
    LEFT JOIN predictions p ON p.track_id = t.id AND p.model = ({_LAST_MODEL})
    LEFT JOIN mood_words w ON w.track_id = t.id AND w.model = p.model{join}"""


def add_library_view(connection: sqlite3.Connection) -> None:
    """Add the view, and where a scan notes what files held; it is one of `schema.MIGRATIONS`."""
    # A JSON object: what the fields that write-tags wrote held when a scan last read them, and when (`at`).
    connection.execute("ALTER TABLE tracks ADD COLUMN tag_seen TEXT")
    connection.execute(_view())


def with_sound() -> str:
    """Write the statement that makes the view with `sound`, where there is the table `no_music`."""
    return _view(_WITH_SOUND, _JOIN_SOUND)


def with_key() -> str:
    """Write the statement that makes the view with `sound` and `key`, with `keys_and_tempos` beside it."""
    return _view(_WITH_SOUND + _WITH_KEY, _JOIN_SOUND + _JOIN_KEY)
