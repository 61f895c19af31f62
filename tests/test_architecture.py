"""Reads every import in the package and holds it to the layers of the design."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "tagger"
SCRIPTS = PACKAGE.parent / "scripts"

MOST_LINES = 450

LAYERS = {
    "errors": 0,
    "files": 1,
    "types": 2,
    "query": 2,
    "walk": 3,
    "audio": 3,
    "features": 3,
    "tags": 3,
    "store": 3,
    "playlist": 3,
    "model_card": 3,
    "plots": 3,
    "nets": 3,
    "pipeline": 4,
    "predict": 4,
    "tag_runs": 4,
    "watch": 4,
    "compare": 4,
    "cli": 6,
    "training": 6,
}

HOMES = {
    "av": {"audio"},
    "soxr": {"audio"},
    "scipy": {"features"},
    "mutagen": {"tags"},
    "sqlite_utils": {"store"},
    "sqlite3": {"store"},
    "filelock": {"store"},
    "safetensors": {"model_card", "predict", "training"},
    "torch": {"nets", "predict", "training"},
    "pytorchcv": {"nets"},
    "joblib": {"pipeline", "training"},
    "librosa": {"plots", "training"},
    "sklearn": {"training"},
    "matplotlib": {"plots", "training"},
    "typer": {"cli"},
    "click": {"cli"},
    "rich": {"cli"},
    "platformdirs": {"model_card", "store"},
    "watchfiles": {"watch"},
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    """The first name below `tagger`: the part of the program that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def parts_imported(path: Path) -> set[str]:
    dotted = (name.split(".") for name in imported_names(path))
    return {names[1] for names in dotted if names[0] == "tagger" and len(names) > 1 and names[1] in LAYERS}


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down_and_libraries_stay_home(path: Path) -> None:
    part = part_of(path)
    if part in ("__init__", "__main__"):
        return
    assert part in LAYERS, f"{part} has no layer yet; add it to the design and to this test"
    for other in parts_imported(path) - {part}:
        assert LAYERS[other] < LAYERS[part], f"{path.name} ({part}) imports {other}"
    for library in {name.split(".")[0] for name in imported_names(path)} & HOMES.keys():
        assert part in HOMES[library], (
            f"{path.name} ({part}) imports {library}, which lives in {HOMES[library]}"
        )


def test_a_worker_process_imports_neither_torch_nor_sqlite() -> None:
    code = "import sys, tagger.pipeline.extract; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = set(loaded.stdout.split())
    assert "av" in names
    assert not names & {"torch", "librosa", "sqlite3", "sqlite_utils", "rich", "typer"}


def test_a_scan_that_finds_nothing_new_waits_for_no_heavy_library() -> None:
    code = "import sys, tagger.cli.scan, tagger.pipeline.run, tagger.model_card; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(loaded.stdout.split()) & {"torch", "numpy", "scipy", "av", "joblib", "librosa"}


@pytest.mark.parametrize(
    "path", [*modules(), *sorted(SCRIPTS.rglob("*.py"))], ids=lambda p: str(p.relative_to(PACKAGE.parent))
)
def test_a_module_stays_short(path: Path) -> None:
    n_lines = len(path.read_text(encoding="utf-8").splitlines())
    assert n_lines <= MOST_LINES, f"{path.name} has {n_lines} lines; make it a folder, or give a part away"
