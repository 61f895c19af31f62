"""Questions to the library as parametrised SQL, each along the index that answers it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tagger.store.paths import PathRange

TrackOrder = Literal["path", "energy", "-energy"]
SqlValue = str | bytes | int | float | None

_COLUMNS = "t.path, p.genre, p.genre_confidence, p.energy, p.silent, t.duration_s"
_ORDERS: dict[TrackOrder, str] = {
    "path": "t.path",
    "energy": "p.energy, p.track_id",
    "-energy": "p.energy DESC, p.track_id DESC",
}


def tracks_query(
    ranges: Sequence[PathRange],
    genre: str | None,
    energy: tuple[float, float] | None,
    model: str,
    limit: int | None,
    order_by: TrackOrder,
) -> tuple[str, list[SqlValue]]:
    """The SELECT over tracks `t` and predictions `p` that `Store.tracks` describes, and its values."""
    conditions, values = ["p.model = ?"], list[SqlValue]([model])
    if genre is not None:
        conditions.append("p.genre = ?")
        values.append(genre)
    if energy is not None:
        conditions.append("p.energy >= ? AND p.energy < ?")
        values += energy
    narrow = genre is not None or energy is not None or order_by != "path"
    source, bounds = _source(ranges, narrow)
    sql = f"{source} WHERE {' AND '.join(conditions)} ORDER BY {_ORDERS[order_by]}"
    if limit is None:
        return sql, bounds + values
    return f"{sql} LIMIT ?", [*bounds, *values, limit]


def _source(ranges: Sequence[PathRange], narrow: bool) -> tuple[str, list[SqlValue]]:
    # SQLite keeps the order of a CROSS JOIN (https://www.sqlite.org/optoverview.html#crossjoin):
    # its planner has no statistics here, and the better order is known.
    prediction_of_track = "predictions p ON p.track_id = t.id"
    if ranges:
        rows = ", ".join(["(?, ?)"] * len(ranges))
        bounds: list[SqlValue] = [bound for pair in ranges for bound in pair]
        return (
            f"WITH wanted (low, high) AS (VALUES {rows}) SELECT {_COLUMNS} FROM wanted "
            f"CROSS JOIN tracks t ON t.path >= low AND t.path < high CROSS JOIN {prediction_of_track}"
        ), bounds
    if narrow:
        return f"SELECT {_COLUMNS} FROM predictions p CROSS JOIN tracks t ON t.id = p.track_id", []
    return f"SELECT {_COLUMNS} FROM tracks t CROSS JOIN {prediction_of_track}", []
