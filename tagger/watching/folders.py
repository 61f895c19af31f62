"""Paths and the folders around them."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from itertools import chain


def folders_around(path: str) -> Iterator[str]:
    """Yield the folders that an absolute `path` lies in, the nearest first."""
    while (folder := os.path.dirname(path)) != path:
        yield folder
        path = folder


def nearest(path: str, among: Container[str]) -> str | None:
    """`path` itself or the nearest folder around it that is `among` these; None where none is."""
    return next((folder for folder in chain([path], folders_around(path)) if folder in among), None)
