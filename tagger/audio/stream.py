"""One audio stream of one open file: seek somewhere, then take packets and their frames."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from tagger.audio.metadata import metadata_of
from tagger.audio.source import Source
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
"""Demuxers of bare packets, in which FFmpeg can only read on: here a time is a share of the bytes."""

SPARE_BYTES = 64 << 20
"""What may be read to open a file, or for a stretch of sound beyond its own size: a cover, an index,
the pictures of a video between the packets of its sound, garbage."""

MAX_SAMPLE_BYTES = 256 << 20
"""30 s of 5.1 in float64 at 192 kHz: the largest size of a stretch of sound that is believed."""

MAX_ERRORS = 500
"""Undecodable packets after which a stretch of sound ends."""

PEEK_BYTES = 128 << 10
MAX_WAVPACK_BLOCK_BYTES = 1 << 20
"""The largest block there may be (WavPack 5 file format, section 2.0); most have under 100 kB."""

EARLY_S = 2.0
"""A block that begins at most this long before the wanted time is near enough; most last half a second."""

MAX_STEPS = 5
WAVPACK_HEADER_BYTES = 32
INITIAL_WAVPACK_BLOCK = 1 << 11

ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
"""ASF specification 01.20.05, section 3.2."""

ASF_HEADER_BYTES = 30
MAX_ASF_OBJECTS = 64

NOT_AUDIO = "not an audio file, or damaged beyond reading"


@contextmanager
def open_sound(source: Source) -> Iterator[Sound]:
    """Raises `AudioError` where there is no audio stream."""
    source.allow(SPARE_BYTES)
    source.seek(0)
    try:
        container = av.open(source, "r", options=OPTIONS, metadata_errors="replace")
    except av.error.FFmpegError:
        raise AudioError(NOT_AUDIO) from None
    with container:
        yield Sound(container, source)


class Sound:
    """The best audio stream of a container. Times are in seconds from the beginning of the stream.

    `duration_s` is what the stream or else the container claims, 0.0 where neither does. In a raw
    stream and in an mp3 of variable bit rate without a Xing header it is FFmpeg's guess from the bit
    rate of the first packets, and times after a seek are true only as far as that is.
    """

    def __init__(self, container: InputContainer, source: Source) -> None:
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
        self._zero_s: float | None = (stream.start_time or 0) * self._tick_s
        self._time_s = 0.0
        self._n_errors = self._n_frames = 0
        self.codec = self._context.name.removesuffix("float")  # FFmpeg decodes mp3 as mp3float
        self.sample_rate_hz = self._context.sample_rate
        self.channels = self._context.channels
        self.names = metadata_of(container, stream)
        self.duration_s = self._claimed_s()

    def allow(self, length_s: float) -> None:
        """Lets as much be read and go wrong from now on as `length_s` of sound can need."""
        sample_bytes = round(8 * self.sample_rate_hz * self.channels * length_s)
        self._source.allow(SPARE_BYTES + min(MAX_SAMPLE_BYTES, sample_bytes))
        self._n_errors = self._n_frames = 0

    @property
    def mostly_damaged(self) -> bool:
        """True where fewer frames came out than packets were damaged, as in noise called `.mp3`."""
        return self._n_errors > self._n_frames

    def seek(self, time_s: float) -> bool:
        """Goes to a packet at `time_s` or some way before it; False where that cannot be done."""
        demuxer = self._container.format.name
        try:
            if demuxer in RAW:
                self._seek_byte(round(self._source.size * min(1.0, time_s / self.duration_s)))
                self._zero_s, self._time_s = None, time_s
            elif demuxer == "wv":
                place = time_s, self.duration_s, self.sample_rate_hz
                self._seek_byte(block_before(self._source, *place))
            else:
                ticks = round((time_s + (self._zero_s or 0.0)) / self._tick_s)
                self._container.seek(max(0, ticks), stream=self._stream)
        except (av.error.FFmpegError, OSError):
            return False
        return True

    def packets(self) -> Iterator[av.Packet[AudioStream]]:
        """Those from here on, until the stream or what may be read of it ends.

        The last one is empty: it makes the decoder give what it has kept back.
        """
        while self._n_errors < MAX_ERRORS:
            try:
                for packet in self._container.demux(self._stream):
                    yield packet
                    if self._n_errors >= MAX_ERRORS:
                        break
                return
            except (av.error.FFmpegError, OSError):
                self._n_errors += 1

    def decode(self, packet: av.Packet[AudioStream]) -> list[av.AudioFrame]:
        """Its frames, or none where it is damaged."""
        try:
            frames: list[av.AudioFrame] = self._context.decode(packet)
        except (av.error.FFmpegError, OSError):
            self._n_errors += 1
            return []
        self._n_frames += len(frames)
        return frames

    def time_s(self, of: av.Packet[AudioStream] | av.AudioFrame) -> float:
        """When it begins; where it does not tell, that of the last one which did."""
        if of.pts is not None:
            if self._zero_s is None:  # a raw stream counts from where the seek has landed
                self._zero_s = of.pts * self._tick_s - self._time_s
            self._time_s = of.pts * self._tick_s - self._zero_s
        return self._time_s

    def packet_s(self, packet: av.Packet[AudioStream]) -> float:
        """How long it lasts, infinitely where it does not tell."""
        return packet.duration * self._tick_s if packet.duration else math.inf

    def _claimed_s(self) -> float:
        if self._container.format.name == "asf" and (stated_s := stated_duration_s(self._source)):
            return stated_s
        if self._stream.duration:
            return max(0.0, self._stream.duration * self._tick_s)
        return max(0.0, (self._container.duration or 0) / av.time_base)

    def _seek_byte(self, position: int) -> None:
        self._container.seek(position, unsupported_byte_offset=True)


def block_before(source: Source, time_s: float, duration_s: float, sample_rate_hz: int) -> int:
    """The byte at which a block begins at, or a little before, `time_s`.

    Guesses from the mean bit rate, looks at the time of the block there, and corrects the guess. If
    it does not converge, as in a damaged file, the last block found is as good as any.
    """
    bytes_per_s = source.size / duration_s
    guess = time_s * bytes_per_s
    for _ in range(MAX_STEPS):
        block, sample = _next_block(source, max(0, round(guess))) or (
            source.size,
            duration_s * sample_rate_hz,
        )
        early_s = time_s - sample / sample_rate_hz
        if 0.0 <= early_s <= EARLY_S:
            break
        guess = block + (early_s - EARLY_S / 2) * bytes_per_s
    return block


def _next_block(source: Source, position: int) -> tuple[int, int] | None:
    """(byte, first sample) of the first block from `position` on that holds the first channels."""
    for offset in range(position, position + MAX_WAVPACK_BLOCK_BYTES, PEEK_BYTES):
        data = source.peek(offset, PEEK_BYTES + WAVPACK_HEADER_BYTES)
        start = data.find(b"wvpk")
        while 0 <= start <= len(data) - WAVPACK_HEADER_BYTES:
            first_sample, _, flags = struct.unpack_from("<III", data, start + 16)
            if flags & INITIAL_WAVPACK_BLOCK:
                return offset + start, first_sample
            start = data.find(b"wvpk", start + 4)
    return None


def stated_duration_s(source: Source) -> float:
    """From the file properties object of the header; 0.0 where there is none."""
    position = ASF_HEADER_BYTES
    for _ in range(MAX_ASF_OBJECTS):
        head = source.peek(position, 88)
        if len(head) < 88:
            break
        if head.startswith(ASF_FILE_PROPERTIES):
            play_100_ns, _, preroll_ms = struct.unpack_from("<QQQ", head, 64)
            return float(max(0.0, play_100_ns / 1e7 - preroll_ms / 1e3))
        position += max(24, *struct.unpack_from("<Q", head, 16))
    return 0.0
