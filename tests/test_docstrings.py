"""The examples in docstrings do what they show."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import tagger

PACKAGE = Path(tagger.__file__).parent


def test_the_examples_in_docstrings_are_true() -> None:
    n_examples = 0
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if ">>> " not in text:
            continue
        assert "+SKIP" not in text, f"{path}: an example that is not run"
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found = doctest.testmod(import_module(".".join(parts).removesuffix(".__init__")), verbose=False)
        assert not found.failed, f"{path}: see the output"
        n_examples += found.attempted
    assert n_examples > 50
