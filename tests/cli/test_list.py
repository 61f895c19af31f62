"""`tagger list` sorted, narrowed, and on a terminal; `tagger duplicates`."""

import os
import re
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from tagger.cli.table import beginning, end
from tagger.query import TrackOrder
from tagger.store import Store
from tests.cli.conftest import Tagger
from tests.cli.test_playlist import answer, fill

on_unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals here")

LATIN_1 = os.fsdecode(b"/m/a very long folder for a very long name/and one more/caf\xe9.mp3")
TRACKS = [
    answer("/m/1.mp3", 1, artist="abba", title="Zebra", album="b", year=1990, energy=0.5, confidence=0.5),
    answer(
        "/m/2.mp3", 2, artist="Élodie", title="apple", year=1980, energy=0.9, duration_s=90.0, confidence=0.5
    ),
    answer("/m/3.mp3", 3, artist="ABBA", title="Ape", album="A", energy=0.1, genre="Jazz", confidence=0.9),
    answer("/m/4.mp3", 4, artist="zoe", year=2000, energy=0.7, duration_s=0.0, genre="Folk", confidence=0.7),
    answer("/m/5.mp3", 5, year=1970, energy=0.3, duration_s=300.0, confidence=0.6),
]


@pytest.fixture
def library(db: Path) -> Path:
    fill(db, TRACKS)
    return db


def listed(tagger: Tagger, *args: object) -> str:
    """The numbers of the tracks that are listed, in their order."""
    return "".join(Path(track["path"]).stem for track in tagger("list", "--json", *args).json)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("path", "12345"),
        ("-path", "54321"),
        ("energy", "35142"),
        ("-energy", "24153"),
        ("genre", "43512"),
        ("confidence", "12543"),
        ("-confidence", "34521"),
        ("artist", "31245"),
        ("-artist", "42135"),
        ("album", "31245"),
        ("title", "32145"),
        ("-title", "12345"),
        ("year", "52143"),
        ("-year", "41253"),
        ("length", "13254"),
        ("-length", "52134"),
    ],
)
def test_a_list_is_sorted_with_what_is_not_known_last(
    tagger: Tagger, library: Path, order: str, expected: str
) -> None:
    assert listed(tagger, "--sort", order) == expected
    assert listed(tagger, "--sort", order, "--limit", 2) == expected[:2]
    assert listed(tagger, "/m", "--sort", order) == expected


def test_tempos_are_sorted(tagger: Tagger, library: Path) -> None:
    with Store.open(str(library), create=False) as store:
        store.database.connection.execute("UPDATE predictions SET bpm = 200 - track_id WHERE track_id < 4")
    assert (listed(tagger, "--sort", "bpm"), listed(tagger, "--sort", "-bpm")) == ("32145", "12354")


def test_an_unknown_order_is_answered_with_those_there_are(tagger: Tagger, library: Path) -> None:
    result = tagger("list", "--sort", "loudness")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "tagger: --sort loudness: give path, energy, bpm, genre, confidence, artist, album, title, year, "
        "length, valence, mood, key or word, or one with a minus in front, such as -energy\n"
    )


def mark_missing(db: Path, path: str) -> None:
    with Store.open(str(db), create=False) as store:
        store.files.mark_missing([track_id for track_id, *_ in store.files.beneath([path])], [])


def test_missing_lists_only_files_that_are_gone(tagger: Tagger, library: Path) -> None:
    assert listed(tagger, "--missing") == ""
    mark_missing(library, "/m/2.mp3")
    mark_missing(library, "/m/5.mp3")
    assert listed(tagger, "--missing") == "25"
    assert listed(tagger, "--missing", "--energy", "high", "/m") == "2"
    assert listed(tagger, "--missing", "--sort", "-energy", "--genre", "rock") == "25"


def test_duplicates_are_listed_and_named_unless_their_copy_is_gone(tagger: Tagger, library: Path) -> None:
    assert (listed(tagger, "--duplicates"), tagger("duplicates", "--json").json) == ("", [])
    fill(library, [answer("/n/1 copy.mp3", 1, title="Copy"), answer("/n/2 copy.mp3", 2)])
    assert listed(tagger, "--duplicates", "--sort", "path") == "121 copy2 copy"
    assert listed(tagger, "--duplicates", "/n", "--sort", "-path") == "2 copy1 copy"
    found = tagger("duplicates", "--json").json
    assert [[Path(file["path"]).name for file in sound["files"]] for sound in found] == [
        ["1.mp3", "1 copy.mp3"],
        ["2.mp3", "2 copy.mp3"],
    ]
    assert found[0] == {
        "audio_id": f"{1:032}",
        "artist": "abba",
        "title": "Zebra",
        "duration_s": 60.0,
        "files": [
            {"path": "/m/1.mp3", "size": 1, "link": False},
            {"path": "/n/1 copy.mp3", "size": 1, "link": False},
        ],
    }
    mark_missing(library, "/n/1 copy.mp3")
    assert listed(tagger, "--duplicates") == "22 copy"
    assert [sound["title"] for sound in tagger("duplicates", "--json").json] == ["apple"]


def test_duplicates_are_named_for_people(tagger: Tagger, library: Path) -> None:
    none = tagger("duplicates")
    assert (none.code, none.out, none.err) == (0, "", "tagger: no sound is in several files\n")
    fill(library, [answer("/n/1 copy.mp3", 1, title="Copy"), answer(LATIN_1, 5, duration_s=0.0)])
    result = tagger("duplicates")
    assert result.out.splitlines()[:3] == [
        "abba – Zebra, 1:00, 2 files",
        "       0 kB  /m/1.mp3",
        "       0 kB  /n/1 copy.mp3",
    ]
    assert "\udce9" in result.out
    assert result.err == "tagger: 2 sounds are in 4 files; all but the largest of each take 0 kB\n"
    assert tagger("duplicates", "/n").out.count(" files\n") == 1
    nowhere = tagger("duplicates", "/nowhere", "--json")
    assert (nowhere.code, nowhere.json) == (0, [])
    assert "no such file or folder" in nowhere.err


@on_unix
def test_a_link_is_no_copy_and_its_file_is_never_called_one(tagger: Tagger, db: Path, tmp_path: Path) -> None:
    (tmp_path / "b.mp3").write_bytes(b"music")
    (tmp_path / "a.mp3").symlink_to("b.mp3")
    (tmp_path / "c.mp3").hardlink_to(tmp_path / "b.mp3")
    (tmp_path / "d.mp3").write_bytes(b"music")
    fill(db, [answer(str(tmp_path / f"{name}.mp3"), 1) for name in "abcd"])
    (sound,) = tagger("duplicates", "--json").json
    assert [Path(file["path"]).stem for file in sound["files"] if not file["link"]] == ["b", "d"]
    assert tagger("duplicates").out.count("(a link, no copy)") == 2


def test_missing_and_duplicates_exclude_each_other(tagger: Tagger, library: Path) -> None:
    result = tagger("list", "--missing", "--duplicates")
    assert (result.code, result.err.count("\n"), "exclude each other" in result.err) == (2, 1, True)


# --- a terminal -------------------------------------------------------------------------------------


def on_a_terminal(columns: int, *args: object, **environment: str) -> str:
    """What the command writes to a pseudo terminal of this width."""
    import fcntl
    import pty
    import termios

    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "tagger", *map(str, args)],
        stdout=writer,
        env={**inherited, "TERM": "xterm-256color", "PYTHONUTF8": "1", **environment},
    )
    os.close(writer)
    read = b""
    while True:
        try:
            some = os.read(reader, 1 << 16)
        except OSError:  # Linux says so that nobody writes any more
            break
        if not some:
            break
        read += some
    assert process.wait() == 0
    os.close(reader)
    return read.decode(errors="surrogateescape").replace("\r\n", "\n")


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", text)


@pytest.mark.slow
@on_unix
@pytest.mark.parametrize("columns", [60, 80, 132])
def test_lines_fit_the_terminal_with_names_and_the_ends_of_paths(library: Path, columns: int) -> None:
    long_names: dict[str, Any] = {"artist": "椎名林檎" * 4, "title": "\x1b[2J" + "Hyperballad " * 9}
    fill(library, [answer(LATIN_1, 9, **long_names), answer(f"/m/{'x' * 300}/end.mp3", 10)])
    mark_missing(library, LATIN_1)
    out = on_a_terminal(columns, "list")
    lines = plain(out).splitlines()
    assert len(lines) == 1 + len(TRACKS) + 2
    assert all(cell_len(line) <= columns for line in lines)
    assert "\x1b[36m" in out and "\x1b[2J" not in out
    assert any(line.endswith("\udce9.mp3  (missing)") for line in lines)
    assert any(line.endswith("/end.mp3") and "…" in line for line in lines)
    assert lines[0].endswith("path")
    if columns > 74:
        assert "abba – Zebra" in lines[1] and lines[1].endswith("  /m/1.mp3")


@pytest.mark.slow
@on_unix
def test_no_color_and_a_library_without_names_are_honoured(db: Path) -> None:
    fill(db, [answer("/m/a folder of which the whole name has its place/1.mp3", 1)])
    out = on_a_terminal(100, "list", NO_COLOR="1")
    assert not re.search(r"\x1b\[[\d;]*3\d", out)
    assert plain(out).splitlines()[1].endswith("  /m/a folder of which the whole name has its place/1.mp3")
    assert "artist" not in out


def test_a_pipe_gets_plain_lines_with_whole_paths(tagger: Tagger, library: Path) -> None:
    fill(library, [answer(f"/m/{'x' * 300}/end.mp3", 10)])
    out = tagger("list").out
    assert f"/m/{'x' * 300}/end.mp3\n" in out
    assert "abba" not in out and "\x1b" not in out


@pytest.mark.parametrize("cells", range(1, 14))
def test_texts_are_shortened_by_cells_of_the_terminal(cells: int) -> None:
    for text in ("abcdefghijkl", "椎名林檎椎名林檎", "a椎b名c林d檎", "", "\udce9" * 20):
        for short in (beginning(text, cells), end(text, cells)):
            assert cell_len(short) <= max(cells, 1)
            assert short == text or "…" in short


def test_every_order_has_its_sql(library: Path) -> None:
    from typing import get_args

    from tagger.query import Query
    from tagger.store.question import tracks_query

    orders = get_args(TrackOrder)
    sql = {tracks_query(Query(order=order), "m", "t.path")[0] for order in orders}
    assert len(sql) == len(orders)


def test_a_genre_in_doubt_stands_with_the_next_likely_one(tagger: Tagger, db: Path) -> None:
    sure_of_one = answer("/m/a.mp3", 1, genre="Electronic", confidence=0.5)
    genres = {"Electronic": 0.5, "Jazz": 0.3, "Rock": 0.2}
    likely = replace(sure_of_one, prediction=replace(sure_of_one.prediction, genres=genres))
    fill(db, [likely, answer("/m/b.mp3", 2, confidence=0.8)])

    doubtful, sure = tagger("list").out.splitlines()[1:]

    assert doubtful.startswith("Electronic or Jazz?          50%")
    assert sure.startswith("Rock                         80%")
    assert tagger("list", "--json").json[0]["genre"] == "Electronic"
    assert "  Electronic or Jazz? It is sure from 60% on.\n" in tagger("show", "/m/a.mp3").out
    assert "?" not in tagger("show", "/m/b.mp3").out
