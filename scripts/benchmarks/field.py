"""`tagger scan` beside other programs that listen to music, on the same files."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks import field_programs
from benchmarks.music import made_mp3_files, music_files
from benchmarks.peak import Used, used

LIBRARIES = ("OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON")
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in LIBRARIES} | {"TF_NUM_INTRAOP_THREADS": "1"}
"""With threads of their own, libraries spend much of their processor time on waiting for each other."""

TAGGER_TRACKS = 20
"""Tracks of `tagger` for one of the others: it is faster, and the start must not hide what a track costs."""


@dataclass(frozen=True)
class Tool:
    """A program of the field: `name` is that of its folder and of its function in `field_programs`."""

    name: str
    gives: str
    install: tuple[str, ...]
    """What to say to its pip, one call each."""


TOOLS = (
    Tool("aubio", "tempo", ("aubio-ledfx",)),
    Tool("autobpm", "tempo", ("librosa resampy",)),
    Tool("sonara", "tempo, key, chords, 30 features", ("sonara",)),
    Tool("libsonare", "tempo, beats, key, chords, form", ("libsonare",)),
    Tool("bliss", "23 features of likeness", ("bliss-audio",)),
    Tool("essentia", "tempo, key, 578 features", ("essentia",)),
    Tool("vibenet", "energy and 6 more of its kind", ("vibenet",)),
    Tool(
        "musicnn",
        "50 tags, genres among them",
        ("tensorflow-cpu==2.15.1 librosa 'numpy<2'", "--no-deps musicnn==0.1.0"),
    ),
)


def bench_field(music: str | None, tools: str, n_tracks: int, repeats: int) -> None:
    """Print what each program's start and each of its tracks cost on one core, and its memory at most.

    All take turns, `repeats` times, with one track and with `n_tracks`; the least of each counts. What is not
    installed in a virtual environment of its name in the folder `tools`, or fails there, is named at the end.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = music_files(music) if music else made_mp3_files(folder)
        runs: dict[str, Callable[[int], Used]] = {"tagger": partial(_tagger, files, folder)}
        sizes = {"tagger": TAGGER_TRACKS * (n_tracks - 1) + 1}
        absent = {tool.name: "not installed" for tool in TOOLS if not os.path.exists(_python(tools, tool))}
        for tool in TOOLS:
            if tool.name not in absent:
                runs[tool.name] = partial(_program, _python(tools, tool), tool.name, files)
                sizes[tool.name] = n_tracks
        taken = _take_turns(runs, sizes, repeats, absent)
    _print_table(taken, sizes)
    for tool in TOOLS:
        if tool.name in absent:
            _print_absent(tools, tool, absent[tool.name])


def _print_table(taken: Mapping[str, Mapping[int, Sequence[Used]]], sizes: Mapping[str, int]) -> None:
    own_s = _track_s(taken["tagger"], sizes["tagger"])
    print(f"{'':<12}{'start':>9}{'a track':>10}{'times':>8}{'memory':>9}   version and what it gives")
    for name, of_name in taken.items():
        track_s = _track_s(of_name, sizes[name])
        start_s = max(min(one.cpu_s for one in of_name[1]) - track_s, 0.0)  # the first may be a cheap track
        peak_mb = max(one.peak_mb for ones in of_name.values() for one in ones)
        times = f"{start_s:7.2f} s{track_s:8.3f} s{track_s / own_s:8.1f}{peak_mb:6.0f} MB"
        print(f"{name:<12}{times}   {_gives(name, of_name)}")


def _print_absent(tools: str, tool: Tool, reason: str) -> None:
    print(f"{tool.name:<12}{reason}; to install it:")
    print(f"    python3 -m venv {os.path.join(tools, tool.name)}")
    for words in tool.install:
        print(f"    {_python(tools, tool)} -m pip install {words}")


def _take_turns(
    runs: Mapping[str, Callable[[int], Used]],
    sizes: Mapping[str, int],
    repeats: int,
    failed: dict[str, str],
) -> dict[str, dict[int, list[Used]]]:
    """Give what each took, by its number of tracks; puts those that failed into `failed`, with the reason."""
    taken: dict[str, dict[int, list[Used]]] = {name: {1: [], sizes[name]: []} for name in runs}
    for turn in range(repeats):
        for name, run in runs.items():
            for n in taken.get(name, ()):
                try:
                    one = run(n)
                except subprocess.CalledProcessError as error:
                    said = (error.stderr or "").split("\n")
                    failed[name] = "failed: " + next(filter(str.strip, reversed(said)), str(error))
                    del taken[name]
                    break
                taken[name][n].append(one)
                print(f"turn {turn + 1}, {name}, {n} tracks: {one.cpu_s:.2f} s", file=sys.stderr)
    return taken


def _track_s(taken: Mapping[int, Sequence[Used]], n_tracks: int) -> float:
    least = {n: min(one.cpu_s for one in ones) for n, ones in taken.items()}
    return (least[n_tracks] - least[1]) / (n_tracks - 1)


def _gives(name: str, taken: Mapping[int, Sequence[Used]]) -> str:
    if name == "tagger":
        return "genre, energy, tempo, mood, words; of 30 s"
    version = json.loads(taken[1][0].stdout.rpartition(field_programs.MARK)[2])["version"]
    return f"{version}: {next(tool.gives for tool in TOOLS if tool.name == name)}"


def _python(tools: str, tool: Tool) -> str:
    return os.path.join(tools, tool.name, "bin", "python")


def _program(python: str, name: str, files: Sequence[str], n_tracks: int) -> Used:
    chosen = [files[i % len(files)] for i in range(n_tracks)]
    ran = _used([python, field_programs.__file__, name, *chosen])
    answers = json.loads(ran.stdout.rpartition(field_programs.MARK)[2])["answers"]
    assert len(answers) == n_tracks, ran.stdout
    return ran


def _tagger(files: Sequence[str], folder: str, n_tracks: int) -> Used:
    with tempfile.TemporaryDirectory(dir=folder) as library:
        for i in range(n_tracks):
            source = files[i % len(files)]
            os.symlink(os.path.abspath(source), os.path.join(library, f"{i:05}{os.path.splitext(source)[1]}"))
        # --full: the library names the same sounds again and again, each of which a scan would predict once
        command = [sys.executable, "-m", "tagger", "scan", library, "--full", "--jobs", "1", "--json"]
        ran = _used([*command, "--db", os.path.join(library, "bench.db")])
    result = json.loads(ran.stdout)
    assert result["analysed"] == n_tracks, result
    return ran


def _used(command: list[str]) -> Used:
    return used(command, on_one_core=True, environment=ONE_THREAD)
