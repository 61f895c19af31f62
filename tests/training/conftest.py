from collections.abc import Iterator
from pathlib import Path

import pytest
from joblib.externals.loky import get_reusable_executor

from tests.labelled_music import make_clips


@pytest.fixture(autouse=True, scope="module")
def no_workers_of_a_scan() -> Iterator[None]:
    """joblib's `Parallel` cannot take over the worker processes that a scan has left running."""
    get_reusable_executor(max_workers=1).shutdown(wait=True, kill_workers=True)
    yield


@pytest.fixture(scope="session")
def clips_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_clips(tmp_path_factory.mktemp("miniature"))


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(Path(tmp_path_factory.mktemp("cache")) / "log-mels")
