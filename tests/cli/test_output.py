"""How values look on a terminal."""

import pytest

from tagger.types import counted


@pytest.mark.parametrize(
    ("count", "name", "text"),
    [
        (0, "files", "0 files"),
        (1, "files", "1 file"),
        (1200, "files written", "1,200 files written"),
        (1, "files written", "1 file written"),
        (1, "duplicates", "1 duplicate"),
        (1, "analysed", "1 analysed"),
    ],
)
def test_a_count_of_one_is_in_the_singular(count: int, name: str, text: str) -> None:
    assert counted(count, name) == text


def test_numbers_stand_below_each_other() -> None:
    assert [counted(n, "files", width=9) for n in (1, 12)] == ["        1 file", "       12 files"]
