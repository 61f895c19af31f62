"""`tagger write-tags` beside copying the same files."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from benchmarks.answers import store_made_up_answers
from benchmarks.music import made_mp3_files, music_files


def bench_write_tags(music: str | None, n_files: int) -> None:
    """Files per second of `shutil.copyfile` + fsync and of `tagger write-tags`, its process start included.

    The copies are those that are then written, so both find the files in memory, and both are timed
    twice. Every file is stored as analysed, without being decoded.
    """
    with tempfile.TemporaryDirectory() as folder:
        sources = music_files(music) if music else made_mp3_files(folder)
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
    store_made_up_answers(library, db)
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
