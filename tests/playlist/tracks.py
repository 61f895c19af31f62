"""Tracks for the tests of playlists."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st

from tagger.playlist.location import is_windows
from tagger.types import Track


def track(path: str = "/music/Song.mp3", **values: Any) -> Track:
    defaults: dict[str, Any] = {
        "duration_s": 200.0,
        "genre": "Rock",
        "genre_confidence": 0.9,
        "energy": 0.5,
        "bpm": 120.0,
    }
    return Track(path, **(defaults | values))


def library(count: int, artists: int, seed: int = 1) -> list[Track]:
    """Tracks of even energies, tempos around 120 BPM (one in twenty unknown), a few artists with many."""
    chance = random.Random(seed)
    return [
        track(
            f"/music/{number:05d}.mp3",
            duration_s=chance.uniform(120, 400),
            energy=chance.random(),
            bpm=min(200.0, max(60.0, chance.gauss(120, 25))) if chance.random() > 0.05 else None,
            artist=f"Artist {int(artists * chance.random() ** 2)}",
        )
        for number in range(count)
    ]


# Any bytes that a POSIX file name can hold, as Python sees them (PEP 383).
file_names = st.binary(min_size=1, max_size=40).map(
    lambda raw: raw.replace(b"\0", b"").replace(b"/", b"").decode("utf-8", "surrogateescape") or "x"
)
nasty_names = st.sampled_from(
    [
        "#EXTM3U.mp3",
        "a\n#EXTINF:1,evil\n/etc/passwd",
        "a\rb.mp3",
        " lead.mp3",
        "trail.mp3 ",
        "[playlist].mp3",
        "File1=x.mp3",
        "a\\b.mp3",
        "C:\\evil.mp3",
        "http:x.mp3",
        "50%25.mp3",
        "caf\udce9.mp3",
        "-rf.mp3",
        "日本 & <b>.mp3",
    ]
)
names = file_names.filter(lambda name: name not in (".", "..")) | nasty_names
texts = st.none() | st.text(max_size=30) | nasty_names
absolute_paths = st.lists(names, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
# A bare `C:\\x` is a Windows path; a POSIX file of that name is written `./C:\\x`, as `located` does.
relative_paths = (
    st.lists(names, min_size=1, max_size=3)
    .map("/".join)
    .map(lambda path: f"./{path}" if is_windows(path) else path)
)
tracks = st.builds(
    Track,
    path=absolute_paths | relative_paths,
    duration_s=st.floats(0, 1e5),
    genre=st.sampled_from(["Rock", "Hip-Hop & R&B"]),
    genre_confidence=st.floats(0, 1),
    energy=st.floats(0, 1),
    bpm=st.none() | st.floats(40, 250),
    title=texts,
    artist=texts,
    album=texts,
    year=st.none() | st.integers(1900, 2030),
)
