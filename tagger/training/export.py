"""A trained network becomes a model folder: calibration, precision by genre, energy scale, weights."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from safetensors.torch import save as tensors_to_bytes
from torch import Tensor, nn

from tagger.calibration import (
    DECIMALS,
    TEMPERATURES,
    PrecisionTable,
    genre_precision,
    hit_cross_entropy,
)
from tagger.errors import TaggerError
from tagger.files import atomic_replacement
from tagger.model_card import FILTER_BANK, FORMAT, WEIGHTS_FILE
from tagger.model_card.write_heads import trunk_sha256, versioned
from tagger.nets import CRNN, Network
from tagger.nets.classic import TempoRegression
from tagger.runtime.rhythm import FIRST_BPM
from tagger.training.clips import FRONT_END, filter_bank
from tagger.training.corpus import Corpus
from tagger.training.evaluation import answers, mean_embeddings, pooled, window_answers
from tagger.training.metrics import measured, top_hits
from tagger.training.optimise import constant, descent, optimise
from tagger.training.settings import Settings
from tagger.training.targets import energy_loss, energy_scales
from tagger.training.tempo_examples import tempo_function
from tagger.training.tempo_training import fitted_tempo_temperature

VERSION = "1"

QUANTILES = 101
"""Knots of the energy scale: one per cent apart."""

ENERGY_STEPS, ENERGY_RATE = 400, 1e-2
QUADRANT_WEIGHT = 5.0
"""More than while the network learns: 4Q has fewer clips than DEAM, and one bit for each."""

SHRINKAGE = 3.4
"""Weight of the squared length of the energy head, for embeddings of unit variance (ridge regression). This
and `QUADRANT_WEIGHT` were chosen from a grid on the validation split: more of the latter is better for 4Q and
worse for DEAM, and both figures change little around them."""


def save(
    folder: str,
    network: Network,
    settings: Settings,
    reference: Corpus,
    valid: Corpus,
    training: Mapping[str, Any],
) -> None:
    """Write `model.safetensors` and `model.json` into `folder`, named after it; not its `CARD.md`.

    The genres are those of `reference`, if the network predicts any. Energy quantiles are taken from the
    network's answers to `reference`, temperatures, precision by genre and base rates from those to `valid`.
    `training` holds the facts of the run, as `trainer.facts_of` gives them, and is kept as it is.
    """
    device = next(network.parameters()).device
    genres = () if isinstance(network, TempoRegression) else reference.genres
    temperature = fitted_temperature(network, valid, device) if genres else 1.0
    heads: dict[str, dict[str, Any] | None] = {
        "genre": {
            "names": list(genres),
            "temperature": round(temperature, 4),
            "precision": measured_precision(network, valid, device, temperature),
            "base_rates": measured_base_rates(network, valid, device, temperature),
        }
        if genres
        else None,
        "energy": _energy_scale(network, reference, device),
        "tempo": _tempo(network, valid),
    }
    weights_sha256 = _save_weights(folder, network)
    fields = {
        "format": FORMAT,
        "id": os.path.basename(os.path.abspath(folder)),
        "version": VERSION,
        "network": settings.network,
        "front_end": asdict(FRONT_END),
        "heads": versioned({name: head for name, head in heads.items() if head}, folder),
        "weights_sha256": weights_sha256,
        "trunk_sha256": trunk_sha256(os.path.join(folder, WEIGHTS_FILE)) if network.embedding_dim else None,
        "figures": {},
        "training": {**training, "reference_clips": len(reference.clips)},
    }
    _write(folder, "model.json", json.dumps(fields, indent=1) + "\n")


def record_figures(folder: str, figures: Mapping[str, float]) -> None:
    """Write the measured figures of a saved model into its `model.json`, less those that are NaN."""
    with open(os.path.join(folder, "model.json"), encoding="utf-8") as file:
        fields = json.load(file)
    fields["figures"] = {name: round(f, 4) for name, f in measured(figures).items()}
    _write(folder, "model.json", json.dumps(fields, indent=1) + "\n")


def _save_weights(folder: str, network: Network) -> str:
    """Write the weights and the filter bank; gives the file's SHA-256."""
    os.makedirs(folder, exist_ok=True)
    tensors = {name: t.detach().cpu().contiguous() for name, t in network.state_dict().items()}
    tensors[FILTER_BANK] = torch.from_numpy(filter_bank())
    path, content = os.path.join(folder, WEIGHTS_FILE), tensors_to_bytes(tensors)
    try:
        with atomic_replacement(path) as file:
            file.write(content)
    except OSError as error:
        raise TaggerError(f"{path}: cannot be written ({error})") from None
    return hashlib.sha256(content).hexdigest()


def _write(folder: str, name: str, text: str) -> None:
    path = os.path.join(folder, name)
    with atomic_replacement(path) as file:
        file.write(text.encode())


# Calibration: what the numbers of the network mean.


def fitted_temperature(network: Network, valid: Corpus, device: torch.device) -> float:
    """Fit the temperature under which the first genre's probability is nearest to the share of hits.

    Least binary cross-entropy over a grid (after Guo et al. 2017, with hits in place of one label).
    """
    known = [i for i, clip in enumerate(valid.clips) if clip.genres]
    labelled = valid.rows(known)
    logits_of_windows = window_answers(network, labelled, device)

    def cross_entropy(temperature: float) -> float:
        probabilities, _ = pooled(*logits_of_windows, temperature)
        return hit_cross_entropy(probabilities, top_hits(labelled.clips, probabilities, valid.genres))

    return min(TEMPERATURES, key=cross_entropy)


def _energy_scale(network: Network, reference: Corpus, device: torch.device) -> dict[str, Any] | None:
    """Give the energy scale; None for a network without energy, or one that no rating has taught any."""
    _, energy = answers(network, reference, device)
    targets = reference.targets
    if np.isnan(energy).all() or (targets.ratings.isnan().all() and targets.soft_arousal.isnan().all()):
        return None
    return {"quantiles": [round(float(q), 5) for q in np.quantile(energy, np.linspace(0, 1, QUANTILES))]}


def _tempo(network: Network, valid: Corpus) -> dict[str, float] | None:
    """Describe the classes of its tempo logits; None for a network that predicts no tempo."""
    if isinstance(network, CRNN) and network.tempo_head:
        tempo = tempo_function(network.tempo_head)
    elif isinstance(network, TempoRegression):
        tempo = network.eval().tempo_logits
    else:
        return None
    return {"first_bpm": FIRST_BPM, "temperature": round(fitted_tempo_temperature(tempo, valid), 4)}


# Precision by genre: how confident the model must be of a genre to be right as often as is asked.


def measured_precision(
    network: Network, valid: Corpus, device: torch.device, temperature: float
) -> dict[str, PrecisionTable]:
    """Measure `genre_precision` of the network's calibrated answers to the labelled clips of `valid`."""
    labelled = valid.rows([i for i, clip in enumerate(valid.clips) if clip.genres])
    probabilities, _ = answers(network, labelled, device, temperature)
    hits = top_hits(labelled.clips, probabilities, valid.genres)
    return genre_precision(probabilities, hits, valid.genres)


def measured_base_rates(
    network: Network, valid: Corpus, device: torch.device, temperature: float
) -> dict[str, float]:
    """Measure the mean probability of each genre over the labelled clips of `valid`."""
    labelled = valid.rows([i for i, clip in enumerate(valid.clips) if clip.genres])
    probabilities, _ = answers(network, labelled, device, temperature)
    means = probabilities.mean(axis=0).round(DECIMALS)
    return dict(zip(valid.genres, map(float, means), strict=True))


# The energy head, fitted anew to the ratings of listeners alone.


class _EnergyHead(nn.Module):
    """A linear energy head on embeddings, with the scales of the data sets' ratings."""

    def __init__(self, embedding_dim: int) -> None:
        super().__init__()
        self.weights, self.bias = nn.Parameter(torch.zeros(embedding_dim)), nn.Parameter(torch.zeros(1))
        self.scales = energy_scales()

    def forward(self, embeddings: Tensor, ratings: Tensor) -> Tensor:
        """Give the loss: the distance to the ratings, and the squared length of the head."""
        loss = energy_loss(embeddings @ self.weights + self.bias, ratings, self.scales, QUADRANT_WEIGHT)
        return loss + SHRINKAGE * self.weights.square().sum()


def refit_energy(network: CRNN, corpus: Corpus, device: torch.device) -> None:
    """Fit the energy head of a trained network anew, in place; does nothing without rated clips.

    While the network learns, the soft arousal that teaches it comes from ratings of DEAM, and sorts other
    music less well. On the validation split standard-5's head had r 0.762 with DEAM's arousal as trained
    and an area under the ROC curve of 4Q of 0.952; fitted anew, 0.759 and 0.976.
    """
    rated = torch.nonzero(~corpus.targets.ratings.isnan().all(dim=1)).flatten().tolist()
    if not rated:
        return
    clips = corpus.rows(rated)
    embeddings = mean_embeddings(network, clips, device)
    mean, spread = embeddings.mean(dim=0), embeddings.std(dim=0, correction=0) + 1e-3
    weights, bias = _fitted((embeddings - mean) / spread, clips.targets.ratings.cpu())
    with torch.no_grad():
        network.energy_head.weight.copy_(weights / spread)
        network.energy_head.bias.copy_(bias - (weights / spread) @ mean)


def _fitted(embeddings: Tensor, ratings: Tensor) -> tuple[Tensor, Tensor]:
    """Fit weights (embedding_dim,) and bias (1,) to (n, embedding_dim) of zero mean and unit variance."""
    head = _EnergyHead(embeddings.shape[1])
    adam = torch.optim.Adam(head.parameters(), ENERGY_RATE)
    down = descent(head, adam, constant(adam))
    optimise(down, range(ENERGY_STEPS), lambda _: head(embeddings, ratings))
    return head.weights.detach(), head.bias.detach()
