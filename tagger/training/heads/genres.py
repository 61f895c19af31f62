"""The genre head, taught by the clips of `more`: of other music it says what it said before."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from tagger.calibration import DECIMALS, fitted_temperature, genre_precision
from tagger.errors import TaggerError
from tagger.heads import softmax
from tagger.model_card import load_card
from tagger.model_card.write_heads import require_new, write_refitted
from tagger.training.by_artist import artist_counts
from tagger.training.heads.heard import Heard, hear
from tagger.training.heads.linear import Linear, fit_shares, own_head
from tagger.training.metrics import top_hits
from tagger.training.targets import label_rows
from tagger.types import FloatArray

SHRINKAGE = 5.0
"""For each number of an embedding; from 1.5 to 15 cross-entropy on the validation split moves by 0.002."""

RARER = {"International": 0.75}
"""What is taken from the logit of a genre that is commoner in `more` than among music at large: all field
recordings are there. With nothing taken, five times as many clips of validation are called International,
and one in five of them rightly; with 1, a quarter less of the field recordings are known."""

log = logging.getLogger(__name__)


def refit_genres(model: str, data: str, out: str | None = None, jobs: int = 2) -> dict[str, Any]:
    """Teach the genre head of an installed model the clips of `more` in `data`; gives its new fields.

    They are written into its folder, or into `out`, a copy that is named after its folder; trunk and other
    heads stay as they are. Temperature, precision by genre and base rates are those of the validation split.
    Raises `TaggerError` where `out` is there already, for a model without a genre head that reads embeddings,
    and for data without labelled clips to learn from in `more`, or to validate with.
    """
    card = load_card(model)
    old = own_head(card, "genre_head")
    require_new(out)
    heard = hear(data, card, jobs)
    head, n_taught = taught(old, heard, card.genres)
    fields = genre_fields(head, heard, card.genres)
    facts = {**card.training.get("heads", {}), "genre": {"taught": n_taught}}
    write_refitted(card, out, head.tensors("genre_head"), {"genre": fields}, facts)
    return fields


def taught(old: Linear, heard: Heard, genres: tuple[str, ...]) -> tuple[Linear, dict[str, int]]:
    """Add to a head what the clips of `more` say; gives the number of clips of each of their data sets, too.

    Clips to train on are answered as by the `old` head, and not by their labels: a trunk that has learned
    these by heart is sure of them as it is of no other music. An artist counts by the root of the number of
    its clips, and each genre as much as any other.
    """
    is_labelled = np.array([bool(clip.genres) for clip in heard.clips])
    learned = heard.rows(is_labelled & (heard.is_in(("train",)) | heard.is_extra))
    if not learned.is_extra.any():
        raise TaggerError("no clip in the folder `more` has a genre; there is nothing to teach")
    labels = label_rows(learned.clips, genres).numpy().any(axis=1).astype(np.float64)
    labels /= labels.sum(axis=1, keepdims=True)
    answered = softmax(old.logits(learned.embeddings))
    added = fit_shares(
        learned.embeddings,
        np.where(learned.is_extra[:, None], labels, answered),
        SHRINKAGE * learned.embeddings.shape[1],
        _counts(learned, labels),
        old,
    )
    rarer = np.array([RARER.get(genre, 0.0) for genre in genres])
    named = [clip.dataset for clip, extra in zip(learned.clips, learned.is_extra, strict=True) if extra]
    log.info("%d clips of %s teach the genre head", len(named), ", ".join(sorted(set(named))))
    return added.scaled(1.0, -rarer), {name: named.count(name) for name in sorted(set(named))}


def _counts(learned: Heard, labels: FloatArray) -> FloatArray:
    """Give how much each clip counts, (n,); the mean is 1. `labels` (n, n_genres) are shares."""
    counts = artist_counts(learned.clips) ** 0.5
    of_genre = counts @ labels
    counts = counts * (labels @ (1 / np.maximum(of_genre, 1e-9)))
    return np.asarray(counts / counts.mean())


def genre_fields(head: Linear, heard: Heard, genres: tuple[str, ...]) -> dict[str, Any]:
    """Tell by the validation clips what the answers of a genre head mean: its fields in `model.json`."""
    is_labelled = np.array([bool(clip.genres) for clip in heard.clips])
    valid = heard.rows(is_labelled & heard.is_in(("valid",)) & ~heard.is_extra)
    if not valid.clips:
        raise TaggerError("no labelled clip to validate with; give the split 'valid' some")
    logits = head.logits(valid.embeddings)
    hits = top_hits(valid.clips, logits, genres)
    temperature = fitted_temperature(logits, hits)
    probabilities = softmax(logits / temperature)
    means = probabilities.mean(axis=0).round(DECIMALS).tolist()
    return {
        "names": list(genres),
        "temperature": round(temperature, DECIMALS),
        "precision": genre_precision(probabilities, hits, genres),
        "base_rates": dict(zip(genres, means, strict=True)),
    }
