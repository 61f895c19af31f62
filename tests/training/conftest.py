from collections.abc import Iterator

import pytest
from joblib.externals.loky import get_reusable_executor


@pytest.fixture(autouse=True, scope="module")
def no_workers_of_a_scan() -> Iterator[None]:
    """joblib's `Parallel` cannot take over the worker processes that a scan has left running."""
    get_reusable_executor(max_workers=1).shutdown(wait=True, kill_workers=True)
    yield
