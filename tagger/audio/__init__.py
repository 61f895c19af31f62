"""Audio: a few windows of mono sound from a path, without reading the rest of the file (PyAV, soxr)."""

from tagger.audio.excerpt import Excerpt, identify, names_of, read_excerpt
from tagger.audio.metadata import names_from
from tagger.audio.samples import is_silent, resampled

__all__ = ["Excerpt", "identify", "is_silent", "names_from", "names_of", "read_excerpt", "resampled"]
