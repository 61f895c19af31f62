"""How much memory commands take of made libraries, from ten thousand rows to a million."""

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence

from benchmarks import rescan
from benchmarks.peak import peak_mb
from benchmarks.query import make_library
from tagger.model_card import DEFAULT_MODEL

COMMANDS = {
    "list": ["list"],
    "list --json": ["list", "--json"],
    "list --sort -energy": ["list", "--sort", "-energy"],
    "stats": ["stats"],
    "duplicates": ["duplicates"],
    "audit": ["audit"],
    "playlist --limit 100": ["playlist", "--limit", "100", "-o", "{out}.m3u8"],
    "playlist": ["playlist", "-o", "{out}.m3u8"],
    "playlist --shape wave --minutes 120": [
        *("playlist", "--shape", "wave", "--minutes", "120"),
        *("-o", "{out}.m3u8"),
    ],
    "report": ["report", "-o", "{out}.html"],
}
MOST_FILES = 100_000
"""Of the scan that finds nothing new: of more, the files would take longer to make than all else."""

LIKELY = (0.97, 0.02, 0.01)
"""The probabilities of the three likeliest genres of a track, which has most often the first in its tags."""

ALBUMS_A_MISTAKE = 50
"""Of so many albums one has other genres in its tags than its sound: those are what an audit tells."""

AGREES = """
    UPDATE tracks SET tag_genres = json_array((SELECT genre FROM predictions WHERE track_id = tracks.id))
    WHERE id / 10 % ?"""


def bench_memory(sizes: Sequence[int]) -> None:
    """Print each command's resident memory at its largest, a column a size, and what a further row costs."""
    peaks: dict[str, dict[int, float]] = {name: {} for name in ("scan with nothing new", *COMMANDS)}
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            if size <= MOST_FILES:
                peaks["scan with nothing new"][size] = _rescan_mb(os.path.join(folder, f"files-{size}"), size)
            db = os.path.join(folder, f"{size}.db")
            make_library(db, size, size)
            _put_scores(db)
            for name, arguments in COMMANDS.items():
                began = time.perf_counter()
                named = [part.format(out=os.path.join(folder, "out")) for part in arguments]
                peaks[name][size] = peak_mb([sys.executable, "-m", "tagger", *named, "--db", db])
                print(f"{size:,} {name}: {time.perf_counter() - began:.1f} s", file=sys.stderr)
            os.remove(db)
    _print_table(peaks, sizes)


def _print_table(peaks: Mapping[str, Mapping[int, float]], sizes: Sequence[int]) -> None:
    print(f"{'MB at most':<36}" + "".join(f"{size:>12,}" for size in sizes) + "   bytes a further row")
    for name, by_size in peaks.items():
        cells = (f"{by_size[size]:12.0f}" if size in by_size else f"{'–':>12}" for size in sizes)
        least, most = min(by_size), max(by_size)
        growth = (by_size[most] - by_size[least]) * 1e6 / max(most - least, 1)
        print(f"{name:<36}{''.join(cells)}{growth:22,.0f}")


def _rescan_mb(folder: str, n_files: int) -> float:
    scan = rescan.made_scan(folder, n_files)
    subprocess.run(scan, check=True, stdout=subprocess.DEVNULL)
    return peak_mb(scan)


def _put_scores(db: str) -> None:
    """The probabilities of three genres a track; the likeliest is the one that it has."""
    raw = sqlite3.connect(db)
    raw.execute("PRAGMA synchronous = OFF")
    genres = [genre for (genre,) in raw.execute("SELECT DISTINCT genre FROM predictions")]
    for place, share in enumerate(LIKELY):
        raw.execute("CREATE TEMP TABLE following (genre TEXT PRIMARY KEY, next TEXT)")
        pairs = [(genre, genres[(at + place) % len(genres)]) for at, genre in enumerate(genres)]
        raw.executemany("INSERT INTO following VALUES (?, ?)", pairs)
        raw.execute(
            "INSERT INTO genre_scores (track_id, model, genre, probability) "
            "SELECT track_id, model, next, ? FROM predictions JOIN following USING (genre) WHERE model = ?",
            (share, DEFAULT_MODEL),
        )
        raw.execute("DROP TABLE following")
    raw.execute(AGREES, (ALBUMS_A_MISTAKE,))
    raw.commit()
    raw.close()
