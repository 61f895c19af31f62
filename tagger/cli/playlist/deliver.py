"""A playlist made from its plan and written, or sent to stdout."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from tagger.cli.hears import require
from tagger.cli.output import counted, message, shown
from tagger.cli.playlist.choose import entries_of
from tagger.cli.playlist.place import placed
from tagger.cli.playlist.plan import Plan

if TYPE_CHECKING:
    from tagger.playlist import Entry, Format, Rendered, SmartRule
    from tagger.store import Store


def deliver(plan: Plan, store: Store, model: str) -> int:
    """Makes the playlist and writes it; the answer is the number of tracks that its format cannot hold.

    Those are named on stderr. An empty playlist is written as such, with a word on stderr. Raises
    `TaggerError` before anything is written.
    """
    from tagger.files import replace_atomically
    from tagger.playlist import render

    plan.check()
    if plan.is_by_energy():
        require(store, model, "energy", "--sort path")
    name = f"{shown(plan.output)}: " if plan.output else ""
    if plan.wanted_format() == "nsp":
        rendered, told = _smart(plan, store, model), "a rule for Navidrome"
    else:
        entries = entries_of(plan, store, model)
        if not entries:
            message(f"{name}no track matches; the playlist is empty")
        rendered = render(placed(entries, plan), cast("Format", plan.wanted_format()), plan.title)
        told = _told(entries) if entries else ""
    for skipped in rendered.skipped:
        message(f"{name}{shown(skipped.path)}: {skipped.reason} (left out)")
    if plan.output is None:
        sys.stdout.buffer.write(rendered.content)
        sys.stdout.buffer.flush()
    else:
        replace_atomically(plan.output, rendered.content)
        if told and sys.stderr.isatty():
            message(f"{name}{told}")
    return len(rendered.skipped)


def _smart(plan: Plan, store: Store, model: str) -> Rendered:
    from tagger.playlist import render_nsp

    return render_nsp(_rule(plan, store, model), plan.title)


def _rule(plan: Plan, store: Store, model: str) -> SmartRule:
    from tagger.playlist import SmartRule, Sort

    query = plan.filters.query(store, model)
    return SmartRule(
        genres=query.genres,
        not_genres=query.not_genres,
        energy=query.energy,
        bpm=query.bpm,
        artists=query.artists,
        albums=query.albums,
        paths=query.path_parts,
        year=query.year,
        sort=cast(Sort, plan.sort or "energy"),
        limit=plan.limit,
    )


def _told(entries: Sequence[Entry]) -> str:
    minutes = round(sum(entry.duration_s for entry in entries) / 60)
    return f"{counted(len(entries), 'tracks')}, {minutes // 60}:{minutes % 60:02} hours"
