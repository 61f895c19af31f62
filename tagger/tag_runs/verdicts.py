"""What the owner has decided of files: how it changes what is written into them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tagger.store import Correction, TaggableTrack
from tagger.tags import Change, GenrePolicy, Policy, Tags, Wanted, plan


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the owner has decided of the file at a path, as long as it has the sound `audio_id`.

    `genres` are written as `how` says: `replace` puts them in the place of what the file has, `add` beside
    it, and `never` leaves it. With `is_answer` they are an answer of the model, behind which its next ones
    may follow as the policy allows; else they are all that is written. All else goes by the policy.
    """

    audio_id: str
    genres: tuple[str, ...] = ()
    how: GenrePolicy = "replace"
    is_answer: bool = False


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The verdicts of a review by path: in the place of a plan, they are all that is written."""

    by_path: Mapping[str, Verdict]


def decided_changes(
    verdict: Verdict, track: TaggableTrack, tags: Tags, wanted: Wanted, policy: Policy
) -> Iterable[Change]:
    """Give the changes that follow from a verdict; `wanted` and `policy` are as without one.

    >>> track = TaggableTrack(1, "/a.mp3", None, "00", (("Rock", 0.5),), 0.7, False, None, None)
    >>> own, without = Tags("mp3", genres=("Pop",), genre_texts=("Pop",)), Policy(energy=False)
    >>> decided_changes(Verdict("00", ("Surf", "Rock")), track, own, Wanted(), without)
    (Change(field='genre', before=('Pop',), after=('Surf', 'Rock')),)
    >>> decided_changes(Verdict("00", how="never"), track, own, Wanted(("Rock",)), without)
    ()
    """
    if verdict.is_answer:
        genres, most = (*verdict.genres, *wanted.genres), policy.max_genres
    else:
        genres, most = verdict.genres, max(len(verdict.genres), 1)
    due = replace(wanted, genres=genres)
    return plan(tags, due, replace(policy, genre=verdict.how, max_genres=most), track.ours)


def corrected(wanted: Wanted, said: Correction | None) -> Wanted:
    """Put the owner's word in the place of the model's, as sure as it can be; where it is skipped, nothing.

    >>> corrected(Wanted(("Rock", "Pop"), energy=0.7), Correction("set", ("Surf",))).genres
    ('Surf',)
    >>> corrected(Wanted(("Rock",)), Correction("skipped")).genres
    ()
    """
    return wanted if said is None else replace(wanted, genres=said.value or ())
