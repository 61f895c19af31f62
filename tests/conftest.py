"""Sounds that several tests share, each made once; and one thread for all arithmetic.

Threads that wait for each other make a busy computer many times slower.
"""

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import pytest  # noqa: E402 - numpy and PyTorch read these names as they are loaded
from hypothesis import settings  # noqa: E402

from tests.sounds import KINDS, make_kind  # noqa: E402

settings.register_profile("patient", deadline=None)  # a busy machine is slow, not wrong
settings.load_profile("patient")

SECONDS = 40.0
"""Long enough for three windows that do not overlap: at 3, 15 and 27 s."""


@pytest.fixture(scope="session", autouse=True)
def no_added_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Models that the owner of this computer has added are not found."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TAGGER_MODELS", os.fspath(tmp_path_factory.getbasetemp() / "no-models"))
        yield


@pytest.fixture(scope="session", autouse=True)
def no_configuration() -> Iterator[None]:
    """The configuration of the owner of this computer is not read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TAGGER_CONFIG", "none")
        yield


class NeverSynced(sqlite3.Connection):
    """Leaves it to the system when a database reaches the disk."""

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if sql.startswith("PRAGMA synchronous ="):
            return super().execute("PRAGMA synchronous = OFF")
        if sql.startswith(("BEGIN", "PRAGMA journal_mode =")):
            super().execute("PRAGMA synchronous = OFF")
        return super().execute(sql, *parameters)


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_disks() -> Iterator[None]:
    """No test cuts the power; to wait for the disk, up to forty times in each, takes as long as all else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda fd: None)
        patch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=NeverSynced))
        yield


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """PyTorch computes with one thread, also after a test that has set another number."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def sound_path(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The path of a sound of 40 s for each of `sounds.KINDS`; copy it before you change it."""
    folder = tmp_path_factory.mktemp("sounds")
    return cache(lambda kind: make_kind(folder, kind, seconds=SECONDS))


@pytest.fixture(scope="session")
def mixed_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with a sound of 2 s of every kind; read only."""
    folder = tmp_path_factory.mktemp("mixed")
    for kind in KINDS:
        make_kind(folder, kind)
    return os.fspath(folder)


@pytest.fixture(scope="session")
def shared_data() -> str:
    """The folder of labelled music beside the repository."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    folder = os.path.join(root, "shared", "data")
    if not os.path.isdir(folder):
        pytest.skip("../shared/data is not there")
    return folder
