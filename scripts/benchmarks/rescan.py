"""A scan that finds nothing new beside `find`."""

import json
import os
import subprocess
import sys
import tempfile
import time

from benchmarks.answers import store_made_up_answers
from benchmarks.peak import peak_mb


def bench_rescan(n_files: int) -> None:
    """Seconds of a second scan of `n_files` small files, process start included, and of `find` on them.

    Every file is stored as analysed, without being decoded.
    """
    with tempfile.TemporaryDirectory() as folder:
        scan = made_scan(folder, n_files)
        result = json.loads(subprocess.run(scan, check=True, capture_output=True, text=True).stdout)
        assert result["unchanged"] == n_files, result
        find = ["find", scan[4], "-type", "f", "-printf", r"%p %s %T@\n"]
        times_s = [(_quiet_s(find), _quiet_s(scan)) for _ in range(7)]
        most_mb = peak_mb(scan)
    find_s, scan_s = (min(column) for column in zip(*times_s, strict=True))
    print(f"find          {find_s:7.3f} s  ({n_files:,} files, best of 7 in turn)")
    print(f"second scan   {scan_s:7.3f} s  ({most_mb:.0f} MB at most)")
    print(f"ratio         {scan_s / find_s:7.2f}")


def made_scan(folder: str, n_files: int) -> list[str]:
    """Make small files and store answers for them; give the scan that finds nothing new."""
    library, db = os.path.join(folder, "library"), os.path.join(folder, "bench.db")
    for i in range(n_files):
        if i % 200 == 0:
            os.makedirs(album := os.path.join(library, f"artist {i // 1000:04}", f"album {i // 200:05}"))
        with open(os.path.join(album, f"{i % 200:03} some song.mp3"), "wb") as file:
            file.write(b"x")
    store_made_up_answers(library, db)
    return [sys.executable, "-m", "tagger", "scan", library, "--db", db, "--json"]


def _quiet_s(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
