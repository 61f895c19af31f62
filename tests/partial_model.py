"""Made-up models that predict a part: the shipped one without its genres, its energy or its tempo."""

import hashlib
import json
import shutil
from pathlib import Path

from safetensors.numpy import load_file, save_file

from tagger.model_card import DEFAULT_MODEL, WEIGHTS_FILE, load_card
from tagger.types import Aspect

HEADS: dict[Aspect, tuple[str, ...]] = {
    "genre": ("genre",),
    "energy": ("energy",),
    "tempo": ("tempo",),
    "words": ("words", "styles"),
    "mood": ("mood",),
}


def make_model(folder: Path, *aspects: Aspect) -> str:
    """The model's folder, after which it is named."""
    shutil.copytree(load_card(DEFAULT_MODEL).folder, folder)
    fields = json.loads((folder / "model.json").read_text()) | {"id": folder.name}
    kept = {head for aspect in aspects for head in HEADS[aspect]}
    fields["heads"] = {name: head for name, head in fields["heads"].items() if name in kept}
    if "genre" not in aspects:
        fields["weights_sha256"] = _without_genres(folder / WEIGHTS_FILE)
    (folder / "model.json").write_text(json.dumps(fields))
    return str(folder)


def _without_genres(path: Path) -> str:
    """Leaves the head of genres without outputs; the new SHA-256 of the file."""
    weights = load_file(path)
    save_file(
        weights | {f"genre_head.{name}": weights[f"genre_head.{name}"][:0] for name in ("weight", "bias")},
        path,
    )
    return hashlib.sha256(path.read_bytes()).hexdigest()
