"""Facts of a library that nobody has, and what is read of a page that tells them."""

import gzip
import json
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

from tagger.genre_names import MODELS_OWN
from tagger.report import Facts, page
from tagger.store import Overview, Statistics
from tagger.types import Track

GENRES = ("Classical", "Jazz", "Rock")
WORDS = ("Piano", "Vocals")


def row(path: str, genre: str | None = "Jazz", **more: Any) -> Overview:
    """A track that is sure of its genre, with what else it is to have."""
    of_row = {name: more.pop(name) for name in (*Overview.__slots__,) if name in more}
    track = Track(path, audio_id=path, genre=genre, genre_confidence=0.8 if genre else None, **more)
    date = "2026-02-03T04:05:06.000+00:00"
    return replace(Overview(track, genre, track.genre_confidence, None, 1.6e9, date, b""), **of_row)


def facts_of(rows: Sequence[Overview], **more: Any) -> Facts:
    """The facts of these tracks, of which nothing else is known but what is said."""
    genres = Counter(each.track.genre for each in rows if each.track.genre)
    counts = Statistics(
        tracks=len(rows),
        silent=0,
        no_music={},
        missing=0,
        duration_s=0.0,
        genres=dict(genres.most_common()),
        unsure={},
        energy_levels=(0,) * 10,
        genre_levels={},
        tempos={},
        moods={},
        words={},
        keys={},
        own_tags=dict.fromkeys(("agrees", "differs", "unsure"), 0) | {"none": len(rows)},
        failures={},
        runs=(),
    )
    values: dict[str, Any] = {
        "model": "standard-9",
        "made_at": datetime(2026, 2, 3, 4, 5, tzinfo=UTC),
        "root": "/m",
        "aspects": frozenset({"genre", "energy", "tempo", "words", "mood"}),
        "genres": GENRES,
        "words": WORDS,
        "names": MODELS_OWN,
        "counts": counts,
        "rows": list(rows),
        "places": None,
        "audit": None,
        "doubtful": [],
        "n_doubtful": 0,
        "apart": [],
        "further": {},
        "own_words": {},
        "duplicates": [],
        "failures": [],
        "runs": [],
        "heard_last": [],
        "dates_s": [],
    }
    return Facts(**values | more)


def page_of(rows: Sequence[Overview], output: str | None = None, **more: Any) -> str:
    """The page that tells these facts."""
    return page(facts_of(rows, **more), output).decode("utf-8")


def columns_in(text: str) -> dict[str, Any]:
    """What the script of a page knows of the tracks."""
    (packed,) = re.findall(r'id="data">([^<]*)</script>', text)
    found: dict[str, Any] = json.loads(gzip.decompress(b64decode(packed)))
    return found


class Read(HTMLParser):
    """The tags and attributes of a page, the texts of its sections, and where its links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.sections: dict[str, str] = {}
        self.title = ""
        self._section = self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self._inside = tag
        if tag == "section":
            self._section = dict(attrs)["id"] or ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""
        if tag == "section":
            self._section = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.title += data
        elif self._inside not in ("script", "style") and data.strip():
            self.sections[self._section] = f"{self.sections.get(self._section, '')} {data.strip()}".strip()

    @property
    def links(self) -> list[str]:
        """Where the links lead, those within the page left out."""
        found = [value or "" for tag, name, value in self.attributes if (tag, name) == ("a", "href")]
        return [address for address in found if not address.startswith("#")]
