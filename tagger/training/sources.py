"""Where a training run takes its clips from, and how they become a corpus."""

from __future__ import annotations

import logging
import os
from collections import Counter
from dataclasses import dataclass

from tagger.errors import TaggerError
from tagger.training.clips import Clip
from tagger.training.corpus import Corpus, LogMels
from tagger.training.datasets import genre_list, in_genres, own_genres, read, read_unlabelled, unnamed
from tagger.training.datasets.shared import TABLE
from tagger.training.log_mels import cached_log_mels
from tagger.training.targets import make_targets
from tagger.training.tempo_examples import TempoAnswers, read_answers

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sources:
    """The folder `data` of labelled clips, whose `layout` is guessed where it is None, and folders of
    music with a teacher's answers. `cache` keeps log-mels between runs; `jobs` processes make them.
    `tempos` is a file of another network's answers, where it is not empty."""

    data: str
    cache: str
    jobs: int
    layout: str | None = None
    unlabelled: tuple[str, ...] = ()
    tempos: str = ""

    @property
    def name(self) -> str:
        """What a table of results calls the data."""
        return TABLE if self._has_table else os.path.basename(os.path.abspath(self.data))

    @property
    def _has_table(self) -> bool:
        return os.path.isfile(os.path.join(self.data, TABLE))

    def clips(self, genres: tuple[str, ...]) -> tuple[list[Clip], tuple[str, ...]]:
        """The clips with their labels spelled as in `genres`, and these.

        Of a data set that is not `clips.csv`, or has labels that the shipped models do not know, the
        genres are its own. Labels that are left out are logged.
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

    def tempo_answers(self) -> TempoAnswers:
        """What another network says of the tempo of clips, by their path. Raises as `read_answers` does."""
        return read_answers(self.tempos) if self.tempos else {}


def _counts(labels: Counter[str]) -> str:
    return ", ".join(f"{label} ({count:,})" for label, count in labels.most_common())


def taught_corpus(sources: Sources, genres: tuple[str, ...]) -> Corpus:
    """All clips that can be heard, with all that is known of them and what a teacher says."""
    clips, genres = sources.clips(genres)
    found = [(sources.data, clips)]
    found += [(folder, read_unlabelled(folder)) for folder in sources.unlabelled]
    return _corpus(sources, found, genres, taught=True)


def labelled_corpus(sources: Sources, genres: tuple[str, ...]) -> Corpus:
    """The clips that have a label in `genres` and can be heard. Raises `TaggerError` where none has."""
    clips, genres = sources.clips(genres)
    labelled = [clip for clip in clips if clip.genres]
    if not labelled:
        raise TaggerError(f"{sources.data}: no clip is labelled with one of {', '.join(genres)}")
    return _corpus(sources, [(sources.data, labelled)], genres, taught=False)


def _corpus(
    sources: Sources, found: list[tuple[str, list[Clip]]], genres: tuple[str, ...], taught: bool
) -> Corpus:
    heard = [
        (folder, *cached_log_mels(folder, clips, sources.cache, sources.jobs)) for folder, clips in found
    ]
    targets = make_targets([(folder, clips) for folder, clips, _ in heard], genres, taught)
    clips = [clip for _, part, _ in heard for clip in part]
    return Corpus(clips, LogMels([log_mel for _, _, part in heard for log_mel in part]), targets, genres)
