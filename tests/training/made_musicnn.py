"""A MusiCNN of few kernels with made-up weights, some of them dead, in a wheel as that of its authors."""

import struct
import zipfile
from pathlib import Path

import numpy as np

from tagger.training.musicnn_weights import FOLDER, LICENCE

KERNELS = ((7, 38, 1, 6), (7, 67, 1, 5), (128, 1, 1, 4), (64, 1, 1, 4), (32, 1, 1, 4))
N_MIDDLE, N_EMBEDDING = 8, 12
N_FRONT = sum(shape[-1] for shape in KERNELS)

Weights = dict[str, np.ndarray]


def made_weights() -> Weights:
    """By the names of a checkpoint; every other kernel of the front and of the layer behind it is dead."""
    random = np.random.default_rng(0)
    shapes = [*KERNELS, (7, N_FRONT, 1, N_MIDDLE), *[(7, N_MIDDLE, 1, N_MIDDLE)] * 2]
    weights = {}
    for i, shape in enumerate(shapes):
        kernel = random.normal(0, 1 / np.sqrt(np.prod(shape[:3])), shape)
        if i <= len(KERNELS):
            kernel[..., ::2] *= 1e-20
        weights[f"{numbered('conv2d', i)}/kernel"] = kernel
        weights[f"{numbered('conv2d', i)}/bias"] = random.normal(0, 0.3, shape[-1])
    n_pooled = 2 * (N_FRONT + 3 * N_MIDDLE)
    for i, n in enumerate([1, *(shape[-1] for shape in shapes), n_pooled, N_EMBEDDING]):
        name = numbered("batch_normalization", i)
        weights[f"{name}/gamma"], weights[f"{name}/beta"] = random.normal(0, 1, (2, n))
        weights[f"{name}/moving_mean"] = random.normal(0, 0.3, n)
        weights[f"{name}/moving_variance"] = random.uniform(0.5, 2, n)
    weights["dense/kernel"] = random.normal(0, 1 / np.sqrt(n_pooled), (n_pooled, N_EMBEDDING))
    weights["dense/bias"] = random.normal(0, 0.3, N_EMBEDDING)
    return {name: array.astype(np.float32) for name, array in weights.items()}


def numbered(name: str, i: int) -> str:
    return f"{name}_{i}" if i else name


def make_wheel(path: Path, weights: Weights) -> str:
    """Write the weights as TensorFlow does, and the licence."""
    data, entries, place = b"", [], 0
    for name, array in sorted(weights.items()):
        entries.append((name.encode(), _entry(array, place)))
        data += array.tobytes()
        place += array.nbytes
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{FOLDER}/.index", make_table([(b"", b"\x08\x01"), *entries]))
        wheel.writestr(f"{FOLDER}/.data-00000-of-00001", data)
        wheel.writestr(LICENCE, "Copyright (c) of a test")
    return str(path)


def make_table(entries: list[tuple[bytes, bytes]]) -> bytes:
    """A table of LevelDB: one block, an empty one, the block that lists the first, and where they are."""
    table = block = _block(entries)
    empty = _block([])
    table += b"\0" * 5 + empty + b"\0" * 5
    listing = _block([(b"\xff", number(0) + number(len(block)))])
    place = len(table)
    footer = number(len(block) + 5) + number(len(empty)) + number(place) + number(len(listing))
    return table + listing + b"\0" * 5 + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def number(value: int) -> bytes:
    """Seven bits a byte, the low ones first."""
    found = b""
    while value >= 0x80:
        found += bytes([value & 0x7F | 0x80])
        value >>= 7
    return found + bytes([value])


def _block(entries: list[tuple[bytes, bytes]]) -> bytes:
    """Keys without what they share with the one before."""
    block, last = b"", b""
    for key, value in entries:
        shared = next((i for i, (a, b) in enumerate(zip(key, last, strict=False)) if a != b), 0)
        own = key[shared:]
        block += number(shared) + number(len(own)) + number(len(value)) + own + value
        last = key
    return block + struct.pack("<II", 0, 1)


def _entry(array: np.ndarray, place: int) -> bytes:
    """A `BundleEntryProto`: float32, the shape, where it begins, its size, a checksum that nobody reads."""
    shape = b"".join(b"\x12" + number(1 + len(number(n))) + b"\x08" + number(n) for n in array.shape)
    offset, size = b"\x20" + number(place), b"\x28" + number(array.nbytes)
    return b"\x08\x01\x12" + number(len(shape)) + shape + offset + size + b"\x35abcd"
