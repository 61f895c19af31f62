"""Review what write-tags would do: each answer beside the owner's own word, and what the owner decides.

Nothing here opens a file or a database: tracks and corrections come in, verdicts for `tag_runs` go out.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Literal, NamedTuple, get_args

from tagger.files import folded
from tagger.genre_names import MODELS_OWN, GenreNames, is_meant
from tagger.genre_tree import agrees
from tagger.store import Correction, CorrectionKind
from tagger.tag_runs import Verdict
from tagger.tags import Policy
from tagger.types import Track

View = Literal["missing", "differs", "unsure", "agrees", "all"]
"""What a table shows: rows of one standing, those that are unsure whatever their standing, or all."""

VIEWS: tuple[View, ...] = get_args(View)

Standing = Literal["missing", "differs", "agrees"]
"""How the owner's own genre stands to the answer's; `missing`: there is none."""

_LAST = 2.0
"""The rank of a track without an answer, behind all others."""


class Row(NamedTuple):  # of which a hundred thousand are made in a moment
    """A track under review. `is_unsure`: write-tags would not write its genre by itself.

    Of a genre that the owner never wants, `is_claimed` is not set: accepted, it is not written either.
    """

    track: Track
    standing: Standing
    is_unsure: bool
    rank: float
    is_claimed: bool = True


def rows_of(
    tracks: Iterable[Track], genres: Sequence[str], min_confidence: float, names: GenreNames = MODELS_OWN
) -> list[Row]:
    """Give the rows of a review, those first that most need a look.

    First come contradictions of the owner's word, the surest first; then all others, the most doubtful first.
    Of equals the order of `tracks` stays. `genres` are the model's, which the tracks have by the owner's
    `names`. Missing files are left out, and what is no music.

    >>> sure = [Track("/a", genre="Rock", genre_confidence=c, tag_genres=own) for c, own in
    ...         ((0.9, ()), (0.3, ()), (0.7, ("Jazz",)), (0.8, ("Jazz",)))]
    >>> [(row.standing, row.is_unsure) for row in rows_of(sure, ["Jazz", "Rock"], 0.6)]
    [('differs', False), ('differs', False), ('missing', True), ('missing', False)]
    """
    known = tuple((genre, names.shown(genre)) for genre in genres)
    claimed = {names.shown(genre) for genre in genres if names.is_claimed(genre)}
    stands = lru_cache(1 << 16)(partial(_standing, known))
    due = (track for track in tracks if not track.missing and track.sound == "music")
    rows = [_row(track, stands, claimed, min_confidence) for track in due]
    rows.sort(key=lambda row: row.rank)
    return rows


_Known = tuple[tuple[str, str], ...]
"""The model's genres, each with the owner's name for it."""

_Stands = Callable[[tuple[str, ...], str | None], tuple[Standing, bool]]

_NONE: tuple[Standing, bool] = ("missing", False)


def _row(track: Track, stands: _Stands, claimed: Container[str], min_confidence: float) -> Row:
    standing, is_contradiction = stands(track.tag_genres, track.genre) if track.tag_genres else _NONE
    sure = track.genre_confidence
    if sure is None:
        return Row(track, standing, False, _LAST)
    is_claimed = track.genre in claimed
    is_unsure = sure < min_confidence or not is_claimed
    return Row(track, standing, is_unsure, -sure if is_contradiction else sure, is_claimed)


def _standing(genres: _Known, own: tuple[str, ...], answer: str | None) -> tuple[Standing, bool]:
    """How own genres, of which there are some, stand to an answer, and whether the two are far apart.

    They agree as `tagger list --agrees` has it. Kin, such as Rock and Pop, differ but contradict nobody, nor
    do words that nobody knows.
    """
    if answer is None:
        return "differs", False
    meant = [genre for genre, shown in genres if shown == answer] or [answer]
    if any(is_meant(own, genre, answer) for genre in meant):
        return "agrees", False
    known = [genre for genre, _ in genres]
    return "differs", all(agrees(own, genre, known) is False for genre in meant)


@dataclass(slots=True)
class Review:
    """The rows of a review and what the owner has `said` of their sounds, by `audio_id`.

    What is `settled` needs no more look: it was skipped, or written, before the review began.
    """

    rows: Sequence[Row]
    said: dict[str, Correction]
    settled: set[str] = field(default_factory=set)
    _views: dict[View, list[Row]] = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)
    _groups: dict[str, dict[Hashable, list[Row]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._views = {view: [] for view in VIEWS} | {"all": [*self.rows]}
        for row in self.rows:
            self._views[row.standing].append(row)
            if row.is_unsure:
                self._views["unsure"].append(row)
        self.settle()

    def settle(self) -> None:
        """Let what is skipped or written count as settled from now on."""
        done = (one for one, said in self.said.items() if said.kind == "skipped" or said.is_written)
        self.settled = set(done)

    def decision(self, row: Row) -> Correction | None:
        """Give what the owner has said of a row, or None."""
        return self.said.get(row.track.audio_id)

    def is_open(self, row: Row) -> bool:
        """Tell whether nothing was decided of a row yet."""
        return row.track.audio_id not in self.said

    def shown(self, view: View, text: str = "") -> Sequence[Row]:
        """Give the rows of a view whose names hold each word of `text`; what is settled is in `all` alone."""
        rows: Sequence[Row] = self._views[view]
        if self.settled and view != "all":
            rows = [row for row in rows if row.track.audio_id not in self.settled]
        if not (words := folded(text).split()):
            return rows
        if not self._texts:
            self._texts = {row.track.path: _text_of(row) for row in self.rows}
        named = ((row, self._texts[row.track.path]) for row in rows)
        return [row for row, names in named if all(word in names for word in words)]

    def counts(self) -> dict[View, int]:
        """Count the rows of each view."""
        return {view: len(self.shown(view)) for view in VIEWS}

    def album(self, row: Row) -> Sequence[Row]:
        """Give all rows of the album of a row: those of its title, or without one, in its folder."""
        return self._group("album", _album_of)[_album_of(row)]

    def artist(self, row: Row) -> Sequence[Row]:
        """Give all rows of the artist of a row; it alone where no artist is known."""
        return self._group("artist", _artist_of)[_artist_of(row)]

    def _group(self, name: str, key: Callable[[Row], Hashable]) -> Mapping[Hashable, list[Row]]:
        if name not in self._groups:
            groups = self._groups[name] = {}
            for row in self.rows:
                groups.setdefault(key(row), []).append(row)
        return self._groups[name]

    def decide(
        self, rows: Iterable[Row], kind: CorrectionKind, genres: tuple[str, ...] = ()
    ) -> dict[str, Correction]:
        """Take down what the owner says of rows, and give it by `audio_id`; `genres` are what is set."""
        said = {row.track.audio_id: _correction(row, kind, genres) for row in rows}
        self.said |= said
        self.settled -= said.keys()
        return said

    def put_back(self, before: Mapping[str, Correction | None]) -> None:
        """Let hold again what held `before`, by `audio_id`; None: nothing was said."""
        for audio_id, said in before.items():
            if said is None:
                self.said.pop(audio_id, None)
            else:
                self.said[audio_id] = said

    def to_write(self) -> list[Row]:
        """Give the rows that are accepted or set, and not written yet."""
        return [row for row in self.rows if _is_to_write(self.decision(row))]

    def verdicts(self, policy: Policy) -> dict[str, Verdict]:
        """Give by path what shall be written into the files of `to_write`.

        An accepted answer takes the place of an own genre that differs, though `policy` keeps those where
        nobody has looked; an own genre that agrees is kept, for it is often the more precise word.
        """
        decided = ((row, self.said[row.track.audio_id]) for row in self.to_write())
        return {row.track.path: _verdict(row, said, policy) for row, said in decided}

    def words(self, genres: Iterable[str]) -> list[str]:
        """Give the genres that can be meant by a beginning: the owner's words by number, then `genres`."""
        own = Counter(name for row in self.rows for name in row.track.tag_genres)
        own.update(name for said in self.said.values() if said.kind == "set" for name in said.value or ())
        return list(dict.fromkeys([*(name for name, _ in own.most_common()), *genres]))


def _correction(row: Row, kind: CorrectionKind, genres: tuple[str, ...]) -> Correction:
    if kind == "set":
        return Correction(kind, genres)
    answer = row.track.genre if row.is_claimed else None
    return Correction(kind, (answer,) if kind == "accepted" and answer else None)


def _is_to_write(said: Correction | None) -> bool:
    return said is not None and said.kind != "skipped" and not said.is_written


def _verdict(row: Row, said: Correction, policy: Policy) -> Verdict:
    audio_id, genres = row.track.audio_id, said.value or ()
    if said.kind == "set":
        return Verdict(audio_id, genres)
    is_kept = policy.genre == "missing" and row.standing == "agrees"
    how = "never" if is_kept or not genres else "replace" if policy.genre == "missing" else policy.genre
    return Verdict(audio_id, genres, how, is_answer=True)


def _text_of(row: Row) -> str:
    track = row.track
    own = " ".join(track.tag_genres)
    names = (track.artist, track.title, track.album, track.genre, own, track.path)
    return folded("\n".join(name for name in names if name))


def _album_of(row: Row) -> Hashable:
    return folded(row.track.album or ""), os.path.dirname(row.track.path)


def _artist_of(row: Row) -> Hashable:
    return folded(row.track.artist) if row.track.artist else row.track.path.encode(errors="surrogateescape")
