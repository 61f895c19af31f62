"""The pictures of cards and reports; only the functions that draw import matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tagger.training.metrics import calibration_error, correlation, reliability
from tagger.types import FloatArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, GREY = "#2b6ca3", "#8a8a8a"

LEAST_SHOWN = 2.5
"""Per cent from which on a cell of the confusion matrix shows its number."""


def draw_confusion(path: str, matrix: FloatArray, genres: Sequence[str]) -> None:
    """Draw the per cent of each label (row, with its number of clips) that were given each genre (column)."""
    from sklearn.metrics import ConfusionMatrixDisplay

    figure = _figure(7.6, 6.6)
    axes = figure.add_subplot()
    totals = matrix.sum(axis=1)
    share = 100 * matrix / np.maximum(totals, 1e-9)[:, None]
    display = ConfusionMatrixDisplay(share, display_labels=genres)
    how = {"vmin": 0, "vmax": 100, "interpolation": "none"}
    display.plot(ax=axes, cmap="Blues", values_format=".0f", im_kw=how, text_kw={"size": 8}, colorbar=False)
    for text, value in zip(display.text_.flat, share.flat, strict=True):
        text.set_visible(value >= LEAST_SHOWN)
    axes.set_xticks(range(len(genres)), genres, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(genres)), [f"{g} ({n:.0f})" for g, n in zip(genres, totals, strict=True)])
    axes.tick_params(length=0)
    axes.set(xlabel="first answer", ylabel="label (clips)", title="Of each label, % answered")
    _save(figure, path)


def draw_reliability(path: str, confidence: FloatArray, correct: NDArray[np.bool_]) -> None:
    """Draw the share correct over the confidence in ten bins; a point is as large as its bin has clips."""
    counts, means, shares = reliability(confidence, correct)
    figure = _figure(4.8, 4.6)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
    axes.errorbar(means, shares, yerr=_wilson(shares, counts), color=BLUE, linewidth=1, capsize=2)
    axes.scatter(means, shares, s=1500 * counts / counts.sum(), color=BLUE, alpha=0.6)
    axes.set(xlabel="confidence", ylabel="share correct", xlim=(0, 1), ylim=(0, 1))
    axes.set_title(f"Calibration error {calibration_error(confidence, correct):.3f}, {len(confidence)} clips")
    _save(figure, path)


def draw_energy(path: str, arousal: FloatArray, energy: FloatArray) -> None:
    """Draw the energy over the arousal that listeners gave, both 0–1."""
    figure = _figure(4.8, 4.6)
    axes = figure.add_subplot()
    axes.scatter(arousal, energy, s=12, color=BLUE, alpha=0.5, linewidths=0)
    axes.set(xlabel="arousal, mean of listeners (DEAM)", ylabel="energy", xlim=(0, 1), ylim=(-0.02, 1.02))
    axes.set_title(f"r = {correlation(arousal, energy):.2f}, {len(energy)} clips")
    _save(figure, path)


def draw_curves(path: str, log: Mapping[str, FloatArray]) -> None:
    """Draw the loss of a training log over its epochs, and below it the figures of the validation split."""
    names = [
        name for name in log if name not in ("epoch", "loss", "seconds") and not np.isnan(log[name]).all()
    ]
    large = [name for name in names if np.nanmax(log[name]) > 1]
    small = [name for name in names if name not in large]
    figure = _figure(6.4, 6.0)
    first, *others = figure.subplots(1 + bool(small) + bool(large), 1, sharex=True, squeeze=False)[:, 0]
    first.plot(log["epoch"], log["loss"], color=BLUE)
    first.set(ylabel="training loss")
    for axes, shown in zip(others, filter(None, (small, large)), strict=True):
        for name in shown:
            measured = ~np.isnan(log[name])
            axes.plot(log["epoch"][measured], log[name][measured], marker=".", label=name)
        axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
        axes.set(ylabel="validation", ylim=(0, 1 if shown is small else None))
    (others or [first])[-1].set(xlabel="epoch")
    _save(figure, path)


def draw_log_mels(path: str, titles: Sequence[str], log_mels: Sequence[NDArray[np.float16]]) -> None:
    """Draw up to nine log-mels, (n_mels, n_frames) in dB, three in a row; the loudest 80 dB of each."""
    figure = _figure(9.0, 7.2)
    for place, (title, log_mel) in enumerate(zip(titles, log_mels, strict=True), 1):
        axes = figure.add_subplot(3, 3, place)
        top = float(log_mel.max())
        axes.imshow(
            log_mel.astype(np.float32), origin="lower", aspect="auto", cmap="magma", vmin=top - 80, vmax=top
        )
        axes.set_title(title, size=8)
        axes.tick_params(labelsize=6)
        if place % 3 == 1:
            axes.set_ylabel("mel band", size=7)
        if place > 6:
            axes.set_xlabel("frame", size=7)
    _save(figure, path)


def _wilson(shares: FloatArray, counts: FloatArray) -> FloatArray:
    """Give (2, n) how far the ends of the 95 % interval lie below and above each share (Wilson 1927)."""
    z = 1.96
    centre = (shares + z**2 / (2 * counts)) / (1 + z**2 / counts)
    half = z * np.sqrt(shares * (1 - shares) / counts + z**2 / (4 * counts**2)) / (1 + z**2 / counts)
    return np.array([shares - centre + half, centre + half - shares]).clip(min=0)


def _figure(width_in: float, height_in: float) -> Figure:
    """Make a figure of no window system: it is drawn by Agg or as SVG when it is saved."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), layout="constrained")


def _save(figure: Figure, path: str) -> None:
    """Save a figure by the ending of `path`; the same figure gives the same bytes. Text stays text in SVG."""
    import matplotlib

    how: dict[str, Any] = {"metadata": {"Date": None}} if path.endswith(".svg") else {}
    if path.endswith(".webp"):
        how = {"pil_kwargs": {"quality": 60}}
    with matplotlib.rc_context({"svg.hashsalt": "tagger", "svg.fonttype": "none"}):
        figure.savefig(path, dpi=100, facecolor="white", **how)
