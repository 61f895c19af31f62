"""One round: some mutants in a folder, scanned, written and taken back through the program's front door."""

import faulthandler
import os
import shutil
import sqlite3
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from fuzzing.hearing import difference
from fuzzing.mutate import mutant
from fuzzing.seeds import Seeds
from tagger.library import Library
from tagger.model_card import load_card
from tagger.pipeline.executor import Executor
from tagger.pipeline.scan import Quiet, ScanSettings
from tagger.predict import Predictor
from tagger.tag_runs import Skip, TagSettings, UndoCounts, WriteCounts
from tagger.tags import Policy
from tagger.types import Failure
from tests.tag_runs.library import analysed_as

MODEL = "small-6"
HANG_S = 60.0
_GIVE_UP_S = 300.0
"""After so long in one step the stacks of all threads are printed and the script ends."""

_POLICIES = (
    Policy("replace", bpm="replace", key="replace", mood="replace", words="replace"),
    Policy("missing", key="missing", mood="missing", words="missing"),
    Policy("add", max_genres=3, words="add"),
    Policy("replace", energy_in=("comment", "grouping", "rating", "mood"), bpm="replace", bpm_decimal="id3"),
)
"""Rounds take turns; a mutant's round follows from its number."""

ROUND = 200
"""Mutants in a folder at once."""


@dataclass(slots=True)
class Tally:
    """What became of the mutants. `findings` are (kind, number, what is wrong)."""

    counts: Counter[str] = field(default_factory=Counter)
    findings: list[tuple[str, int, str]] = field(default_factory=list)
    told: dict[int, list[str]] = field(default_factory=dict)
    slowest_s: float = 0.0
    slowest: int = -1
    worker_kib: int = 0

    def find(self, kind: str, number: int, what: str) -> None:
        """Note something that must not be."""
        self.findings.append((kind, number, what))

    def tell(self, path: str, what: str) -> None:
        """Note what the program said of a mutant; `unexpected` is its word for a fault of its own."""
        number = number_of(path)
        self.told.setdefault(number, []).append(what)
        if "unexpected" in what:
            self.find("traceback", number, what)


@dataclass(frozen=True, slots=True)
class Fuzzer:
    """The seeds, the place where mutants live for a round, and what is found."""

    seeds: Seeds
    seed: int
    place: Path
    jobs: int
    tally: Tally

    def play(self, numbers: Sequence[int]) -> None:
        """Take some mutants of one policy through scan, write-tags and undo, and check each step.

        Where the program itself fails, each of them is tried alone, so that the guilty one is known.
        """
        failed = ""
        try:
            self._play(numbers)
        except Exception:
            failed = traceback.format_exc()
        shutil.rmtree(self.place)
        if failed and len(numbers) == 1:
            self.tally.find("traceback", numbers[0], failed)
        elif failed:
            for number in numbers:
                self.play([number])

    def _play(self, numbers: Sequence[int]) -> None:
        before, music = self._made(numbers)
        settings = TagSettings(_POLICIES[numbers[0] // ROUND % len(_POLICIES)], 0.0, min_bpm_confidence=0.0)
        with Library(self.place / "tags.db", model=MODEL, load_predictor=lambda _: predictor()) as library:
            unheard = self._scan(library, music, numbers)
            counts = WriteCounts(lambda skip: self.tally.tell(skip.path, skip.reason))
            with self._watched("write-tags", numbers):
                library.write_tags(settings=settings, counts=counts)
            written = self._check_written(before, music, unheard)
            self.tally.counts.update(written=len(written), refused=counts.skipped, same=counts.unchanged)
            if counts.files_written != len(written):
                self.tally.find("bytes", numbers[0], f"{counts.files_written} are said to be written")
            if written:
                self._undo(library, before, music, numbers, set(written))

    def _made(self, numbers: Sequence[int]) -> tuple[Path, Path]:
        before, music = self.place / "before", self.place / "music"
        for folder in (before, music):
            folder.mkdir(parents=True)
        for number in numbers:
            name, data = mutant(self.seeds, self.seed, number)
            for folder in (before, music):
                (folder / f"{number:07}-{name}").write_bytes(data)
        return before, music

    def _scan(self, library: Library, music: Path, numbers: Sequence[int]) -> set[str]:
        """Scan, and give what could not be heard an answer too, so that the writers see every mutant.

        Returns the names of these, in which there is no sound to be lost.
        """
        observer = _Watch(self.tally, sorted(os.fspath(path) for path in music.iterdir()), self.jobs)
        with self._watched("scan", numbers):
            counts = library.scan(music, settings=ScanSettings(jobs=self.jobs), observer=observer)
        heard = counts.analysed + counts.moved + counts.duplicates
        self.tally.counts.update(mutants=len(numbers), heard=heard, unheard=counts.failed)
        if heard + counts.failed != len(numbers):
            self.tally.find("lost", numbers[0], f"of {len(numbers)} files the scan counted {counts}")
        made_up = [
            analysed_as(failure.path, f"{number_of(failure.path):032x}") for failure in observer.failures
        ]
        library.store.record_batch(
            [replace(one, prediction=replace(one.prediction, model=MODEL)) for one in made_up], []
        )
        _give_keys(self.place / "tags.db")
        return {os.path.basename(one.file.path) for one in made_up}

    def _check_written(self, before: Path, music: Path, unheard: set[str]) -> list[str]:
        """Compare the sound of each file that has other bytes now; give their names."""
        names = sorted(os.listdir(before))
        if names != sorted(os.listdir(music)):
            self.tally.find("left", number_of(names[0]), f"in the folder: {os.listdir(music)}")
        written = [one for one in names if (before / one).read_bytes() != (music / one).read_bytes()]
        with_sound = [name for name in written if name not in unheard]
        pairs = [(os.fspath(before / name), os.fspath(music / name)) for name in with_sound]
        for name, (told, peak_kib) in zip(with_sound, _in_workers(pairs, self.jobs), strict=True):
            self.tally.worker_kib = max(self.tally.worker_kib, peak_kib)
            if told:
                self.tally.find("sound", number_of(name), f"{told} after write-tags")
        return written

    def _undo(
        self, library: Library, before: Path, music: Path, numbers: Sequence[int], written: set[str]
    ) -> None:
        inexact = set[str]()

        def note(skip: Skip) -> None:
            inexact.add(os.path.basename(skip.path))
            self.tally.tell(skip.path, skip.reason)

        with self._watched("undo", numbers):
            counts = library.undo(counts=UndoCounts(note))
        self.tally.counts.update(
            restored=counts.files_restored - counts.inexact,
            inexact=counts.inexact,
            not_restored=counts.skipped,
        )
        for name in written - inexact:
            if (before / name).read_bytes() != (music / name).read_bytes():
                self.tally.find("bytes", number_of(name), "said to be restored, and is not")
        if sorted(os.listdir(before)) != sorted(os.listdir(music)):
            self.tally.find("left", numbers[0], f"in the folder after undo: {os.listdir(music)}")

    @contextmanager
    def _watched(self, step: str, numbers: Sequence[int]) -> Iterator[None]:
        """Time what a step of a round computes here: no file takes longer than all of them."""
        began_s = time.process_time()
        faulthandler.dump_traceback_later(_GIVE_UP_S, exit=True)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
        if (seconds := time.process_time() - began_s) > HANG_S:
            what = f"{step} of {numbers[0]} to {numbers[-1]} took {seconds:.0f} s of computing"
            self.tally.find("hang", numbers[0], what)


def _give_keys(database: Path) -> None:
    """Put every track into a key: the noise of many mutants has none, and all shall be written."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE keys_and_tempos SET key = 'Bbm', key_confidence = 1.0")


class _Watch(Quiet):
    """Sees the end of each file in its worker, and so how long it took: workers take files in order."""

    def __init__(self, tally: Tally, paths: Sequence[str], jobs: int) -> None:
        self.failures = list[Failure]()
        self._tally, self._order, self._jobs = tally, {path: n for n, path in enumerate(paths)}, jobs
        self._ends_s = [time.monotonic()] * jobs

    def extracted(self, path: str) -> None:
        now_s = time.monotonic()
        began_s = self._ends_s[min(self._order[path], len(self._ends_s) - 1)]
        self._ends_s.append(now_s)
        seconds, is_first = (
            now_s - began_s,
            self._order[path] < self._jobs,
        )  # its worker may have had to start
        if seconds > self._tally.slowest_s and not is_first:
            self._tally.slowest_s, self._tally.slowest = seconds, number_of(path)
        if seconds > HANG_S:
            self._tally.find("hang", number_of(path), f"took {seconds:.0f} s in its worker")

    def failed(self, failure: Failure) -> None:
        self.failures.append(failure)
        self._tally.tell(failure.path, failure.reason)
        if "crashed the decoder" in failure.reason:
            self._tally.find("crash", number_of(failure.path), failure.reason)
        if "not read after" in failure.reason:
            self._tally.find("hang", number_of(failure.path), failure.reason)


def number_of(path: str) -> int:
    """Give the number of the mutant in a file of that name."""
    return int(os.path.basename(path).partition("-")[0])


@cache
def predictor() -> Predictor:
    """Load the model once for all rounds."""
    return Predictor(load_card(MODEL))


def _in_workers(pairs: Sequence[tuple[str, str]], jobs: int) -> Iterator[tuple[str, int]]:
    """Compare sounds where the scan decoded them: what FFmpeg does there, it does not do to this process."""
    executor = Executor(jobs)
    futures = [executor.submit(difference, *pair) for pair in pairs]
    for pair, future in zip(pairs, futures, strict=True):
        try:
            yield future.result(timeout=_GIVE_UP_S)
        except BrokenProcessPool:
            yield _alone(executor, pair)


def _alone(executor: Executor, pair: tuple[str, str]) -> tuple[str, int]:
    executor.shutdown(kill=True)
    try:
        return executor.submit(difference, *pair, alone=True).result(timeout=_GIVE_UP_S)
    except BrokenProcessPool:
        executor.shutdown(kill=True)
        return (
            "",
            0,
        )  # a crash of FFmpeg in a file that the scan may not have decoded as far: no fault of ours
