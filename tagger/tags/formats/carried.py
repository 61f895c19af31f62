"""Spell tags that lie beside an ID3 tag as frames of it, where players read them only while it is empty.

Sources: TagLib's `riff/wav/infotag.cpp` and FFmpeg's `libavformat/riff.c` for the names in `LIST INFO`,
`libavformat/apetag.c` for those of APE tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tagger.errors import TagError
from tagger.tags.block import ByteSource, Item
from tagger.tags.fields import APEV2, REWORDED, field_meant
from tagger.tags.formats.ape import text_items
from tagger.tags.formats.id3_frames import new_frame, raw_frame
from tagger.tags.formats.riff import INFO_FIELDS, InfoList, info_texts

_FRAMES = {
    b"INAM": b"TIT2",
    b"IART": b"TPE1",
    b"IPRD": b"TALB",
    b"IPRT": b"TRCK",
    b"ITRK": b"TRCK",
    b"ICOP": b"TCOP",
    b"ILNG": b"TLAN",
    b"IMED": b"TMED",
    b"IMUS": b"TCOM",
    b"IWRI": b"TEXT",
    b"IEDT": b"TPE4",
    b"ITCH": b"TENC",
    b"ISFT": b"TSSE",
    b"ISRC": b"TSRC",
    b"ICMT": b"COMM",
}
_USER_TEXTS = {
    b"IENG": "ARRANGER",
    b"ISTR": "PERFORMER",
    b"ICNT": "RELEASECOUNTRY",
    b"IBSU": "ARTISTWEBPAGE",
    b"IDIT": "ENCODINGTIME",
}
"""Names that have no frame of their own, under those that TagLib's readers get of `LIST INFO`."""

_DAY = re.compile(r"(\d{4})(?:-(\d\d)-(\d\d))?$")
_APE_FRAMES = {
    "title": b"TIT2",
    "artist": b"TPE1",
    "album": b"TALB",
    "album artist": b"TPE2",
    "track": b"TRCK",
    "disc": b"TPOS",
    "composer": b"TCOM",
    "copyright": b"TCOP",
    "language": b"TLAN",
    "isrc": b"TSRC",
    "encoded_by": b"TENC",
    "encoder": b"TSSE",
    "comment": b"COMM",
}


def info_frames(infos: Iterable[InfoList], major: int) -> tuple[Item, ...]:
    """Spell the names of `LIST INFO` as frames of an ID3v2.3 or 2.4 tag, for readers of that tag alone.

    A list with no more than the name of a program, as every wav of FFmpeg has, says nothing of the music.
    """
    texts = info_texts(item for info in infos for item in info.items)
    if major == 2 or not texts.keys() - {b"ISFT"}:
        return ()
    frames: dict[bytes, Item] = {}
    for name, text in texts.items():
        for item in _frames_of(name, text, major):
            frames.setdefault(item.raw[:4] if name not in _USER_TEXTS else name, item)
    return tuple(frames.values())


def _frames_of(name: bytes, text: str, major: int) -> list[Item]:
    if name in INFO_FIELDS:
        return [new_frame(INFO_FIELDS[name], (text,), major, plain_sizes=False)]
    if name == b"ICRD":
        return _date_frames(text, major)
    if name in _USER_TEXTS:
        return [Item(raw_frame(b"TXXX", (_USER_TEXTS[name], text), major))]
    frame_id = _FRAMES.get(name)
    if frame_id is None:
        return []
    if frame_id == b"COMM":
        return [new_frame("comment", (text,), major, plain_sizes=False)]
    return [Item(raw_frame(frame_id, (text,), major))]


def _date_frames(text: str, major: int) -> list[Item]:
    """Spell a date: in v2.3 a year, and day and month as DDMM, each in its frame."""
    found = _DAY.match(text)
    if major == 4:
        return [Item(raw_frame(b"TDRC", (text,), major))]
    if found is None:
        return [Item(raw_frame(b"TXXX", ("DATE", text), major))]
    year, month, day = found.groups()
    frames = [Item(raw_frame(b"TYER", (year,), major))]
    return frames + ([Item(raw_frame(b"TDAT", (day + month,), major))] if month else [])


def replaygain_frames(source: ByteSource, major: int) -> tuple[Item, ...]:
    """Spell the loudness in an APE tag, as mp3gain writes it: TagLib reads one of the two tags of an mp3.

    The items of `mp3gain_` stay where they are: they are for that program alone, which looks there.
    """
    loudness = [pair for pair in _ape_texts(source, major) if pair[0].lower().startswith("replaygain_")]
    return tuple(Item(raw_frame(b"TXXX", pair, major)) for pair in loudness)


def ape_frames(source: ByteSource, major: int) -> tuple[Item, ...]:
    """Spell an APE tag, as FFmpeg writes it into tta, where TagLib and mutagen look for ID3 alone.

    One with no more than the name of a program says nothing of the music.
    """
    texts = _ape_texts(source, major)
    if all(key.lower() == "encoder" for key, _ in texts):
        return ()
    items: list[Item] = []
    for key, text in texts:
        items += _frames_of_ape(key, [value for value in text.split("\0") if value], major)
    return tuple(items)


def _ape_texts(source: ByteSource, major: int) -> list[tuple[str, str]]:
    try:
        return text_items(source) if major > 2 else []
    except TagError:
        return []


def _frames_of_ape(key: str, values: Sequence[str], major: int) -> list[Item]:
    field, frame_id = field_meant(APEV2, key, values), _APE_FRAMES.get(key.lower())
    if not values:
        return []
    if field and field not in REWORDED:
        return [new_frame(field, values, major, plain_sizes=False)]
    if key.lower() in ("year", "date"):
        return _date_frames(values[0], major)
    if frame_id is None:
        return [Item(raw_frame(b"TXXX", (key, *values), major))]
    if frame_id == b"COMM":
        return [new_frame("comment", ("\0".join(values),), major, plain_sizes=False)]
    return [Item(raw_frame(frame_id, values, major))]
