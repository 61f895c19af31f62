"""What the owner has decided of files: how it changes what is written into them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tagger.store import Correction, Store, TaggableTrack, fields_written, owners_word
from tagger.tags import Change, GenrePolicy, Policy, Tags, Wanted, plan, unsplittable
from tagger.types import CORRECTED_FIELDS, MOST_BPM, CorrectedField, number_in


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
    due = replace(wanted, genres=genres, said=wanted.said - {"genre"})
    return plan(tags, due, replace(policy, genre=verdict.how, max_genres=most), track.ours)


def note_corrections(store: Store, run: int) -> None:
    """Note which of the owner's words a run has written, as far as they made a change."""
    if not (said := store.corrections.by_sound()):
        return
    written: dict[CorrectedField, set[str]] = {field: set() for field in CORRECTED_FIELDS}
    for page in store.tag_changes.of_run(run):
        for change in page:
            of_sound = said.get(change.audio_id, {})
            after = {name: texts for name, _, texts in fields_written(change.previous)} if of_sound else {}
            for field, one in of_sound.items():
                if one.kind != "skipped" and _is_in(field, one, after.get(field, ())):
                    written[field].add(change.audio_id)
    for field, sounds in written.items():
        store.corrections.note_written(field, sounds, run)


def _is_in(field: CorrectedField, said: Correction, texts: Sequence[str]) -> bool:
    """Whether what is said is among texts that were written."""
    word = owners_word({field: said})
    if field == "genre":
        return bool(word.genres) and {*map(unsplittable, word.genres)} <= {*texts}
    if field == "energy":
        return word.energy is not None and f"{word.energy:.4f}" in texts
    numbers = (number_in(text, MOST_BPM) for text in texts)
    return word.bpm is not None and any(n is not None and round(n) == round(word.bpm) for n in numbers)


def corrected(wanted: Wanted, track: TaggableTrack, tags: Tags) -> Wanted:
    """Put the owner's word on a track in the place of the model's, as sure as it can be; skipped: nothing.

    What the owner has `set` is newer than what the file has, and takes its place. An accepted answer does so
    where the file has what we wrote.

    >>> from tagger.store import Correction
    >>> track = TaggableTrack(1, "/a.mp3", None, "00", (("Rock", 0.5),), 0.7, False, None, None)
    >>> surf = replace(track, said={"genre": Correction("set", ("Surf",))})
    >>> found = corrected(Wanted(("Rock",), energy=0.7), surf, Tags("mp3", genres=("Pop",)))
    >>> found.genres, found.energy, sorted(found.said)
    (('Surf',), 0.7, ['genre'])
    >>> left = replace(track, said={"genre": Correction("skipped")})
    >>> corrected(Wanted(("Rock",)), left, Tags("mp3")).genres
    ()
    """
    word = owners_word(track.said)
    skipped = {field for field, one in track.said.items() if one.kind == "skipped"}
    said = {field for field, one in track.said.items() if one.kind == "set"}
    if "genre" in track.said and all(text in track.ours.get("genre", ()) for text in tags.genre_texts):
        said.add("genre")
    energy = wanted.energy if word.energy is None else word.energy
    bpm = wanted.bpm if word.bpm is None else word.bpm
    return replace(
        wanted,
        genres=word.genres if "genre" in track.said else wanted.genres,
        energy=None if "energy" in skipped else energy,
        bpm=None if "bpm" in skipped else bpm,
        said=frozenset(said),
    )
