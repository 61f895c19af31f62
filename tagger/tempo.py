"""From the probabilities of tempo classes to one tempo."""

from __future__ import annotations

import numpy as np

from tagger.types import FloatArray

TOLERANCE = 0.04
"""A tempo within 4 % of the true one counts as right: Acc1 of Gouyon et al. 2006 ("An experimental
comparison of audio tempo induction algorithms")."""


def tempo_and_confidence(probabilities: FloatArray, first_bpm: float) -> tuple[float, float]:
    """Probabilities (n_tempo,) of tempos a BPM apart, the first of `first_bpm` → (BPM, confidence).

    One class a BPM is Schreiber & Müller 2018 ("A single-step approach to musical tempo estimation
    using a convolutional neural network"). The tempo lies between the classes: the mean of those
    within 4 % of the likeliest, weighted by their probability, to a tenth of a BPM, for more is not
    heard. Its confidence is the probability (0–1) that it is right by the tolerance of Acc1.
    """
    bpms = first_bpm + np.arange(len(probabilities))
    near = _within_tolerance(bpms, float(bpms[probabilities.argmax()]))
    bpm = round(float(np.average(bpms[near], weights=probabilities[near])), 1)
    confidence = float(probabilities[_within_tolerance(bpms, bpm)].sum())
    return bpm, min(1.0, confidence)


def _within_tolerance(bpms: FloatArray, bpm: float) -> FloatArray:
    """Which of `bpms` are within 4 % of `bpm`, both edges included: (n,) of booleans."""
    inside: FloatArray = np.abs(bpms - bpm) <= TOLERANCE * bpm + 1e-9
    return inside
