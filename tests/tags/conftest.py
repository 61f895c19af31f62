from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from . import samples

MakeSample = Callable[..., str]

_bytes_of = functools.cache(samples.make)


@pytest.fixture
def sample(tmp_path: Path) -> MakeSample:
    """Writes an untagged file of a format into an own folder and gives its path."""

    def write(name: str, stem: str = "song") -> str:
        path = os.path.join(tmp_path, f"{stem}.{samples.extension(name)}")
        with open(path, "wb") as file:
            file.write(_bytes_of(name))
        return path

    return write
