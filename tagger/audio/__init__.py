"""From a path to a few seconds of mono sound, without reading the rest of the file."""

from tagger.audio.listen import Excerpt, identify, listen
from tagger.audio.metadata import names_from
from tagger.audio.mono import is_silent

__all__ = ["Excerpt", "identify", "is_silent", "listen", "names_from"]
