"""The stored embeddings of many tracks at once, as one array."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tagger.query import Query
from tagger.store.query import Sql, asked_for

_OF_PREDICTION = "e.track_id = p.track_id AND e.model = p.model"


def embeddings(
    connection: sqlite3.Connection, query: Query, model: str, size: int, but: str
) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
    """The ids (n,) of the tracks that `query` asks for, and their embeddings (n, size).

    They come in no particular order, and the query's limit does not hold. Left out are tracks whose
    embedding has another size, and those whose `audio_id` is `but`.
    """
    from_where, values = _from_where(query, model)
    usable = "length(e.vector) = ? AND p.track_id NOT IN (SELECT id FROM tracks WHERE audio_id = ?)"
    sql = f"SELECT p.track_id, e.vector {from_where} AND {usable}"
    found = connection.execute(sql, [*values, 2 * size, but]).fetchall()
    ids = np.array([track_id for track_id, _ in found], dtype=np.int64)
    vectors = np.frombuffer(b"".join(vector for _, vector in found), dtype="<f2")
    return ids, vectors.reshape(len(found), size).astype(np.float16, copy=False)


def _from_where(query: Query, model: str) -> Sql:
    if replace(query, order="path", limit=None) == Query():  # all of them: as they lie in the file
        return f"FROM embeddings e CROSS JOIN predictions p ON {_OF_PREDICTION} WHERE p.model = ?", [model]
    return asked_for(query, model, f" CROSS JOIN embeddings e ON {_OF_PREDICTION}", with_tracks=False)
