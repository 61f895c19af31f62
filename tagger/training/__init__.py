"""Trains and measures models such as the program ships; nothing above this package imports it."""

from importlib.util import find_spec

from tagger.errors import TaggerError

LIBRARIES = {
    "jinja2": "Jinja2",
    "matplotlib": "matplotlib",
    "pytorchcv": "pytorchcv",
    "sklearn": "scikit-learn",
}
"""The libraries that training needs and nothing else does, by the name of their import."""


def check_libraries() -> None:
    """Raise `TaggerError` with the command that installs them where one of `LIBRARIES` is missing."""
    missing = [name for module, name in LIBRARIES.items() if find_spec(module) is None]
    if missing:
        raise TaggerError(f"training needs {' and '.join(missing)}; try pip install 'music-tagger[train]'")
