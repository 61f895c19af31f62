"""New item lists from old ones: write our fields, remember what was there, put it back."""

from __future__ import annotations

import base64
import dataclasses
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from tagger.errors import TagError
from tagger.files import FileState
from tagger.tags.block import Item, Layout, TagBlock
from tagger.tags.fields import FIELDS, REWORDED, Field
from tagger.tags.original import Original, original_from_json
from tagger.tags.policy import Change
from tagger.types import HardLinks


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
    """All that undoing one write needs; `to_json` and `previous_from_json` carry it through a store.

    `original` tells the file by its bytes; `layout` serves where other programs have been there since.
    """

    dialect: str
    layout: Layout
    fields: tuple[PreviousField, ...]
    original: Original | None = None

    def to_json(self) -> dict[str, Any]:
        """Give plain values for `json.dumps`; raw items are base64."""
        return {
            "dialect": self.dialect,
            "shape": dataclasses.astuple(self.layout),
            "original": self.original.to_json() if self.original else None,
            "fields": [
                {
                    "field": one.field,
                    "before": list(one.before),
                    "after": list(one.after),
                    "items": [
                        [index, base64.b64encode(item.raw).decode(), item.container]
                        for index, item in one.items
                    ],
                }
                for one in self.fields
            ],
        }


@dataclass(frozen=True, slots=True)
class Written:
    """One file written: the state in which it is now, and all that undoing needs.

    `before_replace` of `WriteOptions` gets it before the file is exchanged: a caller that stores it and
    finds it after a crash compares `state` with the file's, to learn whether the file is old or new.
    """

    state: FileState
    previous: Previous


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How to write: a file whose state is not `expected` (that of the last scan) is not written.

    `hard_links`: what to do with a file of several names: `skip` it (TagError), `break` the link
    (the other names keep the old content), or write `in-place` (all names get the new content).
    """

    keep_mtime: bool = False
    hard_links: HardLinks = "skip"
    expected: FileState | None = None
    before_replace: Callable[[Written], None] | None = None


def previous_from_json(data: Mapping[str, Any]) -> Previous:
    """Invert `Previous.to_json`. Raises TagError for what is not whole: a database may be damaged."""
    try:
        fields = tuple(_field_from_json(one) for one in data["fields"])
        original = data.get("original")
        known = original_from_json(original) if original else None
        return Previous(_text(data["dialect"]), _layout(data["shape"]), fields, known)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, zlib.error) as error:
        raise TagError(_DAMAGED) from error


def previous_of(block: TagBlock, changes: Iterable[Change]) -> Previous:
    """Remember the changed fields of a file as they are now, before they are written."""
    fields = []
    for change in changes:
        found = enumerate(block.items)
        items = tuple((index, item) for index, item in found if item.field == change.field)
        fields.append(PreviousField(change.field, items, block.texts(change.field), change.after))
    return Previous(block.dialect, block.layout, tuple(fields))


def changed_items(block: TagBlock, changes: Iterable[Change]) -> tuple[Item, ...]:
    """Give the file's items with our fields changed, in the place of the old ones or at the end."""
    items = [*block.carried(), *block.items] if block.is_empty else list(block.items)
    for change in changes:
        items = _with_values(block, items, change)
    return tuple(items)


def restored_items(block: TagBlock, previous: Previous) -> tuple[tuple[Item, ...], tuple[Field, ...]]:
    """Give the items with the previous ones put back, and the fields that changed since and are left."""
    untouched = [one for one in previous.fields if _is_as_written(one, block.texts(one.field))]
    left = tuple(one.field for one in previous.fields if one not in untouched)
    gone = {one.field for one in untouched}
    items = [item for item in block.items if item.field not in gone]
    if previous.layout.carries and not left:
        items = _without_carried(block, items)
    exact = block.dialect == previous.dialect
    for index, item in sorted(_originals(block, untouched, exact), key=lambda pair: pair[0]):
        items.insert(min(index, len(items)), item)
    return tuple(items), left


def _is_as_written(written: PreviousField, texts: tuple[str, ...]) -> bool:
    """Tell whether a field still says what we wrote, be it under a second name, too.

    Picard writes a `TXXX:mood` as `TMOO` and leaves it beside that, beets copies a COMMENT to DESCRIPTION.
    A second rating is of another program, even where it has as many stars.
    """
    if written.field == "rating":
        return texts == written.after
    return tuple(dict.fromkeys(texts)) == tuple(dict.fromkeys(written.after))


def restored_layout(block: TagBlock, previous: Previous, left: tuple[Field, ...]) -> Layout | None:
    """Give the layout to restore too; None where another program has changed the tag since."""
    return previous.layout if block.dialect == previous.dialect and not left else None


def _without_carried(block: TagBlock, items: list[Item]) -> list[Item]:
    """Drop what was carried into the main tag, unless another program has put something beside it."""
    carried = {item.raw for item in block.carried()}
    main = [item for item in items if not item.container]
    return [item for item in items if item.container] if all(one.raw in carried for one in main) else items


def _with_values(block: TagBlock, items: list[Item], change: Change) -> list[Item]:
    at = [index for index, item in enumerate(items) if item.field == change.field]
    if change.field in (*REWORDED, *block.keep_their_names) and len(at) == len(change.after):
        new_texts = dict(zip(at, change.after, strict=True))
        return [
            block.reword(item, new_texts[index]) if index in new_texts else item
            for index, item in enumerate(items)
        ]
    before = block.texts(change.field)
    if block.repeats and before and change.after[: len(before)] == before:
        place, container = at[-1] + 1, items[at[-1]].container
        new = [
            block.move(item, container) for item in block.encode(change.field, change.after[len(before) :])
        ]
        return [*items[:place], *new, *items[place:]]
    place = at[0] if at else (0 if block.new_ones_first else len(items))
    kept = [item for item in items if item.field != change.field]
    return [*kept[:place], *block.encode(change.field, change.after), *kept[place:]]


def _originals(block: TagBlock, fields: Iterable[PreviousField], exact: bool) -> list[tuple[int, Item]]:
    """Give the raw items where the tag still has the same dialect, else the same values encoded anew."""
    if exact:
        return [pair for one in fields for pair in one.items]
    pairs = [(one, block.encode(one.field, one.before)) for one in fields if one.before]
    return [(one.items[0][0] if one.items else 0, item) for one, items in pairs for item in items]


def _field_from_json(data: Mapping[str, Any]) -> PreviousField:
    if data["field"] not in FIELDS:
        raise ValueError(data["field"])
    field = cast(Field, data["field"])
    items = tuple(
        (_index(index), Item(base64.b64decode(_text(raw), validate=True), field, (), _text(container)))
        for index, raw, container in data["items"]
    )
    return PreviousField(field, items, _texts(data["before"]), _texts(data["after"]))


_DAMAGED = "what its tags were is damaged in the database; they stay as they are (a backup may know it)"


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _texts(values: object) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError(values)
    return tuple(map(_text, values))


def _index(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError(value)
    return value


def _layout(values: Sequence[Any]) -> Layout:
    if not isinstance(values, list):
        raise TypeError(values)
    if not all(isinstance(value, int) for value in values):
        raise TypeError(values)
    return Layout(*values)
