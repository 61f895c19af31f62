"""iTunes metadata of m4a files: the atoms under moov/udta/meta/ilst, and the chunk offsets.

    ftyp
    moov                                  sizes of it and of all that holds ilst change with the tags
      trak
        mdia/minf/stbl/stco or co64       byte offsets of the sound's chunks, moved where mdat moves
      udta
        meta
          hdlr                            "mdir", without which no reader looks further
          ilst                         <- one atom a tag: ©gen, ©grp, tmpo, ----, and foreign ones
          free                         <- room for tags to grow, often 1-2 kB
    free                               <- room behind moov, which keeps mdat in its place
    mdat                                  the sound; may also stand before moov

Every atom is its size in 4 bytes (1: in 8 behind the name), a name of 4, and its content. Growth goes
into the `free` atom behind `ilst`, else into one behind `moov`; only where neither is large enough do the
audio and the chunk offsets move.
Sources: ISO/IEC 14496-12 (boxes, stco, co64); Apple, "QuickTime File Format" (metadata atoms); mutagen's
documentation of MP4Tags for the atoms' types.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tagger.errors import TagError, UnsupportedFormat
from tagger.tags.block import (
    UNREADABLE,
    ByteSource,
    Item,
    Layout,
    Span,
    Splice,
    TagBlock,
    first_comment_alone,
)
from tagger.tags.fields import MP4_FREEFORM, REWORDED, Field, decoded, field_meant, numbered_genre
from tagger.tags.limits import MAX_PARTS, TooLarge, check_count, check_size

_MEAN = b"com.apple.iTunes"
_TEXTS: dict[Field, bytes] = {
    "genre": b"\xa9gen",
    "words": b"\xa9grp",
    "comment": b"\xa9cmt",
    "rating": b"rate",
}
_FIELDS: dict[bytes, Field] = {name: field for field, name in _TEXTS.items()}
_FIELDS |= {b"gnre": "genre", b"tmpo": "bpm"}
_UTF8, _INTEGER = 1, 21
_HANDLER_CONTENT = bytes(8) + b"mdirappl" + bytes(9)
_PROBE_BYTES = 16
_CHILDREN_OF_META = (b"hdlr", b"ilst", b"free", b"keys", b"mhdr", b"xml ", b"iloc")
_WITH_CHILDREN = (b"moov", b"udta", b"trak", b"mdia", b"meta", b"ilst", b"stbl", b"minf", b"moof", b"traf")
_DEEPEST = 16
MAX_CHUNKS = 500_000
"""Of sound, in a track; a day has 86,400 seconds."""

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


@dataclass(frozen=True, slots=True)
class _Places:
    """The places of the tags: `path` are the existing ones of moov, udta, meta; `free` follows `ilst`."""

    top: list[Atom]
    path: list[Atom]
    ilst: Atom | None
    free: Atom | None
    end_of_children: int

    @property
    def depth(self) -> int:
        """How far the path moov/udta/meta/ilst goes: 0 to 3."""
        return len(self.path) - 1 + (self.ilst is not None)

    @property
    def tags(self) -> Span:
        """The bytes of `ilst` and the room behind it, or the empty span where one would be put."""
        if self.ilst is None:
            return self.end_of_children, self.end_of_children
        return self.ilst.start, (self.free or self.ilst).end

    @property
    def free_behind_moov(self) -> Atom | None:
        """The `free` atom behind moov, where its size may change."""
        behind = next((atom for atom in self.top if atom.start == self.path[0].end), None)
        usable = behind and behind.name == b"free" and behind.body - behind.start == 8
        return behind if usable and behind and not behind.to_file_end else None


def load_mp4(source: ByteSource, format_name: str) -> TagBlock:
    """Load the tags of an MP4 file; chunk tables are payload by the bytes that they point at."""
    places = _find(source)
    _count_atoms(source, places.top)
    ilst = places.ilst
    if ilst:
        check_size(ilst.end - ilst.start)
    atoms = children(source, ilst.body, ilst.end) if ilst else []
    check_count(len(atoms))
    items = first_comment_alone(_as_item(source.at(atom.start, atom.end - atom.start)) for atom in atoms)
    padding = places.free.end - places.free.start if places.free else 0
    outer = places.free_behind_moov
    room = outer.end - outer.start if outer else 0
    layout = Layout(ilst is not None, padding, places.depth, room)

    def rebuild(items: tuple[Item, ...], layout: Layout | None) -> list[Splice]:
        return _splices(source, places, items, layout)

    return TagBlock(
        format_name,
        "mp4",
        items,
        layout,
        lambda _: _payload(source, places),
        _encode,
        rebuild,
        as_by_the_book=lambda: _versioned(source, places.top)[1],
        reword=lambda item, text: _encode(item.field or "comment", (text,))[0],
    )


def _find(source: ByteSource) -> _Places:
    top = children(source, 0, source.size)
    moov = named(top, b"moov")
    if moov is None:
        raise UnsupportedFormat("an MP4 file without an index (moov)")
    path, inside = [moov], children(source, moov.body, moov.end)
    for name in (b"udta", b"meta"):
        atom = named(inside, name)
        if atom is None:
            break
        inside = children(source, _inside(source, atom), atom.end)
        path.append(atom)
    ilst = named(inside, b"ilst") if len(path) == 3 else None
    behind = next((atom for atom in inside if ilst and atom.start == ilst.end), None)
    free = behind if behind and behind.name == b"free" else None
    last = inside[-1].end if inside else _inside(source, path[-1])
    return _Places(top, path, ilst, free, last)


def _count_atoms(source: ByteSource, atoms: Sequence[Atom], depth: int = 0) -> int:
    """Count the atoms of a file. Raises TooLarge where they are too many, or too deep in each other."""
    count = len(atoms)
    if depth > _DEEPEST:
        raise TooLarge("its MP4 atoms lie too deep in each other, as in no music file; it is left alone")
    for atom in atoms:
        if atom.name in _WITH_CHILDREN:
            count += _count_atoms(source, _children_if_sound(source, atom), depth + 1)
            check_count(count, MAX_PARTS)
    return count


def _children_if_sound(source: ByteSource, atom: Atom) -> list[Atom]:
    try:
        return children(source, _inside(source, atom), atom.end)
    except TooLarge:
        raise
    except TagError:  # what of them is needed is read, and refused, elsewhere
        return []


def _inside(source: ByteSource, atom: Atom) -> int:
    """Give the place of an atom's children: in `meta` behind version bytes, which QuickTime leaves out."""
    if atom.name != b"meta" or _is_plain_meta(source, atom):
        return atom.body
    return atom.body + 4


def _is_plain_meta(source: ByteSource, meta: Atom) -> bool:
    """Tell whether the first child of `meta` begins where its version should be."""
    return meta.end - meta.body < 4 or source.peek(meta.body + 4, 4) in _CHILDREN_OF_META


def _versioned(source: ByteSource, atoms: Sequence[Atom]) -> tuple[int, list[Splice]]:
    """Give version bytes to every `meta` without them: the growth of these atoms, and the splices."""
    growth, splices = 0, list[Splice]()
    for atom in atoms:
        if atom.name == b"meta" and _is_plain_meta(source, atom):
            inner, more = 4, [Splice(atom.body, atom.body, bytes(4))]
        elif atom.name in (b"moov", b"trak", b"udta"):
            inner, more = _versioned(source, children(source, atom.body, atom.end))
        else:
            continue
        splices += [*more, *resized(source, atom, inner)]
        growth += inner
    return growth, splices


def _splices(
    source: ByteSource, places: _Places, items: tuple[Item, ...], layout: Layout | None
) -> list[Splice]:
    if layout is not None and not layout.present and not items and places.ilst:
        kept = places.path[: layout.depth + 1]
        removed = [*places.path, places.ilst][layout.depth + 1]
        end = places.tags[1] if removed is places.ilst else removed.end
        return _exchange(source, places, kept, (removed.start, end), b"", layout)
    content = atom_bytes(b"ilst", b"".join(item.raw for item in items))
    if places.depth < 2:
        content = atom_bytes(b"meta", bytes(4) + atom_bytes(b"hdlr", _HANDLER_CONTENT) + content)
    if places.depth < 1:
        content = atom_bytes(b"udta", content)
    room = _room_after(places, len(content), layout)
    if room:
        content += atom_bytes(b"free", bytes(room - 8))
    return _exchange(source, places, places.path, places.tags, content, layout)


def _room_after(places: _Places, length: int, layout: Layout | None) -> int:
    """Give the size of the `free` atom behind an `ilst` of `length` bytes; 0 for none."""
    if layout is not None:
        return layout.padding
    if places.ilst is None or places.free is None:
        return 0
    old = places.free.end - places.free.start
    room = old - (length - (places.ilst.end - places.ilst.start))
    return room if room >= 8 or room == 0 else old


def _exchange(
    source: ByteSource,
    places: _Places,
    ancestors: list[Atom],
    span: Span,
    content: bytes,
    layout: Layout | None,
) -> list[Splice]:
    """Put `content` in the place of `span`, and correct sizes, the room behind moov, and offsets."""
    growth = len(content) - (span[1] - span[0])
    splices = [Splice(*span, content)]
    for atom in ancestors:
        splices += resized(source, atom, growth)
    free = places.free_behind_moov
    moved = growth
    if free and growth:
        old = free.end - free.start
        room = layout.outer if layout is not None else old - growth
        room = room if room >= 8 else old
        splices.append(Splice(free.start, free.end, atom_bytes(b"free", bytes(room - 8))))
        moved += room - old
    if moved and named(places.top, b"moof"):
        raise UnsupportedFormat("a fragmented MP4 file without room for tags, which is left alone")
    return splices + (moved_chunks(source, places.path[0], places.path[0].end, moved) if moved else [])


# --- What no edit may change --------------------------------------------------------------------------


def _payload(source: ByteSource, places: _Places) -> tuple[Span, ...]:
    """Give all but the tags, sizes, free room and chunk tables; and the start of each chunk."""
    moov, *inner = places.path
    tables = list(chunk_tables(source, moov))
    holes: list[Span] = [(moov.start, moov.body), *((table.start, table.end) for table in tables)]
    holes += [(atom.start, atom.body) for atom in inner[:1]]
    if len(inner) == 2:
        holes.append((inner[1].start, inner[1].end))
    if places.free_behind_moov:
        holes.append((places.free_behind_moov.start, places.free_behind_moov.end))
    kept = _kept_in_meta(source, places)
    probes = {
        (offset, min(offset + _PROBE_BYTES, source.size)) for table in tables for offset in table.offsets
    }
    return (*_between(sorted(holes), source.size), *kept, *sorted(probes))


def _kept_in_meta(source: ByteSource, places: _Places) -> list[Span]:
    if len(places.path) < 3:
        return []
    meta = places.path[2]
    ours = (b"ilst", b"free", b"hdlr")
    inside = _inside(source, meta)
    atoms = children(source, inside, meta.end)
    return [(meta.body, inside), *((atom.start, atom.end) for atom in atoms if atom.name not in ours)]


def _between(holes: list[Span], size: int) -> list[Span]:
    """Give the spans of a file that lie between `holes`."""
    ends = [0, *(end for _, end in holes)]
    starts = [*(start for start, _ in holes), size]
    return [(end, start) for end, start in zip(ends, starts, strict=True) if start > end]


# --- Items --------------------------------------------------------------------------------------------


def _as_item(raw: bytes) -> Item:
    texts = _texts(raw)
    field = _field_of(raw, texts)
    if field in REWORDED and len(texts) != 1:
        texts = (UNREADABLE,)
    return Item(raw, field, texts) if field else Item(raw)


def _field_of(raw: bytes, texts: tuple[str, ...]) -> Field | None:
    name = raw[4:8]
    if name in _FIELDS:
        return _FIELDS[name]
    parts = _parts(raw) if name == b"----" else []
    if [kind for kind, _ in parts[:2]] == [b"mean", b"name"] and parts[0][1][4:] == _MEAN:
        return field_meant(MP4_FREEFORM, parts[1][1][4:].decode("utf-8", "replace"), texts)
    return None


def _texts(raw: bytes) -> tuple[str, ...]:
    if raw[4:8] not in (*_FIELDS, b"----"):
        return ()
    values = [content[8:] for kind, content in _parts(raw) if kind == b"data"]
    if raw[4:8] == b"gnre":
        return tuple(numbered_genre(int.from_bytes(value, "big") - 1) or UNREADABLE for value in values)
    if raw[4:8] == b"tmpo":
        return tuple(str(int.from_bytes(value, "big")) for value in values)
    return tuple(map(decoded, values))


def _parts(raw: bytes) -> list[tuple[bytes, bytes]]:
    """Split a tag's atom into the (name, content) of the atoms in it."""
    parts, position = [], 8
    while position + 8 <= len(raw):
        size = int.from_bytes(raw[position : position + 4], "big")
        if size < 8:
            break
        parts.append((raw[position + 4 : position + 8], raw[position + 8 : position + size]))
        position += size
    return parts


def _encode(field: Field, values: Sequence[str]) -> tuple[Item, ...]:
    if not values:
        return ()
    if field == "bpm":
        raw = atom_bytes(b"tmpo", _data(_INTEGER, round(float(values[0])).to_bytes(2, "big")))
        return (Item(raw, field, tuple(values)),)
    data = b"".join(_data(_UTF8, value.encode()) for value in values)
    if field in _TEXTS:
        return (Item(atom_bytes(_TEXTS[field], data), field, tuple(values)),)
    name = MP4_FREEFORM[field].encode()
    heading = atom_bytes(b"mean", bytes(4) + _MEAN) + atom_bytes(b"name", bytes(4) + name)
    return (Item(atom_bytes(b"----", heading + data), field, tuple(values)),)


def _data(kind: int, value: bytes) -> bytes:
    return atom_bytes(b"data", kind.to_bytes(4, "big") + bytes(4) + value)


# --- Atoms --------------------------------------------------------------------------------------------


def children(source: ByteSource, start: int, end: int) -> list[Atom]:
    """Read the atoms of [start, end); fewer than eight bytes at its end are a terminator."""
    atoms = []
    while start + 8 <= end:
        header = source.peek(start, 16)
        size, name, body = int.from_bytes(header[:4], "big"), header[4:8], start + 8
        if size == 1:
            size, body = int.from_bytes(header[8:16], "big"), start + 16
        stop = end if size == 0 else start + size
        if stop > end or stop < body:
            raise TagError("its MP4 atoms are damaged (meta was tried with and without version bytes)")
        atoms.append(Atom(name, start, body, stop, to_file_end=size == 0))
        start = stop
        check_count(len(atoms), MAX_PARTS)
    return atoms


def named(atoms: list[Atom], name: bytes) -> Atom | None:
    """Find the first atom of that name."""
    return next((atom for atom in atoms if atom.name == name), None)


def atom_bytes(name: bytes, content: bytes) -> bytes:
    """Spell an atom with a 32-bit size."""
    return (len(content) + 8).to_bytes(4, "big") + name + content


def resized(source: ByteSource, atom: Atom, growth: int) -> list[Splice]:
    """Add `growth` to an atom's size."""
    if atom.to_file_end or not growth:
        return []
    size = atom.end - atom.start + growth
    if atom.body - atom.start == 16:
        return [Splice(atom.start + 8, atom.start + 16, size.to_bytes(8, "big"))]
    return [Splice(atom.start, atom.start + 4, size.to_bytes(4, "big"))]


# --- Chunk offsets ------------------------------------------------------------------------------------


def chunk_tables(source: ByteSource, moov: Atom) -> Iterator[ChunkTable]:
    """Yield the chunk offset tables of all tracks."""
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
        check_count(count, MAX_CHUNKS)
        data = source.at(atom.body + 8, count * width)
        numbers = (int.from_bytes(data[at : at + width], "big") for at in range(0, len(data), width))
        yield ChunkTable(atom.body + 8, width, tuple(numbers))
