"""MP4 atoms: walking them, building them, and the chunk offsets that move with the audio.

Source: ISO/IEC 14496-12 (boxes, stco, co64); Apple, "QuickTime File Format" (metadata atoms).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tagger.tags.block import Splice
from tagger.tags.errors import TagError, UnsupportedFormat
from tagger.tags.formats.bytesource import ByteSource

_CHUNK_TABLE_PATH = (b"mdia", b"minf", b"stbl")


@dataclass(frozen=True, slots=True)
class Atom:
    """One atom: `start` to `end`, its content from `body` on."""

    name: bytes
    start: int
    body: int
    end: int
    to_file_end: bool = False


@dataclass(frozen=True, slots=True)
class ChunkTable:
    """A stco (4-byte) or co64 (8-byte) table: where its numbers begin, and the numbers."""

    start: int
    width: int
    offsets: tuple[int, ...]

    @property
    def end(self) -> int:
        return self.start + self.width * len(self.offsets)


def children(source: ByteSource, start: int, end: int) -> list[Atom]:
    """The atoms of [start, end); fewer than eight bytes at its end are a terminator."""
    atoms = []
    while start + 8 <= end:
        header = source.peek(start, 16)
        size, name, body = int.from_bytes(header[:4], "big"), header[4:8], start + 8
        if size == 1:
            size, body = int.from_bytes(header[8:16], "big"), start + 16
        stop = end if size == 0 else start + size
        if stop > end or stop < body:
            raise TagError("its MP4 atoms are damaged")
        atoms.append(Atom(name, start, body, stop, to_file_end=size == 0))
        start = stop
    return atoms


def named(atoms: list[Atom], name: bytes) -> Atom | None:
    """The first atom of that name."""
    return next((atom for atom in atoms if atom.name == name), None)


def atom_bytes(name: bytes, content: bytes) -> bytes:
    """An atom with a 32-bit size."""
    return (len(content) + 8).to_bytes(4, "big") + name + content


def resized(source: ByteSource, atom: Atom, growth: int) -> list[Splice]:
    """The splice that adds `growth` to an atom's size."""
    if atom.to_file_end or not growth:
        return []
    size = atom.end - atom.start + growth
    if atom.body - atom.start == 16:
        return [Splice(atom.start + 8, atom.start + 16, size.to_bytes(8, "big"))]
    return [Splice(atom.start, atom.start + 4, size.to_bytes(4, "big"))]


def chunk_tables(source: ByteSource, moov: Atom) -> Iterator[ChunkTable]:
    """The chunk offset tables of all tracks."""
    for track in children(source, moov.body, moov.end):
        if track.name != b"trak":
            continue
        home: Atom | None = track
        for name in _CHUNK_TABLE_PATH:
            home = named(children(source, home.body, home.end), name) if home else None
        if home:
            yield from _tables_in(source, home)


def moved_chunks(source: ByteSource, moov: Atom, behind: int, distance: int) -> list[Splice]:
    """Add `distance` to every chunk offset that points behind `behind`."""
    splices = []
    for table in chunk_tables(source, moov):
        offsets = [offset + distance if offset >= behind else offset for offset in table.offsets]
        if offsets and max(offsets) >= 1 << 8 * table.width:
            raise UnsupportedFormat("its audio would move beyond what its offset tables can hold")
        data = b"".join(offset.to_bytes(table.width, "big") for offset in offsets)
        splices.append(Splice(table.start, table.end, data))
    return splices


def _tables_in(source: ByteSource, home: Atom) -> Iterator[ChunkTable]:
    for atom in children(source, home.body, home.end):
        width = {b"stco": 4, b"co64": 8}.get(atom.name)
        if width is None:
            if atom.name == b"saio":
                raise UnsupportedFormat("a protected MP4 file, which is left alone")
            continue
        count = int.from_bytes(source.at(atom.body + 4, 4), "big")
        data = source.at(atom.body + 8, count * width)
        numbers = (int.from_bytes(data[at : at + width], "big") for at in range(0, len(data), width))
        yield ChunkTable(atom.body + 8, width, tuple(numbers))
