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
from collections.abc import Iterable, Mapping, Sequence
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
    return audited(unsaid, genres_of(store, model), store.names)


def audited(
    scored: Iterable[tuple[Track, Scores]], genres: Sequence[str], names: GenreNames = MODELS_OWN
) -> Audit:
    """Find the contradictions among tracks with the probabilities of the model's `genres`.

    Tracks that are silent or missing are not judged. Answers have the owner's `names`.

    >>> track = Track("/m/a.mp3", tag_genres=("Baroque",))
    >>> scores = {"Classical": 0.02, "Metal": 0.9, "Rock": 0.08}
    >>> found = audited([(track, scores)], [*scores])
    >>> [(finding.tag, finding.answer, finding.doubt) for finding in found.findings]
    [('Baroque', 'Metal', 0.98)]
    """
    groups: defaultdict[tuple[str | None, ...], _Group] = defaultdict(_Group)
    by_artist: defaultdict[str, set[str]] = defaultdict(set)
    n_unknown = n_untagged = 0
    for track, scores in scored:
        if track.silent or track.missing or not scores:
            continue
        meant = _meant(track.tag_genres, genres, names)
        n_untagged += not track.tag_genres
        n_unknown += bool(track.tag_genres) and not meant
        if meant:
            groups[_key(track)].add(track, scores)
            by_artist[folded(track.artist or "")] |= meant
    by_artist.pop("", None)
    found = (_finding(group, genres, names, by_artist) for group in groups.values())
    told = [finding for finding in found if finding and finding.doubt >= LEAST_DOUBT]
    told.sort(key=lambda finding: (-finding.doubt, -len(finding.tracks), finding.tracks[0].path))
    return Audit(told, sum(len(group.tracks) for group in groups.values()), n_unknown, n_untagged)


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


def _key(track: Track) -> tuple[str | None, ...]:
    """What tracks share that are judged as one: folder, album and own genres; without an album, one track.

    The artist is not asked, for an album may have many.
    """
    album = folded(track.album) if track.album else None
    place = os.path.dirname(track.path) if album else track.path
    return (place, album, *track.tag_genres)


def _finding(
    group: _Group, genres: Sequence[str], names: GenreNames, by_artist: Mapping[str, set[str]]
) -> Finding | None:
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
    artists = {folded(track.artist or "") for track in group.tracks}
    if any(answer in by_artist.get(artist, ()) for artist in artists):
        belief *= _IF_THE_ARTIST_SAYS_SO
    artist = first.artist if len(artists) == 1 else None
    doubt = min(1.0, max(0.0, 1 - belief))
    said, shown = means[answer], names.shown(answer)
    return Finding(tuple(group.tracks), first.tag_genres, shown, said, doubt, artist, first.album)
