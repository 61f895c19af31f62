"""Mix decoded frames of any layout down to mono float32 at one sample rate."""

from __future__ import annotations

from typing import Any

import numpy as np
import soxr
from av import AudioFrame
from numpy.typing import NDArray

from tagger.errors import AudioError

LOUDEST = 64.0
"""Float files may hold anything; beyond +36 dBFS it is damage, and squares must not overflow."""

RATES_HZ = (1_000, 1_600_000)
"""Sample rates outside of this range are damage in a header (DSD512 decodes to 1,411,200 Hz / 2)."""

SILENCE_RMS = 1e-4
"""−80 dBFS: well over the noise of dithered 16-bit sound (−96 dBFS), well under any music."""

SAMPLE_TYPES = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}
FULL_SCALE = {"u8": 2.0**7, "s16": 2.0**15, "s32": 2.0**31, "s64": 2.0**63, "flt": 1.0, "dbl": 1.0}
"""By FFmpeg's names of the sample formats, less the `p` of the planar ones (libavutil/samplefmt.h)."""


def is_silent(samples: NDArray[np.float32]) -> bool:
    """Tell whether the root mean square of `samples`, (n,) with full scale ±1, is under −80 dBFS.

    >>> is_silent(np.zeros(22_050, np.float32)), is_silent(np.full(22_050, 0.01, np.float32))
    (True, False)
    """
    return bool(np.dot(samples, samples) < SILENCE_RMS**2 * len(samples))


def resampled(samples: NDArray[np.float32], from_hz: int, to_hz: int) -> NDArray[np.float32]:
    """Bring mono sound (n,) from one sample rate to another (soxr HQ)."""
    if from_hz == to_hz:
        return samples
    found: NDArray[np.float32] = soxr.resample(samples, from_hz, to_hz, quality="HQ")
    return found


class MonoBuffer:
    """Collects the decoded frames of one window and gives them back as one mono signal.

    A stream may change its channel count, sample format or rate between two frames; each stretch
    of one kind is mixed (mean of the channels) and resampled (soxr HQ) by itself.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self.seconds = 0.0
        self._rate_hz = sample_rate_hz
        self._kind: tuple[str, int, int] | None = None
        self._sums = np.empty(1 << 19, np.float32)
        self._n_sums = 0
        self._resampled: list[NDArray[np.float32]] = []

    def add(self, frame: AudioFrame) -> None:
        """Mix one frame in. Raises `AudioError` for a sample rate that no recording has."""
        kind = (frame.format.name, frame.layout.nb_channels, frame.sample_rate)
        if kind != self._kind:
            self._close_stretch()
            _check_rate(frame.sample_rate)
            self._kind = kind
        n_samples = frame.samples
        end = self._n_sums + n_samples
        if end > len(self._sums):
            self._sums = np.resize(self._sums, 2 * end)
        _sum_channels(frame, kind[0], kind[1], self._sums[self._n_sums : end])
        self._n_sums = end
        self.seconds += n_samples / kind[2]

    def signal(self) -> NDArray[np.float32]:
        """Give everything so far, (n,) float32 at the wanted rate, full scale ±1, finite."""
        self._close_stretch()
        if len(self._resampled) == 1:
            return self._resampled[0]
        return np.concatenate(self._resampled) if self._resampled else np.zeros(0, np.float32)

    def _close_stretch(self) -> None:
        if self._n_sums and self._kind:
            sample_format, n_channels, rate_hz = self._kind
            mono = self._sums[: self._n_sums]
            mono *= np.float32(1.0 / (n_channels * FULL_SCALE[sample_format.removesuffix("p")]))
            if sample_format.startswith("u8"):
                mono -= np.float32(1.0)
            mono = _repaired(mono)
            same_rate = rate_hz == self._rate_hz
            self._resampled.append(mono.copy() if same_rate else resampled(mono, rate_hz, self._rate_hz))
        self._n_sums = 0


def _check_rate(sample_rate_hz: int) -> None:
    low, high = RATES_HZ
    if not low <= sample_rate_hz <= high:
        raise AudioError(f"impossible sample rate of {sample_rate_hz} Hz in its header; re-encode the file")


def _sum_channels(frame: AudioFrame, sample_format: str, n_channels: int, out: NDArray[np.float32]) -> None:
    """Write the sum of the channels into `out`, (n,) float32, in the units of the sample format.

    Reads the planes in place: `AudioFrame.to_ndarray` and FFmpeg's audio fifo, one copy each, would
    take longer than the sum. Frames are mixed one by one while they are still in the CPU's cache.
    """
    n_samples = len(out)
    planes: Any = frame.planes
    if sample_format == "fltp" and n_channels == 2:  # nearly every frame of a music library
        left, right = planes
        np.add(np.frombuffer(left, np.float32, n_samples), np.frombuffer(right, np.float32, n_samples), out)
        return
    sample_type = SAMPLE_TYPES[sample_format.removesuffix("p")]
    planes = planes[:n_channels]  # of 7.1 PyAV lists planes that do not exist
    channels: list[NDArray[Any]]
    if sample_format.endswith("p"):
        channels = [np.frombuffer(plane, sample_type, n_samples) for plane in planes]
    else:
        interleaved = np.frombuffer(planes[0], sample_type, n_samples * n_channels)
        channels = [interleaved[i::n_channels] for i in range(n_channels)]
    out[:] = channels[0]
    for channel in channels[1:]:
        np.add(out, channel, out, dtype=np.float32, casting="same_kind")


def _repaired(mono: NDArray[np.float32]) -> NDArray[np.float32]:
    """Replace what is not a number by silence, and cut what is beyond `LOUDEST`."""
    if mono.min() >= -LOUDEST and mono.max() <= LOUDEST:  # not so where there is a NaN
        return mono
    return np.nan_to_num(mono, copy=False, nan=0.0).clip(-LOUDEST, LOUDEST)
