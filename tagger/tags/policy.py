"""Plan the changes of a file's tags: a pure function of its tags, the prediction and the policy."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from tagger.files import folded
from tagger.musical_key import key_named
from tagger.tags.block import UNREADABLE
from tagger.tags.energy_places import placed_values
from tagger.tags.fields import ID3_KINDS, Field, each_once, is_among, says_nothing, unsplittable
from tagger.tags.read import Tags, level_is_free
from tagger.types import Aspect, BpmDecimal, BpmPolicy, CorrectedField, EnergyPlace, GenrePolicy, energy_level

Ours = Mapping[str, Collection[str]]
"""The texts in a file that the caller remembers to have written, by `Field`."""

MOST_WORDS = 5
"""Words in a file, likeliest first: a grouping is read at a glance."""

NOTHING_IS_OURS: Ours = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the model predicts: genres and words, likeliest first; energy 0–1; tempo in BPM; a key; a mood.

    Empty or None: nothing. The fields that are `said` have the owner's word in place of a prediction. It
    takes the place of what the file has unless the policy forbids the field, and all its genres are written.
    """

    genres: tuple[str, ...] = ()
    energy: float | None = None
    bpm: float | None = None
    mood: str | None = None
    words: tuple[str, ...] = ()
    said: frozenset[CorrectedField] = frozenset()
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be written.

    `genre`: where the file has none (`missing`), instead of its own (`replace`), besides (`add`), or not
    (`never`). `bpm`, `key` and `mood`: where the file has none or ours, instead of its own too, or not.
    `words`: as genres, and where the file has ours alone. Key, mood and words are written on request only,
    and so is the energy where players show it (`energy_in`), which needs not the field of its own (`energy`).
    `bpm_decimal`: where a tempo has a decimal.
    """

    genre: GenrePolicy = "missing"
    max_genres: int = 1
    energy: bool = True
    bpm: BpmPolicy = "missing"
    key: BpmPolicy = "never"
    mood: BpmPolicy = "never"
    words: GenrePolicy = "never"
    energy_in: tuple[EnergyPlace, ...] = ()
    bpm_decimal: BpmDecimal = "never"

    @property
    def allowed(self) -> Mapping[Aspect, bool]:
        """Whether anything of each aspect may be written; a key is no model's."""
        return {
            "genre": self.genre != "never",
            "energy": self.energy or bool(self.energy_in),
            "tempo": self.bpm != "never",
            "mood": self.mood != "never",
            "words": self.words != "never",
        }


@dataclass(frozen=True, slots=True)
class Change:
    """One field: its values before (as they stand in the file) and after; empty where absent."""

    field: Field
    before: tuple[str, ...]
    after: tuple[str, ...]


def plan(
    current: Tags, wanted: Wanted, policy: Policy | None = None, ours: Ours = NOTHING_IS_OURS
) -> tuple[Change, ...]:
    """Give the changes that a file needs; none where its tags are as wanted.

    Energy and tempo are written where absent or ours. `TAGGER_ENERGY` is always ours; the level is
    ours where it is the level of the `TAGGER_ENERGY` beside it, so a level that Mixed In Key wrote
    later is kept. Tempo, key, mood and words are `ours` where the caller remembers to have written them. A
    tempo of 0 counts as absent: iTunes writes it for "unknown". Where a tempo may be replaced, one that
    rounds to ours still stays: "127.98" is more precise than "128". So does the same key in another notation.
    A field that stands twice is ours where each of its values is; it is written once.

    >>> plan(Tags("mp3", energy="0.7000"), Wanted(("Jazz",), energy=0.7, bpm=127.6))
    (Change(field='genre', before=(), after=('Jazz',)), \
Change(field='energy_level', before=(), after=('7',)), Change(field='bpm', before=(), after=('128',)))
    """
    policy = policy or Policy()
    bpm_policy = "replace" if policy.bpm == "missing" and "bpm" in wanted.said else policy.bpm
    changes = (
        _genre_change(current, wanted, policy),
        *(_energy_changes(current, wanted.energy, "energy" in wanted.said) if policy.energy else ()),
        _bpm_change(current, wanted.bpm, replace(policy, bpm=bpm_policy), ours.get("bpm", ())),
        _key_change(current, wanted.key, policy.key, ours.get("key", ())),
        _mood_change(current, wanted.mood, policy.mood, ours.get("mood", ())),
        _words_change(current, wanted.words, policy.words, ours.get("words", ())),
        *_placed_changes(current, wanted, policy, ours),
    )
    return tuple(change for change in changes if change and not _is_so_already(change))


def _is_so_already(change: Change) -> bool:
    repeated = change.field != "genre" and bool(change.before) and {*change.before} == {*change.after}
    return repeated or change.before == change.after


def _genre_change(current: Tags, due: Wanted, policy: Policy) -> Change | None:
    is_said = "genre" in due.said
    wanted = _spelled(due.genres)[: None if is_said else policy.max_genres]
    is_kept = policy.genre == "missing" and bool(current.genres) and not is_said
    if policy.genre == "never" or not wanted or is_kept:
        return None
    if is_said and _folded(_spelled(current.genres)) == _folded(wanted):  # but for the owner's spelling
        return None
    before = current.genre_texts
    present = (*current.genres, *before)
    if policy.genre == "add" and UNREADABLE in before:
        return None
    if policy.genre == "add" and before:
        kept = tuple(text for text in before if text.strip())
        new = tuple(name for name in wanted if not is_among(name, present))
        return Change("genre", before, kept + new) if new else None
    if policy.genre == "add":
        wanted = (*current.genres, *(name for name in wanted if not is_among(name, present)))
        return Change("genre", before, wanted) if len(wanted) > len(current.genres) else None
    same = _folded(wanted) == _folded(current.genres)
    return None if same and before else Change("genre", before, wanted)


def _folded(names: Sequence[str]) -> list[str]:
    return [folded(name) for name in names]


def _spelled(genres: Sequence[str]) -> tuple[str, ...]:
    """Spell genres so that no player splits them, each once in any letter case."""
    spelled = [unsplittable(name) for name in genres]
    return each_once(name for name in spelled if name)


def _energy_changes(current: Tags, energy: float | None, is_said: bool) -> tuple[Change, ...]:
    if energy is None or not 0 <= energy <= 1:
        return ()
    fine = Change("energy", current.texts("energy"), (f"{energy:.4f}",))
    if not (is_said or level_is_free(current)):
        return (fine,)
    return (Change("energy_level", current.texts("energy_level"), (str(energy_level(energy)),)), fine)


def _placed_changes(current: Tags, wanted: Wanted, policy: Policy, ours: Ours) -> tuple[Change, ...]:
    energy = wanted.energy
    if energy is None or not 0 <= energy <= 1:
        return ()
    placed = placed_values(current, energy, policy.energy_in, ours, "energy" in wanted.said)
    return tuple(Change(*values) for values in placed)


def _bpm_change(current: Tags, bpm: float | None, policy: Policy, ours: Collection[str]) -> Change | None:
    if policy.bpm == "never" or bpm is None or not math.isfinite(bpm) or not 1 <= round(bpm) <= 999:
        return None
    texts = current.texts("bpm") or (current.bpm or "",)
    present = [text.strip() for text in texts if not says_nothing(text)]
    is_free = all(text in ours for text in present)
    if not is_free and (policy.bpm == "missing" or all(_rounds_to(text, round(bpm)) for text in present)):
        return None
    return Change("bpm", current.texts("bpm"), (_bpm_text(bpm, current.format, policy.bpm_decimal),))


def _bpm_text(bpm: float, kind: str, decimal: BpmDecimal) -> str:
    """Spell a tempo. That of ID3 is an integer by its specification, though DJ programs write `127.98`; of
    MP4 it is one by its bytes.

    >>> [_bpm_text(127.62, kind, "allowed") for kind in ("flac", "mp3", "m4a")]
    ['127.6', '128', '128']
    """
    allowed = {"never": False, "allowed": kind not in (*ID3_KINDS, "m4a"), "id3": kind != "m4a"}
    return f"{round(bpm, 1):g}" if allowed[decimal] else str(round(bpm))


def _rounds_to(text: str, bpm: int) -> bool:
    try:
        number = float(text)
    except ValueError:
        return False
    return math.isfinite(number) and round(number) == bpm


def _is_kept(present: Sequence[str], policy: BpmPolicy, ours: Collection[str]) -> bool:
    """Whether a policy leaves a field with these texts as it is."""
    return policy == "never" or (policy == "missing" and any(text not in ours for text in present))


def _key_change(current: Tags, key: str | None, policy: BpmPolicy, ours: Collection[str]) -> Change | None:
    present = _told(current.keys)
    if key is None or _is_kept(present, policy, ours):
        return None
    is_there = bool(present) and all(key_named(text) == key for text in present)
    return None if is_there else Change("key", current.texts("key"), (key,))


def _mood_change(current: Tags, mood: str | None, policy: BpmPolicy, ours: Collection[str]) -> Change | None:
    wanted = _spelled([mood] if mood else [])
    present = _told(current.moods)
    if not wanted or _is_kept(present, policy, ours):
        return None
    return None if _are_the_same(present, wanted) else Change("mood", current.texts("mood"), wanted)


def _words_change(
    current: Tags, words: Sequence[str], policy: GenrePolicy, ours: Collection[str]
) -> Change | None:
    """Give the change of the words; their order says nothing, so that for it alone no file is written."""
    wanted, before = _spelled(words)[:MOST_WORDS], current.texts("words")
    present = _told(current.words)
    others = tuple(text for text in present if text not in ours)
    if policy == "never" or not wanted or (policy == "missing" and (others or _told(current.content_group))):
        return None
    if policy == "add" and UNREADABLE in present:
        return None
    if policy == "add":
        wanted = (*others, *(word for word in wanted if not is_among(word, others)))
    return None if _are_the_same(present, wanted) else Change("words", before, wanted)


def _told(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(text for text in texts if text.strip("\0 "))


def _are_the_same(some: Sequence[str], others: Sequence[str]) -> bool:
    return sorted(map(folded, some)) == sorted(map(folded, others))
