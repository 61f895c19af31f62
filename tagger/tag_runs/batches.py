"""Work on many files at once: in batches, in threads, and again for those that had no room."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tagger.tag_runs.counts import Skip
from tagger.tags import HardLinked, NoRoom, TagError, UnsupportedFormat

BATCH = 32
"""Files that are prepared together: one commit of the store for all, and that many copies beside them."""

N_THREADS = 8
"""More than there are cores, because they mostly wait for the disk."""

T = TypeVar("T")
R = TypeVar("R")


def threads() -> ThreadPoolExecutor:
    """Give the threads that read and prepare files; a context manager."""
    return ThreadPoolExecutor(N_THREADS, thread_name_prefix="tagger-tags")


def batches(items: Iterable[T], identity: Callable[[T], Hashable]) -> Iterator[list[T]]:
    """Yield `items` in pieces of at most `BATCH`, no two of one `identity` in one piece.

    A file is locked while it is read and prepared, so it cannot be two at once.
    """
    batch: dict[Hashable, T] = {}
    for item in items:
        if len(batch) == BATCH or identity(item) in batch:
            yield list(batch.values())
            batch = {}
        batch[identity(item)] = item
    if batch:
        yield list(batch.values())


def attempts(
    batch: Sequence[T], work: Callable[[T], R], pool: ThreadPoolExecutor
) -> Iterator[list[tuple[T, R]]]:
    """Yield each item with the outcome of `work`; then, one by one, those that had no room beside the others.

    The caller commits the outcomes before it asks for more: copies that took their places make room.
    """
    done, crowded = list[tuple[T, R]](), list[T]()
    for item, outcome in zip(batch, pool.map(work, batch), strict=True):
        if isinstance(outcome, Skip) and outcome.is_crowded and len(batch) > 1:
            crowded.append(item)
        else:
            done.append((item, outcome))
    yield done
    for item in crowded:
        yield [(item, work(item))]


def or_skip(work: Callable[[], T], path: str) -> T | Skip:
    """Give the outcome of `work`, or why the file at `path` must be left: one bad file never ends a run."""
    try:
        return work()
    except (UnsupportedFormat, HardLinked) as error:
        return Skip(path, str(error), is_error=False)
    except TagError as error:
        return Skip(path, str(error), is_crowded=isinstance(error, NoRoom))
    except Exception as error:  # a fault of ours or of a library's
        reason = f"unexpected {type(error).__name__}: {error}; please report it with the file"
        return Skip(path, " ".join(reason.split()))
