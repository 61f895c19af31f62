"""From decoded frames of any layout to mono float32 at one rate."""

from __future__ import annotations

import numpy as np
import soxr
from av import AudioFifo, AudioFrame
from numpy.typing import NDArray

from tagger.errors import AudioError

DRAIN_SAMPLES = 1 << 17
"""Samples per channel after which buffered frames are mixed down, so that memory stays bounded."""

LOUDEST = 64.0
"""Float files may hold anything; beyond +36 dBFS it is damage, and squares must not overflow."""

RATES_HZ = (1_000, 1_600_000)
"""Sample rates outside of this range are damage in a header (DSD512 decodes to 1,411,200 Hz / 2)."""


class MonoBuffer:
    """Collects the decoded frames of one window and gives them back as one mono signal.

    A stream may change its channel count, sample format or rate between two frames; each stretch
    of one kind is mixed (mean of the channels) and resampled (soxr HQ) by itself.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self.seconds = 0.0
        self._rate_hz = sample_rate_hz
        self._kind: tuple[str, str, int] | None = None
        self._fifo = AudioFifo()
        self._mixed: list[NDArray[np.float32]] = []
        self._resampled: list[NDArray[np.float32]] = []

    def add(self, frame: AudioFrame) -> None:
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._kind:
            self._close_stretch()
            self._kind = kind
            self._fifo = AudioFifo()
        frame.pts = None  # the fifo insists on gapless times; damaged streams have none
        self._fifo.write(frame)
        self.seconds += frame.samples / frame.sample_rate
        if self._fifo.samples >= DRAIN_SAMPLES:
            self._drain()

    def signal(self) -> NDArray[np.float32]:
        """All of it so far, (n,) float32 at the wanted rate."""
        self._close_stretch()
        return np.concatenate(self._resampled) if self._resampled else np.zeros(0, np.float32)

    def _drain(self) -> None:
        frame = self._fifo.read(0, partial=True)
        if frame is not None:
            self._mixed.append(_mix_down(frame))

    def _close_stretch(self) -> None:
        self._drain()
        if self._mixed and self._kind:
            mono = np.concatenate(self._mixed)
            rate_hz = self._kind[2]
            if rate_hz != self._rate_hz:
                mono = soxr.resample(mono, rate_hz, self._rate_hz, quality="HQ")
            self._resampled.append(mono)
        self._mixed = []


def check_rate(sample_rate_hz: int) -> None:
    """Raises `AudioError` for a rate no recording has, before a resampler is built for it."""
    low, high = RATES_HZ
    if not low <= sample_rate_hz <= high:
        raise AudioError(f"impossible sample rate of {sample_rate_hz} Hz in its header; re-encode the file")


def _mix_down(frame: AudioFrame) -> NDArray[np.float32]:
    """The mean of the channels as (n,) float32, full scale ±1, free of NaN and infinities."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype == np.uint8:
        mono = samples.mean(axis=0, dtype=np.float32) / np.float32(128) - np.float32(1)
    elif samples.dtype.kind == "i":
        full_scale = np.float32(2.0 ** (8 * samples.dtype.itemsize - 1))
        mono = samples.mean(axis=0, dtype=np.float32) / full_scale
    else:
        finite = np.nan_to_num(samples, nan=0.0, posinf=LOUDEST, neginf=-LOUDEST)
        mono = finite.clip(-LOUDEST, LOUDEST).mean(axis=0, dtype=np.float32)
    return np.ascontiguousarray(mono, dtype=np.float32)
