"""Read the windows of one file: seek to each of them, decode it, mix it to mono."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import av
import numpy as np
from av import AudioFrame
from av.audio.stream import AudioStream

from tagger.audio.samples import MonoBuffer, is_silent
from tagger.audio.source import BoundedFile
from tagger.audio.stream import SoundStream, open_stream
from tagger.errors import AudioError, UnreadableFile
from tagger.files import drive_fault
from tagger.types import Recording, Window

CENTRES = (0.2, 0.5, 0.8)
"""Centres of the windows as shares of the duration: past the intro, the middle, before the outro."""

FURTHER_CENTRES = (0.05, 0.95)
"""Looked at, too, before a track is called silent: there are songs with a long rest before a hidden track."""

WHOLE_S = 30.0
"""A track shorter than this is read whole; also all that is read where the duration is unknown."""

PREROLL_S = 0.25
"""Decoded before each window and thrown away: the bit reservoir of mp3, the 80 ms of Opus (RFC 7845)."""

MIN_SOUND_S = 0.02
"""A file with less sound than this cannot be analysed."""

MIN_WINDOW_S = 1.0
"""A window cut shorter than this (by the end of a truncated file) is dropped if another one is whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """The decoded part of one file: at least one window, each a second long or the whole sound."""

    recording: Recording
    windows: tuple[Window, ...]


def read_excerpt(
    path: str, *, sample_rate_hz: int, window_s: float, centres: Sequence[float] = CENTRES
) -> Excerpt:
    """Decode three windows of `window_s` seconds, or all of a track under 30 s, as mono float32.

    `centres` are the middles of the windows as shares of the track's length, 0–1. Work and memory are
    bounded whatever the file's length. Damaged packets are passed over. A wrong duration costs windows,
    not the track: where none of them holds sound, the first 30 s are read instead. Where all three are
    silent, further ones at 5 % and 95 % and the first 30 s are read as well, and all are given.

    Raises `AudioError`, whose text does not repeat the path, where no sound can be decoded, and
    `UnreadableFile` where the drive or the rights forbid to read any part of it that is needed: the file
    may be whole.

        excerpt = read_excerpt("song.mp3", sample_rate_hz=22_050, window_s=10.0)
        [(window.start_s, window.samples.shape) for window in excerpt.windows]
    """
    with _opened(path) as source:
        reader = _ExcerptReader(source, sample_rate_hz, window_s)
        found = reader.read_windows(centres)
        if found and centres == CENTRES and all(is_silent(window.samples) for window in found.windows):
            found = replace(found, windows=_in_order(*found.windows, *reader.read_further()))
        return found or reader.read_whole()


def identify(path: str, *, window_s: float) -> Recording:
    """Give the recording that `read_excerpt` gives, from the same bytes but undecoded: 3 ms a track.

    Its `audio_id` differs only where the file's duration is wrong or its sound is damaged. Raises
    `AudioError` as `read_excerpt` does.
    """
    with _opened(path) as source:
        return _ExcerptReader(source, 0, window_s).identify()


def window_starts(duration_s: float, window_s: float, centres: Sequence[float] = CENTRES) -> list[float]:
    """Give the start times in seconds of the windows; none where the track is to be read whole.

    >>> window_starts(200.0, 10.0)
    [35.0, 95.0, 155.0]
    >>> window_starts(29.9, 10.0)
    []
    """
    if not WHOLE_S <= duration_s < math.inf:
        return []
    return [max(0.0, centre * duration_s - window_s / 2) for centre in centres]


def split_starts(n_samples: int, window_samples: int) -> list[int]:
    """Give the first samples of the fewest windows that cover a sound read whole, evenly spread.

    One window where the sound is shorter than a window; else neighbours overlap where they must.

    >>> split_starts(25, 10)
    [0, 8, 15]
    """
    n_windows = max(1, math.ceil(n_samples / window_samples))
    spare = max(0, n_samples - window_samples)
    return [round(spare * i / max(1, n_windows - 1)) for i in range(n_windows)]


class _ExcerptReader:
    """Reads the windows of one file, and hashes their packets on the way."""

    def __init__(self, source: BoundedFile, sample_rate_hz: int, window_s: float) -> None:
        self._source = source
        self._rate_hz = sample_rate_hz
        self._window_s = window_s
        self._identity = hashlib.blake2b(digest_size=16)

    def read_windows(self, centres: Sequence[float]) -> Excerpt | None:
        """Decode the windows around `centres`.

        None where the duration is short, unknown, or so wrong that no window holds sound.
        """
        with open_stream(self._source) as stream:
            self._begin_identity(stream)
            starts = window_starts(stream.duration_s, self._window_s, centres)
            found = [self._window_at(stream, start_s) for start_s in starts]
            windows = tuple(w for w in found if len(w.samples) >= MIN_WINDOW_S * self._rate_hz)
            return Excerpt(self._recording(stream, stream.duration_s), windows) if windows else None

    def read_further(self) -> tuple[Window, ...]:
        """Decode where a track with three silent windows may have its sound: the ends of it."""
        ends = self.read_windows(FURTHER_CENTRES)
        with open_stream(self._source) as stream:
            first = self._first(stream)
        return (*(ends.windows if ends else ()), *self._cut(first))

    def read_whole(self) -> Excerpt:
        """Decode the first 30 s and cut them into windows. If there is more, the duration is unknown."""
        with open_stream(self._source) as stream:
            self._begin_identity(stream)
            whole = self._first(stream)
            decoded_s = len(whole.samples) / self._rate_hz
            if decoded_s < MIN_SOUND_S or stream.mostly_damaged:
                raise AudioError("holds no sound that can be decoded; replace the file")
            recording = self._recording(stream, decoded_s if decoded_s < WHOLE_S else 0.0)
        return Excerpt(recording, self._cut(whole))

    def identify(self) -> Recording:
        """Hash the packets of the windows, or of the first 30 s, without decoding them."""
        with open_stream(self._source) as stream:
            self._begin_identity(stream)
            starts = window_starts(stream.duration_s, self._window_s)
            length_s = self._window_s if starts else WHOLE_S
            for start_s in starts or [0.0]:
                stream.allow(length_s)
                if start_s == 0.0 or stream.seek(max(0.0, start_s - PREROLL_S)):
                    for _, time_s in self._packets(stream, start_s, length_s):
                        if time_s >= start_s + length_s - PREROLL_S:
                            break
            return self._recording(stream, stream.duration_s)

    def _first(self, stream: SoundStream) -> Window:
        """Decode the first 30 s."""
        stream.allow(WHOLE_S)
        return self._decoded(stream, 0.0, WHOLE_S)

    def _cut(self, whole: Window) -> tuple[Window, ...]:
        """Cut a sound into the fewest windows that cover it."""
        n = int(self._window_s * self._rate_hz)
        return tuple(
            Window(whole.start_s + first / self._rate_hz, whole.samples[first : first + n])
            for first in split_starts(len(whole.samples), n)
        )

    def _window_at(self, stream: SoundStream, start_s: float) -> Window:
        """Decode the window at `start_s`; it has no samples where there is no sound."""
        stream.allow(self._window_s)
        if stream.seek(max(0.0, start_s - PREROLL_S)):
            window = self._decoded(stream, start_s, self._window_s)
            if not stream.mostly_damaged:
                return window
        return Window(start_s, np.zeros(0, np.float32))

    def _decoded(self, stream: SoundStream, start_s: float, length_s: float) -> Window:
        """Decode at most `length_s` from `start_s` on, or from where there is sound again."""
        buffer = MonoBuffer(self._rate_hz)
        began_s, early_s = start_s, 0.0
        with np.errstate(over="ignore", invalid="ignore"):  # damaged float samples
            for frame in self._frames(stream, start_s, length_s):
                if buffer.seconds == 0.0:
                    began_s = max(0.0, stream.time_s(frame))
                    if began_s + frame.samples / frame.sample_rate <= start_s:
                        continue
                    early_s = max(0.0, start_s - began_s)
                buffer.add(frame)
                if buffer.seconds >= early_s + length_s:
                    break
            samples = buffer.signal()
        first = round(early_s * self._rate_hz)
        return Window(began_s + early_s, samples[first : first + round(length_s * self._rate_hz)])

    def _frames(self, stream: SoundStream, start_s: float, length_s: float) -> Iterator[AudioFrame]:
        """Yield the frames from at most `PREROLL_S` before `start_s` on."""
        for packet, time_s in self._packets(stream, start_s, length_s):
            if time_s + stream.packet_s(packet) > start_s - PREROLL_S:
                yield from stream.decode(packet)

    def _packets(
        self, stream: SoundStream, start_s: float, length_s: float
    ) -> Iterator[tuple[av.Packet[AudioStream], float]]:
        """Yield packets and their times from here on.

        Only those that begin well within the window count for the identity: where a seek lands and
        how far a decoder reads ahead may change when the tags of a file do.
        """
        for packet in stream.packets():
            time_s = stream.time_s(packet)
            if start_s <= time_s < start_s + length_s - PREROLL_S:
                self._identity.update(packet)
            yield packet, time_s

    def _begin_identity(self, stream: SoundStream) -> None:
        self._identity = hashlib.blake2b(f"{stream.codec} {stream.duration_s:.2f}".encode(), digest_size=16)

    def _recording(self, stream: SoundStream, duration_s: float) -> Recording:
        return Recording(
            audio_id=self._identity.hexdigest(),
            duration_s=duration_s,
            codec=stream.codec,
            sample_rate_hz=stream.sample_rate_hz,
            channels=stream.channels,
            **stream.tags,
        )


def _in_order(*windows: Window) -> tuple[Window, ...]:
    """Sort windows by their times, one for each time."""
    by_start = {round(window.start_s, 2): window for window in reversed(windows)}
    return tuple(by_start[start_s] for start_s in sorted(by_start))


@contextmanager
def _opened(path: str) -> Iterator[BoundedFile]:
    """Open a file; turn the errors of the file system and of FFmpeg into an `AudioError` of one line."""
    try:
        with BoundedFile(path) as source:
            try:
                yield source
            finally:
                if source.fault:  # whatever came of it: the file is not to blame
                    raise source.fault
    except FileNotFoundError:
        raise AudioError("the file vanished before it could be read; scan again") from None
    except av.error.FFmpegError as error:
        raise AudioError(f"cannot be read: {error.strerror or error}") from None
    except OSError as error:
        raise UnreadableFile(drive_fault(error)) from None
