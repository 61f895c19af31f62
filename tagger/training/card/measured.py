"""Everything on the card that has to be measured first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tagger.training.bootstrap import Estimate
from tagger.training.breakdown import Part, by_dataset, by_genre, hit_and_confidence, overall
from tagger.training.evaluate import Answers
from tagger.training.odd_inputs import CHANGES, answers_to_odd_sounds, answers_when_changed
from tagger.types import Failure, Prediction


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures with intervals: of all clips, by data set, by genre, and of the clips when `changed`.

    `odd_sounds` are the model's answers to sounds that are no music.
    """

    overall: Mapping[str, Estimate]
    by_dataset: Mapping[str, Part]
    by_genre: Mapping[str, Part]
    changed: Mapping[str, Mapping[str, Estimate]]
    odd_sounds: Mapping[str, Prediction | Failure]


def measure(data: str, answers: Answers, jobs: int, device: str, n_resamples: int) -> Measured:
    """Takes a few minutes: the clips are heard again for each of `odd_inputs.CHANGES`."""
    clips, probabilities, energy = answers.clips, answers.probabilities, answers.energy
    changed = {"as they are": hit_and_confidence(clips, probabilities, n_resamples)}
    for name, change in CHANGES.items():
        again = answers_when_changed(data, answers, change, jobs, device)
        changed[name] = hit_and_confidence(again.clips, again.probabilities, n_resamples)
    return Measured(
        overall=overall(clips, probabilities, energy, answers.bpm, n_resamples),
        by_dataset=by_dataset(clips, probabilities, energy, n_resamples),
        by_genre=by_genre(clips, probabilities, n_resamples),
        changed=changed,
        odd_sounds=answers_to_odd_sounds(answers.card, jobs, device),
    )
