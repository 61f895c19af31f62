"""Watching folders: what changed in them, when it has come to rest, and what to scan for it."""

from tagger.watching.changes import Changes, changes
from tagger.watching.settling import Settling
from tagger.watching.targets import matters, targets

__all__ = ["Changes", "Settling", "changes", "matters", "targets"]
