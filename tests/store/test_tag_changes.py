"""The pages of tracks to tag, and that what undo needs is on the disk in time."""

import os
import sqlite3
from collections.abc import Container
from functools import partial

import pytest

from tagger.files import FileState
from tagger.query import Query
from tagger.store import Exchange, NewChange, Outcome, Store
from tagger.store.tag_changes import TRACKS_TO_TAG
from tests.store.store_answers import MODEL, analysed

PATHS = [
    "/music/1.mp3",
    "/music/1.mp3.mp3",
    "/music/a/1.mp3",
    "/music/é.mp3",
    "/music2/1.mp3",
    os.fsdecode(b"/music/Caf\xe9/1.mp3"),
    os.fsdecode(b"/music/Caf\xe9/2.mp3"),
]


@pytest.mark.parametrize("size", [1, 2, 500])
def test_pages_give_each_track_once_in_the_order_of_a_listing(store: Store, size: int) -> None:
    store.record_batch([analysed(path) for path in reversed(PATHS)], [])
    for named in ((), ("/music",), ("/music/1.mp3", "/music/a"), (PATHS[-1], "/music2"), ("/nowhere",)):
        pages = list(store.tag_changes.pages_to_tag(named, MODEL, page_size=size))
        assert [track.path for page in pages for track in page] == [
            row.path for row in store.answers.tracks(Query(paths=named), model=MODEL)
        ]
        assert all(len(page) <= size for page in pages)


def test_a_track_comes_with_its_genres_likeliest_first(store: Store) -> None:
    store.record_batch([analysed("/m/1.mp3", "Jazz", 0.25)], [])
    ((track,),) = store.tag_changes.pages_to_tag((), MODEL)
    assert track.genres[0] == ("Jazz", 0.7)
    assert [probability for _, probability in track.genres] == [0.7, 0.1, 0.1, 0.1]
    assert (track.energy, track.silent, track.state.size) == (0.25, False, 1000)


def test_only_tracks_before_it_with_the_same_sound_and_state_are_earlier(store: Store) -> None:
    names = [analysed(f"/m/{n}.mp3", audio_id="a" * 32) for n in (1, 2, 3)]
    others = [analysed("/m/0.mp3", audio_id="b" * 32), analysed("/m/00.mp3", audio_id="a" * 32, size=1)]
    store.record_batch([*names, *others, analysed("/a/1.mp3", audio_id="a" * 32)], [])
    tracks = {track.path: track for page in store.tag_changes.pages_to_tag((), MODEL) for track in page}

    def earlier(than: str, *paths: str, among: Container[int] | None = None) -> list[str]:
        ask = store.tag_changes.is_earlier
        return sorted(path for path in tracks if ask(path, tracks[than], paths, MODEL, among))

    assert earlier("/m/3.mp3") == ["/a/1.mp3", "/m/1.mp3", "/m/2.mp3"]
    assert earlier("/m/3.mp3", "/m/2.mp3", "/m/3.mp3") == ["/m/2.mp3"]
    assert earlier("/m/3.mp3", among={tracks["/m/1.mp3"].id}) == ["/m/1.mp3"]
    assert earlier("/a/1.mp3") == []


def test_pages_follow_the_index_of_paths(store: Store) -> None:
    plan = store.database.connection.execute(
        f"EXPLAIN QUERY PLAN {TRACKS_TO_TAG}", (MODEL, "", b"", 500)
    ).fetchall()
    steps = " ".join(step for *_, step in plan)
    assert "path>? AND path<?" in steps
    assert "TEMP B-TREE" not in steps


def test_what_undo_needs_outlasts_a_power_cut(db_path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite syncs a commit in WAL mode only with synchronous = FULL (2)."""
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=sqlite3.Connection))
    seen = []
    with Store.open(db_path, create=True) as store:
        with store.database.transaction(durable=True) as connection:
            seen.append(connection.execute("PRAGMA synchronous").fetchone()[0])
        seen.append(store.database.connection.execute("PRAGMA synchronous").fetchone()[0])
    assert seen == [2, 1]


def write(store: Store, field: str, before: list[str], after: list[str]) -> int:
    """A run that wrote one field of the only track; gives the id of its change."""
    ((track,),) = store.tag_changes.pages_to_tag((), MODEL)
    state = FileState(1000, 1)
    previous = {"fields": [{"field": field, "before": before, "after": after}]}
    new = NewChange(track, Exchange(state, state), previous, False, False)
    (change,) = store.tag_changes.prepare(store.runs.begin("write-tags"), [new])
    store.tag_changes.record([Outcome(change, "written")])
    return change


def ours(store: Store) -> dict[str, set[str]]:
    ((track,),) = store.tag_changes.pages_to_tag((), MODEL)
    return {name: {*texts} for name, texts in track.ours.items()}


def test_ours_is_what_a_write_put_there_and_the_later_ones_kept(store: Store) -> None:
    store.record_batch([analysed("/m/1.mp3")], [])
    assert ours(store) == {}
    write(store, "words", ["Mine"], ["Mine", "piano", "choir"])
    write(store, "bpm", ["90"], ["128"])
    assert ours(store) == {"words": {"piano", "choir"}, "bpm": {"128"}}
    last = write(store, "words", ["Mine", "piano", "choir"], ["Mine", "piano", "house"])
    assert ours(store)["words"] == {"piano", "house"}
    store.tag_changes.record([Outcome(last, "undone")])
    assert ours(store)["words"] == {"piano", "choir"}
