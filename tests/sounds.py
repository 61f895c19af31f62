"""Real small audio of every format, made on the spot, in which each moment has a pitch of its own."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av
import mutagen
import numpy as np
from mutagen.apev2 import APEBinaryValue, APEv2
from mutagen.asf import ASFByteArrayAttribute
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3, TIT2
from mutagen.mp4 import MP4Cover
from numpy.typing import NDArray

LOWEST_HZ, HIGHEST_HZ = 200.0, 3200.0
LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 8: "7.1"}

FAST = {"libmp3lame": {"compression_level": "9"}, "libopus": {"compression_level": "0"}}
VBR = {"flags": "+qscale", "global_quality": str(4 * 118)}
KINDS: dict[str, dict[str, Any]] = {
    "cbr.mp3": {"codec": "libmp3lame"},
    "cbr-without-info.mp3": {"codec": "libmp3lame", "container": {"write_xing": "0", "id3v2_version": "0"}},
    "vbr.mp3": {"codec": "libmp3lame", "encoder": VBR},
    "vbr-without-xing.mp3": {"codec": "libmp3lame", "encoder": VBR, "container": {"write_xing": "0"}},
    "mpeg2.mp3": {"codec": "libmp3lame", "rate_hz": 22_050, "channels": 1},
    "16-bit.flac": {"codec": "flac"},
    "24-bit.flac": {"codec": "flac", "sample_format": "s32", "rate_hz": 96_000},
    "vorbis.ogg": {"codec": "vorbis", "encoder": {"strict": "experimental"}},
    "flac.oga": {"codec": "flac", "format": "ogg"},
    "opus.opus": {"codec": "libopus", "rate_hz": 48_000, "format": "ogg"},
    "aac.m4a": {"codec": "aac", "format": "ipod"},
    "aac-moov-first.m4a": {"codec": "aac", "format": "ipod", "container": {"movflags": "faststart"}},
    "alac.m4a": {"codec": "alac", "format": "ipod"},
    "raw.aac": {"codec": "aac", "format": "adts"},
    "u8.wav": {"codec": "pcm_u8"},
    "s16.wav": {"codec": "pcm_s16le"},
    "s24.wav": {"codec": "pcm_s24le"},
    "s32.wav": {"codec": "pcm_s32le"},
    "f32.wav": {"codec": "pcm_f32le"},
    "f64.wav": {"codec": "pcm_f64le"},
    "adpcm.wav": {"codec": "adpcm_ms"},
    "s16.aiff": {"codec": "pcm_s16be"},
    "v2.wma": {"codec": "wmav2", "format": "asf"},
    "lossless.wv": {"codec": "wavpack", "sample_format": "s16p"},
    "lossless.tta": {"codec": "tta", "sample_format": "s16"},
    "opus.mka": {"codec": "libopus", "rate_hz": 48_000, "format": "matroska"},
    "opus.webm": {"codec": "libopus", "rate_hz": 48_000},
    "with-video.mp4": {"codec": "aac", "video": True},
}
"""One way of `make_sound` for every kind of file; a key's ending is the file's extension."""


def sweep(seconds: float, rate_hz: int, channels: int = 1) -> NDArray[np.float32]:
    """(channels, n) of a sine at half scale, the same in each, that rises evenly over the whole length."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    phase = 2 * np.pi * (LOWEST_HZ * t + (HIGHEST_HZ - LOWEST_HZ) / (2 * seconds) * t**2)
    return np.tile((0.5 * np.sin(phase)).astype(np.float32), (channels, 1))


def moment(samples: NDArray[np.float32], rate_hz: int, seconds: float) -> float:
    """When in a sweep of `seconds` these `samples` begin, from the pitch of their first quarter second."""
    n = min(len(samples), rate_hz // 4)
    spectrum = np.abs(np.fft.rfft(samples[:n] * np.hanning(n), 1 << 17))
    pitch_hz = np.argmax(spectrum) * rate_hz / (1 << 17)
    return float((pitch_hz - LOWEST_HZ) / (HIGHEST_HZ - LOWEST_HZ) * seconds - n / rate_hz / 2)


def make_sound(
    path: str | os.PathLike[str],
    *,
    seconds: float = 2.0,
    rate_hz: int = 44_100,
    channels: int = 2,
    codec: str | None = None,
    format: str | None = None,
    sample_format: str | None = None,
    encoder: Mapping[str, str] | None = None,
    container: Mapping[str, str] | None = None,
    samples: NDArray[np.float32] | None = None,
    metadata: Mapping[str, str] | None = None,
    cover: bytes | None = None,
    video: bool = False,
    second_stream: NDArray[np.float32] | None = None,
) -> str:
    """Encodes a sweep, or `samples` of (channels, n) ±1, and returns the path as a string.

    What is not given follows from the file's name by `KINDS`: `make_sound("x.flac")` is 16-bit FLAC.
    `second_stream` is (channels, n), a further audio stream after the main one. `cover` goes into the tags.
    """
    path = os.fspath(path)
    if codec is None:
        kind = next(kind for name, kind in KINDS.items() if name.endswith(os.path.splitext(path)[1].lower()))
        codec, format = kind["codec"], format or kind.get("format")
        encoder, container = encoder or kind.get("encoder"), container or kind.get("container")
        sample_format = sample_format or kind.get("sample_format")
        rate_hz = max(rate_hz, kind.get("rate_hz", 0)) if codec == "libopus" else rate_hz
    sound = sweep(seconds, rate_hz, channels) if samples is None else samples
    with av.open(path, "w", format=format, options=dict(container or {})) as output:
        output.metadata.update(metadata or {})
        sounds = [sound] if second_stream is None else [sound, second_stream]
        streams = [_add_stream(output, codec, rate_hz, len(s), sample_format, encoder) for s in sounds]
        if video:
            _encode_video(output, sound.shape[1] / rate_hz)
        for stream, each in zip(streams, sounds, strict=True):
            _encode(output, stream, each)
    if cover is not None:
        add_cover(path, cover)
    return path


def make_kind(folder: str | os.PathLike[str], kind: str, **more: Any) -> str:
    """The sound `kind` of `KINDS` in `folder`, under that name."""
    return make_sound(os.path.join(folder, kind), **{**KINDS[kind], **more})


def picture(n_bytes: int) -> bytes:
    """A JPEG of exactly `n_bytes`: a real one, then noise that every reader passes over."""
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 64, 64, "yuvj420p"
    encoder.time_base = 1  # type: ignore[assignment]
    frame = av.VideoFrame(64, 64, "yuvj420p")
    for plane in frame.planes:
        plane.update(bytes([128]) * plane.buffer_size)
    jpeg = b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
    return jpeg + np.random.default_rng(0).bytes(n_bytes - len(jpeg))


def add_cover(path: str, image: bytes) -> None:
    """Puts a front cover into the tags, whichever kind of tag the format has."""
    extension = os.path.splitext(path)[1]
    if extension in {".mp3", ".aac", ".tta"}:
        tags = _id3(path)
        tags.add(APIC(encoding=3, mime="image/jpeg", type=3, desc="", data=image))
        tags.save(path)
        return
    if extension == ".wv":
        apev2 = APEv2()
        apev2["Cover Art (Front)"] = APEBinaryValue(b"cover.jpg\0" + image)
        apev2.save(path)
        return
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    _attach(file, image)
    file.save()


def retitle(path: str, title: str) -> None:
    """Writes a title as long as you like into the tags, whichever kind of tag the format has."""
    if os.path.splitext(path)[1] in {".mp3", ".aac", ".tta", ".wav", ".aiff"}:
        file = mutagen.File(path) if path.endswith((".wav", ".aiff")) else None
        if file is not None:
            if file.tags is None:
                file.add_tags()
            file.tags.add(TIT2(encoding=3, text=title))
            file.save()
            return
        tags = _id3(path)
        tags.add(TIT2(encoding=3, text=title))
        tags.save(path)
        return
    file = mutagen.File(path, easy=True)
    if file.tags is None:
        file.add_tags()
    file["Title" if path.endswith((".wma", ".wv")) else "title"] = title
    file.save()


def float_wav(path: str | os.PathLike[str], samples: NDArray[Any], rate_hz: int) -> str:
    """A mono wav of `samples`, (n,) float32 or float64, written as they are: NaN and 1e30 included."""
    data = samples.tobytes()
    width = samples.dtype.itemsize
    form = struct.pack("<HHIIHH", 3, 1, rate_hz, rate_hz * width, width, 8 * width)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    with open(path, "wb") as file:
        file.write(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    return os.fspath(path)


def dsf(path: str | os.PathLike[str], seconds: float) -> str:
    """A mono DSD64 file of a sweep by first-order delta-sigma modulation (DSF specification 1.01)."""
    rate_hz, block = 2_822_400, 4096
    duty = (sweep(seconds, rate_hz)[0].astype(np.float64) + 1.0) / 2.0
    bits = np.diff(np.floor(np.cumsum(duty)), prepend=0.0).astype(np.uint8)
    data = np.packbits(bits, bitorder="little").tobytes()
    data += b"\x69" * (-len(data) % block)
    form = struct.pack("<4sQIIIIIIQII", b"fmt ", 52, 1, 0, 1, 1, rate_hz, 1, len(bits), block, 0)
    chunk = struct.pack("<4sQ", b"data", 12 + len(data)) + data
    total = 28 + len(form) + len(chunk)
    with open(path, "wb") as file:
        file.write(struct.pack("<4sQQQ", b"DSD ", 28, total, 0) + form + chunk)
    return os.fspath(path)


def _add_stream(
    output: Any, codec: str, rate_hz: int, channels: int, sample_format: str | None, encoder: Any
) -> Any:
    options = {**FAST.get(codec, {}), **(encoder or {})}
    stream = output.add_stream(codec, rate=rate_hz, layout=LAYOUTS[channels], options=options)
    if sample_format:
        stream.codec_context.format = sample_format
    is_adpcm = codec == "adpcm_ms"  # there the bit rate is a fact, and a wrong one leads every seek astray
    stream.codec_context.bit_rate = 0 if is_adpcm else 64_000 * channels
    return stream


def _encode(output: Any, stream: Any, samples: NDArray[np.float32]) -> None:
    rate_hz = stream.codec_context.sample_rate
    for first in range(0, samples.shape[1], rate_hz):
        block = np.ascontiguousarray(samples[:, first : first + rate_hz].T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, format="flt", layout=LAYOUTS[len(samples)])
        frame.sample_rate, frame.pts = rate_hz, first
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def _encode_video(output: Any, seconds: float) -> None:
    stream = output.add_stream("mpeg4", rate=5)
    stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
    for i in range(round(5 * seconds)):
        frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), i % 256, np.uint8), format="rgb24")
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def _id3(path: str) -> ID3:
    try:
        return ID3(path)
    except mutagen.MutagenError:
        return ID3()


def _attach(file: Any, image: bytes) -> None:
    kind = type(file).__name__
    cover = Picture()
    cover.type, cover.mime, cover.data = 3, "image/jpeg", image
    if isinstance(file, FLAC):
        file.add_picture(cover)
    elif kind == "MP4":
        file["covr"] = [MP4Cover(image, MP4Cover.FORMAT_JPEG)]
    elif kind == "ASF":
        head = struct.pack("<BI", 3, len(image)) + "image/jpeg\0\0".encode("utf-16-le")
        file["WM/Picture"] = [ASFByteArrayAttribute(head + image)]
    elif kind in {"WAVE", "AIFF"}:
        file.tags.add(APIC(encoding=3, mime="image/jpeg", type=3, desc="", data=image))
    else:
        import base64

        file["metadata_block_picture"] = [base64.b64encode(cover.write()).decode("ascii")]


def tags_by_ffmpeg(path: str | Path) -> dict[str, str]:
    """The tags of a file and of its streams as FFmpeg reads them, names in lower case."""
    with av.open(str(path), metadata_errors="replace") as container:
        read = [stream.metadata for stream in container.streams] + [container.metadata]
        return {name.lower(): text for tags in read for name, text in tags.items()}
