import pytest

from tagger.compare import SILENT, Differences, GenreChange
from tagger.store import Answer


def of(*pairs: tuple[str, float, str, float]) -> Differences:
    """Each is (old genre, old energy, new genre, new energy)."""
    differences = Differences()
    for old_genre, old_energy, new_genre, new_energy in pairs:
        differences.add(Answer(old_genre, old_energy, False), Answer(new_genre, new_energy, False))
    return differences


def test_each_genre_has_its_counts_and_what_changed_of_its_old_tracks() -> None:
    found = of(
        ("Rock", 0.5, "Rock", 0.5),
        ("Rock", 0.5, "Metal", 0.9),
        ("Rock", 0.55, "Rock", 0.58),
        ("Rock", 0.2, "Rock", 0.23),
        ("Jazz", 0.3, "Rock", 0.1),
    )
    rows = {row.genre: row for row in found.by_genre()}
    assert list(rows) == ["Rock", "Jazz", "Metal"]
    assert rows["Rock"] == GenreChange("Rock", 4, 4, 1, 2, pytest.approx(0.46 / 4))
    assert rows["Rock"].changed_share == 0.25
    assert rows["Jazz"] == GenreChange("Jazz", 1, 0, 1, 1, pytest.approx(0.2))
    assert rows["Metal"] == GenreChange("Metal", 0, 1, 0, 0, None)
    assert rows["Metal"].changed_share is None
    assert found.overall() == GenreChange("all", 5, 5, 2, 3, pytest.approx(0.66 / 5))


def test_changes_come_most_frequent_first_and_leave_out_what_stays() -> None:
    found = of(
        *[("Rock", 0.5, "Metal", 0.5)] * 2, *[("Rock", 0.5, "Rock", 0.5)] * 5, ("Jazz", 0.5, "Blues", 0.5)
    )
    assert found.changes() == [(("Rock", "Metal"), 2), (("Jazz", "Blues"), 1)]


def test_silence_is_a_genre_of_its_own() -> None:
    found = Differences()
    found.add(Answer("Blues", 0.0, True), Answer("Rock", 0.0, True))
    assert [(row.genre, row.changed) for row in found.by_genre()] == [(SILENT, 0)]


def test_without_an_energy_of_both_models_only_genres_are_compared() -> None:
    found = Differences()
    found.add(Answer("Rock", 0.5, False), Answer("Metal", None, False))
    found.add(Answer("Rock", None, False), Answer("Rock", 0.5, False))
    found.add(Answer("Jazz", 0.2, False), Answer("Jazz", 0.3, False))
    rock, jazz, metal = found.by_genre()
    assert rock == GenreChange("Rock", 2, 1, 1, None, None)
    assert jazz == GenreChange("Jazz", 1, 1, 0, 1, pytest.approx(0.1))
    assert metal == GenreChange("Metal", 0, 1, 0, 0, None)
    assert found.overall() == GenreChange("all", 3, 3, 1, None, None)


def test_nothing_compared_is_nothing_changed() -> None:
    assert of().overall() == GenreChange("all", 0, 0, 0, 0, None)
    assert of().by_genre() == []
