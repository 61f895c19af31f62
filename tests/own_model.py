"""A model of one's own: the small one under another id."""

import json
import shutil
from pathlib import Path

from tagger.model_card import load_card

SMALL_MODEL = load_card("small").id

OF_A_HEAD = {
    "genres": ("genre", "names"),
    "temperature": ("genre", "temperature"),
    "genre_precision": ("genre", "precision"),
    "base_rates": ("genre", "base_rates"),
    "energy_quantiles": ("energy", "quantiles"),
}
"""Fields of a card that lie in a head of its `model.json`: (head, key)."""

HEADS = ("tempo", "words", "styles", "mood")


def make_own_model(folder: Path, model_id: object, **fields: object) -> Path:
    """The model's folder; `fields` replace those of its `model.json`."""
    shutil.copytree(load_card(SMALL_MODEL).folder, folder, dirs_exist_ok=True)
    change(folder, id=model_id, **fields)
    return folder


def change(folder: Path, **fields: object) -> None:
    """Replaces fields of its `model.json`, by their names in the card or of a whole head; None removes it."""
    content = json.loads((folder / "model.json").read_text())
    for name, value in fields.items():
        if name in OF_A_HEAD:
            head, key = OF_A_HEAD[name]
            content["heads"][head][key] = value
        elif name in HEADS and value is None:
            content["heads"].pop(name, None)
        elif name in HEADS:
            content["heads"][name] = {"version": "of a test", **value} if isinstance(value, dict) else value
        else:
            content[name] = value
    (folder / "model.json").write_text(json.dumps(content))
