"""Files that stand for gigabytes or minutes: each is refused in one line, and those beside it are written."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tagger.tags.read import artist_of, text_fields
from tests.tag_runs.library import make_files, store_analyses
from tests.tags.test_id3 import frame
from tests.tags.test_id3 import tag as id3_tag

MAX_BYTES, MAX_S = 500 << 20, 20.0
GIB = 1 << 30

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="measures as Linux does")]


def zeros(n_bytes: int) -> bytes:
    """A zlib stream (RFC 1950) of that many zeros, whole MiB, a thousandth as long."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    mebibyte = deflate.compress(bytes(1 << 20)) + deflate.flush(zlib.Z_FULL_FLUSH)  # as if it were the first
    adler32 = n_bytes % 65_521 << 16 | 1
    return b"\x78\xda" + (n_bytes >> 20) * mebibyte + b"\3\0" + adler32.to_bytes(4, "big")


def compressed(frame_id: bytes, content: bytes) -> bytes:
    size = 4 + len(content)
    return frame_id + size.to_bytes(4, "big") + b"\0\x80" + (1 << 20).to_bytes(4, "big") + content


def front(sound: bytes, frames: bytes) -> bytes:
    return id3_tag(3, [frames], 0) + sound[sound.index(b"\xff\xfb") :]


def comments(n: int) -> bytes:
    content = bytes(4) + n.to_bytes(4, "little") + n * b"\3\0\0\0a=b"
    return b"\4" + len(content).to_bytes(3, "big") + content


def in_flac(sound: bytes, blocks: bytes) -> bytes:
    return sound[:42] + blocks + sound[42:]


def atom(name: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + name + content


def nested(depth: int) -> bytes:
    return b"".join((8 * (depth - i)).to_bytes(4, "big") + b"udta" for i in range(depth))


def ape(n: int) -> bytes:
    items = n * (b"\1\0\0\0\0\0\0\0abc\0x")
    numbers = b"".join(v.to_bytes(4, "little") for v in (2000, len(items) + 32, n, 0))
    return items + b"APETAGEX" + numbers + bytes(8)


def in_moov(sound: bytes, content: bytes) -> bytes:
    at = sound.index(b"moov") - 4
    size = int.from_bytes(sound[at : at + 4], "big")
    rest = sound[at + size :]
    return sound[:at] + (size + len(content)).to_bytes(4, "big") + sound[at + 4 : at + size] + content + rest


def chapters() -> bytes:
    inner = 900_000 * b"PRIV\0\0\0\1\0\0x"
    return frame(3, b"CHAP", b"a\0" + bytes(16) + inner)


def as_wav(sound: bytes, chunks: bytes) -> bytes:
    content = sound[8:] + chunks
    return b"RIFF" + len(content).to_bytes(4, "little") + content


BOMBS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "compressed picture": ("mp3", lambda sound: front(sound, compressed(b"APIC", zeros(GIB)))),
    "compressed text": ("mp3", lambda sound: front(sound, compressed(b"TCON", zeros(GIB)))),
    "many compressed": ("mp3", lambda sound: front(sound, 100 * compressed(b"TXXX", zeros(GIB >> 6)))),
    "frames": ("mp3", lambda sound: front(sound, 1_500_000 * b"PRIV\0\0\0\5\0\0hello")),
    "frames of no name": (
        "mp3",
        lambda sound: front(sound, frame(3, b"TIT2", b"\0x") + 1_500_000 * b"priv\0\0\0\5\0\0hello"),
    ),
    "names of an artist": ("mp3", lambda sound: front(sound, frame(3, b"TPE1", b"\0" + 3_000_000 * b"a\0"))),
    "genres": ("mp3", lambda sound: front(sound, frame(3, b"TCON", b"\0" + 3_000_000 * b"a\0"))),
    "lyrics": (
        "mp3",
        lambda sound: front(sound, frame(3, b"SYLT", b"\0eng\2\1\0" + 500_000 * b"a\0\0\0\0\0")),
    ),
    "chapters": ("mp3", lambda sound: front(sound, chapters())),
    "a long tag": ("mp3", lambda sound: front(sound, frame(3, b"PRIV", bytes(100 << 20)))),
    "comments": ("flac", lambda sound: in_flac(sound, comments(2_000_000))),
    "blocks": ("flac", lambda sound: in_flac(sound, 1_000_000 * b"\2\0\0\4abcd")),
    "deep atoms": ("aac", lambda sound: in_moov(sound, nested(100_000))),
    "atoms": ("aac", lambda sound: in_moov(sound, 2_000_000 * atom(b"abcd", b""))),
    "items": ("wv", lambda sound: sound + ape(1_500_000)),
    "chunks": ("wav", lambda sound: as_wav(sound, 2_000_000 * b"abcd\0\0\0\0")),
}


@pytest.mark.parametrize("name", list(BOMBS))
def test_a_bomb_is_left_in_one_line_and_the_file_beside_it_is_written(
    name: str, tmp_path: Path, db: Path
) -> None:
    kind, make = BOMBS[name]
    bomb, *others = make_files(tmp_path / "music", [kind, *{"mp3", "flac", "wav"} - {kind}])
    store_analyses(db, others)
    content = make(Path(bomb).read_bytes())
    store_analyses(db, [bomb])
    Path(bomb).write_bytes(content)
    _say_unchanged(db, bomb)
    code, err = limited("write-tags", "--yes", "--json", "--db", str(db))
    lines = [line for line in err.splitlines() if os.path.basename(bomb) in line]
    assert len(lines) == 1, err
    assert "unexpected" not in lines[0]
    assert (code, Path(bomb).read_bytes() == content) == (1, True)
    assert all(b"ENERGY" in Path(other).read_bytes().upper() for other in others)


MEASURED = """
import atexit, runpy, sys
def say():
    status = open("/proc/self/status").read()
    print("peak", status.partition("VmHWM:")[2].split()[0], file=sys.stderr)
atexit.register(say)
runpy.run_module("tagger", run_name="__main__", alter_sys=True)
"""


def limited(*arguments: str) -> tuple[int, str]:
    """Runs a command, and checks the memory and the time that it took."""
    before = os.times()
    done = subprocess.run([sys.executable, "-c", MEASURED, *arguments], capture_output=True, text=True)
    err, _, peak = done.stderr.rpartition("peak ")
    assert int(peak) << 10 < MAX_BYTES, f"{int(peak) >> 10} MiB"
    assert os.times().children_user - before.children_user < MAX_S
    return done.returncode, err


def _say_unchanged(db: Path, path: str) -> None:
    """The scan is said to have met the file as it is now."""
    import sqlite3

    status = os.stat(path)
    with sqlite3.connect(db) as connection:
        connection.execute(
            "UPDATE tracks SET size = ?, mtime_ns = ? WHERE path = ?",
            (status.st_size, status.st_mtime_ns, path),
        )


def test_what_music_has_is_no_bomb(tmp_path: Path, db: Path) -> None:
    """Compressed frames, lyrics of 40,000 letters in UTF-16, a large cover, 500 frames."""
    (path,) = make_files(tmp_path, ["mp3"])
    lyrics = b"\1" + "\ufefflyrics\0\ufeff".encode("utf-16-le") + 40_000 * b"a\0"
    names = frame(3, b"TXXX", lyrics) + compressed(b"TIT2", zlib.compress(b"\0Title"))
    cover = frame(3, b"APIC", b"\0image/png\0\3\0" + bytes(8 << 20))
    sound = front(Path(path).read_bytes(), names + cover + 500 * frame(3, b"PRIV", b"a\0b"))
    Path(path).write_bytes(sound)
    store_analyses(db, [path])
    assert limited("write-tags", "--yes", "--db", str(db))[0] == 0
    assert text_fields(path)["title"] == "Title"
    assert limited("undo", "--yes", "--db", str(db))[0] == 0
    assert Path(path).read_bytes() == sound


@pytest.mark.parametrize("reader", [text_fields, artist_of])
@pytest.mark.parametrize("name", [name for name, (kind, _) in BOMBS.items() if kind == "mp3"])
def test_a_bomb_costs_the_names_and_no_time(
    name: str, reader: Callable[[str], object], tmp_path: Path
) -> None:
    (path,) = make_files(tmp_path, ["mp3"])
    Path(path).write_bytes(BOMBS[name][1](Path(path).read_bytes()))
    began_s = time.process_time()
    assert not reader(path) or name == "compressed picture" or name == "frames of no name"
    assert time.process_time() - began_s < MAX_S


@pytest.mark.parametrize("error", [MemoryError(), RecursionError("deep"), TypeError("odd"), AttributeError()])
def test_whatever_mutagen_raises_costs_the_names_alone(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    module = sys.modules["tagger.tags.read"]
    for name in ("ID3", "APEv2"):
        monkeypatch.setattr(module, name, fail)
    monkeypatch.setattr("mutagen.File", fail)
    (path,) = make_files(tmp_path, ["mp3"])
    assert (text_fields(path), artist_of(path)) == ({}, None)
