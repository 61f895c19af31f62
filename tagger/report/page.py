"""A report as one page of HTML that holds all it needs: no request leaves it, and it opens from anywhere.

Its `Content-Security-Policy` says so to the browser: no script but ours, nothing from a network, sound from
files alone.
"""

from __future__ import annotations

import hashlib
import json
import os
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tagger.errors import TaggerError
from tagger.files import folded
from tagger.playlist import one_line, readable, title_of
from tagger.report import charts
from tagger.report.columns import columns, packed
from tagger.report.gather import MOST_LISTED, Facts
from tagger.report.links import Links, at_home, links_of
from tagger.store import SameSound, said
from tagger.types import Track, counted
from tagger.wording import genre_said

GENERATOR = '<meta name="generator" content="tagger report">'
"""By which a page says who has made it; a file that says so may be replaced by another report."""

_SUFFIXES = (".html", ".htm")
_LOOKED_AT = 1024

_SCRIPTS = ("words.js", "scatter.js", "explorer.js", "theme.js")


def page(facts: Facts, output: str | None = None, options: Sequence[str] = ()) -> bytes:
    """Make the page. `output` is the file that it will be, from which it leads to the music; None: nowhere.

    `options` stand in each command that the page offers, so that it asks the same database and model.
    """
    links = _links(facts, output)
    colours = charts.colours_of(facts.genres, facts.counts.genres)
    style, script = _style(), _script()
    text = (
        _environment(links, facts)
        .get_template("report.html.j2")
        .render(
            facts=facts,
            generator=Markup(GENERATOR),
            title=f"Music in {readable(at_home(facts.root))}" if facts.root.strip("/") else "Music library",
            made_at=f"{facts.made_at:%Y-%m-%d %H:%M}",
            policy=_policy(style, script),
            style=Markup(style),
            script=Markup(script),
            data=Markup(packed(columns(facts, links, colours, options))),
            most=MOST_LISTED,
            tiles=[*_tiles(facts)],
            **(shown := _charts(facts, colours)),
            sections=[*_sections(facts, shown)],
        )
    )
    return text.encode("utf-8", "replace")


def check_output(path: str) -> None:
    """Raise TaggerError where no report may be written: not by that name, or over another file."""
    if os.path.splitext(path)[1].lower() not in _SUFFIXES:
        raise TaggerError(f"{path}: a report is a page; give a name in .html")
    if not os.path.isdir(os.path.dirname(os.path.abspath(path))):
        raise TaggerError(f"{path}: its folder does not exist; make it first")
    try:
        with open(path, "rb") as file:
            is_ours = GENERATOR.encode() in file.read(_LOOKED_AT)
    except OSError:
        return  # nothing is there, or writing will tell
    if not is_ours:
        raise TaggerError(f"{path}: no report of tagger, and not written over; give another name")


def _links(facts: Facts, output: str | None) -> Links:
    paths = [row.track.path for row in facts.rows]
    copies = [path for sound in facts.duplicates for path, _ in sound.files]
    return links_of([*paths, *copies], facts.root, output)


def _style() -> str:
    colours = "".join(f".c{number}{{--c:{colour}}}" for number, colour in enumerate(charts.COLOURS))
    return f"{_file('report.css')}{colours}.c{charts.OTHER}{{--c:{charts.OTHER_COLOUR}}}"


def _script() -> str:
    """Our scripts as one, that leaves no names behind."""
    colours = [*charts.COLOURS, charts.OTHER_COLOUR]
    parts = "\n".join(map(_file, _SCRIPTS))
    return f'(() => {{\n"use strict";\nconst COLOURS = {json.dumps(colours)};\n{parts}}})();'


def _file(name: str) -> str:
    return (files("tagger.report") / "templates" / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """What a browser shall allow: https://www.w3.org/TR/CSP3/."""
    hashes = [b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    return (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "img-src data:; media-src 'self' file:; base-uri 'none'; form-action 'none'"
    )


def _environment(links: Links, facts: Facts) -> Environment:
    environment = Environment(
        loader=PackageLoader("tagger.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "address": links.address,
        "path_name": links.name,
        "name": _name,
        "number": lambda count: f"{count:,}",
        "percent": lambda share: f"{share:.0%}",
        "doubt": lambda share: f"{min(share, 0.99):.0%}",
        "size": _size,
        "minute": _minute,
        "did": said,
        "said": lambda track: genre_said(
            track.genre, track.genre_confidence, track.second_genre, facts.names.sure_from
        ),
    }
    return environment


def _tiles(facts: Facts) -> Iterator[tuple[str, str]]:
    """The first numbers that people want to know, each with what it counts."""
    counts, tracks = facts.counts, [row.track for row in facts.rows]
    yield from _tile(counts.tracks, "tracks")
    yield f"{counts.duration_s / 3600:,.1f}", "hours"
    yield from _tile(len({folded(track.artist) for track in tracks if track.artist}), "artists")
    yield from _tile(len({row.album_id for row in facts.rows if row.album_id is not None}), "albums")
    if counts.genres:
        n_with = sum(counts.genres.values())
        yield f"{(n_with - sum(counts.unsure.values())) / n_with:.0%}", "sure of their genre"
    few = {
        "speech or noise": sum(counts.no_music.values()),
        "silent": counts.silent,
        "missing": counts.missing,
        "failed": len(facts.failures),
    }
    for what, count in few.items():
        if count:
            yield f"{count:,}", what


def _tile(count: int, what: str) -> Iterator[tuple[str, str]]:
    if count:
        number, _, noun = counted(count, what).partition(" ")
        yield number, noun


def _charts(facts: Facts, colours: Sequence[int]) -> dict[str, Any]:
    """The values of the template's charts, by their names there."""
    counts, tracks = facts.counts, [row.track for row in facts.rows]
    own_tags = dict(counts.own_tags)
    has_own = "genre" in facts.aspects and own_tags["none"] < counts.tracks
    reasons = Counter(f"{failure.reason} ({failure.stage})" for failure in facts.failures)
    return {
        "genres": charts.bars(counts.genres, counts.unsure, dict(zip(facts.genres, colours, strict=True))),
        "sure_from": f"{100 * facts.names.sure_from:g}",
        "energies": charts.energies(counts),
        "tempos": charts.tempos(counts),
        "years": charts.years(tracks),
        "growth": charts.growth(facts.dates_s),
        "moods": charts.bars(counts.moods),
        "words": charts.words(counts),
        "by_level": charts.genres_by_level(counts),
        "own_tags": charts.bars(own_tags) if has_own else (),
        "own_by_answer": charts.own_by_answer(facts.own_words),
        "duplicates": sorted(facts.duplicates, key=_wasted, reverse=True)[:MOST_LISTED],
        "wasted": sum(map(_wasted, facts.duplicates)),
        "reasons": charts.bars(dict(reasons.most_common(8))) if len(reasons) > 1 else (),
    }


def _sections(facts: Facts, shown: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The parts of the page that the line above them leads to."""
    yield "map", "Map"
    is_there = {
        ("genres-chart", "Genres"): shown["genres"],
        ("genre-energy", "Genre × energy"): shown["by_level"].rows,
        ("own-tags", "Own tags"): shown["own_tags"],
        ("contradictions", "Contradictions"): facts.audit and facts.audit.findings,
        ("doubtful", "Doubtful"): facts.doubtful,
        ("apart", "Albums apart"): facts.apart,
        ("duplicates", "Duplicates"): facts.duplicates,
        ("failures", "Failures"): facts.failures,
        ("last-night", "Last runs"): facts.runs,
    }
    yield from (section for section, content in is_there.items() if content)


def _name(track: Track) -> str:
    """A track as the script of the page names it, too."""
    return " – ".join(filter(None, (one_line(track.artist), title_of(track))))


def _wasted(sound: SameSound) -> int:
    """The bytes of all files of a sound but the largest."""
    sizes = [size for _, size in sound.files]
    return sum(sizes) - max(sizes)


def _size(n_bytes: int) -> str:
    """A size as file managers show it.

    >>> _size(4_200), _size(8_500_000), _size(2_100_000_000)
    ('4 kB', '8.5 MB', '2.1 GB')
    """
    if n_bytes < 1e6:
        return f"{n_bytes / 1e3:.0f} kB"
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes < 1e9 else f"{n_bytes / 1e9:,.1f} GB"


def _minute(time: str) -> str:
    """A time of the database as the clock on the wall showed it; as it is where it is none."""
    try:
        return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return time
