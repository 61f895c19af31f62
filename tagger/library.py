"""The front door: a music library as its folders and its database, and the analysis of one file.

Everything that changes something goes through `Library`: it takes the lock, recovers an interrupted run,
makes the weekly backup and keeps the record of the run. The command line chooses an observer and prints.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tagger.configuration import NOT_CONFIGURED, Configuration
from tagger.errors import TaggerError
from tagger.files import StrPath, absolute, in_an_existing_folder, named_path
from tagger.genre_names import MODELS_OWN, GenreNames
from tagger.genre_words import NOTHING, Words
from tagger.model_choice import answering_model, asked_by, fitted, require_some, unknown_genres, warnings
from tagger.query import EVERYTHING, Query, TrackOrder
from tagger.store import SameSound, Statistics, Store, default_path, scan_lock
from tagger.types import Analysis, Track

if TYPE_CHECKING:
    from tagger.audit import Audit
    from tagger.compare import Comparison
    from tagger.compare import Observer as ComparisonObserver
    from tagger.correct import OwnersWords
    from tagger.learn import Learned, LearnSettings
    from tagger.model_card import ModelCard
    from tagger.pipeline.ingest import ScanCounts
    from tagger.pipeline.scan import Observer, ScanSettings
    from tagger.playlist import Plan, Playlist
    from tagger.predict import Predictor
    from tagger.tag_runs import (
        Planned,
        Restoring,
        Selection,
        TagPlan,
        TagSettings,
        UndoCounts,
        Verdicts,
        WriteCounts,
    )

LoadPredictor = Callable[["ModelCard"], "Predictor"]


class Library:
    """The files in some folders and the database of what models say of them; a context manager.

        with Library() as library:
            library.scan("~/Music")
            for track in library.tracks(genre="Jazz", order="energy"):
                print(track.energy, track.path)

    `database` is a file name; None is the one in the user data folder. `model` is the id or folder of
    the model that analyses and answers; None: the shipped one analyses, and that of the last scan answers.
    `configuration` holds for what an argument leaves open; none is read from a file unless you pass it
    (`tagger.configuration.read_configuration`). `device` is auto, cpu, cuda or mps. `load_predictor` may
    stand in for the loading of a model in this process; light ones (`ModelCard.is_light`) scan in workers.
    Methods that only read raise StoreError where there is no database yet. One thread may use it.
    """

    def __init__(
        self,
        database: StrPath | None = None,
        *,
        model: str | None = None,
        device: str = "auto",
        load_predictor: LoadPredictor | None = None,
        configuration: Configuration = NOT_CONFIGURED,
    ) -> None:
        self.configuration = configuration
        self.path = os.path.abspath(named_path(database)) if database else configuration.db or default_path()
        self._model = model or configuration.model
        self._device, self._load = device, load_predictor or partial(_load_predictor, device=device)
        self._store: Store | None = None

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; the next method opens it again."""
        if self._store:
            self._store.close()
            self._store = None

    @property
    def store(self) -> Store:
        """The database, opened at first use; for questions that `Library` has no method for."""
        if self._store is None:
            self._store = self._opened(create=False)
        return self._store

    def _opened(self, create: bool) -> Store:
        return Store.open(self.path, create, self.configuration.names, self.configuration.excluded)

    @cached_property
    def card(self) -> ModelCard:
        """The model that analyses. Raises ModelError where there is none of the name."""
        from tagger.model_card import DEFAULT_MODEL, load_card

        return load_card(self._model or DEFAULT_MODEL)

    @property
    def model(self) -> str:
        """The id of the model whose answers are given: the one named, else that of the last scan."""
        return answering_model(self.store, self._model)[0]

    # Analysing

    def scan(
        self, *paths: StrPath, settings: ScanSettings | None = None, observer: Observer | None = None
    ) -> ScanCounts:
        """Analyse every file at and beneath `paths` that is new or changed, and remember the answers.

        Without paths, those of the configured folders. Raises TaggerError without any, BusyError where
        another run holds the lock, ModelError, StoreError. Interrupted at any moment, the next scan goes on.
        """
        from tagger.pipeline.ingest import ScanCounts
        from tagger.pipeline.scan import Quiet, Scan, ScanSettings

        card, observer = self.card, observer or Quiet()
        names = tuple(map(named_path, paths)) or self.configuration.folders
        if not names:
            raise TaggerError("nothing to scan; name a file or a folder")
        roots = [absolute(name) for name in names]
        counts = ScanCounts()
        load = None if card.is_light(self._device) else partial(self._load, card)
        with self._exclusive(create=True) as store:
            if reason := store.back_up_if_due():
                observer.not_backed_up(reason)
            run = store.runs.begin("scan")
            observer.started(names, card.id, counts)
            cut_off = {"interrupted": 1}
            try:
                with in_an_existing_folder():
                    Scan(store, card, load, settings or ScanSettings(), counts, observer).run(roots)
                cut_off = {}
            finally:
                store.runs.end(run, counts.as_dict() | cut_off)
        return counts

    # Asking

    def tracks(
        self,
        query: Query | None = None,
        *,
        order: TrackOrder = "path",
        limit: int | None = None,
        no_album: bool = False,
        with_second: bool = False,
        with_words: bool = True,
        **filters: str | Sequence[str],
    ) -> Iterator[Track]:
        """Yield the tracks that a `Query` asks for, or filters by the names of the command line's options.

            library.tracks(genre=["Rock", "Metal"], energy="high", order="-energy")

        With `no_album`, genres are those of each track's own sound; `with_second` asks for the `second_genre`
        where none is sure. Without `with_words`, of all words a track has those that the filters ask for,
        and a key and a second tempo where a filter or the order asks for keys.
        Raises TaggerError for a filter that cannot be read, and an unknown genre or word.
        """
        model = self.model
        asked = fitted(asked_by(query, filters, order, limit, no_album), self.store, model)
        more = {"with_second": with_second, "with_keys": asked.is_about_keys, "with_words": with_words}
        return self.store.answers.tracks(asked, model=model, with_mood=True, **more)

    def warnings(self, query: Query | None = None) -> Iterator[str]:
        """Yield why answers can be fewer than expected, a line each: nothing of it is a fault.

        Another model has analysed more tracks, one of the query's paths holds no track, or no track has a
        tempo where it is asked for.
        """
        model, warning = answering_model(self.store, self._model)
        if warning:
            yield warning
        yield from unknown_genres(self.configuration.names, self.store, model)
        yield from warnings(query or EVERYTHING, self.store, model)

    def analysis(self, path: StrPath, *, no_album: bool = False) -> Analysis | None:
        """Give everything known of one file, `no_album` less its album's word; None where it is unscanned."""
        return self.store.answers.analysis(named_path(path), self.model, no_album)

    def statistics(self, query: Query | None = None, **filters: str | Sequence[str]) -> Statistics:
        """Count the tracks that a `Query` asks for, or filters as `tracks` takes them."""
        model = self.model
        return self.store.statistics(fitted(asked_by(query, filters), self.store, model), model)

    def learn(self, name: str, settings: LearnSettings | None = None) -> Learned:
        """Learn the owner's genres from stored embeddings, as the newest version of the model `name`.

        The rest is of the model that analyses. Raises TaggerError for too little to learn from, which says
        what is missing, and ModelError for a name that another model has.
        """
        from tagger.learn import LearnSettings, learn

        with self._exclusive() as store:
            return learn(store, name, self.card, settings or LearnSettings())

    def audit(self, query: Query | None = None, **filters: str | Sequence[str]) -> Audit:
        """Find where own genre and sound contradict each other; filters as `tracks` takes them."""
        from tagger.audit import audit

        return audit(self.store, self.model, asked_by(query, filters))

    def duplicates(self, *paths: StrPath) -> list[SameSound]:
        """Find the sounds that are in several files, one of them at or beneath `paths` (or anywhere).

        A file that was missing at the last scan does not count. Raises TaggerError for a genre in the place
        of a path.
        """
        places = tuple(map(named_path, paths))
        fitted(Query(paths=places), self.store, self.model)
        return self.store.duplicates(places)

    @property
    def corrections(self) -> OwnersWords:
        """What you say of sounds in the place of a model: `set`, `unset`, `all`, `export`, `take`."""
        from tagger.correct import OwnersWords

        return OwnersWords(self.store, self.model)

    def playlist(self, plan: Plan | None = None, **options: Any) -> Playlist:
        """Make the playlist of a `Plan`, or of the options of `tagger playlist`; write it to its `output`.

            library.playlist(genre="Rock", energy="high", minutes=45, output="loud.m3u8")

        Without an output nothing is written: the result has the `tracks` in playing order, and the `content`
        of a file. Raises TaggerError for options that are wrong or contradict each other.
        """
        from tagger.model_card import load_card
        from tagger.playlist import make_playlist, plan_by, write_output

        if plan is None:
            plan = plan_by(options, self.configuration.usual_playlist)
        elif options:
            raise TypeError("give a Plan or options, not both")

        predictor = cache(lambda: self._load(load_card(self.model)))  # once, for files that no scan has met
        analyse_now = partial(_analysed, model=self.model, load=lambda card: predictor())
        made = make_playlist(plan, self.store, self.model, analyse_now)
        if plan.output is not None:
            write_output(plan.output, plan.wanted_format, made.content)
        return made

    def report(self, output: StrPath | None = None, *, options: Sequence[str] = ()) -> bytes:
        """Make one page of the whole library, to look at in a browser; write it to `output`.

        `options`, such as `--db FILE`, stand in every command that the page offers. Raises TaggerError where
        a file is at `output` that is no report.
        """
        from tagger.files import replace_atomically
        from tagger.report import check_output, gather, page

        path = None if output is None else absolute(named_path(output))
        if path is not None:
            check_output(path)
        content = page(gather(self.store, self.model), path, options)
        if path is not None:
            replace_atomically(path, content)
        return content

    def compare(
        self,
        old: str,
        new: str,
        *paths: StrPath,
        limit: int = 200,
        observer: ComparisonObserver | None = None,
    ) -> Comparison:
        """Compare the answers of two models (ids or folders) on the tracks at and beneath `paths` (or all).

        At most `limit` tracks are analysed for it; nothing is stored. Raises TaggerError where the models
        cannot be compared.
        """
        from tagger.compare import compare_models, side_named
        from tagger.pipeline.scan import Quiet

        sides = side_named(old, self.store), side_named(new, self.store)
        observer, whole = observer or Quiet(), [absolute(path) for path in map(named_path, paths)]
        with in_an_existing_folder():
            return compare_models(self.store, sides, whole, limit, self._load, self._device, observer)

    # Tags

    def preview_tags(
        self,
        *paths: StrPath,
        settings: TagSettings,
        query: Query = EVERYTHING,
        plan: TagPlan | Verdicts | None = None,
        counts: WriteCounts | None = None,
        on_change: Callable[[Planned], None] = lambda planned: None,
    ) -> WriteCounts:
        """Count the files that `write_tags` would write, and give each to `on_change`; nothing is written.

        `tag_runs.plan_of` what `on_change` was given is the plan by which just that can be written then.
        """
        from tagger.tag_runs import WriteCounts, preview

        selection = self._selection(paths, query, plan, settings)
        counts = counts or WriteCounts()
        preview(self.store, selection, settings, counts, on_change)
        return counts

    def write_tags(
        self,
        *paths: StrPath,
        settings: TagSettings | None = None,
        query: Query = EVERYTHING,
        plan: TagPlan | Verdicts | None = None,
        counts: WriteCounts | None = None,
        on_progress: Callable[[], None] = lambda: None,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> WriteCounts:
        """Write the answers into the tags of the files at and beneath `paths` (or all).

        Of these, only the tracks that `query` asks for. With a `plan` (see `tag_runs.read_plan`) just what it
        has is written, with `Verdicts` what the owner has decided; of `settings` then holds only what is not
        about values. `counts` grow on the way; `undo` takes back `counts.run`. `is_stopped` is asked between
        batches. Raises BusyError where another run holds the lock.
        """
        from tagger.tag_runs import WriteCounts, write_tags

        settings, counts = settings or self.configuration.tag_settings, counts or WriteCounts()
        selection = self._selection(paths, query, plan, settings)
        with self._exclusive() as store:
            counts.run = store.runs.begin("write-tags")
            write_tags(store, counts.run, selection, settings, counts, on_progress, is_stopped=is_stopped)
            store.runs.end(counts.run, counts.as_dict())
        return counts

    def preview_undo(
        self,
        run: int | None = None,
        *,
        counts: UndoCounts | None = None,
        on_change: Callable[[Restoring], None] = lambda restoring: None,
    ) -> UndoCounts:
        """Count what `undo` would restore, and give each file to `on_change`; nothing is written.

        Raises TaggerError where there is nothing to take back.
        """
        from tagger.tag_runs import UndoCounts, preview_undo, run_to_undo

        counts = counts or UndoCounts()
        counts.run = run_to_undo(self.store, run)
        preview_undo(self.store, counts.run, counts, on_change)
        return counts

    def undo(
        self,
        run: int | None = None,
        *,
        counts: UndoCounts | None = None,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> UndoCounts:
        """Take back the tags that `run`, or the last run not yet undone, has written; `counts.run` names it.

        A field that somebody has changed since is left. Raises TaggerError where there is nothing to take
        back, BusyError where another run holds the lock.
        """
        from tagger.tag_runs import UndoCounts, run_to_undo, undo_tags

        counts = counts or UndoCounts()
        with self._exclusive() as store:
            counts.run = run_to_undo(store, run)
            undo_run = store.runs.begin("undo")
            undo_tags(store, undo_run, counts.run, counts, is_stopped)
            store.runs.end(undo_run, {"run": counts.run, **counts.as_dict()})
        return counts

    def recover(self) -> None:
        """Finish or clean up what an interrupted run left; every method that changes something begins so."""
        if not self.store.tag_changes.nothing_is_open():
            with self._exclusive():
                pass

    # Everything that changes something

    @contextmanager
    def _exclusive(self, create: bool = False) -> Iterator[Store]:
        """Hold the lock and give the store, after a run that was cut off is recovered."""
        if not create:
            _ = self.store  # a database that is missing is reported before a lock is laid beside it
        with scan_lock(self.path):
            if self._store is None:
                self._store = self._opened(create=True)
            if not self._store.tag_changes.nothing_is_open():
                from tagger.tag_runs import recover

                recover(self._store)
            yield self._store

    def _selection(
        self, paths: Sequence[StrPath], query: Query, plan: TagPlan | Verdicts | None, settings: TagSettings
    ) -> Selection:
        """The tracks whose tags are asked for. Raises TaggerError where nothing can be written at all."""
        from tagger.tag_runs import Selection

        model = self.model
        if plan is None and settings.policy.key == "never":  # a key is heard whatever the model
            require_some(self.store, model, settings.policy.allowed)
        asked = fitted(replace(query, order="path", limit=None), self.store, model)
        narrowed = replace(asked, paths=(), no_album=False) != EVERYTHING
        among = self.store.answers.ids(asked, model) if narrowed else None
        return Selection(model, tuple(map(named_path, paths)), among, plan, asked.no_album)


def analyse(
    path: StrPath, model: str | None = None, device: str = "auto", *, names: GenreNames = MODELS_OWN
) -> Analysis:
    """Analyse one file: genres, energy and tempo, for the track and by windows. Nothing is stored.

    `model` and `device` are those of `Library`, `names` the owner's for genres. Raises TaggerError where
    there is no such file or model, AudioError where the file holds no sound.

        analysis = tagger.analyse("song.mp3")
        print(analysis.prediction.genre, analysis.prediction.energy, analysis.prediction.bpm)
    """
    return names.of_analysis(_analysed(path, model, partial(_load_predictor, device=device), names.nothing))


def _analysed(path: StrPath, model: str | None, load: LoadPredictor, nothing: Words = NOTHING) -> Analysis:
    from tagger.model_card import DEFAULT_MODEL, load_card
    from tagger.pipeline.analyse import analyse_file

    card, whole = load_card(model or DEFAULT_MODEL), absolute(named_path(path))
    with in_an_existing_folder():
        return analyse_file(whole, card, lambda: load(card), nothing)


def _load_predictor(card: ModelCard, device: str) -> Predictor:
    from tagger.predict import Predictor

    return Predictor(card, device)
