"""The store: what was heard, what failed and when, in one SQLite file."""

import os

from platformdirs import user_data_path

from tagger.store.identity import Adoption
from tagger.store.lock import scan_lock
from tagger.store.presence import Fingerprint, fingerprint
from tagger.store.rows import Heard, StoredTrack, TrackRow
from tagger.store.statistics import Run, Statistics
from tagger.store.store import Store

__all__ = [
    "Adoption",
    "Fingerprint",
    "Heard",
    "Run",
    "Statistics",
    "Store",
    "StoredTrack",
    "TrackRow",
    "default_path",
    "fingerprint",
    "scan_lock",
]


def default_path() -> str:
    """Where the database lies unless the owner says otherwise: in the platform's user-data folder."""
    return os.fspath(user_data_path("tagger") / "tagger.db")
