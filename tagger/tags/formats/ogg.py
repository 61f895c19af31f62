"""Comments of ogg vorbis, opus, speex and ogg flac.

    page 0           first packet: the codec's identification     never touched
    page 1 ... n     comments, then the other header packets   <- laid out anew where comments grow
    page n+1 ...     audio packets                                new number and checksum, same packets
    (another stream may be chained behind; it is not touched)

A page is a header with serial number, page number and checksum, then up to 255 lacing values, then
the bodies of its packets, which may go on on the next page. Where the headers need another number of
pages, every later page of the stream gets a new number and checksum; the packets stay as they are.
Sources: RFC 3533 (pages), RFC 7845 (opus), "Ogg Vorbis I", section 4.2, xiph.org's "Ogg FLAC mapping"
and the Speex manual.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from tagger.errors import UnsupportedFormat
from tagger.tags.block import ByteSource, Item, Layout, Span, Splice, TagBlock
from tagger.tags.formats.flac import encode_comments, parse_comments, render_comments, reworded_comment
from tagger.tags.limits import check_count, check_size

_NUMBER_BYTES = slice(18, 26)  # a page's number and checksum
CONTINUED, FIRST = 1, 2
_HEADER_BYTES = 27
_MAX_SEGMENTS = 255
_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its place in the file, the numbers of its header, its lacing values."""

    start: int
    flags: int
    granule: bytes
    serial: bytes
    number: int
    lacing: bytes

    @property
    def body_start(self) -> int:
        """The first byte of its packets."""
        return self.start + _HEADER_BYTES + len(self.lacing)

    @property
    def end(self) -> int:
        return self.body_start + sum(self.lacing)


@dataclass(frozen=True, slots=True)
class _Headers:
    """The pages behind the first one that hold header packets, and all packets that end on them."""

    pages: list[Page]
    packets: list[bytes]

    @property
    def start(self) -> int:
        return self.pages[0].start

    @property
    def end(self) -> int:
        return self.pages[-1].end


@dataclass(frozen=True, slots=True)
class _Comments:
    """The parts of a comment packet: prefix, vendor, comments, bytes to keep behind them, free zeros."""

    prefix: bytes
    vendor: bytes
    items: tuple[Item, ...]
    suffix: bytes
    padding: int


def ogg_codec(first_packet: bytes) -> str | None:
    """Detect `ogg`, `opus`, `speex` or `oggflac` by the first packet of a stream; None for others."""
    marks = {b"\x01vorbis": "ogg", b"OpusHead": "opus", b"Speex   ": "speex", b"\x7fFLAC": "oggflac"}
    return next((name for mark, name in marks.items() if first_packet.startswith(mark)), None)


def load_ogg(source: ByteSource, format_name: str) -> TagBlock:
    """Load the comments of the first stream of an Ogg file; its audio pages are payload."""
    first = read_page(source, 0)
    identification = source.at(first.body_start, sum(first.lacing))
    headers = _read_headers(source, first, format_name, identification)
    comments = _take_apart(headers.packets[0], format_name)

    def rebuild(items: tuple[Item, ...], layout: Layout | None) -> list[Splice]:
        return _splices(source, headers, _packet(comments, items, layout, format_name))

    layout = Layout(present=True, padding=comments.padding)
    return TagBlock(
        format_name,
        "vorbis",
        comments.items,
        layout,
        lambda renumbered: _payload(source, first, headers, renumbered),
        encode_comments,
        rebuild,
        repeats=True,
        header_pages=len(headers.pages),
        reword=reworded_comment,
        keep_their_names=("key",),
    )


def _read_headers(source: ByteSource, first: Page, codec: str, identification: bytes) -> _Headers:
    pages: list[Page] = []
    packets: list[bytes] = []
    unfinished = bytearray()
    for page in pages_from(source, first.end):
        if page.serial != first.serial or page.flags & FIRST:
            raise UnsupportedFormat("several streams lie side by side in this Ogg file")
        pages.append(page)
        check_count(len(packets))
        check_size(page.end - first.end)
        body, position = source.at(page.body_start, page.end - page.body_start), 0
        for value in page.lacing:
            unfinished += body[position : position + value]
            position += value
            if value < 255:
                packets.append(bytes(unfinished))
                unfinished.clear()
        if _headers_complete(codec, identification, packets):
            break
    # The first packet of Vorbis audio gives no samples: some muxers put it on the headers' page (granule 0).
    may_hold_more = codec == "ogg" and not any(pages[-1].granule) if pages else False
    if unfinished or not _headers_complete(codec, identification, packets, exactly=not may_hold_more):
        raise UnsupportedFormat("its Ogg headers are not laid out as its codec demands")
    return _Headers(pages, packets)


def _headers_complete(codec: str, identification: bytes, packets: list[bytes], exactly: bool = False) -> bool:
    if codec == "oggflac":
        last = next((index for index, packet in enumerate(packets) if packet[:1] >= b"\x80"), None)
        return last is not None and (not exactly or last == len(packets) - 1)
    extra = int.from_bytes(identification[68:72], "little") if codec == "speex" else 0
    needed = {"ogg": 2, "opus": 1, "speex": 1 + extra}[codec]
    return len(packets) == needed if exactly else len(packets) >= needed


# --- The comment packet -------------------------------------------------------------------------------


def _take_apart(packet: bytes, codec: str) -> _Comments:
    prefix_length = {"ogg": 7, "opus": 8, "speex": 0, "oggflac": 4}[codec]
    prefix, content = packet[:prefix_length], packet[prefix_length:]
    expected = {"ogg": b"\x03vorbis", "opus": b"OpusTags"}.get(codec, prefix)
    if prefix != expected or (codec == "oggflac" and prefix[0] & 0x7F != 4):
        raise UnsupportedFormat("its second Ogg packet holds no comments")
    vendor, items, length = parse_comments(content)
    rest = content[length:]
    suffix, rest = (rest[:1], rest[1:]) if codec == "ogg" else (b"", rest)
    # RFC 7845, 5.2: bytes behind opus comments are to be kept when the first one is odd.
    if rest.strip(b"\0"):
        suffix, rest = suffix + rest, b""
    return _Comments(prefix, vendor, items, suffix, len(rest))


def _packet(comments: _Comments, items: tuple[Item, ...], layout: Layout | None, codec: str) -> bytes:
    content = render_comments(comments.vendor, items)
    growth = len(content) - len(render_comments(comments.vendor, comments.items))
    padding = comments.padding - growth if 0 < growth <= comments.padding else comments.padding
    if growth < 0 and comments.padding:
        padding = comments.padding - growth
    if layout is not None:
        padding = layout.padding
    prefix = comments.prefix
    if codec == "oggflac":
        if len(content) >= 1 << 24:
            raise UnsupportedFormat("its comments would grow beyond the 16 MiB that FLAC can hold")
        prefix = prefix[:1] + len(content).to_bytes(3, "big")
    return prefix + content + comments.suffix + bytes(padding)


# --- Pages laid out anew and renumbered ---------------------------------------------------------------


def _splices(source: ByteSource, headers: _Headers, packet: bytes) -> list[Splice]:
    old = headers.pages
    packets = [packet, *headers.packets[1:]]
    if len(packet) == len(headers.packets[0]):
        data, position, new = b"".join(packets), 0, []
        for page in old:
            new.append(page_bytes(page, data[position : position + sum(page.lacing)]))
            position += sum(page.lacing)
    else:
        new = lay_out(packets, old[0].serial, old[0].number)
    splices = [Splice(headers.start, headers.end, b"".join(new))]
    shift = len(new) - len(old)
    return splices + (_renumbered(source, headers.end, old[0].serial, shift) if shift else [])


def _renumbered(source: ByteSource, start: int, serial: bytes, shift: int) -> list[Splice]:
    splices = []
    for page in _rest_of_link(source, start):
        if page.serial != serial:
            continue
        body = source.at(page.body_start, page.end - page.body_start)
        number = (page.number + shift) % (1 << 32)
        data = page_bytes(replace(page, number=number), body)
        at = page.start + _NUMBER_BYTES.start
        splices.append(Splice(at, page.start + _NUMBER_BYTES.stop, data[_NUMBER_BYTES]))
    return splices


def _rest_of_link(source: ByteSource, start: int) -> Iterator[Page]:
    """Yield the pages from `start` to where another stream is chained, which may have the same serial."""
    return takewhile(lambda page: not page.flags & FIRST, pages_from(source, start))


# --- What no edit may change --------------------------------------------------------------------------


def _payload(source: ByteSource, first: Page, headers: _Headers, renumbered: bool) -> tuple[Span, ...]:
    """Give the first page and all audio pages; where renumbered, these without numbers and checksums."""
    spans: list[Span] = [(0, first.end)]
    if not renumbered:
        return (*spans, (headers.end, source.size))
    previous = headers.end
    for page in _rest_of_link(source, headers.end):
        spans.append((previous, page.start + _NUMBER_BYTES.start))
        previous = page.start + _NUMBER_BYTES.stop
    return (*spans, (previous, source.size))


# --- Pages (RFC 3533, section 6) ----------------------------------------------------------------------


def read_page(source: ByteSource, start: int) -> Page:
    """Read the page at `start`; UnsupportedFormat where there is none."""
    header = source.peek(start, _HEADER_BYTES + _MAX_SEGMENTS)
    if len(header) < _HEADER_BYTES or header[:5] != b"OggS\0":
        raise UnsupportedFormat("its Ogg pages are damaged")
    lacing = header[_HEADER_BYTES : _HEADER_BYTES + header[26]]
    number = int.from_bytes(header[18:22], "little")
    return Page(start, header[5], header[6:14], header[14:18], number, lacing)


def pages_from(source: ByteSource, start: int) -> Iterator[Page]:
    """Yield all pages from `start` to the end of the file."""
    while start < source.size:
        page = read_page(source, start)
        yield page
        start = page.end


def lay_out(packets: Sequence[bytes], serial: bytes, first_number: int) -> list[bytes]:
    """Lay packets out on pages as full as can be, as libogg flushes headers; the last page ends with them."""
    lacing = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
    data, taken, continued = b"".join(packets), 0, False
    pages: list[bytes] = []
    for at in range(0, len(lacing), _MAX_SEGMENTS):
        values = lacing[at : at + _MAX_SEGMENTS]
        # A page on which no packet ends has the granule position -1 (RFC 3533, 6.4).
        granule = bytes(8) if min(values) < 255 else b"\xff" * 8
        header = Page(0, CONTINUED if continued else 0, granule, serial, first_number + len(pages), values)
        body = data[taken : taken + sum(values)]
        pages.append(page_bytes(header, body))
        taken, continued = taken + len(body), values[-1] == 255
    return pages


def page_bytes(page: Page, body: bytes) -> bytes:
    """Spell a whole page with its checksum."""
    start = b"OggS\0" + bytes([page.flags]) + page.granule + page.serial + page.number.to_bytes(4, "little")
    end = bytes([len(page.lacing)]) + page.lacing + body
    return start + _checksum(start + bytes(4) + end) + end


def _checksum(data: bytes) -> bytes:
    """Compute Ogg's CRC-32 (polynomial 04C11DB7, not reflected, start 0) from zlib's reflected one."""
    crc = ~zlib.crc32(data.translate(_REVERSED_BITS), 0xFFFFFFFF) & 0xFFFFFFFF
    return crc.to_bytes(4, "little").translate(_REVERSED_BITS)[::-1]
