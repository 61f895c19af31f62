"""Answers to store, without a model."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tagger.store import Store


@pytest.fixture
def db_path(tmp_path: Path) -> str:
    return str(tmp_path / "tagger.db")


@pytest.fixture
def store(db_path: str) -> Iterator[Store]:
    with Store.open(db_path, create=True) as store:
        yield store
