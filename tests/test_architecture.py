"""Reads every import in the package and holds it to the layers of the design."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "tagger"
SCRIPTS = PACKAGE.parent / "scripts"

FACES = ("__init__", "__main__")
"""Files that only show what is in their folder: any number of them, and as short as they like."""

MOST_LINES = 450
"""A longer file has two subjects: make it a folder, or give a part away."""

FEWEST_LINES = 60
"""A shorter file is a part of another one's subject, unless it is a face or stands here with a reason."""

ALONE = {
    "errors.py": "what everything raises: no room may own it",
    "cli/merge.py": "a command, and there a file bears its command's name",
    "cli/review_screen/player.py": "the only one that starts another program",
    "nets/network.py": "what every network takes and gives",
    "pipeline/analyse.py": "one file without workers and without a store",
    "playlist/harmony.py": "keys as arrays, which choosing and smoothing share",
    "playlist/nearest.py": "likeness, the only arithmetic on embeddings",
    "report/links.py": "names and addresses of files, for the template and the script alike",
    "store/place.py": "where an open database lies, which SQLite does not ask",
}

LAYERS = {
    "errors": 0,
    "descriptors": 0,
    "files": 1,
    "containers": 1,
    "json_lines": 1,
    "toml_tables": 1,
    "excluded": 2,
    "musical_key": 2,
    "types": 2,
    "albums": 3,
    "json_fields": 3,
    "genre_tree": 2,
    "genre_words": 2,
    "genre_names": 3,
    "query": 3,
    "wording": 3,
    "walk": 4,
    "audio": 4,
    "features": 4,
    "tags": 4,
    "store": 4,
    "model_card": 4,
    "plots": 4,
    "heads": 5,
    "tonality": 5,
    "runtime": 5,
    "nets": 6,
    "calibration": 6,
    "pipeline": 8,
    "predict": 7,
    "tag_runs": 8,
    "watch": 8,
    "model_choice": 8,
    "correct": 9,
    "review": 9,
    "compare": 9,
    "audit": 9,
    "learn": 9,
    "playlist": 9,
    "configuration_keys": 4,
    "configuration": 10,
    "report": 10,
    "training": 10,
    "library": 11,
    "cli": 12,
}

HOMES = {
    "av": {"audio"},
    "soxr": {"audio"},
    "scipy": {"features"},
    "mutagen": {"tags"},
    "sqlite_utils": {"store"},
    "sqlite3": {"store"},
    "filelock": {"store"},
    "safetensors": {"heads", "model_card", "nets", "runtime", "training"},
    "torch": {"nets", "training"},
    "onnx": {"runtime"},
    "onnxruntime": {"runtime"},
    "pytorchcv": {"nets"},
    "joblib": {"training"},
    "loky": {"pipeline"},
    "dask": {"pipeline"},
    "distributed": {"pipeline"},
    "librosa": {"plots", "training"},
    "sklearn": {"learn", "report", "training"},
    "matplotlib": {"plots", "training"},
    "jinja2": {"report", "training"},
    "typer": {"cli"},
    "click": {"cli"},
    "rich": {"cli"},
    "textual": {"cli"},
    "platformdirs": {"configuration", "model_card", "store"},
    "watchfiles": {"watch"},
}


DOORS_OF_TRAINING = ("tagger/cli/train.py", "tagger/cli/evaluate.py")
"""The only files outside of `training` that may import it: whoever tags music needs none of its libraries."""


def modules() -> list[Path]:
    """Every file of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    """The first name below `tagger`: the part of the program that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def shown(path: Path) -> str:
    """A file by its name from the project's folder, as a fault names it."""
    return str(path.relative_to(PACKAGE.parent))


def n_lines(path: Path) -> int:
    """How many lines a file has."""
    return len(path.read_text(encoding="utf-8").splitlines())


def imported_names(path: Path) -> Iterator[str]:
    """The dotted name of everything that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def parts_imported(names: Iterable[str]) -> set[str]:
    """The parts of the program among the dotted `names` of imports."""
    dotted = (name.split(".") for name in names)
    return {names[1] for names in dotted if names[0] == "tagger" and len(names) > 1 and names[1] in LAYERS}


def test_imports_point_down_and_libraries_stay_home() -> None:
    faults = []
    for path in modules():
        part, names = part_of(path), set(imported_names(path))
        if part in FACES:
            continue
        if part not in LAYERS:
            faults.append(f"{part} has no layer yet; add it to the design and to this test")
            continue
        for other in sorted(parts_imported(names) - {part}):
            if LAYERS[other] >= LAYERS[part]:
                faults.append(f"{shown(path)} ({part}) imports {other}")
        if "training" in parts_imported(names) - {part} and shown(path) not in DOORS_OF_TRAINING:
            faults.append(f"{shown(path)} imports training, whose doors are {', '.join(DOORS_OF_TRAINING)}")
        for library in sorted({name.split(".")[0] for name in names} & HOMES.keys()):
            if part not in HOMES[library]:
                faults.append(f"{shown(path)} imports {library}, which lives in {sorted(HOMES[library])}")
    assert not faults


def test_no_file_is_a_warehouse() -> None:
    scripts = sorted(SCRIPTS.rglob("*.py"))
    lengths = {shown(path): n_lines(path) for path in [*modules(), *scripts]}
    assert not {name: n for name, n in lengths.items() if n > MOST_LINES}


def test_no_file_is_a_leftover_and_a_name_stands_for_one() -> None:
    rooms = [path for path in modules() if path.stem not in FACES]
    short = {path.relative_to(PACKAGE).as_posix() for path in rooms if n_lines(path) < FEWEST_LINES}
    assert not short - ALONE.keys()
    assert all((PACKAGE / name).exists() for name in ALONE)
    names = Counter(
        path.name for path in rooms if part_of(path) != "cli"
    )  # there a file is named as its command
    assert not {name: n for name, n in names.items() if n > 1}


def test_the_map_in_the_manual_names_every_room() -> None:
    page = (PACKAGE / "manual/developing.md").read_text(encoding="utf-8")
    assert not [part for part in LAYERS if f"`{part}`" not in page]


def test_a_worker_process_imports_neither_torch_nor_sqlite() -> None:
    work = "tagger.features.rfft()"
    code = f"import sys, tagger.pipeline.extract, tagger.features; {work}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = set(loaded.stdout.split())
    assert "av" in names
    assert not names & {"torch", "librosa", "sqlite3", "sqlite_utils", "rich", "typer", "joblib", "scipy.fft"}


def test_a_scan_that_finds_nothing_new_waits_for_no_heavy_library() -> None:
    code = "import sys, tagger.cli.scan, tagger.pipeline.scan, tagger.model_card; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(loaded.stdout.split()) & {"torch", "numpy", "scipy", "av", "loky", "joblib", "librosa"}
