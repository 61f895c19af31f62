"""Mutants: a seed with some damage, all of it told by a number."""

import io
import random
from collections.abc import Callable
from itertools import pairwise

from fuzzing.seeds import Seeds
from tagger.errors import TaggerError
from tagger.tags.block import ByteSource
from tagger.tags.formats.ogg import page_bytes, pages_from

MARKS = (
    *(
        b"ID3",
        b"TAG",
        b"APETAGEX",
        b"LIST",
        b"INFO",
        b"id3 ",
        b"ID3 ",
        b"RIFF",
        b"WAVE",
        b"fmt ",
        b"FORM",
        b"AIFF",
    ),
    *(
        b"COMM",
        b"SSND",
        b"OggS",
        b"OpusHead",
        b"OpusTags",
        b"vorbis",
        b"fLaC",
        b"\0\0\0\x22",
        b"wvpk",
        b"MAC ",
    ),
    *(
        b"MP+",
        b"DSD ",
        b"TTA1",
        b"ftyp",
        b"moov",
        b"udta",
        b"meta",
        b"ilst",
        b"mdat",
        b"free",
        b"trak",
        b"mdia",
    ),
    *(
        b"minf",
        b"stbl",
        b"stco",
        b"stsz",
        b"hdlr",
        b"mvhd",
        b"covr",
        b"\xa9gen",
        b"\xa9nam",
        b"tmpo",
        b"----",
    ),
    *(
        b"mean",
        b"name",
        b"data",
        b"Xing",
        b"Info",
        b"TIT2",
        b"TPE1",
        b"TBPM",
        b"TCON",
        b"TXXX",
        b"APIC",
        b"POPM",
    ),
    *(b"SYLT", b"CTOC", b"CHAP", b"GENRE", b"BPM", b"TITLE", b"METADATA_BLOCK_PICTURE"),
    # ASF's header, its extension, its data, file properties and content descriptions
    *(b"\x30\x26\xb2\x75", b"\xb5\x03\xbf\x5f", b"\x36\x26\xb2\x75", b"\xa1\xdc\xab\x8c"),
    *(b"\x33\x26\xb2\x75", b"\x40\xa4\xd0\xd2", b"\xea\xcb\xf8\xc5", b"\x94\x1c\x23\x44"),
)
"""Names beside which formats keep their lengths, and what else begins a part of a file."""

_EXTREMES = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0xFFFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_LONGEST = 1 << 20
_MOST_OF_A_MARK = 20

Mutation = Callable[[random.Random, bytearray, Seeds], None]


def mutant(seeds: Seeds, seed: int, number: int) -> tuple[str, bytes]:
    """Give the mutant of that number: the name of its seed, and its bytes."""
    chance = random.Random(f"{seed}:{number}")
    name = chance.choice(list(seeds))
    data = bytearray(seeds[name])
    for _ in range(min(8, 1 + int(chance.expovariate(1.0)))):
        chance.choice(_MUTATIONS)(chance, data, seeds)
        del data[_LONGEST:]
    if data.startswith(b"OggS") and chance.random() < 0.7:
        return name, _with_checksums(bytes(data))
    return name, bytes(data)


def _place(chance: random.Random, data: bytearray) -> int:
    """A place in a file: mostly where it has its structure, at its beginning, its end, or beside a mark."""
    near = chance.random()
    if near < 0.35 and (found := _marks(data)):
        return max(0, min(len(data), chance.choice(found) + chance.randrange(-12, 24)))
    if near < 0.6:
        return chance.randrange(min(len(data), 200) + 1)
    if near < 0.7:
        return len(data) - chance.randrange(min(len(data), 200) + 1)
    return chance.randrange(len(data) + 1)


def _marks(data: bytearray) -> list[int]:
    """Where the marks stand, at most a few of each."""
    found = []
    for mark in MARKS:
        at = data.find(mark)
        for _ in range(_MOST_OF_A_MARK):
            if at < 0:
                break
            found.append(at)
            at = data.find(mark, at + 1)
    return sorted(found)


def _flip(chance: random.Random, data: bytearray, seeds: Seeds) -> None:
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
        if (at := _place(chance, data)) < len(data):
            data[at] = chance.choice((data[at] ^ 1 << chance.randrange(8), chance.randrange(256), 0, 255))


def _cut(chance: random.Random, data: bytearray, seeds: Seeds) -> None:
    at = _place(chance, data)
    end = len(data) if chance.random() < 0.2 else at + chance.choice((1, 2, 4, 8, chance.randrange(1, 2000)))
    del data[at:end]


def _insert(chance: random.Random, data: bytearray, seeds: Seeds) -> None:
    n_bytes = chance.choice((1, 2, 4, 8, chance.randrange(1, 2000)))
    other = seeds[chance.choice(list(seeds))]
    start = chance.randrange(len(other))
    new = (chance.randbytes(n_bytes), bytes(n_bytes), chance.choice(MARKS), other[start : start + n_bytes])
    at = _place(chance, data)
    data[at:at] = chance.choice(new)


def _set_length(chance: random.Random, data: bytearray, seeds: Seeds) -> None:
    """Write an extreme number of two to eight bytes beside a mark, where lengths and counts stand."""
    found = _marks(data) or [0]
    at = chance.choice(found) + chance.choice((-8, -4, -2, 4, 4, 4, 6, 8, 8, 12, 16))
    width, order = chance.choice((1, 2, 3, 4, 4, 4, 8)), chance.choice(("big", "little"))
    if not 0 <= at <= len(data) - width:
        return
    now = int.from_bytes(data[at : at + width], order)
    most = (1 << 8 * width) - 1
    number = chance.choice((*_EXTREMES, most, now + 1, now - 1, 2 * now, now // 2, len(data), len(data) - at))
    data[at : at + width] = max(0, min(number, most)).to_bytes(width, order)


def _rearrange(chance: random.Random, data: bytearray, seeds: Seeds) -> None:
    """Swap two parts of a file, or repeat or drop one."""
    edges = sorted({0, len(data), *(max(0, at - 4 * chance.randrange(2)) for at in _marks(data))})
    if len(edges) < 3:
        edges = sorted({0, len(data) // 3, len(data) // 2, len(data)})
    i = chance.randrange(len(edges) - 1)
    one = bytes(data[edges[i] : edges[i + 1]])
    kind = chance.random()
    if kind < 0.4:
        j = chance.randrange(len(edges) - 1)
        i, j = min(i, j), max(i, j)
        pieces = [data[a:b] for a, b in pairwise(edges)]
        pieces[i], pieces[j] = pieces[j], pieces[i]
        data[:] = b"".join(pieces)
    elif kind < 0.8:
        n = chance.choice((1, 1, 2, 10, 300))
        data[edges[i] : edges[i]] = one * min(n, _LONGEST // 2 // max(1, len(one)))
    else:
        del data[edges[i] : edges[i + 1]]


def _graft(chance: random.Random, data: bytearray, seeds: Seeds) -> None:
    """Put the beginning or the end of another seed in the place of one's own, or before or behind it."""
    other = seeds[chance.choice(list(seeds))]
    n_bytes, n_dropped = chance.randrange(len(other) + 1), chance.choice((0, chance.randrange(len(data) + 1)))
    if chance.random() < 0.5:
        data[:n_dropped] = other[:n_bytes]
    else:
        data[len(data) - n_dropped :] = other[len(other) - n_bytes :]


_MUTATIONS: tuple[Mutation, ...] = (_flip, _flip, _cut, _insert, _set_length, _set_length, _rearrange, _graft)


def _with_checksums(data: bytes) -> bytes:
    """An Ogg file whose pages have right checksums, as far as they can be read: else FFmpeg skips them."""
    source, mended = ByteSource(io.BytesIO(data), len(data)), bytearray(data)
    try:
        for page in pages_from(source, 0):
            mended[page.start : page.end] = page_bytes(page, data[page.body_start : page.end])
    except TaggerError:
        pass
    return bytes(mended)
