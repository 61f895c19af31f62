"""What must be true of the library after each step: a model of every file, and a look at them."""

import os
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from soaking.music import audio_hash, content_hash, foreign_hash

State = tuple[int, int, int, int]


class HarmError(Exception):
    """Something of the owner's was lost, changed or littered."""


@dataclass
class Known:
    """A file as it must be; `content` and `state` are those of the last look."""

    audio: str
    foreign: str
    content: str
    state: State


class Truth:
    """The model of the library: each path and what its file holds."""

    def __init__(self, roots: Iterable[str]) -> None:
        self.roots = tuple(roots)
        self.files: dict[str, Known] = {}
        self._unseen: set[str] = set()

    def paths(self) -> list[str]:
        """Give all paths in their order, so that a seed chooses the same again."""
        return sorted(self.files)

    def learn(self, path: str) -> None:
        """Take a file for true as it is now: its owner has just written it."""
        self.files[path] = Known(audio_hash(path), foreign_hash(path), content_hash(path), _state(path))

    def learn_links(self, path: str) -> list[str]:
        """Learn all names of a file that its owner has just changed, and give them."""
        inode = os.stat(path).st_ino
        names = [name for name in self.files if os.path.lexists(name) and os.stat(name).st_ino == inode]
        for name in names:
            self.learn(name)
        return names

    def move(self, old: str, new: str) -> None:
        """Say that the owner has renamed a file."""
        self.files[new] = self.files.pop(old)

    def forget(self, path: str) -> None:
        """Say that the owner has deleted a file."""
        del self.files[path]

    def check(
        self, rng: random.Random, *, may_write: bool, is_settled: bool, n_sample: int | None = 40
    ) -> dict[str, str]:
        """Look at every file that has changed since the last look and at a sample of the others (None: all).

        Gives the former content of those that were written since. `is_settled`: no killed run waits to be
        recovered, so that nothing else may lie in the folders. Until then a file of two names may be half
        written in place, and is looked at later. Raises HarmError.
        """
        found = dict(self._found())
        if lost := self.files.keys() - found.keys():
            raise HarmError(f"{min(lost)}: gone, and {len(lost) - 1} others")
        for path in found.keys() - self.files.keys():
            if is_settled or not os.path.basename(path).startswith(".tagger-"):
                raise HarmError(f"{path}: nobody put it there")
        changed = {
            path for path, state in found.items() if path in self.files and self.files[path].state != state
        }
        others = (
            self.paths() if n_sample is None else rng.sample(self.paths(), min(n_sample, len(self.files)))
        )
        written = {}
        for path in sorted(changed | set(others)):
            if not is_settled and os.stat(path).st_nlink > 1:
                self._unseen.add(path)
                continue
            is_late = path in self._unseen
            former = self._look(path, may_write or is_late or not is_settled)
            if former and not is_late:
                written[path] = former
            self._unseen.discard(path)
        return written

    def _look(self, path: str, may_write: bool) -> str | None:
        known, content = self.files[path], content_hash(path)
        known.state = _state(path)
        if content == known.content:
            return None
        if not may_write:
            raise HarmError(f"{path}: changed by a command that writes no tags")
        try:
            audio, foreign = audio_hash(path), foreign_hash(path)
        except Exception as error:
            raise HarmError(f"{path}: cannot be read any more: {error!r}") from error
        if audio != known.audio:
            raise HarmError(f"{path}: other sound")
        if foreign != known.foreign:
            raise HarmError(f"{path}: other tags than its owner's")
        former, known.content = known.content, content
        return former

    def _found(self) -> Iterator[tuple[str, State]]:
        for root in self.roots:
            for folder, _, names in os.walk(root):
                for name in names:
                    path = os.path.join(folder, name)
                    yield path, _state(path)


def _state(path: str) -> State:
    status = os.lstat(path)
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
