"""Questions to a made library beside a look at every row."""

import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable

import numpy as np

from tagger.model_card import DEFAULT_MODEL, load_card
from tagger.playlist.nearest import nearest
from tagger.query import Query
from tagger.store import Store
from tagger.store.word_tables import trunk_named
from tagger.store.words import put_rows, word_list
from tagger.types import ENERGY_BANDS, MOODS, Track

EMBEDDING_SIZE = 128
LOUD_ROCK = Query(genres=("Rock",), energy=ENERGY_BANDS["high"], limit=50)
QUESTIONS = {
    "--bpm 120 --limit 50": Query(bpm=(119.5, 120.5), limit=50),
    "--tag-genre jazz --differs --limit 50": Query(tag_genres=("jazz",), differs=True, limit=50),
    "--word piano": Query(words=("Piano",)),
    "--word piano --limit 50": Query(words=("Piano",), limit=50),
    "--word piano --sort -word --limit 20": Query(words=("Piano",), order="-word", limit=20),
    "--word piano --word acoustic --not-word vocals": Query(
        words=("Piano", "Acoustic"), not_words=("Vocals",)
    ),
    "--word piano --mood calm --energy low": Query(
        words=("Piano",), moods=("calm",), energy=ENERGY_BANDS["low"]
    ),
    "--mood calm --limit 50": Query(moods=("calm",), limit=50),
    "--sort -valence --limit 20": Query(order="-valence", limit=20),
    "--sort mood --limit 20": Query(order="mood", limit=20),
}
N_TIMES_RARER = 17
"""The power of an even share (0–1) of which a twenty-fifth is above a half: two of fifty words."""

OWN_GENRES = ("Rock", "Alternative Rock", "Other", "House", "Jazz", "Hip-Hop/Rap", "My Favourites", "Klassik")
EVERY_ROW = """
    SELECT t.path, p.genre, p.genre_confidence, p.energy FROM tracks t NOT INDEXED
    CROSS JOIN predictions p ON p.track_id = t.id
    WHERE p.model = ? AND p.genre = 'Rock' AND p.energy >= ? ORDER BY t.path LIMIT 50"""


def bench_query(n_tracks: int, n_embeddings: int) -> None:
    """Seconds of `tagger list`, `stats` and `playlist --like` after imports, and of reading every row."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "made.db")
        make_library(path, n_tracks, 0)
        with Store.open(path, create=False) as store:
            listed_s = _best_s(lambda: _list(store, LOUD_ROCK))
            every_s = _best_s(
                lambda: list(store.database.connection.execute(EVERY_ROW, (DEFAULT_MODEL, 2 / 3)))
            )
            print(
                f"{'list --genre Rock --energy high --limit 50':<56} {listed_s:7.3f} s  ({n_tracks:,} tracks)"
            )
            print(f"{'the same without an index':<56} {every_s:7.3f} s")
            print(f"{'ratio':<56} {every_s / listed_s:7.1f}")
            for typed, query in QUESTIONS.items():
                seconds = _best_s(lambda query=query: _list(store, query))
                n = f"  ({store.answers.count_of(query, DEFAULT_MODEL):,} match)"
                print(f"{f'list {typed}':<56} {seconds:7.3f} s{n}")
            all_s = _best_s(lambda: sum(1 for _ in store.answers.tracks(model=DEFAULT_MODEL)), 2)
            words_s = _best_s(
                lambda: sum(1 for _ in store.answers.tracks(model=DEFAULT_MODEL, with_words=True)), 2
            )
            print(f"{'list':<56} {all_s:7.3f} s")
            print(f"{'list with mood and words':<56} {words_s:7.3f} s")
            print(f"{'stats':<56} {_best_s(lambda: store.statistics(Query(), DEFAULT_MODEL)):7.3f} s")
        path = os.path.join(folder, "embedded.db")
        make_library(path, n_embeddings, n_embeddings)
        with Store.open(path, create=False) as store:
            like_s = _best_s(lambda: _like(store))
            print(f"{'playlist --like':<56} {like_s:7.3f} s  ({n_embeddings:,} embeddings)")


def _list(store: Store, query: Query) -> list[Track]:
    return list(store.answers.tracks(query, model=DEFAULT_MODEL))


def _like(store: Store) -> dict[int, Track]:
    ids, embeddings = store.answers.embeddings(Query(), DEFAULT_MODEL, EMBEDDING_SIZE)
    order, _ = nearest(embeddings[0], embeddings)
    return store.answers.tracks_by_id(ids[order][:500].tolist(), DEFAULT_MODEL)


def _best_s(work: Callable[[], object], times: int = 5) -> float:
    """The shortest of several runs: what the work takes when nothing else is in its way."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def make_library(path: str, n_tracks: int, n_embeddings: int) -> None:
    """Tracks of 40 to an artist, genres as unevenly spread as in life, energies and tempos evenly."""
    with Store.open(path, create=True):
        pass
    random = np.random.default_rng(0)
    genres = load_card(DEFAULT_MODEL).genres
    weights = np.where(np.array(genres) == "Rock", 4.0, 1.0)
    drawn = random.choice(len(genres), n_tracks, p=weights / weights.sum()).tolist()
    own = random.integers(0, 1 << 20, n_tracks).tolist()
    numbers = random.random((n_tracks, 3)).tolist()
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA synchronous = OFF")
    raw.executemany(
        "INSERT INTO tracks (id, path, size, mtime_ns, audio_id, duration_s, codec, sample_rate_hz, channels,"
        " scanned_at, title, artist, album, year, tag_genres)"
        " VALUES (?, ?, 9000000, 0, ?, ?, 'mp3', 44100, 2, '', ?, ?, ?, ?, ?)",
        (
            (
                i,
                f"/music/Artist {i // 40}/Album {i // 10}/{i % 10:02} A title {i}.mp3",
                f"{i:032x}",
                120 + 200 * duration,
                f"A title {i}",
                f"Artist {i // 40}",
                f"Album {i // 10}",
                1960 + i % 60,
                json.dumps([OWN_GENRES[genre % len(OWN_GENRES)]]),
            )
            for i, ((duration, _, _), genre) in enumerate(zip(numbers, own, strict=True))
        ),
    )
    raw.executemany(
        "INSERT INTO predictions (track_id, model, genre, genre_confidence, energy, silent, created_at,"
        " bpm, bpm_confidence) VALUES (?, ?, ?, ?, ?, 0, '', ?, ?)",
        (
            (i, DEFAULT_MODEL, genres[genre], confidence, energy, round(60 + 120 * duration, 1), confidence)
            for i, (genre, (duration, confidence, energy)) in enumerate(zip(drawn, numbers, strict=True))
        ),
    )
    _put_words(raw, random, n_tracks)
    trunk = trunk_named(raw, "of the bench")
    raw.execute("INSERT INTO models (model, last_used_at, trunk) VALUES (?, '', ?)", (DEFAULT_MODEL, trunk))
    raw.executemany(
        "INSERT INTO embeddings (track_id, trunk, vector) VALUES (?, ?, ?)",
        ((i, trunk, random.normal(size=EMBEDDING_SIZE).astype("<f2").tobytes()) for i in range(n_embeddings)),
    )
    raw.commit()
    raw.close()


def _put_words(raw: sqlite3.Connection, random: np.random.Generator, n_tracks: int) -> None:
    """Moods evenly, and two words a track, as in a library of all kinds of music."""
    words = [word.name for word in load_card(DEFAULT_MODEL).all_words]
    number = word_list(raw, words)
    shares = random.random((n_tracks, 2)).round(4).tolist()
    moods = random.integers(0, len(MOODS), n_tracks).tolist()
    for start in range(0, n_tracks, 100_000):  # of so many at once, the words have their place in memory
        ids = range(start, min(start + 100_000, n_tracks))
        packed = (255 * random.random((len(ids), len(words))) ** N_TIMES_RARER).astype(np.uint8)
        put_rows(
            raw,
            (
                (i, DEFAULT_MODEL, valence, MOODS[mood], 0.4 + confidence / 2, number, row.tobytes())
                for i, (valence, confidence), mood, row in zip(
                    ids, shares[start : ids.stop], moods[start : ids.stop], packed, strict=True
                )
            ),
        )
