"""What a review shows, in which order, and what follows from what is decided."""

import pytest

from tagger.correct import genres_typed
from tagger.errors import TaggerError
from tagger.genre_names import GenreNames
from tagger.review import Review, Row, rows_of
from tagger.store import Correction
from tagger.tag_runs import Verdict
from tagger.tags import Policy
from tagger.types import Track

GENRES = ("Classical", "Country", "Electronic", "Jazz", "Metal", "Rock")


def track(name: str, sure: float | None = 0.8, own: tuple[str, ...] = (), **fields: str) -> Track:
    genre = None if sure is None else "Rock"
    answer = Track(
        f"/m/{name}.mp3", audio_id=name, genre=genre, genre_confidence=sure, tag_genres=own, artist="Ada"
    )
    return answer if not fields else Track(**{**_fields(answer), **fields})  # type: ignore[arg-type]


def _fields(answer: Track) -> dict[str, object]:
    return {name: getattr(answer, name) for name in Track.__slots__}


def rows(*tracks: Track) -> list[Row]:
    return rows_of(tracks, GENRES, 0.6)


def names(shown: object) -> str:
    return "".join(row.track.audio_id for row in shown)  # type: ignore[attr-defined]


TRACKS = (
    track("a", 0.9),
    track("b", 0.4),
    track("c", 0.7, ("Jazz",)),
    track("d", 0.9, ("Techno",)),
    track("e", 0.5, ("Hard Rock",)),
    track("f", 0.95, ("For the car",)),
    track("g", None),
    track("h", 0.55, ("Country",)),
)


def test_contradictions_come_first_then_doubts_and_last_what_has_no_answer() -> None:
    assert names(rows(*TRACKS)) == "dcbehafg"


def test_each_view_has_its_rows() -> None:
    review = Review(rows(*TRACKS), {})
    assert names(review.shown("missing")) == "bag"
    assert names(review.shown("differs")) == "dchf"
    assert names(review.shown("unsure")) == "beh"
    assert names(review.shown("agrees")) == "e"
    assert names(review.shown("all")) == "dcbehafg"
    assert review.counts() == {"missing": 3, "differs": 4, "unsure": 3, "agrees": 1, "all": 8}


def test_what_was_skipped_or_written_before_is_in_all_alone() -> None:
    said = {
        "a": Correction("skipped"),
        "b": Correction("accepted", ("Rock",), is_written=True),
        "d": Correction("set", ("Techno",)),
    }
    review = Review(rows(*TRACKS), said)
    assert names(review.shown("missing")) == "g"
    assert names(review.shown("differs")) == "dchf"
    assert names(review.shown("all")) == "dcbehafg"
    assert names(review.to_write()) == "d"
    review.decide(review.shown("differs"), "skipped")
    assert names(review.shown("differs")) == "dchf", "what is skipped now stays in sight"
    review.settle()
    assert names(review.shown("differs")) == ""


def test_a_missing_file_is_not_reviewed() -> None:
    gone = Track("/m/gone.mp3", audio_id="x", genre="Rock", genre_confidence=0.9, missing=True)
    assert rows(gone) == []


def test_words_are_looked_for_in_all_names() -> None:
    review = Review(rows(track("a"), track("b", album="Öde an die Freude"), track("c", title="Ode")), {})
    assert names(review.shown("all", "ode")) == "c"
    assert names(review.shown("all", "ADA öde freu")) == "b"
    assert names(review.shown("all", "rock /M/a")) == "a"
    assert names(review.shown("all", "  ")) == "abc"


def test_an_album_is_one_title_in_one_folder_and_without_one_the_folder() -> None:
    review = Review(
        rows(
            track("a", album="Hits"),
            track("b", album="HITS"),
            track("c", album="Hits", path="/n/c.mp3"),
            track("d"),
            track("e", artist="Bob"),
        ),
        {},
    )
    by_name = {row.track.audio_id: row for row in review.rows}
    assert names(review.album(by_name["a"])) == "ab"
    assert names(review.album(by_name["c"])) == "c"
    assert names(review.album(by_name["d"])) == "de"
    assert names(review.artist(by_name["d"])) == "abcd"


def test_what_is_decided_becomes_what_is_written() -> None:
    review = Review(rows(*TRACKS), {})
    by_name = {row.track.audio_id: row for row in review.rows}
    review.decide([by_name[name] for name in "abceg"], "accepted")
    review.decide([by_name["d"]], "set", ("Techno", "Dub"))
    review.decide([by_name["b"]], "skipped")

    verdicts = review.verdicts(Policy())

    assert verdicts == {
        "/m/a.mp3": Verdict("a", ("Rock",), "replace", is_answer=True),
        "/m/c.mp3": Verdict("c", ("Rock",), "replace", is_answer=True),
        "/m/d.mp3": Verdict("d", ("Techno", "Dub")),
        "/m/e.mp3": Verdict("e", ("Rock",), "never", is_answer=True),
        "/m/g.mp3": Verdict("g", (), "never", is_answer=True),
    }
    assert review.verdicts(Policy("add"))["/m/e.mp3"].how == "add"
    assert review.verdicts(Policy("never"))["/m/a.mp3"].how == "never"


def test_the_owner_s_names_for_genres_hold() -> None:
    names = GenreNames({"Rock": "Krach"}, never=("Krach",))
    answer = track("a", own=("Hard Rock",), genre="Krach")
    (row,) = rows_of([answer], GENRES, 0.6, names)
    assert (row.standing, row.is_unsure) == ("agrees", True), "it is never written by itself"
    review = Review([row], {})
    assert review.decide([row], "accepted") == {"a": Correction("accepted", None)}
    assert review.verdicts(Policy("replace"))["/m/a.mp3"].how == "never"


def test_a_decision_holds_for_each_file_of_a_sound_and_can_be_put_back() -> None:
    copy = track("a", path="/n/copy.mp3")
    review = Review(rows(track("a"), copy), {})
    before = {"a": review.decision(review.rows[0])}
    review.decide(review.rows[:1], "accepted")
    assert {*review.verdicts(Policy())} == {"/m/a.mp3", "/n/copy.mp3"}
    review.put_back(before)
    assert review.verdicts(Policy()) == {}
    assert all(review.is_open(row) for row in review.rows)


def test_the_owner_s_words_complete_what_is_typed_before_the_model_s() -> None:
    own = [track("a", own=("Surf",)), track("b", own=("Dub", "Surf"))]
    review = Review(rows(*own), {"b": Correction("set", ("Krautrock",))})
    assert review.words(["Rock", "Surf"]) == ["Surf", "Dub", "Krautrock", "Rock"]


@pytest.mark.parametrize("typed", ["", " ; ", "a\x1bb", "x" * 201, ";".join(map(str, range(21)))])
def test_what_can_be_no_genre_is_refused_in_one_line(typed: str) -> None:
    with pytest.raises(TaggerError) as refused:
        genres_typed(typed)
    assert "\n" not in str(refused.value)
