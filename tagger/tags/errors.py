"""What can go wrong with a file's tags; each text is one line that does not repeat the path."""

from __future__ import annotations

from tagger.errors import TaggerError


class TagError(TaggerError):
    """The tags of a file cannot be read or written; the file is as it was."""


class UnsupportedFormat(TagError):  # noqa: N818 - it names what the file is, and is caught as a TagError
    """The file's format carries no tags that this program can write without risk."""


class NoRoom(TagError):  # noqa: N818 - likewise
    """The disk has no room for a copy now; there may be some when other copies have taken their places."""


class HardLinked(TagError):  # noqa: N818 - likewise
    """The file has several names, and nobody said what is to become of the others."""
