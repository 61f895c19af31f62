"""`tagger train`, and the script of the same name."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tagger.training import LIBRARIES
from tests.cli.conftest import Tagger
from tests.labelled_music import make_clips, make_echonest

SCRIPT = Path(__file__).parents[2] / "scripts" / "train.py"


@pytest.fixture(scope="module")
def clips_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_clips(tmp_path_factory.mktemp("miniature"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own as the working folder, into which runs and caches go."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("name", ["echonest-mlp", "echonest-mlp-deeper"])
def test_a_recipe_is_trained_and_its_figures_are_kept(name: str, tagger: Tagger, here: Path) -> None:
    make_echonest(here)
    done = tagger("train", "--recipe", name, "--data", here, "--results", here / "results")
    assert done.code == 0, done.err
    row = json.loads(done.out.splitlines()[-1])
    assert row["test_accuracy"] == 1.0
    assert row["clips"] + row["test_clips"] == pytest.approx(0.8 * 59, abs=1)
    text = (here / "results" / "RECIPES.md").read_text(encoding="utf-8")
    assert f"| `{name}` |" in text
    assert "1.000" in text
    assert (here / "results" / "recipes" / f"{name}-confusion.svg").exists()


@pytest.mark.slow
def test_a_run_that_was_done_is_resumed_at_its_end(tagger: Tagger, here: Path) -> None:
    make_echonest(here)
    options = ["train", "--recipe", "echonest-mlp", "--data", here, "--epochs", "2", "--seed", "3"]
    first, again = tagger(*options), tagger(*options, "--resume")
    rows = [json.loads(done.out.splitlines()[-1]) for done in (first, again)]
    assert [row["epochs"] for row in rows] == [2, 2]
    assert rows[0]["test_accuracy"] == rows[1]["test_accuracy"]
    other = tagger(*options[:-1], "4", "--resume")
    assert (other.code, other.out) == (2, "")
    assert "is of a run on other data or with other options; leave out --resume" in other.err


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--recipe", "crn"), "--recipe crn: give one of crnn, crnn-8, "),
        (("--layout", "folder"), "--layout folder: give one of shared, fma, gtzan, folders, library"),
        (("--epochs", "0"), "--epochs 0 is for the mean of models; name them by --start-from"),
        (("--learning-rate", "0"), "--learning-rate 0: give a number above 0"),
        (("--learning-rate", "nan"), "--learning-rate nan: give a number above 0"),
        (("--set", "mixin=0"), "--set mixin=0: there is no 'mixin'; change one of"),
        (("--picture-size", "128"), "--picture-size is for image networks"),
        (("--size", "small"), "--size is for the crnn"),
        (("--size", "tiny"), "--size tiny: give one of standard, small"),
        (("--tempos", "x.npz"), "--tempos is for the crnn and tempo-regression"),
        (("--recipe", "crnn", "--tempos", "x.npz"), "x.npz: no answers of tempo"),
        (("--device", "gpu"), "no 'gpu' device here"),
        (("--out", "/dev/null/model"), "/dev/null/model: cannot be written"),
        (
            ("--out", "runs/my model"),
            "runs/my model: cannot be the name of a model; end --out with up to 100",
        ),
        (("--results", "/dev/null/results"), "/dev/null/results: cannot keep results"),
    ],
)
def test_a_wrong_option_is_one_line_before_anything_is_trained(
    options: tuple[str, ...], line: str, tagger: Tagger, clips_folder: str, here: Path
) -> None:
    done = tagger("train", "--recipe", "window-vote-cnn", "--data", clips_folder, *options)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1].startswith("tagger: ")
    assert line in done.err.splitlines()[-1]


@pytest.mark.parametrize(
    "options", [("--epochs", "-1"), ("--jobs", "0"), ("--picture-size", "74"), ("--seed", "x")]
)
def test_a_number_out_of_range_is_named(options: tuple[str, str], tagger: Tagger, here: Path) -> None:
    done = tagger("train", "--data", here, *options)
    assert done.code == 2
    assert done.err.startswith(f"tagger: {options[0]} {options[1]}: give ")
    assert done.err.count("\n") == 1


def test_a_folder_without_the_tables_is_one_clear_line(tagger: Tagger, here: Path) -> None:
    done = tagger("train", "--recipe", "echonest-mlp", "--data", here)
    assert done.code == 2
    assert done.err.splitlines()[-1].startswith(f"tagger: --data: {here}: no echonest.csv")


@pytest.mark.parametrize("command", ["train", "evaluate"])
@pytest.mark.parametrize("module", LIBRARIES)
def test_a_library_that_is_missing_is_named_with_the_command_that_installs_it(
    command: str, module: str, tagger: Tagger, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    done = tagger(command, "--data", here)
    assert (done.code, done.out) == (2, "")
    assert LIBRARIES[module] in done.err
    assert done.err.endswith("pip install 'music-tagger[train]'\n")
    assert done.err.count("\n") == 1


@pytest.mark.slow
def test_the_script_ends_by_sigterm_as_by_ctrl_c_and_goes_on(here: Path) -> None:
    make_echonest(here)
    line = [sys.executable, str(SCRIPT), "--recipe", "echonest-mlp", "--data", str(here)]
    line += ["--set", "patience=10000"]
    run = subprocess.Popen(
        [*line, "--epochs", "5000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    checkpoint = here / ".cache" / "echonest-mlp.checkpoint"
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    run.send_signal(signal.SIGTERM)
    out, err = run.communicate(timeout=60)
    assert (run.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "tagger: interrupted; --resume goes on after the last whole epoch"
    n_epochs = len((here / ".cache" / "echonest-mlp.csv").read_text().splitlines()) - 1
    assert 1 <= n_epochs < 5000
    environment = os.environ | {"PYTHONPATH": ""}
    done = subprocess.run([*line, "--epochs", "2"], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["epochs"] == 2
