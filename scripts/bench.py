"""Benchmarks, each a ratio of two things timed in one run: python scripts/bench.py scan|write-tags"""

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import av
import librosa
import numpy as np

from tagger.audio.spans import window_starts
from tagger.model_card import DEFAULT_MODEL, load_card
from tagger.playlist import nearest
from tagger.predict import Predictor
from tagger.scan import walk
from tagger.store import Store, TrackRow
from tagger.types import ENERGY_BANDS, AudioFile, Prediction, Query, Recording, TrackFeatures

RATE_HZ = 44_100

EMBEDDING_SIZE = 128
LOUD_ROCK = Query(genres=("Rock",), energy=ENERGY_BANDS["high"], limit=50)
AT_120_BPM = Query(bpm=(119.5, 120.5), limit=50)
EVERY_ROW = """
    SELECT t.path, p.genre, p.genre_confidence, p.energy FROM tracks t NOT INDEXED
    CROSS JOIN predictions p ON p.track_id = t.id
    WHERE p.model = ? AND p.genre = 'Rock' AND p.energy >= ? ORDER BY t.path LIMIT 50"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    scan = commands.add_parser("scan", help="tagger scan beside librosa, one track at a time")
    scan.add_argument("--music", help="folder of 44.1 kHz stereo mp3 files; without it some are made")
    scan.add_argument("--files", type=int, default=3000, help="files that tagger scans")
    scan.add_argument("--baseline-files", type=int, default=60, help="files that the baseline hears")
    query = commands.add_parser("query", help="questions to a made library beside a look at every row")
    query.add_argument("--tracks", type=int, default=1_000_000, help="rows in the library")
    query.add_argument("--embeddings", type=int, default=100_000, help="rows that have an embedding")
    write_tags = commands.add_parser("write-tags", help="tagger write-tags beside copyfile and fsync")
    write_tags.add_argument("--music", help="folder of music files; without it some mp3 files are made")
    write_tags.add_argument("--files", type=int, default=200, help="files that are copied and written")
    rescan = commands.add_parser("rescan", help="a scan that finds nothing new beside find")
    rescan.add_argument("--files", type=int, default=100_000, help="small files in the library")
    args = parser.parse_args()
    if args.command == "scan":
        bench_scan(args.music, args.files, args.baseline_files)
    elif args.command == "query":
        bench_query(args.tracks, args.embeddings)
    elif args.command == "rescan":
        bench_rescan(args.files)
    else:
        bench_write_tags(args.music, args.files)


def bench_scan(music: str | None, n_files: int, n_baseline: int) -> None:
    """Tracks per second of `tagger scan`, process start included, and of the baseline without its imports."""
    with tempfile.TemporaryDirectory() as folder:
        library = os.path.join(folder, "library")
        os.mkdir(library)
        sources = _mp3_files(music) if music else _made_mp3_files(folder)
        files = [os.path.join(library, f"{i:05}.mp3") for i in range(n_files)]
        for i, file in enumerate(files):
            os.link(sources[i % len(sources)], file)
        baseline = _baseline_tracks_per_s(files[:n_baseline])
        ours = _scan_tracks_per_s(library, os.path.join(folder, "bench.db"))
        again = _baseline_tracks_per_s(files[:n_baseline])
    print(f"tagger scan            {ours:8.1f} tracks/s  ({n_files} files)")
    print(f"librosa, before/after  {baseline:8.1f} / {again:.1f} tracks/s  ({n_baseline} files)")
    print(f"ratio                  {ours / max(baseline, again):8.2f} (to the faster of the two)")


def bench_rescan(n_files: int) -> None:
    """Seconds of a second scan of `n_files` small files, process start included, and of `find` on them.

    Every file is stored as heard, without hearing it.
    """
    with tempfile.TemporaryDirectory() as folder:
        library, db = os.path.join(folder, "library"), os.path.join(folder, "bench.db")
        for i in range(n_files):
            if i % 200 == 0:
                os.makedirs(album := os.path.join(library, f"artist {i // 1000:04}", f"album {i // 200:05}"))
            with open(os.path.join(album, f"{i % 200:03} some song.mp3"), "wb") as file:
                file.write(b"x")
        _store_made_up_answers(library, db)
        scan = [sys.executable, "-m", "tagger", "scan", library, "--db", db, "--json"]
        result = json.loads(subprocess.run(scan, check=True, capture_output=True, text=True).stdout)
        assert result["unchanged"] == n_files, result
        find = ["find", library, "-type", "f", "-printf", r"%p %s %T@\n"]
        times_s = [(_quiet_s(find), _quiet_s(scan)) for _ in range(7)]
        peak_mb = _peak_mb(scan)
    find_s, scan_s = (min(column) for column in zip(*times_s, strict=True))
    print(f"find          {find_s:7.3f} s  ({n_files:,} files, best of 7 in turn)")
    print(f"second scan   {scan_s:7.3f} s  ({peak_mb:.0f} MB at most)")
    print(f"ratio         {scan_s / find_s:7.2f}")


def _quiet_s(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _peak_mb(command: list[str]) -> float:
    """Resident memory of a command at its largest, asked of a small parent: a fork counts its parent's."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    asked = subprocess.run([sys.executable, "-c", code, *command], check=True, capture_output=True, text=True)
    return int(asked.stdout) / 1000


def bench_query(n_tracks: int, n_embeddings: int) -> None:
    """Seconds of `tagger list`, `stats` and `playlist --like` after imports, and of reading every row."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "made.db")
        _make_library(path, n_tracks, 0)
        with Store.open(path, create=False) as store:
            listed_s = _best_s(lambda: list(store.tracks(LOUD_ROCK, model=DEFAULT_MODEL)))
            tempo_s = _best_s(lambda: list(store.tracks(AT_120_BPM, model=DEFAULT_MODEL)))
            every_s = _best_s(lambda: list(store._connection.execute(EVERY_ROW, (DEFAULT_MODEL, 2 / 3))))
            stats_s = _best_s(lambda: store.statistics(Query(), DEFAULT_MODEL))
        path = os.path.join(folder, "embedded.db")
        _make_library(path, n_embeddings, n_embeddings)
        with Store.open(path, create=False) as store:
            like_s = _best_s(lambda: _like(store))
    print(f"list --genre Rock --energy high --limit 50  {listed_s:7.3f} s  ({n_tracks:,} tracks)")
    print(f"the same without an index                   {every_s:7.3f} s")
    print(f"ratio                                       {every_s / listed_s:7.1f}")
    print(f"list --bpm 120 --limit 50                   {tempo_s:7.3f} s")
    print(f"stats                                       {stats_s:7.3f} s  ({n_tracks:,} tracks)")
    print(f"playlist --like                             {like_s:7.3f} s  ({n_embeddings:,} embeddings)")


def _like(store: Store) -> list[TrackRow]:
    ids, embeddings = store.embeddings(Query(), DEFAULT_MODEL, EMBEDDING_SIZE, "")
    order, _ = nearest(embeddings[0], embeddings)
    return store.tracks_of(ids[order][:500].tolist(), DEFAULT_MODEL)


def _best_s(work: Callable[[], object], times: int = 5) -> float:
    """The shortest of several runs: what the work takes when nothing else is in its way."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def _make_library(path: str, n_tracks: int, n_embeddings: int) -> None:
    """Tracks of 40 to an artist, genres as unevenly spread as in life, energies and tempos evenly."""
    with Store.open(path, create=True):
        pass
    random = np.random.default_rng(0)
    genres = load_card(DEFAULT_MODEL).genres
    weights = np.where(np.array(genres) == "Rock", 4.0, 1.0)
    drawn = random.choice(len(genres), n_tracks, p=weights / weights.sum()).tolist()
    numbers = random.random((n_tracks, 3)).tolist()
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA synchronous = OFF")
    raw.executemany(
        "INSERT INTO tracks (id, path, size, mtime_ns, audio_id, duration_s, codec, sample_rate_hz, channels,"
        " scanned_at, title, artist, album, year)"
        " VALUES (?, ?, 9000000, 0, ?, ?, 'mp3', 44100, 2, '', ?, ?, ?, ?)",
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
            )
            for i, (duration, _, _) in enumerate(numbers)
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


def bench_write_tags(music: str | None, n_files: int) -> None:
    """Files per second of `shutil.copyfile` + fsync and of `tagger write-tags`, its process start included.

    The copies are those that are then written, so both find the files in memory, and both are timed
    twice. Every file is stored as heard, without hearing it.
    """
    with tempfile.TemporaryDirectory() as folder:
        sources = _music_files(music) if music else _made_mp3_files(folder)
        chosen = [sources[i % len(sources)] for i in range(n_files)]
        mebibytes = sum(os.path.getsize(file) for file in chosen) / 2**20
        copied, written, inside = [], [], []
        for again in range(2):
            library = os.path.join(folder, f"library-{again}")
            copied.append(n_files / _copy_s(chosen, library))
            seconds, own_seconds = _write_tags_s(library, os.path.join(folder, f"{again}.db"))
            written.append(n_files / seconds)
            inside.append(n_files / own_seconds)
    print(f"{n_files} files, {mebibytes:.0f} MiB; best of two, in turn")
    print(f"copyfile + fsync       {max(copied):8.1f} files/s  {_each(copied)}")
    print(f"tagger write-tags      {max(written):8.1f} files/s  {_each(written)}")
    print(f"  less process start   {max(inside):8.1f} files/s  {_each(inside)}")
    print(f"ratio                  {max(written) / max(copied):8.2f} with the start of the process")
    print(f"                       {max(inside) / max(copied):8.2f} without it")


def _each(rates: list[float]) -> str:
    return "(" + ", ".join(f"{rate:.1f}" for rate in rates) + ")"


def _copy_s(sources: list[str], library: str) -> float:
    os.mkdir(library)
    os.sync()
    began = time.perf_counter()
    for i, source in enumerate(sources):
        target = os.path.join(library, f"{i:05}{os.path.splitext(source)[1]}")
        shutil.copyfile(source, target)
        fd = os.open(target, os.O_RDONLY)
        os.fsync(fd)
        os.close(fd)
    return time.perf_counter() - began


def _write_tags_s(library: str, db: str) -> tuple[float, float]:
    """Seconds of the whole command, and less those of a command that has nothing to write."""
    _store_made_up_answers(library, db)
    command = [sys.executable, "-m", "tagger", "write-tags", "--yes", "--json", "--genre", "replace"]
    os.sync()
    began = time.perf_counter()
    result = subprocess.run([*command, "--db", db], check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    counts = json.loads(result.stdout)
    assert counts["files_written"] == len(os.listdir(library)), (counts, result.stderr)
    began = time.perf_counter()
    subprocess.run([*command, library + "-nothing", "--db", db], capture_output=True)
    return seconds, seconds - (time.perf_counter() - began)


def _store_made_up_answers(library: str, db: str) -> None:
    genres = load_card(DEFAULT_MODEL).genres
    heard = []
    for i, file in enumerate(file for file in walk([library]) if isinstance(file, AudioFile)):
        sure = genres[i % len(genres)]
        energy, embedding = i % 1000 / 1000, np.zeros(4, np.float16)
        answer = Prediction(DEFAULT_MODEL, {sure: 0.9}, sure, 0.9, energy, (), embedding, False)
        heard.append((file, Recording(f"{i:032}", 210.0, "mp3", RATE_HZ, 2), answer))
    with Store.open(db, create=True) as store:
        store.record_batch(heard, [])


def _scan_tracks_per_s(library: str, db: str) -> float:
    # --full: the library holds copies, of which a scan would predict one
    command = [sys.executable, "-m", "tagger", "scan", library, "--db", db, "--json", "--full"]
    began = time.perf_counter()
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert result["analysed"] == result["found"], result
    return float(result["analysed"] / (time.perf_counter() - began))


def _baseline_tracks_per_s(files: list[str]) -> float:
    """What a plain script does: load each window, librosa's log-mel, the model, track after track."""
    card = load_card(DEFAULT_MODEL)
    predictor = Predictor(card, "cpu")
    _baseline_track(files[0], predictor)
    began = time.perf_counter()
    for file in files:
        _baseline_track(file, predictor)
    return len(files) / (time.perf_counter() - began)


def _baseline_track(file: str, predictor: Predictor) -> None:
    front_end = predictor.card.front_end
    starts_s = window_starts(librosa.get_duration(path=file), front_end.window_s)
    windows = [
        librosa.load(file, sr=front_end.sample_rate_hz, offset=start_s, duration=front_end.window_s)[0]
        for start_s in starts_s
    ]
    log_mels = [
        librosa.power_to_db(
            librosa.feature.melspectrogram(
                y=window,
                sr=front_end.sample_rate_hz,
                n_fft=front_end.n_fft,
                hop_length=front_end.hop_length,
                n_mels=front_end.n_mels,
            )
        )
        for window in windows
    ]
    track = TrackFeatures(
        AudioFile(file, -1, -1),
        Recording("", 0.0, "mp3", RATE_HZ, 2),
        tuple(starts_s),
        (False,) * len(starts_s),
        np.stack(log_mels).astype(np.float16),
    )
    predictor.predict([track])


def _music_files(folder: str) -> list[str]:
    files = sorted(found.path for found in walk([folder]) if isinstance(found, AudioFile))
    return files or sys.exit(f"bench: no music in {folder}")


def _mp3_files(folder: str) -> list[str]:
    files = [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".mp3")]
    if not files:
        sys.exit(f"bench: no .mp3 files in {folder}")
    return files


def _made_mp3_files(folder: str, n_files: int = 6, duration_s: float = 210.0) -> list[str]:
    """Stereo mp3 at 192 kbit/s: chords and beats, as dense in the spectrum as music."""
    files = []
    for seed in range(n_files):
        path = os.path.join(folder, f"made-{seed}.mp3")
        _encode_mp3(path, _made_music(np.random.default_rng(seed), duration_s))
        files.append(path)
    return files


def _made_music(random: np.random.Generator, duration_s: float) -> np.ndarray:
    time_s = np.arange(int(duration_s * RATE_HZ)) / RATE_HZ
    chords = sum(
        np.sin(2 * np.pi * f * time_s + random.uniform(0, 6, (2, 1))) for f in random.uniform(80, 2000, 8)
    )
    beats = random.normal(size=(2, len(time_s))) * np.exp(-8 * (time_s % random.uniform(0.3, 0.7)))
    return (0.05 * chords + 0.2 * beats).astype(np.float32)


def _encode_mp3(path: str, samples: np.ndarray) -> None:
    with av.open(path, "w") as container:
        stream = container.add_stream("libmp3lame", rate=RATE_HZ, layout="stereo")
        stream.bit_rate = 192_000
        for start in range(0, samples.shape[1], RATE_HZ):
            block = np.ascontiguousarray(samples[:, start : start + RATE_HZ])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
            frame.sample_rate = RATE_HZ
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    main()
