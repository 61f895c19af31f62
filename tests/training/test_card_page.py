"""A card of the shipped model, made from a few clips that a test can make."""

import csv
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tagger.model_card import DEFAULT_MODEL, ModelCard, load_card
from tagger.training.card_page import Measured, card_text, measure, write_card
from tagger.training.datasets import in_genres, read
from tagger.training.evaluation import Evaluation, evaluate
from tagger.training.heads.measure import mood_of
from tests.sounds import make_sound

RATINGS = ("arousal", "arousal_high", "power", "calmness")
COLUMNS = ("path", "dataset", "split", "group", "genres", *RATINGS, "bpm", "length_s", "quadrant")
RUN = {
    "clips": 3141,
    "reference_clips": 422,
    "epochs": 70,
    "seconds": 3600,
    "device": "cpu",
    "settings": {"mixup": 0.2, "network": {}},
    "finished": "2025-01-31",
    "tempos_told": 1234,
}


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, (1, 44_100)).astype(np.float32)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Twelve sounds of two kinds and what is said to be known of them."""
    folder = tmp_path_factory.mktemp("data")
    rows = []
    for i in range(12):
        name = f"{i}.wav"
        make_sound(folder / name, seconds=1.0, samples=noise(i) if i % 2 else None, channels=1)
        row: dict[str, object] = {"path": name, "split": "test", "length_s": 1.0, "group": i // 2}
        row |= (
            {"dataset": "deam", "arousal": i / 12}
            if i < 6
            else {
                "dataset": "4q",
                "arousal_high": i % 2,
                "quadrant": i % 4 + 1,
            }
        )
        rows.append(row | {"genres": "Electronic" if i % 2 else "Classical;Pop/Rock"})
    rows.append({"path": "no.wav", "split": "train", "dataset": "games", "length_s": 6.0, "group": 99})
    with open(folder / "clips.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)
    tags = np.random.default_rng(0).uniform(0, 1, (len(rows), 100))
    named = {"path": [str(row["path"]) for row in rows], "embedding": np.zeros((len(rows), 200))}
    np.savez(folder / "teacher.npz", msd=tags[:, :50], mtt=tags[:, 50:], **named)
    return str(folder)


def copy_of_the_model(folder: Path, more: Mapping[str, object]) -> ModelCard:
    shutil.copytree(load_card(DEFAULT_MODEL).folder, folder)
    fields = json.loads((folder / "model.json").read_text())
    fields.pop("training", None)
    (folder / "model.json").write_text(json.dumps(fields | dict(more)))
    return load_card(str(folder))


@pytest.fixture(scope="module")
def evaluation(data: str, tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    card = copy_of_the_model(tmp_path_factory.mktemp("models") / "copy-1", {"training": RUN})
    return evaluate(data, "test", card.folder, jobs=2, device="cpu")


@pytest.fixture(scope="module")
def measured(data: str, evaluation: Evaluation) -> Measured:
    return measure(data, evaluation, jobs=2, device="cpu", n_resamples=2)


def test_answers_are_in_the_order_of_the_clips(evaluation: Evaluation) -> None:
    assert [clip.path for clip in evaluation.clips] == [f"{i}.wav" for i in range(12)]
    assert evaluation.probabilities.shape == (12, 17)
    sweeps, noises = evaluation.probabilities[::2], evaluation.probabilities[1::2]
    assert np.ptp(sweeps, axis=0).max() < 1e-6  # one and the same sound
    assert np.abs(noises - sweeps).max(axis=1).min() > 0.05
    assert evaluation.clips[4].group == "2"
    assert 0.5 < evaluation.predict_ms < 1000


@pytest.mark.slow
def test_a_card_holds_what_was_measured_and_what_was_recorded(data: str, evaluation: Evaluation) -> None:
    path = Path(write_card(data, evaluation, jobs=2, device="cpu", n_resamples=20))
    text = path.read_text(encoding="utf-8")
    figures = evaluation.figures()
    assert path.parent == Path(evaluation.card.folder)
    assert f"| `hit` | {figures['hit']:.3f} | (" in text
    assert f"| `deam_r` | {figures['deam_r']:.3f} | (" in text
    assert f"Expected calibration error {figures['calibration_error']:.3f}" in text
    assert "12 clips, 12 of them with genres" in text
    by_artist, mood = evaluation.figures_by_artist(2), mood_of(evaluation, 2)
    assert f"| `hit` | {figures['hit']:.3f} | {by_artist['hit'].value:.3f} | (" in text
    assert f"| `mood_accuracy` | {mood['mood_accuracy'].value:.3f} | (" in text
    assert len(re.findall(r"^\| .* \| (style|voice|instrument|character) \| ", text, re.MULTILINE)) > 30
    assert "Clips trained on: 3,141" in text
    assert "70 epochs, on cpu, finished 2025-01-31" in text
    assert "- Time: 60 minutes.\n" in text
    assert '`{"mixup": 0.2}`' in text
    assert "made-up rhythms, and 1,234 other pieces with the tempo that tempo-cnn predicts" in text
    assert "| digital silence, 30 s | none (silent) | – | 0.00 |" in text
    assert "| `games` | 1 | 0 |" in text
    assert "{" not in text.replace("`{", "")
    for picture in ("confusion.svg", "reliability.svg", "energy.svg"):
        assert f"({picture})" in text
        assert 1000 < os.path.getsize(path.parent / picture) < 100_000


@pytest.mark.slow
def test_the_same_answers_give_the_same_card_to_the_byte(data: str, evaluation: Evaluation) -> None:
    folder = Path(evaluation.card.folder)
    made = []
    for _ in range(2):
        write_card(data, evaluation, jobs=2, device="cpu", n_resamples=5)
        made.append({p.name: p.read_bytes() for p in folder.iterdir() if p.suffix in (".md", ".svg")})
    assert made[0] == made[1]
    assert len(made[0]) == 4


def test_a_card_says_what_was_not_recorded(
    data: str, evaluation: Evaluation, measured: Measured, tmp_path: Path
) -> None:
    card = copy_of_the_model(tmp_path / "old-1", {})
    assert card.training == {}
    text = card_text(replace(evaluation, card=card), measured, in_genres(read(data)))
    assert "clips on which it agreed with librosa's beat tracker" in text
    for line in ("- Run: not recorded.", "- Time: not recorded.", "- Settings: not recorded."):
        assert line in text


@pytest.mark.parametrize("model", ["standard", "small"])
def test_the_words_of_a_shipped_card_are_those_of_the_template(
    model: str, data: str, evaluation: Evaluation, measured: Measured
) -> None:
    """Lines with a number are of other clips or of another run, and so are those of tables."""
    card = load_card(model)
    shipped = Path(card.folder, "CARD.md").read_text(encoding="utf-8")
    text = card_text(replace(evaluation, card=card), measured, in_genres(read(data)))
    words = [line for line in shipped.splitlines() if not re.search(r"\d|^\|", line)]
    assert len(words) > 80
    assert [line for line in text.splitlines() if not re.search(r"\d|^\|", line)] == words


@pytest.fixture(scope="module")
def shipped(shared_data: str) -> Evaluation:
    """What the shipped model says of the labelled music that it was never trained on."""
    return evaluate(shared_data, "test", DEFAULT_MODEL, jobs=2, device="cpu")


@pytest.mark.slow
@pytest.mark.shared_data
def test_the_shipped_card_says_what_the_shipped_model_does(shipped: Evaluation) -> None:
    """As far as machines agree, whose sums end otherwise."""
    with open(os.path.join(shipped.card.folder, "CARD.md"), encoding="utf-8") as file:
        text = file.read()
    for name, value in shipped.figures().items():
        shown = float(text.split(f"| `{name}` | ")[1].split(" |")[0])
        assert shown == pytest.approx(value, abs=0.012), name


@pytest.mark.slow
@pytest.mark.shared_data
def test_the_shipped_model_reaches_its_bar_on_the_test_split(shipped: Evaluation) -> None:
    result = shipped.figures()
    assert result["hit"] >= 0.50
    assert result["4q_auc"] >= 0.95
    assert result["deam_r"] >= 0.68
    assert result["calibration_error"] <= 0.08
