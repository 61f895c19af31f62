"""The stored embeddings of many tracks at once, as one array."""

from __future__ import annotations

import sqlite3

import numpy as np
from numpy.typing import NDArray

from tagger.store.query import asked_for
from tagger.store.rows import TRACK_COLUMNS, TrackRow, track_row
from tagger.types import Query


def embedded_tracks(
    connection: sqlite3.Connection, query: Query, model: str, size: int, but: str
) -> tuple[list[TrackRow], NDArray[np.float16]]:
    """The tracks that `query` asks for, and their embeddings, (n, size).

    They come in no particular order, and the query's limit does not hold. Left out are tracks whose
    embedding has another size, and those whose `audio_id` is `but`.
    """
    join = (
        " CROSS JOIN embeddings e ON e.track_id = t.id AND e.model = p.model"
        " AND length(e.vector) = ? AND t.audio_id <> ?"
    )
    from_where, values = asked_for(query, model, (join, [2 * size, but]))
    found = connection.execute(f"SELECT e.vector, {TRACK_COLUMNS} {from_where}", values).fetchall()
    vectors = np.frombuffer(b"".join(row[0] for row in found), dtype="<f2")
    rows = [track_row(row[1:]) for row in found]
    return rows, vectors.reshape(len(rows), size).astype(np.float16, copy=False)
