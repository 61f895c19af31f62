"""Read the arrays of a TensorFlow checkpoint without TensorFlow: its index and its data, from a package."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from tagger.errors import TaggerError

MAGIC = 0xDB4775248B80FB57
"""Ends a table of LevelDB, which the index is (google/leveldb, doc/table_format.md)."""

FOOTER_BYTES = 48
FLOAT32 = 1
"""`DT_FLOAT` of tensorflow/core/framework/types.proto."""

TYPE, SHAPE, OFFSET, SIZE = 1, 2, 4, 5
"""Fields of a `BundleEntryProto` (tensorflow/core/protobuf/tensor_bundle.proto)."""

Fields = dict[int, list[Any]]


def read_checkpoint(package: str, folder: str) -> dict[str, NDArray[np.float32]]:
    """Read all float32 arrays of the checkpoint in `folder` of a wheel, by their names.

    `folder` is as the wheel names it, such as `musicnn/MSD_musicnn`. Raises `TaggerError` where the file is
    no wheel, has no such folder, or its index cannot be read.
    """
    try:
        with ZipFile(package) as wheel:
            index = wheel.read(f"{folder}/.index")
            data = wheel.read(f"{folder}/.data-00000-of-00001")
        return dict(_arrays(index, data))
    except (OSError, BadZipFile, KeyError, ValueError, IndexError, struct.error) as error:
        raise TaggerError(f"{package}: no checkpoint in {folder} that can be read ({error})") from None


def _arrays(index: bytes, data: bytes) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for name, entry in _entries(index):
        fields = _fields(entry)
        if not name or fields.get(TYPE, [0])[0] != FLOAT32:
            continue
        shape = [_fields(size).get(1, [0])[0] for size in _fields(fields[SHAPE][0]).get(2, [])]
        first, n_bytes = fields.get(OFFSET, [0])[0], fields[SIZE][0]
        yield name.decode(), np.frombuffer(data[first : first + n_bytes], "<f4").reshape(shape)


def _entries(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a table, by way of the block that lists its blocks."""
    footer = table[-FOOTER_BYTES:]
    if struct.unpack("<Q", footer[-8:])[0] != MAGIC:
        raise ValueError("its index is no table")
    place = 0
    for _ in range(2):  # of a block with statistics, which nobody needs
        _, place = _number(footer, place)
    first, place = _number(footer, place)
    size, _ = _number(footer, place)
    for _, handle in _block(table, first, size):
        first, place = _number(handle, 0)
        size, _ = _number(handle, place)
        yield from _block(table, first, size)


def _block(table: bytes, first: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a block, of whose keys each leaves out what it shares with the last."""
    if table[first + size]:
        raise ValueError("its index is compressed")
    block = table[first : first + size]
    (n_restarts,) = struct.unpack("<I", block[-4:])
    place, key = 0, b""
    while place < size - 4 * (1 + n_restarts):
        shared, place = _number(block, place)
        n_own, place = _number(block, place)
        n_value, place = _number(block, place)
        key = key[:shared] + block[place : place + n_own]
        place += n_own
        yield key, block[place : place + n_value]
        place += n_value


def _fields(message: bytes) -> Fields:
    """Read the fields of a Protocol Buffers message: numbers and the bytes of what has a length."""
    found: Fields = {}
    place = 0
    while place < len(message):
        tag, place = _number(message, place)
        kind = tag & 7
        value: int | bytes
        if kind == 0:
            value, place = _number(message, place)
        elif kind in (2, 5):  # with a length, or of 32 bits
            length, place = _number(message, place) if kind == 2 else (4, place)
            value = message[place : place + length]
            place += length
        else:
            raise ValueError(f"a field of kind {kind}")
        found.setdefault(tag >> 3, []).append(value)
    return found


def _number(data: bytes, place: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, the low ones first; give it and where the next thing begins."""
    number = shift = 0
    while True:
        byte = data[place]
        place += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, place
