"""How a comparison of two models is printed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tagger.cli.output import counted, shown
from tagger.types import rounded

if TYPE_CHECKING:
    from tagger.compare import Comparison, GenreChange

TOP_CHANGES = 10


def fields(found: Comparison, old: str, new: str) -> dict[str, Any]:
    """The comparison by the names that JSON uses; `tracks` is the sum of stored, by_heads and heard."""
    overall = _row_fields(found.differences.overall())
    overall.pop("genre")
    return {
        "old": old,
        "new": new,
        "tracks": overall.pop("old"),
        "stored": found.stored,
        "by_heads": found.by_heads,
        "heard": found.heard,
        "failed": found.failed,
        "left": _left(found),
        **{name: value for name, value in overall.items() if name != "new"},
        "genres": [_row_fields(row) for row in found.differences.by_genre()],
        "changes": [
            {"from": before, "to": after, "tracks": count}
            for (before, after), count in found.differences.changes()
        ],
    }


def lines(found: Comparison, old: str, new: str) -> Iterator[str]:
    """The comparison as a table by genre and the most frequent changes of genre."""
    overall = found.differences.overall()
    yield f"{counted(overall.old, 'tracks compared')}: {_sources(found)}"
    if not overall.old:
        return
    widths = [max(7, len(name)) for name in (old, new)]
    yield ""
    yield f"{'genre':<14} {old:>{widths[0]}} {new:>{widths[1]}}  changed  energy  levels"
    for row in (*found.differences.by_genre(), overall):
        yield _line(row, *widths)
    if changes := found.differences.changes():
        yield "\nmost changes of genre"
    for (before, after), count in changes[:TOP_CHANGES]:
        yield f"  {count:>7,} {shown(before)} → {shown(after)}"


def _sources(found: Comparison) -> str:
    counts = {
        "by stored answers": found.stored,
        "by the heads on stored embeddings": found.by_heads,
        "heard now": found.heard,
        "not compared": _left(found),
    }
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "none in the database"


def _left(found: Comparison) -> int:
    """Tracks that nothing is known of, as they were not drawn or could not be heard."""
    return found.unheard - found.heard


def _line(row: GenreChange, old_width: int, new_width: int) -> str:
    counts = f"{shown(row.genre):<14} {row.old:>{old_width},} {row.new:>{new_width},}"
    changed = "–" if row.changed_share is None else f"{row.changed_share:.1%}"
    if row.energy_difference is None:
        return f"{counts} {changed:>8}       –       –"
    return f"{counts} {changed:>8}  ±{row.energy_difference:.3f} {row.levels_changed:>7,}"


def _row_fields(row: GenreChange) -> dict[str, Any]:
    share, difference = row.changed_share, row.energy_difference
    return {
        "genre": row.genre,
        "old": row.old,
        "new": row.new,
        "changed": row.changed,
        "changed_share": rounded(share, 4),
        "energy_difference": rounded(difference, 4),
        "levels_changed": row.levels_changed,
    }
