"""Mood and words from the store into files, and back: which are written, over what, and how they are told."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from mutagen.flac import FLAC

from tagger.errors import TaggerError
from tagger.genre_names import GenreNames
from tagger.library import Library
from tagger.tag_runs import TagSettings, UndoCounts, WriteCounts, plan_lines, read_plan
from tagger.tags import Policy, Tags, read
from tests.tag_runs.library import contents, make_files, store_analyses

KINDS = ("flac", "mp3", "ogg", "opus", "aac", "wav", "wma", "wv")
WORDS = {"Choir": 0.51, "Piano": 0.9, "Drums": 0.49, "House": 0.7, "Solo": 0.6, "Slow": 0.8, "Sad": 0.55}
LIKELIEST = ("Piano", "Slow", "House", "Solo", "Sad")
ASKED = TagSettings(Policy(mood="missing", words="missing"))


@pytest.fixture
def music(tmp_path: Path) -> list[str]:
    return make_files(tmp_path / "music", KINDS)


@pytest.fixture
def library(music: list[str], db: Path) -> Iterator[Library]:
    store_analyses(db, music, mood=("calm", 0.7), words=WORDS)
    with Library(db) as opened:
        yield opened


def write(library: Library, settings: TagSettings = ASKED) -> WriteCounts:
    counts = WriteCounts()
    library.write_tags(settings=settings, counts=counts)
    return counts


def own(tags: Tags) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tags.moods, tags.words


def test_the_five_likeliest_words_and_a_sure_mood_are_written_and_taken_back(
    library: Library, music: list[str], tmp_path: Path
) -> None:
    before = contents(tmp_path / "music")
    counts = write(library)
    assert (counts.fields["mood"], counts.fields["words"]) == (len(KINDS), len(KINDS))
    assert {own(read(path)) for path in music} == {(("calm",), LIKELIEST)}
    assert write(library).files_written == 0
    undone = UndoCounts()
    library.undo(counts=undone)
    assert (undone.files_restored, undone.inexact) == (len(KINDS), 0)
    assert contents(tmp_path / "music") == before


def test_nothing_of_them_is_written_unasked(library: Library, music: list[str]) -> None:
    counts = write(library, TagSettings())
    assert counts.files_written == len(KINDS)
    assert {own(read(path)) for path in music} == {((), ())}


def test_a_mood_that_is_not_sure_is_left_out(music: list[str], db: Path) -> None:
    store_analyses(db, music, mood=("calm", 0.59), words={"Piano": 0.9})
    with Library(db) as library:
        write(library)
    assert {own(read(path)) for path in music} == {((), ("Piano",))}


def test_of_silence_neither_is_written(music: list[str], db: Path) -> None:
    store_analyses(db, music, silent=True, mood=("calm", 0.9), words={"Piano": 0.9})
    with Library(db) as library:
        write(library)
    assert {own(read(path)) for path in music} == {((), ())}


def test_the_owners_names_and_dislikes_hold_for_words(library: Library, music: list[str]) -> None:
    renamed = {"piano": "Klavier", "house": "klavier"}
    library.store.names = GenreNames(renamed, never=("slow",), only=("Rock",))
    write(library)
    assert {read(path).words for path in music} == {("Klavier", "Solo", "Sad", "Choir")}


def test_what_was_written_before_makes_room_for_a_new_answer(
    library: Library, music: list[str], db: Path
) -> None:
    write(library)
    own_words = FLAC(music[0])
    own_words["GROUPING"] = [*own_words["GROUPING"], "Mine"]
    own_words.save()
    store_analyses(db, music, mood=("happy", 0.9), words={"Guitar": 0.8, "Piano": 0.9})
    write(library)
    assert own(read(music[0])) == (("happy",), (*LIKELIEST, "Mine"))
    assert {own(read(path)) for path in music[1:]} == {(("happy",), ("Piano", "Guitar"))}
    write(library, TagSettings(Policy(words="add")))
    assert read(music[0]).words == ("Mine", "Piano", "Guitar")


def test_a_word_of_ours_is_no_genre_of_the_owners(library: Library, music: list[str]) -> None:
    write(library)
    library.scan(music[0])
    found = next(track for track in library.tracks() if track.path == music[0])
    assert (found.tag_genres, found.tag_bpm) == ((), None)


def test_a_plan_has_a_line_for_each_with_the_least_confidence(
    library: Library, music: list[str], tmp_path: Path
) -> None:
    lines: list[bytes] = []
    library.preview_tags(settings=ASKED, on_change=lambda planned: lines.extend(plan_lines(planned)))
    told = [json.loads(line) for line in lines if json.loads(line)["path"] == music[0]]
    assert [line["field"] for line in told] == ["genre", "energy_level", "energy", "mood", "words"]
    mood, words = told[-2:]
    assert (mood["before"], mood["after"], mood["confidence"]) == ([], ["calm"], 0.7)
    assert words["after"] == list(LIKELIEST)
    assert words["confidence"] == pytest.approx(0.55, abs=1 / 255)

    words["after"] = ["Klavier", "Rhythm/Blues"]
    (tmp_path / "plan").write_text("\n".join(map(json.dumps, [mood, words])))
    library.write_tags(plan=read_plan(str(tmp_path / "plan")))
    assert own(read(music[0])) == (("calm",), ("Klavier", "Rhythm & Blues"))
    assert own(read(music[1])) == ((), ())
    words["after"] = []
    (tmp_path / "plan").write_text(json.dumps(words))
    with pytest.raises(TaggerError, match="'after' of words must be words, as a list of texts"):
        read_plan(str(tmp_path / "plan"))


def test_words_are_asked_of_a_model_that_knows_some(music: list[str], db: Path) -> None:
    store_analyses(db, music)
    alone = TagSettings(Policy("never", energy=False, bpm="never", words="missing"))
    with Library(db) as library:
        assert write(library, alone).files_written == 0
        nothing = TagSettings(Policy("never", energy=False, bpm="never"))
        with pytest.raises(TaggerError, match=r"forbid all that .* \(genre, energy, tempo, mood, words\)"):
            write(library, nothing)


def test_a_file_that_has_both_already_is_not_opened_for_writing(library: Library, music: list[str]) -> None:
    def states() -> list[tuple[int, int, int]]:
        """Which file each is and when it was changed: reading sets the time of access alone."""
        found = map(os.stat, music)
        return [(state.st_ino, state.st_mtime_ns, state.st_ctime_ns) for state in found]

    write(library)
    before = states()
    write(library)
    assert states() == before
