"""Where files are worked on: in worker processes, or in threads where the system gives no processes."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, TypeVar

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Every core has a worker of its own; libraries that start threads beside them only slow it down."""

NOT_FROM_HERE = {"PYTHONSAFEPATH": "1"}
"""Workers import nothing that lies in the current folder, which may hold anybody's music, and more."""

MAX_DATA_BYTES = 3 << 30
"""Memory that one worker may take; a file that wants more fails by itself instead of ending the run."""

T = TypeVar("T")


class Executor:
    """Runs work in `jobs` processes that are kept for the next one who asks; the executor behind is loky's.

    Processes need semaphores (on Linux in `/dev/shm`, which some containers lack) and room below the limits
    of the user. Where they do not start, threads do the work: a little slower, and a file that crashes the
    decoder then ends the program.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = self._n_now = jobs
        self._threads: Threads | None = None

    def submit(self, work: Callable[..., T], *arguments: Any, alone: bool = False) -> Future[T]:
        """Give the future of `work(*arguments)`; `alone`: in the only process that there is."""
        if self._threads is None:
            self._n_now = 1 if alone else self._jobs
            try:
                with _uninterrupted():
                    future: Future[T] = processes(self._n_now).submit(work, *arguments)
                return future
            except (OSError, ImportError):
                self._threads = Threads(self._jobs)
            except UnboundLocalError as error:  # loky's own, behind an OSError: no pipe could be opened
                if not isinstance(error.__context__, OSError):
                    raise
                self._threads = Threads(self._jobs)
        return self._threads.submit(work, *arguments)

    def shutdown(self, *, kill: bool) -> None:
        """End the workers; with `kill` also those that are under way. The next `submit` starts others."""
        if self._threads is None:
            # With the number that there is: to change it, loky would wait for the very file that blocks.
            executor = processes(self._n_now)
            workers = list(executor._processes.values())
            executor.shutdown(wait=True, kill_workers=kill)
            if kill:  # the thread of loky that does it fails where a future was cancelled, and kills none
                _end(workers)
        else:
            self._threads.shutdown()
            self._threads = Threads(self._jobs)


class Threads:
    """Runs work in up to `jobs` threads, none of which the end of the program waits for."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._waiting: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._n_started = 0

    def submit(self, work: Callable[..., T], *arguments: Any) -> Future[T]:
        """Give the future of `work(*arguments)`."""
        future: Future[T] = Future()
        self._waiting.put(lambda: _do(future, work, arguments))
        if self._n_started < self._jobs:
            self._n_started += 1
            threading.Thread(target=self._run, daemon=True).start()
        return future

    def shutdown(self) -> None:
        """Let each thread end after what it is doing; nobody waits for it."""
        for _ in range(self._n_started):
            self._waiting.put(None)

    def _run(self) -> None:
        while task := self._waiting.get():
            task()


def processes(jobs: int) -> Any:
    """Give the running executor of loky, or a new one where there is none or the last one broke."""
    from loky import get_reusable_executor

    executor = get_reusable_executor(
        max_workers=jobs,
        timeout=60,
        env=ONE_THREAD | NOT_FROM_HERE,
        initializer=_start,
        initargs=(os.getpid(),),
        kill_workers=True,
    )
    _KEPT[:] = [executor]
    return executor


def end_processes() -> None:
    """End the workers that are kept, at the end of a program: to wait for them takes a tenth of a second."""
    while _KEPT:
        _KEPT.pop().shutdown(wait=True, kill_workers=True)


_KEPT: list[Any] = []
"""The executor of the workers that are running, if any."""


def _end(workers: Iterable[Any]) -> None:
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait until the end of the block.

    A worker that is cut off before it has what it starts with prints a traceback into what we print. So does
    one that Ctrl-C itself reaches while it imports: it inherits that this signal is blocked.
    """
    came: list[int] = []
    if sys.platform != "win32":
        from multiprocessing import resource_tracker

        resource_tracker.ensure_running()  # as loky does; its start would unblock
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    handlers: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():  # no other one may set handlers
        for number in (signal.SIGINT, signal.SIGTERM):
            if (handler := signal.getsignal(number)) not in (None, signal.SIG_IGN):
                handlers[number] = handler
                signal.signal(number, lambda one, _: came.append(one))
    try:
        yield
    finally:
        if sys.platform != "win32":
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)  # what has come meanwhile, comes now
        for one, handler in handlers.items():
            signal.signal(one, handler)
        for one in came:
            signal.raise_signal(one)


def _do(future: Future[T], work: Callable[..., T], arguments: tuple[Any, ...]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work(*arguments))
    except Exception as error:
        future.set_exception(error)


def _start(parent: int) -> None:
    """Sets up a worker process: Ctrl-C reaches the whole group, and only the main process answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(ONE_THREAD)
    if not os.environ.get("TAGGER_DEBUG"):
        _be_quiet()
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MAX_DATA_BYTES, MAX_DATA_BYTES))
    if os.name == "posix":  # Windows names the parent that a process once had
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _be_quiet() -> None:
    """Send what libraries print nowhere: what a worker has to say, it returns."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.close(null)


def _end_with(parent: int) -> None:
    """Ends this worker when its parent is gone: after a `kill -9` nobody else would.

    The parent says its number itself: it may be gone before the worker could ask for it.
    """
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
