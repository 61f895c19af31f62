"""The words and tables of `CARD.md`."""

from __future__ import annotations

import json
import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence

from tagger.model_card import WEIGHTS_FILE, ModelCard
from tagger.nets import build
from tagger.training.card.known import CO2_KG_PER_KWH, DATASETS, OTHERS, TEACHER, WATTS
from tagger.training.card.measured import Measured
from tagger.training.card.tables import (
    changed_table,
    dataset_table,
    figure_table,
    genre_table,
    odd_table,
    table,
)
from tagger.training.card.template import TEMPLATE
from tagger.training.clips import LEARNED, Clip
from tagger.training.evaluate import Answers

NOT_RECORDED = "not recorded"

N_RAREST = 4

TEMPO = """ The tempo has a head of its own on the log-mel: learned
onset curves, their spectrum and autocorrelation on a logarithmic axis of pulse rates, convolutions along it.
It learned from annotated clips, made-up rhythms, and {more}."""

AGREED = "clips on which it agreed with librosa's beat tracker"
TOLD = """{n} other pieces as tempo-cnn tells their tempo
(Schreiber & Müller 2018, AGPL; it was asked, and nothing of it is in here)"""


def card_text(answers: Answers, measured: Measured, every_clip: Sequence[Clip]) -> str:
    """The whole card; `every_clip` of the data folder, for the counts of the training data."""
    card, training = answers.card, answers.card.training
    trained = Counter(genre for clip in every_clip if clip.split in LEARNED for genre in clip.genres)
    return TEMPLATE.format(
        id=card.id,
        version=card.version,
        genres=", ".join(card.genres),
        hears=_hears(card),
        tempo=_tempo(card),
        window_s=card.front_end.window_s,
        network=json.dumps(card.network),
        parameters=_parameters(card),
        megabytes=os.path.getsize(os.path.join(card.folder, WEIGHTS_FILE)) / 1e6,
        temperature=card.temperature,
        n_clips=_number(training.get("clips")),
        n_unlabelled=_unlabelled(training.get("unlabelled_clips")),
        n_reference=_number(training.get("reference_clips")),
        run=_run(training),
        cost=_cost(training),
        settings=_settings(training),
        predict_ms=answers.predict_ms,
        machine=platform.machine(),
        split=answers.clips[0].split,
        n_measured=len(answers.clips),
        n_labelled=sum(bool(clip.genres) for clip in answers.clips),
        sources=_sources(every_clip, answers.clips[0].split),
        shortest_s=min(clip.length_s for clip in every_clip),
        longest_s=max(clip.length_s for clip in every_clip),
        rarest=", ".join(sorted(card.genres, key=lambda genre: trained[genre])[:N_RAREST]),
        figures=figure_table(measured.overall),
        datasets=dataset_table(measured.by_dataset),
        by_genre=genre_table(measured.by_genre, trained),
        calibration_error=measured.overall["calibration_error"].value,
        odd=odd_table(measured.odd_sounds),
        changed=changed_table(measured.changed),
        others=table(("system", "data", "reported"), OTHERS),
        teacher=_teacher(measured),
    )


def _hears(card: ModelCard) -> str:
    tempo = " and the tempo (BPM)" if card.tempo else ""
    return f"the genre ({len(card.genres)} names){',' if tempo else ' and'} the energy (0–1){tempo}"


def co2_kg(seconds: float, device: str) -> float:
    """A run's estimated CO2: its time by the device's `WATTS` by the world's mean grid."""
    return seconds / 3600 * WATTS[_kind(device)] / 1000 * CO2_KG_PER_KWH


def _tempo(card: ModelCard) -> str:
    n_told = card.training.get("tempos_told", 0)
    return TEMPO.format(more=TOLD.format(n=_number(n_told)) if n_told else AGREED) if card.tempo else ""


def _parameters(card: ModelCard) -> int:
    network = build(card.network, card.front_end.n_mels, len(card.genres))
    return sum(p.numel() for p in network.parameters())


def _number(value: int | None) -> str:
    return NOT_RECORDED if value is None else f"{value:,}"


def _unlabelled(n_clips: int | None) -> str:
    return f", {n_clips:,} of them music without labels, of which only the teacher speaks" if n_clips else ""


def _run(training: Mapping[str, object]) -> str:
    parts = [f"{training['epochs']} epochs"] if "epochs" in training else []
    parts += [f"on {training['device']}"] if "device" in training else []
    parts += [f"finished {training['finished']}"] if "finished" in training else []
    return ", ".join(parts) or NOT_RECORDED


def _cost(training: Mapping[str, object]) -> str:
    if "seconds" not in training or "device" not in training:
        return NOT_RECORDED
    seconds, device = float(str(training["seconds"])), str(training["device"])
    watts = WATTS[_kind(device)]
    grams, watt_hours = 1000 * co2_kg(seconds, device), seconds / 3600 * watts
    return (
        f"{seconds / 60:.0f} minutes; about {watt_hours:.0f} Wh and {grams:.0f} g of CO2, estimated and not "
        f"metered: {watts:.0f} W for {device}, and\n"
        f"  {CO2_KG_PER_KWH} kg of CO2 per kWh, the mean of the world's electricity in 2023 (Ember, Global "
        "Electricity Review 2024).\n  Trials before this run and the making of the teacher are not in it"
    )


def _kind(device: str) -> str:
    return "cuda" if device.startswith("cuda") else "cpu"


def _settings(training: Mapping[str, object]) -> str:
    settings = training.get("settings")
    if not isinstance(settings, Mapping):
        return NOT_RECORDED
    return f"`{json.dumps({k: v for k, v in settings.items() if k != 'network'})}`"


def _sources(clips: Sequence[Clip], split: str) -> str:
    trained = Counter(clip.dataset for clip in clips if clip.split in LEARNED)
    measured = Counter(clip.dataset for clip in clips if clip.split == split)
    rows = [
        (f"`{name}`", f"{trained[name]:,}", f"{measured[name]:,}", *DATASETS.get(name, ("", NOT_RECORDED)))
        for name in sorted(trained | measured)
    ]
    return table(("data set", "training", split, "what", "licence"), rows)


def _teacher(measured: Measured) -> str:
    rows = [
        (f"`{name}`", f"{measured.overall[name].value:.3f}", f"{value:g}") for name, value in TEACHER.items()
    ]
    return table(("figure", "this model", "MusiCNN's embedding"), rows)
