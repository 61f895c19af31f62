"""Plan what each file of the library would get, and preview a run without opening a file for writing."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile

from tagger.errors import TagError
from tagger.files import FileState
from tagger.genre_names import MODELS_OWN, GenreNames
from tagger.query.filter_values import in_octave
from tagger.store import Store, TaggableTrack
from tagger.tag_runs.batches import batches, or_skip, threads
from tagger.tag_runs.counts import Skip, WriteCounts
from tagger.tag_runs.file_names import EarlierNames
from tagger.tag_runs.plans import TagPlan, ids_of, planned_changes
from tagger.tag_runs.verdicts import Verdict, Verdicts, corrected, decided_changes
from tagger.tags import Change, HardLinks, Policy, Tags, Wanted, WriteOptions, measure, plan, read
from tagger.types import HAS_WORD, MIN_CONFIDENCE
from tagger.walk import LostFolders

Decide = Callable[[TaggableTrack, Tags], Iterable[Change]]
"""What decides the changes of a file, from its answers and its tags as they are."""


@dataclass(frozen=True, slots=True)
class TagSettings:
    """The choices of a run. `min_confidence` (0–1) is of genres, keys and moods.

    An energy has no probability. `min_bpm_confidence` (0–1) is of tempos. An answer's tempo is folded into
    `bpm_range`, the owner's is not. `genre_thresholds`, unless empty, holds in place of `min_confidence` for
    each genre; None, or none, is never enough.
    """

    policy: Policy = field(default_factory=Policy)
    min_confidence: float = MIN_CONFIDENCE
    keep_mtime: bool = False
    hard_links: HardLinks = "skip"
    min_bpm_confidence: float = MIN_CONFIDENCE
    genre_thresholds: Mapping[str, float | None] = field(default_factory=dict)
    bpm_range: tuple[float, float] | None = None

    def is_enough(self, genre: str, probability: float) -> bool:
        """Tell whether a genre of that probability may be written."""
        if not self.genre_thresholds:
            return probability >= self.min_confidence
        threshold = self.genre_thresholds.get(genre)
        return threshold is not None and probability >= threshold


@dataclass(frozen=True, slots=True)
class Planned:
    """A file whose tags would change. `file_id` is the same for all its names.

    `target` is where the file really is, `n_links` the number of its hard links.
    """

    track: TaggableTrack
    file_id: tuple[int, int]
    n_links: int
    target: str
    changes: tuple[Change, ...]
    options: WriteOptions

    @property
    def folder(self) -> str:
        """Where temporary files will lie."""
        return os.path.dirname(self.target)


@dataclass(frozen=True, slots=True)
class Selection:
    """The tracks that a run is for: those that `model` has analysed, at and beneath `paths` (or all).

    Of these, the ids `among` if it is given; with a `plan`, what is in it, and nothing else is changed; with
    `Verdicts`, the files of which the owner has decided. With `no_album`, genres are those of the tracks' own
    sound.
    """

    model: str
    paths: Sequence[str] = ()
    among: Container[int] | None = None
    plan: TagPlan | Verdicts | None = None
    no_album: bool = False


def preview(
    store: Store,
    selection: Selection,
    settings: TagSettings,
    counts: WriteCounts,
    on_change: Callable[[Planned], None] = lambda planned: None,
) -> None:
    """Count in `counts` the files that `write_tags` would write, and give each of them to `on_change`."""
    with threads() as pool:
        for page in planned_pages(store, selection, settings, pool, counts):
            for batch in batches(page, lambda planned: planned.file_id):
                for planned, outcome in zip(batch, pool.map(_measured, batch), strict=True):
                    _count(planned, outcome, counts, on_change)


def planned_pages(
    store: Store, selection: Selection, settings: TagSettings, pool: ThreadPoolExecutor, counts: WriteCounts
) -> Iterator[list[Planned]]:
    """Yield, in pages, the files of a selection whose tags would change.

    Those that stay as they are, and those that must be left, are counted on the way. What the owner ignores
    is skipped in silence; of a drive that is not mounted, one line is said.
    """
    lost = LostFolders()
    ignored = store.ignored.paths()
    decide, among = _deciding(store, selection, settings, counts)
    pages = store.tag_changes.pages_to_tag(
        selection.paths, selection.model, among, no_album=selection.no_album
    )
    earlier = EarlierNames(
        store.tag_changes, selection.paths, selection.model, among, settings.hard_links == "in-place"
    )
    for page in pages:
        planned = []
        if not ignored.is_empty:
            n_all, page = len(page), [track for track in page if not ignored.holds(track.path)]
            counts.skipped += n_all - len(page)  # no news to the owner: not a line
        outcomes = pool.map(
            lambda track: or_skip(lambda: _planned(track, settings, decide), track.path), page
        )
        for track, outcome in zip(page, outcomes, strict=True):
            if isinstance(outcome, Skip):
                _skip(outcome, counts, lost)
            elif outcome is None and track.sound != "music":
                counts.no_music += 1
            elif outcome is None or earlier.holds(outcome):
                counts.unchanged += 1
            else:
                planned.append(outcome)
        yield planned


def _deciding(
    store: Store, selection: Selection, settings: TagSettings, counts: WriteCounts
) -> tuple[Decide, Container[int] | None]:
    """What decides the changes of a file, and the ids of the tracks that it is to decide for."""
    among, planned = selection.among, selection.plan
    if isinstance(planned, Verdicts):
        decided = ids_of(store, planned.by_path, selection.model, counts)
        return partial(_by_verdict, settings, store.names, decided), _within(decided, among)
    if planned is not None:
        found = ids_of(store, planned, selection.model, counts)
        return lambda track, tags: planned_changes(found[track.id], tags), _within(found, among)
    return partial(_by_policy, settings, store.names), among


def _by_policy(
    settings: TagSettings, names: GenreNames, track: TaggableTrack, tags: Tags
) -> Iterable[Change]:
    due = corrected(wanted(track, settings, names), track, tags)
    return plan(tags, due, settings.policy, track.ours)


def _by_verdict(
    settings: TagSettings,
    names: GenreNames,
    decided: Mapping[int, Verdict],
    track: TaggableTrack,
    tags: Tags,
) -> Iterable[Change]:
    due = corrected(wanted(track, settings, names), track, tags)
    return decided_changes(decided[track.id], track, tags, due, settings.policy)


def _within(found: Iterable[int], among: Container[int] | None) -> set[int]:
    return {one for one in found if among is None or one in among}


def _skip(skip: Skip, counts: WriteCounts, lost: LostFolders) -> None:
    n_known = len(lost.found)
    folder = None if os.path.lexists(skip.path) else lost.around(skip.path)
    if folder is None:
        counts.skip(skip)
    elif len(lost.found) > n_known:
        counts.skip(Skip(folder, "nothing is left of what was there (is its drive mounted?)"))
    else:
        counts.skipped += 1


def wanted(track: TaggableTrack, settings: TagSettings, names: GenreNames = MODELS_OWN) -> Wanted:
    """Give the values that the tags of a track should hold; of silence there is nothing but the energy.

    Of what is no music there is nothing at all. A genre that is not sure enough ends the list, for the model
    holds those behind it for less likely. One that the owner never wants is passed over, and the next must
    be sure by itself.
    """
    if track.sound != "music":
        return Wanted()
    claimed = (scored for scored in track.genres if names.is_claimed(scored[0]))
    enough = takewhile(lambda scored: settings.is_enough(*scored), claimed)
    sure = tuple(names.shown(genre) for genre, _ in enough)
    if track.silent:
        return Wanted(energy=track.energy)
    is_sure = (track.bpm_confidence or 0.0) >= settings.min_bpm_confidence
    is_keyed = (track.key_confidence or 0.0) >= settings.min_confidence
    is_moody = (track.mood_confidence or 0.0) >= settings.min_confidence
    return Wanted(
        genres=sure,
        energy=track.energy,
        bpm=_folded(track.bpm, settings.bpm_range) if is_sure else None,
        key=track.key if is_keyed else None,
        mood=track.mood if is_moody else None,
        words=_words(track, names),
    )


def _folded(bpm: float | None, limits: tuple[float, float] | None) -> float | None:
    return bpm if bpm is None or limits is None else in_octave(bpm, limits)


def _words(track: TaggableTrack, names: GenreNames) -> tuple[str, ...]:
    """Give the words that a track has, likeliest first and as the owner calls them, but for unwanted ones."""
    likely = (word for word, probability in track.words if probability >= HAS_WORD)
    return tuple(names.shown(word) for word in likely if not names.is_never(word))


def _planned(track: TaggableTrack, settings: TagSettings, decide: Decide) -> Planned | None:
    try:
        status = os.stat(track.path)
    except FileNotFoundError:
        raise TagError("not there any more; if it was moved, `tagger scan` finds it") from None
    except OSError as error:
        raise TagError(error.strerror or str(error)) from error
    if FileState.of(status) != track.state:
        raise TagError("it changed since it was scanned; the next scan analyses it again")
    changes = tuple(decide(track, read(track.path)))
    if not changes:
        return None
    options = WriteOptions(settings.keep_mtime, settings.hard_links, FileState.of(status))
    file_id, target = (status.st_dev, status.st_ino), os.path.realpath(track.path)
    return Planned(track, file_id, status.st_nlink, target, changes, options)


def _count(
    planned: Planned, outcome: int | Skip, counts: WriteCounts, on_change: Callable[[Planned], None]
) -> None:
    if isinstance(outcome, Skip):
        counts.skip(outcome)
    else:
        counts.write(outcome, planned.changes)
        on_change(planned)


def _measured(planned: Planned) -> int | Skip:
    path = planned.track.path
    return or_skip(lambda: measure(path, planned.changes, planned.options), path)
