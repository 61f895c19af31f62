"""Wrong usage: one line that looks like every other error, and exit code 2."""

import re
from pathlib import Path

import pytest

from tagger.cli import COMMANDS
from tests.cli.conftest import Tagger
from tests.cli.test_playlist import TRACKS, answer, fill


@pytest.fixture
def library(db: Path) -> Path:
    fill(db, TRACKS)
    return db


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("lst", "no such command 'lst'; did you mean 'list', 'set'?; see tagger --help"),
        ("--versoin", "no such option: --versoin; did you mean --version?; see tagger --help"),
        (
            "list --config x",
            "--config stands before the command, as in `tagger --config FILE scan`; see tagger list --help",
        ),
        ("list --xyzzy", "no such option: --xyzzy; see tagger list --help"),
        ("list --limitt 3", "no such option: --limitt; did you mean --limit?; see tagger list --help"),
        ("list --limit x", "--limit x: give a whole number; see tagger list --help"),
        ("list --limit -1", "--limit -1: give 0 or more; see tagger list --help"),
        ("list --limit", "option '--limit' requires an argument; see tagger list --help"),
        ("scan . --jobs 999", "--jobs 999: give a number from 1 to 256; see tagger scan --help"),
        ("playlist --minutes long", "--minutes long: give a number; see tagger playlist --help"),
        ("playlist x", "got unexpected extra argument (x); see tagger playlist --help"),
        ("show", "missing argument 'FILE'; see tagger show --help"),
        ("undo last", "last: give a whole number; see tagger undo --help"),
        ("models frob", "no such command 'frob'; see tagger models --help"),
        ("models add", "missing argument 'DIR'; see tagger models add --help"),
        ("playlists aply", "no such command 'aply'; did you mean 'apply'?; see tagger playlists --help"),
    ],
)
def test_wrong_usage_is_one_line_that_names_the_help(tagger: Tagger, typed: str, line: str) -> None:
    result = tagger(*typed.split())
    assert (result.code, result.out, result.err) == (2, "", f"tagger: {line}\n")


def test_commands_are_listed_in_their_order_groups_among_them(tagger: Tagger) -> None:
    listed = re.findall(r"^│ ([a-z][a-z-]*) ", tagger("--help").out, re.MULTILINE)
    assert listed == list(COMMANDS)


@pytest.mark.parametrize("typed", ["", "playlists"])
def test_a_command_without_anything_shows_its_help(tagger: Tagger, typed: str) -> None:
    result = tagger(*typed.split())
    assert (result.code, result.err) == (2, "")
    assert result.out.rstrip() == tagger(*typed.split(), "--help").out.rstrip()
    assert "Usage: tagger" in result.out


@pytest.mark.parametrize("command", ["list", "stats"])
@pytest.mark.parametrize(
    ("path", "option"),
    [
        ("Jazz", "Jazz"),
        ("jazz", "Jazz"),
        ("hiphop", "Hip-Hop"),
        ("hip hop", "Hip-Hop"),
        ("New Age", '"New Age"'),
        ("r&b", '"R&B"'),
    ],
)
def test_a_genre_in_the_place_of_a_path_is_understood(
    tagger: Tagger,
    library: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    path: str,
    option: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = tagger(command, path)
    assert (result.code, result.out) == (2, "")
    assert result.err == f"tagger: {path}: no such file or folder; did you mean --genre {option}?\n"
    (tmp_path / path).mkdir()
    assert tagger(command, path).err.endswith("no track in the database; `tagger scan` it first\n")
    (tmp_path / path).rmdir()
    fill(library, [answer(str(tmp_path / path / "a.mp3"), 70)])
    assert tagger(command, path).code == 0
