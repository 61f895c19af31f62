"""Put MusiCNN beside a trained network: one model of two trunks, its heads fitted to both embeddings."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save

from tagger.errors import TaggerError
from tagger.files import replace_atomically
from tagger.model_card import (
    FILTER_BANK,
    FORMAT_OF_TWO,
    NOTICE,
    SECOND,
    SECOND_OF_TWO,
    WEIGHTS_FILE,
    ModelCard,
    load_card,
)
from tagger.model_card.write_heads import require_new, trunk_sha256, write_heads
from tagger.training import musicnn_weights
from tagger.training.breakdown import N_RESAMPLES
from tagger.training.by_artist import artist_counts
from tagger.training.clips import filter_bank
from tagger.training.evaluation import evaluate
from tagger.training.export import record_figures
from tagger.training.heads.genres import genre_fields
from tagger.training.heads.heard import Heard, hear
from tagger.training.heads.linear import Linear, fit_labels, own_head
from tagger.training.heads.refit import FittedHeads, fit_heads
from tagger.training.targets import label_rows
from tagger.types import FloatArray

SHRINKAGE = 40.0
"""From 30 to 100 the cross-entropy on the validation split moves by 0.005."""

EXTRA_COUNT = 0.3
"""How much a clip of the folder `more` counts: without them the cross-entropy is 0.007 higher, at full weight
0.01 to 0.02."""

OWN_SHARE = 0.4
"""The weight of the first network's own answer beside that of MusiCNN; 0.3 to 0.5 are alike on validation.
Fitted to both embeddings at once, genres are right less often (0.588 and not 0.609 by artist): the first
network has learned the labels of these clips by heart, so its embedding is trusted too much."""

_NOTICE = """# MusiCNN

The tensors of `model.safetensors` whose names begin with `{prefix}` are made of the weights of {package},
under this licence:

{licence}"""

log = logging.getLogger(__name__)


def build(base: str, package: str, data: str, out: str, jobs: int = 2, n_resamples: int = N_RESAMPLES) -> str:
    """Write a model of two trunks into the new folder `out`: the network of `base`, and MusiCNN.

    `package` is the wheel of `musicnn_weights.PACKAGE`, `data` holds `clips.csv` and `teacher.npz`, perhaps
    with `more/`. Energy and tempo are those of `base`, for what MusiCNN adds to the energy, 0.006 in r with
    DEAM's arousal, is noise; heads of genre, words, styles and mood are fitted to both embeddings of the
    clips. Raises `TaggerError` where `out` is there already, for a base that has a second trunk or no genres,
    and for a wheel that cannot be read.
    """
    card = load_card(base)
    require_new(out)
    if card.second or not card.genres or card.network.get("name") != "crnn":
        raise TaggerError(f"{card.id}: is no model of one CRNN that tells genres")
    join(card, package, out)
    joined = load_card(os.path.abspath(out))
    heard = hear(data, joined, jobs)
    log.info("%d clips are heard, %d of them to learn from", len(heard.clips), heard.is_learned.sum())
    own = own_head(card, "genre_head")
    head, fields = fit_genres(heard, own, card.temperature, card.genres)
    fitted = fit_heads(heard, _raw_energy(card, heard), n_resamples)
    _write_heads(joined, head, fields, fitted)
    record_figures(out, evaluate(data, "test", joined.folder, jobs, "cpu").figures())
    return out


def join(card: ModelCard, package: str, out: str) -> None:
    """Write a model of two trunks with the heads of `card`, which do not look at the second embedding yet."""
    weights = _joined_weights(card, musicnn_weights.load(package))
    licence = musicnn_weights.notice(package)
    os.makedirs(out)
    path = os.path.join(out, WEIGHTS_FILE)
    replace_atomically(path, save({name: np.asarray(array, order="C") for name, array in weights.items()}))
    with open(os.path.join(card.folder, "model.json"), encoding="utf-8") as file:
        fields = json.load(file)
    fields |= {
        "format": FORMAT_OF_TWO,
        "id": os.path.basename(os.path.abspath(out)),
        "second": {"network": {"name": SECOND_OF_TWO}, "front_end": asdict(musicnn_weights.FRONT_END)},
        "trunk_sha256": trunk_sha256(path),
        "figures": {},
        "training": {**card.training, "first": card.id, "second": musicnn_weights.PACKAGE},
    }
    replace_atomically(os.path.join(out, "model.json"), (json.dumps(fields, indent=1) + "\n").encode())
    write_heads(out, {}, {})  # with them the hashes of the weights
    notice = _NOTICE.format(prefix=SECOND, package=musicnn_weights.PACKAGE, licence=licence)
    replace_atomically(os.path.join(out, NOTICE), notice.encode())


def _joined_weights(
    card: ModelCard, second: Mapping[str, NDArray[np.float32]]
) -> dict[str, NDArray[np.float32]]:
    """The weights of `card`, its heads with zeros for the second embedding, and those of the second trunk."""
    weights = load_file(os.path.join(card.folder, WEIGHTS_FILE))
    n_more = len(second["dense.bias"])
    for name, array in weights.items():
        if name.endswith("_head.weight") and array.shape[-1] == card.network["embedding_dim"]:
            weights[name] = np.pad(array, ((0, 0), (0, n_more)))
    bank = filter_bank(musicnn_weights.FRONT_END)
    return {**weights, **{SECOND + name: array for name, array in second.items()}, SECOND + FILTER_BANK: bank}


def fit_genres(
    heard: Heard, own: Linear, own_temperature: float, genres: tuple[str, ...]
) -> tuple[Linear, dict[str, Any]]:
    """Fit a head to MusiCNN's embeddings, and join it with the first network's `own`; give the fields, too.

    The logits of both are averaged, by `OWN_SHARE`. An artist counts by the root of the number of its clips.
    Temperature, precision by genre and base rates are of the validation split.
    """
    n_own = own.weights.shape[1]
    labelled = np.array([bool(clip.genres) for clip in heard.clips])
    learned = heard.rows(labelled & (heard.is_in(("train",)) | heard.is_extra))
    counts = artist_counts(learned.clips) ** 0.5 * np.where(learned.is_extra, EXTRA_COUNT, 1.0)
    labels = label_rows(learned.clips, genres).numpy()
    second = fit_labels(learned.embeddings[:, n_own:], labels, SHRINKAGE, counts * len(counts) / counts.sum())
    share = OWN_SHARE / own_temperature
    joined = Linear(
        np.hstack([share * own.weights, (1 - OWN_SHARE) * second.weights]),
        share * own.bias + (1 - OWN_SHARE) * second.bias,
    )
    return joined, genre_fields(joined, heard, genres)


def _write_heads(card: ModelCard, genre: Linear, fields: Mapping[str, Any], fitted: FittedHeads) -> None:
    tensors: dict[str, NDArray[np.float32]] = {**genre.tensors("genre_head"), **fitted.tensors}
    heads = {"genre": fields, **fitted.fields}
    write_heads(card.folder, tensors, heads, training={**card.training, "heads": fitted.facts})


def _raw_energy(card: ModelCard, heard: Heard) -> FloatArray:
    """What the head of the first network says of the clips, (n,)."""
    head = own_head(card, "energy_head")
    return head.logits(heard.embeddings[:, : head.weights.shape[1]])[:, 0]
