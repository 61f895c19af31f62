"""The charts of a report as numbers."""

from collections import Counter
from dataclasses import replace
from datetime import datetime

from tagger.report import charts
from tagger.report.albums_apart import albums_apart
from tagger.types import Track
from tests.report.made_up import facts_of, row


def test_genres_keep_their_colours_as_a_library_grows() -> None:
    assert charts.colours_of(["Blues", "Jazz", "Rock"], {"Rock": 3}) == [0, 1, 2]
    many = [f"Genre {n:02}" for n in range(25)]
    found = charts.colours_of(many, {"Genre 24": 5, "Genre 03": 2})
    assert found[24] == 19 and found.count(charts.OTHER) == 5


def test_a_bar_shows_what_is_sure_of_it() -> None:
    rock, jazz = charts.bars({"Rock": 8, "Jazz": 4}, {"Rock": 2}, {"Rock": 7})
    assert (rock.share, rock.sure, rock.n_unsure, rock.colour) == (100, 75, 2, 7)
    assert (jazz.share, jazz.sure, jazz.n_unsure, jazz.colour) == (50, 50, 0, charts.OTHER)
    assert charts.bars({}) == ()


def test_tempos_without_tracks_between_others_have_empty_bars() -> None:
    counts = replace(facts_of([]).counts, tempos={80: 2, 110: 1})
    assert [(bar.name, bar.count) for bar in charts.tempos(counts)] == [
        ("80", 2),
        ("90", 0),
        ("100", 0),
        ("110", 1),
    ]


def test_years_far_apart_share_bars() -> None:
    near = charts.years([Track("a", year=1999), Track("b", year=2001), Track("c", year=2001), Track("d")])
    assert [(bar.name, bar.count) for bar in near] == [("1999", 1), ("2000", 0), ("2001", 2)]
    far = charts.years([Track("a", year=1725), Track("b", year=2026)])
    assert len(far) <= charts.N_YEAR_BARS + 1 and far[0].name == "1720" and sum(bar.count for bar in far) == 2
    assert charts.years([Track("a")]) == ()


def test_own_words_stand_against_answers() -> None:
    words = Counter(
        {("House", "Electronic"): 3, ("House", "Rock"): 1, ("Baroque", "Classical"): 2, ("Odd", None): 9}
    )
    found = charts.own_by_answer(words)
    assert found.columns == ("Electronic", "Classical", "Rock")
    assert [(row.name, row.total, [count for count, _, _ in row.cells]) for row in found.rows] == [
        ("House", 4, [3, 0, 1]),
        ("Baroque", 2, [0, 2, 0]),
    ]
    assert [(percent, heat) for _, percent, heat in found.rows[0].cells] == [(75, 10), (0, 0), (25, 5)]


def test_growth_ends_with_all_files() -> None:
    dates = [datetime(year, 6, 1).timestamp() for year in (2010, 2010, 2012, 2020)]
    curve = charts.growth(dates)
    assert curve and curve.top == 4
    assert curve.points[0] == (0, 500) and curve.points[-1] == (1000, 1000)
    assert [height for _, height in curve.points] == sorted(height for _, height in curve.points)
    assert [label for _, label in curve.ticks] == ["2012", "2014", "2016", "2018", "2020"]
    assert charts.growth([]) is None and charts.growth([1e9, 1e9]) is None


def test_a_short_growth_tells_its_days() -> None:
    day = datetime(2026, 2, 3).timestamp()
    curve = charts.growth([day, day + 86_400])
    assert curve and [label for _, label in curve.ticks] == ["2026-02-03", "2026-02-04"]


def _album(*heard: tuple[str, float], **more: object) -> list:  # type: ignore[type-arg]
    return [
        row(f"/m/{n}.mp3", genre, album="Mixed", artist="Ada", album_id=1, confidence_alone=sure, **more)
        for n, (genre, sure) in enumerate(heard)
    ]


def test_an_album_of_genres_that_are_far_apart_falls_apart() -> None:
    (found,) = albums_apart(
        _album(("Rock", 0.9), ("Rock", 0.8), ("Classical", 0.7), ("Jazz", 0.95), ("Pop", 0.3)), 0.6
    )
    assert (found.album, found.artist, found.n_tracks) == ("Mixed", "Ada", 5)
    assert found.genres == (("Rock", 2), ("Classical", 1), ("Jazz", 1))
    assert [(one.track.path, one.genre) for one in found.apart] == [
        ("/m/3.mp3", "Jazz"),
        ("/m/2.mp3", "Classical"),
    ]


def test_kin_doubt_and_one_odd_track_are_no_reason() -> None:
    assert not albums_apart(_album(("Rock", 0.9), ("Rock", 0.9), ("Metal", 0.9), ("Pop", 0.9)), 0.6)
    assert not albums_apart(_album(("Rock", 0.9), ("Rock", 0.9), ("Classical", 0.5), ("Jazz", 0.4)), 0.6)
    assert not albums_apart(_album(("Rock", 0.9), ("Rock", 0.9), ("Rock", 0.9), ("Classical", 0.9)), 0.6)
    assert not albums_apart(_album(("Rock", 0.9), ("Classical", 0.9), ("Jazz", 0.9), missing=True), 0.6)
