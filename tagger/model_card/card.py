"""The card of a model: its `model.json` as a value, and the checks that refuse one that makes no sense."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tagger.errors import ModelError
from tagger.types import SOUNDS, WORD_KINDS, Aspect, FrontEnd, WordKind

FORMAT, FORMAT_OF_TWO = 2, 3
"""Versions of the layout of `model.json` that this program writes: for one trunk, and for two, which programs
that know of one only must not take for it. It reads 1, too, which had no heads."""

FIRST_OF_TWO, SECOND_OF_TWO = "crnn", "musicnn"
"""The networks that can stand together."""

_FRONT_END_RANGES = {
    "sample_rate_hz": (1_000, 192_000),
    "window_s": (0.1, 60),
    "n_fft": (16, 65_536),
    "hop_length": (16, 65_536),
    "n_mels": (1, 1_024),
}
"""What a model may ask of the sound: more would take gigabytes for a track."""

PrecisionTable = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class TempoClasses:
    """The meaning of the tempo logits: class i is `first_bpm` + i, and `temperature` divides the logits."""

    first_bpm: float
    temperature: float


@dataclass(frozen=True, slots=True)
class SecondTrunk:
    """A second network that hears the same windows by a front end of its own; `network` as of `ModelCard`."""

    network: dict[str, Any]
    front_end: FrontEnd


@dataclass(frozen=True, slots=True)
class Word:
    """A word that a model knows: its `name` as people write it, and what it is said of.

    `source` tells against what its probability was calibrated: `teacher`, the answers of a larger network,
    or `people`, labels. `auc` (0–1) is the area under its ROC curve against them on the test split, None
    where it was not measured.
    """

    name: str
    kind: WordKind
    source: str
    auc: float | None = None


@dataclass(frozen=True, slots=True)
class MoodScale:
    """What makes the mood of a valence and an energy.

    `valence_quantiles` are raw valences of the frozen reference set, as the energy's. The probability that
    listeners call the arousal high is the sigmoid of `arousal`[0] · raw energy + `arousal`[1].
    """

    valence_quantiles: tuple[float, ...]
    arousal: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The fields of a `model.json`: a trunk, which makes the embedding of a sound, and heads that read it.

    `network` names the architecture under `name` and holds its keyword arguments. `genres` are in
    the order of the network's outputs, empty for a model that predicts none. `temperature` divides the
    genre logits so that confidences are probabilities (Guo et al. 2017). `energy_quantiles` are raw
    energies of the frozen reference set at evenly spaced quantiles from 0 to 1, empty for a model that
    predicts no energy. `figures` were measured on the test split. `tempo` is None for a model that predicts
    no tempo. `words` and `styles` (of electronic music, which exclude each other) are in the order of their
    heads' outputs, empty where there is no such head; `mood` is None likewise. `no_music_from` is the
    probability (0–1) from which on a sound is called speech or noise, None for a model that takes all for
    music. `head_versions` has a hash of each head, of its weights and its calibration: heads of the same
    version answer the same.

    `genre_precision` has for each genre rising pairs (precision, threshold), both 0–1: of validation
    answers with the genre at a confidence of at least the threshold, that share was right. Empty where it
    was not measured. `base_rates` has the mean probability of each genre over the validation clips, by which
    `tagger.albums` tells an album from a mixture; empty where it was not measured. `trunk_sha256` is of all
    weights but the heads', None where it is unknown. `training` describes the run that made the model, empty
    where it was not recorded. Where there is a `second` trunk, its embedding stands behind the first one's,
    and the heads of genre and energy read both.
    """

    id: str
    folder: str
    version: str
    network: dict[str, Any]
    front_end: FrontEnd
    genres: tuple[str, ...]
    temperature: float
    energy_quantiles: tuple[float, ...]
    weights_sha256: str
    figures: dict[str, float]
    tempo: TempoClasses | None = None
    genre_precision: Mapping[str, PrecisionTable] = field(default_factory=dict)
    base_rates: Mapping[str, float] = field(default_factory=dict)
    trunk_sha256: str | None = None
    training: dict[str, Any] = field(default_factory=dict)
    words: tuple[Word, ...] = ()
    styles: tuple[str, ...] = ()
    mood: MoodScale | None = None
    head_versions: Mapping[str, str] = field(default_factory=dict)
    second: SecondTrunk | None = None
    no_music_from: float | None = None

    @property
    def predicts_genre(self) -> bool:
        """Tell whether the model's answers have a genre."""
        return bool(self.genres)

    @property
    def predicts_energy(self) -> bool:
        """Tell whether the model's answers have an energy."""
        return bool(self.energy_quantiles)

    def is_light(self, device: str) -> bool:
        """Tell whether the network needs no PyTorch on `device` (auto, cpu, cuda or mps): a CRNN on a CPU.

        On a core it takes 5 of the 40 ms of a track, so every worker has one, and `auto` means the CPU.
        """
        return self.network.get("name") == "crnn" and device in ("auto", "cpu")

    @property
    def all_words(self) -> tuple[Word, ...]:
        """The words of both heads: those that stand alone, and the styles."""
        return *self.words, *(Word(name, "style", "people") for name in self.styles)

    @property
    def trunk(self) -> str:
        """What the embeddings of the model are stored under: the hash of its trunk, else its id."""
        return self.trunk_sha256 or f"model {self.id}"

    @property
    def aspects(self) -> tuple[Aspect, ...]:
        """The aspects of a track that the model predicts."""
        predicted: dict[Aspect, bool] = {
            "genre": self.predicts_genre,
            "energy": self.predicts_energy,
            "tempo": self.tempo is not None,
            "words": bool(self.words or self.styles),
            "mood": self.mood is not None,
        }
        return tuple(aspect for aspect, is_predicted in predicted.items() if is_predicted)


def genre_thresholds(card: ModelCard, target: float) -> dict[str, float | None]:
    """Give for each genre the least confidence (0–1) with a precision of `target` on validation data.

    None for a genre that never reached it. Raises `ModelError` for a model without measured precision.

    >>> from tagger.model_card import load_card
    >>> thresholds = genre_thresholds(load_card("standard-9"), target=0.9)
    >>> thresholds["Jazz"], thresholds["Pop"]
    (0.6933, None)
    """
    if not card.genre_precision:
        raise ModelError(f"{card.id}: its model.json has no precision by genre; use --min-confidence")
    return {
        genre: next((t for precision, t in card.genre_precision.get(genre, ()) if precision >= target), None)
        for genre in card.genres
    }


def shares_trunk(one: ModelCard, other: ModelCard) -> bool:
    """Tell whether both models make the same embedding of a sound, so that only their heads can differ."""
    known = one.trunk_sha256 is not None and one.trunk_sha256 == other.trunk_sha256
    trunks = ((card.network, card.front_end, card.second) for card in (one, other))
    return known and next(trunks) == next(trunks)


# --- Reading and refusing --------------------------------------------------------------------------------


def card_of(folder: str, fields: dict[str, Any]) -> ModelCard:
    """Read a card from the fields of the `model.json` in `folder`.

    Raises ValueError, KeyError or TypeError for fields that are missing or make no sense.
    """
    if fields["format"] == 1:
        fields = _from_format_1(fields)
    if fields["format"] not in (FORMAT, FORMAT_OF_TWO):
        raise ValueError(f"format {fields['format']}, this version of tagger reads 1 to {FORMAT_OF_TWO}")
    heads = {name: _object(name, head) for name, head in _object("heads", fields["heads"]).items()}
    genre = heads.get("genre", {"names": []})
    hash_ = fields.get("trunk_sha256")
    return ModelCard(
        id=_text("id", fields["id"]),
        folder=folder,
        version=_text("version", fields["version"]),
        network=_object("network", fields["network"]),
        front_end=_front_end(fields["front_end"]),
        genres=_names("genres", genre["names"]),
        temperature=_above_zero("temperature", genre.get("temperature", 1.0)),
        energy_quantiles=_quantiles("energy_quantiles", heads.get("energy", {}).get("quantiles", [])),
        weights_sha256=_text("weights_sha256", fields["weights_sha256"]),
        figures=_figures(fields["figures"]),
        tempo=_tempo(heads.get("tempo")),
        genre_precision=_precision_tables(genre.get("precision", {})),
        base_rates=_base_rates(genre.get("base_rates", {})),
        trunk_sha256=None if hash_ is None else _text("trunk_sha256", hash_),
        training=_object("training", fields.get("training", {})),
        words=_words(heads.get("words", {}).get("words", [])),
        styles=_names("styles", heads.get("styles", {}).get("names", [])),
        mood=_mood(heads.get("mood")),
        head_versions={name: _text(f"version of {name}", head["version"]) for name, head in heads.items()},
        second=_second(fields) if fields["format"] == FORMAT_OF_TWO else None,
        no_music_from=_no_music_from(heads.get("sound")),
    )


def _from_format_1(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields as format 2 has them; a head is the same as another only in the very same weight file."""
    version = {"version": _text("weights_sha256", fields["weights_sha256"])[:12]}
    genre = {
        "names": fields["genres"],
        "temperature": fields.get("temperature", 1.0),
        "precision": fields.get("genre_precision", {}),
        "base_rates": fields.get("base_rates", {}),
    }
    heads: dict[str, Any] = {"genre": genre | version} if fields["genres"] else {}
    if fields.get("energy_quantiles"):
        heads["energy"] = {"quantiles": fields["energy_quantiles"], **version}
    if fields.get("tempo") is not None:
        heads["tempo"] = _object("tempo", fields["tempo"]) | version
    return {**fields, "format": FORMAT, "heads": heads}


def _second(fields: dict[str, Any]) -> SecondTrunk:
    """The second trunk, whose windows must be those of the first."""
    second = _object("second", fields["second"])
    trunk = SecondTrunk(_object("network of second", second["network"]), _front_end(second["front_end"]))
    names = fields["network"].get("name"), trunk.network.get("name")
    if names != (FIRST_OF_TWO, SECOND_OF_TWO):
        raise ValueError(f"{names[0]} and {names[1]} are no networks that can stand together")
    if trunk.front_end.window_s != _front_end(fields["front_end"]).window_s:
        raise ValueError("window_s of second is not that of the first trunk")
    return trunk


def _front_end(fields: Any) -> FrontEnd:
    front_end = FrontEnd(**_object("front_end", fields))
    for name, value in fields.items():
        if name != "window_s" and (not isinstance(value, int) or isinstance(value, bool)):
            raise ValueError(f"{name} of front_end is not a whole number")
        _above_zero(f"{name} of front_end", value)
        least, most = _FRONT_END_RANGES[name]
        if not least <= value <= most:
            raise ValueError(f"{name} of front_end is {value}, not within {least:,} and {most:,}")
    if front_end.hop_length > front_end.n_fft:
        raise ValueError("hop_length of front_end is longer than n_fft")
    return front_end


def _names(what: str, names: Any) -> tuple[str, ...]:
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"{what} is not a list of names")
    if len(set(names)) < len(names):
        raise ValueError(f"{what} names one twice")
    return tuple(names)


def _quantiles(what: str, values: Any) -> tuple[float, ...]:
    if not isinstance(values, list) or len(values) == 1:
        raise ValueError(f"{what} is not a list of two or more")
    quantiles = tuple(_number(f"one of {what}", value) for value in values)
    if not all(map(math.isfinite, quantiles)) or any(a > b for a, b in pairwise(quantiles)):
        raise ValueError(f"{what} are not numbers that rise")
    return quantiles


def _words(rows: Any) -> tuple[Word, ...]:
    if not isinstance(rows, list):
        raise ValueError("words is not a list")
    words = tuple(_word(_object("one of words", row)) for row in rows)
    _names("words", [word.name for word in words])
    return words


def _word(row: dict[str, Any]) -> Word:
    if (kind := row["kind"]) not in WORD_KINDS:
        raise ValueError(f"kind {kind!r} of a word is none of {', '.join(WORD_KINDS)}")
    auc = row.get("auc")
    known = None if auc is None else _number("auc", auc)
    return Word(_text("name of a word", row["name"]), kind, _text("source of a word", row["source"]), known)


def _mood(fields: dict[str, Any] | None) -> MoodScale | None:
    if fields is None:
        return None
    slope, offset = (_number("one of arousal", value) for value in fields["arousal"])
    if not (math.isfinite(slope) and math.isfinite(offset)):
        raise ValueError("arousal is not two numbers")
    quantiles = _quantiles("valence_quantiles", fields["valence_quantiles"])
    if not quantiles:
        raise ValueError("valence_quantiles is not a list of two or more")
    return MoodScale(quantiles, (slope, offset))


def _no_music_from(fields: dict[str, Any] | None) -> float | None:
    """What the head of sounds, whose outputs are those of `SOUNDS`, says from when on."""
    if fields is None:
        return None
    if tuple(fields["names"]) != SOUNDS:
        raise ValueError(f"names of sound are not {', '.join(SOUNDS)}")
    least = _number("least of sound", fields["least"])
    if not 0 < least <= 1:
        raise ValueError("least of sound is not within 0 and 1")
    return least


def _figures(fields: Any) -> dict[str, float]:
    figures = _object("figures", fields)
    return {name: _number(f"{name} of figures", value) for name, value in figures.items()}


def _tempo(fields: dict[str, Any] | None) -> TempoClasses | None:
    if fields is None:
        return None
    names = ("first_bpm", "temperature")
    return TempoClasses(*(_above_zero(f"{name} of tempo", fields[name]) for name in names))


def _base_rates(fields: Any) -> dict[str, float]:
    rates = {
        genre: _number(f"{genre} of base_rates", rate)
        for genre, rate in _object("base_rates", fields).items()
    }
    if not all(0 <= rate <= 1 for rate in rates.values()):
        raise ValueError("base_rates are not within 0 and 1")
    return rates


def _precision_tables(tables: Any) -> dict[str, PrecisionTable]:
    return {
        genre: _precision_table(genre, table) for genre, table in _object("genre_precision", tables).items()
    }


def _precision_table(genre: str, table: Any) -> PrecisionTable:
    pairs = tuple((float(precision), float(threshold)) for precision, threshold in table)
    rises = all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))
    if not rises or not all(0 <= value <= 1 for pair in pairs for value in pair):
        raise ValueError(f"genre_precision of {genre} is not rising pairs within 0 and 1")
    return pairs


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is not a text")
    return value


def _object(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{name} is not an object")
    return value


def _number(name: str, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"{name} is not a number")
    return float(value)


def _above_zero(name: str, value: Any) -> float:
    number = _number(name, value)
    if not 0 < number < math.inf:
        raise ValueError(f"{name} is {value}, which is no number above 0")
    return number
