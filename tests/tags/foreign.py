"""Foreign tags: generated ones put into files by mutagen, and mutagen's or PyAV's view of a file."""

from __future__ import annotations

import hashlib
from typing import Any

import av
import mutagen
from hypothesis import strategies as st
from mutagen.apev2 import APEv2
from mutagen.asf import ASF, ASFByteArrayAttribute, ASFUnicodeAttribute
from mutagen.dsf import DSF
from mutagen.id3 import APIC, COMM, ID3, PRIV, TIT2, TXXX, USLT
from mutagen.monkeysaudio import MonkeysAudio
from mutagen.mp4 import MP4, MP4FreeForm
from mutagen.musepack import Musepack
from mutagen.oggspeex import OggSpeex
from mutagen.trueaudio import TrueAudio

OUR_NAMES = {
    "tcon", "tbpm", "txxx:energylevel", "txxx:tagger_energy", "genre", "bpm", "energylevel", "tagger_energy",
    "\xa9gen", "tmpo", "----:com.apple.itunes:energylevel", "----:com.apple.itunes:tagger_energy",
    "wm/genre", "wm/energylevel", "wm/beatsperminute", "tmoo", "txxx:mood", "mood", "wm/mood", "grp1",
    "grouping", "\xa9grp", "----:com.apple.itunes:mood", "wm/contentgroupdescription",
    "tkey", "initialkey", "----:com.apple.itunes:initialkey", "wm/initialkey",
}  # fmt: skip
_BY_EXTENSION: dict[str, Any] = {
    "tta": TrueAudio, "ape": MonkeysAudio, "mpc": Musepack, "dsf": DSF, "spx": OggSpeex,
}  # fmt: skip

# No lone surrogates and no NUL: mutagen could not write them; everything else, emoji first of all.
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20) | st.just(
    "🎧é"
)
_names = st.sampled_from(["TITLE", "Artist", "comment", "REPLAYGAIN_TRACK_GAIN", "MUSICBRAINZ_TRACKID", "ÄÖ"])
pairs = st.lists(st.tuples(_names, texts), max_size=8)


def open_with_mutagen(path: str) -> Any:
    """mutagen's object for a sample, by extension where its own guess would not do."""
    reader = _BY_EXTENSION.get(path.rsplit(".", 1)[-1])
    return reader(path) if reader else mutagen.File(path)


def add_foreign(path: str, values: list[tuple[str, str]], cover: bytes = b"") -> None:
    """Write values under foreign names into a file, several of one name where the format can."""
    file = open_with_mutagen(path)
    if file.tags is None:
        file.add_tags()
    tags = file.tags
    for number, (name, value) in enumerate(values):
        if isinstance(tags, ID3):
            _add_id3(tags, number, name, value)
        elif isinstance(file, MP4):
            tags.setdefault(f"----:org.example:{name}", []).append(MP4FreeForm(value.encode()))
        elif isinstance(tags, APEv2):
            tags[name.replace("Ä", "A").replace("Ö", "O")] = value
        elif isinstance(file, ASF):
            tags.append((name, ASFUnicodeAttribute(value)))
        else:
            tags.append((name.replace("Ä", "A").replace("Ö", "O"), value))
    if cover:
        _add_cover(file, cover)
    file.save()


def view(path: str) -> list[tuple[str, Any]]:
    """All tags of a file that are not ours, in mutagen's order."""
    tags = open_with_mutagen(path).tags
    found = [] if tags is None else list(tags if isinstance(tags, list) else tags.items())
    return [(key, _plain(value)) for key, value in found if key.casefold() not in OUR_NAMES]


def audio_digest(path: str) -> str:
    """A hash of all compressed packets and of the sound that they decode to."""
    digest = hashlib.sha256()
    with av.open(path, metadata_errors="replace") as container:
        stream = container.streams.audio[0]
        for packet in container.demux(stream):
            digest.update(bytes(packet))
            for frame in packet.decode():
                digest.update(frame.to_ndarray().tobytes())
    return digest.hexdigest()


def _add_id3(tags: Any, number: int, name: str, value: str) -> None:
    frames = (
        lambda: TXXX(encoding=1, desc=name, text=[value, value]),
        lambda: COMM(encoding=3, lang="eng", desc=f"{name}{number}", text=[value]),
        lambda: USLT(encoding=1, lang="deu", desc=name, text=value),
        lambda: PRIV(owner=name.encode("ascii", "replace").decode(), data=value.encode()),
        lambda: TIT2(encoding=3, text=[value]),
    )
    tags.add(frames[number % len(frames)]())


def _add_cover(file: Any, cover: bytes) -> None:
    if isinstance(file.tags, ID3):
        file.tags.add(APIC(encoding=0, mime="image/jpeg", type=3, desc="", data=cover))
    elif isinstance(file, MP4):
        file.tags["covr"] = [cover]
    elif isinstance(file.tags, APEv2):
        file.tags["Cover Art (Front)"] = mutagen.apev2.APEValue(b"cover.jpg\0" + cover, mutagen.apev2.BINARY)
    elif isinstance(file, ASF):
        file.tags.append(("WM/Picture", ASFByteArrayAttribute(cover)))
    else:
        file.tags.append(("METADATA_BLOCK_PICTURE", cover.hex()))


def _plain(value: Any) -> Any:
    return repr(vars(value)) if hasattr(value, "__dict__") and not isinstance(value, str | bytes) else value
