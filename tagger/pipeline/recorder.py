"""What is done with the outcomes of a batch of files: adopt, predict, store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from tagger.files import AudioFile
from tagger.pipeline.identities import is_gone
from tagger.pipeline.workers import Outcome
from tagger.store import Store
from tagger.types import Failure, Identified, Prediction, TrackFeatures


class Predicts(Protocol):
    """What the scan needs of `tagger.predict.Predictor`, whose import takes seconds."""

    def predict(self, tracks: Sequence[TrackFeatures]) -> list[Prediction]: ...


@dataclass(slots=True)
class Settled:
    """What became of one batch; `again` must be heard after all, for nobody has its answers any more."""

    analysed: int = 0
    unchanged: int = 0
    moved: int = 0
    duplicates: int = 0
    failures: list[Failure] = field(default_factory=list)
    again: list[AudioFile] = field(default_factory=list)


class Recorder:
    """Writes outcomes to a store; loads the model when the first track needs it."""

    def __init__(
        self, store: Store, model: str, load_predictor: Callable[[], Predicts], hear_all_anew: bool
    ) -> None:
        self._store, self._model = store, model
        self._predictor = cache(load_predictor)
        self._anew = hear_all_anew

    def settle(self, batch: Sequence[Outcome]) -> Settled:
        """Stores a batch. The same sound is predicted once: its other files get copies of the answer."""
        settled = Settled(failures=[outcome for outcome in batch if isinstance(outcome, Failure)])
        identified = [outcome for outcome in batch if isinstance(outcome, Identified)]
        tracks = [outcome for outcome in batch if isinstance(outcome, TrackFeatures)]
        settled.again += [known.file for known in self._adopt(identified, settled)]
        fresh, repeated = (tracks, []) if self._anew else self._by_sound(tracks, settled)
        predictions = self._predictor().predict(fresh) if fresh else []
        heard = [(t.file, t.recording, p) for t, p in zip(fresh, predictions, strict=True)]
        self._store.record_batch(heard, settled.failures)
        settled.analysed += len(heard)
        self._adopt(repeated, settled)
        return settled

    def _by_sound(
        self, tracks: Sequence[TrackFeatures], settled: Settled
    ) -> tuple[list[TrackFeatures], list[Identified]]:
        """(one track of each sound without an answer, the other files of these sounds)."""
        files = [Identified(track.file, track.recording) for track in tracks]
        unknown = {known.file.path for known in self._adopt(files, settled)}
        first: dict[str, TrackFeatures] = {}
        repeated = []
        for track, known in zip(tracks, files, strict=True):
            if track.file.path in unknown and first.setdefault(track.recording.audio_id, track) is not track:
                repeated.append(known)
        return list(first.values()), repeated

    def _adopt(self, files: Sequence[Identified], settled: Settled) -> list[Identified]:
        """Counts the files that get answers which are there already, and returns the others."""
        adoptions = self._store.adopt(files, self._model, is_gone) if files else []
        settled.unchanged += adoptions.count("unchanged")
        settled.moved += adoptions.count("moved")
        settled.duplicates += adoptions.count("duplicate")
        return [known for known, adoption in zip(files, adoptions, strict=True) if adoption is None]
