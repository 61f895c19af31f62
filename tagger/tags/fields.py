"""Which tag holds what: the table of DESIGN.md, one row a dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Field = Literal["genre", "energy_level", "energy", "bpm"]
FIELDS: tuple[Field, ...] = ("genre", "energy_level", "energy", "bpm")

# The spelling that is written; reading ignores case, because Mixed In Key, Picard and TagLib differ in it.
VORBIS: Mapping[Field, str] = {
    "genre": "GENRE",
    "energy_level": "ENERGYLEVEL",
    "energy": "TAGGER_ENERGY",
    "bpm": "BPM",
}
APEV2: Mapping[Field, str] = {
    "genre": "Genre",
    "energy_level": "EnergyLevel",
    "energy": "TAGGER_ENERGY",
    "bpm": "BPM",
}
ASF: Mapping[Field, str] = {
    "genre": "WM/Genre",
    "energy_level": "WM/EnergyLevel",
    "energy": "TAGGER_ENERGY",
    "bpm": "WM/BeatsPerMinute",
}
ID3_USER_TEXT: Mapping[Field, str] = {"energy_level": "EnergyLevel", "energy": "TAGGER_ENERGY"}
MP4_FREEFORM: Mapping[Field, str] = {"energy_level": "ENERGYLEVEL", "energy": "TAGGER_ENERGY"}


def field_named(names: Mapping[Field, str], name: str) -> Field | None:
    """Our field behind a tag name of a dialect, whatever its case; None when it is not ours."""
    folded = name.casefold()
    return next((field for field, ours in names.items() if ours.casefold() == folded), None)
