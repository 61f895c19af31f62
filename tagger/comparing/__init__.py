"""What another model would change in a library, before it is asked to."""

from __future__ import annotations

from tagger.comparing.compare import Comparison, Heads, ToHear, compare_stored
from tagger.comparing.differences import SILENT, Differences, GenreChange

__all__ = ["SILENT", "Comparison", "Differences", "GenreChange", "Heads", "ToHear", "compare_stored"]
