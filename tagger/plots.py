"""Pictures of what a model sees: log-mels over time and frequency, as the bytes of a file.

Only the functions that draw import matplotlib and librosa.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tagger.errors import TaggerError
from tagger.types import FloatArray, FrontEnd

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

FORMATS = ("png", "svg", "pdf", "webp")

MARK = "tagger spectrogram"
"""Stands uncompressed in every picture, so that a later one knows what it may take the place of."""

RANGE_DB = 80.0
"""Of the loudest point drawn: what lies further below it, the shipped networks do not look at either."""

FLOOR_DB = -100.0
"""Digital silence in a log-mel; it is drawn dark, and not as the loudest thing there is."""

HEIGHT_IN, MARGINS_IN, WINDOW_IN, NARROWEST_IN = 4.4, 1.4, 2.8, 6.4
NAME_LETTERS_PER_IN = 10
"""How much of a file's name goes over a picture."""

FONTS = (
    "DejaVu Sans",
    *("Hiragino Sans", "PingFang SC", "Apple SD Gothic Neo"),
    *("Yu Gothic", "Microsoft YaHei", "Malgun Gothic"),
    *("Noto Sans CJK JP", "WenQuanYi Zen Hei", "Droid Sans Fallback"),
)
"""matplotlib's own font, then those in which macOS, Windows and Linux write Chinese, Japanese and Korean:
a letter is drawn in the first of them that is there and has it."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """What is drawn of one file: under its name and a line about it, the windows side by side.

    `log_mels` are (n_mels, n_frames) in dB, one for each of `starts_s`.
    """

    name: str
    caption: str
    starts_s: tuple[float, ...]
    log_mels: tuple[NDArray[np.floating[Any]], ...]

    @property
    def width_in(self) -> float:
        return max(NARROWEST_IN, MARGINS_IN + WINDOW_IN * len(self.log_mels))


def check_drawing() -> None:
    """Raises `TaggerError` where there is nothing to draw with."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # where it caches fonts concerns nobody
    try:
        import_module("matplotlib")
    except ImportError:
        raise TaggerError(
            "drawing needs matplotlib; install it with pip install '.[plots]' in tagger's source"
        ) from None
    except ValueError as error:
        raise TaggerError(f"matplotlib does not start ({error}); check MPLBACKEND and matplotlibrc") from None


def spectrograms(
    panels: Sequence[Panel], front_end: FrontEnd, filter_bank: NDArray[np.float32], format: str
) -> bytes:
    """The files beside each other on one scale of colours, as a picture in one of `FORMATS`.

    Time is in seconds of the track. `filter_bank` is (n_mels, 1 + n_fft // 2) and says which
    frequencies a band hears. The same panels give the same bytes. Raises `TaggerError` without matplotlib.
    """
    check_drawing()
    with _as_asked():
        return _saved(_figure(panels, front_end, band_centres_hz(filter_bank, front_end)), format)


def band_centres_hz(filter_bank: NDArray[np.float32], front_end: FrontEnd) -> FloatArray:
    """(n_mels,) the mean frequency that each band hears."""
    bins_hz = np.arange(filter_bank.shape[1]) * front_end.sample_rate_hz / front_end.n_fft
    centres: FloatArray = filter_bank @ bins_hz / np.maximum(filter_bank.sum(axis=1), 1e-12)
    return centres


def colour_range_db(panels: Sequence[Panel]) -> tuple[float, float]:
    """The quietest and the loudest level that have a colour of their own."""
    loudest = max(float(log_mel.max()) for panel in panels for log_mel in panel.log_mels)
    top = max(loudest, FLOOR_DB + RANGE_DB)
    return top - RANGE_DB, top


@contextmanager
def _as_asked() -> Iterator[None]:
    """matplotlib without its owner's style, and without a word on letters that its font lacks."""
    import matplotlib

    with warnings.catch_warnings(), matplotlib.rc_context():
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {"font.family": list(FONTS), "svg.hashsalt": "tagger", "svg.fonttype": "none"}
        )
        yield


def _figure(panels: Sequence[Panel], front_end: FrontEnd, bands_hz: FloatArray) -> Figure:
    """A figure of no window system: it is drawn when it is saved."""
    from matplotlib.figure import Figure

    widths_in = [panel.width_in for panel in panels]
    figure = Figure(figsize=(sum(widths_in), HEIGHT_IN), layout="constrained")
    parts = figure.subfigures(1, len(panels), width_ratios=widths_in, squeeze=False)[0]
    for part, panel in zip(parts, panels, strict=True):
        _draw(part, panel, front_end, bands_hz, colour_range_db(panels))
    return figure


def _draw(
    part: SubFigure,
    panel: Panel,
    front_end: FrontEnd,
    bands_hz: FloatArray,
    range_db: tuple[float, float],
) -> None:
    from librosa.display import specshow
    from matplotlib.ticker import MaxNLocator, ScalarFormatter

    frame_s = front_end.hop_length / front_end.sample_rate_hz
    all_axes = part.subplots(1, len(panel.log_mels), sharey=True, squeeze=False)[0]
    for axes, start_s, log_mel in zip(all_axes, panel.starts_s, panel.log_mels, strict=True):
        times_s = start_s + frame_s * np.arange(log_mel.shape[1])
        mesh = specshow(
            log_mel.astype(np.float32),
            x_coords=times_s,
            y_coords=bands_hz,
            x_axis="s",
            y_axis="mel",
            ax=axes,
            cmap="magma",
            vmin=range_db[0],
            vmax=range_db[1],
        )
        axes.xaxis.set_major_formatter(ScalarFormatter(useOffset=False))  # librosa's tells 1234 s as 1.23e+03
        axes.xaxis.set_major_locator(MaxNLocator(6, steps=(1, 2, 5, 10)))
        axes.set(xlabel="", ylabel="Hz")
        axes.label_outer()
    part.supxlabel("seconds of the track", size=10)
    part.colorbar(mesh, ax=list(all_axes), label="dB")
    name = _shortened(_drawable(panel.name), int(NAME_LETTERS_PER_IN * panel.width_in))
    part.suptitle(f"{name}\n{panel.caption}", size=10, parse_math=False)


def _saved(figure: Figure, format: str) -> bytes:
    how: dict[str, dict[str, Any]] = {
        "png": {"metadata": {"Software": MARK}},
        "svg": {"metadata": {"Creator": MARK, "Date": None}},
        "pdf": {"metadata": {"Creator": MARK, "CreationDate": None}},
        "webp": {"pil_kwargs": {"quality": 90, "xmp": MARK.encode()}},
    }
    file = io.BytesIO()
    figure.savefig(file, format=format, dpi=100, facecolor="white", **how[format])
    return file.getvalue()


def _drawable(text: str) -> str:
    """With a replacement sign for what no font has: bytes that are no text, and control characters."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _shortened(text: str, n_letters: int) -> str:
    """At most `n_letters`, the middle left out: the ends tell most of a file's name."""
    if len(text) <= n_letters:
        return text
    kept = n_letters - 1
    return f"{text[: kept - kept // 2]}…{text[-(kept // 2) :]}"
