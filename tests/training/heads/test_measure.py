"""Words and moods of a model's answers, held to what a teacher and people said of the clips."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tagger.model_card import DEFAULT_MODEL, load_card
from tagger.training.clips import Clip
from tagger.training.evaluation import Evaluation, evaluate
from tagger.training.heads.measure import mood_of, said_words
from tagger.types import MOODS, Prediction
from tests.training.heads.clips import TAGS, clip

N = 100


def answer(clip: Clip, piano: float, quadrant: int) -> Prediction:
    card = load_card(DEFAULT_MODEL)
    words = {word.name: piano if word.name == "Piano" else 0.01 for word in card.all_words}
    return Prediction(
        model=card.id,
        genres={},
        genre=None,
        genre_confidence=None,
        energy=0.5,
        windows=(),
        embedding=np.zeros(0, np.float16),
        silent=False,
        words=words,
        valence=0.9 if quadrant in (1, 4) else 0.1,
        mood=MOODS[quadrant - 1],
        mood_confidence=0.8,
    )


def evaluated(clips: Sequence[Clip], pianos: Sequence[float], quadrants: Sequence[int]) -> Evaluation:
    answers = tuple(answer(*row) for row in zip(clips, pianos, quadrants, strict=True))
    return Evaluation(load_card(DEFAULT_MODEL), tuple(clips), answers, predict_ms=1.0)


def make_data(folder: Path, clips: Sequence[Clip], piano: np.ndarray) -> str:
    """A table of the clips, and a teacher who says how likely each is to have a piano."""
    with open(folder / "clips.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "dataset", "split", "genres", "group"])
        rows.writerows([c.path, c.dataset, c.split, ";".join(c.genres), c.group] for c in clips)
    tags = np.full((len(clips), len(TAGS)), 0.02)
    tags[:, TAGS.index("mtt:piano")] = piano
    paths = [c.path for c in clips]
    np.savez(
        folder / "teacher.npz",
        path=paths,
        msd=tags[:, :50],
        mtt=tags[:, 50:],
        embedding=np.zeros((len(clips), 200)),
    )
    return str(folder)


def test_words_are_held_to_the_teacher(tmp_path: Path) -> None:
    truth = np.random.default_rng(0).beta(1, 9, 2 * N)
    clips = [clip(i, "train" if i < N else "test") for i in range(2 * N)]
    data = make_data(tmp_path, clips, truth)
    said = said_words(data, evaluated(clips[N:], truth[N:] * 4, [1] * N), n_resamples=20)
    assert said is not None
    piano = said.words["Piano"]
    assert (piano.kind, piano.agreement.value) == ("instrument", 1.0)
    assert piano.said == pytest.approx((truth[N:] * 4 >= 0.5).mean())
    strong = truth > np.quantile(truth[:N], 1 - truth[:N].mean())
    has = truth[N:] * 4 >= 0.5
    assert piano.precision == pytest.approx(strong[N:][has].mean())
    assert piano.recall == pytest.approx(has[strong[N:]].mean())
    assert np.isnan(said.words["Cello"].precision)  # it is said of none
    assert 0 < said.calibration_error < 0.2


def test_a_word_is_held_to_the_label_of_people_that_goes_with_it(tmp_path: Path) -> None:
    clips = [
        Clip(f"{i}.opus", "made", "test" if i else "train", ("Metal",) if i % 3 else ("Pop",), group=str(i))
        for i in range(N)
    ]
    data = make_data(tmp_path, clips, np.full(N, 0.1))
    said = said_words(data, evaluated(clips, [0.1] * N, [1] * N), n_resamples=2)
    assert said is not None
    assert said.words["Heavy Metal"].near == "Metal"
    assert said.words["Heavy Metal"].people == 0.5  # all clips have the same probability of it
    assert np.isnan(said.words["Opera"].people)


def test_without_a_teacher_no_word_is_measured(tmp_path: Path) -> None:
    clips = [clip(i, "test") for i in range(3)]
    assert said_words(str(tmp_path), evaluated(clips, [0.5] * 3, [1] * 3)) is None


def test_moods_are_held_to_quadrants() -> None:
    clips = [clip(i, "test", quadrant=1 + i % 4) for i in range(8)]
    found = mood_of(evaluated(clips, [0.1] * 8, [1, 2, 3, 4, 1, 2, 4, 3]), n_resamples=5)
    assert found["mood_accuracy"].value == pytest.approx(6 / 8)
    assert found["mood_calibration_error"].value == pytest.approx(0.05)
    assert found["valence_auc"].value == pytest.approx(0.75)
    assert mood_of(evaluated([clip(0, "test")], [0.1], [1])) == {}


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("model", "accuracy", "auc"), [("thorough", 0.76, 0.88), ("standard", 0.76, 0.89), ("small", 0.68, 0.85)]
)
def test_the_shipped_models_hear_mood_and_words(
    model: str, accuracy: float, auc: float, shared_data: str
) -> None:
    evaluation = evaluate(shared_data, "test", model, jobs=2, device="cpu")
    mood, words = mood_of(evaluation, 0), said_words(shared_data, evaluation, 0)
    assert mood["mood_accuracy"].value >= accuracy
    assert mood["valence_auc"].value >= auc
    assert words is not None
    assert {word.name for word in evaluation.card.words} == words.words.keys()
    assert min(word.agreement.value for word in words.words.values()) >= 0.85
    assert words.precision > 0.78
    assert words.calibration_error < 0.012
