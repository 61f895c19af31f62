"""`tagger spectrogram`: draw the log-mel spectrogram that the model gets of a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagger.cli import configured, shared
from tagger.cli.shared import print_json
from tagger.cli.terminal import say, shown
from tagger.errors import TaggerError
from tagger.files import AUDIO_EXTENSIONS, absolute, extension_of, is_same_file
from tagger.json_fields import track_json
from tagger.types import Analysis

if TYPE_CHECKING:
    from tagger.genre_names import GenreNames
    from tagger.model_card import ModelCard
    from tagger.plots import Panel
    from tagger.types import FrontEnd, Prediction, TrackFeatures

LONGEST_STEM_BYTES = 100
"""Of each file's name in the name of a picture: file systems take 255 bytes, or fewer."""


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """One file of the picture, and which of its windows are drawn."""

    features: TrackFeatures
    prediction: Prediction
    windows: range


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
    model: shared.Model = None,
    json: shared.Json = False,
) -> None:
    """Draw the log-mel spectrogram of a file, under what the model predicts.

    Prints the name of the picture: NAME-spectrogram.png in this folder, unless
    --output gives another. It takes the place of an earlier one, but never of
    music. Colours are the same for both files of --compare.

        tagger spectrogram song.mp3
        tagger spectrogram live.flac --compare studio.flac -o both.svg
    """
    from tagger.files import replace_atomically
    from tagger.model_card import DEFAULT_MODEL, load_card
    from tagger.plots import check_drawing

    check_drawing()
    paths = [absolute(path) for path in (file, compare) if path is not None]
    picture = _default_name(paths) if output is None else output
    format = _check_picture(picture, paths)
    usual = configured.configuration()
    card = load_card(model or usual.model or DEFAULT_MODEL)
    drawn = _analysed(paths, window, card, usual.names)
    replace_atomically(picture, _picture(drawn, card, format))
    if json:
        print_json({"path": absolute(picture), "files": [_fields(one) for one in drawn]})
    else:
        say(shown(picture))


def _analysed(paths: Sequence[str], window: int | None, card: ModelCard, names: GenreNames) -> list[_Drawn]:
    from tagger.pipeline.analyse import extract_file
    from tagger.predict import Predictor

    tracks = [extract_file(path, card) for path in paths]
    windows = [_chosen(features, window) for features in tracks]
    predictions = map(names.of_prediction, Predictor(card).predict(tracks))
    return [_Drawn(*one) for one in zip(tracks, predictions, windows, strict=True)]


def _chosen(features: TrackFeatures, window: int | None) -> range:
    """Choose the windows to draw, counted from 0; `window` counts from 1."""
    n_windows = len(features.starts_s)
    if window is None:
        return range(n_windows)
    if window > n_windows:
        has = f"{n_windows} windows" if n_windows > 1 else "one window"
        raise TaggerError(f"{shown(features.file.path)}: --window {window}: it has {has}")
    return range(window - 1, window)


def _picture(drawn: Sequence[_Drawn], card: ModelCard, format: str) -> bytes:
    from tagger.model_card import load_filter_bank
    from tagger.plots import spectrograms

    panels = [_panel(one, card.front_end) for one in drawn]
    return spectrograms(panels, card.front_end, load_filter_bank(card), format)


def _panel(drawn: _Drawn, front_end: FrontEnd) -> Panel:
    from tagger.plots import Panel

    features = drawn.features
    n_frames = _frames_of_sound(features, front_end)
    return Panel(
        name=os.path.basename(features.file.path),
        caption=_caption(drawn.prediction),
        starts_s=tuple(features.starts_s[i] for i in drawn.windows),
        log_mels=tuple(features.log_mels[i][:, :n_frames] for i in drawn.windows),
    )


def _frames_of_sound(features: TrackFeatures, front_end: FrontEnd) -> int:
    """Count the frames to draw: a file shorter than a window is repeated for the model, and drawn once."""
    duration_s = features.recording.duration_s
    if len(features.starts_s) > 1 or not duration_s or duration_s >= front_end.window_s:
        return front_end.n_frames
    return 1 + int(duration_s * front_end.sample_rate_hz) // front_end.hop_length


def _caption(prediction: Prediction) -> str:
    """Describe genre, energy and tempo, as far as the model predicts them."""
    if prediction.silent:
        return "silent: no window holds any sound"
    parts = []
    if prediction.genre is not None:
        parts.append(f"{prediction.genre} ({prediction.genre_confidence:.0%})")
    if prediction.energy is not None:
        parts.append(f"energy {prediction.energy:.2f}")
    if prediction.bpm is not None:
        parts.append(f"{prediction.bpm:.1f} BPM ({prediction.bpm_confidence:.0%})")
    return " · ".join(parts)


def _fields(drawn: _Drawn) -> dict[str, Any]:
    features = drawn.features
    return {
        **track_json(Analysis(features.file, features.recording, drawn.prediction).track),
        "starts_s": [round(features.starts_s[i], 2) for i in drawn.windows],
    }


# --- The name of the picture ----------------------------------------------------------------------------


def _default_name(files: Sequence[str]) -> str:
    """Name a PNG in the current folder after the files."""
    stems = [_cut(os.path.splitext(os.path.basename(file))[0]) for file in files]
    return "-".join([*stems, "spectrogram.png"])


def _check_picture(path: str, inputs: Sequence[str]) -> str:
    """Give the picture's format. Raises `TaggerError` for a name that must not or cannot be written to."""
    from tagger.plots import FORMATS

    target = os.path.realpath(path)
    endings = f"a name that ends in .{', .'.join(FORMATS[:-1])} or .{FORMATS[-1]}"
    is_input = os.path.exists(target) and any(is_same_file(target, file) for file in inputs)
    if is_input or {extension_of(path), extension_of(target)} & AUDIO_EXTENSIONS:
        raise TaggerError(f"{shown(path)}: pictures are not written over music; give {endings}")
    if extension_of(path) not in FORMATS:
        raise TaggerError(f"{shown(path)}: no kind of picture that tagger draws; give {endings}")
    _check_folder(path, os.path.dirname(target))
    if os.path.exists(target) and not os.path.isfile(target):
        raise TaggerError(f"{shown(path)}: not a regular file; give another name by --output")
    return extension_of(path)


def _check_folder(path: str, folder: str) -> None:
    if not os.path.isdir(folder):
        raise TaggerError(f"{shown(path)}: its folder does not exist; make it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise TaggerError(f"{shown(path)}: its folder is not writable; give another one by --output")


def _cut(stem: str) -> str:
    while len(os.fsencode(stem)) > LONGEST_STEM_BYTES:
        stem = stem[:-1]
    return stem
