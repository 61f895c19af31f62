"""A trained network becomes a model folder: calibration, reference quantiles, weights, card."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
import torch
from safetensors.torch import save_file

from tagger.model_card import FILTER_BANK, FORMAT, WEIGHTS_FILE
from tagger.nets import CRNN
from tagger.training.clips import FRONT_END, GENRES, filter_bank
from tagger.training.loop import Corpus, Settings, answers
from tagger.training.metrics import top_hits
from tagger.training.precision import measured_precision
from tagger.training.trunk import trunk_sha256

QUANTILES = 101
"""Knots of the energy scale: one per cent apart."""

VERSION = "1"

CARD = """# {id}

Hears genre (17 names) and energy (0–1) in 10 s windows of log-mel spectrogram; {parameters:,} parameters.

**Network.** {network}: strided convolutions with batch norm, a bidirectional GRU over time, attention
pooling, one embedding with two heads. Blind to level: each window is centred before the first layer.

**Training.** {n_train:,} excerpts of 2–16 s from DEAM, 4Q, Emotify, GTZAN (fault-filtered), MemoMusic, drum
loops and game music, with SpecAugment, mixup, gain, equaliser, low-pass, pitch and tempo augmentation, and
the soft answers of MusiCNN (Pons & Serra 2019, ISC licence) as a teacher. Settings: `{settings}`.

**Energy.** Raw energy is arousal as listeners rated it (DEAM, MemoMusic, 4Q, Emotify); what is stored is its
quantile among the {n_reference:,} excerpts of the validation split, frozen in `model.json`.

**Confidence.** Softmax of the genre logits over a temperature of {temperature:.3f}, fitted on the validation
split so that a confidence of 0.8 is right in 80 % of cases.

## Measured on the test split
By `python scripts/evaluate.py --data DATA --split test`: clips go through the code of a scan.

{table}

`hit`: the first genre is among the labels; `hit_top3`: one of the first three is; `genre_map`: mean average
precision; `calibration_error`: expected calibration error of the first genre's confidence (less is better);
`deam_r`: Pearson's r of energy with DEAM's arousal; `4q_auc`: area under the ROC curve, high against low
arousal.

## Limits
Trained on short excerpts coded at 24 kbit/s. It saw little Metal, Disco, Latin and New Age, and has no name
for many genres. Speech, noise and loops get an answer too.

## Licence
For research and private use: annotations of DEAM and Emotify are CC BY-NC, and parts of the audio were
licensed for research only.
"""


def save(
    folder: str, network: CRNN, settings: Settings, valid: Corpus, n_train: int, figures: Mapping[str, float]
) -> None:
    """Writes `model.safetensors`, `model.json` and `CARD.md` into `folder`, named after it.

    Temperature, precision by genre and energy quantiles are taken from the network's answers to `valid`.
    """
    device = next(network.parameters()).device
    temperature = fitted_temperature(network, valid, device)
    _, energy = answers(network, valid, device)
    fields = {
        "format": FORMAT,
        "id": os.path.basename(os.path.abspath(folder)),
        "version": VERSION,
        "network": settings.network,
        "front_end": asdict(FRONT_END),
        "genres": GENRES,
        "temperature": round(temperature, 4),
        "energy_quantiles": [round(float(q), 5) for q in np.quantile(energy, np.linspace(0, 1, QUANTILES))],
        "genre_precision": measured_precision(network, valid, device, temperature),
        "weights_sha256": _save_weights(folder, network),
        "trunk_sha256": trunk_sha256(os.path.join(folder, WEIGHTS_FILE)),
        "figures": {name: round(value, 4) for name, value in figures.items()},
    }
    _write(folder, "model.json", json.dumps(fields, indent=1) + "\n")
    card = CARD.format(
        id=fields["id"],
        network=f"`{json.dumps(settings.network)}`",
        parameters=sum(p.numel() for p in network.parameters()),
        settings=json.dumps({k: v for k, v in asdict(settings).items() if k != "network"}),
        n_train=n_train,
        n_reference=len(valid.clips),
        temperature=temperature,
        table=table(figures),
    )
    _write(folder, "CARD.md", card)


def table(figures: Mapping[str, float]) -> str:
    """Figures as a Markdown table."""
    lines = [
        "| figure | value |",
        "|---|---|",
        *(f"| {name} | {value:.3f} |" for name, value in figures.items()),
    ]
    return "\n".join(lines)


def fitted_temperature(network: CRNN, valid: Corpus, device: torch.device) -> float:
    """The temperature under which the first genre's probability best tells whether it is a hit.

    Least binary cross-entropy over a grid (after Guo et al. 2017, with hits in place of one label).
    """
    known = [i for i, clip in enumerate(valid.clips) if clip.genres]
    labelled = valid.rows(known)

    def cross_entropy(temperature: float) -> float:
        probabilities, _ = answers(network, labelled, device, temperature)
        hits = top_hits(labelled.clips, probabilities)
        confidence = probabilities.max(axis=1).clip(1e-6, 1 - 1e-6)
        return float(-np.where(hits, np.log(confidence), np.log(1 - confidence)).mean())

    grid: Sequence[float] = np.geomspace(0.4, 2.5, 40).tolist()
    return min(grid, key=cross_entropy)


def _save_weights(folder: str, network: CRNN) -> str:
    """Writes the weights and the filter bank; the file's SHA-256."""
    os.makedirs(folder, exist_ok=True)
    tensors = {name: t.detach().cpu().contiguous() for name, t in network.state_dict().items()}
    tensors[FILTER_BANK] = torch.from_numpy(filter_bank())
    path = os.path.join(folder, WEIGHTS_FILE)
    save_file(tensors, path)
    os.chmod(path, 0o644)  # safetensors makes it private; others than its owner will run an installed model
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(folder: str, name: str, text: str) -> None:
    with open(os.path.join(folder, name), "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
