"""Several playlists in one file, as DJ programs import them: tracks once, playlists in folders.

What is said of a track is what its file would say after `write-tags`: the owner's genre, tempo and key where
the file has them, else an answer that is sure. Energy stands in the comment, the one field
that each of these programs shows and sorts by, in the words of Mixed In Key, which other programs look for
("Energy 7").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from tagger.genre_names import GenreNames
from tagger.playlist.lines import one_line
from tagger.playlist.location import SURROGATES, Skipped, is_absolute, is_windows
from tagger.playlist.select import key_of
from tagger.types import MIN_CONFIDENCE, Track, energy_level
from tagger.wording import is_sure

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2 Char

PLAIN = GenreNames()
"""The genres of a model by its own names."""

_QUOTED = {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
"""An attribute's line ends would be read as spaces (XML 1.0, 3.3.3)."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A playlist of a collection: its tracks in playing order; in its title `/` parts folders and name."""

    title: str
    tracks: Sequence[Track]

    @property
    def folders(self) -> tuple[str, ...]:
        """The names of the folders that it lies in, the outermost first."""
        return self._parts[:-1]

    @property
    def name(self) -> str:
        """Its name in its folder.

        >>> Listed("Clubs / Warm up", []).folders, Listed("Clubs / Warm up", []).name, Listed("/", []).name
        (('Clubs',), 'Warm up', 'tagger')
        """
        return self._parts[-1]

    @property
    def _parts(self) -> tuple[str, ...]:
        parts = (one_line(part) for part in self.title.split("/"))
        return tuple(part for part in parts if part) or ("tagger",)


@dataclass(slots=True)
class Folder:
    """A folder of playlists: what lies in it, in the order in which it was first named."""

    name: str
    folders: dict[str, Folder] = field(default_factory=dict)
    playlists: list[Listed] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.folders) + len(self.playlists)


def in_folders(playlists: Iterable[Listed], root: str) -> Folder:
    """Sort playlists into the folders that their titles name, beneath a folder called `root`."""
    top = Folder(root)
    for playlist in playlists:
        folder = top
        for name in playlist.folders:
            folder = folder.folders.setdefault(name, Folder(name))
        folder.playlists.append(playlist)
    return top


def held(playlists: Sequence[Listed], reader: str) -> tuple[dict[str, Track], tuple[Skipped, ...]]:
    """Give by its path each track that a DJ program can find, once, and those that it cannot."""
    once = {track.path: track for playlist in playlists for track in playlist.tracks}
    reasons = {path: why_unfindable(path, reader) for path in once}
    skipped = tuple(Skipped(path, reason) for path, reason in reasons.items() if reason)
    return {path: track for path, track in once.items() if not reasons[path]}, skipped


def why_unfindable(path: str, reader: str) -> str | None:
    r"""Say why a DJ program cannot find a file, all of which name files in Unicode; None where it can.

    >>> why_unfindable("/m/caf\udce9.mp3", "rekordbox")
    'its name is not UTF-8, and rekordbox finds no such file'
    """
    if SURROGATES.search(path):
        return f"its name is not UTF-8, and {reader} finds no such file"
    if not is_absolute(path):
        return f"its path is not a full one, as {reader} wants it"
    if is_windows(path) and path[0] in "\\/":
        return f"{reader} names no network share; give it a drive letter, and --replace-prefix"
    return None


def genre_told(track: Track, names: GenreNames = PLAIN) -> str:
    """Give the genre that a DJ program is told, by the owner's name; the empty text where none is sure.

    >>> genre_told(Track("/a", genre="House", genre_confidence=0.9, tag_genres=("Deep House",)))
    'Deep House'
    """
    if "genre" in track.corrected:
        return one_line(track.genre)
    if track.tag_genres:
        return one_line(track.tag_genres[0])
    is_sure = (track.genre_confidence or 0.0) >= names.sure_from
    if not track.genre or not is_sure or not names.is_claimed(track.genre):
        return ""
    return one_line(names.shown(track.genre))


def bpm_told(track: Track) -> float | None:
    """Give the tempo that a DJ program is told: the file's own, else one that is sure."""
    if track.tag_bpm is not None and "bpm" not in track.corrected:
        return track.tag_bpm
    is_doubtful = track.bpm_confidence is not None and track.bpm_confidence < MIN_CONFIDENCE
    return None if is_doubtful else track.bpm


def key_told(track: Track) -> str | None:
    """Give the key that a DJ program is told, one of `tagger.musical_key.KEYS`: the owner's, else a sure one.

    >>> [key_told(Track("/a", key="Am", key_confidence=confidence)) for confidence in (0.8, 0.4)]
    ['Am', None]
    >>> key_told(Track("/a", key="Am", key_confidence=0.8, tag_key="C"))
    'C'
    """
    key, confidence = key_of(track)
    return key if is_sure(confidence, MIN_CONFIDENCE) else None


def comment_told(track: Track) -> str:
    """Give the comment that a DJ program is told: the energy level, 1–10.

    >>> comment_told(Track("/a", energy=0.65)), comment_told(Track("/a"))
    ('Energy 7', '')
    """
    return "" if track.energy is None else f"Energy {energy_level(track.energy)}"


def attributes(**values: object) -> str:
    """Give the attributes of an XML element, a space before each, without those that are None.

    >>> attributes(NAME='"a" & b', ENTRIES=0, GENRE=None)
    ' NAME="&quot;a&quot; &amp; b" ENTRIES="0"'
    """
    given = {name: NOT_XML.sub("", str(value)) for name, value in values.items() if value is not None}
    return "".join(f' {name}="{escape(text, _QUOTED)}"' for name, text in given.items())
