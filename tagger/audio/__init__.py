"""From a path to a few seconds of mono sound, without reading the rest of the file."""

from tagger.audio.listen import Excerpt, listen

__all__ = ["Excerpt", "listen"]
