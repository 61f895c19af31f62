"""A scan on a Dask cluster: real schedulers and workers on loopback, which are killed."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import tagger
from tagger.errors import TaggerError
from tagger.files import AudioFile
from tagger.model_card import load_card
from tagger.pipeline import cluster
from tagger.pipeline.cluster import Cluster, analyse_there
from tagger.pipeline.scan import Observer, ScanSettings, is_in_shard
from tagger.types import Analysis, Failure
from tests.sounds import make_sound

pytest.importorskip("distributed", reason="Dask is not installed (extra cluster)")
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


class Dask:
    """A scheduler and its workers, each a process without a nanny, so that a killed one stays dead."""

    def __init__(self, folder: Path, allowed_failures: int = 3) -> None:
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(allowed_failures),
        }
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.workers: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        import json

        while not self.file.exists():
            time.sleep(0.1)
        return str(json.loads(self.file.read_text())["address"])

    def add_workers(self, n: int) -> None:
        address = self.address
        options = ("--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", str(self.folder))
        self.workers += [self._start("worker", address, *options) for _ in range(n)]

    def kill_one(self) -> None:
        alive = [worker for worker in self.workers if worker.poll() is None]
        random.choice(alive).send_signal(signal.SIGKILL)
        self.add_workers(1)

    def end(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def _start(self, kind: str, *arguments: str) -> "subprocess.Popen[bytes]":
        of_scheduler = ("--scheduler-file", str(self.file)) if kind == "scheduler" else ()
        command = [sys.executable, "-m", "dask", kind, *arguments, *of_scheduler]
        return subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dask]:
    running = Dask(tmp_path_factory.mktemp("dask"))
    running.add_workers(2)
    yield running
    running.end()


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    noise = np.random.default_rng(0)
    for n in range(24):
        samples = noise.normal(0, 0.1, (1, 44_100)) * np.linspace(0.1, 1 + n, 44_100)
        make_sound(folder / f"{n}.flac", samples=samples.astype(np.float32))
    (folder / "text.mp3").write_text("no music")
    return folder


def files_in(folder: Path) -> list[AudioFile]:
    return [AudioFile(str(path), path.stat().st_size, 0) for path in sorted(folder.iterdir())]


def analyse_or_die(model: str, files: Sequence[AudioFile]) -> "list[object]":
    """Stands in for a codec that crashes on one file."""
    if any(os.path.basename(file.path) == "7.flac" for file in files):
        os.kill(os.getpid(), signal.SIGKILL)
    return [*analyse_there(model, files)]


def analyse_slowly(model: str, files: Sequence[AudioFile]) -> "list[object]":
    time.sleep(0.3)
    return [*analyse_there(model, files)]


def test_a_cluster_gives_the_answers_that_a_computer_alone_gives(
    dask: Dask, music: Path, tmp_path: Path
) -> None:
    answers = []
    for name, settings in (("far", ScanSettings(dask=dask.address)), ("alone", ScanSettings(jobs=1))):
        with tagger.Library(str(tmp_path / f"{name}.db")) as library:
            counts = library.scan(str(music), settings=settings)
            assert (counts.analysed, counts.failed, counts.found) == (24, 1, 25)
            answers.append([*library.tracks()])
            again = library.scan(str(music), settings=settings)
            assert (again.analysed, again.unchanged) == (0, 24)
    assert [track.genre for track in answers[0]] == [track.genre for track in answers[1]]
    assert [track.energy for track in answers[0]] == pytest.approx([t.energy for t in answers[1]], abs=5e-3)
    assert [track.audio_id for track in answers[0]] == [track.audio_id for track in answers[1]]


def test_workers_that_are_killed_lose_nothing_and_repeat_nothing(dask: Dask, music: Path) -> None:
    files = [AudioFile(f.path, f.size, n) for n in range(8) for f in files_in(music)]
    outcomes = []
    with Cluster(dask.address, load_card("small"), work=analyse_slowly) as far:  # type: ignore[arg-type]
        for outcome in far.analyse_all(files):
            outcomes.append(outcome)
            if len(outcomes) % 40 == 20:  # five times, and none before the last one was got over
                dask.kill_one()
    assert sorted(
        (one_file(o), o.mtime_ns if isinstance(o, Failure) else o.file.mtime_ns) for o in outcomes
    ) == sorted((file.path, file.mtime_ns) for file in files)
    assert {os.path.basename(o.path) for o in outcomes if isinstance(o, Failure)} == {"text.mp3"}


def one_file(outcome: object) -> str:
    return outcome.file.path if isinstance(outcome, Analysis) else outcome.path  # type: ignore[attr-defined]


def test_a_file_that_kills_its_workers_is_named_and_the_others_are_analysed(
    tmp_path: Path, music: Path
) -> None:
    own = Dask(tmp_path, allowed_failures=1)
    stop = threading.Event()

    def revive() -> None:
        while not stop.wait(0.5):
            own.add_workers(sum(worker.poll() is None for worker in own.workers) < 2)

    own.add_workers(2)
    reviver = threading.Thread(target=revive)
    try:
        with Cluster(own.address, load_card("small"), work=analyse_or_die) as far:  # type: ignore[arg-type]
            reviver.start()
            outcomes = [*far.analyse_all(files_in(music))]
    finally:
        stop.set()
        reviver.join()
        own.end()
    failed = {os.path.basename(o.path): o.reason for o in outcomes if isinstance(o, Failure)}
    assert failed.keys() == {"7.flac", "text.mp3"}
    assert failed["7.flac"].startswith("crashed the workers that tried it")
    assert len(outcomes) == 25


def test_workers_see_a_folder_where_they_have_mounted_it(dask: Dask, music: Path, tmp_path: Path) -> None:
    (tmp_path / "mnt").symlink_to(music)
    here = tmp_path / "here"
    card = load_card("small")
    with pytest.raises(TaggerError, match=r"does not see .*here; mount it there, or give --path-map"):
        Cluster(dask.address, card, (), [str(here)])
    mapped = [(str(here), str(tmp_path / "mnt"))]
    with Cluster(dask.address, card, mapped, [str(here)]) as far:
        (found,) = far.analyse_all([AudioFile(str(here / "1.flac"), 5, 6)])
    assert isinstance(found, Analysis) and found.file == AudioFile(str(here / "1.flac"), 5, 6)


def test_what_cannot_work_is_told_before_the_first_file(
    dask: Dask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = load_card("small")
    monkeypatch.setattr(cluster, "CONNECT_S", 2)
    with pytest.raises(TaggerError, match=r"--dask tcp://127.0.0.1:9: no scheduler answers"):
        Cluster("tcp://127.0.0.1:9", card)
    lonely = Dask(tmp_path)
    try:
        with pytest.raises(TaggerError, match="the Dask scheduler has no worker"):
            Cluster(lonely.address, card)
    finally:
        lonely.end()
    monkeypatch.setattr(cluster, "CONNECT_S", 30)
    monkeypatch.setattr(cluster, "__version__", "9.9")
    with pytest.raises(TaggerError, match=r"has tagger .*, this computer has 9\.9; install the same there"):
        Cluster(dask.address, card)


def test_a_worker_of_the_same_version_in_the_making_whose_answers_have_other_fields_is_told(
    dask: Dask, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dataclass
    class Prediction:
        model: str
        mode: str  # which the workers do not tell

    monkeypatch.setattr(cluster, "_TRAVELLING", (*cluster._TRAVELLING[:-1], Prediction))
    expected = rf"has another tagger {re.escape(tagger.__version__)}, whose answers say other things; install"
    with pytest.raises(TaggerError, match=expected):
        Cluster(dask.address, load_card("small"))


class Murderer(Observer):
    """Kills the scheduler as soon as one event comes."""

    def __init__(self, scheduler: "subprocess.Popen[bytes]", event: str) -> None:
        self.kill = lambda *about: (scheduler.kill(), scheduler.wait())
        setattr(self, event, self.kill)


@pytest.mark.parametrize("event", ["works_on", "extracted"])
def test_a_lost_scheduler_ends_the_scan_and_the_next_one_goes_on(
    music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    own = Dask(tmp_path)
    own.add_workers(1)
    try:
        Cluster(own.address, load_card("small")).close()  # the worker has come
        monkeypatch.setattr(cluster, "CONNECT_S", 2)
        with tagger.Library(str(tmp_path / "x.db")) as library:
            with pytest.raises(TaggerError, match=r"cluster was lost .*; what was analysed is stored"):
                library.scan(
                    str(music),
                    settings=ScanSettings(dask=own.address),
                    observer=Murderer(own.scheduler, event),
                )
            assert library.scan(str(music), settings=ScanSettings(jobs=1)).found == 25
    finally:
        own.end()


def test_shards_are_all_files_and_none_twice() -> None:
    paths = [f"/music/{n}.mp3" for n in range(1000)]
    parts = [[path for path in paths if is_in_shard(path, i, 7)] for i in range(1, 8)]
    assert sorted(path for part in parts for path in part) == sorted(paths)
    assert all(100 < len(part) < 190 for part in parts)
