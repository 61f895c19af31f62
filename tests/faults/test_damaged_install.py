"""Libraries that are missing, damaged or hidden by another file: one line says so, and no music is blamed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tagger.cli.shared import error_text
from tests.cli.conftest import Tagger
from tests.sounds import make_sound


def run_with(module: str, content: str, tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run tagger where `import module` runs `content`."""
    shadow = tmp_path / "shadow"
    shadow.mkdir(exist_ok=True)
    (shadow / f"{module}.py").write_text(content)
    path = os.pathsep.join([str(shadow), *filter(None, sys.path)])
    command = [sys.executable, "-m", "tagger", *arguments]
    return subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("module", "content", "told"),
    [
        (
            "onnxruntime",
            "raise ImportError('libonnxruntime.so: cannot open')",
            "libonnxruntime.so: cannot open",
        ),
        ("onnxruntime", "raise RuntimeError('no\\nAVX')", "onnxruntime: no AVX"),
        ("onnxruntime", "", "onnxruntime: module 'onnxruntime' has no attribute"),
        ("scipy", "raise ImportError('no scipy')", "no scipy"),  # which only the log-mel of a file imports
    ],
)
def test_a_library_that_cannot_be_loaded_ends_the_scan_and_spoils_no_file(
    tagger: Tagger, db: Path, tmp_path: Path, module: str, content: str, told: str
) -> None:
    song = make_sound(tmp_path / "song.wav", seconds=0.5)
    ended = run_with(module, content, tmp_path, "scan", song, "--db", str(db))
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"tagger: a library cannot be loaded ({told}")
    assert ended.stderr.endswith("); install tagger again\n") and ended.stderr.count("\n") == 1
    assert tagger("failures", "--json").json == []
    assert tagger("scan", song, "--json").json["analysed"] == 1


def test_of_a_page_of_advice_about_a_library_the_cause_is_told() -> None:
    try:
        try:
            raise ImportError("libopenblas.so: cannot open")
        except ImportError as cause:
            raise ImportError("\n\nIMPORTANT: PLEASE READ THIS\n\n...") from cause
    except ImportError as error:
        said = error_text(error)
    assert said == "a library cannot be loaded (libopenblas.so: cannot open); install tagger again"


def test_ctrl_c_before_the_command_has_begun_prints_no_traceback(tmp_path: Path) -> None:
    ended = run_with("typer", "raise KeyboardInterrupt", tmp_path, "list")
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")
