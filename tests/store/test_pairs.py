"""Two models' answers side by side."""

import os

import numpy as np
import pytest

from tagger.store import Answer, Correction, Store
from tests.store.store_answers import MODEL, analysed

LATIN_1 = os.fsdecode(b"/m/caf\xe9.mp3")


@pytest.fixture
def filled(store: Store) -> Store:
    """Three tracks of `MODEL`, one of which `new` has analysed, and one of `new` alone."""
    store.record_batch([analysed(path, "Rock", 0.25) for path in ("/m/a.mp3", "/m/b.mp3", LATIN_1)], [])
    store.record_batch([analysed(path, "Folk", 0.75, model="new") for path in ("/m/b.mp3", "/m/z.mp3")], [])
    return store


def test_every_track_of_the_old_model_comes_once_with_the_answer_of_the_new_one(filled: Store) -> None:
    pairs = {pair.file.path: pair for pair in filled.answers.pairs((), MODEL, "new", True)}
    assert set(pairs) == {"/m/a.mp3", "/m/b.mp3", LATIN_1}
    assert {pair.old for pair in pairs.values()} == {Answer("Rock", 0.25, False)}
    assert pairs["/m/b.mp3"].new == Answer("Folk", 0.75, False)
    assert pairs["/m/a.mp3"].new is pairs[LATIN_1].new is None


def test_embeddings_come_only_where_they_are_asked_for_and_needed(filled: Store) -> None:
    asked = {pair.file.path: pair.embedding for pair in filled.answers.pairs((), MODEL, "new", True)}
    assert asked["/m/b.mp3"] is None
    expected = analysed("/m/a.mp3").prediction.embedding
    assert np.array_equal(np.frombuffer(asked["/m/a.mp3"] or b"", "<f2"), expected)
    assert all(pair.embedding is None for pair in filled.answers.pairs((), MODEL, "new", False))


def test_only_what_lies_beneath_the_named_paths(filled: Store) -> None:
    def found(*paths: str) -> list[str]:
        return sorted(pair.file.path for pair in filled.answers.pairs(paths, MODEL, "new", False))

    assert found("/m/a.mp3") == ["/m/a.mp3"]
    assert found(LATIN_1) == [LATIN_1]
    assert found("/m", "/m/a.mp3") == sorted(["/m/a.mp3", "/m/b.mp3", LATIN_1])
    assert found("/n") == []


def test_models_are_compared_whatever_the_owner_says(filled: Store) -> None:
    before = [*filled.answers.pairs((), MODEL, "new", True)]
    sound = before[0].audio_id
    filled.corrections.put("genre", {sound: Correction("set", ("Surf",))})
    filled.corrections.put("energy", {sound: Correction("set", ("0.95",))})
    assert [*filled.answers.pairs((), MODEL, "new", True)] == before
