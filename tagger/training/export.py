"""A trained network becomes a model folder: calibration, reference quantiles, weights."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from tagger.errors import TaggerError
from tagger.model_card import FILTER_BANK, FORMAT, WEIGHTS_FILE
from tagger.nets import CRNN, Network
from tagger.nets.classic import TempoRegression
from tagger.nets.tempo_head import FIRST_BPM
from tagger.training.answers import answers, pooled, window_answers
from tagger.training.clips import FRONT_END, filter_bank
from tagger.training.corpus import Corpus
from tagger.training.metrics import measured, top_hits
from tagger.training.precision import measured_precision
from tagger.training.settings import Settings
from tagger.training.tempo import fitted_temperature as tempo_temperature
from tagger.training.tempo_examples import telling
from tagger.training.trunk import trunk_sha256

QUANTILES = 101
"""Knots of the energy scale: one per cent apart."""

VERSION = "1"


def save(
    folder: str,
    network: Network,
    settings: Settings,
    reference: Corpus,
    valid: Corpus,
    training: Mapping[str, Any],
) -> None:
    """Writes `model.safetensors` and `model.json` into `folder`, named after it; not its `CARD.md`.

    The genres are those of `reference`, if the network hears any. Energy quantiles are taken from the
    network's answers to `reference`, temperatures and precision by genre from those to `valid`.
    `training` is kept as it is: what `train.facts_of` knows of the run.
    """
    device = next(network.parameters()).device
    genres = () if isinstance(network, TempoRegression) else reference.genres
    temperature = fitted_temperature(network, valid, device) if genres else 1.0
    fields = {
        "format": FORMAT,
        "id": os.path.basename(os.path.abspath(folder)),
        "version": VERSION,
        "network": settings.network,
        "front_end": asdict(FRONT_END),
        "genres": genres,
        "temperature": round(temperature, 4),
        "tempo": _tempo(network, valid),
        "energy_quantiles": _quantiles(network, reference, device),
        "genre_precision": measured_precision(network, valid, device, temperature) if genres else {},
        "weights_sha256": _save_weights(folder, network),
        "trunk_sha256": trunk_sha256(os.path.join(folder, WEIGHTS_FILE)) if network.embedding_dim else None,
        "figures": {},
        "training": {**training, "reference_clips": len(reference.clips)},
    }
    _write(folder, "model.json", json.dumps(fields, indent=1) + "\n")


def record_figures(folder: str, figures: Mapping[str, float]) -> None:
    """Writes what was measured of a saved model into its `model.json`, less what is NaN."""
    with open(os.path.join(folder, "model.json"), encoding="utf-8") as file:
        fields = json.load(file)
    fields["figures"] = {name: round(f, 4) for name, f in measured(figures).items()}
    _write(folder, "model.json", json.dumps(fields, indent=1) + "\n")


def _quantiles(network: Network, reference: Corpus, device: torch.device) -> list[float]:
    """None for a network that hears no energy, or that nobody told how much a clip has."""
    _, energy = answers(network, reference, device)
    targets = reference.targets
    if np.isnan(energy).all() or (targets.ratings.isnan().all() and targets.soft_arousal.isnan().all()):
        return []
    return [round(float(q), 5) for q in np.quantile(energy, np.linspace(0, 1, QUANTILES))]


def _tempo(network: Network, valid: Corpus) -> dict[str, float] | None:
    """What its tempo logits mean; None for a network that hears no tempo."""
    if isinstance(network, CRNN) and network.tempo_head:
        tell = telling(network.tempo_head)
    elif isinstance(network, TempoRegression):
        tell = network.eval().tempo_logits
    else:
        return None
    return {"first_bpm": FIRST_BPM, "temperature": round(tempo_temperature(tell, valid), 4)}


def table(figures: Mapping[str, float]) -> str:
    """Figures as a Markdown table."""
    lines = [
        "| figure | value |",
        "|---|---|",
        *(f"| {name} | {value:.3f} |" for name, value in figures.items()),
    ]
    return "\n".join(lines)


def fitted_temperature(network: Network, valid: Corpus, device: torch.device) -> float:
    """The temperature under which the first genre's probability best tells whether it is a hit.

    Least binary cross-entropy over a grid (after Guo et al. 2017, with hits in place of one label).
    """
    known = [i for i, clip in enumerate(valid.clips) if clip.genres]
    labelled = valid.rows(known)
    heard = window_answers(network, labelled, device)

    def cross_entropy(temperature: float) -> float:
        probabilities, _ = pooled(*heard, temperature)
        hits = top_hits(labelled.clips, probabilities, valid.genres)
        confidence = probabilities.max(axis=1).clip(1e-6, 1 - 1e-6)
        return float(-np.where(hits, np.log(confidence), np.log(1 - confidence)).mean())

    grid: Sequence[float] = np.geomspace(0.4, 2.5, 40).tolist()
    return min(grid, key=cross_entropy)


def _save_weights(folder: str, network: Network) -> str:
    """Writes the weights and the filter bank; the file's SHA-256."""
    os.makedirs(folder, exist_ok=True)
    tensors = {name: t.detach().cpu().contiguous() for name, t in network.state_dict().items()}
    tensors[FILTER_BANK] = torch.from_numpy(filter_bank())
    path = os.path.join(folder, WEIGHTS_FILE)
    try:
        save_file(tensors, path)
    except SafetensorError as error:
        raise TaggerError(f"{path}: cannot be written ({error})") from None
    os.chmod(path, 0o644)  # safetensors makes it private; others than its owner will run an installed model
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(folder: str, name: str, text: str) -> None:
    with open(os.path.join(folder, name), "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
