"""Paths and the folders around them."""

from __future__ import annotations

import os
from collections.abc import Iterator


def folders_around(path: str) -> Iterator[str]:
    """Yield the folders that an absolute `path` lies in, the nearest first."""
    while (folder := os.path.dirname(path)) != path:
        yield folder
        path = folder
