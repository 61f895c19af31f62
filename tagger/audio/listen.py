"""Decodes the windows of one file with PyAV by seeking to each of them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from tagger.audio.metadata import metadata_of
from tagger.audio.mono import MonoBuffer, check_rate
from tagger.audio.spans import WHOLE_S, split_starts, window_starts
from tagger.errors import AudioError
from tagger.types import Recording, Window

FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,au,caf,dsf,eac3,flac,iff,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpc,mpc8,"
    "ogg,tak,tta,w64,wav,wv"
)
"""The demuxers that may open a file. Without this list a text file named `.mp3` could make FFmpeg
follow a playlist to other files or to the network."""

OPTIONS = {"fflags": "fastseek", "protocol_whitelist": "file", "format_whitelist": FORMATS}
"""`fastseek` makes an mp3 without a seek table jump by its bit rate instead of reading up to the window."""

PREROLL_S = 0.25
"""Decoded before each window and thrown away: the bit reservoir of mp3, the 80 ms of Opus (RFC 7845)."""

MAX_SKIP_S = 30.0
"""If a seek lands further before the window than this, the window is taken from where it landed."""

MIN_SOUND_S = 0.1
"""A file with less sound than this cannot be heard."""

MIN_WINDOW_S = 1.0
"""A window cut shorter than this (by the end of a truncated file) is dropped if another one is whole."""

MAX_WINDOW_BYTES = 256 << 20
"""Compressed bytes after which a window ends, whatever its time stamps claim."""

MAX_ERRORS = 500
"""Undecodable packets after which a window ends."""


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """What was heard of one file: at least one window, each a second long or the whole sound."""

    recording: Recording
    windows: tuple[Window, ...]


def listen(path: str, *, sample_rate_hz: int, window_s: float) -> Excerpt:
    """Decodes three windows of `window_s` seconds, or all of a track under 30 s, as mono float32.

    Work and memory are bounded whatever the file's length. Damaged packets are passed over. A wrong
    duration costs windows, not the track: where none of them holds sound, the first 30 s are read.
    Raises `AudioError` (its text does not repeat the path) where there is no sound to be had.
    """
    try:
        if os.path.getsize(path) == 0:
            raise AudioError("the file is empty (0 bytes); copy it again from its source")
        with _open(path) as container:
            return _Listener(container, sample_rate_hz, window_s).listen()
    except FileNotFoundError:
        raise AudioError("the file vanished before it could be read; scan again") from None
    except PermissionError:
        raise AudioError("permission denied; make the file readable") from None
    except av.error.InvalidDataError:
        raise AudioError("not an audio file, or damaged beyond reading") from None
    except (av.error.FFmpegError, OSError) as error:
        raise AudioError(f"cannot be read: {error.strerror or error}") from None


def _open(path: str) -> InputContainer:
    return av.open(path, options=OPTIONS, metadata_errors="replace")


class _Listener:
    """One open file while its windows are decoded; holds the running hash of their packets."""

    def __init__(self, container: InputContainer, sample_rate_hz: int, window_s: float) -> None:
        self._container = container
        self._rate_hz = sample_rate_hz
        self._window_s = window_s
        self._stream = _best_stream(container)
        self._codec = self._stream.codec_context
        self._codec.thread_count = 1
        self._duration_s = _duration_s(container, self._stream)
        self._origin_s = _seconds(self._stream, self._stream.start_time or 0)
        self._packets = hashlib.blake2b(digest_size=16)

    def listen(self) -> Excerpt:
        self._packets.update(f"{self._codec.codec.canonical_name} {self._duration_s:.2f}".encode())
        windows = [
            w for start_s in window_starts(self._duration_s, self._window_s) for w in self._seek(start_s)
        ]
        if not windows:
            windows = self._read_whole()
        recording = Recording(
            audio_id=self._packets.hexdigest(),
            duration_s=self._duration_s,
            codec=self._codec.codec.canonical_name,
            sample_rate_hz=self._codec.sample_rate,
            channels=self._codec.channels,
            **metadata_of(self._container, self._stream),
        )
        return Excerpt(recording, tuple(windows))

    def _seek(self, start_s: float) -> list[Window]:
        """The window at `start_s`, or none where the file ends before it or cannot be sought in."""
        target_s = max(0.0, start_s - PREROLL_S)
        try:
            ticks = round((self._origin_s + target_s) / _seconds(self._stream, 1))
            self._container.seek(ticks, stream=self._stream)
        except (av.error.FFmpegError, OSError):
            return []
        began_s, samples = self._decode(start_s, self._window_s)
        if len(samples) < MIN_WINDOW_S * self._rate_hz:
            return []
        return [Window(began_s, samples)]

    def _read_whole(self) -> list[Window]:
        with suppress(av.error.FFmpegError, OSError):  # where it cannot seek it stands at its start already
            self._container.seek(0)
        began_s, samples = self._decode(0.0, WHOLE_S)
        if len(samples) < MIN_SOUND_S * self._rate_hz:
            raise AudioError("holds no sound that can be decoded; replace the file")
        n = int(self._window_s * self._rate_hz)
        starts = split_starts(len(samples), n)
        return [Window(began_s + s / self._rate_hz, samples[s : s + n]) for s in starts]

    def _decode(self, start_s: float, length_s: float) -> tuple[float, NDArray[np.float32]]:
        """(time in seconds of the first sample, samples) of at most `length_s` from `start_s` on."""
        buffer = MonoBuffer(self._rate_hz)
        began_s, skip_s = start_s, 0.0
        for frame in self._frames():
            check_rate(frame.sample_rate)
            if buffer.seconds == 0.0:
                time_s = start_s if frame.time is None else frame.time - self._origin_s
                if start_s - MAX_SKIP_S < time_s + frame.samples / frame.sample_rate <= start_s:
                    continue
                began_s = max(0.0, time_s)
                skip_s = start_s - began_s if 0 < start_s - began_s < MAX_SKIP_S else 0.0
            buffer.add(frame)
            if buffer.seconds >= length_s + skip_s:
                break
        first = round(skip_s * self._rate_hz)
        samples = buffer.signal()[first : first + round(length_s * self._rate_hz)]
        return began_s + skip_s, samples

    def _frames(self) -> Iterator[av.AudioFrame]:
        """Frames from here on, passing over what cannot be decoded, until a bound is reached."""
        n_bytes = n_errors = 0
        while n_errors < MAX_ERRORS and n_bytes < MAX_WINDOW_BYTES:
            try:
                for packet in self._container.demux(self._stream):
                    n_bytes += packet.size
                    if packet.size:
                        self._packets.update(packet)
                    try:
                        yield from self._codec.decode(packet)
                    except av.error.FFmpegError:
                        n_errors += 1
                    if n_errors >= MAX_ERRORS or n_bytes >= MAX_WINDOW_BYTES:
                        break
                return
            except (av.error.FFmpegError, OSError):
                n_errors += 1


def _best_stream(container: InputContainer) -> AudioStream:
    stream = container.streams.best("audio")
    if not isinstance(stream, AudioStream):
        raise AudioError("holds no audio stream")
    return stream


def _duration_s(container: InputContainer, stream: AudioStream) -> float:
    """What the stream, or else the container, claims; 0.0 where neither does."""
    if stream.duration:
        return max(0.0, _seconds(stream, stream.duration))
    return max(0.0, (container.duration or 0) / av.time_base)


def _seconds(stream: AudioStream, ticks: int) -> float:
    return float(ticks * (stream.time_base or Fraction(1, av.time_base)))
