"""A learned head becomes a model beside the others: the trunk of its base, its energy, tempo, words, mood."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tagger.calibration import DECIMALS, genre_precision
from tagger.errors import ModelError
from tagger.files import replace_atomically
from tagger.genre_words import letters
from tagger.heads import Heads
from tagger.learn.examples import Examples, LearnSettings, examples_of
from tagger.learn.fit import Fitted, fit_genres
from tagger.learn.levels import LevelFit, fit_levels
from tagger.model_card import NOTICE, ModelCard, added_models, load_card
from tagger.model_card.install import install_made, uninstall
from tagger.model_card.write_heads import write_heads
from tagger.types import MIN_CONFIDENCE

if TYPE_CHECKING:
    from tagger.store import Store

Outcome = Literal["learned", "unchanged", "no better"]

MOST_CONFUSIONS = 5

KEPT_VERSIONS = 2
"""Of a learned model: the last one and the one before it, whose answers are in the database until a scan."""

RIGHT = 0.9
"""The precision whose threshold is told of each genre."""


@dataclass(frozen=True, slots=True)
class GenreFigures:
    """What was measured of one genre on makers not seen: sounds, precision and recall (0–1).

    From the confidence `threshold` on it is right in nine of ten cases; None where it never is so often
    right. Precision is None where it was never the answer.
    """

    tracks: int
    precision: float | None
    recall: float
    threshold: float | None


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned, or not: `accuracy` (0–1) is the share of sounds whose first genre is right, by heads
    that have not seen the artist (or album); `before` is that of the last version, None where there is none.

    `model` is the id of the model that holds now. `confusions` are (genre, answer, sounds), most first;
    `left_out` are genres with too few sounds; `doubted` labels contradict the sound so much that they were
    not learned from. `energy_error` is the mean distance from the owner's energy levels, of levels not seen;
    None where no energy was learned.
    """

    model: str
    outcome: Outcome
    tracks: int
    accuracy: float
    genres: Mapping[str, GenreFigures]
    confusions: Sequence[tuple[str, str, int]] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    doubted: int = 0
    before: float | None = None
    energy_error: float | None = None


def learn(store: Store, name: str, base: ModelCard, settings: LearnSettings) -> Learned:
    """Fit heads to the owner's words in `store` and install them as the newest version of the model `name`.

    `base` gives the trunk and all other heads. Nothing is decoded. Raises TaggerError where the examples do
    not support it, with what is missing, ModelError for a name that cannot be one.
    """
    base = original(base)
    heads = Heads(base)
    if base.trunk_sha256 is None or not heads.embedding_dim:
        raise ModelError(f"{base.id} makes no embedding to learn from; give another --model")
    corrections = store.corrections.of("genre") if settings.from_corrections else {}
    files = store.heard_files(base.trunk, heads.embedding_dim)
    examples = examples_of(files, corrections, settings, heads.embedding_dim, store.names.nothing)
    last = last_version(name)
    digest = _digest(examples, base, settings)
    if settings.if_changed and last and last.training.get("learned_from") == digest:
        return replace(_figures_of(last), outcome="unchanged")
    ours = examples if not settings.keep_ours else _with_ours(examples, heads)
    fitted = fit_genres(ours) if len(ours.genres) > 1 else None
    levels = fit_levels(examples) if settings.energy else None
    learned = _learned(name, last, ours, fitted, levels)
    if settings.if_changed and last and fitted and learned.accuracy <= _figures_of(last).accuracy:
        return replace(learned, outcome="no better", model=last.id)
    install_made(learned.model, lambda folder: _write(folder, base, heads, learned, fitted, levels, digest))
    _forget_old(store, name)
    return learned


def original(card: ModelCard) -> ModelCard:
    """Give the model that a learned one was made from; any other is its own."""
    base = card.training.get("base")
    return load_card(base) if isinstance(base, str) else card


def last_version(name: str) -> ModelCard | None:
    """Give the newest model of that name which was learned; None where there is none.

    Raises ModelError where the name is that of another model.
    """
    numbers = _versions(name)
    if not numbers:
        if name in added_models():
            raise ModelError(f"{name}: there is a model of this name already; give another")
        return None
    card = load_card(f"{name}-{numbers[-1]}")
    if "learned_from" not in card.training:
        raise ModelError(f"{card.id}: was not learned but added; give another name")
    return card


def _versions(name: str) -> list[int]:
    pattern = re.compile(rf"{re.escape(name)}-(\d+)")
    return sorted(int(found[1]) for model in added_models() if (found := pattern.fullmatch(model)))


def _with_ours(examples: Examples, heads: Heads) -> Examples:
    """The examples, and what the model is sure of where the owner says nothing and has no word for it."""
    known = {letters(genre) for genre in examples.genres}
    card = heads.card
    free = [i for i, genre in enumerate(card.genres) if letters(genre) not in known]
    probabilities = heads.genres(examples.embeddings.astype(np.float16), np.ones(len(examples.labels)))
    labels = list(examples.labels)
    for row, (own, scores) in enumerate(zip(examples.labels, probabilities, strict=True)):
        likeliest = int(scores.argmax())
        if not own and likeliest in free and scores[likeliest] >= MIN_CONFIDENCE:
            labels[row] = (card.genres[likeliest],)
    counts = Counter(genre for own in labels for genre in own)
    few = {genre for genre in card.genres if letters(genre) not in known and counts[genre] < 2}
    return replace(examples, labels=tuple(tuple(g for g in own if g not in few) for own in labels))


def _learned(
    name: str, last: ModelCard | None, examples: Examples, fitted: Fitted | None, levels: LevelFit | None
) -> Learned:
    before = _figures_of(last).accuracy if last else None
    number = (_versions(name) or [0])[-1] + 1
    if fitted is None:
        return Learned(f"{name}-{number}", "learned", 0, 0.0, {}, left_out=examples.left_out, before=before)
    answers = fitted.probabilities.argmax(axis=1)
    labels = [examples.labels[row] for row in fitted.rows]
    tables = genre_precision(fitted.probabilities, fitted.hits, fitted.genres)
    figures = {}
    for i, genre in enumerate(fitted.genres):
        its = np.array([genre in own for own in labels])
        said = answers == i
        figures[genre] = GenreFigures(
            int(its.sum()),
            float(fitted.hits[said].mean()) if said.any() else None,
            float(fitted.hits[its].mean()),
            next((threshold for precision, threshold in tables[genre] if precision >= RIGHT), None),
        )
    wrong = Counter(
        (own[0], fitted.genres[answer])
        for own, answer, hit in zip(labels, answers, fitted.hits, strict=True)
        if not hit
    )
    return Learned(
        f"{name}-{number}",
        "learned",
        len(labels),
        float(fitted.hits.mean()),
        figures,
        tuple((*pair, n) for pair, n in wrong.most_common(MOST_CONFUSIONS)),
        examples.left_out,
        fitted.doubted,
        before,
        levels.error if levels else None,
    )


def _write(
    folder: str,
    base: ModelCard,
    heads: Heads,
    learned: Learned,
    fitted: Fitted | None,
    levels: LevelFit | None,
    digest: str,
) -> None:
    """Write the model into an empty folder: the base's files, and the learned heads in place of its own."""
    for file in ("model.json", "model.safetensors", NOTICE):
        if file != NOTICE or os.path.isfile(os.path.join(base.folder, NOTICE)):
            shutil.copyfile(os.path.join(base.folder, file), os.path.join(folder, file))
    tensors, fields = dict[str, Any](), dict[str, Any]()
    if fitted:
        tensors |= {"genre_head.weight": fitted.weights, "genre_head.bias": fitted.bias}
        fields["genre"] = _genre_fields(fitted)
    if levels:
        tensors |= {"energy_head.weight": levels.weights[None], "energy_head.bias": np.array([levels.bias])}
        fields |= levels.fields(heads)
    training = {
        "base": base.id,
        "learned_from": digest,
        "finished": datetime.now(UTC).date().isoformat(),
        "figures": _json(learned),
    }
    write_heads(folder, tensors, fields, id=learned.model, version="1", figures={}, training=training)
    replace_atomically(os.path.join(folder, "CARD.md"), _card(learned, base).encode())


def _genre_fields(fitted: Fitted) -> dict[str, Any]:
    means = fitted.probabilities.mean(axis=0).round(DECIMALS).tolist()
    return {
        "names": list(fitted.genres),
        "temperature": round(fitted.temperature, DECIMALS),
        "precision": genre_precision(fitted.probabilities, fitted.hits, fitted.genres),
        "base_rates": dict(zip(fitted.genres, means, strict=True)),
    }


def _digest(examples: Examples, base: ModelCard, settings: LearnSettings) -> str:
    """A hash of all that the result depends on."""
    said = [base.trunk, base.weights_sha256, settings.keep_ours, settings.energy]
    rows = zip(examples.audio_ids, examples.labels, examples.makers, examples.levels.tolist(), strict=True)
    labelled = [[*row] for row in rows if row[1] or row[3] == row[3] or settings.keep_ours]
    return hashlib.sha256(json.dumps([said, labelled]).encode()).hexdigest()


def _json(learned: Learned) -> dict[str, Any]:
    genres = {
        genre: {"tracks": f.tracks, "precision": f.precision, "recall": f.recall, "threshold": f.threshold}
        for genre, f in learned.genres.items()
    }
    return {"tracks": learned.tracks, "accuracy": learned.accuracy, "genres": genres}


def _figures_of(card: ModelCard) -> Learned:
    """What was measured when a model was learned."""
    figures = card.training.get("figures", {})
    try:
        genres = {
            genre: GenreFigures(f["tracks"], f["precision"], f["recall"], f["threshold"])
            for genre, f in figures["genres"].items()
        }
        return Learned(card.id, "learned", int(figures["tracks"]), float(figures["accuracy"]), genres)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ModelError(
            f"{card.folder}: model.json does not say what was learned; remove the model, then learn again"
        ) from None


def _forget_old(store: Store, name: str) -> None:
    """Remove all versions but the last ones, with their answers."""
    for number in _versions(name)[:-KEPT_VERSIONS]:
        uninstall(f"{name}-{number}")
        store.rereads.forget(f"{name}-{number}")


def _card(learned: Learned, base: ModelCard) -> str:
    lines = [
        f"# {learned.model}",
        "",
        f"Learned with `tagger learn` from {learned.tracks:,} tracks, on the embeddings of {base.id}, which "
        "gives all that is no genre.",
        "",
        f"Right for {learned.accuracy:.1%} of the tracks, by heads that had not heard the artist or album.",
        "",
        "| genre | tracks | precision | recall | right in nine of ten from |",
        "|---|---|---|---|---|",
    ]
    for genre, figures in learned.genres.items():
        precision = "–" if figures.precision is None else f"{figures.precision:.0%}"
        threshold = "–" if figures.threshold is None else f"{figures.threshold:.0%}"
        name = genre.replace("|", "\\|")
        lines.append(f"| {name} | {figures.tracks:,} | {precision} | {figures.recall:.0%} | {threshold} |")
    return "\n".join(lines) + "\n"
