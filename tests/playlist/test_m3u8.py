from __future__ import annotations

import os
import posixpath
from urllib.parse import unquote_to_bytes

from hypothesis import given
from hypothesis import strategies as st

from tagger.playlist import render

from .tracks import texts, track, tracks


def read(content: bytes):
    """(seconds, label, path bytes) of each entry as mpv reads them: strips lines, decodes URIs."""
    lines = content.split(b"\n")
    assert lines[0] == b"#EXTM3U" and lines[-1] == b""
    found, info = [], None
    for line in (raw.strip() for raw in lines[1:-1]):
        if line.startswith(b"#EXTINF:"):
            seconds, _, label = line.removeprefix(b"#EXTINF:").partition(b",")
            info = int(seconds), label.decode()
        elif line and not line.startswith(b"#"):
            path = unquote_to_bytes(line.removeprefix(b"file://")) if line.startswith(b"file://") else line
            found.append((*info, path))
            info = None
    assert info is None
    return found


def test_a_track_has_seconds_artist_title_and_path():
    entry = track("/music/a.mp3", duration_s=215.6, title="Song 2", artist="Blur")
    assert render([entry], "m3u8").content == b"#EXTM3U\n#EXTINF:216,Blur - Song 2\n/music/a.mp3\n"


def test_the_file_name_stands_in_for_a_missing_title():
    assert read(render([track("/music/My Song.mp3")], "m3u8").content)[0][1] == "My Song"
    assert read(render([track(r"Z:\music\My Song.mp3")], "m3u8").content)[0][1] == "My Song"
    assert read(render([track("/a.mp3", title="\n", artist=" \t")], "m3u8").content)[0][1] == "a"


def test_an_unknown_duration_is_minus_one():
    assert read(render([track(duration_s=0.0)], "m3u8").content)[0][0] == -1


def test_it_is_utf_8_and_carries_the_name_of_the_list():
    content = render([track("/音楽/a.mp3", title="春")], "m3u8", "Zum\nLaufen").content
    assert content.decode() == "#EXTM3U\n#PLAYLIST:Zum Laufen\n#EXTINF:200,春\n/音楽/a.mp3\n"


def test_control_characters_of_a_title_become_spaces():
    content = render(
        [track("/a.mp3", title="one\r\n/etc/passwd\x85two\u2028", artist="A\x00B")], "m3u8"
    ).content
    assert read(content) == [(200, "A B - one  /etc/passwd two", b"/a.mp3")]


def test_a_relative_name_beginning_with_a_hash_is_not_a_comment():
    assert render([track("#1.mp3")], "m3u8").content.endswith(b"\n./#1.mp3\n")


def test_names_that_line_readers_spoil_are_written_as_uris_when_absolute():
    content = render([track("/a \n/caf\udce9 .mp3"), track("/x.mp3 ")], "m3u8").content
    assert b"\nfile:///a%20%0A/caf%E9%20.mp3\n" in content
    assert b"\nfile:///x.mp3%20\n" in content
    content.decode()  # the file stays UTF-8, so nobody has to guess


def test_a_relative_name_of_undecodable_bytes_is_written_as_it_is():
    assert render([track("caf\udce9.mp3")], "m3u8").content.endswith(b"\ncaf\xe9.mp3\n")


def test_a_line_break_in_a_relative_name_is_left_out_and_reported():
    rendered = render([track("a\nb.mp3"), track("c.mp3")], "m3u8")
    assert [path for _, _, path in read(rendered.content)] == [b"c.mp3"]
    assert rendered.skipped[0].path == "a\nb.mp3"
    assert "line break" in rendered.skipped[0].reason


@given(st.lists(tracks, max_size=4), texts)
def test_any_names_come_back_and_none_becomes_another_entry(made, title):
    rendered = render(made, "m3u8", title)
    kept = [entry for entry in made if entry.path not in {skip.path for skip in rendered.skipped}]
    assert all("\n" in skip.path or "\r" in skip.path for skip in rendered.skipped)
    found = [posixpath.normpath(path) for _, _, path in read(rendered.content)]
    # Spaces that end a relative name are beyond what a line can say.
    assert found == [posixpath.normpath(_as_line(entry.path)) for entry in kept]


def _as_line(path: str) -> bytes:
    raw = os.fsencode(path)
    return raw if path.startswith("/") else raw.rstrip()
