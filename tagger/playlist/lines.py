r"""What a line of a playlist can hold: a file's name as a path or a URI, and the names of a track.

M3U and PLS have no way to quote. A plain path is what most readers understand: VLC writes relative
names percent-encoded, and Jellyfin, for one, does not find them (jellyfin/jellyfin#4439). But mpv and
Navidrome strip spaces at the ends of a line, mpv guesses the encoding of a file that is not UTF-8
(mpv-player/mpv#10911), and a newline begins another entry. All of them decode a `file://` URI, so a
name of that kind is written as one, which needs an absolute path.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import PureWindowsPath
from urllib.parse import quote_from_bytes

from tagger.playlist.location import SURROGATES, Skipped, is_absolute, is_windows, pure, unmistakable
from tagger.types import Track

NEWLINE_REASON = "its name holds a line break, which this kind of playlist cannot hold (use xspf or json)"

_FRAGILE = re.compile("[\r\n\ud800-\udfff]|\\s\\Z")
_LINE_BREAK = re.compile("[\r\n]")
# C0 and C1 controls, and the separators that Unicode counts as line ends.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A playlist file: `content` is all of its bytes, `skipped` the tracks that are not in it."""

    content: bytes
    skipped: tuple[Skipped, ...] = ()


def line_of(path: str) -> bytes | None:
    """Give the path as one line of a playlist, without its end; None where no line can hold it.

    A relative name with undecodable bytes, or with a space at its end that some readers strip, is
    written as it is: they would not decode a relative reference.

    >>> line_of("/m/#1.mp3"), line_of("#1.mp3"), line_of("/m/ends with a space ")
    (b'/m/#1.mp3', b'./#1.mp3', b'file:///m/ends%20with%20a%20space%20')
    """
    if needs_uri(path) and is_absolute(path):
        return uri_of(path).encode("ascii")
    return raw_line_of(path)


def raw_line_of(path: str) -> bytes | None:
    """Give the very bytes of the path, with `./` before a doubtful relative one; None for a line break."""
    if _LINE_BREAK.search(path):
        return None
    return os.fsencode(unmistakable(path))


def needs_uri(path: str) -> bool:
    """Tell whether readers misunderstand the path on a line unless it is a URI, which must be absolute."""
    return _FRAGILE.search(path) is not None


def uri_of(path: str) -> str:
    """Give an absolute path as a `file:` URI, a relative one as a relative reference.

    URIs (RFC 3986, RFC 8089) are the one spelling that keeps every byte of a name.

    >>> uri_of("/m/50% & more.mp3"), uri_of("Jazz/#1.mp3"), uri_of("Z:/a b.mp3")
    ('file:///m/50%25%20%26%20more.mp3', 'Jazz/%231.mp3', 'file:///Z:/a%20b.mp3')
    """
    if is_windows(path):
        return PureWindowsPath(path).as_uri()
    quoted = quote_from_bytes(os.fsencode(path), safe="/")
    return f"file://{quoted}" if is_absolute(path) else quoted


def one_line(text: str | None) -> str:
    r"""Give the text with each control character as a space, its ends stripped; "" for None.

    Undecodable bytes become U+FFFD.

    >>> one_line("one\ntwo "), one_line(None)
    ('one two', '')
    """
    return readable(_CONTROLS.sub(" ", text or "")).strip()


def readable(text: str) -> str:
    r"""Give the text with U+FFFD for each byte that could not be decoded, so that any program can encode it.

    >>> readable("caf\udce9")
    'caf�'
    """
    return SURROGATES.sub("\ufffd", text)


def title_of(track: Track) -> str:
    """Give the track's title; where it has none, the name of its file without the suffix.

    >>> title_of(Track("/m/My Song.mp3"))
    'My Song'
    """
    return one_line(track.title) or one_line(pure(track.path).stem)


def artist_and_title(track: Track) -> str:
    """Give `artist - title` as players show it; the title alone where the artist is unknown.

    >>> artist_and_title(Track("/m/a.mp3", artist="Blur", title="Song 2"))
    'Blur - Song 2'
    """
    artist, title = one_line(track.artist), title_of(track)
    return f"{artist} - {title}" if artist else title
