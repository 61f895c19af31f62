"""What can go wrong, as exceptions whose text is fit to show to the owner of the music."""


class TaggerError(Exception):
    """Something a person can act on: the text names the file and what to do. Exit code 2."""


class AudioError(TaggerError):
    """A file cannot be heard; the text says why and does not repeat the path."""


class ModelError(TaggerError):
    """A model folder is missing, incomplete, damaged or of a kind this version cannot run."""


class StoreError(TaggerError):
    """The database cannot be opened, read or written."""


class BusyError(TaggerError):
    """Another run holds the lock of this database. Exit code 75 (`EX_TEMPFAIL` of sysexits.h)."""
