import math

import pytest
import torch
from torch import Tensor, nn

from tagger.training.optimise import constant, descent, one_cycle, optimise


def line() -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 1), nn.BatchNorm1d(1))
    return network, torch.optim.AdamW(network.parameters(), 0.01)


@pytest.mark.parametrize("steps", [*range(1, 13), 40])
def test_any_number_of_steps_has_a_schedule_that_reaches_the_highest_rate(steps: int) -> None:
    """Ten steps, of which one is the tenth that rises, were a division by zero."""
    _, optimiser = line()
    schedule, rates = one_cycle(optimiser, steps), []
    for _ in range(steps):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    assert max(rates) == pytest.approx(0.01, rel=0.1)
    assert all(0 < rate < math.inf for rate in rates)
    assert rates.index(max(rates)) <= steps // 10
    assert rates[-1] < 0.01 or steps == 1


@pytest.mark.parametrize("steps", [0, 1])
def test_no_step_and_one_are_schedules_too(steps: int) -> None:
    _, optimiser = line()
    one_cycle(optimiser, steps)
    assert optimiser.param_groups[0]["lr"] == 0.01


def test_the_average_follows_weights_and_statistics_and_counts_batches() -> None:
    network, optimiser = line()
    down = descent(network, optimiser, constant(optimiser), average_decay=0.5)
    batches = [torch.randn(8, 2) for _ in range(3)]
    seen: list[dict[str, Tensor]] = []

    def loss(batch: Tensor) -> Tensor:
        return network(batch).square().mean()

    for batch in batches:
        optimise(down, [batch], loss)
        seen.append({name: t.clone() for name, t in network.state_dict().items()})
    average = seen[0]["0.weight"]  # the first step is no average
    for n, state in enumerate(seen[1:], 1):
        average = average.lerp(state["0.weight"], 1 - n / (n + 10))
    assert torch.equal(down.result.state_dict()["0.weight"], average)
    assert int(down.result.state_dict()["1.num_batches_tracked"]) == 3
    assert not torch.equal(down.result.state_dict()["1.running_var"], seen[-1]["1.running_var"])


def test_the_mean_loss_is_that_of_the_batches_and_nan_without_any() -> None:
    network, optimiser = line()
    down = descent(network, optimiser, constant(optimiser))
    weights = next(network.parameters())
    assert optimise(down, [1.0, 2.0, 6.0], lambda value: value + 0 * weights.sum()) == 3.0
    assert math.isnan(optimise(down, [], lambda value: value + 0 * weights.sum()))


def test_gradients_are_cut_to_their_largest_norm() -> None:
    network = nn.Linear(1, 1, bias=False)
    sgd = torch.optim.SGD(network.parameters(), 1.0)
    before = float(network.weight.detach())
    down = descent(network, sgd, constant(sgd), largest_gradient=0.5)
    optimise(down, range(1), lambda _: 1000 * network.weight.sum())
    assert before - float(network.weight.detach()) == pytest.approx(0.5, rel=1e-4)
