"""The store: what was analysed, what failed and when, in one SQLite file."""

from tagger.store.answers import Answer, AnswerPair, Answers
from tagger.store.corrections import Correction, CorrectionKind, Corrections, Said, genres_said, owners_word
from tagger.store.database import scan_lock
from tagger.store.duplicates import SameSound
from tagger.store.heard_files import HeardFile
from tagger.store.ignored import IgnoredPaths
from tagger.store.known_files import KnownFiles, Reuse, displaced, fault
from tagger.store.merge import Merged, merge
from tagger.store.overview import Overview
from tagger.store.own_tags import fields_written
from tagger.store.rereads import HeadAnswers, Source, Stored
from tagger.store.runs import Run, said
from tagger.store.statistics import Statistics
from tagger.store.store import Store, default_path
from tagger.store.tag_changes import (
    ChangeState,
    Exchange,
    NewChange,
    Outcome,
    SoundName,
    TagChange,
    TagChanges,
    TaggableTrack,
)

__all__ = [
    "Answer",
    "AnswerPair",
    "Answers",
    "ChangeState",
    "Correction",
    "CorrectionKind",
    "Corrections",
    "Exchange",
    "HeadAnswers",
    "HeardFile",
    "IgnoredPaths",
    "KnownFiles",
    "Merged",
    "NewChange",
    "Outcome",
    "Overview",
    "Reuse",
    "Run",
    "Said",
    "SameSound",
    "SoundName",
    "Source",
    "Statistics",
    "Store",
    "Stored",
    "TagChange",
    "TagChanges",
    "TaggableTrack",
    "default_path",
    "displaced",
    "fault",
    "fields_written",
    "genres_said",
    "merge",
    "owners_word",
    "said",
    "scan_lock",
]
