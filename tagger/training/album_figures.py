"""What pooling the tracks of an album is worth, measured on labelled clips of artists with several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.albums import pooled
from tagger.training.breakdown import N_RESAMPLES, Estimate, estimates
from tagger.training.clips import GENRES, Clip
from tagger.training.metrics import calibration_error, top_hits
from tagger.types import FloatArray

THRESHOLDS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
MIXED_SIZES = (2, 4, 5, 8, 12)
N_MIXED = 400
"""Made-up albums of each size, each clip by another artist."""

Pool = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True)
class Answers:
    """The worth of answers to all labelled clips: own ones, or pooled where an artist has several clips.

    `hit` is the share of right first genres of the artists with several clips, each artist counted once.
    `kept` has by threshold the share right of the clips at least so sure, and the share of these clips.
    """

    hit: Estimate
    calibration_error: float
    kept: Mapping[float, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class AlbumFigures:
    """Own and pooled answers of one split, of `n_clips` clips by `n_artists` artists with several.

    `mixed` has by size the share of right first genres in made-up mixtures, (own, pooled).
    """

    n_artists: int
    n_clips: int
    own: Answers
    pooled: Answers
    mixed: Mapping[int, tuple[float, float]]

    def summary(self) -> dict[str, float]:
        """Give the figures that `tagger evaluate` prints."""
        return {
            "album_hit_alone": self.own.hit.value,
            "album_hit": self.pooled.hit.value,
            "album_calibration_error": self.pooled.calibration_error,
        }


def album_figures(
    clips: Sequence[Clip],
    probabilities: FloatArray,
    base_rates: Mapping[str, float],
    genres: Sequence[str] = GENRES,
    n_resamples: int = N_RESAMPLES,
) -> AlbumFigures | None:
    """Measure own and pooled answers, (n, n_genres); None where no artist has several labelled clips.

    An artist is a group within a data set. `base_rates` are those of the model, as `tagger.albums` has them.
    """
    known = np.flatnonzero([bool(clip.genres) for clip in clips])
    labelled, own = [clips[int(i)] for i in known], probabilities[known]
    artists = _artists(labelled)
    several = [rows for rows in artists if len(rows) > 1]
    if not several:
        return None
    rates = np.array([base_rates.get(genre, 1 / len(genres)) for genre in genres])

    def pool(rows: FloatArray) -> FloatArray:
        return pooled(rows, rates)

    together = own.copy()
    for rows in several:
        together[rows] = pool(own[rows])
    hits = [top_hits(labelled, answers, genres) for answers in (own, together)]
    by_artist = np.array([[hit[rows].mean() for rows in several] for hit in hits])
    shares = estimates(
        lambda rows: {"own": float(by_artist[0, rows].mean()), "pooled": float(by_artist[1, rows].mean())},
        [""] * len(several),
        n_resamples,
    )
    return AlbumFigures(
        n_artists=len(several),
        n_clips=sum(map(len, several)),
        own=_answers(shares["own"], own, hits[0]),
        pooled=_answers(shares["pooled"], together, hits[1]),
        mixed=_mixed(labelled, own, artists, pool, genres),
    )


def _answers(hit: Estimate, probabilities: FloatArray, hits: NDArray[np.bool_]) -> Answers:
    confidence = probabilities.max(axis=1)
    kept = {}
    for threshold in THRESHOLDS:
        sure = confidence >= threshold
        if sure.any():
            kept[threshold] = float(hits[sure].mean()), float(sure.mean())
    return Answers(hit, calibration_error(confidence, hits), kept)


def _artists(clips: Sequence[Clip]) -> list[NDArray[np.int_]]:
    """The rows of each artist's clips; a clip without a group is an artist of its own."""
    rows: dict[tuple[str, str | int], list[int]] = {}
    for row, clip in enumerate(clips):
        rows.setdefault((clip.dataset, clip.group or row), []).append(row)
    return [np.array(of_one) for of_one in rows.values()]


def _mixed(
    clips: Sequence[Clip],
    probabilities: FloatArray,
    artists: Sequence[NDArray[np.int_]],
    pool: Pool,
    genres: Sequence[str],
) -> dict[int, tuple[float, float]]:
    """Pool clips of artists drawn at random, which no tags keep apart here."""
    random, found = np.random.default_rng(0), {}
    for size in (size for size in MIXED_SIZES if size <= len(artists)):
        chosen = [random.choice(len(artists), size, replace=False) for _ in range(N_MIXED)]
        albums = [np.array([random.choice(artists[i]) for i in one]) for one in chosen]
        rows = np.concatenate(albums)
        drawn = [clips[int(row)] for row in rows]
        own = top_hits(drawn, probabilities[rows], genres)
        together = top_hits(drawn, np.concatenate([pool(probabilities[one]) for one in albums]), genres)
        found[size] = float(own.mean()), float(together.mean())
    return found
