"""Which model answers, and what it is asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tagger.errors import TaggerError
from tagger.model_card import DEFAULT_MODEL, load_card
from tagger.model_choice import answering_model, fitted, genres_of, predicts, require_aspect, warnings
from tagger.query import Query
from tagger.store import Store
from tests.own_model import SMALL_MODEL
from tests.store.store_answers import analysed

GONE = "gone-1"
"""A model that is not installed."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "tagger.db"), create=True) as store:
        yield store


def test_without_answers_the_shipped_model_answers(store: Store) -> None:
    assert answering_model(store, None) == (DEFAULT_MODEL, None)


def test_a_named_model_answers_and_a_wrong_name_is_refused(store: Store) -> None:
    assert answering_model(store, "small") == (SMALL_MODEL, None)
    with pytest.raises(TaggerError, match="no model named 'huge'"):
        answering_model(store, "huge")


def test_the_model_of_the_last_scan_answers_and_one_with_more_answers_is_named(
    store: Store,
) -> None:
    store.record_batch([analysed(f"/m/{n}.mp3", model=DEFAULT_MODEL) for n in range(2)], [])
    store.record_batch([analysed("/m/0.mp3", model=SMALL_MODEL)], [])
    store.answers.note_use(SMALL_MODEL)
    model, warning = answering_model(store, None)
    assert (model, warning) == (
        SMALL_MODEL,
        f"{SMALL_MODEL}, the last scan's model, has analysed 1 track; "
        f"--model {DEFAULT_MODEL} asks the one that has analysed 2",
    )


def test_genres_get_the_spelling_of_the_model(store: Store) -> None:
    question = Query(genres=("hip-hop",), not_genres=("JAZZ",), year=(1990, 1999))
    assert fitted(question, store, DEFAULT_MODEL) == Query(
        genres=("Hip-Hop",), not_genres=("Jazz",), year=(1990, 1999)
    )
    assert genres_of(store, DEFAULT_MODEL) == load_card(DEFAULT_MODEL).genres


def test_a_model_that_is_installed_no_more_is_known_by_its_answers(store: Store) -> None:
    assert predicts(store, GONE, "tempo")
    store.record_batch([analysed("/m/a.mp3", "Folk", model=GONE)], [])
    assert [predicts(store, GONE, aspect) for aspect in ("genre", "energy", "tempo")] == [True, True, False]
    assert genres_of(store, GONE) == ["Folk"]
    assert fitted(Query(genres=("folk",)), store, GONE).genres == ("Folk",)
    with pytest.raises(TaggerError, match=f"no tempo; scan with a model that does .--model {DEFAULT_MODEL}"):
        require_aspect(store, GONE, "tempo", "leave it")
    store.record_batch([analysed("/m/a.mp3", model=DEFAULT_MODEL, bpm=120.0)], [])
    with pytest.raises(TaggerError, match=f"no tempo; choose a model that does .--model {DEFAULT_MODEL}"):
        require_aspect(store, GONE, "tempo", "leave it")


def test_what_can_find_nothing_is_said(store: Store, tmp_path: Path) -> None:
    store.record_batch([analysed("/m/a.mp3")], [])
    question = Query(paths=("/m", str(tmp_path), "/nowhere"), bpm=(120, 128))
    assert [*warnings(question, store, DEFAULT_MODEL)] == [
        f"{tmp_path}: no track in the database; `tagger scan` it first",
        "/nowhere: no such file or folder, and no track in the database; check the name",
        f"no track has a tempo from {DEFAULT_MODEL}, so --bpm matches nothing",
    ]
    (line,) = warnings(Query(), store, DEFAULT_MODEL, by_tempo=True)
    assert line.endswith("--sort bpm leaves them in the order of paths")
