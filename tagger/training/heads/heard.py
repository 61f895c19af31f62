"""What heads are fitted to: clips as a model hears them, with what a teacher and people say of them."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tagger.errors import TaggerError
from tagger.model_card import ModelCard
from tagger.training.by_artist import artists_of
from tagger.training.clips import LEARNED, Clip
from tagger.training.datasets.layouts import TABLE, read_table
from tagger.training.evaluation import predict_files
from tagger.training.targets import teacher_answers
from tagger.types import Failure, FloatArray

MORE = "more"
"""The folder in a data folder with further clips to learn from, of other styles than most music."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """Clips with sound, and of each its embedding and the teacher's answers.

    `embeddings` (n, embedding_dim) are those that a scan stores. `tags` (n, 100) are probabilities of
    `teacher.TAG_NAMES`, first MSD's, NaN where the teacher was not asked. `is_extra` (n,) marks clips of the
    folder `more`, which are no sample of music at large.
    """

    clips: tuple[Clip, ...]
    embeddings: FloatArray
    tags: FloatArray
    is_extra: NDArray[np.bool_]

    def rows(self, chosen: NDArray[np.bool_]) -> Heard:
        """Keep the clips that are `chosen`, (n,)."""
        clips = tuple(clip for clip, keep in zip(self.clips, chosen, strict=True) if keep)
        return Heard(clips, self.embeddings[chosen], self.tags[chosen], self.is_extra[chosen])

    @property
    def artists(self) -> list[str]:
        """The artist, song or package of each clip, as `by_artist.artists_of` names it."""
        return artists_of(self.clips)

    @property
    def is_learned(self) -> NDArray[np.bool_]:
        """Tell which clips are to learn from, (n,)."""
        return self.is_in(LEARNED)

    def is_in(self, splits: Sequence[str]) -> NDArray[np.bool_]:
        """Tell which clips are in one of the splits, (n,)."""
        return np.array([clip.split in splits for clip in self.clips])


def hear(data: str, card: ModelCard, jobs: int, device: str = "cpu") -> Heard:
    """Analyse the clips of `clips.csv` in `data`, and of that in its folder `more`, as a scan does.

    Clips that are silent or cannot be analysed are left out, with a line in the log. Raises `TaggerError`
    where the table is not there.
    """
    parts = [_heard(data, read_table(data), card, jobs, device)]
    more = os.path.join(data, MORE)
    if os.path.isfile(os.path.join(more, TABLE)):
        extra = _heard(more, read_table(more, ratings=()), card, jobs, device)
        parts.append(replace(extra, is_extra=np.full(len(extra.clips), True)))
    return Heard(
        tuple(clip for part in parts for clip in part.clips),
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("embeddings", "tags", "is_extra")
        ),
    )


def _heard(data: str, clips: Sequence[Clip], card: ModelCard, jobs: int, device: str) -> Heard:
    paths = [os.path.join(data, clip.path) for clip in clips]
    kept, embeddings = [], []
    for i, outcome in enumerate(predict_files(paths, card, jobs, device)):
        if isinstance(outcome, Failure) or outcome.silent:
            log.warning("%s: %s (left out)", paths[i], getattr(outcome, "reason", "silent"))
        else:
            kept.append(i)
            embeddings.append(outcome.embedding)
    if not kept:
        raise TaggerError(f"{data}: none of {len(clips)} clips can be analysed; see the log")
    tags, _ = teacher_answers(data, clips)
    return Heard(
        tuple(clips[i] for i in kept),
        np.array(embeddings, np.float64),
        tags.numpy().astype(np.float64)[kept],
        np.full(len(kept), False),
    )
