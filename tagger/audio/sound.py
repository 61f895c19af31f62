"""One audio stream of one open file: seek somewhere, then take packets and their frames."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from tagger.audio import asf, wavpack
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
                self._seek_byte(wavpack.block_before(self._source, *place))
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
        if self._container.format.name == "asf" and (stated_s := asf.stated_duration_s(self._source)):
            return stated_s
        if self._stream.duration:
            return max(0.0, self._stream.duration * self._tick_s)
        return max(0.0, (self._container.duration or 0) / av.time_base)

    def _seek_byte(self, position: int) -> None:
        self._container.seek(position, unsupported_byte_offset=True)
