"""The scripts of developers, which nothing else imports, follow the package."""

import ast
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import mutagen
import pytest

from tagger.audio import identify
from tagger.training.heads.sound import read_sounds
from tagger.types import SOUNDS
from tests.sounds import make_sound

SCRIPTS = Path(__file__).parent.parent / "scripts"


@pytest.mark.parametrize("path", sorted(SCRIPTS.rglob("*.py")), ids=lambda path: path.name)
def test_every_name_that_a_script_takes_from_the_package_is_there(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tagger":
            module = import_module(node.module or "")
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


def rot(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)


def retitle(path: Path) -> None:
    file = mutagen.File(path)
    file["title"] = "another"
    file.save()


HARM: dict[str, Callable[[Path], object]] = {
    "other sound": rot,
    "other tags than its owner's": retitle,
    "gone": lambda path: path.unlink(),
    "nobody put it there": lambda path: path.with_name(".tagger-0123456789abcdef-1.tmp").touch(),
}


@pytest.mark.parametrize("harm", HARM)
def test_the_soak_sees_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)
    music, truth = import_module("soaking.music"), import_module("soaking.truth")
    known = truth.Truth([str(tmp_path)])
    path = music.make_track(str(tmp_path), "16-bit.flac", "song", 1)
    known.learn(path)
    known.check(random.Random(0), may_write=True, is_settled=True)
    HARM[harm](Path(path))
    with pytest.raises(truth.HarmError, match=f"{harm}"):
        known.check(random.Random(0), may_write=True, is_settled=True)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs kill -9, limits and rights")
def test_a_short_soak_harms_nothing() -> None:
    command = [sys.executable, str(SCRIPTS / "soak.py"), "--files", "20", "--steps", "6", "--seed", "524"]
    soak = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert soak.returncode == 0, soak.stdout + soak.stderr
    counts = soak.stdout.partition("\n6 steps\n")[2]
    assert sum(map(int, re.findall(r"^ +(\d+)  ", counts, re.MULTILINE))) == 6
    assert not os.path.exists(re.findall(r"files, (\S+), ", soak.stdout)[0])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux does")
def test_damaged_files_are_made_scanned_written_and_restored(tmp_path: Path) -> None:
    root = SCRIPTS.parent
    command = [sys.executable, os.fspath(SCRIPTS / "fuzz.py"), "--jobs", "1", "--keep", os.fspath(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.fspath(root)}
    for choice, n in ((["--mutants", "20"], 20), (["--replay", "5"], 1)):
        done = subprocess.run([*command, *choice], capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"\n{n} mutants in " in done.stdout
        assert "     0 tracebacks" in done.stdout
    assert [path.name.startswith("0-5-") for path in tmp_path.iterdir()] == [True]


def test_each_program_of_the_field_can_be_installed_and_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)
    field, programs = import_module("benchmarks.field"), import_module("benchmarks.field_programs")
    assert [tool.name for tool in field.TOOLS] == [*programs.PROGRAMS]
    assert all(tool.install and tool.gives for tool in field.TOOLS)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="measures as Unix does")
def test_a_program_of_the_field_that_is_missing_or_fails_is_named(tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    make_sound(tmp_path / "music/a.flac", seconds=2.0)
    python = tmp_path / "tools/sonara/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho no such library >&2\nexit 3\n")
    python.chmod(0o755)
    command = [sys.executable, os.fspath(SCRIPTS / "bench.py"), "field", "--tracks", "2", "--repeats", "1"]
    folders = ["--tools", os.fspath(tmp_path / "tools"), "--music", os.fspath(tmp_path / "music")]
    environment = {**os.environ, "PYTHONPATH": os.fspath(SCRIPTS.parent)}
    done = subprocess.run([*command, *folders], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[1].startswith("tagger ") and " MB " in lines[1]
    assert "sonara      failed: no such library; to install it:" in lines
    assert "bliss       not installed; to install it:" in lines


def test_sounds_are_made_with_a_table_of_what_they_are(tmp_path: Path) -> None:
    """Noises, and music and a voice of recordings; of synthetic voices those that this computer has."""
    (tmp_path / "data").mkdir()
    (tmp_path / "speaker").mkdir()
    for i in range(4):
        make_sound(tmp_path / "data" / f"{i}.wav", seconds=7.0)
    make_sound(tmp_path / "speaker" / "word.wav", seconds=1.0)
    table = "path,dataset,split,group,genres\n"
    table += "".join(f"{i}.wav,made,{('train', 'test')[i % 2]},{i},Jazz\n" for i in range(4))
    (tmp_path / "data" / "clips.csv").write_text(table)
    numbers = ("--speech", "3", "--noise", "6", "--music", "3")
    recorded = ("--recordings", str(tmp_path / "data" / "0.wav"), "--speakers", str(tmp_path / "speaker"))
    command = [sys.executable, str(SCRIPTS / "make_sounds.py"), str(tmp_path / "out")]
    subprocess.run([*command, "--data", str(tmp_path / "data"), *numbers, *recorded], check=True)
    clips, sounds = read_sounds(str(tmp_path / "out"))
    assert [*map(SOUNDS.__getitem__, sounds)] == ["speech"] * 3 + ["noise"] * 6 + ["music"] * 3
    assert {clip.split for clip in clips[9:]} <= {"train", "test"}
    lengths = [identify(str(tmp_path / "out" / clip.path), window_s=10.0).duration_s for clip in clips]
    assert all(4 < (length or 0) < 16 for length in lengths)
