"""Make a playlist: from its plan to the tracks in playing order, and to the bytes of its file."""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypedDict

from tagger.errors import TaggerError
from tagger.model_choice import fitted, genres_of, require_aspect, warnings
from tagger.playlist.alike import NO_REASONS, Analyse, Reason, alike, with_words
from tagger.playlist.collection import PLAIN
from tagger.playlist.fill import is_full, length_of
from tagger.playlist.location import Skipped, nameable, placed
from tagger.playlist.nsp import render_nsp
from tagger.playlist.plan import LIKE_LIMIT, Plan
from tagger.playlist.render import render
from tagger.playlist.rooted import rooted
from tagger.playlist.select import selected, shortened
from tagger.query.filter_values import in_octave
from tagger.types import Track, counted

if TYPE_CHECKING:
    from tagger.genre_names import GenreNames
    from tagger.query import Query
    from tagger.store import Store

FIRST_READ = 500
"""Tracks read first for a playlist of what sounds alike; twice as many each time that it is not full."""


class Bounds(TypedDict):
    """How much of the tracks is played, as the functions that choose take it."""

    limit: int | None
    minutes: float | None
    per_artist: int | None


@dataclass(frozen=True, slots=True)
class Playlist:
    """A playlist that was made and is not written yet.

    `content` is all the bytes of its file. `tracks` are in playing order, by the paths that the file has for
    them, with key, mood and words where it shows these; None for a rule of Navidrome, which holds none.
    `skipped` are those that the format cannot hold, and `warnings` say, a line each, why nothing was
    found. `reasons` say by `audio_id` why tracks are in it, where the format has a place for that.
    """

    content: bytes
    tracks: tuple[Track, ...] | None
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[str, ...] = ()
    reasons: Mapping[str, Reason] = field(default_factory=dict)


def make_playlist(
    plan: Plan, store: Store, model: str, analyse: Analyse, first_read: int = FIRST_READ
) -> Playlist:
    """Make the playlist that `plan` asks for, of the answers of `model` in `store`; nothing is written.

    It is of music, unless the question is for other sounds; a rule of Navidrome cannot say that.
    `analyse` gives the answers for `plan.like` where no scan has met a file. Raises TaggerError where the
    model cannot answer what is asked, where such a file cannot be analysed, and where every track is gone.
    """
    if plan.is_by_energy:
        require_aspect(store, model, "energy", "--sort path")
    if plan.sort in ("valence", "-valence"):
        require_aspect(store, model, "mood", "--sort energy")
    query = fitted(plan.query, store, model)
    query = _claimed(query, store, model)
    if plan.wanted_format == "nsp":
        rule = render_nsp(_as_written(query, store), plan.sort or "energy", plan.limit, plan.title)
        return Playlist(rule.content, None)
    query = replace(query, sounds=query.sounds or ("music",))
    about = replace(query, order="key") if plan.sort == "key" else query
    warned = [*warnings(about, store, model, by_tempo=plan.sort == "bpm")]
    if query.genres and query.min_confidence is None:
        query, left_out = _sure_of(query, store, model)
        warned += left_out
    reasons: Mapping[str, Reason] = {}
    if plan.like:
        tracks, reasons = _alike(plan, query, store, model, analyse, first_read)
    else:
        needs = {"with_keys": plan.needs_keys, "with_words": plan.needs_words}
        asked_for = [*store.answers.tracks(query, model=model, **needs)]
        found = _existing(plan, asked_for)
        _refuse_if_all_are_gone(len(asked_for), len(found))
        candidates = distinct(found)
        tracks = _in_order(plan, query, candidates, store, model)
        _refuse_if_none_fits(plan, candidates, tracks)
    if not tracks:
        warned.append("no track matches; the playlist is empty")
    if plan.gives_reasons:
        reasons = with_words(reasons, tracks, query, store, model)
    return replace(playlist_of(tracks, plan, reasons, store.names), warnings=tuple(warned))


def playlist_of(
    tracks: Sequence[Track],
    plan: Plan,
    reasons: Mapping[str, Reason] = NO_REASONS,
    names: GenreNames = PLAIN,
) -> Playlist:
    """Make the playlist of just these tracks, in their order: of the plan, names and format alone are asked.

    `reasons` are by `audio_id`, `names` the owner's for genres. Raises TaggerError where there are tracks and
    the format can name none of them.
    """
    named, unnamed = nameable(tracks, plan)
    if plan.kind.naming == "root":
        found, outside = rooted(named, plan)
        unnamed = (*unnamed, *outside)
    else:
        found = placed(named, plan)
    if limits := plan.tempo_limits:
        found = [_folded(track, limits) for track in found]
    rendered = render(found, plan.wanted_format, plan.title, reasons, names)
    skipped = (*unnamed, *rendered.skipped)
    _refuse_if_none_is_held(len(tracks), skipped)
    return Playlist(rendered.content, tuple(found), skipped, reasons=reasons)


def _folded(track: Track, limits: tuple[float, float]) -> Track:
    """The track with its tempo in a range, unless that is the owner's word."""
    if track.bpm is None or "bpm" in track.corrected:
        return track
    return replace(track, bpm=in_octave(track.bpm, limits))


def _claimed(query: Query, store: Store, model: str) -> Query:
    """The question, of a genre that the model may not claim for what the owner has called so alone.

    Raises TaggerError where nobody has.
    """
    known = {*genres_of(store, model)} if query.genres else set()
    unclaimed = [genre for genre in query.genres if genre in known and not store.names.is_claimed(genre)]
    if unclaimed and {*query.genres} <= {*store.corrections.genres()}:
        return replace(query, min_confidence=1.0)  # of which no model is
    store.names.require_claimed(unclaimed)
    return query


def _sure_of(query: Query, store: Store, model: str) -> tuple[Query, list[str]]:
    """The question for tracks that are sure enough of their genre, and how many that leaves out."""
    sure_from = store.names.sure_from
    sure = replace(query, min_confidence=sure_from)
    n_left_out = store.answers.count_of(query, model) - store.answers.count_of(sure, model)
    left_out = f"{counted(n_left_out, 'tracks')} left out: the genre is less than {sure_from:.0%} sure"
    return sure, [f"{left_out} (--min-confidence 0 takes all)"] if n_left_out else []


def _as_written(query: Query, store: Store) -> Query:
    """The question with the genres and words as they stand in the tags of files."""
    said = query.genres, query.not_genres, query.words, query.not_words
    genres, not_genres, words, not_words = (
        tuple(dict.fromkeys(map(store.names.shown, names))) for names in said
    )
    return replace(query, genres=genres, not_genres=not_genres, words=words, not_words=not_words)


def distinct(tracks: Iterable[Track]) -> list[Track]:
    """Keep each sound once, by a name that the last scan has found if there is one, and no silence.

    >>> copies = [Track("/m/a.mp3", audio_id="1", missing=True), Track("/m/b.mp3", audio_id="1")]
    >>> [track.path for track in distinct(copies)]
    ['/m/b.mp3']
    """
    chosen: dict[str, Track] = {}
    for track in tracks:
        known = chosen.get(track.audio_id)
        if not track.silent and (known is None or known.missing > track.missing):
            chosen[track.audio_id] = track
    return list(chosen.values())


def _in_order(plan: Plan, query: Query, tracks: list[Track], store: Store, model: str) -> list[Track]:
    """Keep as many of the tracks as the plan wants, in its order."""
    sort, seed = plan.sort or "energy", abs(plan.seed or 0)
    bounds: Bounds = {"limit": plan.limit, "minutes": plan.minutes, "per_artist": plan.per_artist}
    if plan.shape:
        from tagger.playlist.shape import Ends, shaped

        def ends_of(chosen: Sequence[Track]) -> Ends:
            return store.answers.energy_ends((track.path for track in chosen), model)

        return shaped(tracks, plan.shape, seed=seed, ends_of=ends_of, **bounds)
    if sort == "random" and plan.seed is None:  # a shuffle is a new one each time, as everywhere
        seed = secrets.randbits(32)
    words = [*map(store.names.shown, query.words)]
    return selected(tracks, sort, seed=seed, words=words, **bounds)


def _alike(
    plan: Plan, query: Query, store: Store, model: str, analyse: Analyse, first_read: int
) -> tuple[list[Track], Mapping[str, Reason]]:
    """Find the tracks most like the files, which set which they are; `sort` or `shape` set their order.

    The reasons are by `audio_id`.
    """
    by_likeness = alike(plan.like, query, store, model, analyse)
    chosen, places = _first_of(plan, by_likeness.ids.tolist(), store, model, first_read)
    reasons = {track.audio_id: by_likeness.reason(places[track.audio_id]) for track in chosen}
    if plan.sort or plan.shape:
        all_of_them = replace(plan, limit=None, minutes=None, per_artist=None)
        chosen = _in_order(all_of_them, query, chosen, store, model)
    return chosen, reasons


def _first_of(
    plan: Plan, ids: Sequence[int], store: Store, model: str, first_read: int
) -> tuple[list[Track], dict[str, int]]:
    """Take the first of the tracks, as many as fit; of a large library only those are read.

    Beside them, the first place of each sound that was read, by its `audio_id`.
    """
    limit = LIKE_LIMIT if plan.limit is None and plan.minutes is None else plan.limit
    found, places = list[Track](), dict[str, int]()
    read, chunk = 0, first_read
    while True:
        wanted = ids[read : read + chunk]
        needs_more = plan.needs_words or plan.needs_keys
        some = store.answers.tracks_by_id(wanted, model, plan.query.no_album, needs_more)
        for place, track_id in enumerate(wanted, read):
            if track_id in some:
                places.setdefault(some[track_id].audio_id, place)
        found += _existing(plan, [*some.values()])
        read, chunk = read + chunk, 2 * chunk
        tracks = distinct(found)
        chosen = shortened(tracks, limit=limit, minutes=plan.minutes, per_artist=plan.per_artist)
        if read >= len(ids) or len(chosen) == limit or _uses_the_minutes(plan, tracks, chosen):
            _refuse_if_all_are_gone(len(ids), len(found))
            _refuse_if_none_fits(plan, tracks, chosen)
            return chosen, places


def _uses_the_minutes(plan: Plan, tracks: Sequence[Track], chosen: Sequence[Track]) -> bool:
    """Whether no track that is still to be read would be played, the minutes being used."""
    return plan.minutes is not None and is_full(sum(map(length_of(tracks), chosen)), 60 * plan.minutes)


def _existing(plan: Plan, tracks: list[Track]) -> list[Track]:
    """Leave out the files that are gone, if that is asked for."""
    return [track for track in tracks if os.path.exists(track.path)] if plan.no_missing else tracks


def _refuse_if_all_are_gone(n_asked_for: int, n_found: int) -> None:
    """Raise TaggerError: a drive that is not mounted must not empty the playlists of a night."""
    if n_asked_for and not n_found:
        tracks = counted(n_asked_for, "tracks")
        raise TaggerError(f"of {tracks} none is there; is the drive mounted? The playlist is left as it was")


def _refuse_if_none_is_held(n_chosen: int, skipped: Sequence[Skipped]) -> None:
    """Raise TaggerError where the playlist would be empty because its format can name none of the tracks."""
    if skipped and len(skipped) == n_chosen:
        tracks, first = counted(n_chosen, "tracks"), skipped[0]
        raise TaggerError(
            f"of {tracks} the playlist can hold none ({first.path}: {first.reason}); it is left as it was"
        )


def _refuse_if_none_fits(plan: Plan, candidates: Sequence[Track], chosen: Sequence[Track]) -> None:
    """Raise TaggerError where there are tracks, but each plays longer than the minutes that are asked for.

    An empty playlist in place of a good one would be no answer to that.
    """
    playable = [track for track in candidates if track.energy is not None or not plan.shape]
    if chosen or not playable or plan.minutes is None or plan.limit == 0:
        return
    length_s = length_of(playable)
    shortest = min(playable, key=length_s)
    seconds = math.ceil(length_s(shortest))
    raise TaggerError(
        f"no track fits into {plan.minutes:g} minutes: the shortest, {shortest.path}, plays "
        f"{seconds // 60}:{seconds % 60:02}; give more --minutes"
        + (". The playlist is left as it was" if plan.output else "")
    )
