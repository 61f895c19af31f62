"""Take in the outcomes of a batch of files: reuse answers that are known, predict the rest, store."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from tagger.files import AudioFile, folded, is_same_file, may_be_there
from tagger.pipeline.owners import Owners
from tagger.pipeline.workers import Outcome
from tagger.store import Reuse, Store
from tagger.types import Analysis, Failure, Identified, Prediction, TrackFeatures

Heard = TrackFeatures | Analysis
"""What comes of a file that was decoded: the answer, or features to predict it from in this process."""


class Predicts(Protocol):
    """The one method of `tagger.predict.Predictor` that a scan calls; its import takes seconds."""

    def predict(self, tracks: Sequence[TrackFeatures]) -> list[Prediction]: ...


@dataclass(slots=True)
class ScanCounts:
    """The running counts of one scan; every file found is counted in exactly one of those that make `found`.

    `unchanged` files have their answer already, `moved` ones had it under another path, `duplicates`
    sound like another file. `missing` are tracks whose file is gone since the scan before. `left` are
    files that a limit or a budget leaves to the next scan, `ignored` those that the owner wants left alone;
    neither count as found. `unmounted` are roots that are gone, or beneath which nothing is left, and
    folders like that within them. `new_failures` are those of `failed` that are news: not known, for the
    same reason in the same state of the file, before the scan. `taken` are those whose outcome from a worker
    is in these counts; a file that must be extracted twice is in it twice. `reread` tracks got an answer of
    the model by its heads on their stored embeddings, whether or not the walk has met their files.
    `corrected` are fields that we wrote and somebody has changed in a file: corrections from now on.
    """

    analysed: int = 0
    unchanged: int = 0
    failed: int = 0
    new_failures: int = 0
    moved: int = 0
    duplicates: int = 0
    missing: int = 0
    left: int = 0
    ignored: int = 0
    unmounted: int = 0
    taken: int = 0
    reread: int = 0
    corrected: int = 0
    started: float = field(default_factory=time.perf_counter)

    @property
    def found(self) -> int:
        """The files that the walk has met so far."""
        return self.analysed + self.unchanged + self.failed + self.moved + self.duplicates

    @property
    def seconds(self) -> float:
        """Since the scan began."""
        return time.perf_counter() - self.started

    def as_dict(self) -> dict[str, float]:
        """Give the counts by the names that `tagger scan --json` prints, with seconds and speed."""
        seconds = self.seconds
        return {
            "found": self.found,
            "analysed": self.analysed,
            "unchanged": self.unchanged,
            "moved": self.moved,
            "duplicates": self.duplicates,
            "failed": self.failed,
            "new_failures": self.new_failures,
            "missing": self.missing,
            "reread": self.reread,
            "corrected": self.corrected,
            "seconds": round(seconds, 3),
            "tracks_per_s": round(self.analysed / seconds, 2),
        }


class Ingest:
    """Stores outcomes and counts them; loads the model when the first track needs it."""

    def __init__(
        self,
        store: Store,
        model: str,
        load_predictor: Callable[[], Predicts] | None,
        counts: ScanCounts,
        on_failure: Callable[[Failure], None],
        *,
        reuse: bool = True,
    ) -> None:
        """`load_predictor` is None where workers predict; `on_failure` gets each failure when it is stored.

        Without `reuse`, every track is predicted anew, also where its sound has an answer.
        """
        self._store, self._model, self._counts = store, model, counts
        self._predictor = cache(load_predictor or _no_predictor)
        self._on_failure, self._may_reuse = on_failure, reuse
        self._owners = Owners(store.files, model)

    def load_model(self) -> None:
        """Load the model now, for a track has come that needs it, while workers go on with the next ones."""
        self._predictor()

    def take(self, batch: Sequence[Outcome]) -> list[AudioFile]:
        """Store a batch. The same sound is predicted once: its other files get copies of the answer.

        Returns the files that must be extracted after all, for nobody has their answers any more.
        """
        failures = [outcome for outcome in batch if isinstance(outcome, Failure)]
        tracks = [outcome for outcome in batch if isinstance(outcome, TrackFeatures | Analysis)]
        again = self._reuse([outcome for outcome in batch if isinstance(outcome, Identified)])
        fresh, repeated = self._by_sound(tracks) if self._may_reuse else (tracks, [])
        analyses = self._answered(fresh)
        self._store.record_batch(analyses, failures)
        self._counts.analysed += len(analyses)
        self._counts.failed += len(failures)
        self._counts.taken += len(analyses) + len(failures) + len(again)
        for failure in failures:
            self._on_failure(failure)
        self._reuse(repeated)
        return [known.file for known in again]

    def _answered(self, tracks: Sequence[Heard]) -> list[Analysis]:
        """The tracks with their answers; most bring them."""
        features = [track for track in tracks if isinstance(track, TrackFeatures)]
        answers = iter(self._predictor().predict(features) if features else ())
        return [
            Analysis(track.file, track.recording, next(answers))
            if isinstance(track, TrackFeatures)
            else track
            for track in tracks
        ]

    def _by_sound(self, tracks: Sequence[Heard]) -> tuple[list[Heard], list[Identified]]:
        """(one track of each sound without an answer, the other files of these sounds)."""
        files = [Identified(track.file, track.recording) for track in tracks]
        unknown = {known.file.path for known in self._reuse(files)}
        first: dict[str, Heard] = {}
        repeated = []
        for track, known in zip(tracks, files, strict=True):
            if track.file.path in unknown and first.setdefault(track.recording.audio_id, track) is not track:
                repeated.append(known)
        return list(first.values()), repeated

    def _reuse(self, files: Sequence[Identified]) -> list[Identified]:
        """Give files the answers that are known for their sounds; return those without any."""
        if not files:
            return []
        plans = plan_reuse(files, self._owners.of(files), is_gone)
        self._store.files.reuse([plan for plan in plans if plan])
        kinds = [plan.kind for plan in plans if plan]
        self._counts.taken += len(kinds)
        self._counts.unchanged += kinds.count("unchanged")
        self._counts.moved += kinds.count("moved")
        self._counts.duplicates += kinds.count("duplicate")
        return [one for one, plan in zip(files, plans, strict=True) if plan is None]


def _no_predictor() -> Predicts:
    raise AssertionError("features came although workers predict")


def plan_reuse(
    files: Sequence[Identified],
    owners: Mapping[str, Sequence[tuple[int, str]]],
    is_gone: Callable[[str, str], bool],
) -> list[Reuse | None]:
    """Decide for each file from which track it gets the answers for its sound; None where there is none.

    `owners` are the tracks (id, path) with an answer by `audio_id`. `is_gone(path, new path)` tells whether
    an owner's file is no more, so that its track may go on under the new path. Two files whose names were
    exchanged keep both tracks: a path that one of `files` takes over is gone for its former track.
    """
    taken: dict[str, int | None] = {}
    now_at: dict[int, str] = {}
    plans: list[Reuse | None] = []
    for one in files:
        path = one.file.path
        known = [(track, now_at.get(track, at)) for track, at in owners[one.recording.audio_id]]
        gone = {track for track, at in known if taken.get(at, track) != track}
        own = next((track for track, at in known if at == path and track not in gone), None)
        left = next((track for track, at in known if track in gone or is_gone(at, path)), None)
        if own is not None:
            plans.append(Reuse(one, "unchanged", own))
        elif left is not None:
            plans.append(Reuse(one, "moved", left))
            now_at[left], taken[path] = path, left
        elif known:
            plans.append(Reuse(one, "duplicate", known[0][0]))
            taken[path] = None
        else:
            plans.append(None)
    return plans


def is_gone(path: str, renamed: str) -> bool:
    """Tell whether `path` is no more, or is the same file as `renamed` with its name spelled otherwise.

    macOS keeps `é` as one letter or as two, and its file systems ignore case: either name finds the file.
    """
    if not may_be_there(path):
        return True
    return folded(path) == folded(renamed) and is_same_file(path, renamed)
