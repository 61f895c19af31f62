"""The owner's words: kept by sound, and known as written as long as the run stands."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tagger.library import Library
from tagger.store import Correction, Store
from tagger.tag_runs import Planned, TagSettings, Verdict, Verdicts, plan_lines
from tagger.tags import Change, Policy, Tags, apply, read
from tests.tag_runs.library import make_files, store_analyses

SAID = {
    "aa": Correction("accepted", ("Rock",)),
    "bb": Correction("set", ("Surf", "Café del Mar")),
    "cc": Correction("skipped"),
}


def test_what_the_owner_said_is_given_back(store: Store) -> None:
    store.corrections.put("genre", SAID)
    found = store.corrections.of("genre")
    assert {one: (said.kind, said.value) for one, said in found.items()} == {
        one: (said.kind, said.value) for one, said in SAID.items()
    }
    assert not any(said.is_written for said in found.values())
    assert all(said.made_at.startswith("2") for said in found.values())


def test_a_later_word_takes_the_place_of_an_earlier_one(store: Store) -> None:
    store.corrections.put("genre", SAID)
    store.corrections.note_written("genre", ["aa"], store.runs.begin("write-tags"))
    assert store.corrections.of("genre")["aa"].is_written
    store.corrections.put("genre", {"aa": Correction("skipped")})
    store.corrections.remove("genre", ["bb"])
    found = store.corrections.of("genre")
    assert {one: said.kind for one, said in found.items()} == {"aa": "skipped", "cc": "skipped"}
    assert not found["aa"].is_written


@pytest.mark.parametrize("value", ["nonsense", "{}", "[1]", b"\xff", "[" * 100_000])
def test_what_a_damaged_database_says_is_no_word_of_the_owner(db_path: str, value: object) -> None:
    with Store.open(db_path, create=True) as store:
        store.corrections.put("genre", SAID)
    with closing(sqlite3.connect(db_path)) as raw:
        raw.execute("UPDATE corrections SET value = ? WHERE audio_id = 'aa'", (value,))
        raw.commit()
    with Store.open(db_path, create=False) as store:
        assert set(store.corrections.of("genre")) == {"bb", "cc"}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    store_analyses(tmp_path / "tagger.db", make_files(tmp_path / "music", ["flac"]), {"Rock": 0.5})
    return Library(tmp_path / "tagger.db")


def genres(library: Library) -> tuple[str, ...]:
    (track,) = library.tracks()
    return read(track.path).genres


def write(library: Library, verdict: Verdict | None = None, genre: str = "missing") -> int:
    (track,) = library.tracks()
    settings = TagSettings(Policy(genre))  # type: ignore[arg-type]
    plan = None if verdict is None else Verdicts({track.path: verdict})
    return library.write_tags(settings=settings, plan=plan).files_written


def test_write_tags_writes_the_owner_s_word_in_the_place_of_an_answer(library: Library) -> None:
    with library:
        (track,) = library.tracks()
        library.store.corrections.put("genre", {track.audio_id: Correction("skipped")})
        write(library)
        assert genres(library) == ()
        library.store.corrections.put("genre", {track.audio_id: Correction("set", ("Surf", "Pop/Rock"))})
        write(library)
        assert genres(library) == ("Surf", "Pop & Rock")
        library.store.corrections.put("genre", {track.audio_id: Correction("accepted", ("Rock",))})
        write(library)
        assert genres(library) == ("Rock",), "it was ours, and is no genre of the owner's"
        assert write(library) == 0


def test_what_is_set_takes_the_place_of_an_own_genre_and_what_is_accepted_does_not(library: Library) -> None:
    with library:
        (track,) = library.tracks()
        write(library, Verdict(track.audio_id, ("Surf",)))
        with library.store.database.transaction() as connection:
            connection.execute("DELETE FROM tag_changes")  # nobody remembers that Surf is not the owner's
        library.store.corrections.put("genre", {track.audio_id: Correction("accepted", ("Rock",))})
        assert write(library) == 0
        library.store.corrections.put("genre", {track.audio_id: Correction("set", ("surf",))})
        assert write(library) == 0, "it is there, in another spelling"
        library.store.corrections.put("genre", {track.audio_id: Correction("set", ("Pop/Rock",))})
        assert write(library, genre="never") == 0
        assert write(library) == 1
        assert genres(library) == ("Pop & Rock",)
        assert library.store.corrections.of("genre")[track.audio_id].is_written
        library.undo()
        assert not library.store.corrections.of("genre")[track.audio_id].is_written


def test_a_run_notes_what_it_has_written_and_a_plan_is_sure_of_it(library: Library) -> None:
    with library:
        (track,) = library.tracks()
        for field, text in {"genre": "Surf", "energy": "0.65", "bpm": "87.6"}.items():
            library.store.corrections.put(field, {track.audio_id: Correction("set", (text,))})  # type: ignore[arg-type]
        planned: list[Planned] = []
        library.preview_tags(settings=TagSettings(), on_change=planned.append)
        assert [json.loads(line)["confidence"] for line in plan_lines(planned[0])] == [1.0] * 4
        write(library)
        assert [said.correction.is_written for said in library.store.corrections.all()] == [True] * 3
        library.store.corrections.put("bpm", {track.audio_id: Correction("skipped")})
        assert {s.field: s.correction.is_written for s in library.store.corrections.all()} == {
            "genre": True, "energy": True, "bpm": False
        }  # fmt: skip


def test_energy_and_tempo_are_written_as_the_owner_said_and_over_another_program_s(library: Library) -> None:
    with library:
        (track,) = library.tracks()
        said = library.store.corrections
        said.put("energy", {track.audio_id: Correction("skipped")})
        said.put("bpm", {track.audio_id: Correction("set", ("87.6",))})
        write(library)
        assert read(track.path) == Tags("flac", bpm="88")
        apply(track.path, [Change("energy_level", (), ("3",)), Change("bpm", ("88",), ("176",))])
        library.scan(track.path)
        said.put("energy", {track.audio_id: Correction("set", ("0.65",))})
        write(library)
        tags = read(track.path)
        assert (tags.energy_level, tags.energy, tags.bpm) == ("7", "0.6500", "176"), (
            "the edit is the newer word"
        )


def test_a_verdict_is_written_whatever_the_answer_and_the_policy_are(library: Library) -> None:
    with library:
        (track,) = library.tracks()
        write(library, Verdict(track.audio_id, ("Rock",), is_answer=True))
        assert genres(library) == ("Rock",)
        write(library, Verdict(track.audio_id, ("Surf", "Pop/Rock")))
        assert genres(library) == ("Surf", "Pop & Rock")
        write(library, Verdict(track.audio_id, ("Jazz",), "add"))
        assert genres(library) == ("Surf", "Pop & Rock", "Jazz")
        assert write(library, Verdict(track.audio_id, ("Rock",), "never"), "replace") == 0
        assert write(library, Verdict("another sound", ("Metal",))) == 0


def test_what_a_run_has_written_is_not_any_more_when_it_is_taken_back(library: Library) -> None:
    with library:
        (track,) = library.tracks()
        library.store.corrections.put("genre", {track.audio_id: Correction("accepted", ("Rock",))})
        write(library, Verdict(track.audio_id, ("Rock",)))
        library.store.corrections.note_written("genre", [track.audio_id], 1)
        assert library.store.corrections.of("genre")[track.audio_id].is_written
        library.undo()
        assert not library.store.corrections.of("genre")[track.audio_id].is_written
