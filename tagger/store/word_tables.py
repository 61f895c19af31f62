"""The tables of words and moods, and of trunks: what makes the embeddings that heads read."""

from __future__ import annotations

import json
import sqlite3

SHIPPED_BEFORE = {
    "standard-6": (
        "fd78c6d369c8d20c7c86968d1c6d215bd511c811052097039de88464af109271",
        {"genre": "c92292c8a7f1", "energy": "17b5bf8f4376", "tempo": "a7445d13e682"},
    ),
    "small-3": (
        "8cb551c9f8d65fe127b1c51cc57847c13087267c293c2b89d5881ab989f76ec1",
        {"genre": "84cab244de59", "energy": "f6a4ac9ef19e", "tempo": "7e40e27178c1"},
    ),
}
"""Trunk and versions of the heads of models that were shipped when databases did not note them."""

_TABLES = (
    # What makes an embedding, by the hash of its weights; `model <id>` where no hash is known.
    "CREATE TABLE trunks (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    "ALTER TABLE models ADD COLUMN trunk INTEGER REFERENCES trunks (id)",
    # A JSON object: the version of each head that has given the model's answers; NULL: unknown.
    "ALTER TABLE models ADD COLUMN heads TEXT",
    # `vector` is little-endian float16. Models with the same trunk share it.
    """CREATE TABLE embeddings_of_trunks (
        track_id INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
        trunk INTEGER NOT NULL REFERENCES trunks (id),
        vector BLOB NOT NULL,
        PRIMARY KEY (track_id, trunk)
    )""",
    # The n-th byte of `mood_words.words` is that of the word whose `place` is n in the row's word list.
    """CREATE TABLE word_places (
        word_list INTEGER NOT NULL,
        word TEXT NOT NULL,
        place INTEGER NOT NULL,
        PRIMARY KEY (word_list, word)
    ) WITHOUT ROWID""",
    # A byte a word, its probability times 255: a row a word would be sixty times as many.
    """CREATE TABLE mood_words (
        track_id INTEGER NOT NULL,
        model TEXT NOT NULL,
        valence REAL,
        mood TEXT,
        mood_confidence REAL,
        word_list INTEGER,
        words BLOB,
        PRIMARY KEY (track_id, model),
        FOREIGN KEY (track_id, model) REFERENCES predictions (track_id, model) ON DELETE CASCADE
    ) WITHOUT ROWID""",
    "ALTER TABLE window_answers ADD COLUMN valence REAL",
    "ALTER TABLE window_answers ADD COLUMN mood TEXT",
)


def add_words(connection: sqlite3.Connection) -> None:
    """Add what `tagger.store.words` and `tagger.store.rereads` need; it is one of `schema.MIGRATIONS`."""
    for statement in _TABLES:
        connection.execute(statement)
    for (model,) in connection.execute("SELECT model FROM models").fetchall():
        trunk, heads = SHIPPED_BEFORE.get(model, (None, None))
        trunk_id = trunk_named(connection, trunk or f"model {model}")
        values = (trunk_id, heads and json.dumps(heads), model)
        connection.execute("UPDATE models SET trunk = ?, heads = ? WHERE model = ?", values)
    connection.execute(
        """INSERT OR IGNORE INTO embeddings_of_trunks
            SELECT track_id, trunk, vector FROM embeddings JOIN models USING (model)"""
    )
    connection.execute("DROP TABLE embeddings")
    connection.execute("ALTER TABLE embeddings_of_trunks RENAME TO embeddings")


def trunk_named(connection: sqlite3.Connection, name: str) -> int:
    """Give the id of a trunk, new if it is not known."""
    connection.execute("INSERT OR IGNORE INTO trunks (name) VALUES (?)", (name,))
    (trunk,) = connection.execute("SELECT id FROM trunks WHERE name = ?", (name,)).fetchone()
    return int(trunk)
