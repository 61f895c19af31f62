"""A system without semaphores, temporary files or a working folder: a scan goes on by other means."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from tagger.files import AudioFile
from tagger.pipeline import executor, workers
from tagger.pipeline.extract import extract_features
from tagger.types import Failure, TrackFeatures
from tests.pipeline.test_workers import FOLDER, files_in
from tests.sounds import make_sound


@pytest.fixture
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container without /dev/shm."""

    def processes(jobs: int) -> Any:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(executor, "processes", processes)


def extract_slowly(file: AudioFile, model_folder: str, known_sounds: str | None) -> workers.Outcome:
    """Stands in for a drive that answers late."""
    if "-stuck" in file.path:
        time.sleep(5)
    return extract_features(file, model_folder)


@pytest.mark.usefixtures("no_processes")
@pytest.mark.parametrize("jobs", [1, 2])
def test_where_no_process_starts_threads_extract(tmp_path: Path, jobs: int) -> None:
    for i in range(5):
        make_sound(tmp_path / f"{i}.wav", seconds=0.5)
    (tmp_path / "text.mp3").write_text("not music")
    outcomes = list(workers.extract_all(files_in(tmp_path), FOLDER, None, jobs=jobs, ahead=3))
    extracted = [outcome for outcome in outcomes if isinstance(outcome, TrackFeatures)]
    assert sorted(Path(track.file.path).name for track in extracted) == [f"{i}.wav" for i in range(5)]
    (failure,) = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    assert Path(failure.path).name == "text.mp3"


@pytest.mark.usefixtures("no_processes")
def test_a_file_that_blocks_a_thread_is_named_and_the_others_are_extracted(tmp_path: Path) -> None:
    for name in ("0.wav", "1-stuck.wav", "2.wav"):
        make_sound(tmp_path / name, seconds=0.5)
    outcomes = list(
        workers.extract_all(
            files_in(tmp_path), FOLDER, None, jobs=1, ahead=4, work=extract_slowly, stuck_s=1.0
        )
    )
    (failure,) = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    assert Path(failure.path).name == "1-stuck.wav"
    assert len(outcomes) == 3


def test_threads_give_results_and_errors_as_processes_do() -> None:
    threads = executor.Threads(jobs=2)
    good: Future[int] = threads.submit(int, "7")
    bad: Future[int] = threads.submit(int, "x")
    assert good.result(timeout=5) == 7
    assert isinstance(bad.exception(timeout=5), ValueError)
    threads.shutdown()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_waits_until_a_worker_has_what_it_starts_with(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """A worker that is cut off before prints a traceback into what the program prints."""
    has_started: list[Future[int]] = []

    class Starting:
        def submit(self, work: Any, *arguments: Any) -> Future[int]:
            signal.raise_signal(number)
            has_started.append(Future())
            return has_started[0]

    monkeypatch.setattr(executor, "processes", lambda jobs: Starting())
    before = signal.signal(number, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            executor.Executor(1).submit(int, "7")
        assert len(has_started) == 1
        assert signal.getsignal(number) is signal.default_int_handler
        signal.signal(number, signal.SIG_IGN)
        assert executor.Executor(1).submit(int, "7") is has_started[0]
    finally:
        signal.signal(number, before)


@pytest.mark.skipif(os.name != "posix", reason="needs kill -9")
def test_of_a_program_that_is_killed_nothing_of_its_libraries_is_printed() -> None:
    """loky's tracker of resources outlives it, and would warn of what was left to clean up."""
    script = (
        "import os, signal\n"
        "from tagger.cli.terminal import silence_python\n"
        "from tagger.pipeline.executor import processes\n"
        "silence_python()\n"
        "processes(1).submit(os.getpid).result()\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=50)
    assert (ended.returncode, ended.stderr) == (-signal.SIGKILL, "")


@pytest.mark.skipif(os.name != "posix", reason="has masks of signals")
def test_a_worker_never_hears_ctrl_c_not_even_while_it_imports() -> None:
    """In a terminal it reaches all processes of the program."""
    script = (
        "import signal\n"
        "from tagger.pipeline.executor import Executor\n"
        "mask = signal.pthread_sigmask\n"
        "there = Executor(1).submit(mask, signal.SIG_BLOCK, ()).result()\n"
        "here = mask(signal.SIG_BLOCK, ())\n"
        "print(signal.SIGINT in there, signal.SIGTERM in there, signal.SIGINT in here)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=50)
    assert ended.stdout == "True False False\n", ended.stderr


def test_where_no_pipe_can_be_opened_threads_do_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """With few open files left, loky stumbles over its own clean-up."""

    class Full:
        def submit(self, work: Any, *arguments: Any) -> Future[int]:
            try:
                raise OSError(24, "Too many open files")
            finally:
                raise UnboundLocalError("cannot access local variable 'child_r'")

    monkeypatch.setattr(executor, "processes", lambda jobs: Full())
    assert executor.Executor(1).submit(int, "7").result(timeout=5) == 7


def test_without_a_place_for_temporary_files_there_is_no_table_and_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", refused)
    with workers.known_sounds_table(["0" * 32]) as table:
        assert table is None


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs kill -9")
def test_no_worker_outlives_a_program_that_is_killed_while_workers_start() -> None:
    """They hold the end of the pipe, which is read until the last of them has ended."""
    script = (
        "import os, signal, time\n"
        "from tagger.pipeline.executor import processes\n"
        "processes(2).submit(time.sleep, 0)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    speaking = {**os.environ, "TAGGER_DEBUG": "1"}
    ended = subprocess.run([sys.executable, "-c", script], env=speaking, capture_output=True, timeout=50)
    assert ended.returncode == -signal.SIGKILL
