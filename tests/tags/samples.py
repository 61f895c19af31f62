"""Small real audio files of every format, made with PyAV, or byte by byte where it has no encoder."""

from __future__ import annotations

import os
import struct
import tempfile

import av
import numpy as np

SAMPLE_RATE_HZ = 44_100
DURATION_S = 1.0

# name → (file extension, container, codec, sample format)
_ENCODED = {
    "mp3": ("mp3", "mp3", "libmp3lame", "s16p"),
    "flac": ("flac", "flac", "flac", "s16"),
    "ogg": ("ogg", "ogg", "vorbis", "fltp"),
    "opus": ("opus", "opus", "libopus", "s16"),
    "oggflac": ("oga", "ogg", "flac", "s16"),
    "aac": ("m4a", "ipod", "aac", "fltp"),
    "alac": ("m4a", "ipod", "alac", "s16p"),
    "faststart": ("m4a", "ipod", "aac", "fltp"),
    "wav": ("wav", "wav", "pcm_s16le", "s16"),
    "aiff": ("aiff", "aiff", "pcm_s16be", "s16"),
    "wma": ("wma", "asf", "wmav2", "fltp"),
    "wv": ("wv", "wv", "wavpack", "s16p"),
    "tta": ("tta", "tta", "tta", "s16"),
}
_CRAFTED = {"ape": "ape", "dsf": "dsf", "mpc": "mpc", "speex": "spx"}
NAMES = (*_ENCODED, *_CRAFTED)
DECODABLE = tuple(_ENCODED)


def extension(name: str) -> str:
    """The file extension of a sample."""
    return _ENCODED[name][0] if name in _ENCODED else _CRAFTED[name]


def make(name: str) -> bytes:
    """The bytes of an untagged sample; an encoder's own tag is left in."""
    if name in _CRAFTED:
        return {"ape": _ape, "dsf": _dsf, "mpc": _mpc, "speex": _speex}[name]()
    ending, container, codec, sample_format = _ENCODED[name]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, f"sample.{ending}")
        _encode(path, container, codec, sample_format, name == "faststart")
        with open(path, "rb") as file:
            return file.read()


def _encode(path: str, container: str, codec: str, sample_format: str, faststart: bool) -> None:
    options = {"movflags": "faststart"} if faststart else {}
    rate = 48_000 if codec == "libopus" else SAMPLE_RATE_HZ
    with av.open(path, "w", format=container, options=options) as output:
        stream = output.add_stream(codec, rate=rate, layout="stereo")
        stream.codec_context.format = sample_format
        stream.bit_rate = 128_000
        if codec == "vorbis":
            stream.codec_context.options = {"strict": "-2"}
        frame = av.AudioFrame.from_ndarray(_sound(rate), format="s16", layout="stereo")
        frame.rate = rate
        resampler = av.AudioResampler(sample_format, "stereo", rate)
        frames = [*resampler.resample(frame), *resampler.resample(None)]
        for piece in frames:
            output.mux(stream.encode(piece))
        # The last FLAC packet is empty but for a note to the container, which Ogg refuses.
        output.mux([packet for packet in stream.encode(None) if packet.size])


def _sound(rate: int) -> np.ndarray:
    time = np.arange(int(rate * DURATION_S)) / rate
    noise = np.random.default_rng(0).normal(0, 0.05, time.size)
    left = 0.4 * np.sin(2 * np.pi * 220 * time) + noise
    both = np.stack([left, 0.3 * np.sin(2 * np.pi * 330 * time) - noise], axis=1)
    return (both * 30_000).astype(np.int16).reshape(1, -1)


def _noise(length: int) -> bytes:
    return np.random.default_rng(1).integers(0, 256, length, dtype=np.uint8).tobytes()


def _ape() -> bytes:
    descriptor = struct.pack("<4sHHIIIIIII16s", b"MAC ", 3990, 0, 52, 24, 4, 44, 4000, 0, 0, bytes(16))
    header = struct.pack("<HHIIIHHI", 2000, 0, 73_728, 44_100, 1, 16, 2, SAMPLE_RATE_HZ)
    return descriptor + header + bytes(4) + bytes(44) + _noise(4000)


def _dsf() -> bytes:
    sound = _noise(8192)
    data = b"data" + (12 + len(sound)).to_bytes(8, "little") + sound
    layout = struct.pack("<4sQIIIIIIQII", b"fmt ", 52, 1, 0, 2, 2, 2_822_400, 1, 32_768, 4096, 0)
    size = 28 + len(layout) + len(data)
    return struct.pack("<4sQQQ", b"DSD ", 28, size, 0) + layout + data


def _mpc() -> bytes:
    return b"MP+\x07" + struct.pack("<IIHHHHI", 40, 0, 0, 0, 0, 0, 0) + bytes(8) + _noise(4000)


def _speex() -> bytes:
    from tagger.tags.formats.ogg import Page, page_bytes

    header = b"Speex   " + b"1.2".ljust(20, b"\0")
    header += struct.pack("<13i", 1, 80, 16_000, 1, 4, 1, -1, 320, 0, 1, 0, 0, 0)
    comments = struct.pack("<I", 6) + b"vendor" + struct.pack("<I", 0)
    pages = [(header, 2, 0), (comments, 0, 0), (_noise(200), 0, 320), (_noise(200), 4, 640)]
    serial = b"\x01\x02\x03\x04"
    return b"".join(
        page_bytes(Page(0, flags, granule.to_bytes(8, "little"), serial, number, bytes([len(body)])), body)
        for number, (body, flags, granule) in enumerate(pages)
    )
