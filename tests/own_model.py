"""A model of one's own: the small one under another id."""

import json
import shutil
from pathlib import Path

from tagger.model_card import load_card

SMALL_MODEL = load_card("small").id


def make_own_model(folder: Path, model_id: object, **fields: object) -> Path:
    """The model's folder; `fields` replace those of its `model.json`."""
    shutil.copytree(load_card(SMALL_MODEL).folder, folder, dirs_exist_ok=True)
    change(folder, id=model_id, **fields)
    return folder


def change(folder: Path, **fields: object) -> None:
    """Replaces fields of its `model.json`."""
    content = json.loads((folder / "model.json").read_text()) | fields
    (folder / "model.json").write_text(json.dumps(content))
