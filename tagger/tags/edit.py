"""New item lists from old ones: writing our fields, remembering what was there, putting it back."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from tagger.tags.block import Block, Item, Shape
from tagger.tags.fields import Field
from tagger.tags.plan import Change


@dataclass(frozen=True, slots=True)
class PreviousField:
    """One field before and after a write.

    `items` are the raw items it had, each with its index among all items of the file.
    """

    field: Field
    items: tuple[tuple[int, Item], ...]
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Previous:
    """All that undoing one write needs; `to_json` and `previous_from_json` carry it through a store."""

    dialect: str
    shape: Shape
    fields: tuple[PreviousField, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`; raw items are base64."""
        return {
            "dialect": self.dialect,
            "shape": dataclasses.astuple(self.shape),
            "fields": [
                {
                    "field": one.field,
                    "before": list(one.before),
                    "after": list(one.after),
                    "items": [
                        [index, base64.b64encode(item.raw).decode(), item.where] for index, item in one.items
                    ],
                }
                for one in self.fields
            ],
        }


def previous_from_json(data: Mapping[str, Any]) -> Previous:
    """The inverse of `Previous.to_json`."""
    fields = tuple(_field_from_json(one) for one in data["fields"])
    return Previous(data["dialect"], Shape(*data["shape"]), fields)


def previous_of(block: Block, changes: Iterable[Change]) -> Previous:
    """What the changed fields of a file are now, before they are written."""
    fields = []
    for change in changes:
        found = enumerate(block.items)
        items = tuple((index, item) for index, item in found if item.field == change.field)
        fields.append(PreviousField(change.field, items, block.texts(change.field), change.after))
    return Previous(block.dialect, block.shape, tuple(fields))


def changed_items(block: Block, changes: Iterable[Change]) -> tuple[Item, ...]:
    """The file's items with our fields as wanted, in the place of the old ones or at the end."""
    items = list(block.items)
    for change in changes:
        items = _with_values(block, items, change)
    return tuple(items)


def restored_items(block: Block, previous: Previous) -> tuple[tuple[Item, ...], tuple[Field, ...]]:
    """The file's items with the previous ones put back, and the fields left because somebody changed them."""
    untouched = [one for one in previous.fields if block.texts(one.field) == one.after]
    left = tuple(one.field for one in previous.fields if one not in untouched)
    gone = {one.field for one in untouched}
    items = [item for item in block.items if item.field not in gone]
    exact = block.dialect == previous.dialect
    for index, item in sorted(_originals(block, untouched, exact), key=lambda pair: pair[0]):
        items.insert(min(index, len(items)), item)
    return tuple(items), left


def restored_shape(block: Block, previous: Previous, left: tuple[Field, ...]) -> Shape | None:
    """The free room and absence to restore too; None when somebody else has been in the tag."""
    return previous.shape if block.dialect == previous.dialect and not left else None


def _with_values(block: Block, items: list[Item], change: Change) -> list[Item]:
    at = [index for index, item in enumerate(items) if item.field == change.field]
    before = block.texts(change.field)
    if block.repeats and before and change.after[: len(before)] == before:
        place = at[-1] + 1
        return items[:place] + list(block.encode(change.field, change.after[len(before) :])) + items[place:]
    place = at[0] if at else len(items)
    new = block.encode(change.field, change.after)
    kept = [item for item in items if item.field != change.field]
    return [*kept[:place], *new, *kept[place:]]


def _originals(block: Block, fields: Iterable[PreviousField], exact: bool) -> list[tuple[int, Item]]:
    """Raw items where the tag still speaks the same dialect, else the same values spelled anew."""
    if exact:
        return [pair for one in fields for pair in one.items]
    pairs = [(one, block.encode(one.field, one.before)) for one in fields if one.before]
    return [(one.items[0][0] if one.items else 0, item) for one, items in pairs for item in items]


def _field_from_json(data: Mapping[str, Any]) -> PreviousField:
    field = cast(Field, data["field"])
    items = tuple(
        (index, Item(base64.b64decode(raw), field, (), where)) for index, raw, where in data["items"]
    )
    return PreviousField(field, items, tuple(data["before"]), tuple(data["after"]))


HardLinks = Literal["skip", "break", "in-place"]


@dataclass(frozen=True, slots=True)
class Written:
    """One file written: bytes that went to the disk, and the file's new size and `mtime_ns`.

    `previous` is what undoing needs. `before_replace` gets it before the file is exchanged: a
    caller that stores it and finds it after a crash compares size and mtime with the file's, to
    learn whether the file is old or new.
    """

    bytes_written: int
    size: int
    mtime_ns: int
    previous: Previous


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """`expected` is the (size, mtime_ns) of the last scan; a file that differs is not written.

    `hard_links`: what to do with a file of several names: `skip` it (TagError), `break` the link
    (the other names keep the old content), or write `in-place` (all names get the new content).
    """

    keep_mtime: bool = False
    hard_links: HardLinks = "skip"
    expected: tuple[int, int] | None = None
    before_replace: Callable[[Written], None] | None = None
