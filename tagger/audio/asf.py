"""The duration that a Windows Media file states, which FFmpeg drops when tags have made the file longer."""

from __future__ import annotations

import struct

from tagger.audio.source import Source

FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
"""ASF specification 01.20.05, section 3.2."""

HEADER_BYTES = 30
MAX_OBJECTS = 64


def stated_duration_s(source: Source) -> float:
    """From the file properties object of the header; 0.0 where there is none."""
    position = HEADER_BYTES
    for _ in range(MAX_OBJECTS):
        head = source.peek(position, 88)
        if len(head) < 88:
            break
        if head.startswith(FILE_PROPERTIES):
            play_100_ns, _, preroll_ms = struct.unpack_from("<QQQ", head, 64)
            return float(max(0.0, play_100_ns / 1e7 - preroll_ms / 1e3))
        position += max(24, *struct.unpack_from("<Q", head, 16))
    return 0.0
