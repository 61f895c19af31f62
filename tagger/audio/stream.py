"""The audio stream of an open file: seek to a time, then take packets and decode their frames."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import islice

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from tagger.audio.metadata import metadata_of
from tagger.audio.source import BoundedFile
from tagger.containers import (
    ASF_FILE_PROPERTIES,
    ASF_HEADER_BYTES,
    asf_duration_s,
    asf_objects,
    most_comments,
)
from tagger.errors import AudioError

FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,au,caf,dsf,eac3,flac,iff,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpc,mpc8,"
    "ogg,tak,tta,w64,wav,wv"
)
"""The demuxers that may open a file. Without this list a text file named `.mp3` could make FFmpeg
follow a playlist to other files or to the network."""

OPTIONS = {
    "format_whitelist": FORMATS,
    "protocol_whitelist": "none",
    "fflags": "fastseek",
    "max_probe_packets": "4",
}
"""`fastseek` makes an mp3 without a seek table jump by its bit rate instead of reading up to the
window. Every wav is searched for hidden DTS; four packets (64 kB) show it as well as a megabyte."""

RAW = ("aac", "ac3", "eac3")
"""Demuxers of bare packets, whose length FFmpeg guesses from the bit rate of the first ones."""

MAX_OGG_PAGE_BYTES = 27 + 255 + 255 * 255

GAP_S = 10.0
"""Times that leap by more are of another recording, chained to this one."""

MEASURED_BYTES = 32 << 20
"""Read at most to find the length of a file that states none or a wrong one; a longer one's is estimated."""

SPARE_BYTES = 64 << 20
"""Bytes that may be read to open a file, and for a stretch of sound beyond its own size: a cover, an
index, the pictures of a video between the packets of its sound, garbage."""

MAX_SAMPLE_BYTES = 256 << 20
"""30 s of 5.1 in float64 at 192 kHz: the largest size of a stretch of sound that is believed."""

MAX_ERRORS = 500
"""Undecodable packets after which a stretch of sound ends."""

ENOUGH_S = 1.0
"""Sound without many errors that is believed, whatever follows it; noise has shorter false frames. Those of
lossless codecs carry checksums, and one is enough."""

MAX_ASF_OBJECTS = 64
"""Of a Windows Media header, in which the file properties are looked for."""

MAX_COMMENTS = 10_000
"""FFmpeg compares each with all before it, and hundreds of thousands for hours; a full set has a hundred."""

MAX_OPENING_S = 10.0
"""Of computing until a file is open, for tags of other kinds with as many parts; healthy files take 0.1 s."""

LESSEN = "remove them with a tag editor"
TOO_MUCH_AHEAD = (
    f"more than {SPARE_BYTES >> 20} MB of pictures or other data are read before its sound, and no more "
    "are allowed; make them smaller"
)
NOT_AUDIO = "not an audio file, or damaged beyond reading"


@contextmanager
def open_stream(source: BoundedFile, in_line: bool = False) -> Iterator[SoundStream]:
    """Open the best audio stream of a file; `in_line`: to be read from its beginning on, without seeking.

    Raises `AudioError` where there is none.
    """
    source.allow(SPARE_BYTES)
    if (n_comments := most_comments(source.peek)) > MAX_COMMENTS:
        raise AudioError(f"its tags have {n_comments:,} comments, as no music file has; {LESSEN}")
    source.seek(0)
    with source.computing_at_most(MAX_OPENING_S):
        try:
            container = av.open(source, "r", options=OPTIONS, metadata_errors="replace")
        except av.error.FFmpegError:
            raise AudioError(_why_not_open(source)) from None
        if source.is_late:
            container.close()
            raise AudioError(_why_not_open(source))
    with container:
        yield SoundStream(container, source, in_line)


def _why_not_open(source: BoundedFile) -> str:
    if source.is_late:
        return f"its tags have more parts than can be read; {LESSEN}"
    return TOO_MUCH_AHEAD if source.is_used_up else NOT_AUDIO


class SoundStream:
    """The best audio stream of a container. Times are in seconds from the beginning of the stream.

    `duration_s` is the duration that the stream or else the container states, None where neither does.
    `is_guessed` tells that nothing states it: FFmpeg has it from the bit rate of the first packets. `is_cut`
    tells that a WAV ends before its data do, which FFmpeg does not say. Read `in_line`, the lengths of the
    packets count the time and not what they state. `tags` are the names in the container's tags.
    """

    def __init__(self, container: InputContainer, source: BoundedFile, in_line: bool) -> None:
        stream = container.streams.best("audio")
        if not isinstance(stream, AudioStream):
            is_other = len(container.streams) > 0 and not container.streams.audio
            raise AudioError("holds no audio stream" if is_other else NOT_AUDIO)
        if stream.codec_context is None:
            raise AudioError("its codec is not supported, or it is copy-protected; convert it")
        self._container, self._source, self._stream = container, source, stream
        self._context = stream.codec_context
        self._context.thread_count = 1
        self._tick_s = float(stream.time_base or Fraction(1, av.time_base))
        self._zero_s = (stream.start_time or 0) * self._tick_s
        self._time_s = self._end_s = self._last_s = 0.0
        self._in_line = in_line
        self.n_errors = self._n_frames = 0
        self._decoded_s = self._sound_s = 0.0
        self.codec = self._context.name.removesuffix("float")  # FFmpeg decodes mp3 as mp3float
        self.sample_rate_hz = self._context.sample_rate
        self.channels = self._context.channels
        self.tags = metadata_of(container, stream)
        self.is_cut = container.format.name == "wav" and _ends_in_its_data(source)
        self._is_raw = container.format.name in RAW
        self.is_guessed = self._is_raw or (container.format.name == "mp3" and not _states_frames(source))
        self.duration_s = self._stated_s() or None

    @property
    def has_many_times(self) -> bool:
        """Tell whether FFmpeg cannot find a time: in bare packets, and in several Ogg recordings in a row."""
        return self._is_raw or (self._container.format.name == "ogg" and _is_chained(self._source))

    @property
    def bytes_per_s(self) -> float:
        """The mean that the stated duration makes of the file's size."""
        return self._source.size / self.duration_s if self.duration_s else math.inf

    def measured_s(self) -> tuple[float | None, float]:
        """Read the packets of a stream that is `in_line`: give (its length, the length of what was read).

        None where no packet has a length. Of a file beyond `MEASURED_BYTES` the length is estimated from the
        packets before, if they reach so far.
        """
        self._source.allow(MEASURED_BYTES)
        end = 0
        for packet in self.packets():
            end = max(end, (packet.pos or 0) + packet.size)
        read_s = max(self._end_s, self._last_s)
        is_longer = self._source.is_used_up and end > MEASURED_BYTES / 2
        return (read_s * self._source.size / end if is_longer else read_s) or None, read_s

    def allow(self, length_s: float) -> None:
        """Let as many bytes be read and packets fail from now on as `length_s` of sound can need."""
        sample_bytes = round(8 * self.sample_rate_hz * self.channels * length_s)
        self._source.allow(
            MEASURED_BYTES if self._in_line else SPARE_BYTES + min(MAX_SAMPLE_BYTES, sample_bytes)
        )
        self.n_errors = self._n_frames = 0
        self._decoded_s = self._sound_s = 0.0

    @property
    def mostly_damaged(self) -> bool:
        """Tell whether more packets failed than frames were decoded, as in noise named `.mp3`.

        Errors behind good sound do not count: they come from garbage behind the last frame.
        """
        enough_s = 0.0 if self._context.codec.lossless else ENOUGH_S
        return self.n_errors > self._n_frames and self._sound_s <= enough_s

    def seek(self, time_s: float) -> bool:
        """Go to a packet at `time_s` or some way before it; give False where that cannot be done."""
        demuxer = self._container.format.name
        try:
            if self._in_line:
                pass
            elif demuxer == "wv" and self.duration_s:
                place = time_s, self.duration_s, self.sample_rate_hz
                self._seek_byte(wavpack_block_before(self._source, *place))
            else:
                ticks = round((time_s + self._zero_s) / self._tick_s)
                self._container.seek(max(0, ticks), stream=self._stream)
        except (av.error.FFmpegError, OSError):
            return False
        return True

    def packets(self) -> Iterator[av.Packet[AudioStream]]:
        """Yield the packets from here on, until the stream ends or no more of it may be read.

        The last packet is empty: it makes the decoder give the frames that it has kept back.
        """
        while self.n_errors < MAX_ERRORS:
            try:
                for packet in self._container.demux(self._stream):
                    if self._in_line:
                        self._count(packet)
                    yield packet
                    if self.n_errors >= MAX_ERRORS:
                        break
                return
            except (av.error.FFmpegError, OSError):
                self.n_errors += 1

    def decode(self, packet: av.Packet[AudioStream]) -> list[av.AudioFrame]:
        """Decode a packet into frames; none where it is damaged."""
        try:
            frames: list[av.AudioFrame] = self._context.decode(packet)
        except (av.error.FFmpegError, OSError):
            self.n_errors += 1
            return []
        self._n_frames += len(frames)
        self._decoded_s += sum(frame.samples / (frame.sample_rate or 1) for frame in frames)
        if self.n_errors <= self._n_frames:
            self._sound_s = self._decoded_s
        return frames

    def time_s(self, of: av.Packet[AudioStream] | av.AudioFrame) -> float:
        """Give the start time of a packet or frame; one without a time has that of the one before it."""
        if of.pts is not None and not self._in_line:
            self._time_s = of.pts * self._tick_s - self._zero_s
        return self._time_s

    def is_rotten(self, packet: av.Packet[AudioStream]) -> bool:
        """Tell whether FFmpeg found a wrong checksum: it then gives several frames of FLAC as one packet."""
        return self.codec == "flac" and packet.size > 0 and not packet.duration

    def packet_s(self, packet: av.Packet[AudioStream]) -> float:
        """Give the duration of a packet, infinity where it does not state one."""
        return packet.duration * self._tick_s if packet.duration else math.inf

    def _stated_s(self) -> float:
        if self._container.format.name == "asf" and (stated_s := _asf_stated_s(self._source)):
            return stated_s
        if self._stream.duration:
            # Of an excerpt of Opus, FFmpeg counts from the beginning of the whole.
            is_late = self._container.format.name == "ogg" and self.codec == "opus"
            return max(0.0, self._stream.duration * self._tick_s - (self._zero_s if is_late else 0.0))
        return max(0.0, (self._container.duration or 0) / av.time_base)

    def _count(self, packet: av.Packet[AudioStream]) -> None:
        """Move the time on by a packet; one without a length lasts until the next begins."""
        stated_s = self._last_s if packet.pts is None else packet.pts * self._tick_s - self._zero_s
        length_s = packet.duration * self._tick_s if packet.duration else 0.0
        if not length_s and 0.0 < stated_s - self._last_s < GAP_S:
            length_s = stated_s - self._last_s
        self._time_s, self._end_s = self._end_s, self._end_s + length_s
        if stated_s - self._last_s < GAP_S:
            self._last_s = max(self._last_s, stated_s + length_s)

    def _seek_byte(self, position: int) -> None:
        self._container.seek(position, unsupported_byte_offset=True)


def _states_frames(source: BoundedFile) -> bool:
    """Tell whether an mp3 begins with a frame that states how many there are (Xing, Info, VBRI)."""
    head = source.peek(0, 4096)
    return any(name in head for name in (b"Xing", b"Info", b"VBRI"))


def _ends_in_its_data(source: BoundedFile) -> bool:
    """Tell whether a WAV is shorter than its data chunk says; a pipe writes no size, or the largest one."""
    head = source.peek(0, 4096)
    at = head.find(b"data", 12)
    n_bytes = int.from_bytes(head[at + 4 : at + 8], "little") if at > 0 else 0
    return head.startswith(b"RIFF") and 0 < n_bytes < 0x7FFF0000 and at + 8 + n_bytes > source.size + 1


def _is_chained(source: BoundedFile) -> bool:
    """Tell whether the last page of an Ogg file is of another stream than the first (RFC 3533, section 4)."""
    tail = source.peek(max(0, source.size - MAX_OGG_PAGE_BYTES), MAX_OGG_PAGE_BYTES)
    last = tail.rfind(b"OggS")
    return 0 <= last <= len(tail) - 18 and tail[last + 14 : last + 18] != source.peek(14, 4)


# --- Windows Media: FFmpeg drops the stated duration where tags have made the file longer -------------


def _asf_stated_s(source: BoundedFile) -> float:
    """Read the duration in the file properties of the header; 0.0 where there are none."""
    end = int.from_bytes(source.peek(0, ASF_HEADER_BYTES)[16:24], "little")
    for found in islice(asf_objects(source.peek, ASF_HEADER_BYTES, end), MAX_ASF_OBJECTS):
        if found.guid == ASF_FILE_PROPERTIES:
            return asf_duration_s(source.peek(found.start, 88))
    return 0.0


# --- WavPack: FFmpeg cannot seek in it, but every block states its own time ----------------------------

PEEK_BYTES = 128 << 10

MAX_WAVPACK_BLOCK_BYTES = 1 << 20
"""The largest block there may be (WavPack 5 file format, section 2.0); most have under 100 kB."""

EARLY_S = 2.0
"""A block that begins at most this long before the wanted time is near enough; most last half a second."""

MAX_STEPS = 5
WAVPACK_HEADER_BYTES = 32
INITIAL_WAVPACK_BLOCK = 1 << 11


def wavpack_block_before(source: BoundedFile, time_s: float, duration_s: float, sample_rate_hz: int) -> int:
    """Find the byte at which a block begins at, or a little before, `time_s`.

    Guesses from the mean bit rate, reads the time of the block there, and corrects the guess. Where that
    does not converge, as in a damaged file, the last block found is as good as any.
    """
    bytes_per_s = source.size / duration_s
    guess = time_s * bytes_per_s
    for _ in range(MAX_STEPS):
        found = _next_wavpack_block(source, max(0, round(guess)))
        block, sample = found or (source.size, duration_s * sample_rate_hz)
        early_s = time_s - sample / sample_rate_hz
        if 0.0 <= early_s <= EARLY_S:
            break
        guess = block + (early_s - EARLY_S / 2) * bytes_per_s
    return block


def _next_wavpack_block(source: BoundedFile, position: int) -> tuple[int, int] | None:
    """Find (byte, first sample) of the first block from `position` on that holds the first channels."""
    for offset in range(position, position + MAX_WAVPACK_BLOCK_BYTES, PEEK_BYTES):
        data = source.peek(offset, PEEK_BYTES + WAVPACK_HEADER_BYTES)
        start = data.find(b"wvpk")
        while 0 <= start <= len(data) - WAVPACK_HEADER_BYTES:
            first_sample, _, flags = struct.unpack_from("<III", data, start + 16)
            if flags & INITIAL_WAVPACK_BLOCK:
                return offset + start, first_sample
            start = data.find(b"wvpk", start + 4)
    return None
