"""ASF attributes (wma): the extended content description, and the metadata objects for reading; the comment.

    +- header object: GUID, size, number of objects ----------------------+
    | file properties              size of the file, kept true            |
    | content description             <- title, …, comment, "content"     |
    | extended content description    <- our attributes, "description"    |
    | header extension: GUID, size, ..., size of its data                 |
    |   +- metadata                   <- read and edited, "metadata"      |
    |   +- metadata library           <- read and edited, "library"       |
    | stream properties, codec list, ...                 never touched    |
    | padding                      gives or takes room, so that the rest  |
    +--------------------------------------------- keeps its place -------+
    | data object: the sound                             never touched    |
    | index objects                                      never touched    |

Every object is a GUID of 16 bytes, its size in 8, and its content. New attributes go into the extended
content description, where every reader looks; those in the metadata and metadata library objects are
replaced, removed and restored in place. The content description has five texts at fixed places: an item of it
is its place in a byte, and its text.
Source: Microsoft, "Advanced Systems Format (ASF) Specification", revision 01.20.05, sections 3 and 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from tagger.containers import ASF_FILE_PROPERTIES, ASF_HEADER_BYTES, AsfObject, asf_objects
from tagger.errors import TagError, UnsupportedFormat
from tagger.tags.block import UNREADABLE, ByteSource, Item, Layout, Span, Splice, TagBlock
from tagger.tags.fields import ASF, Field, field_meant
from tagger.tags.limits import MAX_ITEMS, check_count, check_size

_EXTENSION = UUID("5FBF03B5-A92E-11CF-8EE3-00C00C205365").bytes_le
_CONTENT = UUID("75B22633-668E-11CF-A6D9-00AA0062CE6C").bytes_le
_DESCRIPTION = UUID("D2D0A440-E307-11D2-97F0-00A0C95EA850").bytes_le
_METADATA = UUID("C5F8CBEA-5BAF-4877-8467-AA8C44FA4CCA").bytes_le
_LIBRARY = UUID("44231C94-9498-49D1-A141-1D134E457054").bytes_le
_PADDING = UUID("1806D474-CADF-4509-A4BA-9AABCB96AAE8").bytes_le
_LISTS = {_CONTENT: "content", _DESCRIPTION: "description", _METADATA: "metadata", _LIBRARY: "library"}
_TEXT, _BOOL, _DWORD, _QWORD, _WORD = 0, 2, 3, 4, 5
_EXTENSION_HEADER_BYTES = 46
_N_CONTENTS, _COMMENT_AT = 5, 3
"""Title, author, copyright, description, rating ("Content Description Object", section 3.10)."""


@dataclass(frozen=True, slots=True)
class _Header:
    """The objects of the header; `lists` are those that hold attributes, by the name of `Item.container`."""

    end: int
    count: int
    objects: list[AsfObject]
    extension: AsfObject | None
    lists: dict[str, AsfObject]
    padding: AsfObject | None
    size_field: int


def load_asf(source: ByteSource, format_name: str) -> TagBlock:
    """Load the attributes of an ASF file; the data object and all other header objects are payload."""
    header = _read_header(source)
    items = tuple(item for name, home in header.lists.items() for item in _items(source, home, name))
    padding = header.padding.end - header.padding.start if header.padding else 0
    layout = Layout(present="description" in header.lists, padding=padding)

    def rebuild(items: tuple[Item, ...], layout: Layout | None) -> list[Splice]:
        return _splices(source, header, items, layout)

    return TagBlock(
        format_name,
        "asf",
        items,
        layout,
        lambda _: _payload(source, header),
        _encode,
        rebuild,
        repeats=True,
        move=_moved,
        reword=_reworded,
    )


def _read_header(source: ByteSource) -> _Header:
    start = source.at(0, ASF_HEADER_BYTES)
    end = int.from_bytes(start[16:24], "little")
    source.at(end, 0)  # a header longer than the file is damaged, not large
    check_size(end)
    objects = _objects(source, ASF_HEADER_BYTES, end)
    extension = next((one for one in objects if one.guid == _EXTENSION), None)
    inner = _objects(source, extension.start + _EXTENSION_HEADER_BYTES, extension.end) if extension else []
    homes = [one for one in objects if one.guid == _DESCRIPTION]
    homes += [one for one in inner if one.guid in (_METADATA, _LIBRARY)]
    homes += [one for one in objects if one.guid == _CONTENT][:1]  # last: stored places count the others
    if len({one.guid for one in homes}) < len(homes):
        raise UnsupportedFormat("its ASF header holds a list of attributes twice")
    properties = next((one for one in objects if one.guid == ASF_FILE_PROPERTIES), None)
    if properties is None:
        raise TagError("its ASF header is damaged (no file properties)")
    padding = next((one for one in objects if one.guid == _PADDING), None)
    count = int.from_bytes(start[24:28], "little")
    lists = {_LISTS[one.guid]: one for one in homes}
    return _Header(end, count, objects, extension, lists, padding, properties.body + 16)


def _objects(source: ByteSource, start: int, end: int) -> list[AsfObject]:
    """Read the objects that fill [start, end). Raises TagError where they do not."""
    objects = list(islice(asf_objects(source.at, start, end), MAX_ITEMS + 1))
    check_count(len(objects))
    is_sound = all(one.body <= one.end <= end for one in objects)
    if not is_sound or (objects[-1].end if objects else start) != end:
        raise TagError("its ASF header is damaged")
    return objects


# --- Reading attributes ---------------------------------------------------------------------------------


def _items(source: ByteSource, home: AsfObject, container: str) -> list[Item]:
    data = source.at(home.body, home.end - home.body)
    if container == "content":
        return _contents(data)
    items, position = [], 2
    for _ in range(int.from_bytes(data[:2], "little")):
        name, kind, value, stop = _attribute(data, position, container)
        if stop > len(data):
            raise TagError("its ASF attributes are damaged")
        texts = (_text(kind, value),)
        field = field_meant(ASF, name, texts)
        items.append(Item(data[position:stop], field, texts if field else (), container))
        position = stop
        check_count(len(items))
    return items


def _contents(data: bytes) -> list[Item]:
    """Read the texts of the content description that are not empty."""
    items, position = [], 2 * _N_CONTENTS
    for place in range(_N_CONTENTS):
        stop = position + int.from_bytes(data[2 * place : 2 * place + 2], "little")
        if stop > len(data):
            raise TagError("its ASF content description is damaged")
        value, position = data[position:stop], stop
        if value and place == _COMMENT_AT:
            items.append(Item(bytes([place]) + value, "comment", (_utf16(value),), "content"))
        elif value:
            items.append(Item(bytes([place]) + value, container="content"))
    if position != len(data):
        raise TagError("its ASF content description is damaged")
    return items


def _attribute(data: bytes, at: int, container: str) -> tuple[str, int, bytes, int]:
    """Read name, data type, value and end of the attribute at a position."""
    if container == "description":
        name_start = at + 2
        kind_at = name_start + int.from_bytes(data[at:name_start], "little")
        value_start = kind_at + 4
        length = int.from_bytes(data[kind_at + 2 : value_start], "little")
        name, kind = data[name_start:kind_at], data[kind_at : kind_at + 2]
    else:
        name_start = at + 12
        value_start = name_start + int.from_bytes(data[at + 4 : at + 6], "little")
        length = int.from_bytes(data[at + 8 : name_start], "little")
        name, kind = data[name_start:value_start], data[at + 6 : at + 8]
    stop = value_start + length
    return _utf16(name), int.from_bytes(kind, "little"), data[value_start:stop], stop


def _text(kind: int, value: bytes) -> str:
    if kind == _TEXT:
        return _utf16(value)
    is_number = kind in (_BOOL, _DWORD, _QWORD, _WORD)
    return str(int.from_bytes(value, "little")) if is_number else UNREADABLE


def _utf16(data: bytes) -> str:
    return data[: len(data) & ~1].decode("utf-16-le", "replace").rstrip("\0")


# --- Writing attributes ---------------------------------------------------------------------------------


def _encode(field: Field, values: Sequence[str]) -> tuple[Item, ...]:
    if field == "comment":
        return tuple(_comment(value) for value in values)
    name = (ASF[field] + "\0").encode("utf-16-le")
    return tuple(Item(_described(name, value, field), field, (value,), "description") for value in values)


def _comment(text: str) -> Item:
    value = (text + "\0").encode("utf-16-le")
    if len(value) >= 1 << 16:
        raise UnsupportedFormat("its comment would grow beyond the 64 KiB that ASF can hold")
    return Item(bytes([_COMMENT_AT]) + value, "comment", (text,), "content")


def _reworded(item: Item, text: str) -> Item:
    """Spell a comment or a rating with another text, in the list where it is."""
    field = item.field or "comment"
    return _comment(text) if field == "comment" else _moved(_encode(field, (text,))[0], item.container)


def _described(name: bytes, value: str, field: Field) -> bytes:
    """Spell an attribute of the extended content description; a rating is a number, all else a text."""
    kind, data = _TEXT, (value + "\0").encode("utf-16-le")
    if field == "rating":
        kind, data = _DWORD, int(value).to_bytes(4, "little")
    head = len(name).to_bytes(2, "little") + name + kind.to_bytes(2, "little")
    return head + len(data).to_bytes(2, "little") + data


def _moved(item: Item, container: str) -> Item:
    """Spell a text of `_encode` for another list, so that it stands behind the values that are there."""
    if container == item.container:
        return item
    name, kind, value, _ = _attribute(item.raw, 0, item.container)
    spelled = (name + "\0").encode("utf-16-le")
    # Language list index and stream number are 0: the whole file (sections 4.7 and 4.8).
    raw = bytes(4) + len(spelled).to_bytes(2, "little") + kind.to_bytes(2, "little")
    raw += len(value).to_bytes(4, "little")
    return Item(raw + spelled + value, item.field, item.texts, container)


def _splices(
    source: ByteSource, header: _Header, items: tuple[Item, ...], layout: Layout | None
) -> list[Splice]:
    new = {name: _list_bytes(name, items) for name in header.lists}
    filled = {item.container for item in items}
    missing = [name for name in ("content", "description") if name in filled - header.lists.keys()]
    added = b"".join(_list_bytes(name, items) for name in missing)
    if layout is not None and not layout.present and "description" not in filled:
        new["description"] = b""
    if layout is not None and "content" not in filled:  # one without a text says nothing
        new["content"] = b""
    new = {name: data for name, data in new.items() if name in header.lists}
    splices = [Splice(home.start, home.end, new[name]) for name, home in header.lists.items()]
    growth = {name: len(new[name]) - (home.end - home.start) for name, home in header.lists.items()}
    inner = growth.get("metadata", 0) + growth.get("library", 0)
    splices += _extension_sizes(source, header, inner)
    total, padding = _padded(header, sum(growth.values()) + len(added), layout)
    splices += padding
    count = header.count + len(missing) - sum(not data for data in new.values())
    # A new list stands behind the first object, where nobody depends on what is last.
    splices.append(Splice(header.objects[0].end, header.objects[0].end, added))
    numbers = (header.end + total).to_bytes(8, "little") + count.to_bytes(4, "little")
    return [*splices, Splice(16, 28, numbers), *_file_size(source, header, total)]


def _list_bytes(container: str, items: tuple[Item, ...]) -> bytes:
    """Spell the object that holds the attributes of one list."""
    raws = [item.raw for item in items if item.container == container]
    if len(raws) >= 1 << 16:
        raise UnsupportedFormat("its ASF header cannot hold another attribute")
    guid = next(guid for guid, name in _LISTS.items() if name == container)
    body = len(raws).to_bytes(2, "little") + b"".join(raws)
    if container == "content":
        texts = {raw[0]: raw[1:] for raw in raws}
        values = [texts.get(place, b"") for place in range(_N_CONTENTS)]
        body = b"".join(len(value).to_bytes(2, "little") for value in values) + b"".join(values)
    return guid + (len(body) + 24).to_bytes(8, "little") + body


def _extension_sizes(source: ByteSource, header: _Header, growth: int) -> list[Splice]:
    """Add `growth` to the two sizes of the header extension."""
    if header.extension is None or not growth:
        return []
    start, end = header.extension.start, header.extension.end
    inner = int.from_bytes(source.at(start + 42, 4), "little") + growth
    return [
        Splice(start + 16, start + 24, (end - start + growth).to_bytes(8, "little")),
        Splice(start + 42, start + 46, inner.to_bytes(4, "little")),
    ]


def _padded(header: _Header, growth: int, layout: Layout | None) -> tuple[int, list[Splice]]:
    """Give the growth of the header that is left after the padding object gave or took what it can."""
    if header.padding is None:
        return growth, []
    old = header.padding.end - header.padding.start
    room = old - growth if layout is None else layout.padding
    if room < 24:
        return growth, []
    data = _PADDING + room.to_bytes(8, "little") + bytes(room - 24)
    return growth + room - old, [Splice(header.padding.start, header.padding.end, data)]


def _file_size(source: ByteSource, header: _Header, growth: int) -> list[Splice]:
    """Correct the file size that the header states, where it was right."""
    at = header.size_field
    if not growth or int.from_bytes(source.at(at, 8), "little") != source.size:
        return []
    return [Splice(at, at + 8, (source.size + growth).to_bytes(8, "little"))]


# --- What no edit may change ----------------------------------------------------------------------------


def _payload(source: ByteSource, header: _Header) -> tuple[Span, ...]:
    ours = (_DESCRIPTION, _EXTENSION, _PADDING, ASF_FILE_PROPERTIES)
    home = header.lists.get("content")
    others = (one for one in header.objects if one.guid not in ours and one is not home)
    spans: list[Span] = [(one.start, one.end) for one in others]
    if header.extension:
        start = header.extension.start
        inner = _objects(source, start + _EXTENSION_HEADER_BYTES, header.extension.end)
        spans += [(start, start + 16), (start + 24, start + 42)]
        spans += [(one.start, one.end) for one in inner if one.guid not in _LISTS]
    at = header.size_field
    return (*spans, (at - 40, at), (at + 8, at + 64), (header.end, source.size))
