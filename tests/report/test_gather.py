"""What a report tells, asked of a real database."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from tagger.genre_names import GenreNames
from tagger.report import gather, page
from tagger.store import Correction, Store
from tagger.types import Analysis, Failure, OwnTags
from tests.report.made_up import columns_in
from tests.store.store_answers import MODEL, analysed, parts

SECOND_NS = 1_000_000_000


def track(path: str, genre: str = "Rock", n: int = 0, album: str | None = None, **answer: object) -> Analysis:
    """A file of 2020 with an embedding and words, its identity by its number."""
    file, recording, prediction = parts(analysed(path, genre, n / 40, audio_id=f"{n:032x}", bpm=100.0 + n))
    file = replace(file, mtime_ns=1_577_880_000 * SECOND_NS + n)
    own = OwnTags((genre,)) if n % 2 else OwnTags()
    recording = replace(recording, title=f"T{n}", artist="Ada", album=album, own=own)
    embedding = np.random.default_rng(n).normal(size=8).astype(np.float16)
    words = {"Piano": 0.9, "Vocals": 0.1 if n else 0.8}
    more = {"embedding": embedding, "words": words, "valence": 0.5, "mood": "calm", "mood_confidence": 0.6}
    return Analysis(file, recording, replace(prediction, **more | answer))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(os.fspath(tmp_path / "tagger.db"), create=True) as store:
        run = store.runs.begin("scan")
        tracks = [track(f"/m/Ada/{n}.mp3", "Jazz" if n % 3 else "Rock", n) for n in range(15)]
        store.record_batch(tracks, [Failure("/m/x.mp3", "decode", "bad")])
        store.runs.end(run, {"found": 16, "analysed": 15, "failed": 1})
        yield store


def test_everything_is_asked_in_one_go(store: Store) -> None:
    store.record_batch([track("/m/copy.mp3", "Rock", 0)], [])
    facts = gather(store, MODEL)
    assert (facts.root, facts.counts.tracks, len(facts.rows)) == ("/m", 16, 16)
    assert facts.aspects == {"genre", "energy", "tempo", "words", "mood"}
    assert {"Jazz", "Rock"} < set(facts.genres) and "Piano" in facts.words
    assert facts.places is not None and facts.places.shape == (16, 2) and not np.isnan(facts.places).any()
    assert [sound.files for sound in facts.duplicates] == [(("/m/Ada/0.mp3", 1000), ("/m/copy.mp3", 1000))]
    assert [failure.reason for failure in facts.failures] == ["bad"]
    assert [run.command for run in facts.runs] == ["scan"]
    assert [each.path for each in facts.heard_last] == [row.track.path for row in facts.rows]
    assert facts.own_words == {("Rock", "Rock"): 2, ("Jazz", "Jazz"): 5}
    assert facts.audit and facts.audit.n_judged == 7
    assert facts.rows[0].course == (0.0, 0.125, 0.25)  # its first window, both, its last
    words = {row.track.path: row.track.words for row in facts.rows}
    assert [*words["/m/Ada/0.mp3"]] == ["Piano", "Vocals"] and [*words["/m/Ada/1.mp3"]] == ["Piano"]


def test_growth_is_by_the_date_of_a_file_before_we_wrote_into_it(store: Store) -> None:
    at = 1_577_880_000.0
    assert gather(store, MODEL).dates_s == pytest.approx([at] * 15)
    raw = store.database.connection
    raw.execute("UPDATE tracks SET mtime_ns = ? WHERE path LIKE '%/0.mp3'", (1_800_000_000 * SECOND_NS,))
    raw.execute(
        "INSERT INTO tag_changes (run_id, track_id, path, audio_id, state, previous, keep_mtime, in_place,"
        " before_size, before_mtime_ns, after_size, after_mtime_ns)"
        " SELECT 1, id, path, audio_id, 'written', '{}', 0, 0, 1, ?, 1, mtime_ns FROM tracks"
        " WHERE path LIKE '%/0.mp3'",
        (1_500_000_000 * SECOND_NS,),
    )
    raw.execute("UPDATE tracks SET mtime_ns = 0 WHERE path LIKE '%/1.mp3'")
    dates = gather(store, MODEL).dates_s
    assert dates[0] == pytest.approx(1_500_000_000)
    assert dates[-1] == pytest.approx(
        datetime.now().timestamp(), abs=100
    )  # a clock that was not set: the scan's


def test_genres_have_the_owners_names(store: Store) -> None:
    names = GenreNames({"Jazz": "Swing", "Piano": "Keys"})
    with Store.open(store.path, False, names) as named:
        facts = gather(named, MODEL)
    assert "Swing" in facts.genres and "Jazz" not in facts.genres
    assert (
        {row.track.genre for row in facts.rows}
        == {"Swing", "Rock"}
        == {row.genre_alone for row in facts.rows}
    )
    assert "Keys" in facts.words and all("Keys" in row.track.words for row in facts.rows)


def test_the_owners_word_stands_in_the_place_of_the_model_s(store: Store) -> None:
    store.corrections.put("genre", {f"{1:032x}": Correction("set", ("Surf", "Twang"))})
    facts = gather(store, MODEL)
    (said,) = [row for row in facts.rows if row.track.corrected]
    assert (said.track.title, said.track.genre, said.genre_alone) == ("T1", "Surf", "Jazz")
    found = columns_in(page(facts).decode())
    assert found["genres"][found["genre"][facts.rows.index(said)]] == "Surf"
    assert "Surf" not in facts.genres
    assert facts.further == {said.track.audio_id: ("Twang",)}


def test_doubtful_tracks_come_first_by_doubt_with_their_second_genre(store: Store) -> None:
    unsure = track("/m/unsure.mp3", "Folk", 30, genres={"Folk": 0.3, "Jazz": 0.25}, genre_confidence=0.3)
    store.record_batch([unsure, track("/m/so-so.mp3", "Folk", 31, genre_confidence=0.5)], [])
    facts = gather(store, MODEL)
    assert (facts.doubtful[0].path, facts.doubtful[0].second_genre) == ("/m/unsure.mp3", "Jazz")
    assert facts.n_doubtful == len(facts.doubtful) == 2


def test_a_few_tracks_and_damaged_embeddings_have_no_map(store: Store) -> None:
    raw = store.database.connection
    raw.execute("UPDATE embeddings SET vector = x'00' WHERE track_id = 1")
    raw.execute("UPDATE embeddings SET vector = ? WHERE track_id = 2", (np.full(8, np.nan, "<f2").tobytes(),))
    raw.execute("UPDATE embeddings SET vector = zeroblob(32) WHERE track_id = 3")
    facts = gather(store, MODEL)
    assert facts.places is not None
    without = {
        row.track.title for row, place in zip(facts.rows, facts.places, strict=True) if np.isnan(place).any()
    }
    assert without == {"T0", "T1", "T2"}
    raw.execute("DELETE FROM embeddings WHERE track_id > 10")
    facts = gather(store, MODEL)
    assert facts.places is None
    assert b"T14" not in page(facts)[:2000]


def test_values_that_cannot_be_end_no_report(store: Store) -> None:
    raw = store.database.connection
    raw.execute("UPDATE tracks SET path = x'ff', title = 5, year = 'then', scanned_at = 'never' WHERE id = 1")
    raw.execute("UPDATE tracks SET path = 'no/root.mp3', artist = x'ff', mtime_ns = 'x' WHERE id = 2")
    raw.execute(
        "UPDATE predictions SET genre = 7, energy = 'loud', bpm = -1, track_genre = 8 WHERE track_id = 3"
    )
    raw.execute("UPDATE mood_words SET words = 'text', mood = 'odd', valence = 9 WHERE track_id = 4")
    raw.execute("UPDATE runs SET started_at = 'once', counts = '[]'")
    found = columns_in(page(gather(store, MODEL)).decode())
    assert sorted(found["title"]) == sorted(["5", *[f"T{n}" for n in range(1, 15)]])
    assert (min(found["level"]), min(found["bpm"]), min(found["mood"])) == (-1, 0, -1)


def test_a_library_without_tracks_is_told_so(tmp_path: Path) -> None:
    with Store.open(os.fspath(tmp_path / "empty.db"), create=True) as store:
        facts = gather(store, MODEL)
    assert (facts.rows, facts.places, facts.root) == ([], None, "")
    assert b"There are no tracks yet" in page(facts)
