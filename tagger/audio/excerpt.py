"""Read the windows of one file: seek to each of them, decode it, mix it to mono."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NoReturn

import av
import numpy as np
from av import AudioFrame
from av.audio.stream import AudioStream

from tagger.audio.metadata import TagNames
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
"""A track shorter than this is read whole; also all that is read where no window could be decoded."""

PREROLL_S = 0.25
"""Decoded before each window and thrown away: the bit reservoir of mp3, the 80 ms of Opus (RFC 7845)."""

MIN_SOUND_S = 0.02
"""A file with less sound than this cannot be analysed."""

SLACK_S = 1.5
"""By so much may the packets of a window be short of it: the longest packets last a second."""

SAME_S, SAME_SHARE = 1.0, 0.02
"""A stated length is believed within this many seconds, or this share, of what the packets have."""

BELIEVED_RATE = 1.5
"""Windows with this many times the bytes a second that the stated length leaves for the file refute it."""

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
    bounded whatever the file's length. Damaged packets are passed over. A stated length that the windows
    refute, and one that is missing, is replaced by that of the packets, all of which are then read.
    Where all three windows are silent, further ones at 5 % and 95 % and the first 30 s are read as well, and
    all are given.

    Raises `AudioError`, whose text does not repeat the path, where no sound can be decoded, and
    `UnreadableFile` where the drive or the rights forbid to read any part of it that is needed: the file
    may be whole.

        excerpt = read_excerpt("song.mp3", sample_rate_hz=22_050, window_s=10.0)
        [(window.start_s, window.samples.shape) for window in excerpt.windows]
    """
    with _opened(path) as source:
        return _ExcerptReader(source, sample_rate_hz, window_s).read(centres)


def identify(path: str, *, window_s: float) -> Recording:
    """Give the recording that `read_excerpt` gives, from the same bytes but undecoded: 3 ms a track.

    Its `audio_id` differs only where the stated length is wrong or the sound is damaged. Raises `AudioError`
    as `read_excerpt` does.
    """
    with _opened(path) as source:
        return _ExcerptReader(source, 0, window_s).read(CENTRES).recording


def names_of(path: str) -> TagNames:
    """Give the names that the container of a file has; its sound is not looked at.

    Raises `AudioError` as `read_excerpt` does.
    """
    with _opened(path) as source, open_stream(source) as stream:
        return stream.tags


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
    """Reads the windows of one file, and hashes their packets on the way; without a rate it only hashes."""

    def __init__(self, source: BoundedFile, sample_rate_hz: int, window_s: float) -> None:
        self._source = source
        self._rate_hz = sample_rate_hz
        self._window_s = window_s
        self._in_line = False
        self._identity = hashlib.blake2b(digest_size=16)
        self._n_bytes = self._n_errors = 0
        self._covered_s = self._missing_s = self._reach_s = 0.0

    def read(self, centres: Sequence[float]) -> Excerpt:
        """Decode the windows around `centres` of the length that the file states, if that can be believed."""
        found: Excerpt | None = None
        with open_stream(self._source) as stream:
            stated_s = stream.duration_s
            if stated_s and not stream.has_many_times:
                found = self._excerpt(stream, stated_s, stated_s, centres)
                is_refuted = self._has_other_rate(stream)
                if found and not is_refuted and self._missing_s <= SLACK_S:
                    if not self._is_cut_short(stream):
                        return self._with_further(found, centres)
                    return self._with_further(self._as_cut(found), centres)
                # Damage in the middle ends a reading in line; then windows behind it bear the length out.
                self._reach_s *= not is_refuted
            is_stated = stated_s is not None and not stream.is_guessed
        measured = self._measured(centres, found)
        length_s = measured.recording.duration_s
        if is_stated and stated_s and length_s and stated_s - length_s > _tolerance_s(stated_s):
            measured = replace(measured, recording=replace(measured.recording, damaged=True))
        return self._with_further(measured, centres)

    def _measured(self, centres: Sequence[float], found: Excerpt | None) -> Excerpt:
        """Decode the windows of the length that the packets have, unless it bears out what was `found`."""
        with open_stream(self._source, in_line=True) as stream:
            length_s, reach_s = stream.measured_s()
        if found and length_s and found.recording.duration_s:
            difference_s = abs(length_s - found.recording.duration_s)
            if difference_s <= _tolerance_s(found.recording.duration_s) or self._reach_s > length_s + SAME_S:
                return found
        self._in_line = True
        with open_stream(self._source, in_line=True) as stream:
            windows = self._excerpt(stream, length_s, reach_s, centres)
            return windows or self._excerpt(stream, length_s, 0.0, centres) or _nothing()

    def _excerpt(
        self, stream: SoundStream, length_s: float | None, reach_s: float, centres: Sequence[float]
    ) -> Excerpt | None:
        """Decode the windows of what can be reached, or a short track whole; None where none holds sound."""
        self._identity = hashlib.blake2b(self._beginning(stream, length_s), digest_size=16)
        self._n_bytes = self._n_errors = 0
        self._covered_s = self._missing_s = self._reach_s = 0.0
        starts = window_starts(reach_s, self._window_s, centres)
        if not starts:
            return self._whole(stream, length_s)
        windows = self._windows(stream, starts)
        if not windows and self._rate_hz:
            return None
        return Excerpt(self._recording(stream, length_s), windows)

    def _has_other_rate(self, stream: SoundStream) -> bool:
        """Tell whether the size of the packets that were read refutes the stated length."""
        rate = self._n_bytes / self._covered_s if self._covered_s else math.inf
        if stream.is_guessed:  # right, if it is right at all
            return abs(rate - stream.bytes_per_s) > SAME_SHARE * stream.bytes_per_s
        return rate > BELIEVED_RATE * stream.bytes_per_s

    def _is_cut_short(self, stream: SoundStream) -> bool:
        """Tell whether there is nothing in the last ten seconds of the length that a file states."""
        late_s = (stream.duration_s or 0.0) - self._window_s
        if stream.is_guessed or late_s < WHOLE_S - self._window_s:
            return False
        stream.allow(self._window_s)
        if not stream.seek(late_s):
            return False
        times_s = (stream.time_s(packet) for packet in stream.packets() if packet.size)
        return not any(time_s >= late_s - SLACK_S for time_s in times_s)

    def _as_cut(self, found: Excerpt) -> Excerpt:
        """Give a file that was cut off behind its windows the length, and an identity, of what is left."""
        with open_stream(self._source, in_line=True) as stream:
            length_s, _ = stream.measured_s()
        stated_s = found.recording.duration_s or 0.0
        if not length_s or stated_s - length_s <= max(self._window_s / 2, _tolerance_s(stated_s)):
            return found
        self._identity.update(f"cut {length_s:.2f}".encode())
        audio_id = self._identity.hexdigest()
        recording = replace(found.recording, audio_id=audio_id, duration_s=length_s, damaged=True)
        return replace(found, recording=recording)

    def _with_further(self, found: Excerpt, centres: Sequence[float]) -> Excerpt:
        """Look where a track with three silent windows may have its sound: at both ends of it."""
        length_s = found.recording.duration_s or 0.0
        is_silence = all(is_silent(window.samples) for window in found.windows)
        if not self._rate_hz or centres != CENTRES or length_s < WHOLE_S or not is_silence:
            return found
        starts = window_starts(length_s, self._window_s, FURTHER_CENTRES)
        with open_stream(self._source, self._in_line) as stream:
            ends = self._windows(stream, starts)
        with open_stream(self._source, self._in_line) as stream:
            first = self._cut(self._read(stream, 0.0, WHOLE_S))
        return replace(found, windows=_in_order(*found.windows, *ends, *first))

    def _windows(self, stream: SoundStream, starts: Sequence[float]) -> tuple[Window, ...]:
        """Decode the windows that begin at `starts` and hold sound."""
        found = [self._window_at(stream, start_s) for start_s in starts]
        return tuple(w for w in found if len(w.samples) >= max(1, MIN_WINDOW_S * self._rate_hz))

    def _whole(self, stream: SoundStream, length_s: float | None) -> Excerpt:
        """Decode the first 30 s and cut them into windows."""
        whole = self._read(stream, 0.0, WHOLE_S)
        decoded_s = len(whole.samples) / self._rate_hz if self._rate_hz else 0.0
        if self._rate_hz and (decoded_s < MIN_SOUND_S or stream.mostly_damaged):
            _nothing()
        short_s = decoded_s if 0.0 < decoded_s < WHOLE_S else length_s
        covered_s = min(length_s or 0.0, WHOLE_S - PREROLL_S)
        self._missing_s = abs(covered_s - self._covered_s)  # more of it is as wrong as less
        return Excerpt(self._recording(stream, short_s), self._cut(whole) if self._rate_hz else ())

    def _cut(self, whole: Window) -> tuple[Window, ...]:
        """Cut a sound into the fewest windows that cover it."""
        n = int(self._window_s * self._rate_hz)
        return tuple(
            Window(whole.start_s + first / self._rate_hz, whole.samples[first : first + n])
            for first in split_starts(len(whole.samples), n)
        )

    def _window_at(self, stream: SoundStream, start_s: float) -> Window:
        """Decode the window at `start_s`; it has no samples where there is no sound."""
        if self._in_line:
            with open_stream(self._source, in_line=True) as afresh:
                return self._read(afresh, start_s, self._window_s)
        covered_s = self._covered_s
        window = Window(start_s, np.zeros(0, np.float32))
        if stream.seek(max(0.0, start_s - PREROLL_S)):
            read = self._read(stream, start_s, self._window_s)
            window = window if stream.mostly_damaged else read
        missing_s = self._window_s - PREROLL_S - (self._covered_s - covered_s)
        self._missing_s = max(self._missing_s, missing_s)
        return window

    def _read(self, stream: SoundStream, start_s: float, length_s: float) -> Window:
        """Decode `length_s` from `start_s` on, or only hash it."""
        stream.allow(length_s)
        if self._rate_hz:
            return self._decoded(stream, start_s, length_s)
        for _, time_s in self._packets(stream, start_s, length_s):
            if time_s >= start_s + length_s - PREROLL_S:
                break
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
                n_errors = stream.n_errors
                yield from stream.decode(packet)
                if start_s <= time_s < start_s + length_s - PREROLL_S:
                    self._n_errors += stream.n_errors - n_errors + stream.is_rotten(packet)

    def _packets(
        self, stream: SoundStream, start_s: float, length_s: float
    ) -> Iterator[tuple[av.Packet[AudioStream], float]]:
        """Yield packets and their times from here on.

        Only those that begin well within the window count for the identity: where a seek lands and
        how far a decoder reads ahead may change when the tags of a file do.
        """
        for packet in stream.packets():
            time_s = stream.time_s(packet)
            if packet.size and start_s <= time_s < start_s + length_s - PREROLL_S:
                self._identity.update(packet)
                self._n_bytes += packet.size
                self._covered_s += min(stream.packet_s(packet), length_s)
                self._reach_s = max(self._reach_s, time_s)
            yield packet, time_s

    def _beginning(self, stream: SoundStream, length_s: float | None) -> bytes:
        """What the identity begins with; the size of the file stands for a length that nobody knows."""
        length = f"{self._source.size} bytes" if length_s is None else f"{length_s:.2f}"
        return f"{stream.codec} {length}".encode()

    def _recording(self, stream: SoundStream, duration_s: float | None) -> Recording:
        return Recording(
            audio_id=self._identity.hexdigest(),
            duration_s=duration_s,
            codec=stream.codec,
            sample_rate_hz=stream.sample_rate_hz,
            channels=stream.channels,
            damaged=self._n_errors > 0 or stream.is_cut,
            **stream.tags,
        )


def _tolerance_s(stated_s: float) -> float:
    return max(SAME_S, SAME_SHARE * stated_s)


def _nothing() -> NoReturn:
    raise AudioError("holds no sound that can be decoded; replace the file")


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
