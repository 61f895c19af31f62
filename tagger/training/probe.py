"""What the teacher knows of genre and arousal: small networks on its embedding, asked about every clip."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

N_FOLDS = 5
EPOCHS = 150
HIDDEN = 256

LARGEST = 6.0
"""Standard deviations at which an input is cut off: the embedding has rare, huge values."""

Loss = Callable[[Tensor, Tensor], Tensor]


def cross_fitted(
    features: Tensor, targets: Tensor, known: Tensor, groups: Sequence[str], n_outputs: int, loss: Loss
) -> Tensor:
    """What probes answer for every clip, (n, n_outputs), none of them trained on the clip itself.

    `features` is (n, d) and `targets` (n, ...), true where `known` (n,) is. Clips with targets lie in
    `N_FOLDS` folds by their group; a fold is answered by the probe of the others (so that the student
    learns what the teacher knows, not what the probe has learnt by heart), all else by the mean of
    the probes. `loss(outputs, targets)` is that of known rows. NaN where too few are known to learn from.
    """
    if int(known.sum()) < N_FOLDS * 2:
        return torch.full((len(features), n_outputs), torch.nan)
    inputs = _standardised(features, known)
    names = sorted(set(groups))
    shuffled = torch.randperm(len(names), generator=torch.Generator().manual_seed(0)).tolist()
    fold_of = {name: place % N_FOLDS for name, place in zip(names, shuffled, strict=True)}
    fold = torch.tensor([fold_of[group] for group in groups])
    answers = torch.zeros(N_FOLDS, len(inputs), n_outputs)
    for k in range(N_FOLDS):
        rows = known & (fold != k)
        answers[k] = _probe(inputs, inputs[rows], targets[rows], n_outputs, loss, seed=k)
    own = answers[fold, torch.arange(len(inputs))]
    return torch.where(known.unsqueeze(1), own, answers.mean(dim=0))


def _standardised(features: Tensor, known: Tensor) -> Tensor:
    mean, spread = features[known].mean(dim=0), features[known].std(dim=0) + 1e-4
    return ((features - mean) / spread).clamp(-LARGEST, LARGEST)


def _probe(
    everything: Tensor, inputs: Tensor, targets: Tensor, n_outputs: int, loss: Loss, seed: int
) -> Tensor:
    """Trains on `inputs`, answers `everything`."""
    torch.manual_seed(seed)
    probe = nn.Sequential(
        nn.Dropout(0.5),
        nn.Linear(inputs.shape[1], HIDDEN),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(HIDDEN, n_outputs),
    )
    optimiser = torch.optim.AdamW(probe.parameters(), 3e-3, weight_decay=0.5)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=EPOCHS)
    for _ in range(EPOCHS):
        optimiser.zero_grad()
        loss(probe(inputs), targets).backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        answers: Tensor = probe.eval()(everything)
    return answers
