"""Where the owner's genre and the sound contradict each other, what is surest first: `tagger audit`.

Tracks of one album that say the same are judged as one, by the mean of their probabilities, so that a
mis-tagged album is one finding. It is one where genres that are far from all that the owner's words can mean
(`tagger.genre_tree`) have a good part of the probability, and findings are ranked by how little is left for
the owner's words, which is the self-confidence of confident learning (Northcutt, Jiang and Chuang 2021,
https://arxiv.org/abs/1911.00068). Where other tracks of the artist are tagged with the answer, it counts a
third. `scripts/audit_trial.py` measures what that finds.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tagger.files import folded
from tagger.genre_names import MODELS_OWN, GenreNames
from tagger.genre_tree import distance, meanings
from tagger.model_choice import fitted, genres_of, require_aspect
from tagger.query import EVERYTHING, Query
from tagger.types import Track, rounded

if TYPE_CHECKING:
    from tagger.store import Store

LEAST_FAR = 0.4
"""The probability (0–1) that the genres far from the owner's words need together. The likeliest of all may be
near these."""

LEAST_DOUBT = 0.8
"""The doubt (0–1) from which on a contradiction is told."""

_IF_THE_ARTIST_SAYS_SO = 1 / 3
"""What is left of the probability of the owner's word where the artist's other tracks say the answer."""

Scores = Mapping[str, float]
"""The probability (0–1) of every genre of the model."""

Key = tuple[str | None, ...]
"""What the tracks share that are judged as one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Tracks of one album, or one track, whose own genre the sound contradicts.

    `words` are the owner's genres, `answer` is the model's with its `confidence` (0–1), and `doubt` (0–1) the
    probability that none of the words is right. `artist` is None where it is not known or they are several.
    """

    tracks: tuple[Track, ...]
    words: tuple[str, ...]
    answer: str
    confidence: float
    doubt: float
    artist: str | None
    album: str | None

    @property
    def tag(self) -> str:
        """The owner's genres as one text."""
        return "; ".join(self.words)


@dataclass(frozen=True, slots=True)
class Audit:
    """The findings, the surest first, and how many tracks were judged.

    `n_judged` have an own genre that means something to the model, `n_unknown` one that does not, and
    `n_untagged` none.
    """

    findings: list[Finding]
    n_judged: int
    n_unknown: int
    n_untagged: int


@dataclass(slots=True)
class _Group:
    """Tracks that are judged as one, and the sums of their probabilities."""

    tracks: list[Track] = field(default_factory=list)
    sums: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, track: Track, scores: Scores) -> None:
        self.tracks.append(track)
        for genre, probability in scores.items():
            self.sums[genre] += probability


@dataclass(frozen=True, slots=True)
class _Contradiction:
    """A group whose `answer` (probability `said`) is far from its genre, of which `belief` (0–1) is left."""

    group: _Group
    answer: str
    said: float
    belief: float


def audit(store: Store, model: str, query: Query = EVERYTHING) -> Audit:
    """Find the contradictions among the tracks that `query` asks for, by the answers of `model`.

    The query's order and limit are not asked. A sound of which the owner has said something is left out: that
    was the last word. Raises TaggerError for a genre that the model does not know, or if it knows none.
    """
    require_aspect(store, model, "genre", "leave the audit")
    asked = replace(fitted(query, store, model), order="path", limit=None)
    said = store.corrections.of("genre")
    scored = store.answers.scored_tracks(asked, model)
    unsaid = (each for each in scored if each[0].audio_id not in said)
    return audited(unsaid, genres_of(store, model), store.names, store.files.folders_apart())


def audited(
    scored: Iterable[tuple[Track, Scores]],
    genres: Sequence[str],
    names: GenreNames = MODELS_OWN,
    apart: Container[str] = (),
) -> Audit:
    """Find the contradictions among tracks with the probabilities of the model's `genres`.

    Tracks that are silent, missing or no music are not judged. Answers have the owner's `names`. What is
    beneath a folder comes together, as in the order of paths, but for folders in `apart`: so of a large
    library only what may be told is kept.

    >>> track = Track("/m/a.mp3", tag_genres=("Baroque",))
    >>> scores = {"Classical": 0.02, "Metal": 0.9, "Rock": 0.08}
    >>> found = audited([(track, scores)], [*scores])
    >>> [(finding.tag, finding.answer, finding.doubt) for finding in found.findings]
    [('Baroque', 'Metal', 0.98)]
    """
    groups, told = _Groups(apart), list[_Contradiction]()
    by_artist: defaultdict[str, set[str]] = defaultdict(set)
    n_judged = n_unknown = n_untagged = 0
    for track, scores in scored:
        if track.silent or track.missing or track.sound != "music" or not scores:
            continue
        meant = _meant(track.tag_genres, genres, names)
        n_untagged += not track.tag_genres
        n_unknown += bool(track.tag_genres) and not meant
        if meant:
            n_judged += 1
            told += _contradictions(groups.left_for(track), genres, names)
            groups.add(track, scores)
            by_artist[folded(track.artist or "")] |= meant
    told += _contradictions(groups.rest(), genres, names)
    by_artist.pop("", None)
    found = [finding for each in told if (finding := _finding(each, names, by_artist)).doubt >= LEAST_DOUBT]
    found.sort(key=lambda finding: (-finding.doubt, -len(finding.tracks), finding.tracks[0].path))
    return Audit(found, n_judged, n_unknown, n_untagged)


def finding_json(finding: Finding) -> list[dict[str, str | float | None]]:
    """Give the tracks of a finding by the names that JSON and CSV use."""
    return [
        {
            "path": track.path,
            "tag": finding.tag,
            "answer": finding.answer,
            "confidence": rounded(finding.confidence, 4),
            "doubt": rounded(finding.doubt, 4),
            "artist": track.artist,
            "album": track.album,
            "title": track.title,
        }
        for track in finding.tracks
    ]


def _meant(words: Iterable[str], genres: Sequence[str], names: GenreNames) -> frozenset[str]:
    return frozenset(
        genre for word in words for genre in (*meanings(word, genres), *names.meant(word, genres))
    )


class _Groups:
    """The groups of the folders that a pass through a library is in, each until all beneath it has come."""

    def __init__(self, apart: Container[str]) -> None:
        self._apart = apart
        self._folders: list[tuple[str, dict[Key, _Group]]] = []
        self._of_folders_apart: dict[Key, _Group] = {}

    def left_for(self, track: Track) -> Iterator[_Group]:
        """Yield the groups of the folders that `track` does not lie in, and forget them."""
        while self._folders and not track.path.startswith(os.path.join(self._folders[-1][0], "")):
            yield from self._folders.pop()[1].values()

    def add(self, track: Track, scores: Scores) -> None:
        """Put a track into its group."""
        folder = os.path.dirname(track.path)
        if folder in self._apart:
            groups = self._of_folders_apart
        else:
            if not self._folders or self._folders[-1][0] != folder:
                self._folders.append((folder, {}))
            groups = self._folders[-1][1]
        groups.setdefault(_key(track), _Group()).add(track, scores)

    def rest(self) -> Iterator[_Group]:
        """Yield the groups that are left."""
        for _, groups in self._folders:
            yield from groups.values()
        yield from self._of_folders_apart.values()


def _key(track: Track) -> Key:
    """What tracks share that are judged as one: folder, album and own genres; without an album, one track.

    The artist is not asked, for an album may have many.
    """
    album = folded(track.album) if track.album else None
    place = os.path.dirname(track.path) if album else track.path
    return (place, album, *track.tag_genres)


def _contradictions(
    groups: Iterable[_Group], genres: Sequence[str], names: GenreNames
) -> Iterator[_Contradiction]:
    """Yield those of `groups` whose sound contradicts their genre enough to be told, whatever the artist."""
    for group in groups:
        found = _contradiction(group, genres, names)
        if found and _doubt(found.belief * _IF_THE_ARTIST_SAYS_SO) >= LEAST_DOUBT:
            yield found


def _contradiction(group: _Group, genres: Sequence[str], names: GenreNames) -> _Contradiction | None:
    """What the sound of a group says against its genre; None where that is no contradiction."""
    first, n_tracks = group.tracks[0], len(group.tracks)
    means = {genre: total / n_tracks for genre, total in group.sums.items()}
    meant = _meant(first.tag_genres, genres, names)
    far = {
        genre: mean for genre, mean in means.items() if all(distance(genre, own) == "far" for own in meant)
    }
    if sum(far.values()) < LEAST_FAR:
        return None
    answer = max(far, key=far.__getitem__)
    belief = sum(means.get(genre, 0.0) for genre in meant)
    return _Contradiction(group, answer, means[answer], belief)


def _finding(found: _Contradiction, names: GenreNames, by_artist: Mapping[str, set[str]]) -> Finding:
    """Tell a contradiction, with what the artist's other tracks say to it."""
    tracks, answer, belief = found.group.tracks, found.answer, found.belief
    first, artists = tracks[0], {folded(track.artist or "") for track in tracks}
    if any(answer in by_artist.get(artist, ()) for artist in artists):
        belief *= _IF_THE_ARTIST_SAYS_SO
    artist, shown = first.artist if len(artists) == 1 else None, names.shown(answer)
    return Finding(tuple(tracks), first.tag_genres, shown, found.said, _doubt(belief), artist, first.album)


def _doubt(belief: float) -> float:
    return min(1.0, max(0.0, 1 - belief))
