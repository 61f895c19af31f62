"""XSPF version 1 (https://www.xspf.org/spec): XML, with every byte of a name safe in a URI.

The schema lets children stand in any order, but readers exist that do not, so writers are asked to
keep the order of the specification (https://wiki.xiph.org/XSPF_v1_Notes_and_Errata).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from tagger.playlist.entry import Entry
from tagger.playlist.formats.rendered import Rendered
from tagger.playlist.formats.text import one_line, title_of
from tagger.playlist.formats.uri import uri_of

NAMESPACE = "http://xspf.org/ns/0/"
EXTENSION = "urn:x-tagger:xspf:1"
"""Names our `<extension>` and the namespace of what it holds: energy (0–1), genre, confidence, bpm."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2 Char


def render_xspf(entries: Sequence[Entry], title: str | None = None) -> Rendered:
    """The playlist as XSPF; it can hold every track."""
    return Rendered("".join(f"{line}\n" for line in _lines(entries, title)).encode())


def _lines(entries: Sequence[Entry], title: str | None) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<playlist version="1" xmlns="{NAMESPACE}">'
    if name := one_line(title):
        yield "  " + _element("title", name)
    yield "  <trackList>"
    for entry in entries:
        yield "    <track>"
        yield from (f"      {element}" for element in _track(entry))
        yield "    </track>"
    yield "  </trackList>"
    yield "</playlist>"


def _track(entry: Entry) -> Iterator[str]:
    """The children of a track in the order of the specification: location … title creator … album …."""
    yield _element("location", uri_of(entry.path))
    if title := title_of(entry):
        yield _element("title", title)
    if artist := one_line(entry.artist):
        yield _element("creator", artist)
    if album := one_line(entry.album):
        yield _element("album", album)
    if 0 < entry.duration_s < math.inf:
        yield _element("duration", str(round(1000 * entry.duration_s)))
    yield f'<extension application="{EXTENSION}">{_heard(entry)}</extension>'


def _heard(entry: Entry) -> str:
    """What the model heard. Each element declares its namespace: the schema wants a foreign one here."""
    values: dict[str, str] = {}
    if entry.energy is not None:
        values["energy"] = f"{entry.energy:.4f}"
    if entry.genre is not None and entry.genre_confidence is not None:
        values |= {"genre": one_line(entry.genre), "confidence": f"{entry.genre_confidence:.4f}"}
    if entry.bpm is not None:
        values["bpm"] = f"{entry.bpm:.2f}"
    return "".join(_element(name, text, f' xmlns="{EXTENSION}"') for name, text in values.items())


def _element(name: str, text: str, attributes: str = "") -> str:
    return f"<{name}{attributes}>{escape(_NOT_XML.sub('', text))}</{name}>"
