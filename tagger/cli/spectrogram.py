"""`tagger spectrogram`: what the model sees of a file, as a picture."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagger.cli import options
from tagger.cli.output import print_json, shown
from tagger.cli.picture import check_picture, default_name
from tagger.errors import TaggerError
from tagger.files import absolute
from tagger.types import Analysis, track_json

if TYPE_CHECKING:
    from tagger.model_card import ModelCard
    from tagger.plots import Panel
    from tagger.types import FrontEnd, Prediction, TrackFeatures


def spectrogram(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A music file; no scan is needed.")],
    window: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only the Nth window. Default: all.")
    ] = None,
    compare: Annotated[
        str | None, typer.Option("--compare", metavar="FILE", help="Another file, drawn beside it.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="A name in .png, .svg, .pdf or .webp."),
    ] = None,
    model: options.Model = None,
    json: options.Json = False,
) -> None:
    """Draw what the model sees of a file, its log-mel spectrogram, under what it hears.

    Prints the name of the picture: NAME-spectrogram.png in this folder, unless
    --output gives another. It takes the place of an earlier one, but of no
    other file. Colours are the same for both files of --compare.

        tagger spectrogram song.mp3
        tagger spectrogram live.flac --compare studio.flac -o both.svg
    """
    from tagger.files import replace_atomically
    from tagger.model_card import DEFAULT_MODEL, load_card
    from tagger.pipeline.analyse import extract_file
    from tagger.plots import check_drawing

    check_drawing()
    paths = [absolute(path) for path in (file, compare) if path is not None]
    picture = default_name(paths) if output is None else output
    format = check_picture(picture, paths)
    card = load_card(model or DEFAULT_MODEL)
    heard = [extract_file(path, card) for path in paths]
    chosen = [_chosen(features, window) for features in heard]
    answers = _answers(heard, card)
    replace_atomically(picture, _drawn(heard, answers, chosen, card, format))
    if json:
        files = zip(heard, answers, chosen, strict=True)
        print_json({"path": absolute(picture), "files": [_fields(*one) for one in files]})
    else:
        print(shown(picture))


def _chosen(features: TrackFeatures, window: int | None) -> range:
    """Which windows are drawn, counted from 0; `window` counts from 1."""
    n_windows = len(features.starts_s)
    if window is None:
        return range(n_windows)
    if window > n_windows:
        has = f"{n_windows} windows" if n_windows > 1 else "one window"
        raise TaggerError(f"{shown(features.file.path)}: --window {window}: it has {has}")
    return range(window - 1, window)


def _answers(heard: Sequence[TrackFeatures], card: ModelCard) -> list[Prediction]:
    from tagger.predict import Predictor

    return Predictor(card).predict(heard)


def _drawn(
    heard: Sequence[TrackFeatures],
    answers: Sequence[Prediction],
    chosen: Sequence[range],
    card: ModelCard,
    format: str,
) -> bytes:
    from tagger.model_card import load_filter_bank
    from tagger.plots import spectrograms

    panels = [_panel(*one, card.front_end) for one in zip(heard, answers, chosen, strict=True)]
    return spectrograms(panels, card.front_end, load_filter_bank(card), format)


def _panel(features: TrackFeatures, answer: Prediction, chosen: range, front_end: FrontEnd) -> Panel:
    from tagger.plots import Panel

    n_frames = _frames_of_sound(features, front_end)
    return Panel(
        name=os.path.basename(features.file.path),
        caption=_caption(answer),
        starts_s=tuple(features.starts_s[i] for i in chosen),
        log_mels=tuple(features.log_mels[i][:, :n_frames] for i in chosen),
    )


def _frames_of_sound(features: TrackFeatures, front_end: FrontEnd) -> int:
    """A file shorter than a window reaches the model repeated; it is drawn once."""
    duration_s = features.recording.duration_s
    if len(features.starts_s) > 1 or not 0 < duration_s < front_end.window_s:
        return front_end.n_frames
    return 1 + int(duration_s * front_end.sample_rate_hz) // front_end.hop_length


def _caption(answer: Prediction) -> str:
    """Genre, energy and tempo, as far as the model tells them."""
    if answer.silent:
        return "silent: there is nothing to hear"
    told = []
    if answer.genre is not None:
        told.append(f"{answer.genre} ({answer.genre_confidence:.0%})")
    if answer.energy is not None:
        told.append(f"energy {answer.energy:.2f}")
    if answer.bpm is not None:
        told.append(f"{answer.bpm:.1f} BPM ({answer.bpm_confidence:.0%})")
    return " · ".join(told)


def _fields(features: TrackFeatures, answer: Prediction, chosen: range) -> dict[str, Any]:
    return {
        **track_json(Analysis(features.file, features.recording, answer).track),
        "starts_s": [round(features.starts_s[i], 2) for i in chosen],
    }
