"""`tagger evaluate`, and the script of the same name."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Tagger
from tests.partial_model import make_model
from tests.sounds import make_sound

SCRIPT = Path(__file__).parents[2] / "scripts" / "evaluate.py"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six sounds, of which four have a genre of the shipped models'."""
    folder = tmp_path_factory.mktemp("data")
    rows = [f"{i}.wav,mine,test,{'Polka' if i < 2 else 'Jazz'}" for i in range(6)]
    (folder / "clips.csv").write_text("\n".join(["path,dataset,split,genres", *rows]))
    for i in range(6):
        make_sound(folder / f"{i}.wav", seconds=1.0)
    return folder


def test_the_figures_are_a_table_and_json_and_of_how_many_clips(tagger: Tagger, data: Path) -> None:
    done = tagger("evaluate", "--data", data, "--jobs", "1", "--device", "cpu")
    assert done.code == 0, done.err
    *table, last = done.out.splitlines()
    figures = json.loads(last, parse_constant=lambda name: pytest.fail(name))
    by_clip = ("hit", "hit_top3", "genre_map", "calibration_error")
    by_artist = {f"{name}_by_artist" for name in (*by_clip, "sure")}
    assert figures.keys() - {"precision_sure_by_artist"} == {*by_clip, *by_artist}  # perhaps none is sure
    assert figures["hit_by_artist"] == figures["hit"]  # each clip is of another artist
    assert table[:2] == ["| figure | value |", "|---|---|"]
    assert f"| hit | {figures['hit']:.3f} |" in table
    assert "6 clips, 4 with a genre of the model's" in done.err
    assert "ms a track on one core" in done.err


def test_a_model_of_which_nothing_can_be_measured_is_one_line(
    tagger: Tagger, data: Path, tmp_path: Path
) -> None:
    model = make_model(tmp_path / "tempo-1", "tempo")
    done = tagger("evaluate", "--data", data, "--model", model, "--jobs", "1")
    assert done.code == 2
    line = "tagger: these clips have no annotations of anything that the model predicts"
    assert done.err.splitlines()[-1] == line


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--split", "tests"), "--split tests: give one of train, valid, test"),
        (("--split", "valid"), "no clips in split 'valid'"),
        (("--layout", "folder"), "--layout folder: give one of shared, "),
        (("--model", "nosuch"), "nosuch"),
        (("--jobs", "0"), "tagger: --jobs 0: give 1 or more"),
    ],
)
def test_a_wrong_option_ends_in_a_line(
    options: tuple[str, str], line: str, tagger: Tagger, data: Path
) -> None:
    done = tagger("evaluate", "--data", data, *options)
    assert done.code == 2
    assert line in done.err


@pytest.mark.slow
def test_the_script_does_the_same(data: Path, tmp_path: Path) -> None:
    line = [sys.executable, str(SCRIPT), "--data", str(data), "--jobs", "1"]
    done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]).keys() >= {"hit", "genre_map"}
