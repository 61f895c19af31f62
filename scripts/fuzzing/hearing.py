"""Whether two files sound the same, by FFmpeg alone, which knows nothing of our readers; done in workers."""

import hashlib
import resource
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av

_MOST_PACKETS = 2000
_MOST_SAMPLES = 10 * 48_000
"""Of each file: its sound lasts half a second, and what damage makes of it is not all decoded."""


def difference(one: str, other: str) -> tuple[str, int]:
    """Tell in what sounds differ, "" where packets and samples are the same; and the peak memory in KiB.

    What FFmpeg cannot open to begin with has no sound that could be lost. Of Ogg it skips pages with a wrong
    checksum; those of headers, laid out anew, have right ones: there more may be heard than before.
    """
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    before, after = _heard(one), _heard(other)
    if before is None or before == after:
        return "", peak_kib
    if after is None:
        return "cannot be opened any more", peak_kib
    if before.packets == after.packets:
        return "samples differ", peak_kib
    rest = iter(after.packets)
    is_more = before.format == "ogg" and all(packet in rest for packet in before.packets)
    return "" if is_more else "packets differ", peak_kib


@dataclass(frozen=True, slots=True)
class _Sound:
    """The hash of every packet, and one of all samples, empty where some packets are no sound."""

    format: str
    packets: list[str]
    samples: str


def _heard(path: str) -> _Sound | None:
    """What FFmpeg finds of sound in a file; None where it finds none."""
    try:
        with av.open(path, metadata_errors="replace") as container:
            stream = container.streams.best("audio")
            if stream is None or stream.codec_context is None:
                return None
            stream.codec_context.thread_count = 1
            return _sound(container, stream, path)
    except (av.error.FFmpegError, ValueError):
        return None


def _sound(container: av.container.InputContainer, stream: av.AudioStream, path: str) -> _Sound:
    name = container.format.name.partition(",")[0]
    packets = _packets(container, stream)
    sound = _within(packets, _mdat_spans(path)) if name == "mov" else packets
    if name == "ape":  # the last packet reaches to the end of the file, over all tags
        sound = packets[:-1]
    hashes = [hashlib.sha256(bytes(packet)).hexdigest() for packet in sound]
    return _Sound(name, hashes, _samples(stream, packets) if len(sound) == len(packets) else "")


def _packets(container: av.container.InputContainer, stream: av.AudioStream) -> list[av.Packet]:
    """Packets up to an error: whether a file ends in one is no matter of its sound."""
    found = list[av.Packet]()
    with suppress(av.error.FFmpegError, ValueError):
        found += (packet for packet in islice(container.demux(stream), _MOST_PACKETS) if packet.size)
    return found


def _within(packets: list[av.Packet], spans: list[tuple[int, int]]) -> list[av.Packet]:
    """Packets that are sound: a damaged table may point at what is none."""
    return [one for one in packets if any(a <= one.pos and one.pos + one.size <= b for a, b in spans)]


def _samples(stream: av.AudioStream, packets: list[av.Packet]) -> str:
    digest, n_samples = hashlib.sha256(), 0
    for packet in [*packets, None]:
        for frame in _decoded(stream, packet) if n_samples < _MOST_SAMPLES else ():
            digest.update(frame.to_ndarray().tobytes())
            n_samples += frame.samples
    return digest.hexdigest()


def _mdat_spans(path: str) -> list[tuple[int, int]]:
    """Where the atoms lie in an MP4 file that hold its sound."""
    data, at, spans = Path(path).read_bytes(), 0, []
    while at + 8 <= len(data):
        size, head = int.from_bytes(data[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        end = at + size if size >= head else len(data)
        if data[at + 4 : at + 8] == b"mdat":
            spans.append((at + head, end))
        at = end
    return spans


def _decoded(stream: av.AudioStream, packet: av.Packet | None) -> list[av.AudioFrame]:
    """The frames of a packet; of None those that the decoder has kept back."""
    try:
        return stream.codec_context.decode(packet)
    except (av.error.FFmpegError, ValueError):
        return []
