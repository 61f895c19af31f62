"""Edits in a player: what somebody has changed of what we wrote is the owner's word, and nothing else is."""

import json
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.store import Correction, Reuse, Store
from tagger.store.noticed import _genre_edit, _whole_genres, _Written
from tagger.types import CorrectedField, Identified, OwnTags
from tests.store.store_answers import analysed, parts

WRITTEN_AT, EDITED_AT, LATER = (f"2026-05-0{day}T00:00:00.000+00:00" for day in (1, 2, 3))
AFTER_ALL = "2190-01-01T00:00:00.000+00:00"
"""Of a write after a look, which is now."""

SOUND = "0" * 32

Fields = dict[str, tuple[list[str], list[str]]]

OURS: Fields = {
    "genre": ([], ["Rock"]),
    "bpm": ([], ["128"]),
    "energy_level": ([], ["6"]),
    "energy": ([], ["0.5500"]),
}
"""What write-tags writes where nothing is: each field before and after."""


def wrote(store: Store, fields: Fields, at: str = WRITTEN_AT, sizes: tuple[int, int] = (900, 1000)) -> None:
    """Note a write into the only track, of a size before and after."""
    run = store.runs.begin("write-tags")
    said = [
        {"field": name, "before": before, "after": after, "items": []}
        for name, (before, after) in fields.items()
    ]
    connection = store.database.connection
    connection.execute("UPDATE runs SET started_at = ? WHERE id = ?", (at, run))
    connection.execute(
        """INSERT INTO tag_changes (run_id, track_id, path, audio_id, previous, state, keep_mtime, in_place,
            before_size, before_mtime_ns, after_size, after_mtime_ns)
            SELECT ?, id, path, audio_id, ?, 'written', 0, 0, ?, 1, ?, 2 FROM tracks""",
        (run, json.dumps({"fields": said}), *sizes),
    )


def look(
    store: Store, own: OwnTags, at: str = EDITED_AT, size: int = 1001, path: str = "/m/a.mp3"
) -> dict[str, tuple[str, tuple[str, ...] | None]]:
    """Give what is corrected when a scan has met the only file, changed at a time, with these tags."""
    mtime_ns = int(datetime.fromisoformat(at).timestamp() * 1e9)
    file, recording, _ = parts(analysed(path, size=size, mtime_ns=mtime_ns))
    track = store.database.value("SELECT id FROM tracks")
    known = Identified(file, replace(recording, own=own))
    store.files.reuse([Reuse(known, "unchanged" if path == "/m/a.mp3" else "moved", track)])
    return said(store)


def said(store: Store) -> dict[str, tuple[str, tuple[str, ...] | None]]:
    return {one.field: (one.correction.kind, one.correction.value) for one in store.corrections.all()}


@pytest.fixture
def library(store: Store) -> Store:
    """One track, which no tag of its own has."""
    store.record_batch(
        [replace(one := analysed("/m/a.mp3"), recording=replace(one.recording, own=OwnTags()))], []
    )
    return store


def still_ours(**changed: object) -> OwnTags:
    """What is read of a file that holds what we wrote, but for what has `changed`."""
    ours = OwnTags(("Rock",), None, 128.0, True)
    return replace(ours, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after", "now", "expected"),
    [
        ([], ["Rock"], ["Surf"], ("set", ("Surf",))),
        ([], ["Rock"], ["Rock", "Surf"], ("set", ("Rock", "Surf"))),
        ([], ["Rock"], ["Surf; Twang"], ("set", ("Surf", "Twang"))),
        ([], ["Rock"], [], ("skipped", None)),
        ([], ["Rock"], ["Other"], ("skipped", None)),
        ([], ["Rock"], ["rock"], None),
        ([], ["Drum & Bass"], ["Drum'n'Bass"], None),
        ([], ["Rock", "Pop"], ["Pop", "Rock"], None),
        ([], ["Rock", "Pop"], ["Rock; Pop"], None),
        ([], ["Rock", "Pop"], ["Rock"], None),
        (["Live"], ["Live", "Rock"], ["Live/Rock"], None),
        (["Live"], ["Live", "Rock"], ["Rock"], None),
        (["Live"], ["Live", "Rock"], ["Live"], ("skipped", None)),
        (["Live"], ["Live", "Rock"], ["Live", "Surf"], ("set", ("Live", "Surf"))),
        (["(17)"], ["(17)", "Pop"], ["Rock", "Pop"], None),
        (["Pop"], ["Rock"], ["Pop"], ("set", ("Pop",))),
    ],
)
def test_a_genre_of_ours_that_is_another_one_now_is_the_owner_s_word(
    store: Store, before: list[str], after: list[str], now: list[str], expected: object
) -> None:
    own = OwnTags(tuple("Rock" if text == "(17)" else text for text in before))
    store.record_batch([replace(one := analysed("/m/a.mp3"), recording=replace(one.recording, own=own))], [])
    wrote(store, {**OURS, "genre": (before, after)})
    found = look(store, still_ours(genres=tuple(now)))
    assert found == ({} if expected is None else {"genre": expected})
    assert store.files.n_noticed == len(found)
    (track,) = store.answers.tracks(model=analysed("").prediction.model)
    assert (track.genre, track.genre_confidence) == (
        (expected[1][0], 1.0) if expected and expected[1] else ("Rock", 0.7)
    )


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"bpm": 64.0}, {"bpm": ("set", ("64",))}),
        ({"bpm": 63.5}, {"bpm": ("set", ("63.5",))}),
        ({"bpm": 127.98}, {}),
        ({"bpm": None}, {"bpm": ("skipped", None)}),
        ({"energy_level": 8.0}, {"energy": ("set", ("0.75",))}),
        ({"energy_level": 8.0, "has_our_energy": False}, {"energy": ("set", ("0.75",))}),
        ({"energy_level": 6.0, "has_our_energy": False}, {}),
        ({"genres": ("Surf",), "bpm": 90.0}, {"genre": ("set", ("Surf",)), "bpm": ("set", ("90",))}),
        ({}, {}),
    ],
)
def test_so_is_a_tempo_or_an_energy_level(
    library: Store, changed: dict[str, object], expected: object
) -> None:
    wrote(library, OURS)
    assert look(library, still_ours(**changed)) == expected


def test_a_file_that_was_restored_or_stripped_says_nothing(library: Store) -> None:
    wrote(library, {**OURS, "genre": (["Pop"], ["Rock"]), "bpm": (["90"], ["128"])})
    assert look(library, OwnTags(("Pop",), None, 90.0)) == {}
    assert look(library, OwnTags(), LATER) == {}
    without_energy: Fields = {"genre": ([], ["Rock"])}
    library.database.connection.execute("DELETE FROM tag_changes")
    wrote(library, without_energy, AFTER_ALL, sizes=(900, 1000))
    assert look(library, OwnTags(), LATER, size=900) == {}
    library.database.connection.execute("UPDATE tracks SET tag_seen = NULL")
    assert look(library, OwnTags(), LATER, size=950) == {"genre": ("skipped", None)}


def test_what_was_noticed_once_is_not_noticed_again(library: Store) -> None:
    """The title is changed after the owner has spoken anew: the genre in the file is still of before that."""
    wrote(library, OURS)
    look(library, still_ours(genres=("Surf",), bpm=None))
    library.corrections.put("genre", {SOUND: Correction("set", ("Jazz",))})
    library.corrections.remove("bpm", [SOUND])
    assert look(library, still_ours(genres=("Surf",), bpm=None), LATER) == {"genre": ("set", ("Jazz",))}
    assert look(library, still_ours(bpm=None), LATER, size=1002)["genre"] == ("set", ("Jazz",))


def test_an_edit_after_a_correction_is_newer_and_one_before_it_is_not(library: Store) -> None:
    wrote(library, OURS)
    library.corrections.put("genre", {SOUND: Correction("set", ("Jazz",), LATER)})
    assert look(library, still_ours(genres=("Surf",)), EDITED_AT) == {"genre": ("set", ("Jazz",))}
    assert look(library, still_ours(genres=("Twang",)), LATER[:9] + "4T00:00:00+00:00") == {
        "genre": ("set", ("Twang",))
    }
    (one,) = library.corrections.all()
    assert one.correction.made_at == "2026-05-04T00:00:00.000+00:00"


def test_a_date_before_our_write_or_of_the_future_is_none(library: Store) -> None:
    wrote(library, OURS)
    look(library, still_ours(genres=("Surf",)), "1999-01-01T00:00:00+00:00")
    assert library.corrections.of("genre")[SOUND].made_at == WRITTEN_AT
    look(library, still_ours(genres=("Twang",)), "2199-01-01T00:00:00+00:00")
    assert library.corrections.of("genre")[SOUND].value == ("Twang",)
    assert library.corrections.of("genre")[SOUND].made_at < "2100"


def test_what_the_file_says_after_a_later_write_is_compared_with_that(library: Store) -> None:
    wrote(library, OURS)
    look(library, still_ours(genres=("Surf",)))
    wrote(library, {"genre": (["Surf"], ["Jazz"])}, AFTER_ALL)
    assert look(library, still_ours(genres=("Jazz",)), LATER, 1002) == {"genre": ("set", ("Surf",))}
    assert library.corrections.of("genre")[SOUND].made_at == EDITED_AT
    library.database.connection.execute("UPDATE tag_changes SET state = 'undone' WHERE run_id = 2")
    assert look(library, still_ours(genres=("Surf",)), LATER, 1003) == {"genre": ("set", ("Surf",))}
    assert library.corrections.of("genre")[SOUND].made_at == EDITED_AT


@pytest.mark.parametrize("field", ["genre", "bpm"])
def test_a_file_of_the_same_state_or_another_sound_and_one_that_we_never_wrote_say_nothing(
    library: Store, field: CorrectedField
) -> None:
    edited = still_ours(genres=("Surf",), bpm=90.0)
    assert look(library, edited) == {}, "we wrote nothing"
    wrote(library, OURS)
    assert look(library, edited) == {}, "its size and date are those of before"
    other = analysed("/m/a.mp3", audio_id="another", size=5)
    library.record_batch([replace(other, recording=replace(other.recording, own=edited))], [])
    assert library.corrections.of(field) == {}


def test_a_file_that_was_moved_and_edited_is_noticed_and_a_copy_is_not(library: Store) -> None:
    wrote(library, OURS)
    file, recording, _ = parts(analysed("/m/copy.mp3", size=7))
    copy = Identified(file, replace(recording, own=still_ours(genres=("Twang",))))
    track = library.database.value("SELECT id FROM tracks")
    library.files.reuse([Reuse(copy, "duplicate", track)])
    assert said(library) == {}
    assert look(library, still_ours(genres=("Surf",)), path="/m/new.mp3") == {"genre": ("set", ("Surf",))}


def test_a_whole_analysis_notices_likewise(library: Store) -> None:
    wrote(library, OURS)
    one = analysed("/m/a.mp3", size=1001)
    own = still_ours(genres=("Surf",))
    library.record_batch([replace(one, recording=replace(one.recording, own=own))], [])
    assert said(library) == {"genre": ("set", ("Surf",))}


@pytest.mark.parametrize(
    "seen", ["{torn", "[1]", '{"at": 5, "genre": 7}', '{"at": "2099", "genre": "x"}', b"\xff"]
)
def test_what_a_damaged_database_has_seen_is_nothing(library: Store, seen: object) -> None:
    wrote(library, OURS)
    library.database.connection.execute("UPDATE tracks SET tag_seen = ?", (seen,))
    assert look(library, still_ours(genres=("Surf",))) == {"genre": ("set", ("Surf",))}


WORDS = st.lists(
    st.sampled_from(["Rock", "Hip-Hop", "Drum & Bass", "Live", "Café Jazz", "R&B"]), unique=True, max_size=3
)


@st.composite
def rewritten(draw: st.DrawFn, genres: list[str]) -> list[str]:
    """The same genres as another program saves them: in another order and case, or joined to one text."""
    texts = [
        draw(st.sampled_from([str, str.lower, str.upper]))(name) for name in draw(st.permutations(genres))
    ]
    separator = draw(st.sampled_from(["; ", ";", "/", ", ", None]))
    return texts if separator is None or not texts else [separator.join(texts)]


@given(
    data=st.data(), before=WORDS, ours=WORDS.filter(bool), is_added=st.booleans(), is_restored=st.booleans()
)
def test_what_a_program_only_writes_otherwise_is_never_a_word(
    data: st.DataObject, before: list[str], ours: list[str], is_added: bool, is_restored: bool
) -> None:
    after = [*before, *(name for name in ours if name not in before)] if is_added else ours
    written = _Written(tuple(before), tuple(after), WRITTEN_AT, tuple(after), (tuple(before),))
    now = tuple(data.draw(rewritten(after)))
    assert _genre_edit(written, tuple(_whole_genres(now)), tuple(before), is_restored) is None


@given(before=WORDS, ours=WORDS.filter(bool), place=st.integers(0, 3), is_restored=st.booleans())
def test_a_new_word_always_is_one(before: list[str], ours: list[str], place: int, is_restored: bool) -> None:
    written = _Written(tuple(before), tuple(ours), WRITTEN_AT, tuple(ours), (tuple(before),))
    now = (*ours[:place], "Surf", *ours[place:])
    assert _genre_edit(written, now, tuple(before), is_restored) == Correction("set", now)
