"""What the tests of runs share."""

from pathlib import Path

import pytest


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """Where a database is to be, apart from the music."""
    (tmp_path / "db").mkdir()
    return tmp_path / "db" / "tagger.db"
