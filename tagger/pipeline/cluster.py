"""Analyse files on the workers of a Dask cluster: they decode, extract and predict, and answers travel back.

https://distributed.dask.org. The database stays here. A chunk of files is a task; a chunk on which workers
died is taken apart, so that the file that kills them is known by name.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import threading
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from tagger import __version__
from tagger.errors import TaggerError
from tagger.files import AudioFile
from tagger.pipeline.workers import Outcome
from tagger.types import (
    Analysis,
    Failure,
    Identified,
    OwnersWord,
    OwnTags,
    Prediction,
    Recording,
    WindowAnswer,
)

if TYPE_CHECKING:
    from distributed import Client, Future

    from tagger.model_card import ModelCard

LOCAL = "local"
"""In the place of an address: a cluster of this computer's cores, for the time of the scan."""

CHUNK = 16
"""Files of one task: a second of work. One client and its scheduler take 1,600 answers a second of a core in
chunks of 8, 2,200 in chunks of 16, 3,000 in chunks of 32; where a worker dies, a chunk is tried again."""

CHUNKS_PER_THREAD = 3
"""That are under way: one at work, one that waits with the worker, one whose answers travel."""

CONNECT_S = 15
"""How long the scheduler has to answer."""

DEATHS = 1
"""Of workers after which a task of our own cluster is not tried again; another cluster has its own number."""

_MODEL_FILES = ("model.json", "model.safetensors")
_NAME = "tagger-model-"
_TRAVELLING = (
    *(Analysis, AudioFile, Failure, Identified),
    *(OwnersWord, OwnTags, Prediction, Recording, WindowAnswer),
)
"""What answers are made of: their values travel without names, so both sides must have the same fields."""

PathMap = Sequence[tuple[str, str]]
"""(folder here, the same folder there)."""

Work = Callable[[str, Sequence[AudioFile]], "list[Outcome]"]
"""What a worker does with a model, by the name of its folder there, and files."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cluster is: its address, the number of its worker threads, and the page to look on."""

    address: str
    n_threads: int
    dashboard: str


class Cluster:
    """A connection to a Dask cluster, with the model on its workers; a context manager.

    `path_map` says how workers see what is here; `work` is what they do, `analyse_there` unless said. Raises
    TaggerError where Dask is not installed or does not answer, where a worker has another Python or tagger,
    and where it does not see one of `roots`.
    """

    def __init__(
        self,
        address: str,
        card: ModelCard,
        path_map: PathMap = (),
        roots: Sequence[str] = (),
        work: Work | None = None,
    ) -> None:
        self._path_map = sorted(path_map, key=lambda pair: -len(pair[0]))
        self._work = work or analyse_there
        self._own: Any = None
        self._address = address
        self._client = self._connected(address)
        try:
            self._check([self._there(root) for root in roots])
            self._model = _shared_model(self._client, card)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def place(self) -> Place:
        """Where it is."""
        client = self._client
        return Place(self._address, self._n_threads(), str(client.dashboard_link or ""))

    def close(self) -> None:
        """Let go of the cluster; one of our own ends."""
        with suppress(Exception):
            self._client.close(timeout=5)
        if self._own is not None:
            with suppress(Exception):
                self._own.close(timeout=10)

    def analyse_all(
        self, files: Iterable[AudioFile], on_end: Callable[[AudioFile], None] = lambda file: None
    ) -> Iterator[Outcome]:
        """Analyse `files` on the workers; yield analyses and failures as they come, in any order.

        A bounded number of files is under way. Work of a worker that dies is done by another; a file on which
        workers keep dying becomes a Failure. Raises TaggerError where the scheduler is lost: what has come
        until then holds.
        """
        from distributed import as_completed

        files = iter(files)
        pending: dict[Future[Any], list[AudioFile]] = {}
        done = as_completed([], loop=self._client.loop)
        suspects = set[str]()
        try:
            while True:
                while len(pending) < self._most_under_way() and (chunk := [*islice(files, CHUNK)]):
                    self._submit(chunk, pending, done)
                if not pending:
                    return
                future = next(done)
                chunk = pending.pop(future)
                outcomes = self._outcomes(future, chunk, suspects)
                if outcomes is None:  # one of them kills its worker, or was there when something else did
                    suspects.update(file.path for file in chunk[: len(chunk) == 1])
                    for file in chunk:
                        self._submit([file], pending, done)
                    continue
                for file, outcome in zip(chunk, outcomes, strict=True):
                    on_end(file)
                    yield _as_here(outcome, file)
        finally:
            if pending:
                with suppress(Exception):
                    self._client.cancel(list(pending), force=True)

    def _submit(self, chunk: list[AudioFile], pending: dict[Future[Any], list[AudioFile]], done: Any) -> None:
        there = [replace(file, path=self._there(file.path)) for file in chunk]
        try:
            future = self._client.submit(self._work, self._model, there, pure=False)
        except Exception as error:
            raise _lost(error) from None
        pending[future] = chunk
        done.add(future)

    def _outcomes(
        self, future: Future[Any], chunk: Sequence[AudioFile], suspects: Container[str]
    ) -> Sequence[Outcome] | None:
        """The outcomes of a chunk; None where its files have to be tried again, each alone."""
        from distributed.scheduler import KilledWorker

        try:
            found: Sequence[Outcome] = future.result()
            return found
        except KilledWorker:
            (file, *others) = chunk
            if others or file.path not in suspects:
                return None
            reason = "crashed the workers that tried it, or needed more memory; re-encode or replace the file"
            return [Failure(file.path, "decode", reason, file.size, file.mtime_ns)]
        except TaggerError:
            raise
        except ImportError as error:
            raise TaggerError(
                f"a Dask worker cannot load a library ({error}); install this tagger there"
            ) from None
        except Exception as error:
            raise _lost(error) from None

    def _most_under_way(self) -> int:
        return CHUNKS_PER_THREAD * max(1, self._n_threads())

    def _n_threads(self) -> int:
        try:
            by_worker: dict[str, int] = self._client.nthreads()
        except Exception as error:
            raise _lost(error) from None
        return sum(by_worker.values())

    def _there(self, path: str) -> str:
        for here, there in self._path_map:
            if path == here or path.startswith(here.rstrip(os.sep) + os.sep):
                return there.rstrip("/") + path[len(here.rstrip(os.sep)) :]
        return path

    def _connected(self, address: str) -> Client:
        try:
            from distributed import Client, LocalCluster
        except ImportError:
            raise TaggerError("--dask needs Dask; pip install 'music-tagger[cluster]'") from None
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # a lost worker is no news for a person
        try:
            if address != LOCAL:
                return Client(address, timeout=CONNECT_S, set_as_default=False)
            from tagger.pipeline.scan import n_cores

            self._own = LocalCluster(
                n_workers=n_cores(),
                threads_per_worker=1,
                dashboard_address=":0",
                silence_logs=logging.CRITICAL,
            )
            self._own.scheduler.allowed_failures = DEATHS
            self._address = str(self._own.scheduler_address)
            return Client(self._own, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise TaggerError(
                f"--dask {address}: no scheduler answers ({error}); start one with `dask scheduler`"
            ) from None

    def _check(self, roots: Sequence[str]) -> None:
        """Raise TaggerError where there is no worker, or one that cannot do the work."""
        try:
            self._client.wait_for_workers(1, timeout=CONNECT_S)
            found: Mapping[str, Any] = self._client.run(facts, list(roots))
        except TimeoutError:
            raise TaggerError("the Dask scheduler has no worker; start some with `dask worker`") from None
        except Exception as error:
            raise TaggerError(
                f"a Dask worker cannot begin ({type(error).__name__}: {error}); install this tagger there"
            ) from None
        ours = facts([])
        for worker, theirs in found.items():
            for name in ("tagger", "python"):
                if theirs[name] != ours[name]:
                    raise TaggerError(
                        f"worker {worker} has {name} {theirs[name]}, this computer has {ours[name]}; "
                        "install the same there"
                    )
            if theirs.get("answers") != ours["answers"]:
                raise TaggerError(
                    f"worker {worker} has another tagger {ours['tagger']}, whose answers say other things; "
                    "install the same there"
                )
            if theirs["unseen"]:
                raise TaggerError(
                    f"worker {worker} does not see {theirs['unseen'][0]}; mount it there, or give --path-map"
                )


def _lost(error: Exception) -> TaggerError:
    return TaggerError(
        f"the Dask cluster was lost ({type(error).__name__}: {error}); what was analysed is stored, "
        "and the next scan goes on"
    )


def facts(roots: Sequence[str]) -> dict[str, Any]:
    """Tell what a worker is: its versions, what its answers say, and which of `roots` it does not see."""
    python = ".".join(platform.python_version_tuple()[:2])
    unseen = [root for root in roots if not os.path.exists(root)]
    answers = [[one.__name__, *(field.name for field in fields(one))] for one in _TRAVELLING]
    return {"tagger": __version__, "python": python, "answers": answers, "unseen": unseen}


def analyse_there(model: str, files: Sequence[AudioFile]) -> list[Outcome]:
    """Analyse files on a worker with the model that was sent to it by that name."""
    from distributed import get_worker

    from tagger.pipeline.extract import analyse_features, extract_features

    folder = os.path.join(get_worker().local_directory, model)
    if not os.path.exists(os.path.join(folder, _MODEL_FILES[-1])):
        raise TaggerError(f"worker {get_worker().address} has not got the model; scan again")
    outcomes: list[Outcome] = []
    for file in files:
        features = extract_features(file, folder)
        with _ONE_AT_A_TIME:
            outcomes.append(analyse_features(features, folder))
    return outcomes


_ONE_AT_A_TIME = threading.Lock()
"""A predictor is not to be shared between threads, of which a worker may have several."""


def _shared_model(client: Client, card: ModelCard) -> str:
    """Send the model to all workers, and to those that come later; give the name of its folder there."""
    from distributed.diagnostics.plugin import WorkerPlugin

    files = {}
    for name in _MODEL_FILES:
        with open(os.path.join(card.folder, name), "rb") as file:
            files[name] = file.read()
    folder = _NAME + hashlib.sha256(b"".join(files.values())).hexdigest()[:16]

    class Model(WorkerPlugin):
        """Writes the model where the worker keeps its files, when the worker begins."""

        name = folder

        def setup(self, worker: Any) -> None:
            target = os.path.join(worker.local_directory, folder)
            os.makedirs(target, exist_ok=True)
            for name, content in files.items():
                with open(os.path.join(target, f"{name}.new"), "wb") as file:
                    file.write(content)
                os.replace(file.name, os.path.join(target, name))

    client.register_plugin(Model())
    return folder


def _as_here(outcome: Outcome, file: AudioFile) -> Outcome:
    """The outcome with the name and state that the file has on this computer."""
    if isinstance(outcome, Failure):
        return replace(outcome, path=file.path, size=file.size, mtime_ns=file.mtime_ns)
    return replace(outcome, file=file)
