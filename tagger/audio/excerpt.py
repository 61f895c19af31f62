"""Read the windows of one file: seek to each of them, decode it, mix it to mono."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import av
import numpy as np
from av import AudioFrame
from av.audio.stream import AudioStream

from tagger.audio.samples import MonoBuffer
from tagger.audio.source import Source
from tagger.audio.stream import Sound, open_sound
from tagger.errors import AudioError
from tagger.types import Recording, Window

CENTRES = (0.2, 0.5, 0.8)
"""Centres of the windows as shares of the duration: past the intro, the middle, before the outro."""

WHOLE_S = 30.0
"""A track shorter than this is read whole; also all that is read where the duration is unknown."""

PREROLL_S = 0.25
"""Decoded before each window and thrown away: the bit reservoir of mp3, the 80 ms of Opus (RFC 7845)."""

MIN_SOUND_S = 0.02
"""A file with less sound than this cannot be heard."""

MIN_WINDOW_S = 1.0
"""A window cut shorter than this (by the end of a truncated file) is dropped if another one is whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """What was heard of one file: at least one window, each a second long or the whole sound."""

    recording: Recording
    windows: tuple[Window, ...]


def read_excerpt(
    path: str, *, sample_rate_hz: int, window_s: float, centres: Sequence[float] = CENTRES
) -> Excerpt:
    """Decodes three windows of `window_s` seconds, or all of a track under 30 s, as mono float32.

    `centres` are those of the windows as shares of the track's length.
    Work and memory are bounded whatever the file's length. Damaged packets are passed over. A wrong
    duration costs windows, not the track: where none of them holds sound, the first 30 s are read.
    Raises `AudioError` (its text does not repeat the path) where there is no sound to be had.
    """
    with _plain_errors(), Source(path) as source:
        listener = _Listener(source, sample_rate_hz, window_s)
        return listener.hear_windows(centres) or listener.hear_whole()


def identify(path: str, *, window_s: float) -> Recording:
    """What `read_excerpt` says of the recording, from the same bytes but without decoding them: 3 ms a track.

    Its `audio_id` differs from `read_excerpt`'s only where the file's duration is wrong or its sound is
    damaged. Raises `AudioError` as `read_excerpt` does.
    """
    with _plain_errors(), Source(path) as source:
        return _Listener(source, 0, window_s).identify()


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise AudioError("the file vanished before it could be read; scan again") from None
    except PermissionError:
        raise AudioError("permission denied; make the file readable") from None
    except (av.error.FFmpegError, OSError) as error:
        raise AudioError(f"cannot be read: {error.strerror or error}") from None


class _Listener:
    """What the windows of one file share, and the running hash of their packets."""

    def __init__(self, source: Source, sample_rate_hz: int, window_s: float) -> None:
        self._source = source
        self._rate_hz = sample_rate_hz
        self._window_s = window_s
        self._identity = hashlib.blake2b(digest_size=16)

    def hear_windows(self, centres: Sequence[float]) -> Excerpt | None:
        """None where the duration is short, unknown, or so wrong that there is no sound in any window."""
        with open_sound(self._source) as sound:
            self._begin_identity(sound)
            starts = window_starts(sound.duration_s, self._window_s, centres)
            found = [self._seek_and_hear(sound, start_s) for start_s in starts]
            windows = tuple(w for w in found if len(w.samples) >= MIN_WINDOW_S * self._rate_hz)
            return Excerpt(self._recording(sound, sound.duration_s), windows) if windows else None

    def hear_whole(self) -> Excerpt:
        """The first 30 s, cut into windows. If there is more, nothing is known of the duration."""
        with open_sound(self._source) as sound:
            self._begin_identity(sound)
            sound.allow(WHOLE_S)
            whole = self._hear(sound, 0.0, WHOLE_S)
            heard_s = len(whole.samples) / self._rate_hz
            if heard_s < MIN_SOUND_S or sound.mostly_damaged:
                raise AudioError("holds no sound that can be decoded; replace the file")
            recording = self._recording(sound, heard_s if heard_s < WHOLE_S else 0.0)
        n = int(self._window_s * self._rate_hz)
        windows = (
            Window(whole.start_s + first / self._rate_hz, whole.samples[first : first + n])
            for first in split_starts(len(whole.samples), n)
        )
        return Excerpt(recording, tuple(windows))

    def identify(self) -> Recording:
        with open_sound(self._source) as sound:
            self._begin_identity(sound)
            starts = window_starts(sound.duration_s, self._window_s)
            length_s = self._window_s if starts else WHOLE_S
            for start_s in starts or [0.0]:
                sound.allow(length_s)
                if start_s == 0.0 or sound.seek(max(0.0, start_s - PREROLL_S)):
                    for _, time_s in self._packets(sound, start_s, length_s):
                        if time_s >= start_s + length_s - PREROLL_S:
                            break
            return self._recording(sound, sound.duration_s)

    def _seek_and_hear(self, sound: Sound, start_s: float) -> Window:
        """The window at `start_s`, without samples where there is no sound."""
        sound.allow(self._window_s)
        if sound.seek(max(0.0, start_s - PREROLL_S)):
            window = self._hear(sound, start_s, self._window_s)
            if not sound.mostly_damaged:
                return window
        return Window(start_s, np.zeros(0, np.float32))

    def _hear(self, sound: Sound, start_s: float, length_s: float) -> Window:
        """At most `length_s` from `start_s` on, or from where there is sound again."""
        buffer = MonoBuffer(self._rate_hz)
        began_s, early_s = start_s, 0.0
        with np.errstate(over="ignore", invalid="ignore"):  # damaged float samples
            for frame in self._frames(sound, start_s, length_s):
                if buffer.seconds == 0.0:
                    began_s = max(0.0, sound.time_s(frame))
                    if began_s + frame.samples / frame.sample_rate <= start_s:
                        continue
                    early_s = max(0.0, start_s - began_s)
                buffer.add(frame)
                if buffer.seconds >= early_s + length_s:
                    break
            samples = buffer.signal()
        first = round(early_s * self._rate_hz)
        return Window(began_s + early_s, samples[first : first + round(length_s * self._rate_hz)])

    def _frames(self, sound: Sound, start_s: float, length_s: float) -> Iterator[AudioFrame]:
        """Frames from at most `PREROLL_S` before `start_s` on."""
        for packet, time_s in self._packets(sound, start_s, length_s):
            if time_s + sound.packet_s(packet) > start_s - PREROLL_S:
                yield from sound.decode(packet)

    def _packets(
        self, sound: Sound, start_s: float, length_s: float
    ) -> Iterator[tuple[av.Packet[AudioStream], float]]:
        """Packets and their times from here on.

        Only those that begin well within the window count for the identity: where a seek lands and
        how far a decoder reads ahead may change when the tags of a file do.
        """
        for packet in sound.packets():
            time_s = sound.time_s(packet)
            if start_s <= time_s < start_s + length_s - PREROLL_S:
                self._identity.update(packet)
            yield packet, time_s

    def _begin_identity(self, sound: Sound) -> None:
        self._identity = hashlib.blake2b(f"{sound.codec} {sound.duration_s:.2f}".encode(), digest_size=16)

    def _recording(self, sound: Sound, duration_s: float) -> Recording:
        return Recording(
            audio_id=self._identity.hexdigest(),
            duration_s=duration_s,
            codec=sound.codec,
            sample_rate_hz=sound.sample_rate_hz,
            channels=sound.channels,
            **sound.names,
        )


def window_starts(duration_s: float, window_s: float, centres: Sequence[float] = CENTRES) -> list[float]:
    """Start times in seconds of the windows to seek to; empty where the track is to be read whole."""
    if not WHOLE_S <= duration_s < math.inf:
        return []
    return [max(0.0, centre * duration_s - window_s / 2) for centre in centres]


def split_starts(n_samples: int, window_samples: int) -> list[int]:
    """First samples of the fewest windows that cover a sound read whole, evenly spread.

    One window where the sound is shorter than a window. Times past the last whole window overlap.
    """
    n_windows = max(1, math.ceil(n_samples / window_samples))
    spare = max(0, n_samples - window_samples)
    return [round(spare * i / max(1, n_windows - 1)) for i in range(n_windows)]
