"""A plan of changes as a file: saved, edited, thinned out, and applied only where it still fits."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mutagen.flac import FLAC

from tagger.errors import TaggerError
from tagger.library import Library
from tagger.tag_runs import TagSettings, UndoCounts, WriteCounts, plan_lines, read_plan
from tagger.tags import read
from tests.tag_runs.library import contents, make_files, store_analyses

SETTINGS = TagSettings()


@pytest.fixture
def music(tmp_path: Path) -> list[str]:
    return make_files(tmp_path / "music", ["flac", "mp3", "ogg"])


@pytest.fixture
def library(music: list[str], tmp_path: Path) -> Iterator[Library]:
    db = tmp_path / "db" / "tagger.db"
    db.parent.mkdir()
    store_analyses(db, music, {"Rock": 0.8, "Jazz": 0.2}, tempo=(120.4, 0.7))
    with Library(db) as opened:
        yield opened


def saved(library: Library, file: Path) -> list[dict[str, Any]]:
    lines: list[bytes] = []
    library.preview_tags(settings=SETTINGS, on_change=lambda planned: lines.extend(plan_lines(planned)))
    file.write_bytes(b"".join(lines))
    return [json.loads(line) for line in lines]


def apply(library: Library, file: Path, lines: list[dict[str, Any]]) -> tuple[WriteCounts, list[str]]:
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    skips: list[str] = []
    counts = WriteCounts(lambda skip: skips.append(skip.reason))
    library.write_tags(settings=SETTINGS, plan=read_plan(str(file)), counts=counts)
    return counts, skips


def test_a_line_names_path_sound_field_values_and_confidence(library: Library, tmp_path: Path) -> None:
    lines = saved(library, tmp_path / "plan")

    assert [line["field"] for line in lines[:4]] == ["genre", "energy_level", "energy", "bpm"]
    assert len(lines) == 12
    genre, level, _, bpm = lines[:4]
    assert (genre["before"], genre["after"], genre["confidence"]) == ([], ["Rock"], 0.8)
    assert (level["after"], level["confidence"]) == (["8"], None)
    assert (bpm["after"], bpm["confidence"]) == (["120"], 0.7)


def test_what_is_edited_is_written_and_what_is_deleted_is_not(
    library: Library, music: list[str], tmp_path: Path
) -> None:
    before = contents(tmp_path / "music")
    flac, mp3, _ = music
    lines = [line for line in saved(library, tmp_path / "plan") if line["path"] in (flac, mp3)]
    lines = [line for line in lines if line["field"] == "genre"]
    lines[0]["after"] = ["Deep House", "Pop/Rock"]

    counts, skips = apply(library, tmp_path / "plan", lines)

    assert (counts.files_written, skips) == (2, [])
    assert [read(path).genres for path in music] == [("Deep House", "Pop & Rock"), ("Rock",), ()]
    assert [read(path).energy for path in music] == [None] * 3
    again, _ = apply(library, tmp_path / "plan", lines)
    assert (again.files_written, again.unchanged) == (0, 2)
    library.undo(counts=UndoCounts())  # the second run wrote nothing
    assert contents(tmp_path / "music") == before


def test_a_file_whose_tags_are_not_as_the_plan_has_them_is_left(
    library: Library, music: list[str], tmp_path: Path
) -> None:
    lines = [line for line in saved(library, tmp_path / "plan") if line["field"] == "genre"]
    lines[0]["before"] = ["Blues"]

    counts, skips = apply(library, tmp_path / "plan", lines)

    assert skips == ["its genre is none, in the plan Blues"]
    assert (counts.files_written, counts.errors) == (2, 1)
    assert read(music[0]).genres == ()


def test_a_file_that_was_retagged_since_its_scan_is_left(
    library: Library, music: list[str], tmp_path: Path
) -> None:
    lines = saved(library, tmp_path / "plan")
    file = FLAC(music[0])
    file["title"] = "A longer title than there was"
    file.save()

    counts, skips = apply(library, tmp_path / "plan", lines)

    assert skips == ["it changed since it was scanned; the next scan analyses it again"]
    assert counts.files_written == 2


def test_another_sound_under_the_path_is_left(library: Library, music: list[str], tmp_path: Path) -> None:
    lines = saved(library, tmp_path / "plan")
    for line in lines:
        if line["path"] == music[1]:
            line["audio_id"] = "0" * 32
    lines.append({**lines[0], "path": str(tmp_path / "gone.mp3")})

    counts, skips = apply(library, tmp_path / "plan", lines)

    assert sorted(skips)[0] == "holds another sound than when it was planned"
    assert sorted(skips)[1].startswith("not among the tracks that standard-")
    assert counts.files_written == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"path": "/a.mp3"', "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('["a"]', "not a JSON object"),
        ('{"path": "/a.mp3"}', "has no 'audio_id'"),
        ('{"path": 1, "audio_id": "", "field": "genre", "before": [], "after": ["A"]}', "are texts"),
        ('{"path": "/a", "audio_id": "", "field": "year", "before": [], "after": ["A"]}', "no field 'year'"),
        ('{"path": "/a", "audio_id": "", "field": "key", "before": [], "after": ["H"]}', "such as Am"),
        ('{"path": "/a", "audio_id": "", "field": "genre", "before": [], "after": "A"}', "a list of texts"),
        ('{"path": "/a", "audio_id": "", "field": "genre", "before": [], "after": []}', "names of genres"),
        (
            '{"path": "/a", "audio_id": "", "field": "genre", "before": [], "after": ["\\u001b[2J"]}',
            "names of",
        ),
        ('{"path": "/a", "audio_id": "", "field": "bpm", "before": [], "after": ["fast"]}', "from 1 to 999"),
        (
            '{"path": "/a", "audio_id": "", "field": "bpm", "before": [], "after": ["1", "2"]}',
            "from 1 to 999",
        ),
        ('{"path": "/a", "audio_id": "", "field": "energy", "before": [], "after": ["NaN"]}', "from 0 to 1"),
        ('{"path": "/a", "audio_id": "", "field": "energy_level", "before": [], "after": ["11"]}', "1 to 10"),
    ],
)
def test_a_line_that_cannot_be_meant_is_told_by_its_number(line: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "plan"
    file.write_text(f"\n{line}\n")

    with pytest.raises(TaggerError, match=said) as error:
        read_plan(str(file))

    assert str(error.value).startswith(f"{file}, line 2: ")


def test_two_lines_for_one_field_are_refused(library: Library, tmp_path: Path) -> None:
    lines = saved(library, tmp_path / "plan")

    with pytest.raises(TaggerError, match="line 13: an earlier line says it otherwise"):
        apply(library, tmp_path / "plan", [*lines, lines[0]])
