"""Embeddings in two dimensions."""

import numpy as np
import pytest

from tagger.report import sound_map as module
from tagger.report.sound_map import sound_map


def clouds(n_each: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Embeddings in three clouds, the cloud of each, and made-up identities in no order."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(3, 24))
    of_cloud = np.repeat([0, 1, 2], n_each)
    embeddings = (centres[of_cloud] + 0.2 * random.normal(size=(3 * n_each, 24))).astype(np.float16)
    return embeddings, of_cloud, [random.bytes(16).hex() for _ in of_cloud]


def share_with_a_neighbour_of_its_cloud(places: np.ndarray, of_cloud: np.ndarray) -> float:
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    return float((of_cloud[apart.argmin(axis=1)] == of_cloud).mean())


def test_what_sounds_alike_lies_together() -> None:
    embeddings, of_cloud, sounds = clouds(20)
    places = sound_map(embeddings, sounds)
    assert places.shape == (60, 2)
    assert places.min() >= 0 and places.max() <= 1 and np.ptp(places, axis=0).max() > 0.99
    assert share_with_a_neighbour_of_its_cloud(places, of_cloud) > 0.95
    assert np.array_equal(places, sound_map(embeddings, sounds))


def test_the_others_are_put_among_those_that_are_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_LAID_OUT", 40)
    embeddings, of_cloud, sounds = clouds(40)
    places = sound_map(embeddings, sounds)
    assert share_with_a_neighbour_of_its_cloud(places, of_cloud) > 0.95


def test_a_map_stays_when_tracks_are_added_whose_identity_comes_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_LAID_OUT", 40)
    embeddings, _, sounds = clouds(20)
    before = sound_map(embeddings, sounds)
    after = sound_map(np.concatenate([embeddings, embeddings[:5]]), [*sounds, *[f"z{n}" for n in range(5)]])
    assert np.abs(after[:60] - before).max() < 1e-4


def test_one_sound_in_several_files_lies_in_one_place() -> None:
    embeddings, _, sounds = clouds(10)
    places = sound_map(np.concatenate([embeddings, embeddings[3:4]]), [*sounds, sounds[3]])
    assert np.allclose(places[-1], places[3], atol=1e-6)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_sounds_that_are_all_alike_lie_in_the_middle(value: float) -> None:
    places = sound_map(np.full((20, 8), value, np.float16), [str(n) for n in range(20)])
    assert (places == 0.5).all()
