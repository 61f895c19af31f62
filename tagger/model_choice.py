"""Which model answers, and whether it can answer what is asked.

A library may hold answers of several models, and of models that are not installed any more. The rules
that choose between them, for every command and for Python, are here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, get_args

from tagger.errors import ModelError, TaggerError
from tagger.genre_words import as_typed, letters
from tagger.query import FILTERS, Query, TrackOrder, genre_meant, genre_named, read_query, word_named
from tagger.toml_tables import nearest
from tagger.types import Aspect, counted

if TYPE_CHECKING:
    from tagger.genre_names import GenreNames
    from tagger.store import Store


def answering_model(store: Store, model: str | None) -> tuple[str, str | None]:
    """Give the id of the model whose answers are asked for: the one named, else that of the last scan.

    `model` is an id or a folder. The second value is None, or what to say where the model of the last
    scan has analysed fewer tracks than another one that is installed. Raises ModelError for a name that
    no model has.
    """
    from tagger.model_card import DEFAULT_MODEL, installed_models, load_card

    if model:
        return load_card(model).id, None
    models = store.answers.models()
    if len(models) < 2:
        return models[0] if models else DEFAULT_MODEL, None
    last = models[0]
    counts = dict.fromkeys(models, 0) | store.answers.counts()
    installed = {last, *installed_models()}
    most = max((name for name in models if name in installed), key=counts.__getitem__)
    if counts[last] >= counts[most]:
        return last, None
    analysed = f"{last}, the last scan's model, has analysed {counted(counts[last], 'tracks')}"
    return last, f"{analysed}; --model {most} asks the one that has analysed {counts[most]:,}"


def asked_by(
    query: Query | None,
    filters: Mapping[str, str | Sequence[str]],
    order: TrackOrder = "path",
    limit: int | None = None,
    no_album: bool = False,
) -> Query:
    """Give the question of a caller in Python: given whole, or by its filters; TypeError where both were."""
    if query is None:
        if order not in (orders := get_args(TrackOrder)):
            raise TaggerError(f"no order {order!r}; there are {', '.join(orders)}")
        return replace(read_query(filters), order=order, limit=limit, no_album=no_album)
    if filters or order != "path" or limit is not None or no_album:
        raise TypeError("give a Query, or filters, order, limit and no_album, not both")
    return query


def fitted(query: Query, store: Store, model: str) -> Query:
    """Fit a question to the model that answers it: genres get the model's own names and spelling.

    Raises TaggerError for a filter on what the model does not predict, for a genre that it does not know,
    with the nearest name, and for a genre that stands where a path belongs.
    """
    _refuse_genres_as_paths(query.paths, store, model)
    for each in FILTERS:
        if each.aspect and each.is_in(query):
            require_aspect(store, model, each.aspect, f"leave out {each.option}")
    query = _with_words(query, store, model)
    if not (query.genres or query.not_genres):
        return query
    genres, not_genres = (_genres_named(names, store, model) for names in (query.genres, query.not_genres))
    further = not store.corrections.further_genres().isdisjoint({*genres, *not_genres})
    return replace(query, genres=genres, not_genres=not_genres, further_genres=further)


def _with_words(query: Query, store: Store, model: str) -> Query:
    """The question with the words of the model that are meant, by its names for them or by the owner's."""
    if query.order.removeprefix("-") == "word" and not query.words:
        raise TaggerError("--sort word is by the words asked for; give one, such as --word piano")
    if not (query.words or query.not_words):
        return query
    known, genres = words_of(store, model), _by_our_names(genres_of(store, model), store)
    ours = _by_our_names(known, store)

    def named(word: str) -> Sequence[str]:
        return store.names.meant(word, known) or [word_named(word, ours, genres, model)]

    for word in query.words:
        if len(meant := named(word)) > 1:  # all words that are asked for must be there, and these need not
            raise TaggerError(f"{word!r} is what you call {' and '.join(meant)}; give one of them")
    wanted, unwanted = (
        tuple(dict.fromkeys(chain.from_iterable(map(named, words))))
        for words in (query.words, query.not_words)
    )
    return replace(query, words=wanted, not_words=unwanted)


def _genres_named(names: Sequence[str], store: Store, model: str) -> tuple[str, ...]:
    """The genres that are meant: the model's, by its names for them or by the owner's, and corrections."""
    known, said = genres_of(store, model), store.corrections.genres()
    ours = _by_our_names(known, store)
    knows = f"{model} with your own words" if said else model
    found = list[str]()
    for name in names:
        corrected = [genre for genre in said if genre == name or letters(genre) == letters(name) != ""]
        meant = store.names.meant(name, known) or [genre for genre in [genre_meant(name, ours)] if genre]
        if not (meant or corrected):
            if word := genre_meant(name, words_of(store, model)):
                raise TaggerError(f"{name!r} is a word and no genre; give --word {as_typed(word)}")
            meant = [genre_named(name, list(dict.fromkeys([*ours, *said])), knows)]
        found += [*meant, *corrected]
    return tuple(dict.fromkeys(found))


def _by_our_names(genres: Sequence[str], store: Store) -> Sequence[str]:
    return list(dict.fromkeys(map(store.names.shown, genres)))


def shown_genres(store: Store, model: str) -> list[str]:
    """Give the genres that lists can show: the model's by the owner's names, and those of corrections."""
    ours = _by_our_names(genres_of(store, model), store)
    return list(dict.fromkeys([*ours, *store.corrections.genres()]))


def _refuse_genres_as_paths(paths: Sequence[str], store: Store, model: str) -> None:
    """Raise TaggerError for what is no file, no folder and no track, but the name of a genre."""
    for path in paths:
        is_name = path == os.path.basename(path) and not os.path.lexists(path)
        if (
            is_name
            and (genre := genre_meant(path, shown_genres(store, model)))
            and not store.files.any_beneath(path)
        ):
            raise TaggerError(f"{path}: no such file or folder; did you mean --genre {as_typed(genre)}?")


def predicts(store: Store, model: str, aspect: Aspect) -> bool:
    """Tell whether a model predicts genre, energy or tempo.

    The card of the installed model says it, else (its folder is gone) the stored answers. A model of
    which there is neither is believed to predict everything.
    """
    from tagger.model_card import load_card

    try:
        return aspect in load_card(model).aspects
    except ModelError:
        return store.answers.predicts(aspect, model) or not store.answers.count(model)


def require_aspect(store: Store, model: str, aspect: Aspect, or_else: str) -> None:
    """Raise TaggerError where the model does not predict `aspect`; `or_else` says how to do without."""
    from tagger.model_card import DEFAULT_MODEL

    if predicts(store, model, aspect):
        return
    able = next((other for other in store.answers.models() if store.answers.predicts(aspect, other)), None)
    how = f"{'choose' if able else 'scan with'} a model that does (--model {able or DEFAULT_MODEL})"
    raise TaggerError(f"{model} predicts no {aspect}; {how} or {or_else}")


def require_some(store: Store, model: str, allowed: Mapping[Aspect, bool]) -> None:
    """Raise TaggerError where of all that the model predicts nothing is `allowed` to be written."""
    predicted = [aspect for aspect in allowed if predicts(store, model, aspect)]
    if not any(allowed[aspect] for aspect in predicted):
        raise TaggerError(
            f"nothing to write: the options forbid all that {model} predicts "
            f"({', '.join(predicted)}); allow some"
        )


def genres_of(store: Store, model: str) -> Sequence[str]:
    """Give the genres of the installed model, else (its folder is gone) those among its stored answers."""
    from tagger.model_card import load_card

    try:
        return load_card(model).genres
    except ModelError:
        return sorted(genre for genre, _ in store.answers.genre_counts(model))


def words_of(store: Store, model: str) -> Sequence[str]:
    """Give the words of the installed model, else (its folder is gone) those of its stored answers."""
    from tagger.model_card import load_card

    try:
        return [word.name for word in load_card(model).all_words]
    except ModelError:
        return store.answers.words(model)


def unknown_genres(names: GenreNames, store: Store, model: str) -> Iterator[str]:
    """Yield a line for each genre in the configuration that neither `model` nor an installed one knows.

    Words count as known, too: renames and `never` hold for those that are written into files.
    """
    from tagger.model_card import installed_models, load_card

    known = [*genres_of(store, model), *words_of(store, model)]
    if not names.unknown(known):
        return
    for other in installed_models():
        with suppress(ModelError):
            card = load_card(other)
            known += [*card.genres, *(word.name for word in card.all_words)]
    for word in names.unknown(known):
        where = "which stands under [genres] of the configuration"
        yield f"no model knows a genre or word {word!r}, {where}{nearest(word, known)}"


def warnings(query: Query, store: Store, model: str, by_tempo: bool = False) -> Iterator[str]:
    """Yield why a question finds nothing, as far as that is no fault: a line each, fit to show.

    `by_tempo` says that the tracks are to be sorted by tempo.
    """
    yield from unknown_paths(query.paths, store)
    if (query.bpm or by_tempo) and not store.answers.predicts("tempo", model):
        therefore = "--bpm matches nothing" if query.bpm else "--sort bpm leaves them in the order of paths"
        yield f"no track has a tempo from {model}, so {therefore}"
    if query.is_about_keys:
        yield from without_keys(store, model, query.paths)


def without_keys(store: Store, model: str, paths: Sequence[str] = ()) -> Iterator[str]:
    """Yield a line where tracks, all or those at `paths`, were heard before there were keys."""
    if unheard := store.answers.count_without_keys(model, paths):
        yield (
            f"without a key, for an earlier tagger heard them: {counted(unheard, 'tracks')}; "
            "`tagger scan --full` hears again"
        )


def unknown_paths(paths: Sequence[str], store: Store) -> Iterator[str]:
    """Yield a line for each of `paths` that holds no track of the database."""
    for path in paths:
        if not store.files.any_beneath(path):
            known = "no track in the database; `tagger scan` it first"
            unknown = "no such file or folder, and no track in the database; check the name"
            yield f"{path}: {known if os.path.lexists(path) else unknown}"
