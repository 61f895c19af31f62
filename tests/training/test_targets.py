import torch

from tagger.nets import NetOutput
from tagger.training.clips import GENRES
from tagger.training.targets import MAX_LABELS, Losses, Targets, genre_loss

NAN = torch.nan


def labels(*clips: list[list[str]]) -> torch.Tensor:
    mask = torch.zeros(len(clips), MAX_LABELS, len(GENRES), dtype=torch.bool)
    for i, sets in enumerate(clips):
        for k, names in enumerate(sets):
            mask[i, k, [GENRES.index(name) for name in names]] = True
    return mask


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
    targets = Targets(labels([], [], [], []), ratings, torch.rand(4, 100), torch.randn(4, 200))
    losses = Losses(8, targets, distil=0.0)
    energy = torch.zeros(4, requires_grad=True)
    output = NetOutput(torch.zeros(4, 17), energy, torch.zeros(4, 8), torch.zeros(4, 0))
    losses(output, targets).backward()
    assert energy.grad is not None
    assert energy.grad[0] < 0  # rated loud: up
    assert energy.grad[1] == 0
    assert energy.grad[2] < 0
    assert energy.grad.isfinite().all()
