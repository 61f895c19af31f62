import torch
import torch.nn.functional as F

from tagger.training.probe import cross_fitted


def made(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Features that tell one of two classes."""
    random = torch.Generator().manual_seed(seed)
    targets = torch.arange(n) % 2
    features = torch.randn(n, 6, generator=random)
    features[:, 0] += 4.0 * targets
    return features, targets


def test_probes_tell_what_the_features_hold_also_of_clips_without_targets() -> None:
    features, targets = made(120, 0)
    known = torch.arange(120) < 80
    answers = cross_fitted(features, targets, known, [str(i) for i in range(120)], 2, F.cross_entropy)
    assert answers.shape == (120, 2)
    assert (answers.argmax(dim=1) == targets)[~known].float().mean() > 0.9


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
