"""The head of words that a teacher knows: fitted to its answers, calibrated, tried on other artists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.heads import sigmoid
from tagger.training.breakdown import N_RESAMPLES, Estimate, estimates
from tagger.training.by_artist import artist_counts, artists_of
from tagger.training.clips import Clip
from tagger.training.heads.heard import Heard
from tagger.training.heads.linear import Linear, fit_yes_no, platt, unseen_logits
from tagger.training.heads.word_list import LEAST_SHARE, WORDS, Contrast, TaughtWord
from tagger.training.metrics import ranking
from tagger.training.teacher import TAG_NAMES
from tagger.types import FloatArray

SHRINKAGE = 33.0
"""Between 10 and 100 the mean agreement on the validation split moves by 0.003."""

STEEPNESS = 3.0
"""The wanted probability is the sigmoid of so many times the margin, in standard deviations. It tells how
near a clip is, which yes and no do not. Mean agreement on the validation split 0.963; by yes and no 0.954."""

EXTRA_COUNT = 0.5
"""How much a clip of the folder `more` counts: most are of one kind of music."""

STRONGEST = 0.07
"""Agreement is with the strongest answers, this share of the clips, for rare and common words alike."""

LEAST_AGREEMENT = 0.85
"""On validation and test artists; a word with less is not heard well enough to be said."""

N_FOLDS = 5

SMALLEST_ODDS = 1e-3
"""Added to sums of the teacher's probabilities, which are as small as float16 can tell."""


@dataclass(frozen=True, slots=True, eq=False)
class WordHead:
    """The head `linear`, calibrated, and the `words` that are its outputs; `dropped` are those left out.

    `agreement` has by split what `agreements` measures of the words of both, where the split has clips.
    """

    linear: Linear
    words: tuple[TaughtWord, ...]
    dropped: tuple[TaughtWord, ...]
    agreement: Mapping[str, Mapping[str, Estimate]]


def fit_words(heard: Heard, words: Sequence[TaughtWord] = WORDS, n_resamples: int = N_RESAMPLES) -> WordHead:
    """Fit a head to all clips that the teacher answered for, and keep the words in which both agree.

    Clips of the splits `train` and `unlabelled` are learned. The probabilities are calibrated (Platt) on the
    validation split and on the learned clips, these answered by heads that were not fitted to their artists;
    an artist counts once.
    """
    heard = heard.rows(np.asarray(~np.isnan(heard.tags).any(axis=1)))
    margins = margins_of(heard.tags, heard.is_learned & ~heard.is_extra, words)
    linear = _calibrated(heard, margins)
    found = {}
    for split in ("valid", "test"):
        if (chosen := heard.is_in((split,))).any():
            part = heard.rows(chosen)
            logits = linear.logits(part.embeddings)
            found[split] = agreements(part.clips, logits, margins[chosen], words, n_resamples)
    agrees = [all(of[word.name].value >= LEAST_AGREEMENT for of in found.values()) for word in words]
    kept = [i for i, agreed in enumerate(agrees) if agreed]
    dropped = tuple(word for word, agreed in zip(words, agrees, strict=True) if not agreed)
    head = Linear(linear.weights[kept], linear.bias[kept])
    return WordHead(head, tuple(words[i] for i in kept), dropped, found)


def margins_of(
    tags: FloatArray, is_reference: NDArray[np.bool_], words: Sequence[TaughtWord] = WORDS
) -> FloatArray:
    """Tell by the teacher's tags (n, 100) how far each word is from being said: (n, n_words), said above 0.

    The shares of `TaughtWord` are of the clips where `is_reference` (n,) holds.
    """
    return np.stack([_margin(tags, is_reference, word) for word in words], axis=1)


def agreements(
    clips: Sequence[Clip],
    logits: FloatArray,
    margins: FloatArray,
    words: Sequence[TaughtWord] = WORDS,
    n_resamples: int = N_RESAMPLES,
) -> dict[str, Estimate]:
    """Measure by word how well the head finds the teacher's strongest answers, with an interval over artists.

    It is the area under the ROC curve of `logits` (n, n_words), each artist counting once, for the clips
    whose `margins` (n, n_words) are among the greatest, `STRONGEST` of them all.
    """
    counts = artist_counts(clips)
    strong = margins > np.quantile(margins, 1 - STRONGEST, axis=0)

    def measure(rows: NDArray[np.int_]) -> dict[str, float]:
        return {
            word.name: ranking(strong[rows, i].astype(float), logits[rows, i], counts[rows])
            for i, word in enumerate(words)
        }

    return estimates(measure, artists_of(clips), n_resamples)


def _margin(tags: FloatArray, is_reference: NDArray[np.bool_], word: TaughtWord) -> FloatArray:
    if word.contrasts:
        return np.asarray(np.min([_lean(tags, contrast) for contrast in word.contrasts], axis=0))
    of_word = tags[:, _columns(word.tags)]
    odds = np.log(of_word.clip(1e-4, 0.999) / (1 - of_word.clip(1e-4, 0.999))).mean(axis=1)
    share = max(LEAST_SHARE, float(of_word[is_reference].mean()))
    return np.asarray(odds - np.quantile(odds[is_reference], 1 - share))


def _lean(tags: FloatArray, contrast: Contrast) -> FloatArray:
    """How much further than asked the teacher leans to one side, (n,)."""
    for_, against = (
        np.log(tags[:, _columns(names)].sum(axis=1) + SMALLEST_ODDS)
        for names in (contrast.for_, contrast.against)
    )
    return np.asarray(for_ - against - contrast.by)


def _columns(names: Sequence[str]) -> list[int]:
    known = [f"{network}:{tag}" for network, tags in TAG_NAMES.items() for tag in tags]
    return [known.index(name) for name in names]


def _calibrated(heard: Heard, margins: FloatArray) -> Linear:
    """Fit the head to the learned clips, and make its sigmoids the probabilities that a word is said."""
    learned = heard.rows(heard.is_learned)
    spread = margins[heard.is_learned & ~heard.is_extra].std(axis=0) + 1e-6
    wanted = sigmoid(STEEPNESS * margins[heard.is_learned] / spread)
    counts = np.where(learned.is_extra, EXTRA_COUNT, 1.0)

    def fit(at: NDArray[np.int_]) -> Linear:
        return fit_yes_no(learned.embeddings[at], wanted[at], SHRINKAGE, counts[at])

    everything = np.arange(len(learned.clips))
    linear = fit(everything)
    logits = linear.logits(heard.embeddings)
    logits[heard.is_learned], _ = unseen_logits(
        fit, learned.embeddings, np.zeros_like(everything), learned.artists, N_FOLDS
    )
    known = (heard.is_learned | heard.is_in(("valid",))) & ~heard.is_extra
    return linear.scaled(*platt(logits[known], margins[known] > 0, artist_counts(heard.rows(known).clips)))
