"""All heads beside the network, fitted to a model's embeddings and written into its folder."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.errors import TaggerError
from tagger.model_card import load_card
from tagger.model_card.write_heads import require_new, write_refitted
from tagger.training.breakdown import N_RESAMPLES, Estimate
from tagger.training.heads.heard import Heard, hear
from tagger.training.heads.linear import own_head
from tagger.training.heads.mood import MoodHead, fit_mood
from tagger.training.heads.styles import StyleHead, fit_styles
from tagger.training.heads.taught_words import WordHead, fit_words
from tagger.types import FloatArray

DECIMALS = 4
"""Of the figures that `model.json` keeps."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class FittedHeads:
    """The heads that were fitted to one model's embeddings; None where no clip says what to learn."""

    words: WordHead | None
    styles: StyleHead | None
    mood: MoodHead | None

    @property
    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """The weights, by their names in the weight file."""
        return {
            **(self.words.linear.tensors("words_head") if self.words else {}),
            **(self.styles.linear.tensors("styles_head") if self.styles else {}),
            **(self.mood.valence.tensors("valence_head") if self.mood else {}),
        }

    @property
    def fields(self) -> dict[str, dict[str, Any]]:
        """The fields of the heads in `model.json`, less their versions."""
        return {
            **({"words": {"words": _word_fields(self.words)}} if self.words else {}),
            **({"styles": {"names": list(self.styles.names)}} if self.styles else {}),
            **({"mood": asdict(self.mood.scale)} if self.mood else {}),
        }

    @property
    def facts(self) -> dict[str, Any]:
        """What was measured while they were fitted, for `training` in `model.json`.

        Estimates are [value, low, high]; `said` of the styles is [precision, recall].
        """
        return {
            **({"words": _word_facts(self.words)} if self.words else {}),
            **({"styles": _style_facts(self.styles)} if self.styles else {}),
            **({"mood": _listed(self.mood.unseen)} if self.mood else {}),
        }


def fit_heads(heard: Heard, raw_energy: FloatArray, n_resamples: int = N_RESAMPLES) -> FittedHeads:
    """Fit all heads to what a model hears of labelled clips; `raw_energy` (n,) is what its own head says.

    The same clips give the same heads: nothing is drawn but folds, from a fixed seed.
    """
    is_answered = not np.isnan(heard.tags).all()
    has_subgenre = any(clip.subgenre for clip in heard.clips)
    has_quadrant = any(clip.quadrant for clip in heard.clips)
    return FittedHeads(
        fit_words(heard, n_resamples=n_resamples) if is_answered else None,
        fit_styles(heard, n_resamples=n_resamples) if has_subgenre else None,
        fit_mood(heard, raw_energy, n_resamples) if has_quadrant else None,
    )


def refit(
    model: str, data: str, out: str | None = None, jobs: int = 2, n_resamples: int = N_RESAMPLES
) -> FittedHeads:
    """Fit heads to the embeddings of an installed model, and write them into its folder, or into `out`.

    That is a copy, named after its folder, with the same trunk and the same other heads. `data` holds
    `clips.csv` and `teacher.npz`. Raises `TaggerError` where `out` is there already, where nothing is known
    of the clips, and for a model without an energy head that reads embeddings.
    """
    card = load_card(model)
    energy = own_head(card, "energy_head")
    require_new(out)
    heard = hear(data, card, jobs)
    log.info("%d clips are heard, %d of them to learn from", len(heard.clips), heard.is_learned.sum())
    fitted = fit_heads(heard, energy.logits(heard.embeddings)[:, 0], n_resamples)
    if not fitted.fields:
        raise TaggerError(f"{data}: no clip has a teacher's answer, a subgenre or a quadrant")
    write_refitted(card, out, fitted.tensors, fitted.fields, fitted.facts)
    return fitted


def _word_fields(head: WordHead) -> list[dict[str, Any]]:
    agreement = head.agreement.get("test", {})
    return [
        {
            "name": word.name,
            "kind": word.kind,
            "source": "teacher",
            "auc": _known(agreement[word.name].value) if agreement else None,
        }
        for word in head.words
    ]


def _word_facts(head: WordHead) -> dict[str, Any]:
    return {
        "dropped": [word.name for word in head.dropped],
        "agreement": {split: _listed(found) for split, found in head.agreement.items()},
    }


def _style_facts(head: StyleHead) -> dict[str, Any]:
    return {
        "clips": dict(head.n_clips),
        "right": _ends(head.right),
        "right_by_fold": [_known(share) for share in head.right_by_fold],
        "right_by_style": {name: _known(share) for name, share in head.right_by_style.items()},
        "said": {name: [_known(value) for value in pair] for name, pair in head.said.items()},
        "falsely_said": _known(head.falsely_said),
        "calibration_error": _known(head.calibration_error),
    }


def _listed(found: Mapping[str, Estimate]) -> dict[str, list[float | None]]:
    return {name: _ends(estimate) for name, estimate in found.items()}


def _ends(estimate: Estimate) -> list[float | None]:
    return [_known(value) for value in (estimate.value, estimate.low, estimate.high)]


def _known(value: float) -> float | None:
    """Round a figure; JSON has no NaN."""
    return None if math.isnan(value) else round(value, DECIMALS)
