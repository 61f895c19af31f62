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
from tagger.types import ENERGY_BANDS, Track

EMBEDDING_SIZE = 128
LOUD_ROCK = Query(genres=("Rock",), energy=ENERGY_BANDS["high"], limit=50)
DIFFERENT = Query(tag_genres=("jazz",), differs=True, limit=50)
AT_120_BPM = Query(bpm=(119.5, 120.5), limit=50)
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
            listed_s = _best_s(lambda: list(store.answers.tracks(LOUD_ROCK, model=DEFAULT_MODEL)))
            tempo_s = _best_s(lambda: list(store.answers.tracks(AT_120_BPM, model=DEFAULT_MODEL)))
            every_s = _best_s(
                lambda: list(store.database.connection.execute(EVERY_ROW, (DEFAULT_MODEL, 2 / 3)))
            )
            own_s = _best_s(lambda: list(store.answers.tracks(DIFFERENT, model=DEFAULT_MODEL)))
            all_s = _best_s(lambda: sum(1 for _ in store.answers.tracks(model=DEFAULT_MODEL)), 2)
            stats_s = _best_s(lambda: store.statistics(Query(), DEFAULT_MODEL))
        path = os.path.join(folder, "embedded.db")
        make_library(path, n_embeddings, n_embeddings)
        with Store.open(path, create=False) as store:
            like_s = _best_s(lambda: _like(store))
    print(f"list --genre Rock --energy high --limit 50  {listed_s:7.3f} s  ({n_tracks:,} tracks)")
    print(f"the same without an index                   {every_s:7.3f} s")
    print(f"ratio                                       {every_s / listed_s:7.1f}")
    print(f"list --bpm 120 --limit 50                   {tempo_s:7.3f} s")
    print(f"list --tag-genre jazz --differs --limit 50  {own_s:7.3f} s")
    print(f"list                                        {all_s:7.3f} s  ({n_tracks:,} tracks)")
    print(f"stats                                       {stats_s:7.3f} s  ({n_tracks:,} tracks)")
    print(f"playlist --like                             {like_s:7.3f} s  ({n_embeddings:,} embeddings)")


def _like(store: Store) -> list[Track]:
    ids, embeddings = store.answers.embeddings(Query(), DEFAULT_MODEL, EMBEDDING_SIZE, "")
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
    vectors = random.normal(size=(n_embeddings, EMBEDDING_SIZE)).astype("<f2")
    raw.executemany(
        "INSERT INTO embeddings (track_id, model, vector) VALUES (?, ?, ?)",
        ((i, DEFAULT_MODEL, vector.tobytes()) for i, vector in enumerate(vectors)),
    )
    raw.commit()
    raw.close()
