"""A head fitted to examples: what it says, how honest its figures are, and what wrong labels do."""

from dataclasses import replace

import numpy as np
import pytest

from tagger.errors import TaggerError
from tagger.learn import Examples, Fitted, LearnSettings, examples_of, fit_genres
from tagger.learn.levels import fit_levels
from tests.learn.made_up import SIZE, heard

GENRES = ("House", "Surf", "Techno", "Trance")


def examples(n: int = 60, **options: object) -> Examples:
    files = [file for at, genre in enumerate(GENRES) for file in heard(genre, n, at=at, **options)]  # type: ignore[arg-type]
    return examples_of(files, {}, LearnSettings(), SIZE)


def accuracy(fitted: Fitted, true: Examples) -> float:
    likeliest = fitted.probabilities.argmax(axis=1)
    pairs = zip(likeliest, fitted.rows, strict=True)
    return float(np.mean([fitted.genres[answer] in true.labels[row] for answer, row in pairs]))


def test_what_can_be_told_apart_is_and_the_head_reads_embeddings_as_they_are() -> None:
    known = examples(distance=4.0)
    fitted = fit_genres(known)
    assert fitted.genres == GENRES
    assert fitted.hits.mean() > 0.95 and accuracy(fitted, known) == fitted.hits.mean()
    logits = known.embeddings @ fitted.weights.T + fitted.bias
    own = [GENRES.index(labels[0]) for labels in known.labels]
    assert np.mean(logits.argmax(axis=1) == own) > 0.95
    assert fitted.probabilities.sum(axis=1) == pytest.approx(1)


def test_an_artist_is_never_on_both_sides() -> None:
    """Of genres that are nothing but their artists' sound, the head knows nothing."""
    random = np.random.default_rng(0)
    files = [file for at, genre in enumerate(GENRES[:2]) for file in heard(genre, 60, at=at, distance=0)]
    clouds = {file.artist: random.normal(0, 9, SIZE) for file in files}
    vectors = [(clouds[file.artist] + random.normal(0, 0.1, SIZE)).astype("<f2").tobytes() for file in files]
    alike = [replace(file, vector=vector) for file, vector in zip(files, vectors, strict=True)]
    fitted = fit_genres(examples_of(alike, {}, LearnSettings(), SIZE))
    assert fitted.hits.mean() < 0.75


def test_confidence_is_the_share_of_right_answers() -> None:
    fitted = fit_genres(examples(n=150, distance=0.8))
    assert 0.4 < fitted.hits.mean() < 0.95
    assert fitted.probabilities.max(axis=1).mean() == pytest.approx(fitted.hits.mean(), abs=0.04)


def test_a_fifth_of_wrong_labels_costs_little() -> None:
    known = examples(n=100, distance=1.5)
    random = np.random.default_rng(0)
    others = {genre: [other for other in GENRES if other != genre] for genre in GENRES}
    swapped = tuple(
        (str(random.choice(others[own[0]])),) if random.random() < 0.2 else own for own in known.labels
    )
    fitted = fit_genres(replace(known, labels=swapped))
    assert accuracy(fitted, known) > accuracy(fit_genres(known), known) - 0.03
    assert 0 < fitted.doubted <= sum(a != b for a, b in zip(swapped, known.labels, strict=True))


def test_the_same_examples_give_the_same_head_to_the_last_digit() -> None:
    one, other = fit_genres(examples(n=20)), fit_genres(examples(n=20))
    assert (one.weights == other.weights).all() and one.temperature == other.temperature


def test_two_genres_by_two_artists_each_are_enough() -> None:
    files = [*heard("House", 5, at=0, artists=2), *heard("Surf", 5, at=1, artists=2)]
    fitted = fit_genres(examples_of(files, {}, LearnSettings(), SIZE))
    assert fitted.weights.shape == (2, SIZE) and np.isfinite(fitted.probabilities).all()


def test_energy_levels_are_learned_and_read_back() -> None:
    files = [file for n in range(1, 11) for file in heard(f"g{n}", 8, at=0, level=n, distance=n / 2, seed=n)]
    known = examples_of(files, {}, LearnSettings(energy=True), SIZE)
    fit = fit_levels(known)
    assert fit.error < 1.5
    energies = known.embeddings @ fit.weights + fit.bias
    assert np.corrcoef(energies, known.levels)[0, 1] > 0.9
    with pytest.raises(TaggerError, match="too few energy levels to learn from: 0 tracks have one"):
        fit_levels(examples())
