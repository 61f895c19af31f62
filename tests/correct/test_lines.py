"""Corrections as a file: exported, edited, and taken over by another library."""

import json
from pathlib import Path

import pytest

import tagger
from tagger.errors import TaggerError
from tagger.store import Correction, Said, Store
from tests.store.store_answers import analysed

OLD, NEW = "2026-04-01T00:00:00.000+00:00", "2026-05-01T00:00:00.000+00:00"


@pytest.fixture
def library(tmp_path: Path) -> tagger.Library:
    return made(tmp_path / "a.db", "11", "22")


def made(path: Path, *sounds: str) -> tagger.Library:
    """A library of files with these sounds."""
    with Store.open(str(path), create=True) as store:
        store.record_batch([analysed(f"/m/{sound}.mp3", audio_id=sound) for sound in sounds], [])
    return tagger.Library(str(path))


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_an_export_has_a_line_for_each_and_another_library_takes_it(
    library: tagger.Library, tmp_path: Path
) -> None:
    file = tmp_path / "corrections.jsonl"
    with library, made(tmp_path / "b.db", "22") as other:
        library.corrections.set("/m/11.mp3", genre=["Surf", "Café"], bpm=87.5)
        library.corrections.set("/m/22.mp3", energy=7)
        library.store.corrections.put("genre", {"22": Correction("skipped")})
        assert library.corrections.export(str(file)) == 4
        told = {(line["path"], line["field"]): (line["value"], line["kind"]) for line in lines(file)}
        assert told == {
            ("/m/11.mp3", "genre"): (["Surf", "Café"], "set"),
            ("/m/11.mp3", "bpm"): (87.5, "set"),
            ("/m/22.mp3", "energy"): (0.65, "set"),
            ("/m/22.mp3", "genre"): (None, "skipped"),
        }
        assert list(lines(file)[0]) == ["path", "audio_id", "field", "value", "kind", "made_at"]
        assert len(other.corrections.take(str(file)).taken) == 4
        assert other.store.corrections.all() == library.store.corrections.all()
        (track,) = other.tracks()
        assert (track.energy, track.genre) == (0.65, "Rock")
        other.store.record_batch([analysed("/m/late.mp3", audio_id="11", bpm=120.0)], [])
        _, late = other.tracks()
        assert (late.genre, late.bpm, late.corrected) == ("Surf", 87.5, ("genre", "bpm"))
        assert other.corrections.take(str(file)).n_known == 4


def test_of_two_that_contradict_each_other_the_newer_one_holds(
    library: tagger.Library, tmp_path: Path
) -> None:
    ours = {"11": Correction("set", ("Surf",), NEW), "22": Correction("set", ("Surf",), OLD)}
    with library:
        library.store.corrections.put("genre", ours)
        theirs = [
            {"audio_id": "11", "field": "genre", "value": "Jazz", "made_at": OLD},
            {"audio_id": "22", "field": "genre", "value": "Folk", "made_at": OLD[:10]},
            {"audio_id": "22", "field": "genre", "value": "Jazz", "made_at": NEW},
        ]
        file = tmp_path / "theirs.jsonl"
        file.write_text("\n\n".join(map(json.dumps, theirs)))
        found = library.corrections.take(str(file))
        assert found.taken == [Said("22", "genre", Correction("set", ("Jazz",), NEW))]
        assert [(before.audio_id, after.audio_id) for before, after in found.replaced] == [("22", "22")]
        assert [(kept.audio_id, other.correction.value) for kept, other in found.kept] == [("11", ("Jazz",))]
        assert [track.genre for track in library.tracks()] == ["Surf", "Jazz"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("torn", "not valid JSON; mend or delete the line"),
        ("[]", "not a JSON object; mend or delete the line"),
        ('{"field": "genre"}', "has no 'audio_id'; mend or delete the line"),
        (
            '{"audio_id": "", "field": "genre", "value": "x"}',
            "'audio_id' is the text that identifies a sound",
        ),
        (
            '{"audio_id": "11", "field": "colour", "value": "x"}',
            "no field 'colour'; there are genre, energy, bpm",
        ),
        (
            '{"audio_id": "11", "field": "genre", "kind": "x"}',
            "no kind 'x'; there are accepted, set, skipped",
        ),
        ('{"audio_id": "11", "field": "genre"}', "give genres as a list of texts"),
        ('{"audio_id": "11", "field": "energy", "value": 11}', "--energy 11: give a level from 2 to 10"),
        ('{"audio_id": "11", "field": "bpm", "value": "x"}', "--bpm x: give a tempo from 1 to 999"),
        (
            '{"audio_id": "11", "field": "bpm", "value": 1, "made_at": "then"}',
            "'made_at' is a time such as 20",
        ),
    ],
)
def test_a_file_that_is_not_understood_as_a_whole_is_left(
    library: tagger.Library, tmp_path: Path, line: str, reason: str
) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(f'{{"audio_id": "22", "field": "genre", "value": "Surf"}}\n{line}\n')
    with library, pytest.raises(TaggerError, match=f"^{file}, line 2: {reason}"):
        library.corrections.take(str(file))
    with library:
        assert library.corrections.all() == []


def test_a_correction_of_the_future_counts_as_made_now(library: tagger.Library, tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text('{"audio_id": "11", "field": "bpm", "value": 90, "made_at": "2999-01-01T00:00:00Z"}\n')
    with library:
        library.corrections.take(str(file))
        library.corrections.set("/m/11.mp3", bpm=91)
        assert [track.bpm for track in library.tracks()] == [91.0, None]
