"""Faults are met by the whole command: the fixtures of its tests."""

from tests.cli.conftest import db, tagger

__all__ = ["db", "tagger"]
