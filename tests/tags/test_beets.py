"""The plugin for beets that the manual shows: what it reads of our fields, and what beets may not write."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from tagger.cli.help import page
from tagger.tags import Change, apply, read

from .conftest import MakeSample

pytest.importorskip("beets", reason="beets is not installed")

CHANGES = (
    Change("genre", (), ("Jazz",)),
    Change("energy_level", (), ("7",)),
    Change("energy", (), ("0.6791",)),
    Change("bpm", (), ("81",)),
    Change("mood", (), ("calm",)),
    Change("words", (), ("Piano", "Female Voice")),
)


@pytest.fixture
def plugin(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module of the page, with its plugin made; beets' own folder is one of this test."""
    monkeypatch.setenv("BEETSDIR", str(tmp_path))
    (text,) = re.findall(r"^```python\n(.*?)^```", page("players"), re.DOTALL | re.MULTILINE)
    module = ModuleType("beetsplug.tagger")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(text, module.__dict__)
    module.made = module.TaggerPlugin()  # type: ignore[attr-defined]
    yield module
    from mediafile import MediaFile

    for name in module.FIELDS:
        delattr(MediaFile, name)


@pytest.mark.parametrize("kind", ["mp3", "flac", "ogg", "opus", "aac", "wv", "wma", "wav", "aiff"])
def test_beets_reads_our_fields_and_leaves_them(kind: str, sample: MakeSample, plugin: ModuleType) -> None:
    from beets.library import Item

    path = sample(kind)
    apply(path, CHANGES)
    item = Item.from_path(path.encode())
    assert (item["energylevel"], item["tagger_energy"], item["mood"]) == (7, 0.6791, "calm")
    assert (item["words"], item["bpm"], item["genres"]) == (["Piano", "Female Voice"], 81, ["Jazz"])
    before = read(path)
    item["energylevel"], item["mood"], item["title"] = 2, "sad", "Changed"
    item.write()
    after = read(path)
    assert Item.from_path(path.encode())["title"] == "Changed"
    for field in ("energy_level", "energy", "bpm", "mood", "words"):
        assert after.texts(field) == before.texts(field), field
    assert after.genres == before.genres
