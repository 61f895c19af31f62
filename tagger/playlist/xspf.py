"""XSPF version 1 (https://www.xspf.org/spec): XML, with every byte of a name safe in a URI.

The schema lets children stand in any order, but readers exist that do not, so writers are asked to
keep the order of the specification (https://wiki.xiph.org/XSPF_v1_Notes_and_Errata).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from tagger.playlist.collection import NOT_XML
from tagger.playlist.fill import known_length_s
from tagger.playlist.lines import Rendered, one_line, title_of, uri_of
from tagger.types import Track

NAMESPACE = "http://xspf.org/ns/0/"
EXTENSION = "urn:x-tagger:xspf:1"
"""Names our `<extension>` and the namespace of what it holds: energy (0–1), genre, confidence, bpm."""


def render_xspf(tracks: Sequence[Track], title: str | None = None) -> Rendered:
    """Write the playlist as XSPF, which can hold every track."""
    return Rendered("".join(f"{line}\n" for line in _lines(tracks, title)).encode())


def _lines(tracks: Sequence[Track], title: str | None) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<playlist version="1" xmlns="{NAMESPACE}">'
    if name := one_line(title):
        yield "  " + _element("title", name)
    yield "  <trackList>"
    for track in tracks:
        yield "    <track>"
        yield from (f"      {element}" for element in _track(track))
        yield "    </track>"
    yield "  </trackList>"
    yield "</playlist>"


def _track(track: Track) -> Iterator[str]:
    """The children of a track in the order of the specification: location … title creator … album …."""
    yield _element("location", uri_of(track.path))
    if title := title_of(track):
        yield _element("title", title)
    if artist := one_line(track.artist):
        yield _element("creator", artist)
    if album := one_line(track.album):
        yield _element("album", album)
    if length_s := known_length_s(track):
        yield _element("duration", str(round(1000 * length_s)))
    yield f'<extension application="{EXTENSION}">{_answers(track)}</extension>'


def _answers(track: Track) -> str:
    """The model's answers. Each element declares its namespace: the schema wants a foreign one here."""
    values: dict[str, str] = {}
    if track.energy is not None:
        values["energy"] = f"{track.energy:.4f}"
    if track.genre is not None and track.genre_confidence is not None:
        values |= {"genre": one_line(track.genre), "confidence": f"{track.genre_confidence:.4f}"}
    if track.bpm is not None:
        values["bpm"] = f"{track.bpm:.2f}"
    return "".join(_element(name, text, f' xmlns="{EXTENSION}"') for name, text in values.items())


def _element(name: str, text: str, attributes: str = "") -> str:
    return f"<{name}{attributes}>{escape(NOT_XML.sub('', text))}</{name}>"
