import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tagger.errors import TaggerError
from tagger.training.clips import Clip
from tagger.training.corpus import Corpus, LogMels
from tagger.training.synthetic import rhythm
from tagger.training.targets import Targets
from tagger.training.tempo_examples import (
    annotated,
    estimate_tempo,
    librosa_bpm,
    made_up,
    pseudo_labels,
    read_tempo_distributions,
    soft_target,
    tempo_function,
)
from tagger.training.tempo_training import (
    TempoSettings,
    crops_at_speed,
    fitted_tempo_temperature,
    shares_at_speed,
    tempo_loss,
    train_tempo,
)

FRAME_RATE_HZ = 22_050 / 512


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """24 made-up rhythms, the tempo of every third unknown."""
    examples = made_up(24, jobs=1)
    clips = [
        Clip(str(i), "loops", "train", (), bpm=math.nan if i % 3 == 0 else float(bpm))
        for i, bpm in enumerate(examples.bpm)
    ]
    unknown = torch.full((24, 1), math.nan)
    targets = Targets(*[unknown] * 7)
    return Corpus(clips, examples.log_mels, targets)


def test_a_rhythm_is_the_same_every_time_and_has_its_tempo() -> None:
    samples, bpm = rhythm(3)
    again, _ = rhythm(3)
    assert np.array_equal(samples, again)
    assert samples.dtype == np.float32
    assert np.abs(samples).max() == pytest.approx(0.5)
    assert 50 <= bpm <= 240
    assert rhythm(4)[1] != bpm


def test_only_clips_of_some_length_with_a_tempo_are_learned_from(corpus: Corpus) -> None:
    log_mels = [log_mel[:, :100] if i == 1 else log_mel for i, log_mel in enumerate(corpus.log_mels)]
    examples = annotated(corpus.clips, LogMels(log_mels))
    assert len(examples.bpm) == 15
    assert bool(examples.bpm.isfinite().all())


def test_ashares_at_speed_copy_holds_more_of_the_clip_and_ends_in_silence_when_it_is_over() -> None:
    ramp = LogMels([np.tile(np.arange(600, dtype=np.float16), (2, 1))])
    slow = crops_at_speed(ramp, torch.tensor([10.0]), torch.tensor([1.0]))
    assert slow.shape == (1, 2, 431)
    assert slow[0, 0, :3].tolist() == [10.0, 11.0, 12.0]
    fast = crops_at_speed(ramp, torch.tensor([0.0]), torch.tensor([1.5]))
    assert fast[0, 0, :3].tolist() == [0.0, 1.5, 3.0]
    assert fast[0, 0, 420] == -100.0


def test_the_loss_is_least_at_the_tempo_and_forgives_what_is_near() -> None:
    def loss(bpm: int) -> float:
        logits = torch.full((1, 257), -5.0)
        logits[0, bpm - 30] = 5.0
        return float(tempo_loss(logits, torch.tensor([120.0])))

    assert loss(120) < loss(122) < loss(126)
    assert loss(126) == pytest.approx(loss(60), abs=0.2)


@pytest.mark.slow
def test_librosa_finds_the_beats_in_a_log_mel_of_ours() -> None:
    time_s = np.arange(500) / FRAME_RATE_HZ
    level = -60 + 60 * np.exp(-8 * (time_s % 0.5))
    assert librosa_bpm(np.tile(level, (96, 1)).astype(np.float16)) == pytest.approx(120, rel=0.04)


def test_another_network_labels_clips_that_are_not_annotated(corpus: Corpus, tmp_path: Path) -> None:
    tempo = np.full((3, 256), 0.001, np.float16)
    tempo[:, 90] = 0.6
    np.savez(tmp_path / "tempos.npz", path=["0", "1", "other"], tempo=tempo)
    answers = read_tempo_distributions(str(tmp_path / "tempos.npz"))
    assert answers["0"].sum() == pytest.approx(1.0, abs=1e-3)
    examples = pseudo_labels(corpus.clips, corpus.log_mels, answers)
    assert examples.bpm.tolist() == [120.0]  # clip 1 is annotated
    assert examples.shares.shape == (1, 257)
    assert float(examples.shares.sum()) == pytest.approx(1.0, abs=1e-3)
    assert float(examples.shares[0, 85:96].sum()) > 0.6  # 115 to 125 BPM
    assert len(pseudo_labels(corpus.clips, corpus.log_mels, {}).bpm) == 0


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"path": ["a"]},
        {"path": ["a"], "tempo": np.ones((2, 256))},
        {"path": ["a"], "tempo": np.ones((1, 300))},
        {"path": ["a"], "tempo": np.ones(256)},
        {"path": ["a"], "tempo": np.float64(1)},
        {"path": "a", "tempo": np.ones((1, 256))},
        {"path": ["a"], "tempo": np.zeros((1, 256))},
        {"path": ["a"], "tempo": np.full((1, 256), np.nan)},
    ],
)
def test_answers_that_are_none_are_one_clear_line(
    arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]], tmp_path: Path
) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(TaggerError, match=r"x\.npz: no answers of tempo"):
        read_tempo_distributions(str(tmp_path / "x.npz"))


def test_a_file_that_is_no_npz_holds_no_answers(tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_text("not one")
    with open(tmp_path / "y.npz", "wb") as file:
        np.save(file, np.ones((1, 256)))
    for name in ("x.npz", "y.npz"):
        with pytest.raises(TaggerError, match=rf"{name}: no answers of tempo"):
            read_tempo_distributions(str(tmp_path / name))


def test_the_shares_of_ashares_at_speed_copy_move_with_its_tempo() -> None:
    moved = shares_at_speed(soft_target(torch.tensor([100.0, 200.0])), torch.tensor([1.2, 1.3]))
    assert moved.sum(dim=1).tolist() == pytest.approx([1.0, 1.0])
    assert (moved.argmax(dim=1) + 30).tolist() == [120, 260]


@pytest.mark.parametrize("learns_from", ["annotated", "pseudo-labels"])
def test_a_head_learns_from_either_kind_alone(corpus: Corpus, learns_from: str) -> None:
    unknown = [replace(clip, bpm=math.nan) for clip in corpus.clips]
    answers = {clip.path: soft_target(torch.tensor([100.0]))[0].numpy() for clip in corpus.clips}
    settings = TempoSettings(
        first_steps=1, steps=1, rhythms=2, batch_size=4, annotated=1, made_up=1, average_decay=0.9
    )
    if learns_from == "pseudo-labels":
        head = train_tempo(replace(corpus, clips=unknown), settings, FRAME_RATE_HZ, 1, answers)
    else:
        head = train_tempo(corpus, settings, FRAME_RATE_HZ, 1)
    assert head(torch.zeros(1, 96, 431)).shape == (1, 257)


@pytest.mark.slow
def test_a_head_learns_the_tempos_of_its_clips(corpus: Corpus) -> None:
    settings = TempoSettings(
        first_steps=2,
        steps=80,
        rhythms=4,
        batch_size=12,
        annotated=6,
        made_up=2,
        average_decay=0.9,
        stretch=1.1,
    )
    head = train_tempo(corpus, settings, FRAME_RATE_HZ, jobs=1)
    known = [(i, clip.bpm) for i, clip in enumerate(corpus.clips) if not math.isnan(clip.bpm)]
    near = [abs(estimate_tempo(head, corpus.log_mels[i])[0] / bpm - 1) <= 0.04 for i, bpm in known]
    assert np.mean(near) >= 0.6  # 0.04 by chance
    assert 0.5 <= fitted_tempo_temperature(tempo_function(head), corpus) <= 8.0
