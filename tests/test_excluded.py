"""Patterns of files and folders that are left out: what they match, and that no pattern is slow."""

import os
import time
from pathlib import Path

import pytest

from tagger.excluded import Excluded
from tagger.files import AudioFile
from tagger.store import Store
from tagger.walk import walk
from tagger.watch import matters, targets


@pytest.mark.parametrize(
    ("pattern", "path", "is_excluded"),
    [
        ("Audiobooks", "/m/Audiobooks/Dune/01.mp3", True),
        ("Audiobooks", "/m/Rock/audiobooks/a.mp3", True),
        ("Audiobooks", "/m/My Audiobooks/a.mp3", False),
        ("*.m4b", "/m/Dune.M4B", True),
        ("*.m4b", "/m/Dune.m4a", False),
        ("Podcasts/", "/m/Podcasts/a.mp3", True),
        ("Podcasts/**", "/m/Podcasts/2024/a.mp3", True),
        ("**/Podcasts", "/m/a/b/Podcasts/a.mp3", True),
        ("Radio/*/News", "/m/Radio/BBC/News/a.mp3", True),
        ("Radio/*/News", "/m/Radio/a.mp3", False),
        ("Radio/**/News", "/m/Radio/News/a.mp3", True),
        ("Radio/**/News", "/m/Radio/a/b/News/c.mp3", True),
        ("/m/Rock", "/m/Rock/a.mp3", True),
        ("/m/Rock", "/n/m/Rock/a.mp3", False),
        ("/m/*/Live", "/m/Rock/Live/a.mp3", True),
        ("Hörbücher", "/m/Ho\u0308rbu\u0308cher/a.mp3", True),
        ("[ab]*", "/m/Abba/x.mp3", True),
        ("[", "/m/[/x.mp3", True),
    ],
)
def test_a_pattern_leaves_out(pattern: str, path: str, is_excluded: bool) -> None:
    assert Excluded((pattern,)).holds(path) is is_excluded


def test_what_is_around_the_music_says_nothing_about_it() -> None:
    excluded = Excluded(("Live", "Live/Music"), ("/media/Live/Music",))
    assert not excluded.holds("/media/Live/Music/a.mp3")
    assert excluded.holds("/media/Live/Music/Live/a.mp3")
    assert excluded.holds("/elsewhere/Live/a.mp3")


def test_no_pattern_is_slow_whatever_stands_in_it() -> None:
    long = "a" * 250
    excluded = Excluded(("*a" * 200 + "b", "/".join(["**", "*a*"] * 100) + "/b"))
    began = time.perf_counter()
    assert not excluded.holds("/" + "/".join([long] * 15))
    assert time.perf_counter() - began < 2.0


def test_excluded_folders_are_not_walked_into(tmp_path: Path) -> None:
    for name in ("Rock/a.mp3", "Rock/b.m4b", "Audiobooks/c.mp3"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tmp_path / "Audiobooks").chmod(0)
    excluded = Excluded(("Audiobooks", "*.m4b"), (str(tmp_path),))
    try:
        found = list(walk([str(tmp_path)], excluded=excluded))
        beneath = list(walk([str(tmp_path / "Audiobooks")], excluded=excluded))
    finally:
        (tmp_path / "Audiobooks").chmod(0o755)
    assert [os.path.basename(each.path) for each in found] == ["a.mp3"]
    assert all(isinstance(each, AudioFile) for each in found)
    assert beneath == []


def test_a_watch_takes_no_notice_of_what_is_excluded(tmp_path: Path) -> None:
    music, excluded = str(tmp_path), Excluded(("Audiobooks",), (str(tmp_path),))
    paths = [os.path.join(music, "Audiobooks", "a.mp3"), os.path.join(music, "b.mp3")]
    assert [matters(path, [music], excluded) for path in paths] == [False, True]
    (tmp_path / "Audiobooks").mkdir()
    for path in paths:
        Path(path).touch()
    with Store.open(str(tmp_path / "a.db"), create=True) as store:
        assert targets(paths, [music], store, excluded) == paths[1:]
