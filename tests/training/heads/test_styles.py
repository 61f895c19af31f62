"""The styles of electronic music: who is taught what, and a head that tells them apart."""

from dataclasses import replace

import numpy as np
import pytest

from tagger.heads import softmax
from tagger.training.heads.styles import NO_STYLE, UNKNOWN, classes_of, fit_styles
from tests.training.heads.clips import clip, heard

STYLES = {"House": ("deephouse", "vocalhouse"), "Trance": ("epictrance",), "Ambient": ("ambient",)}


def test_a_clip_is_of_its_subgenres_style_of_none_or_unknown() -> None:
    jazz = replace(clip(0, "train"), genres=("Jazz",))
    known = {
        clip(1, "train", subgenre="vocalhouse"): 1,
        clip(2, "train", subgenre="ambient"): 3,
        clip(3, "train", subgenre="glitch"): NO_STYLE,
        clip(4, "train", subgenre="techtrance"): UNKNOWN,
        jazz: NO_STYLE,
        replace(jazz, genres=("Jazz", "Electronic")): UNKNOWN,
        replace(jazz, genres=()): UNKNOWN,
        replace(jazz, split="test"): UNKNOWN,
    }
    assert classes_of(list(known), STYLES).tolist() == list(known.values())


def material(n_of_each: int, n_others: int, gap: float = 4.0):  # type: ignore[no-untyped-def]
    subgenres = [of_style[0] for of_style in STYLES.values()]
    clips, signals = [], np.zeros((3, 3 * n_of_each + n_others))
    for i in range(3 * n_of_each):
        clips.append(clip(i, "train", subgenre=subgenres[i % 3]))
        signals[i % 3, i] = gap
    clips += [replace(clip(3 * n_of_each + i, "train"), genres=("Jazz",)) for i in range(n_others)]
    signals += np.random.default_rng(0).normal(0, 1, signals.shape)
    return heard(clips, dict(enumerate(signals)))


def test_styles_that_sound_different_are_told_apart_by_other_artists() -> None:
    head = fit_styles(material(60, 300), STYLES, n_resamples=50)
    assert head.names == ("House", "Trance", "Ambient")
    assert head.n_clips == {"House": 60, "Trance": 60, "Ambient": 60}
    assert head.right.value > 0.95
    assert head.right.low <= head.right.value <= head.right.high
    assert np.mean(head.right_by_fold) == pytest.approx(head.right.value, abs=0.01)
    assert min(precision for precision, _ in head.said.values()) > 0.9
    assert head.falsely_said < 0.1
    assert head.linear.weights.shape == (4, 12)


def test_styles_that_sound_alike_are_not_said_to_be_told_apart() -> None:
    head = fit_styles(material(60, 300, gap=0.0), STYLES, n_resamples=50)
    assert head.right.value == pytest.approx(1 / 3, abs=0.12)
    assert all(recall < 0.1 for _, recall in head.said.values())


def test_music_of_no_style_is_as_likely_as_all_styles_together() -> None:
    few = fit_styles(material(60, 100, gap=0.0), STYLES, n_resamples=5)
    many = fit_styles(material(60, 900, gap=0.0), STYLES, n_resamples=5)
    for head in (few, many):
        assert softmax(head.linear.logits(np.zeros((1, 12))))[0, 0] == pytest.approx(0.5, abs=0.08)
