"""Where a training run takes its clips from, and the corpus that they become: clips, log-mels, targets."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from tagger.errors import TaggerError
from tagger.training.clips import GENRES, Clip
from tagger.training.datasets import TABLE, genre_list, in_genres, own_genres, read, read_unlabelled, unnamed
from tagger.training.log_mels import LogMels, cached_log_mels
from tagger.training.synthetic import N_RHYTHMS
from tagger.training.targets import Targets, make_targets
from tagger.training.tempo_examples import TempoDistributions, read_tempo_distributions

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Clips with their log-mels and targets. `genres` are the columns of the targets, in their order."""

    clips: Sequence[Clip]
    log_mels: LogMels
    targets: Targets
    genres: tuple[str, ...] = GENRES

    def rows(self, index: Sequence[int]) -> Corpus:
        """Give the clips at these places, with all that belongs to them."""
        clips = [self.clips[i] for i in index]
        at = torch.tensor(index, dtype=torch.long)
        return Corpus(clips, self.log_mels.rows(index), self.targets.rows(at), self.genres)


@dataclass(frozen=True, slots=True)
class Sources:
    """The folder `data` of labelled clips, and more to learn from; its `layout` is guessed where it is None.

    `cache` keeps log-mels between runs; `jobs` processes make them. `unlabelled` are folders of music with
    a teacher's answers, and `tempos` is a file of another network's, where it is not empty. `n_rhythms`
    are made up for a recipe of tempo.
    """

    data: str
    cache: str
    jobs: int
    layout: str | None = None
    unlabelled: tuple[str, ...] = ()
    tempos: str = ""
    n_rhythms: int = N_RHYTHMS

    @property
    def name(self) -> str:
        """The name of the data in a table of results."""
        return TABLE if self._has_table else os.path.basename(os.path.abspath(self.data))

    @property
    def _has_table(self) -> bool:
        return os.path.isfile(os.path.join(self.data, TABLE))

    def clips(self, genres: tuple[str, ...]) -> tuple[list[Clip], tuple[str, ...]]:
        """Read the clips with their labels spelled as in `genres`; gives these genres too.

        A data set that is not `clips.csv`, or has labels that the shipped models do not know, brings its
        own genres instead. Labels that are left out are logged.
        """
        clips = read(self.data, self.layout)
        is_shared = self._has_table if self.layout is None else self.layout == "shared"
        if genres and not is_shared:
            genres = genre_list(clips)
        elif genres and (unknown := unnamed(clips)):
            genres = own_genres(clips)
            log.info("%s: all labels are learned, for there are new ones: %s", self.data, _counts(unknown))
        if genres and (left_out := unnamed(clips, genres)):
            log.info("%s: labels that the recipe does not take: %s", self.data, _counts(left_out))
        return in_genres(clips, genres), genres

    def tempo_distributions(self) -> TempoDistributions:
        """Read another network's answers of tempo, by the path of the clip. Raises as its reader does."""
        return read_tempo_distributions(self.tempos) if self.tempos else {}


def taught_corpus(sources: Sources, genres: tuple[str, ...]) -> Corpus:
    """Read all clips that can be decoded, with all annotations and with what a teacher answers."""
    clips, genres = sources.clips(genres)
    found = [(sources.data, clips)]
    found += [(folder, read_unlabelled(folder)) for folder in sources.unlabelled]
    return _corpus(sources, found, genres, taught=True)


def labelled_corpus(sources: Sources, genres: tuple[str, ...]) -> Corpus:
    """Read the clips with a label in `genres` that can be decoded. Raises `TaggerError` where none is."""
    clips, genres = sources.clips(genres)
    labelled = [clip for clip in clips if clip.genres]
    if not labelled:
        raise TaggerError(f"{sources.data}: no clip is labelled with one of {', '.join(genres)}")
    return _corpus(sources, [(sources.data, labelled)], genres, taught=False)


def _corpus(
    sources: Sources, found: list[tuple[str, list[Clip]]], genres: tuple[str, ...], taught: bool
) -> Corpus:
    decoded = [
        (folder, *cached_log_mels(folder, clips, sources.cache, sources.jobs)) for folder, clips in found
    ]
    targets = make_targets([(folder, clips) for folder, clips, _ in decoded], genres, taught)
    clips = [clip for _, part, _ in decoded for clip in part]
    return Corpus(clips, LogMels([log_mel for _, _, part in decoded for log_mel in part]), targets, genres)


def _counts(labels: Counter[str]) -> str:
    return ", ".join(f"{label} ({count:,})" for label, count in labels.most_common())
