"""The store: what was heard, what failed and when, in one SQLite file."""

import os

from platformdirs import user_data_path

from tagger.files import FileState
from tagger.store.identity import Adoption
from tagger.store.lock import scan_lock
from tagger.store.pairs import Answer, AnswerPair
from tagger.store.rows import Heard
from tagger.store.runs import Run
from tagger.store.statistics import Statistics
from tagger.store.store import Store
from tagger.store.tag_changes import TagChanges
from tagger.store.tag_rows import ChangeState, Exchange, NewChange, Outcome, TagChange
from tagger.store.taggable import TaggableTrack

__all__ = [
    "Adoption",
    "Answer",
    "AnswerPair",
    "ChangeState",
    "Exchange",
    "FileState",
    "Heard",
    "NewChange",
    "Outcome",
    "Run",
    "Statistics",
    "Store",
    "TagChange",
    "TagChanges",
    "TaggableTrack",
    "default_path",
    "scan_lock",
]


def default_path() -> str:
    """Where the database lies unless the owner says otherwise: in the platform's user-data folder."""
    return os.fspath(user_data_path("tagger") / "tagger.db")
