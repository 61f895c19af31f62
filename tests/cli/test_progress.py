"""What a person sees who waits for a scan, on a terminal that is none."""

import io
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tagger.cli import progress
from tagger.cli import scan as scan_command
from tagger.files import AudioFile
from tagger.model_card import ModelCard
from tagger.pipeline import scan as pipeline_scan
from tagger.pipeline import workers
from tagger.pipeline.extract import extract_features
from tagger.pipeline.ingest import ScanCounts
from tagger.types import Prediction, TrackFeatures
from tests.cli.conftest import Tagger
from tests.sounds import make_sound, sweep
from tests.store.store_answers import analysed

N = 12


class Terminal(io.StringIO):
    """Takes what would be drawn."""

    def isatty(self) -> bool:
        return True

    def drawn(self) -> list[int]:
        """The numbers of files that the bar has shown, in turn."""
        return [int(n) for n in re.findall(r"(\d+)/\s*(?:\d+|\?)", self.text())]

    def text(self) -> str:
        """All of it without colours and movements."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.getvalue())

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Stands in the place of stderr."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.stderr", self)
            patch.setenv("TERM", "xterm-256color")
            patch.setenv("COLUMNS", "100")
            yield


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    for i in range(N):
        make_sound(folder / f"song [{i}].flac", samples=sweep(1.0 + i / 10, 22_050, 1))
    return folder


class Fake:
    """Predicts the same of everything."""

    def predict(self, tracks: Sequence[TrackFeatures]) -> list[Prediction]:
        return [analysed("/x").prediction for _ in tracks]


SLOWLY_S = 0.15


def extract_slowly(file: AudioFile, model_folder: str, known_sounds: str | None) -> workers.Outcome:
    """Stands in for a slow drive."""
    time.sleep(SLOWLY_S)
    return extract_features(file, model_folder, known_sounds)


def analyse_slowly(file: AudioFile, model_folder: str, known_sounds: str | None) -> workers.Outcome:
    """Stands in for a slow drive, too."""
    time.sleep(SLOWLY_S)
    return workers.analyse(file, model_folder, known_sounds)


def test_the_bar_moves_while_the_model_is_loaded(
    tagger: Tagger, music: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loader(device: str) -> Callable[[ModelCard], Fake]:
        def load(card: ModelCard) -> Fake:
            until = time.monotonic() + 60
            while max(terminal.drawn(), default=0) < N and time.monotonic() < until:
                time.sleep(0.05)
            assert terminal.drawn()[-1] == N  # every file was read, and seen to be
            return Fake()

        return load

    monkeypatch.setattr(ModelCard, "is_light", lambda card, device: False)  # so this process predicts
    monkeypatch.setattr(scan_command, "predictor_loader", loader)
    monkeypatch.setattr(pipeline_scan, "extract", extract_slowly)
    with terminal.watching():
        assert tagger("scan", music, "--jobs", 1).code == 0
    assert len({*terminal.drawn()}) > 2
    assert terminal.drawn() == sorted(terminal.drawn())
    assert re.search(rf"{N}/{N} +[\d.]+/s +0:00:\d\d", terminal.text())
    assert "song [" in terminal.text() and "predicting the last answers" in terminal.text()


def test_known_files_are_counted_and_a_limit_is_the_end_of_the_bar(
    tagger: Tagger, music: Path, terminal: Terminal
) -> None:
    with terminal.watching():
        tagger("scan", music, "--limit", 5, "--quiet")
        assert terminal.text() == ""
        tagger("scan", music, "--limit", 3)
    assert re.search(r"8/8 ", terminal.text()) and not re.search(r" 9/", terminal.text())


def test_files_are_counted_once_whichever_way_they_come(terminal: Terminal, music: Path) -> None:
    counts = ScanCounts(unchanged=3, failed=1, ignored=1)
    with terminal.watching(), progress.scan_bar([str(music)], counts) as bar:
        for _ in range(4):
            bar.extracted("/m/a.flac")
        bar.redraw()
        assert bar._progress.tasks[0].completed == 9
        assert "starting" not in terminal.text()
        counts.analysed, counts.taken = 4, 4
        bar.redraw()
        assert bar._progress.tasks[0].completed == 9
        bar.extracted("/m/b\n.flac")
        bar.redraw()
        assert (bar._progress.tasks[0].completed, bar._progress.tasks[0].fields["file"]) == (10, "b\\n.flac")


def test_after_the_first_scan_a_line_says_what_to_do_next(tagger: Tagger, music: Path, db: Path) -> None:
    first = tagger("scan", music / "song [0].flac")
    (line,) = first.err.splitlines()
    assert line.startswith(
        "tagger: `tagger list` shows the answers, `tagger write-tags --dry-run` what would go "
    )
    assert line.endswith(f"; all is kept in {db}")
    assert tagger("scan", music / "song [1].flac").err == ""


@pytest.mark.parametrize("option", ["--quiet", "--json", "--log-format=json"])
def test_other_programs_are_not_told_what_to_do_next(
    tagger: Tagger, music: Path, db: Path, option: str
) -> None:
    assert "write-tags" not in tagger("scan", music / "song [0].flac", option).err


@pytest.mark.slow
def test_a_budget_ends_a_scan_also_where_all_files_are_with_the_workers(
    tagger: Tagger, music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(33 - N):
        make_sound(music / f"more {i}.flac", samples=sweep(3.0 + i / 10, 22_050, 1))
    monkeypatch.setattr(pipeline_scan, "analyse", analyse_slowly)
    result = tagger("scan", music, "--budget", "1s", "--jobs", 2, "--json")
    assert result.code == 0
    (left,) = re.findall(r"(\d+) files left to the next scan", result.err)
    assert result.json["analysed"] + int(left) == 33
    assert (
        int(left) >= 33 - 2 * (1.0 / SLOWLY_S + 1) - 5
    )  # what two workers can do in that time, and have in hand
