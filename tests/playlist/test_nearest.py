from __future__ import annotations

import time

import numpy as np

from tagger.playlist.nearest import cosine_similarity, mixture, nearest


def embeddings(count, d=128, seed=0):
    return np.random.default_rng(seed).normal(size=(count, d)).astype(np.float16)


def test_the_nearest_row_of_a_row_is_itself():
    rows = embeddings(500)
    indices, similarity = nearest(rows[123], rows, 3)
    assert indices[0] == 123
    assert abs(similarity[0] - 1) < 1e-3
    assert list(similarity) == sorted(similarity, reverse=True)


def test_cosine_agrees_with_its_definition():
    rows = np.array([[1, 0], [1, 1], [-2, 0], [0, 3]], dtype=np.float16)
    expected = [1, 2**-0.5, -1, 0]
    np.testing.assert_allclose(cosine_similarity(np.array([5.0, 0.0]), rows), expected, atol=1e-6)


def test_length_does_not_matter_even_at_the_edge_of_float16():
    rows = np.array([[60000, 60000], [6e-8, 6e-8], [1, 0]], dtype=np.float16)
    np.testing.assert_allclose(cosine_similarity(np.array([1.0, 1.0]), rows)[:2], [1, 1], atol=1e-5)


def test_a_mixture_is_the_direction_between_its_examples_whatever_their_lengths():
    examples = np.array([[1, 0], [0, 1000], [0, 0], [np.nan, 1]])
    np.testing.assert_allclose(mixture(examples), [0.5, 0.5])
    assert mixture(np.zeros((2, 3))).tolist() == [0, 0, 0]


def test_rows_without_direction_are_left_out():
    rows = np.array([[np.nan, 1], [0, 0], [np.inf, 1], [1, 1]], dtype=np.float16)
    assert nearest(np.array([1.0, 0.0]), rows)[0].tolist() == [3]


def test_a_query_without_direction_is_like_nothing():
    rows = embeddings(4)
    assert len(nearest(np.zeros(128), rows)[0]) == 0
    assert len(nearest(np.full(128, np.nan), rows)[0]) == 0


def test_equals_stand_by_index():
    rows = np.ones((5, 3), dtype=np.float16)
    assert nearest(np.ones(3), rows, 4)[0].tolist() == [0, 1, 2, 3]


def test_no_rows_give_no_neighbours():
    assert len(nearest(np.ones(8), np.empty((0, 8), dtype=np.float16))[0]) == 0


def test_a_hundred_thousand_rows_take_less_than_a_second():
    rows = embeddings(100_000)
    start = time.process_time()
    indices, _ = nearest(rows[99_999], rows, 50)
    assert time.process_time() - start < 1
    assert indices[0] == 99_999
