"""Which contradictions between own genre and sound are told, and in which order."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from tagger.audit import Audit, audit, audited, finding_json
from tagger.genre_names import GenreNames
from tagger.store import Store
from tagger.types import Analysis, OwnTags, Track
from tests.store.store_answers import MODEL, analysed, parts

GENRES = ["Blues", "Classical", "Electronic", "Hip-Hop", "Jazz", "Metal", "Rock"]


def track(path: str, *words: str, **given: Any) -> Track:
    return Track(path, tag_genres=words, **given)


def audit_of(*said: tuple[Track, dict[str, float]]) -> Audit:
    """The audit of tracks; what is not given of the probability is shared by the other genres."""
    return audited(((track, filled(scores)) for track, scores in said), GENRES)


def filled(scores: dict[str, float]) -> dict[str, float]:
    rest = (1 - sum(scores.values())) / (len(GENRES) - len(scores))
    return dict.fromkeys(GENRES, rest) | scores


def lines(found: Audit) -> list[tuple[str, str, int]]:
    return [(finding.tag, finding.answer, len(finding.tracks)) for finding in found.findings]


def test_the_surest_contradiction_is_first():
    found = audit_of(
        (track("/m/a.mp3", "Baroque"), {"Metal": 0.8, "Classical": 0.1}),
        (track("/m/b.mp3", "Rap"), {"Classical": 0.98, "Hip-Hop": 0.001}),
        (track("/m/c.mp3", "Jazz"), {"Jazz": 0.9}),
    )
    assert lines(found) == [("Rap", "Classical", 1), ("Baroque", "Metal", 1)]
    assert [round(finding.doubt, 3) for finding in found.findings] == [0.999, 0.9]
    assert [finding.confidence for finding in found.findings] == [0.98, 0.8]


def test_synonyms_kin_and_what_is_not_known_are_no_contradiction():
    metal = {"Metal": 0.99}
    found = audit_of(
        (track("/m/a.mp3", "Thrash"), metal),
        (track("/m/b.mp3", "Hard Rock"), metal),
        (track("/m/c.mp3", "Rock"), metal),
        (track("/m/d.mp3", "Grandma"), metal),
        (track("/m/e.mp3"), metal),
        (track("/m/f.mp3", "Opera", "Symphonic Metal"), metal),
    )
    assert lines(found) == []
    assert (found.n_judged, found.n_unknown, found.n_untagged) == (4, 1, 1)


def test_the_owners_names_for_genres_are_understood_and_shown():
    names = GenreNames({"Hip-Hop": "Sprechgesang", "Metal": "Krach"})
    scores = filled({"Metal": 0.98})
    said = [(track("/m/a.mp3", "Sprechgesang"), scores), (track("/m/b.mp3", "Krach"), scores)]
    assert lines(audited(said, GENRES, names)) == [("Sprechgesang", "Krach", 1)]
    assert audited(said, GENRES).n_unknown == 2


def test_a_doubtful_sound_contradicts_nothing():
    found = audit_of(
        (track("/m/a.mp3", "Opera"), {"Metal": 0.5, "Classical": 0.3}),
        (track("/m/b.mp3", "Rock"), {"Rock": 0.05, "Metal": 0.4, "Blues": 0.35}),
    )
    assert lines(found) == []


def test_what_is_silent_or_missing_is_not_judged():
    scores = {"Metal": 0.99}
    found = audit_of(
        (track("/m/a.mp3", "Opera", silent=True), scores), (track("/m/b.mp3", "Opera", missing=True), scores)
    )
    assert (lines(found), found.n_judged) == ([], 0)


def test_a_mistagged_album_is_one_finding_whatever_one_of_its_tracks_sounds_like():
    album = {"album": "Reign in Blood", "artist": "Slayer"}
    found = audit_of(
        *((track(f"/m/slayer/{n}.mp3", "Classical", **album), {"Metal": 0.9}) for n in range(5)),
        (track("/m/slayer/intro.mp3", "Classical", **album), {"Classical": 0.6}),
        (track("/m/other/1.mp3", "Classical", album="Reign in Blood"), {"Classical": 0.9}),
    )
    assert lines(found) == [("Classical", "Metal", 6)]
    assert (found.findings[0].artist, found.findings[0].album) == ("Slayer", "Reign in Blood")


def test_an_album_with_one_odd_track_is_not_mistagged():
    found = audit_of(
        *((track(f"/m/{n}.mp3", "Classical", album="X"), {"Classical": 0.9}) for n in range(5)),
        (track("/m/odd.mp3", "Classical", album="X"), {"Metal": 0.9}),
    )
    assert lines(found) == []


def test_an_album_by_several_artists_has_no_artist():
    found = audit_of(
        (track("/m/1.mp3", "Opera", album="Hits", artist="A"), {"Metal": 0.99}),
        (track("/m/2.mp3", "Opera", album="Hits", artist="B"), {"Metal": 0.99}),
    )
    assert [(finding.artist, finding.album) for finding in found.findings] == [(None, "Hits")]


def test_other_albums_of_the_artist_tell_which_one_is_mistagged():
    scores = {"Metal": 0.7, "Classical": 0.25}
    odd = (track("/m/a/1.mp3", "Classical", artist="Slayer", album="A"), scores)
    assert lines(audit_of(odd)) == []
    other = (track("/m/b/1.mp3", "Thrash", artist="SLAYER", album="B"), {"Metal": 0.9})
    assert lines(audit_of(odd, other)) == [("Classical", "Metal", 1)]


def test_tracks_without_an_artist_say_nothing_of_each_other():
    scores = {"Metal": 0.7, "Classical": 0.25}
    assert lines(audit_of((track("/m/1.mp3", "Opera"), scores), (track("/m/2.mp3", "Metal"), scores))) == []


def test_each_track_of_a_finding_is_a_row():
    scores = {"Metal": 0.98765, "Classical": 0.001}
    tracks = [track(f"/m/{n}.mp3", "Opera", "Baroque", album="X", title=str(n)) for n in (1, 2)]
    found = audit_of(*((each, scores) for each in tracks))
    assert finding_json(found.findings[0])[1] == {
        "path": "/m/2.mp3",
        "tag": "Opera; Baroque",
        "answer": "Metal",
        "confidence": 0.9877,
        "doubt": 0.999,
        "artist": None,
        "album": "X",
        "title": "2",
    }


def test_an_album_is_judged_as_one_also_where_its_folder_has_others_in_it():
    metal = filled({"Metal": 0.98})
    said = [
        (track(path, "Opera", album=album), metal)
        for path, album in (
            ("/m/a/1.mp3", "A"),
            ("/m/a/2 bonus/1.mp3", "A"),
            ("/m/a/2 bonus/deep/1.mp3", "A"),
            ("/m/a/2.mp3", "B"),
            ("/m/a/3.mp3", "A"),
            ("/m/ab/1.mp3", "A"),
        )
    ]
    found = audited(said, GENRES)
    assert [[one.path for one in each.tracks] for each in found.findings] == [
        ["/m/a/1.mp3", "/m/a/3.mp3"],
        ["/m/a/2 bonus/1.mp3"],
        ["/m/a/2 bonus/deep/1.mp3"],
        ["/m/a/2.mp3"],
        ["/m/ab/1.mp3"],
    ]
    assert found.n_judged == 6


def test_an_album_of_names_of_which_some_are_not_utf_8_is_judged_as_one(tmp_path: Path) -> None:
    """The store keeps such names as bytes, which come behind all others."""
    paths = ["/m/album/1.mp3", os.fsdecode(b"/m/album/Caf\xe9.mp3"), "/m/z/1.mp3"]
    with Store.open(str(tmp_path / "db"), create=True) as store:
        store.record_batch([tagged_wrongly(path) for path in paths], [])
        found = audit(store, MODEL)
    assert [[one.path for one in each.tracks] for each in found.findings] == [paths[:2], paths[2:]]


def tagged_wrongly(path: str) -> Analysis:
    """A track that is surely Rock, of an album that its owner calls Classical."""
    file, recording, prediction = parts(
        analysed(path, "Rock", audio_id=path.encode("utf-8", "replace").hex())
    )
    own = replace(recording, album="A", own=OwnTags(("Classical",)))
    return Analysis(file, own, replace(prediction, genres={"Rock": 0.97, "Classical": 0.03}))


class Title(str):
    """A title that can be counted as long as its track is kept."""


def test_only_what_may_be_told_is_kept_of_a_large_library() -> None:
    """Of a thousand albums in which nothing is wrong, each is let go when its folder is left."""
    alive: weakref.WeakSet[Title] = weakref.WeakSet()
    most = 0

    def scored() -> Iterator[tuple[Track, dict[str, float]]]:
        nonlocal most
        for n in range(3000):
            title, album = Title(n), f"{n // 3:04}"
            alive.add(title)
            most = max(most, len(alive))
            yield track(f"/m/{album}/{n}.mp3", "Rock", album=album, title=title), filled({"Rock": 0.9})

    assert audited(scored(), GENRES).n_judged == 3000
    assert most < 20
