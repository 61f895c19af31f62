"""Draw log-mel spectrograms over time and frequency, as the bytes of a picture (matplotlib, librosa).

Only the functions that draw import these libraries.
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

RANGE_DB = 80.0
"""Drawn below the loudest point; the shipped networks cut off the rest too."""

FLOOR_DB = -100.0
"""Digital silence in a log-mel; it is drawn dark, and not as the loudest thing there is."""

HEIGHT_IN, MARGINS_IN, WINDOW_IN, NARROWEST_IN = 4.4, 1.4, 2.8, 6.4
NAME_LETTERS_PER_IN = 10
"""The letters of a file's name that fit over a picture."""

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
    """The drawing of one file: under its name and a line about it, the windows side by side.

    `log_mels` are (n_mels, n_frames) in dB, one for each of `starts_s`.
    """

    name: str
    caption: str
    starts_s: tuple[float, ...]
    log_mels: tuple[NDArray[np.floating[Any]], ...]

    @property
    def width_in(self) -> float:
        """Inches that it is wide."""
        return max(NARROWEST_IN, MARGINS_IN + WINDOW_IN * len(self.log_mels))


def check_drawing() -> None:
    """Raise `TaggerError` where matplotlib is missing or does not start."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it would tell where it caches fonts
    try:
        import_module("matplotlib")
    except ImportError:
        raise TaggerError(
            "drawing needs matplotlib; install it with pip install 'music-tagger[plots]'"
        ) from None
    except ValueError as error:
        raise TaggerError(f"matplotlib does not start ({error}); check MPLBACKEND and matplotlibrc") from None


def spectrograms(
    panels: Sequence[Panel], front_end: FrontEnd, filter_bank: NDArray[np.float32], format: str
) -> bytes:
    """Draw files beside each other on one scale of colours, as a picture in one of `FORMATS`.

    Time is in seconds of the track. `filter_bank` is (n_mels, 1 + n_fft // 2), the frequencies of each
    band. The same panels give the same bytes. Raises `TaggerError` without matplotlib.
    """
    check_drawing()
    with _own_style():
        return _saved(_figure(panels, front_end, band_centres_hz(filter_bank, front_end)), format)


def band_centres_hz(filter_bank: NDArray[np.float32], front_end: FrontEnd) -> FloatArray:
    """Give the mean frequency of each band, (n_mels,)."""
    bins_hz = np.arange(filter_bank.shape[1]) * front_end.sample_rate_hz / front_end.n_fft
    centres: FloatArray = filter_bank @ bins_hz / np.maximum(filter_bank.sum(axis=1), 1e-12)
    return centres


def colour_range_db(panels: Sequence[Panel]) -> tuple[float, float]:
    """Give the quietest and the loudest level that have a colour of their own.

    >>> colour_range_db([Panel("a.mp3", "", (0.0,), (np.array([[-3.0, -50.0]]),))])
    (-83.0, -3.0)
    """
    loudest = max(float(log_mel.max()) for panel in panels for log_mel in panel.log_mels)
    top = max(loudest, FLOOR_DB + RANGE_DB)
    return top - RANGE_DB, top


@contextmanager
def _own_style() -> Iterator[None]:
    """Use matplotlib without its owner's style, and without warnings of letters that its font lacks."""
    import matplotlib

    with warnings.catch_warnings(), matplotlib.rc_context():
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {"font.family": list(FONTS), "svg.hashsalt": "tagger", "svg.fonttype": "none"}
        )
        yield


def _figure(panels: Sequence[Panel], front_end: FrontEnd, bands_hz: FloatArray) -> Figure:
    """Make a figure of no window system: it is drawn when it is saved."""
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
        axes.xaxis.set_major_formatter(ScalarFormatter(useOffset=False))  # else 1234 s is 1.23e+03
        axes.xaxis.set_major_locator(MaxNLocator(6, steps=(1, 2, 5, 10)))
        axes.set(xlabel="", ylabel="Hz")
        axes.label_outer()
    part.supxlabel("seconds of the track", size=10)
    part.colorbar(mesh, ax=list(all_axes), label="dB")
    name = _shortened(_drawable(panel.name), int(NAME_LETTERS_PER_IN * panel.width_in))
    part.suptitle(f"{name}\n{panel.caption}", size=10, parse_math=False)


def _saved(figure: Figure, format: str) -> bytes:
    # Without a date, so that the same panels give the same bytes.
    how: dict[str, dict[str, Any]] = {
        "svg": {"metadata": {"Date": None}},
        "pdf": {"metadata": {"CreationDate": None}},
        "webp": {"pil_kwargs": {"quality": 90}},
    }
    file = io.BytesIO()
    figure.savefig(file, format=format, dpi=100, facecolor="white", **how.get(format, {}))
    return file.getvalue()


def _drawable(text: str) -> str:
    """Put a replacement sign for what no font has: bytes that are no text, and control characters."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _shortened(text: str, n_letters: int) -> str:
    """Cut a name to `n_letters` by leaving out the middle: the ends say most."""
    if len(text) <= n_letters:
        return text
    kept = n_letters - 1
    return f"{text[: kept - kept // 2]}…{text[-(kept // 2) :]}"
