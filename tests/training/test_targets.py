from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tagger.nets import NetOutput
from tagger.training.clips import GENRES, Clip
from tagger.training.settings import Settings
from tagger.training.targets import MAX_LABELS, Losses, Targets, cross_fitted, genre_loss, make_targets

NAN = torch.nan


def labels(*clips: list[list[str]]) -> torch.Tensor:
    mask = torch.zeros(len(clips), MAX_LABELS, len(GENRES), dtype=torch.bool)
    for i, sets in enumerate(clips):
        for k, names in enumerate(sets):
            mask[i, k, [GENRES.index(name) for name in names]] = True
    return mask


def unknown_soft(n: int) -> tuple[torch.Tensor, ...]:
    return torch.full((n, 17), NAN), torch.full((n,), NAN), torch.full((n,), NAN)


def test_equal_logits_cost_the_log_of_the_number_of_genres() -> None:
    loss = genre_loss(torch.zeros(1, 17), labels([["Jazz"]]))
    torch.testing.assert_close(loss, torch.tensor(17.0).log())


def test_a_label_of_three_genres_wants_their_sum() -> None:
    loss = genre_loss(torch.zeros(1, 17), labels([["Pop", "Rock", "Metal"]]))
    torch.testing.assert_close(loss, torch.tensor(17.0 / 3).log())


def test_clips_without_labels_cost_nothing_and_give_no_gradient() -> None:
    logits = torch.randn(2, 17, requires_grad=True)
    genre_loss(logits, labels([["Jazz"]], [])).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert torch.all(logits.grad[1] == 0)
    assert torch.any(logits.grad[0] != 0)


def test_unknown_ratings_give_no_gradient() -> None:
    torch.manual_seed(0)
    ratings = torch.tensor([[0.9, NAN, NAN], [NAN, NAN, NAN], [NAN, 1.0, NAN], [NAN, NAN, 0.4]])
    targets = Targets(
        labels([], [], [], []), ratings, torch.rand(4, 100), torch.randn(4, 200), *unknown_soft(4)
    )
    losses = Losses(8, Settings(distil=0.0))
    energy = torch.zeros(4, requires_grad=True)
    output = NetOutput(torch.zeros(4, 17), energy, torch.zeros(4, 8), torch.zeros(4, 0))
    losses(output, targets).backward()
    assert energy.grad is not None
    assert energy.grad[0] < 0  # rated loud: up
    assert energy.grad[1] == 0
    assert energy.grad[2] < 0
    assert energy.grad.isfinite().all()


def test_what_the_teacher_does_not_know_teaches_nothing() -> None:
    tags, embedding = torch.full((2, 100), NAN), torch.full((2, 200), NAN)
    targets = Targets(labels([], []), torch.full((2, 3), NAN), tags, embedding, *unknown_soft(2))
    parts = [torch.randn(2, n, requires_grad=True) for n in (17, 8)]
    energy = torch.zeros(2, requires_grad=True)
    loss = Losses(8, Settings())(NetOutput(parts[0], energy, parts[1], torch.zeros(2, 0)), targets)
    loss.backward()
    assert float(loss.detach()) == 0.0
    for part in (*parts, energy):
        assert part.grad is not None
        assert torch.all(part.grad == 0)


def test_soft_genres_pull_towards_themselves() -> None:
    soft = torch.zeros(1, 17)
    soft[0, GENRES.index("Jazz")] = 1.0
    targets = Targets(
        labels([]),
        torch.full((1, 3), NAN),
        torch.rand(1, 100),
        torch.randn(1, 200),
        soft,
        torch.tensor([0.9]),
        torch.tensor([NAN]),
    )
    logits, energy = torch.zeros(1, 17, requires_grad=True), torch.zeros(1, requires_grad=True)
    Losses(8, Settings(distil=1.0))(
        NetOutput(logits, energy, torch.zeros(1, 8), torch.zeros(1, 0)), targets
    ).backward()
    assert logits.grad is not None
    assert energy.grad is not None
    assert int(logits.grad.argmin()) == GENRES.index("Jazz")
    assert energy.grad[0] < 0


def test_every_loss_weighs_what_the_settings_say() -> None:
    torch.manual_seed(0)
    soft = torch.rand(1, 17).softmax(dim=1)
    targets = Targets(
        labels([["Jazz"]]),
        torch.full((1, 3), NAN),
        torch.full((1, 100), NAN),
        torch.full((1, 200), NAN),
        soft,
        torch.tensor([0.9]),
        torch.tensor([NAN]),
    )
    output = NetOutput(torch.randn(1, 17), torch.zeros(1), torch.zeros(1, 8), torch.zeros(1, 0))
    none = Settings(label_weight=0.0, distil=1.0, soft_genre_weight=0.0, soft_arousal_weight=0.0)

    def loss(**weights: float) -> float:
        return float(Losses(8, replace(none, **weights))(output, targets))  # type: ignore[arg-type]

    assert loss() == 0.0
    for name in ("label_weight", "soft_genre_weight", "soft_arousal_weight"):
        assert loss(**{name: 3.0}) == pytest.approx(3 * loss(**{name: 1.0}))
        assert loss(**{name: 1.0}) > 0
    assert loss(soft_genre_weight=1.0, distil=2.0) == pytest.approx(2 * loss(soft_genre_weight=1.0))


def test_a_folder_without_a_teacher_still_has_targets(tmp_path: Path) -> None:
    targets = make_targets([(str(tmp_path), [Clip("a", "deam", "train", ("Jazz",), 0.5)])])
    assert targets.tags.isnan().all()
    assert targets.soft_genres.shape == (1, 17)
    assert bool(targets.labels[0, 0, GENRES.index("Jazz")])


def test_clips_of_two_folders_have_the_answers_of_their_own_teachers(tmp_path: Path) -> None:
    folders = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        tags = np.full((2, 50), number / 10, np.float16)
        embedding = np.full((2, 200), number, np.float16)
        np.savez(folder / "teacher.npz", path=["b", "a"], msd=tags, mtt=2 * tags, embedding=embedding)
        folders.append((str(folder), [Clip("a", "x", "unlabelled", ()), Clip("new", "x", "unlabelled", ())]))
    targets = make_targets(folders)
    assert targets.tags[:, 0].tolist() == pytest.approx([0.1, NAN, 0.2, NAN], abs=1e-3, nan_ok=True)
    assert targets.tags[:, 50].tolist() == pytest.approx([0.2, NAN, 0.4, NAN], abs=1e-3, nan_ok=True)
    known = targets.embedding[[0, 2], 0]
    assert known.mean().item() == pytest.approx(0.0, abs=1e-5)  # one scale for both
    assert known[0] < known[1]


def made(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Features that distinguish two classes."""
    random = torch.Generator().manual_seed(seed)
    targets = torch.arange(n) % 2
    features = torch.randn(n, 6, generator=random)
    features[:, 0] += 4.0 * targets
    return features, targets


@pytest.mark.slow
def test_probes_tell_what_the_features_hold_also_of_clips_without_targets() -> None:
    features, targets = made(120, 0)
    known = torch.arange(120) < 80
    answers = cross_fitted(features, targets, known, [str(i) for i in range(120)], 2, F.cross_entropy)
    assert answers.shape == (120, 2)
    assert (answers.argmax(dim=1) == targets)[~known].float().mean() > 0.9


@pytest.mark.slow
def test_no_clip_is_answered_by_a_probe_that_has_seen_its_group() -> None:
    """Targets at random, the same within a group, which has a feature of its own: whoever has seen the
    group is always right, who has not is right half of the time."""
    random = torch.Generator().manual_seed(1)
    group = torch.arange(200) // 4
    features = F.one_hot(group, 50).float() * 5
    targets = torch.randint(0, 2, (50,), generator=random)[group]
    everything = torch.ones(200, dtype=torch.bool)
    answers = cross_fitted(features, targets, everything, [str(int(g)) for g in group], 2, F.cross_entropy)
    assert (answers.argmax(dim=1) == targets).float().mean() < 0.75


def test_too_few_targets_give_no_answers() -> None:
    features, targets = made(20, 2)
    answers = cross_fitted(features, targets, torch.arange(20) < 5, ["a"] * 20, 2, F.cross_entropy)
    assert answers.isnan().all()


def test_targets_of_one_group_give_no_answers() -> None:
    """Whoever answers them has learned them, or nothing at all."""
    features, targets = made(20, 2)
    everything = torch.ones(20, dtype=torch.bool)
    assert cross_fitted(features, targets, everything, ["a"] * 20, 2, F.cross_entropy).isnan().all()
    answers = cross_fitted(features, targets, everything, ["a"] * 10 + ["b"] * 10, 2, F.cross_entropy)
    assert answers.isfinite().all()
