"""A whole training run on sounds that anyone can distinguish."""

import json
import logging
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tagger.errors import TaggerError
from tagger.files import AudioFile
from tagger.model_card import DEFAULT_MODEL, WEIGHTS_FILE, genre_thresholds, load_card
from tagger.model_card.write_heads import trunk_sha256
from tagger.nets import build
from tagger.predict import Predictor
from tagger.training.clips import FRONT_END, Clip
from tagger.training.corpus import Corpus, LogMels
from tagger.training.evaluation import answers
from tagger.training.export import record_figures, refit_energy, save
from tagger.training.loop import TrainingState, log_path, log_row, logged_seconds, read_log, train, weights_of
from tagger.training.metrics import figures
from tagger.training.settings import Settings
from tagger.training.targets import Targets, make_targets
from tagger.training.tasks import GENRE_AND_ENERGY
from tagger.types import Recording, TrackFeatures

SETTINGS = Settings(epochs=8, batch_size=8, crop_frames=64, average_decay=0.5)
CPU = torch.device("cpu")
TINY = {
    "name": "crnn",
    "channels": [4, 4, 8, 8, 8],
    "blocks": [0] * 5,
    "hidden": 8,
    "embedding_dim": 8,
    "dropout": 0.0,
}


def made_corpus(folder: Path, n: int, seed: int) -> Corpus:
    """Hissing, loud `Metal` of high arousal, and dull `Classical` of low arousal, of 1–3 s."""
    random = np.random.default_rng(seed)
    clips, log_mels = [], []
    for i in range(n):
        loud = i % 2
        shape = np.linspace(-60, 0, 96) if loud else np.linspace(0, -80, 96)
        frames = int(random.integers(40, 130))
        log_mels.append((shape[:, None] + random.normal(0, 3, (96, frames))).astype(np.float16))
        clips.append(
            Clip(f"{i}", "deam", "train", ("Metal" if loud else "Classical",), 0.2 + 0.6 * loud, loud, np.nan)
        )
    np.savez(
        folder / "teacher.npz",
        path=[clip.path for clip in clips],
        msd=random.random((n, 50)).astype(np.float16),
        mtt=random.random((n, 50)).astype(np.float16),
        embedding=random.random((n, 200)).astype(np.float16),
    )
    targets: Targets = make_targets([(str(folder), clips)])
    return Corpus(clips, LogMels(log_mels), targets)


def cut_off_after(n_epochs: int) -> Callable[[TrainingState, int], float]:
    """An `epoch` that is interrupted when its number is reached."""
    whole = TrainingState.epoch

    def epoch(run: TrainingState, number: int) -> float:
        if number == n_epochs:
            raise KeyboardInterrupt
        return whole(run, number)

    return epoch


@pytest.mark.slow
def test_training_learns_resumes_and_exports_what_a_scan_can_load(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, valid = made_corpus(tmp_path, 48, 0), made_corpus(tmp_path, 16, 1)
    checkpoint = str(tmp_path / "run.checkpoint")
    with caplog.at_level(logging.INFO):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(TrainingState, "epoch", cut_off_after(2))
            train(corpus, valid, SETTINGS, CPU, checkpoint, resume=False)
        network = train(corpus, valid, SETTINGS, CPU, checkpoint, resume=True)
    epochs = [record.args[0] for record in caplog.records if isinstance(record.args, tuple)]
    assert epochs == [*range(1, 9)]
    logged = read_log(log_path(checkpoint))
    assert logged["epoch"].tolist() == epochs
    assert logged["hit"][-1] == 1.0
    result = figures(valid.clips, *answers(network, valid, CPU))
    assert result["hit"] == 1.0
    assert result["deam_r"] > 0.9

    folder = tmp_path / "made-1"
    save(str(folder), network, SETTINGS, corpus, valid, {"clips": len(corpus.clips)})
    record_figures(str(folder), result)
    card = load_card(str(folder))
    assert card.id == "made-1"
    assert json.loads((folder / "model.json").read_text())["figures"]["hit"] == 1.0
    assert card.training == {"clips": 48, "reference_clips": 48}
    assert card.tempo is None
    assert genre_thresholds(card, 0.9).keys() == set(card.genres)
    assert {genre: table[-1][0] for genre, table in card.genre_precision.items() if table} == {
        "Classical": 0.9,  # eight of eight right
        "Metal": 0.9,
    }
    assert card.trunk_sha256 == trunk_sha256(str(folder / WEIGHTS_FILE))
    window = np.tile(np.linspace(-60, 0, 96)[:, None], (1, FRONT_END.n_frames)).astype(np.float16)[None]
    track = TrackFeatures(
        AudioFile("x", 1, 1), Recording("", 10.0, "mp3", 44_100, 2), (0.0,), (False,), window
    )
    (answer,) = Predictor(card, "cpu").predict([track])
    assert answer.genre == "Metal"
    assert answer.energy > 0.5


@pytest.mark.slow
def test_a_resumed_run_ends_like_one_that_was_never_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = made_corpus(tmp_path, 24, 0)
    settings = replace(SETTINGS, epochs=3)
    cut_off, whole = str(tmp_path / "cut-off.checkpoint"), str(tmp_path / "whole.checkpoint")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(TrainingState, "epoch", cut_off_after(1))
        train(corpus, corpus, settings, CPU, cut_off, resume=False)
    torch.rand(7)
    np.random.rand(7)
    resumed = train(corpus, corpus, settings, CPU, cut_off, resume=True).state_dict()
    for name, weights in train(corpus, corpus, settings, CPU, whole, resume=False).state_dict().items():
        assert torch.equal(weights, resumed[name]), name


def test_training_goes_on_from_a_model(tmp_path: Path) -> None:
    settings = replace(SETTINGS, epochs=1, learning_rate=1e-9, start_from=(DEFAULT_MODEL,), average_decay=0.0)
    corpus = made_corpus(tmp_path, 16, 0)
    network = train(corpus, corpus, settings, CPU, str(tmp_path / "x.checkpoint"), resume=False)
    name = "project.0.weight"
    torch.testing.assert_close(network.state_dict()[name], weights_of(DEFAULT_MODEL)[name], atol=1e-5, rtol=0)


def test_no_epoch_of_several_models_is_the_mean_of_their_weights(tmp_path: Path) -> None:
    corpus, checkpoint = made_corpus(tmp_path, 16, 0), str(tmp_path / "x.checkpoint")
    again = train(corpus, corpus, replace(SETTINGS, epochs=1), CPU, checkpoint, resume=False)
    other = tmp_path / "other"
    save(str(other), again, SETTINGS, corpus, corpus, {})
    models = (DEFAULT_MODEL, DEFAULT_MODEL, str(other))
    settings = replace(SETTINGS, epochs=0, start_from=models)
    weights = train(corpus, corpus, settings, CPU, checkpoint, resume=False).state_dict()
    for name in ("project.0.weight", "bands.running_var", "genre_head.bias"):
        mean = (2 * weights_of(DEFAULT_MODEL)[name] + weights_of(str(other))[name]) / 3
        torch.testing.assert_close(weights[name], mean)
    assert not Path(log_path(checkpoint)).exists()


def test_training_does_not_go_on_from_a_model_of_another_size_or_other_genres(tmp_path: Path) -> None:
    settings = replace(SETTINGS, start_from=("small",))
    corpus, checkpoint = made_corpus(tmp_path, 16, 0), str(tmp_path / "x.checkpoint")
    with pytest.raises(TaggerError, match="small: is of another size or shape; give the --size that it has"):
        train(corpus, corpus, settings, CPU, checkpoint, resume=False)
    others = replace(corpus, genres=tuple(f"{genre}core" for genre in corpus.genres))
    with pytest.raises(TaggerError, match="small: predicts other genres than the data has: Blues, Bl"):
        train(others, others, settings, CPU, checkpoint, resume=False)


def test_a_checkpoint_that_cannot_be_used_is_one_clear_line(tmp_path: Path) -> None:
    corpus, checkpoint = made_corpus(tmp_path, 16, 0), str(tmp_path / "x.checkpoint")
    settings = replace(SETTINGS, epochs=1)
    train(corpus, corpus, settings, CPU, checkpoint, resume=False)
    whole = Path(checkpoint).read_bytes()
    for content in (b"", b"junk", b"hello world\n", whole[: len(whole) // 2]):  # as power cuts leave it
        for name in ("x.checkpoint.best", "x.checkpoint"):
            kept = (tmp_path / name).read_bytes()
            (tmp_path / name).write_bytes(content)
            with pytest.raises(TaggerError, match=rf"{re.escape(name)}: cannot be read; leave out --resume$"):
                train(corpus, corpus, settings, CPU, checkpoint, resume=True)
            (tmp_path / name).write_bytes(kept)
    os.unlink(f"{checkpoint}.best")
    with pytest.raises(TaggerError, match=r"x\.checkpoint\.best: is gone, .*; leave out --resume"):
        train(corpus, corpus, settings, CPU, checkpoint, resume=True)


def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")  # which Windows has not
    corpus, checkpoint = made_corpus(tmp_path, 16, 0), tmp_path / "x.checkpoint"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(
            TaggerError, match=r"x\.checkpoint\.best: cannot be written \(.*\); is the disk full"
        ):
            train(corpus, corpus, replace(SETTINGS, epochs=1), CPU, str(checkpoint), resume=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir() if ".tagger-" in path.name] == []  # no draft is left


@pytest.mark.parametrize(
    ("n_clips", "epochs", "batch_size"),
    [(2, 1, 8), (3, 1, 2), (16, 5, 8), (20, 5, 10), (16, 10, 16)],
    ids=["one batch, one step", "a clip is left over", "ten steps", "ten steps", "ten steps of one batch"],
)
def test_few_steps_train_to_the_end(tmp_path: Path, n_clips: int, epochs: int, batch_size: int) -> None:
    corpus = made_corpus(tmp_path, n_clips, 0)
    settings = replace(SETTINGS, network=TINY, epochs=epochs, batch_size=batch_size)
    network = train(corpus, corpus, settings, CPU, str(tmp_path / "x.checkpoint"), resume=False)
    fresh = build(TINY, 96, 17).state_dict()
    assert not torch.equal(network.state_dict()["genre_head.weight"], fresh["genre_head.weight"])
    assert all(t.isfinite().all() for t in network.state_dict().values())


@pytest.mark.parametrize(
    ("n_train", "n_valid", "line"),
    [
        (1, 4, r"clips to learn from \(1\)"),
        (0, 4, r"clips to learn from \(0\)"),
        (4, 0, "no clip to validate"),
    ],
)
def test_too_few_clips_are_one_clear_line(tmp_path: Path, n_train: int, n_valid: int, line: str) -> None:
    corpus = made_corpus(tmp_path, 8, 0)
    parts = corpus.rows(range(n_train)), corpus.rows(range(n_valid))
    with pytest.raises(TaggerError, match=line):
        train(*parts, replace(SETTINGS, network=TINY), CPU, str(tmp_path / "x.checkpoint"), resume=False)


def test_a_checkpoint_of_another_version_is_one_clear_line(tmp_path: Path) -> None:
    corpus, checkpoint = made_corpus(tmp_path, 8, 0), str(tmp_path / "x.checkpoint")
    settings = replace(SETTINGS, network=TINY, epochs=1)
    train(corpus, corpus, settings, CPU, checkpoint, resume=False)
    stored = torch.load(checkpoint, weights_only=True)
    for change in ({"averaged": stored["network"]}, {"schedule": None}):
        torch.save(stored | change, checkpoint)
        with pytest.raises(
            TaggerError, match=r"x\.checkpoint: is of another version of tagger; leave out --resume"
        ):
            train(corpus, corpus, settings, CPU, checkpoint, resume=True)


@pytest.mark.slow
@pytest.mark.parametrize(("aim", "seen"), [("genre_map", (0.5, 0.6, 0.55, 0.4)), ("-rmse", (22, 20, 21, 25))])
def test_training_ends_early_with_the_weights_that_were_best(
    tmp_path: Path, aim: str, seen: tuple[float, ...]
) -> None:
    figures = iter(seen)
    task = replace(GENRE_AND_ENERGY, measure=lambda *_: {aim.strip("-"): next(figures)}, aim=aim)
    corpus, checkpoint = made_corpus(tmp_path, 16, 0), str(tmp_path / "run.checkpoint")
    settings = replace(SETTINGS, epochs=40, patience=2)
    network = train(corpus, corpus, settings, CPU, checkpoint, resume=False, task=task)
    assert read_log(log_path(checkpoint))["epoch"][-1] == 20
    best = torch.load(checkpoint + ".best", weights_only=True)  # of epoch 10
    last = torch.load(checkpoint, weights_only=True)["averaged"]
    weights = network.state_dict()["genre_head.weight"]
    assert torch.equal(weights, best["genre_head.weight"])
    assert not torch.equal(weights, last["module.genre_head.weight"])


def test_the_energy_head_is_fitted_to_ratings_and_nothing_else_moves(tmp_path: Path) -> None:
    torch.manual_seed(0)
    corpus = made_corpus(tmp_path, 24, 0)
    network = build(SETTINGS.network, 96, 17)
    before = {name: t.clone() for name, t in network.state_dict().items()}
    refit_energy(network, corpus, CPU)
    moved = {name for name, t in network.state_dict().items() if not torch.equal(t, before[name])}
    assert moved == {"energy_head.weight", "energy_head.bias"}
    _, energy = answers(network, corpus, CPU)
    assert energy[1::2].min() > energy[::2].max()  # rated high, rated low


def test_without_ratings_the_energy_head_stays(tmp_path: Path) -> None:
    corpus = made_corpus(tmp_path, 4, 0)
    corpus.targets.ratings.fill_(torch.nan)
    network = build(SETTINGS.network, 96, 17)
    before = network.energy_head.weight.clone()
    refit_energy(network, corpus, CPU)
    assert torch.equal(network.energy_head.weight, before)


def test_a_log_has_a_row_for_each_epoch_and_columns_may_come_later(tmp_path: Path) -> None:
    path = str(tmp_path / "runs" / "crnn.csv")
    log_row(path, {"epoch": 1, "loss": 3.25, "seconds": 5.0})
    log_row(path, {"epoch": 2, "loss": 2.5, "seconds": 7.5, "hit": 0.4})
    log = read_log(path)
    assert log["loss"].tolist() == [3.25, 2.5]
    np.testing.assert_array_equal(log["hit"], [np.nan, 0.4])
    assert logged_seconds(path) == 12.5
    assert Path(path).read_text() == "epoch,loss,seconds,hit\n1,3.25,5,\n2,2.5,7.5,0.4\n"


def test_a_run_that_goes_on_from_a_checkpoint_leaves_no_epoch_twice(tmp_path: Path) -> None:
    path = str(tmp_path / "crnn.csv")
    for epoch in (1, 2, 3, 2):
        log_row(path, {"epoch": epoch, "loss": 10.0 * epoch})
    assert read_log(path)["epoch"].tolist() == [1, 2]


def test_a_run_without_a_log_has_no_columns_and_no_time(tmp_path: Path) -> None:
    path = log_path(str(tmp_path / "crnn.checkpoint"))
    assert path == str(tmp_path / "crnn.csv")
    assert read_log(path) == {}
    assert np.isnan(logged_seconds(path))
