"""The tags of a file as they lie there: raw items, their containers, and how to spell new ones.

mutagen is not used to write: its `save` sorts ID3 frames, MP4 atoms and ASF attributes, merges
duplicate frames, re-encodes text, drops ID3 header flags and what stands behind an APE tag.
mediafile (beets) sits on top of it and shares all of this, so it is not used either. Here an item
that is not ours is carried as the bytes it was; mutagen is the second reader in `verify`.
(`tests/tags/test_why_raw.py` shows what mutagen's own save does to a file.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from tagger.errors import TagError
from tagger.tags.fields import Field
from tagger.tags.limits import MAX_READS, check_count, check_size

# Stands for a value that is there and cannot be read (an encrypted frame, a binary genre).
UNREADABLE = "\ufffd"

# Begins the containers of items that lie beside the main tag, in `LIST INFO` of wav.
INFO = "info"


@dataclass(frozen=True, slots=True)
class Item:
    """One tag: `raw` are its bytes in the file (ID3: frame with header, FLAC: one comment, …).

    `field` is None for a tag that is not ours; `texts` are its values, decoded for our fields only, and for
    the content group of ID3, which is not ours but may be a grouping (`fields`). `container` names the list
    that holds it, for formats that have several (ASF).
    """

    raw: bytes
    field: Field | None = None
    texts: tuple[str, ...] = ()
    container: str = ""


@dataclass(frozen=True, slots=True)
class Splice:
    """Replace the bytes [start, end) of the file by `data`."""

    start: int
    end: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Layout:
    """How a tag block lay in its file, to restore it: whether there was one, and its free room in bytes.

    For MP4 only: `depth` is how far the path moov/udta/meta/ilst went, `outer` the room behind moov.
    `carries`: the tag was empty, and tags beside it were read that are carried over (see `TagBlock`).
    For wav and aiff: `missing_pad` is 1 where the pad byte at their end was missing, 2 where it was counted.
    """

    present: bool
    padding: int
    depth: int = 0
    outer: int = 0
    carries: bool = False
    missing_pad: int = 0


Span = tuple[int, int]
Rebuild = Callable[[tuple[Item, ...], Layout | None], list[Splice]]
Payload = Callable[[bool], tuple[Span, ...]]
Encode = Callable[[Field, Sequence[str]], tuple[Item, ...]]
Reword = Callable[[Item, str], Item]
Move = Callable[[Item, str], Item]
Carried = Callable[[], tuple[Item, ...]]
ByTheBook = Callable[[], list[Splice]]


def _not_moved(item: Item, container: str) -> Item:
    return item


def _not_reworded(item: Item, text: str) -> Item:
    raise TagError("its comment cannot be changed")


def first_comment_alone(items: Iterable[Item]) -> tuple[Item, ...]:
    """Leave of several comments the first one ours: it is the one that players show, and no other changes."""
    found, seen = list[Item](), False
    for item in items:
        is_comment = item.field == "comment"
        found.append(replace(item, field=None, texts=()) if is_comment and seen else item)
        seen = seen or is_comment
    return tuple(found)


@dataclass(frozen=True, slots=True)
class TagBlock:
    """The tag block of one file, read from its headers.

    `format` is `mp3`, `flac`, …; `dialect` is the spelling of items, e.g. `id3v2.3`: raw items
    may only be put back into the same dialect. `payload` finds the byte ranges of the file that no
    edit of tags may change (audio and every structure around it), in an order that is stable; its
    argument says whether to leave out the numbers of Ogg pages, which change where `header_pages` of
    the two files differ. `repeats` says that several values are several items.
    `encode` spells values as new items, `move` one of these as another container holds it, and `reword` a
    comment or a rating that is there with another text and all else that it holds; `rebuild`
    gives the splices that turn the file's items into others: into free room where there is enough, else
    the file grows and keeps its room. `carried` spells the tags that players read only as long as this
    block is empty as items of it, which then stand in front of ours. `as_by_the_book` gives the splices
    that spell what strict readers do not understand as its specification demands: to be read, not written.
    `keep_their_names` are fields that players look for under one name or another: where a value stands under
    one of them alone, `reword` puts the new one there. `new_ones_first`: not every reader finds what stands
    behind the items that are there.
    """

    format: str
    dialect: str
    items: tuple[Item, ...]
    layout: Layout
    payload: Payload
    encode: Encode
    rebuild: Rebuild
    repeats: bool = False
    header_pages: int = 0
    move: Move = _not_moved
    carried: Carried = tuple
    as_by_the_book: ByTheBook = list
    new_ones_first: bool = False
    reword: Reword = _not_reworded
    keep_their_names: tuple[Field, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the main tag holds nothing, whatever lies beside it."""
        return all(item.container.startswith(INFO) for item in self.items)

    def texts(self, field: Field) -> tuple[str, ...]:
        """Give the values of one field, in file order; none where the field is absent."""
        return tuple(text for item in self.items if item.field == field for text in item.texts)


@dataclass(frozen=True, slots=True)
class ByteSource:
    """An open file of `size` bytes, for readers that take no more of it than `limits` says."""

    file: BinaryIO
    size: int
    n_reads: list[int] = field(default_factory=lambda: [0])

    def at(self, start: int, length: int) -> bytes:
        """Read exactly `length` bytes from `start`; TagError where the file ends before."""
        if start < 0 or length < 0 or start + length > self.size:
            raise TagError("its tags reach past its end (damaged or still being written)")
        check_size(length)
        self.n_reads[0] += 1
        check_count(self.n_reads[0], MAX_READS)
        self.file.seek(start)
        data = self.file.read(length)
        if len(data) != length:
            raise TagError("the file became shorter while it was read")
        return data

    def peek(self, start: int, length: int) -> bytes:
        """Read up to `length` bytes from `start`, fewer at the end of the file."""
        start = min(max(start, 0), self.size)
        return self.at(start, min(length, self.size - start))
