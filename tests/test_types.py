"""The values that move through the program."""

import os
from pathlib import Path

import pytest

from tagger.files import absolute


def test_a_folder_that_was_entered_by_a_link_goes_by_the_links_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disk").mkdir()
    link = tmp_path / "music"
    link.symlink_to("disk")
    monkeypatch.chdir(link)
    monkeypatch.setenv("PWD", str(link))
    assert [absolute(path) for path in (".", "", "a/b.mp3")] == [f"{link}", f"{link}", f"{link}/a/b.mp3"]
    assert absolute("../x") == f"{tmp_path}/x"
    assert absolute(f"{tmp_path}/disk/x/") == f"{tmp_path}/disk/x"


@pytest.mark.parametrize(
    "pwd", ["/", "/no/such/folder", "disk", "", None, "{cwd}/../{name}", "/{cwd}", "{cwd}/"]
)
def test_a_shells_word_that_is_not_true_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pwd: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    if pwd is None:
        monkeypatch.delenv("PWD", raising=False)
    else:
        monkeypatch.setenv("PWD", pwd.format(cwd=tmp_path, name=tmp_path.name))
    assert absolute("x") == os.path.join(os.getcwd(), "x")
