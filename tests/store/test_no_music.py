"""What is no music: stored, asked for, counted, and overruled by the owner."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from tagger.query import Query
from tagger.store import Correction, HeadAnswers, Reuse, Store, Stored
from tagger.types import Analysis, Identified, Sound
from tests.store.store_answers import MODEL, analysed, parts


def heard(path: str, sound: Sound, number: int) -> Analysis:
    analysis = analysed(path, genre="Folk", audio_id=f"{number:032}")
    confidence = None if sound == "music" else 0.95
    answer = replace(analysis.prediction, sound=sound, sound_confidence=confidence)
    return replace(analysis, prediction=answer)


@pytest.fixture
def mixed(store: Store) -> Iterator[Store]:
    """A song, a talk and a storm."""
    store.record_batch(
        [heard("/m/song", "music", 1), heard("/m/talk", "speech", 2), heard("/m/storm", "noise", 3)], []
    )
    yield store


def found(store: Store, *sounds: Sound) -> list[str]:
    return [
        track.path.removeprefix("/m/") for track in store.answers.tracks(Query(sounds=sounds), model=MODEL)
    ]


def test_a_track_has_its_sound_and_is_found_by_it(mixed: Store) -> None:
    assert {track.path: track.sound for track in mixed.answers.tracks(model=MODEL)} == {
        "/m/song": "music",
        "/m/talk": "speech",
        "/m/storm": "noise",
    }
    assert found(mixed, "music") == ["song"]
    assert found(mixed, "speech") == ["talk"]
    assert found(mixed, "speech", "noise") == ["storm", "talk"]
    assert found(mixed, "music", "speech") == ["song", "talk"]
    assert found(mixed, "music", "speech", "noise") == ["song", "storm", "talk"]


def test_an_analysis_comes_back_with_the_sound_and_how_sure_it_is(mixed: Store) -> None:
    talk, song = (mixed.answers.analysis(path, MODEL) for path in ("/m/talk", "/m/song"))
    assert talk and song
    assert (talk.prediction.sound, talk.prediction.sound_confidence) == ("speech", 0.95)
    assert (song.prediction.sound, song.prediction.sound_confidence) == ("music", None)
    assert (talk.track.sound, song.track.sound) == ("speech", "music")


def test_music_alone_takes_no_row(mixed: Store) -> None:
    assert mixed.database.value("SELECT count(*) FROM no_music") == 2


def test_what_the_owner_has_corrected_counts_as_music(mixed: Store) -> None:
    mixed.corrections.put("genre", {"2".zfill(32): Correction("set", ("Spoken Word",))})
    assert found(mixed, "music") == ["song", "talk"]
    assert found(mixed, "speech") == []
    analysis = mixed.answers.analysis("/m/talk", MODEL)
    assert analysis and (analysis.track.sound, analysis.prediction.sound) == ("music", "speech")
    mixed.corrections.remove("genre", ["2".zfill(32)])
    assert found(mixed, "speech") == ["talk"]


def test_another_answer_takes_the_place_of_the_sound(mixed: Store) -> None:
    mixed.record_batch([heard("/m/talk", "music", 2), heard("/m/song", "noise", 1)], [])
    assert (found(mixed, "music"), found(mixed, "noise")) == (["talk"], ["song", "storm"])


def test_a_copy_of_a_talk_is_a_talk(mixed: Store) -> None:
    file, recording, _ = parts(analysed("/m/copy", audio_id="2".zfill(32)))
    ((talk,),) = mixed.database.all("SELECT id FROM tracks WHERE path = '/m/talk'")
    mixed.files.reuse([Reuse(Identified(file, recording), "duplicate", talk)])
    assert found(mixed, "speech") == ["copy", "talk"]


def test_statistics_count_what_is_no_music_beside_the_rest(mixed: Store) -> None:
    counts = mixed.statistics(Query(), MODEL)
    assert (counts.tracks, counts.no_music, counts.genres) == (3, {"speech": 1, "noise": 1}, {"Folk": 1})
    assert counts.duration_s == pytest.approx(3 * 201.5)
    assert (sum(counts.energy_levels), sum(counts.own_tags.values())) == (1, 1)
    speech = mixed.statistics(Query(sounds=("speech",)), MODEL)
    assert (speech.tracks, speech.no_music, speech.genres) == (1, {"speech": 1}, {"Folk": 1})
    music = mixed.statistics(Query(sounds=("music",)), MODEL)
    assert (music.tracks, music.no_music) == (1, {})


def test_heads_that_read_stored_embeddings_say_what_is_no_music(mixed: Store) -> None:
    ids = [one for (one,) in mixed.database.all("SELECT id FROM tracks ORDER BY path")]  # song, storm, talk
    stored = Stored(
        np.array(ids), np.full(3, 200.0), np.array([False, False, True]), np.zeros((3, 8), np.float16)
    )
    sounds: list[tuple[Sound, float | None]] = [("speech", 0.9), ("music", None), ("noise", 0.8)]
    nothing = [(None, None, None)] * 3
    said = HeadAnswers([], None, None, [], np.zeros((3, 0)), nothing, sounds)
    mixed.rereads.introduce("other-1", "trunk", {})
    mixed.rereads.put(MODEL, "other-1", frozenset({"genre", "energy", "tempo"}), stored, said)
    tracks = mixed.answers.tracks(model="other-1")
    assert {track.path: track.sound for track in tracks} == {
        "/m/song": "speech",
        "/m/storm": "music",
        "/m/talk": "music",  # it is silent, which is another thing
    }


def test_the_view_library_tells_the_sound(mixed: Store) -> None:
    mixed.corrections.put("energy", {"3".zfill(32): Correction("set", ("0.5",))})
    rows = mixed.database.all("SELECT path, sound FROM library ORDER BY path")
    assert rows == [("/m/song", "music"), ("/m/storm", "music"), ("/m/talk", "speech")]


def test_a_damaged_row_counts_as_music(mixed: Store, db_path: str) -> None:
    mixed.close()
    with closing(sqlite3.connect(db_path)) as raw:
        raw.execute("UPDATE no_music SET sound = x'00ff', sound_confidence = 'much'")
        raw.commit()
    with Store.open(db_path, create=False) as store:
        assert {track.sound for track in store.answers.tracks(model=MODEL)} == {"music"}
        analysis = store.answers.analysis("/m/talk", MODEL)
    assert analysis and (analysis.prediction.sound, analysis.prediction.sound_confidence) == ("music", None)
