"""Questions to the library as parametrised SQL, each along the index that answers it."""

from __future__ import annotations

from collections.abc import Sequence

from tagger.errors import StoreError
from tagger.files import folded
from tagger.query import Query, TrackOrder
from tagger.store.paths import StoredPath, path_ranges, stored_path

SqlValue = str | bytes | int | float | None
Sql = tuple[str, list[SqlValue]]

_MAX_SQL_VALUES = 32_766  # https://www.sqlite.org/limits.html#max_variable_number
_VALUES_OF_FILTERS = 500  # left for everything but paths

_ORDERS: dict[TrackOrder, str] = {
    "path": "t.path",
    "energy": "p.energy NULLS LAST, p.track_id",
    "-energy": "p.energy DESC, p.track_id DESC",
}


def tracks_query(query: Query, model: str, columns: str) -> Sql:
    """SELECT the `columns` of what `query` asks for, in its order, and the values of its marks.

    The tables are tracks `t` and predictions `p`.
    """
    from_where, values = asked_for(query, model)
    sql = f"SELECT {columns} {from_where} ORDER BY {_ORDERS[query.order]}"
    return (
        (sql, values) if query.limit is None else (f"{sql} LIMIT ?", [*values, min(query.limit, 2**63 - 1)])
    )


def asked_for(query: Query, model: str, more: str = "", with_tracks: bool = True) -> Sql:
    """The FROM and WHERE of `query`, without its order and limit; `more` is a further join.

    Without `with_tracks`, the table of tracks is left out if nothing is asked of it.
    """
    of_tracks = _named(query)
    source, bounds = _source(query, with_tracks or bool(of_tracks))
    conditions: list[Sql] = [("p.model = ?", [model]), *_heard(query), *of_tracks]
    where = " AND ".join(sql for sql, _ in conditions)
    values = [value for _, values in conditions for value in values]
    return f"FROM {source}{more} WHERE {where}", [*bounds, *values]


def _source(query: Query, with_tracks: bool) -> Sql:
    """The tables, the one that narrows first."""
    # SQLite keeps the order of a CROSS JOIN (https://www.sqlite.org/optoverview.html#crossjoin):
    # its planner has no statistics here, and the better order is known.
    prediction_of_track = "predictions p ON p.track_id = t.id"
    if query.paths:
        rows, bounds = _ranges(query.paths)
        within = "tracks t ON t.path >= wanted.column1 AND t.path < wanted.column2"
        return f"(VALUES {rows}) wanted CROSS JOIN {within} CROSS JOIN {prediction_of_track}", bounds
    if not with_tracks:
        return "predictions p", []
    narrow = query.genres or query.energy or query.bpm or query.order != "path"
    if narrow and not (query.artists or query.albums):
        return "predictions p CROSS JOIN tracks t ON t.id = p.track_id", []
    return f"tracks t CROSS JOIN {prediction_of_track}", []


def _ranges(paths: Sequence[str]) -> Sql:
    ranges = path_ranges(paths)
    if 2 * len(ranges) > _MAX_SQL_VALUES - _VALUES_OF_FILTERS:
        raise StoreError(f"{len(paths)} paths are too many for one question; name their folder instead")
    return ", ".join(["(?, ?)"] * len(ranges)), [bound for pair in ranges for bound in pair]


def _heard(query: Query) -> list[Sql]:
    """What must hold of a prediction."""
    found: list[Sql] = []
    if len(query.genres) == 1:
        found.append(("p.genre = ?", [*query.genres]))
    elif query.genres:  # with the plus, rows still come in the order of energy, and a limit ends them early
        found.append((f"+p.genre IN ({_marks(query.genres)})", [*query.genres]))
    if query.not_genres:
        found.append((f"p.genre NOT IN ({_marks(query.not_genres)})", [*query.not_genres]))
    if query.genres or query.not_genres or query.min_confidence is not None:
        found.append(("NOT p.silent", []))  # its first genre is an accident
    if query.energy is not None:
        found.append(("p.energy >= ? AND p.energy < ?", [*query.energy]))
    if query.bpm is not None:
        found.append(("p.bpm >= ? AND p.bpm <= ?", [*query.bpm]))
    if query.min_confidence is not None:
        found.append(("p.genre_confidence >= ?", [query.min_confidence]))
    return found


def _named(query: Query) -> list[Sql]:
    """What must hold of a file and its tags."""
    found = [
        _one_of_the_names("artist", query.artists),
        _one_of_the_names("album", query.albums),
        _contains_one_of("t.path", query.path_parts),
    ]
    if query.year is not None:
        found.append(("t.year >= ? AND t.year <= ?", [*query.year]))
    return [condition for condition in found if condition[0]]


def _one_of_the_names(column: str, parts: Sequence[str]) -> Sql:
    """Looks through the different names, of which there are far fewer than tracks, then along the index."""
    condition, values = _contains_one_of(column, parts)
    names = f"SELECT {column} FROM (SELECT DISTINCT {column} FROM tracks) WHERE {condition}"
    return (f"t.{column} IN ({names})", values) if parts else ("", [])


def _contains_one_of(column: str, parts: Sequence[str]) -> Sql:
    needles: list[StoredPath] = [stored_path(folded(part)) for part in parts]
    condition = " OR ".join([f"tagger_contains({column}, ?)"] * len(needles))
    return (f"({condition})", [*needles]) if needles else ("", [])


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
