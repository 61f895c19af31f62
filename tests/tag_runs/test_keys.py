"""Keys from the store into files, and back: which are written, over what, and how they are told."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from mutagen.flac import FLAC

from tagger.errors import TaggerError
from tagger.library import Library
from tagger.store import Store
from tagger.tag_runs import TagSettings, UndoCounts, WriteCounts, plan_lines, read_plan
from tagger.tags import Policy, read
from tagger.types import Sound
from tests.tag_runs.library import analysed_as, contents, make_files, store_analyses

KINDS = ("flac", "mp3", "ogg", "opus", "aac", "wav", "aiff", "wma", "ape", "wv", "mpc")
ASKED = TagSettings(Policy(key="missing"))
ALONE = TagSettings(Policy("never", energy=False, bpm="never", key="missing"))


@pytest.fixture
def music(tmp_path: Path) -> list[str]:
    return make_files(tmp_path / "music", KINDS)


@pytest.fixture
def library(music: list[str], db: Path) -> Iterator[Library]:
    store_analyses(db, music, key=("Bbm", 0.7))
    with Library(db) as opened:
        yield opened


def write(library: Library, settings: TagSettings = ASKED) -> WriteCounts:
    counts = WriteCounts()
    library.write_tags(settings=settings, counts=counts)
    return counts


def test_a_sure_key_is_written_once_and_taken_back(
    library: Library, music: list[str], tmp_path: Path
) -> None:
    before = contents(tmp_path / "music")
    assert write(library).fields["key"] == len(KINDS)
    assert {read(path).keys for path in music} == {("Bbm",)}
    assert write(library).files_written == 0
    undone = UndoCounts()
    library.undo(counts=undone)
    assert (undone.files_restored, undone.inexact) == (len(KINDS), 0)
    assert contents(tmp_path / "music") == before


def test_it_is_written_where_everything_else_is_forbidden(library: Library, music: list[str]) -> None:
    assert write(library, ALONE).files_written == len(KINDS)
    assert {(read(path).genres, read(path).keys) for path in music} == {((), ("Bbm",))}


def test_none_is_written_unasked(library: Library, music: list[str]) -> None:
    assert write(library, TagSettings()).files_written == len(KINDS)
    assert {read(path).keys for path in music} == {()}


@pytest.mark.parametrize(("confidence", "keys"), [(0.6, ("Am",)), (0.59, ())])
def test_one_that_is_not_sure_is_left_out(
    confidence: float, keys: tuple[str, ...], music: list[str], db: Path
) -> None:
    store_analyses(db, music, key=("Am", confidence))
    with Library(db) as library:
        write(library)
        assert {read(path).keys for path in music} == {keys}
        write(library, replace(ASKED, min_confidence=0.5))
    assert {read(path).keys for path in music} == {("Am",)}


def test_silence_has_none(music: list[str], db: Path) -> None:
    store_analyses(db, music, silent=True, key=("Am", 0.9))
    with Library(db) as library:
        write(library)
    assert {read(path).keys for path in music} == {()}


@pytest.mark.parametrize("sound", ["speech", "noise"])
def test_what_is_no_music_has_none(sound: Sound, music: list[str], db: Path) -> None:
    analyses = [analysed_as(path, f"{n:032x}", key=("Am", 0.9)) for n, path in enumerate(music)]
    answers = [
        replace(one, prediction=replace(one.prediction, sound=sound, sound_confidence=0.9))
        for one in analyses
    ]
    with Store.open(str(db), create=True) as store:
        store.record_batch(answers, [])
    with Library(db) as library:
        counts = write(library)
    assert (counts.files_written, counts.no_music) == (0, len(KINDS))
    assert {read(path).keys for path in music} == {()}


def test_a_key_of_ours_makes_room_for_a_new_answer_and_one_of_the_owners_does_not(
    library: Library, music: list[str], db: Path
) -> None:
    write(library)
    of_owner = FLAC(music[0])
    of_owner["INITIALKEY"] = ["2A"]
    of_owner.save()
    store_analyses(db, music, key=("C", 0.9))
    write(library)
    assert read(music[0]).keys == ("2A",)
    assert {read(path).keys for path in music[1:]} == {("C",)}
    write(library, TagSettings(Policy(key="replace")))
    assert read(music[0]).keys == ("C",)


def test_a_key_that_another_program_spells_anew_stays(library: Library, music: list[str]) -> None:
    write(library)
    in_camelot = FLAC(music[0])
    in_camelot["INITIALKEY"] = ["3A"]
    in_camelot.save()
    store_analyses(library.path, music[:1], key=("Bbm", 0.7))
    assert write(library, TagSettings(Policy(key="replace"))).files_written == 0
    assert read(music[0]).keys == ("3A",)


def test_a_plan_has_a_line_with_its_confidence(library: Library, music: list[str], tmp_path: Path) -> None:
    lines: list[bytes] = []
    library.preview_tags(settings=ALONE, on_change=lambda planned: lines.extend(plan_lines(planned)))
    told = [json.loads(line) for line in lines]
    assert {line["field"] for line in told} == {"key"}
    of_first = next(line for line in told if line["path"] == music[0])
    assert (of_first["before"], of_first["after"], of_first["confidence"]) == ([], ["Bbm"], 0.7)

    plan = tmp_path / "plan"
    plan.write_text(json.dumps(of_first | {"after": ["3A"]}))
    library.write_tags(plan=read_plan(str(plan)))
    assert (read(music[0]).keys, read(music[1]).keys) == (("3A",), ())
    for after in (["H"], [], ["Am", "C"], ["B flat minor"]):
        plan.write_text(json.dumps(of_first | {"after": after}))
        with pytest.raises(TaggerError, match="'after' of key must be a musical key such as Am, F# or 8A"):
            read_plan(str(plan))


def test_a_key_that_is_none_in_a_damaged_database_is_not_written(library: Library, music: list[str]) -> None:
    with sqlite3.connect(library.path) as connection:
        connection.execute("UPDATE keys_and_tempos SET key = 'Rock'")
    assert write(library, ALONE).files_written == 0
    assert {read(path).keys for path in music} == {()}
