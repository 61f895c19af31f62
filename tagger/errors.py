"""What can go wrong, as exceptions whose text is fit to show to the owner of the music."""

from __future__ import annotations


class TaggerError(Exception):
    """Something a person can act on: the text names the file and what to do. Exit code 2."""


class AudioError(TaggerError):
    """A file cannot be analysed; the text says why and does not repeat the path."""


class UnreadableFile(AudioError):  # noqa: N818 - it names what the file is, and is caught as an AudioError
    """The drive, the network or the rights keep a file from being read: no fault of the file itself."""


class ModelError(TaggerError):
    """A model folder is missing, incomplete, damaged or of a kind this version cannot run."""


class StoreError(TaggerError):
    """The database cannot be opened, read or written."""


class LostDatabase(StoreError):  # noqa: N818 - it names what has become of it
    """The database was deleted, moved or replaced while a run wrote to it. Exit code 1."""


class WorkerError(TaggerError):
    """The processes that are to analyse the files cannot work, whatever the file."""


class BusyError(TaggerError):
    """Another run holds the lock of this database. Exit code 75 (`EX_TEMPFAIL` of sysexits.h)."""


class TagError(TaggerError):
    """The tags of a file cannot be read or written; the file is as it was."""


class UnsupportedFormat(TagError):  # noqa: N818 - it names what the file is, and is caught as a TagError
    """The file's format carries no tags that this program can write without risk."""


class NoRoom(TagError):  # noqa: N818 - likewise
    """The disk has no room for a copy now; there may be some when other copies have taken their places."""


class HardLinked(TagError):  # noqa: N818 - likewise
    """The file has several names, and nobody said what is to become of the others."""
