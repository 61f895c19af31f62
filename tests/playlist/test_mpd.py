from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from tagger.errors import TaggerError
from tagger.playlist import Plan, playlist_of
from tagger.playlist.mpd import music_folder

from .tracks import track

pytestmark = pytest.mark.skipif(os.name == "nt", reason="MPD's configuration lies elsewhere there")

FOUND = [
    "plain.wav",
    "#hash.wav",
    "-dash.wav",
    "sp ace é & 日本.wav",
    "a:b.wav",
    "http:x.wav",
    "back\\slash.wav",
    "[x].wav",
    "~tilde.wav",
    "50%25.wav",
    "sub/#hash.wav",
    "#folder/plain.wav",
    "latin\udce9.wav",
]
NOT_FOUND = [" lead.wav", "sub / inner.wav", "trail /x.wav", "two\nlines.wav"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without an mpd.conf."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path


def configure(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_the_music_folder_is_that_of_the_first_configuration(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(home / ".mpdconf", '# music_directory "/no"\n\tmusic_directory\t"~/Mu \\"sic\\"/"  # mine\n')
    assert music_folder() == f'{home}/Mu "sic"'
    configure(home / ".config/mpd/mpd.conf", 'music_directory "/srv/music"\n')
    assert music_folder() == "/srv/music"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg"))
    configure(home / "xdg/mpd/mpd.conf", 'music_directory "/xdg"')
    assert music_folder() == "/xdg"


@pytest.mark.parametrize("text", ["", 'music_directory "nfs://host/music"', "music_directory"])
def test_a_music_folder_that_is_not_known_is_asked_for(home: Path, text: str) -> None:
    configure(home / ".mpdconf", text)
    with pytest.raises(
        TaggerError, match=r"\.mpdconf: names no folder as music_directory; give --relative-to"
    ):
        music_folder()


@pytest.mark.skipif(
    os.path.exists("/etc/mpd.conf"), reason="MPD is installed, and its configuration is found"
)
def test_without_mpd_its_folder_is_asked_for(home: Path) -> None:
    with pytest.raises(TaggerError, match=r"there is no mpd\.conf\); give --relative-to DIR"):
        playlist_of([track()], Plan(format="mpd"))


def test_paths_are_from_the_music_folder_and_what_is_outside_is_left_out(home: Path) -> None:
    configure(home / ".mpdconf", f'music_directory "{home}/link"\n')
    (home / "music").mkdir()
    (home / "link").symlink_to(home / "music")
    inside = [track(f"{home}/music/Rock/a.mp3"), track(f"{home}/link/b.mp3")]
    made = playlist_of([*inside, track("/else/c.mp3")], Plan(format="mpd"))
    assert made.content == b"Rock/a.mp3\nb.mp3\n"
    (skipped,) = made.skipped
    assert skipped.path == "/else/c.mp3"
    assert skipped.reason.startswith(f"it is not in MPD's music folder {home}/link (--replace-prefix says")


def test_options_say_where_another_mpd_sees_the_files() -> None:
    plan = Plan(format="mpd", relative_to="/srv/music", replace_prefix="/home/ada/Music=/srv/music/ada")
    assert playlist_of([track("/home/ada/Music/a.mp3")], plan).content == b"ada/a.mp3\n"
    with pytest.raises(TaggerError, match="MPD finds files from its own root; leave --absolute out"):
        Plan(format="mpd", absolute=True)


@pytest.fixture
def mpd(home: Path) -> Iterator[Path]:
    """The socket of an MPD whose music and playlists lie in the home folder."""
    for name in (*FOUND, *NOT_FOUND):
        write_silence(home / "music" / name)
    (home / "playlists").mkdir()
    configure(
        home / ".mpdconf",
        f'music_directory "{home}/music"\nplaylist_directory "{home}/playlists"\ndb_file "{home}/db"\n'
        f'bind_to_address "{home}/socket"\naudio_output {{\n  type "null"\n  name "none"\n}}\n',
    )
    command = ["mpd", "--no-daemon", "--stderr", str(home / ".mpdconf")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield home / "socket"
        finally:
            process.terminate()


def asked(address: Path, *commands: str) -> list[str]:
    """What MPD answers to the commands, sent in one connection, without its greeting and the last OK."""
    for _ in range(600):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            try:
                connection.connect(str(address))
            except OSError:  # it has not begun to listen
                time.sleep(0.05)
                continue
            sent = ["command_list_begin", *commands, "command_list_end"]
            connection.sendall("".join(f"{command}\n" for command in sent).encode())
            with connection.makefile("rb") as answer:
                greeting = next(answer)
                assert greeting.startswith(b"OK MPD")
                lines = []
                for line in answer:
                    if line.startswith((b"OK", b"ACK")):
                        assert line == b"OK\n", line
                        return lines
                    lines.append(os.fsdecode(line.rstrip(b"\n")))
    raise AssertionError("MPD does not answer")


def write_silence(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16_000))


@pytest.mark.skipif(not shutil.which("mpd"), reason="MPD is not installed")
def test_mpd_loads_every_track_of_the_list_and_those_left_out_it_would_not_find(
    home: Path, mpd: Path
) -> None:
    tracks = [track(f"{home}/music/{name}") for name in (*FOUND, *NOT_FOUND)]
    made = playlist_of(tracks, Plan(format="mpd", title="Calm"))
    assert {skipped.path.removeprefix(f"{home}/music/").lstrip("./") for skipped in made.skipped} == {
        name.lstrip("./") for name in NOT_FOUND
    }
    (home / "playlists/Calm.m3u").write_bytes(made.content)
    (home / "playlists/raw.m3u").write_text("".join(f"{name}\n" for name in NOT_FOUND[:3]), encoding="utf-8")
    asked(mpd, "update")
    deadline = time.monotonic() + 60
    while any(line.startswith("updating_db") for line in asked(mpd, "status")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    loaded = asked(mpd, "load Calm", "playlistinfo")
    assert [line.removeprefix("file: ") for line in loaded if line.startswith("file: ")] == FOUND
    assert asked(mpd, "clear", "load raw", "playlistinfo") == []
