"""What a recipe is: a data set's view, a network, a loss and the numbers to train it with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tagger.training.corpus import Corpus
from tagger.training.settings import Settings
from tagger.training.sources import Sources
from tagger.training.tasks import Task

EIGHT_GENRES = (
    "Classical",
    "Electronic",
    "Experimental",
    "Folk",
    "Hip-Hop",
    "International",
    "Pop",
    "Rock",
)
"""Those of FMA-small, with Classical for Instrumental, which the excerpts of `clips.csv` do not know.

On a data set with genres of its own, as FMA, GTZAN and folders have, a recipe learns those instead.
"""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One system that can be trained: `python scripts/train.py --recipe NAME`.

    `about` says what it is and `reported` what its authors measured, and on what. `genres` are those
    of `clips.csv` that it learns; none for a recipe that learns no genre. `hears` is what it is made
    of: sound, or a table of features, of which no scan can be made. `corpus` reads the clips.
    """

    name: str
    about: str
    reported: str
    settings: Settings
    task: Task
    corpus: Callable[[Sources, tuple[str, ...]], Corpus]
    genres: tuple[str, ...] = EIGHT_GENRES
    hears: Literal["sound", "table"] = "sound"
