"""The database of a library: one SQLite file, short transactions, readers beside a writer, one lock.

SQLite's errors become words for people here, and nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from types import TracebackType

from platformdirs import user_data_path

from tagger.excluded import NOTHING_EXCLUDED, Excluded
from tagger.genre_names import MODELS_OWN, GenreNames
from tagger.query import Query
from tagger.store.album_answers import AlbumAnswers
from tagger.store.answers import Answers
from tagger.store.backup import back_up_if_due
from tagger.store.corrections import Corrections
from tagger.store.database import Database, open_database, plain_errors
from tagger.store.duplicates import SameSound, duplicates
from tagger.store.heard_files import HeardFile, heard_files
from tagger.store.ignored import Ignored
from tagger.store.known_files import KnownFiles
from tagger.store.overview import Overview, overview
from tagger.store.rereads import Rereads
from tagger.store.rows import now
from tagger.store.runs import Runs
from tagger.store.statistics import Statistics, statistics
from tagger.store.tag_changes import TagChanges
from tagger.types import Analysis, Failure


class Store:
    """An open database; a context manager. One thread, the one that opened it, may use it.

    Every method raises StoreError, in one line that names the file and what to do, where SQLite cannot do
    its work, and BusyError where another program holds it for 30 s.

        with Store.open(default_path(), create=False) as store:
            print(store.answers.models())
    """

    def __init__(self, database: Database, names: GenreNames, excluded: Excluded) -> None:
        """Use `Store.open`."""
        self.database, self.names, self._excluded = database, names, excluded

    @classmethod
    def open(
        cls, path: str, create: bool, names: GenreNames = MODELS_OWN, excluded: Excluded = NOTHING_EXCLUDED
    ) -> Store:
        """Open the database at `path` and bring its tables up to date.

        With `create`, a missing file and its folder are made; without, a missing or empty file
        raises StoreError, and one that may not be written can still be read, also while others write.
        What comes out has the owner's `names` for genres; `excluded` files count as ignored.
        """
        return cls(open_database(path, create, names), names, excluded)

    @cached_property
    def files(self) -> KnownFiles:
        """The files that scans have met."""
        return KnownFiles(self.database)

    @cached_property
    def answers(self) -> Answers:
        """The answers of models to the tracks."""
        return Answers(self.database, self.names)

    @cached_property
    def corrections(self) -> Corrections:
        """What the owner said of sounds, in place of a model."""
        return Corrections(self.database)

    @cached_property
    def runs(self) -> Runs:
        """The commands that changed something."""
        return Runs(self.database)

    @cached_property
    def ignored(self) -> Ignored:
        """The files and folders that the owner wants left alone."""
        return Ignored(self.database, self._excluded)

    @cached_property
    def tag_changes(self) -> TagChanges:
        """The changes that were written into the files' own tags."""
        return TagChanges(self.database)

    @cached_property
    def rereads(self) -> Rereads:
        """Answers by other heads on stored embeddings."""
        return Rereads(self.database)

    @cached_property
    def albums(self) -> AlbumAnswers:
        """What albums say together."""
        return AlbumAnswers(self.database)

    @property
    def path(self) -> str:
        """The name of the file."""
        return self.database.path

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the store is of no use afterwards."""
        self.database.close()

    def record_batch(self, analyses: Sequence[Analysis], failures: Sequence[Failure]) -> None:
        """Store a batch of analyses and failures in one transaction, each path at most once.

        An answer replaces the model's earlier one and ends the path's failure; when the sound
        (`audio_id`) has changed, other models' answers go too. A failure leaves an earlier answer as it is.
        """
        at = now()
        with self.database.transaction() as connection:
            ids = self.files.put(connection, analyses, at)
            self.answers.put(connection, ids, [one.prediction for one in analyses], at)
            self.files.put_failures(connection, failures, at)

    def statistics(self, query: Query, model: str) -> Statistics:
        """Count what `query` asks for by the answers of `model`; failures and runs are those of all."""
        return statistics(self.database, query, model, self.names)

    def overview(self, model: str) -> Iterator[Overview]:
        """Yield every track with all that a report shows of it, by its path, by the answers of `model`."""
        return overview(self.database, model, self.names)

    def duplicates(self, paths: Sequence[str] = ()) -> list[SameSound]:
        """Find the sounds that are in several files, one of them at or beneath `paths` (or anywhere)."""
        return duplicates(self.database, paths)

    def heard_files(self, trunk: str, size: int) -> Iterator[HeardFile]:
        """Yield the files with an embedding of `trunk`, of `size` numbers, and the owner's words for them."""
        return heard_files(self.database, trunk, size, self.names.nothing)

    def back_up_if_due(self) -> str | None:
        """Copy the database to `<path>.bak` if that is older than a week; give the reason if it could not be.

        The caller holds the lock. 80,000 tracks take about a second; before the first track
        there is nothing to copy. Raises StoreError where the database is damaged; the last copy stays.
        """
        with plain_errors(self.path):
            return back_up_if_due(self.database.connection, self.path)


def default_path() -> str:
    """Give the place of the database unless the owner says otherwise: the platform's user-data folder."""
    return os.fspath(user_data_path("tagger") / "tagger.db")
