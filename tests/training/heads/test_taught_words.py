"""Words that a teacher knows: what it means by them, and a head that learns to say them."""

import numpy as np
import pytest

from tagger.heads import sigmoid
from tagger.training.clips import GENRES
from tagger.training.heads.taught_words import agreements, fit_words, margins_of
from tagger.training.heads.word_list import BETWEEN_STYLES, STYLES, WORDS, Contrast, TaughtWord
from tests.training.heads.clips import TAGS, clip, heard, splits

N = 600
PIANO = TaughtWord("Piano", "instrument", ("mtt:piano",))
GUITAR = TaughtWord("Guitar", "instrument", ("mtt:guitar", "msd:guitar"))
VOICE = TaughtWord(
    "Female Voice",
    "voice",
    contrasts=(
        Contrast(("mtt:vocal",), ("mtt:no vocals",), by=1.0),
        Contrast(("mtt:female",), ("mtt:male",)),
    ),
)


def tags(**probabilities: np.ndarray) -> np.ndarray:
    """The teacher's answers: 0.01 for every tag that is not given, which are written as mtt__no_vocals."""
    found = np.full((N, len(TAGS)), 0.01)
    for name, values in probabilities.items():
        network, tag = name.split("__")
        found[:, TAGS.index(f"{network}:{tag.replace('_', ' ')}")] = values
    return found


def test_a_word_is_said_of_as_many_clips_as_the_mean_probability_tells() -> None:
    answers = np.random.default_rng(0).beta(1, 9, N)
    margins = margins_of(tags(mtt__piano=answers), np.full(N, True), (PIANO,))
    assert (margins[:, 0] > 0).mean() == pytest.approx(answers.mean(), abs=0.005)
    assert set(np.flatnonzero(margins[:, 0] > 0)) == set(np.argsort(-answers)[: int((margins > 0).sum())])


def test_a_word_with_small_probabilities_is_said_of_three_in_a_hundred() -> None:
    answers = np.random.default_rng(0).uniform(0, 0.01, N)
    margins = margins_of(tags(mtt__guitar=answers, msd__guitar=answers), np.full(N, True), (GUITAR,))
    assert (margins[:, 0] > 0).mean() == pytest.approx(0.03, abs=0.002)


def test_the_share_is_of_the_clips_of_reference_alone() -> None:
    answers = np.r_[np.full(N // 2, 0.9), np.random.default_rng(0).uniform(0, 0.01, N // 2)]
    is_reference = np.arange(N) >= N // 2
    margins = margins_of(tags(mtt__piano=answers), is_reference, (PIANO,))[:, 0]
    assert (margins[is_reference] > 0).mean() == pytest.approx(0.03, abs=0.004)
    assert np.all(margins[~is_reference] > 0)


def test_a_word_with_two_sides_needs_every_lean() -> None:
    sung = np.resize([0.2, 0.2, 0.01], N)
    female = np.resize([0.3, 0.05, 0.3], N)
    found = tags(
        mtt__vocal=sung, mtt__no_vocals=np.full(N, 0.02), mtt__female=female, mtt__male=np.full(N, 0.1)
    )
    margins = margins_of(found, np.full(N, True), (VOICE,))
    assert np.array_equal(margins[:3, 0] > 0, [True, False, False])


def test_a_head_says_what_it_hears_and_leaves_out_what_it_does_not() -> None:
    random = np.random.default_rng(2)
    loudness = random.normal(0, 1, N)
    heard_of, unheard = sigmoid(2 * loudness - 3), sigmoid(2 * random.normal(0, 1, N) - 3)
    clips = [clip(i, split) for i, split in enumerate(splits(N))]
    material = heard(clips, {3: loudness}, tags(mtt__piano=heard_of, mtt__guitar=unheard))
    head = fit_words(material, (PIANO, TaughtWord("Guitar", "instrument", ("mtt:guitar",))), n_resamples=20)
    assert [word.name for word in head.words] == ["Piano"]
    assert [word.name for word in head.dropped] == ["Guitar"]
    assert head.agreement["test"]["Piano"].value > 0.98
    assert head.agreement["valid"]["Guitar"].value < 0.85
    test = material.is_in(("test",))
    said = sigmoid(head.linear.logits(material.embeddings[test]))[:, 0]
    truth = margins_of(material.tags, material.is_learned, (PIANO,))[test, 0] > 0
    assert said.mean() == pytest.approx(truth.mean(), abs=0.04)
    assert ((said >= 0.5) == truth).mean() > 0.9


def test_clips_that_the_teacher_never_answered_teach_nothing() -> None:
    random = np.random.default_rng(2)
    loudness = random.normal(0, 1, N)
    answers = tags(mtt__piano=sigmoid(2 * loudness - 3))
    clips = [clip(i, split) for i, split in enumerate(splits(N))]
    whole = fit_words(heard(clips, {3: loudness}, answers), (PIANO,), n_resamples=5)
    answers[10:20] = np.nan
    less = fit_words(heard(clips, {3: loudness}, answers), (PIANO,), n_resamples=5)
    assert less.linear.weights.shape == whole.linear.weights.shape
    assert not np.array_equal(less.linear.weights, whole.linear.weights)
    assert np.all(np.isfinite(less.linear.weights))


def test_an_artist_counts_once_in_an_agreement() -> None:
    margins = np.array([[1.0], [0.0], *[[0.0]] * 28])
    logits = np.array([[2.0], [1.0], *[[3.0]] * 28])
    apart = [clip(i, "test") for i in range(30)]
    together = [clip(min(i, 2), "test") for i in range(30)]
    found = [
        agreements(clips, logits, margins, (PIANO,), n_resamples=5)["Piano"].value
        for clips in (apart, together)
    ]
    assert found == pytest.approx([1 / 29, 1 / 2])


def test_no_word_stands_twice_and_none_is_a_genre() -> None:
    names = [*(word.name for word in WORDS), *STYLES]
    folded = [name.casefold() for name in names]
    assert len(set(folded)) == len(folded)
    assert not set(folded) & {genre.casefold() for genre in GENRES}


def test_every_tag_of_a_word_is_one_that_the_teacher_knows() -> None:
    used = {tag for word in WORDS for tag in word.tags}
    used |= {tag for word in WORDS for c in word.contrasts for tag in (*c.for_, *c.against)}
    assert used - set(TAGS) == set()


def test_a_subgenre_belongs_to_one_style_or_lies_between_some() -> None:
    of_styles = [subgenre for of_style in STYLES.values() for subgenre in of_style]
    assert len(set(of_styles)) == len(of_styles)
    assert not set(of_styles) & BETWEEN_STYLES
