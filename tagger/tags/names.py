"""Who plays what, for the formats whose tags lie around the sound instead of in its container."""

from __future__ import annotations

from typing import Any

import mutagen
from mutagen.apev2 import APEv2
from mutagen.id3 import ID3, TALB, TDRC, TIT2, TPE1, TPE2, TYER

_FRAMES = {"TIT2": "title", "TPE1": "artist", "TPE2": "albumartist", "TALB": "album", "TDRC": "date"}
_ARTIST = ("artist", "tpe1", "author", "albumartist", "album artist", "tpe2", "wm/albumartist")
"""As mutagen calls it in Vorbis comments, MP4, APEv2 and mp3, in ID3 of other files, and in ASF."""

_PARSED = {kind.__name__: kind for kind in (TIT2, TPE1, TPE2, TALB, TDRC, TYER)}
"""All other frames, covers among them, are passed over unread; a `TYER` becomes a `TDRC`."""


def text_fields(path: str) -> dict[str, str]:
    """Title, artist, album and date of an ID3 or else an APEv2 tag; empty where there is neither.

    The values of a field are joined by NUL. Never raises: a tag that cannot be read says nothing.
    """
    try:
        id3: Any = ID3(path, known_frames=_PARSED)
        return {name: "\0".join(map(str, id3[key].text)) for key, name in _FRAMES.items() if key in id3}
    except (mutagen.MutagenError, OSError, ValueError):
        pass
    try:
        ape: Any = APEv2(path)
        return {key: str(value) for key, value in ape.items() if value.kind == 0}
    except (mutagen.MutagenError, OSError, ValueError):
        return {}


def artist_of(path: str) -> str | None:
    """The artist, else the album's, by whichever tag the format of the file has; None where none says it.

    The first of several names. Never raises: a tag that cannot be read says nothing.
    """
    try:
        file: Any = mutagen.File(path, easy=True)
        fields = {str(key).casefold(): value for key, value in (getattr(file, "tags", None) or {}).items()}
    except (mutagen.MutagenError, OSError, ValueError):
        return None
    values = (fields[name] for name in _ARTIST if name in fields)
    texts = (str(value[0] if isinstance(value, list) and value else value) for value in values)
    return next((name for text in texts if (name := text.split("\0")[0].strip())), None)
