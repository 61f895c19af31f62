"""The tasks that a network can be trained for: their losses, and the figures of how well it has learnt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tagger.nets import NetOutput, Network
from tagger.nets.crnn import mean_bpm
from tagger.training.corpus import Corpus
from tagger.training.evaluation import answers, estimated_bpm
from tagger.training.metrics import accuracy_figures, figures, tempo_error_figures
from tagger.training.settings import Settings
from tagger.training.targets import Losses, Targets, genre_loss
from tagger.training.tempo_training import tempo_loss

SCALE_BPM = 35.0
"""About the standard deviation of tempi."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task for a network, and the measure of how well it has learnt it.

    `losses` makes the module that turns a `NetOutput` and `Targets` into one number, `prepare` is done
    to the untrained network, `measure` gives figures of a corpus, and `aim` names the one that is to
    rise, or after a minus the one that is to fall.
    """

    losses: Callable[[Network, Settings], nn.Module]
    measure: Callable[[Network, Corpus, torch.device], dict[str, float]]
    aim: str
    prepare: Callable[[Network], None] = lambda network: None


class GenreLoss(nn.Module):
    """The loss of the labels alone."""

    def forward(self, output: NetOutput, targets: Targets) -> Tensor:
        return genre_loss(output.genre_logits, targets.labels)


class SquaredGenreError(nn.Module):
    """The squared error between the probabilities of two genres and the labels, as for one output."""

    def forward(self, output: NetOutput, targets: Targets) -> Tensor:
        wanted = targets.labels.any(dim=1).float()
        return F.mse_loss(output.genre_logits.softmax(dim=1), wanted)


class TempoError(nn.Module):
    """The squared error of the mean of a distribution over tempi, and that distribution's cross-entropy.

    The squared error alone, by which it is measured, learns a few hundred clips by heart: on other clips
    it was further off than a constant.
    """

    def forward(self, output: NetOutput, targets: Targets) -> Tensor:
        squared = F.mse_loss(mean_bpm(output.tempo_logits) / SCALE_BPM, targets.bpm / SCALE_BPM)
        return squared + tempo_loss(output.tempo_logits, targets.bpm)


def _all_figures(network: Network, corpus: Corpus, device: torch.device) -> dict[str, float]:
    return figures(corpus.clips, *answers(network, corpus, device), genres=corpus.genres)


def _accuracy(network: Network, corpus: Corpus, device: torch.device) -> dict[str, float]:
    probabilities, _ = answers(network, corpus, device)
    return accuracy_figures(corpus.clips, probabilities, corpus.genres)


def _tempo_error(network: Network, corpus: Corpus, device: torch.device) -> dict[str, float]:
    annotated = np.array([clip.bpm for clip in corpus.clips])
    return tempo_error_figures(annotated, estimated_bpm(network, corpus, device))


GENRE_AND_ENERGY = Task(
    lambda network, settings: Losses(network.embedding_dim, settings), _all_figures, "genre_map"
)
"""The task of the models that ship: labels, ratings and a teacher."""

GENRE = Task(lambda network, settings: GenreLoss(), _accuracy, "accuracy")

TWO_GENRES = Task(lambda network, settings: SquaredGenreError(), _accuracy, "accuracy")

TEMPO = Task(lambda network, settings: TempoError(), _tempo_error, "-rmse_bpm")
