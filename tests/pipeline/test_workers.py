import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tagger.files import AudioFile
from tagger.model_card import DEFAULT_MODEL, load_card
from tagger.pipeline import executor, workers
from tagger.pipeline.extract import extract_features
from tagger.types import Analysis, Failure, TrackFeatures
from tests.sounds import make_sound

FOLDER = load_card(DEFAULT_MODEL).folder


def extract_or_die(file: AudioFile, model_folder: str, known_sounds: str | None) -> workers.Outcome:
    """Stands in for a codec that crashes on one file."""
    if "-killer" in file.path:
        os.kill(os.getpid(), signal.SIGKILL)
    return extract_features(file, model_folder)


def analyse_or_die(file: AudioFile, model_folder: str, known_sounds: str | None) -> workers.Outcome:
    """Stands in for the same where a scan meets it."""
    extract_or_die(file, model_folder, known_sounds)
    return workers.analyse(file, model_folder, known_sounds)


def die(*arguments: object) -> workers.Outcome:
    """Stands in for a system on which no worker lives."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def extract_or_hang(file: AudioFile, model_folder: str, known_sounds: str | None) -> workers.Outcome:
    """Stands in for a drive that answers no more."""
    if "-stuck" in file.path:
        time.sleep(600)
    return extract_features(file, model_folder)


def extract_or_eat(file: AudioFile, model_folder: str, known_sounds: str | None) -> workers.Outcome:
    """Stands in for a file whose header asks for absurd buffers."""
    if "-bomb" in file.path:
        try:
            np.ones(1 << 31, np.float64)
        except MemoryError:
            return Failure(file.path, "decode", "out of memory")
    return extract_features(file, model_folder)


def modules_of_the_worker(file: AudioFile, model_folder: str, known_sounds: str | None) -> list[str]:
    import sys

    return sorted(sys.modules)


def analyse_and_name_modules(
    file: AudioFile, model_folder: str, known_sounds: str | None
) -> tuple[workers.Outcome, list[str]]:
    import sys

    return workers.analyse(file, model_folder, known_sounds), sorted(sys.modules)


def files_in(folder: Path) -> list[AudioFile]:
    return [
        AudioFile(str(path), path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(folder.iterdir())
    ]


def test_each_file_has_one_outcome(tmp_path: Path) -> None:
    for i in range(5):
        make_sound(tmp_path / f"{i}.wav", seconds=0.5)
    (tmp_path / "text.mp3").write_text("not music")
    outcomes = list(workers.extract_all(files_in(tmp_path), FOLDER, None, jobs=2, ahead=3))
    extracted = [outcome for outcome in outcomes if isinstance(outcome, TrackFeatures)]
    assert sorted(Path(track.file.path).name for track in extracted) == [f"{i}.wav" for i in range(5)]
    (failure,) = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    assert (Path(failure.path).name, failure.stage) == ("text.mp3", "decode")
    assert failure.size == 9


def test_files_are_taken_no_further_ahead_than_asked(tmp_path: Path) -> None:
    make_sound(tmp_path / "a.wav", seconds=0.2)
    (file,) = files_in(tmp_path)
    taken = 0

    def endless():  # type: ignore[no-untyped-def]
        nonlocal taken
        while True:
            taken += 1
            yield file

    outcomes = workers.extract_all(endless(), FOLDER, None, jobs=2, ahead=4)
    for _ in range(3):
        next(outcomes)
    assert taken <= 4 + 3
    outcomes.close()


@pytest.mark.slow
def test_a_file_that_kills_its_worker_is_named_and_the_others_are_extracted(
    tmp_path: Path,
) -> None:
    for i in range(6):
        make_sound(tmp_path / f"{i}{'-killer' if i in (2, 4) else ''}.wav", seconds=0.5)
    outcomes = list(
        workers.extract_all(files_in(tmp_path), FOLDER, None, jobs=2, ahead=4, work=extract_or_die)
    )
    failed = {Path(o.path).name: o.reason for o in outcomes if isinstance(o, Failure)}
    assert failed.keys() == {"2-killer.wav", "4-killer.wav"}
    assert all("crashed the decoder" in reason for reason in failed.values())
    assert len(outcomes) == 6


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_blocks_its_worker_is_named_and_the_others_are_extracted(
    tmp_path: Path, jobs: int
) -> None:
    for name in ("0.wav", "1-stuck.wav", "2.wav"):
        make_sound(tmp_path / name, seconds=0.5)
    outcomes = list(
        workers.extract_all(
            files_in(tmp_path), FOLDER, None, jobs=jobs, ahead=4, work=extract_or_hang, stuck_s=3.0
        )
    )
    (failure,) = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    assert Path(failure.path).name == "1-stuck.wav"
    assert "not read after 3 s" in failure.reason
    assert len(outcomes) == 3


@pytest.mark.slow
def test_an_interrupted_scan_does_not_wait_for_a_file_that_blocks_its_worker(tmp_path: Path) -> None:
    make_sound(tmp_path / "1-stuck.wav", seconds=0.5)
    program = tmp_path / "scan.py"
    program.write_text(
        "import os, signal, sys, threading\n"
        "from tests.pipeline.test_workers import FOLDER, extract_or_hang, files_in, workers\n"
        "from pathlib import Path\n"
        "if __name__ == '__main__':\n"
        "    signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "    threading.Timer(6.0, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "    files = [file for file in files_in(Path(sys.argv[1])) if file.path.endswith('.wav')]\n"
        "    work = extract_or_hang  # four seconds beside others, then alone, where Ctrl-C comes\n"
        "    [*workers.extract_all(files, FOLDER, None, jobs=1, ahead=4, work=work, stuck_s=4.0)]\n"
    )
    command = [sys.executable, str(program), str(tmp_path)]
    ended = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, timeout=60, capture_output=True
    )
    assert ended.stderr.rstrip().endswith(b"KeyboardInterrupt")


def test_an_interruption_ends_a_worker_that_is_blocked_also_while_other_files_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of the program would wait for it."""
    monkeypatch.setattr(workers, "GRACE_S", 0.2)
    for name in ("0.wav", *(f"{i}-stuck.wav" for i in range(1, 12))):
        make_sound(tmp_path / name, seconds=0.2)
    executor.end_processes()  # those of other tests, of which some may take a moment to end
    others = worker_processes()
    outcomes = workers.extract_all(files_in(tmp_path), FOLDER, jobs=1, ahead=12, work=extract_or_hang)
    next(outcomes)
    assert len(worker_processes() - others) == 1
    outcomes.close()
    assert worker_processes() - others == set()


def worker_processes() -> set[int]:
    """The numbers of the worker processes that live."""
    children = multiprocessing.active_children()
    return {child.pid or 0 for child in children if child.name.startswith("LokyProcess")}


@pytest.mark.skipif(
    sys.platform != "linux", reason="memory is limited by RLIMIT_DATA, which Linux alone enforces"
)
def test_a_memory_bomb_fails_by_itself(tmp_path: Path) -> None:
    for name in ("0.wav", "1-bomb.wav", "2.wav"):
        make_sound(tmp_path / name, seconds=0.5)
    outcomes = list(
        workers.extract_all(files_in(tmp_path), FOLDER, None, jobs=1, ahead=4, work=extract_or_eat)
    )
    (failure,) = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    assert failure.reason == "out of memory"
    assert len(outcomes) == 3


def test_a_file_is_reported_when_its_worker_has_ended_with_it(tmp_path: Path) -> None:
    """Not when the caller comes to it: he may be loading a model for seconds."""
    for i in range(6):
        make_sound(tmp_path / f"{i}.wav", seconds=0.2)
    ended: list[str] = []
    outcomes = workers.extract_all(
        files_in(tmp_path), FOLDER, jobs=1, ahead=6, on_end=lambda file: ended.append(file.path)
    )
    next(outcomes)
    for _ in range(300):
        if len(ended) == 6:
            break
        time.sleep(0.1)
    assert sorted(ended) == [str(tmp_path / f"{i}.wav") for i in range(6)]
    assert len(list(outcomes)) == 5


def test_what_no_worker_has_begun_with_is_left_when_time_is_up(tmp_path: Path) -> None:
    for i in range(40):
        make_sound(tmp_path / f"{i}.wav", seconds=0.2)
    left: list[AudioFile] = []
    extracted: list[AudioFile] = []
    outcomes = list(
        workers.extract_all(
            files_in(tmp_path),
            FOLDER,
            jobs=1,
            ahead=40,
            on_end=extracted.append,
            is_spent=lambda: len(extracted) >= 3,
            on_left=left.append,
        )
    )
    assert 3 <= len(outcomes) <= 8  # those that loky had handed to its worker already
    assert len(outcomes) + len(left) == 40


def test_workers_import_neither_torch_nor_sqlite(tmp_path: Path) -> None:
    make_sound(tmp_path / "a.wav", seconds=0.2)
    (modules,) = workers.extract_all(
        files_in(tmp_path), FOLDER, None, jobs=1, ahead=1, work=modules_of_the_worker
    )
    assert not {"torch", "sqlite3", "librosa"} & set(modules)  # type: ignore[arg-type]


def test_workers_predict_without_pytorch_and_no_more_of_them_start_than_there_are_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_sound(tmp_path / "a.wav", seconds=0.5)
    make_sound(tmp_path / "b.wav", seconds=0.7)
    asked: list[int] = []
    start = executor.processes

    def processes(jobs: int) -> Any:
        asked.append(jobs)
        return start(jobs)

    monkeypatch.setattr(executor, "processes", processes)
    answers = list(
        workers.extract_all(files_in(tmp_path), FOLDER, jobs=5, ahead=9, work=analyse_and_name_modules)  # type: ignore[arg-type]
    )
    assert set(asked) == {2}
    for answer, modules in answers:  # type: ignore[misc]
        assert isinstance(answer, Analysis) and sum(answer.prediction.genres.values()) == pytest.approx(1)
        assert not {"torch", "sqlite3", "scipy.fft"} & set(modules)


def test_no_process_starts_where_there_is_nothing_to_extract(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "processes", lambda jobs: pytest.fail("started"))
    assert list(workers.extract_all([], FOLDER, None, jobs=2, ahead=4)) == []


def test_a_sound_whose_name_is_damaged_is_not_known_and_the_others_are() -> None:
    names = ["0" * 31 + "1", "loud", "", "-1", "f" * 32]
    with workers.known_sounds_table(names) as table:
        assert table is not None
        known = [name for name in names if workers.is_listed(table, name)]
    assert known == ["0" * 31 + "1", "f" * 32]


@pytest.mark.skipif(os.name != "posix", reason="there no file is removed that is open")
def test_the_table_of_a_killed_scan_is_removed_by_the_next_and_that_of_a_running_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    killed, foreign = tmp_path / "tagger-killed", tmp_path / "tagger-mine"
    for folder in (killed, foreign):
        folder.mkdir()
        (folder / "known-sounds.npy").write_bytes(b"x")
    (foreign / "notes").write_text("mine")
    with workers.known_sounds_table(["0" * 32]) as running, workers.known_sounds_table(["1" * 32]) as table:
        workers.remove_stale_tables()
        assert running and table
        assert workers.is_listed(running, "0" * 32)
        assert not killed.exists()
    assert sorted(os.listdir(tmp_path)) == ["tagger-mine"]
    assert sorted(os.listdir(foreign)) == ["known-sounds.npy", "notes"]
