"""What the README and the manual show works as written: every command, every option, every link."""

import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from tagger.cli import app_for
from tagger.cli.help import TOPICS, page, summary
from tagger.model_card import load_card
from tests.cli.conftest import Tagger
from tests.labelled_music import make_clips
from tests.own_model import make_own_model
from tests.sounds import make_sound, sweep

ROOT = Path(__file__).parents[2]
PAGES = {"README": (ROOT / "README.md").read_text(encoding="utf-8")} | {
    topic: page(topic) for topic in TOPICS
}

PARSED_ONLY = (
    "# on a terminal",
    "# on a desktop",
    "# until Ctrl-C",
    "# hours",
    "# if run 12 wrote tags",
    "# 552 tagged tracks",
)
"""A command with one of these comments is not run, only parsed, with its options and their values."""

OF_OTHER_PROGRAMS = {
    *("--index-url", "--extra-index-url", "--pip-args", "--torch-backend", "--no-deps"),  # pip, pipx, uv
    *("--check", "--user", "--now", "--table"),  # ruff, systemctl, sqlite-utils
    "--tools",  # scripts/bench.py
}

MUSIC = {
    "New/one.flac": {"artist": "Ada", "title": "One", "album": "Live at Home", "date": "1994"},
    "New/two.mp3": {"artist": "Grace", "title": "Two", "genre": "Blues"},
    "Jazz/three.ogg": {"artist": "Ada", "title": "Three", "date": "2001"},
    "Jazz/four.m4a": {"artist": "Mary", "title": "Four"},
}

no_unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither cron nor systemd")


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a page that name `language`, those without one for an empty name."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [block for name, block in fenced if name == language]


def shell_lines(text: str) -> list[str]:
    """What a page tells to type: the lines of its `sh` blocks, and after a `$` in a block without a name."""
    typed = [line for block in blocks(text, "sh") for line in block.splitlines()]
    shown = [line[2:] for block in blocks(text, "") for line in block.splitlines() if line.startswith("$ ")]
    return typed + shown


def commands(text: str) -> Iterator[tuple[list[str], bool]]:
    """The arguments of each `tagger` command of a page in its order, and whether it is to be run."""
    for line in shell_lines(text):
        for part in re.split("&&|;", line):
            if part.strip().startswith("tagger "):
                words = shlex.split(part, comments=True)
                words = words[1 : words.index(">")] if ">" in words else words[1:]
                is_run = not line.endswith(PARSED_ONLY)
                yield [os.path.expanduser(word) for word in words], is_run


def command_tree() -> Any:
    """The root of all commands, as Click has it."""
    return typer.main.get_command(app_for([]))


def parse(words: list[str]) -> None:
    """Parses a command with its options without running it; raises for what is wrong."""
    command, rest = command_tree(), words
    while rest and rest[0] in getattr(command, "commands", ()):
        command, rest = command.commands[rest[0]], rest[1:]
    command.make_context(" ".join(words), list(rest))


def all_options(command: Any) -> Iterator[str]:
    for parameter in command.params:
        yield from (*parameter.opts, *parameter.secondary_opts)
    for below in getattr(command, "commands", {}).values():
        yield from all_options(below)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with the music, files and models that the pages name."""
    home = tmp_path_factory.mktemp("home")
    for i, (name, tags) in enumerate(MUSIC.items()):
        path = home / "Music" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        make_sound(path, samples=sweep(5.0 + i / 10, 44_100, 2), metadata=tags)
    shutil.copy(home / "Music/New/two.mp3", home / "song.mp3")
    shutil.copy(home / "Music/Jazz/four.m4a", home / "Night Drive.m4a")
    for name in ("live.flac", "studio.flac"):
        shutil.copy(home / "Music/New/one.flac", home / name)
    make_own_model(home / "my-model", "my-model")
    make_own_model(home / "runs/crnn", "crnn")
    (home / "DATA").mkdir()
    make_clips(home / "DATA")
    for topic, name in (("playlists", "playlists.toml"), ("dj-programs", "dj.toml")):
        (recipe,) = blocks(PAGES[topic], "toml")
        (home / name).write_text(recipe, encoding="utf-8")
    for folder in ("Music/_Serato_/Subcrates", ".kodi/userdata/playlists/music"):
        (home / folder).mkdir(parents=True)
    (configuration,) = blocks(PAGES["configuration"], "toml")
    (home / "night.toml").write_text(configuration, encoding="utf-8")
    return home


@pytest.fixture
def home(prepared: Path, tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The prepared home as the current folder, its music scanned; what one page leaves the next one finds."""
    monkeypatch.setenv("HOME", str(prepared))
    monkeypatch.setenv("USERPROFILE", str(prepared))
    monkeypatch.setenv("TAGGER_DB", str(prepared / "tagger.db"))
    monkeypatch.setenv("TAGGER_MODELS", str(prepared / "models"))
    monkeypatch.delenv("TAGGER_CONFIG")
    monkeypatch.setattr("platformdirs.user_config_path", lambda name: prepared / ".config" / name)
    monkeypatch.chdir(prepared)
    if not (prepared / "tagger.db").exists():
        assert tagger("scan", prepared / "Music").code == 0
    return prepared


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == "training" else ()) for name in PAGES]
)
def test_every_command_that_is_shown_runs(name: str, home: Path, tagger: Tagger) -> None:
    for words, is_run in commands(PAGES[name]):
        if is_run:
            done = tagger(*words)
            assert done.code == 0, f"tagger {shlex.join(words)}: {done.err}"
        else:
            parse(words)


def test_the_examples_in_python_run(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    make_sound(home / "Music/New/five.mp3", seconds=5.0)  # without the tags that other pages have written
    for example in blocks(PAGES["python"], "python"):
        exec(example, {})
    (home / "Music/New/five.mp3").unlink()
    printed = capfd.readouterr().out
    assert f"{len(MUSIC) + 1} tracks analysed" in printed
    assert f"{len(MUSIC) + 1} tracks in evening.m3u8" in printed
    assert re.search(r"^[1-3] files written by run 2$", printed, re.MULTILINE)


def test_the_query_of_the_database_finds_genres(home: Path) -> None:
    (query,) = re.findall(r'\$ sqlite-utils query tagger\.db "(.*?)" --table', PAGES["database"], re.DOTALL)
    with sqlite3.connect(home / "tagger.db") as database:
        rows = database.execute(query).fetchall()
    assert rows and all(genre and tracks >= 1 and 0 <= energy <= 1 for genre, tracks, energy in rows)


def test_every_option_that_is_named_exists() -> None:
    known = {*all_options(command_tree()), "--help", *OF_OTHER_PROGRAMS}
    named = {
        (name, option)
        for name, text in PAGES.items()
        if name != "changes"  # which names options that are gone
        for code in [*re.findall(r"`([^`\n]+)`", text), *shell_lines(text)]
        for option in re.findall(r"(?<![\w-])--[a-z][\w-]+", code)
    }
    assert not {(name, option) for name, option in named if option not in known}


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    folder = ROOT if name == "README" else ROOT / "tagger/manual"
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGES[name]):
        file, _, heading = target.partition("#")
        path = folder / file if file else folder / f"{name}.md"
        assert path.is_file() or "://" in target, target
        if heading:
            titles = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_a_page_fits_a_terminal_of_80_columns() -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    for topic in TOPICS:
        console = Console(width=80, force_terminal=True)
        with console.capture() as drawn:
            console.print(Markdown(page(topic)))
        assert "…" not in drawn.get(), f"{topic}: a table cuts a word"
        assert len(f"{max(TOPICS, key=len)}  {summary(page(topic))}") <= 80


def test_help_lists_the_pages_and_shows_one_as_it_is_written(tagger: Tagger) -> None:
    listed = tagger("help")
    assert [line.split()[0] for line in listed.out.splitlines()] == list(TOPICS)
    assert sorted(TOPICS) == sorted(path.stem for path in (ROOT / "tagger/manual").glob("*.md"))
    shown = tagger("help", "scanning")
    assert (shown.code, shown.out) == (0, page("scanning"))


def test_help_of_a_command_shows_its_options_and_where_to_read_on(tagger: Tagger) -> None:
    shown = tagger("help", "scan")
    assert shown.code == 0
    assert "--budget" in shown.out and "tagger scan" in shown.out
    assert shown.out.rstrip().endswith("More about it: tagger help scanning")


def test_help_of_an_unknown_page_names_the_nearest(tagger: Tagger) -> None:
    done = tagger("help", "playlits")
    assert (done.code, done.out) == (2, "")
    assert done.err == "tagger: no page 'playlits'; did you mean 'playlists'? `tagger help` lists them all\n"


def test_every_command_has_a_page() -> None:
    explained = {command for commands in TOPICS.values() for command in commands} | set(TOPICS) | {"help"}
    assert not set(command_tree().commands) - explained
    for topic, commands_of_page in TOPICS.items():
        assert all(f"tagger {command}" in page(topic) for command in commands_of_page)


@pytest.mark.slow
@no_unix
def test_a_page_on_a_terminal_is_drawn() -> None:
    import pty

    reader, writer = pty.openpty()
    environment = os.environ | {"PAGER": "cat", "TERM": "xterm-256color", "COLUMNS": "80"}
    subprocess.run(
        [sys.executable, "-m", "tagger", "help", "python"], stdout=writer, env=environment, check=True
    )
    os.close(writer)
    drawn = os.read(reader, 1 << 16).decode()
    assert "\x1b[" in drawn and "```" not in drawn


def test_the_readme_stays_a_front_page_and_installs_a_pytorch_that_fits() -> None:
    assert len(PAGES["README"].split()) <= 1000
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (torch,) = [need for need in project["dependencies"] if need.startswith("torch")]
    for name in ("README", "developing"):
        (installed,) = re.findall(r"pip install '(torch<[\d.]+)'", PAGES[name])
        assert torch.endswith(installed.removeprefix("torch"))


def test_the_figures_of_the_models_are_those_that_were_measured() -> None:
    standard, small = load_card("standard"), load_card("small")
    for figure in ("hit", "hit_top3", "tempo_acc1"):
        shown = f"| {standard.figures[figure]:.2f} | {small.figures[figure] + 1e-9:.2f} |"
        assert shown in PAGES["models"], figure
    for name in ("README", "models"):
        assert ", ".join(standard.genres) in " ".join(PAGES[name].split())
    for figure in ("hit", "hit_top3", "tempo_acc1"):
        assert f"**{standard.figures[figure]:.2f}**" in PAGES["README"], figure


@pytest.fixture
def cron_home(tmp_path: Path) -> Path:
    """A home folder with a program and music where the page on nights expects them."""
    tagger = tmp_path / ".local/bin/tagger"
    tagger.parent.mkdir(parents=True)
    search = os.pathsep.join(filter(None, sys.path))
    tagger.write_text(
        f'#!/bin/sh\nPYTHONPATH={shlex.quote(search)} exec {shlex.quote(sys.executable)} -m tagger "$@"\n'
    )
    tagger.chmod(0o755)
    (tmp_path / "Music").mkdir()
    make_sound(tmp_path / "Music/a.flac", seconds=1.0)
    return tmp_path


@pytest.mark.slow
@no_unix
def test_the_lines_for_crontab_run_in_the_little_that_cron_gives(cron_home: Path) -> None:
    lines = re.findall(r"^\d+ \d+ \* \* \* (.*)$", PAGES["every-night"], re.MULTILINE)
    assert len(lines) == 2 and not any("%" in line for line in lines)  # which cron takes for the line's end
    data = cron_home / ".local/share/tagger"
    data.mkdir(parents=True)
    environment = {"HOME": str(cron_home), "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "LOGNAME": "ada"}
    for line in lines:
        done = subprocess.run(["/bin/sh", "-c", line], env=environment, cwd=cron_home, capture_output=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert '"event": "finished"' in (data / "night.log").read_text()
    assert "tagger_tracks 1\n" in (data / "night.prom").read_text()


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_the_units_for_systemd_are_valid(cron_home: Path) -> None:
    service, timer = blocks(PAGES["every-night"], "ini")
    (cron_home / "tagger.service").write_text(service)
    (cron_home / "tagger.timer").write_text(timer)
    environment = os.environ | {"HOME": str(cron_home), "XDG_RUNTIME_DIR": str(cron_home)}
    units = [cron_home / "tagger.service", cron_home / "tagger.timer"]
    command = ["systemd-analyze", "verify", "--user", *units]
    checked = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.slow
def test_the_scripts_that_are_shown_are_there() -> None:
    lines = [
        line for text in PAGES.values() for line in shell_lines(text) if line.startswith("python scripts/")
    ]
    for script in sorted({line.split()[1] for line in lines}):
        done = subprocess.run([sys.executable, ROOT / script, "--help"], capture_output=True, text=True)
        assert done.returncode == 0, script


def test_the_tests_that_hold_a_promise_are_there() -> None:
    security = PAGES["tags"].partition("## Security")[2]
    named = set(re.findall(r"test_\w+\.py", security))
    assert len(named) >= 8
    assert named <= {path.name for path in (ROOT / "tests" / "faults").iterdir()}
