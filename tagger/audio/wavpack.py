"""Seeking in a WavPack file, in which FFmpeg can only read on: every block tells its own time."""

from __future__ import annotations

import struct

from tagger.audio.source import Source

PEEK_BYTES = 128 << 10
MAX_BLOCK_BYTES = 1 << 20
"""The largest block there may be (WavPack 5 file format, section 2.0); most have under 100 kB."""

EARLY_S = 2.0
"""A block that begins at most this long before the wanted time is near enough; most last half a second."""

MAX_STEPS = 5
HEADER_BYTES = 32
INITIAL_BLOCK = 1 << 11


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
    for offset in range(position, position + MAX_BLOCK_BYTES, PEEK_BYTES):
        data = source.peek(offset, PEEK_BYTES + HEADER_BYTES)
        start = data.find(b"wvpk")
        while 0 <= start <= len(data) - HEADER_BYTES:
            first_sample, _, flags = struct.unpack_from("<III", data, start + 16)
            if flags & INITIAL_BLOCK:
                return offset + start, first_sample
            start = data.find(b"wvpk", start + 4)
    return None
