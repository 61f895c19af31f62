"""Where the answers of two models come from."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tagger.compare import Comparison, Reread, compare_stored
from tagger.files import AudioFile
from tagger.store import Store
from tagger.types import Analysis, Failure, Prediction
from tests.store.store_answers import analysed, parts

OLD, NEW = "old-1", "new-1"


class Fake:
    """Heads over the embeddings of `store_answers`, eight numbers each."""

    embedding_dim = 8

    def __init__(self, genre: str, energy: float) -> None:
        self.genre, self.energy, self.read = genre, energy, 0

    def from_embeddings(self, embeddings: np.ndarray) -> list[tuple[str | None, float | None]]:
        assert embeddings.shape[1:] == (8,)
        self.read += len(embeddings)
        return [(self.genre, self.energy)] * len(embeddings)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Ten tracks that are Rock to OLD, two of which are Folk to NEW."""
    with Store.open(str(tmp_path / "x.db"), create=True) as store:
        store.record_batch([sound(n) for n in range(10)], [])
        store.record_batch([sound(n, NEW, "Folk") for n in (3, 7)], [])
        yield store


def sound(n: int, model: str = OLD, genre: str = "Rock") -> Analysis:
    return analysed(f"/m/{n}.mp3", genre, model=model, audio_id=f"{(n * 7919) % 10:032x}")


def compare(
    store: Store, heads: Reread | None = None, limit: int = 0, paths: Sequence[str] = ()
) -> Comparison:
    return compare_stored(store, paths, (OLD, NEW), heads, limit)


def test_stored_answers_of_both_are_compared_as_they_are(store: Store) -> None:
    found = compare(store)
    assert (found.stored, found.by_heads, found.unanswered) == (2, 0, 8)
    assert found.differences.changes() == [(("Rock", "Folk"), 2)]


def test_the_new_heads_read_what_the_new_model_has_not_analysed(store: Store) -> None:
    heads = Fake("Metal", 0.6)
    found = compare(store, Reread(heads), limit=5)
    assert (found.stored, found.by_heads, found.unanswered) == (2, 8, 0)
    assert heads.read == 8
    assert found.differences.pairs == {("Rock", "Folk"): 2, ("Rock", "Metal"): 8}
    assert found.differences.overall().energy_difference == pytest.approx(8 * 0.1 / 10)
    assert found.to_analyse == {}


def test_what_a_head_that_is_the_same_has_said_holds(store: Store) -> None:
    found = compare(store, Reread(Fake("Metal", 0.6), frozenset({"genre"})))
    assert found.differences.pairs == {("Rock", "Folk"): 2, ("Rock", "Rock"): 8}
    assert found.differences.overall().energy_difference == pytest.approx(8 * 0.1 / 10)


def test_an_embedding_of_another_size_is_not_read(store: Store) -> None:
    heads = Fake("Metal", 0.6)
    heads.embedding_dim = 128
    assert compare(store, Reread(heads)).unanswered == 8


def test_the_same_tracks_are_drawn_each_time_and_more_of_them_for_a_higher_limit(store: Store) -> None:
    three, again, five = (list(compare(store, limit=limit).to_analyse) for limit in (3, 3, 5))
    assert three == again == five[:3]
    assert three != sorted(three)  # not by path
    assert len(five) == 5
    assert len(compare(store, limit=100).to_analyse) == 8


def test_only_the_named_paths_are_compared(store: Store) -> None:
    assert compare(store, paths=["/m/3.mp3", "/m/4.mp3"]).stored == 1
    assert compare(store, paths=["/m/3.mp3", "/m/4.mp3"]).unanswered == 1
    assert compare(store, paths=["/other"]).unanswered == 0


def test_a_missing_file_is_compared_where_it_need_not_be_analysed(store: Store) -> None:
    ids = [track for track, *_ in store.files.beneath(["/m/4.mp3"])]
    store.files.mark_missing(ids, [])
    found = compare(store, limit=100)
    assert (found.unanswered, len(found.to_analyse)) == (8, 7)
    assert compare(store, Reread(Fake("Rock", 0.4))).by_heads == 8


def test_silence_is_silence_to_every_model(store: Store) -> None:
    file, recording, answer = parts(sound(0))
    store.record_batch([Analysis(file, recording, replace(answer, silent=True))], [])
    found = compare(store, limit=100)
    assert (found.stored, found.unanswered) == (3, 7)
    assert "/m/0.mp3" not in found.to_analyse


def test_what_is_analysed_is_counted_and_another_sound_is_not(store: Store) -> None:
    found = compare(store, limit=3)
    before = dict(found.differences.pairs)
    one, two, three = found.to_analyse.values()
    answer = replace(sound(0).prediction, model=NEW, genre="Metal")
    assert found.add(analysis(one.file, one.audio_id, answer)) is None
    changed = found.add(analysis(two.file, "f" * 32, answer))
    assert changed and changed.reason.startswith("it changed since it was scanned")
    failure = Failure(three.file.path, "decode", "no sound")
    assert found.add(failure) is failure
    assert (found.analysed, found.failed) == (1, 2)
    assert found.differences.pairs == {**before, ("Rock", "Metal"): 1}


def analysis(file: AudioFile, audio_id: str, answer: Prediction) -> Analysis:
    return Analysis(file, replace(sound(0).recording, audio_id=audio_id), answer)
