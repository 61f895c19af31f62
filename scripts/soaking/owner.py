"""What the owner of a library does between two commands; the model learns of each."""

import os
import random
import shutil
from collections.abc import Iterator

from soaking.ground import Ground
from soaking.music import ALL_KINDS, make_track, retag
from soaking.truth import Truth

PER_FOLDER = 50


class Owner:
    """A person with a library; each method is one thing that a person does to some of the files.

    Each gives the paths of which the earlier content cannot be asked for any more.
    """

    def __init__(self, ground: Ground, truth: Truth, n_files: int) -> None:
        self.ground, self.truth, self.n_files = ground, truth, n_files
        self._n_made = 0

    def fill(self, rng: random.Random) -> None:
        """Make the whole library, a few of the files with two names."""
        for number in range(self.n_files):
            is_small = number % PER_FOLDER == PER_FOLDER - 1
            root = self.ground.small_music if is_small else self.ground.music
            self._make(os.path.join(root, f"album {number // PER_FOLDER}"), rng)
        for path in self._some(rng, max(1, self.n_files // 100)):
            self._link(path)

    def add(self, rng: random.Random) -> list[str]:
        """New files, so many that the library has its size again, and one at least."""
        for _ in range(max(1, min(30, self.n_files - len(self.truth.files)))):
            self._make(os.path.dirname(rng.choice(self.truth.paths())), rng)
        return []

    def retag(self, rng: random.Random) -> list[str]:
        """Other tags, written by another program."""
        changed: list[str] = []
        for path in self._some(rng):
            if retag(path, rng):
                changed += self.truth.learn_links(path)
        return changed

    def move(self, rng: random.Random) -> list[str]:
        """Some files into another folder, or a whole folder to another name."""
        if rng.random() < 0.3:
            return self._rename_folder(rng)
        moved = list(self._some(rng))
        for path in moved:
            self._move(path, self._new_name(os.path.dirname(rng.choice(self.truth.paths())), path))
        return moved

    def copy(self, rng: random.Random) -> list[str]:
        """Copies with the dates of their originals, and second names."""
        for path in self._some(rng, 5):
            if rng.random() < 0.2:
                self._link(path)
                continue
            target = self._new_name(os.path.dirname(path), path)
            shutil.copy2(path, target)
            self.truth.learn(target)
        return []

    def delete(self, rng: random.Random) -> list[str]:
        """Some files for good."""
        gone = list(self._some(rng, 8)) if len(self.truth.files) > self.n_files // 2 else []
        for path in gone:
            os.unlink(path)
            self.truth.forget(path)
        return gone

    def replace(self, rng: random.Random) -> list[str]:
        """Another recording under the name of a file."""
        replaced = list(self._some(rng, 8))
        for path in replaced:
            kind = rng.choice([kind for kind in ALL_KINDS if kind.endswith(os.path.splitext(path)[1])])
            os.replace(make_track(os.path.dirname(path), kind, "new", rng.randrange(2**31)), path)
            self.truth.learn(path)
        return replaced

    def change_dates(self, rng: random.Random) -> list[str]:
        """Dates long past and far in the future, as a computer with a wrong clock gives them."""
        state = [os.path.join(self.ground.state, name) for name in sorted(os.listdir(self.ground.state))]
        for path in [*self._some(rng, 60), *(one for one in state if rng.random() < 0.4)]:
            moment_s = rng.choice(
                [0, 1, 86_400, 2**31, 2**32 + 5, 4_102_444_800, 1.6e9, 1.6e9 + rng.random()]
            )
            os.utime(path, (moment_s, moment_s))
        return []

    def _some(self, rng: random.Random, most: int = 30) -> Iterator[str]:
        paths = self.truth.paths()
        yield from rng.sample(paths, min(len(paths), rng.randint(1, most)))

    def _make(self, folder: str, rng: random.Random) -> None:
        os.makedirs(folder, exist_ok=True)
        kind = ALL_KINDS[self._n_made % len(ALL_KINDS)]
        self._n_made += 1
        name = f"{self._n_made:05} {rng.choice(['song', 'Lied', 'träck', '音楽'])}"
        self.truth.learn(make_track(folder, kind, name, rng.randrange(2**31)))

    def _link(self, path: str) -> None:
        target = self._new_name(os.path.dirname(path), path)
        os.link(path, target)
        self.truth.learn(target)

    def _new_name(self, folder: str, path: str) -> str:
        self._n_made += 1
        return os.path.join(folder, f"{self._n_made:05} again{os.path.splitext(path)[1]}")

    def _move(self, old: str, new: str) -> None:
        shutil.move(old, new)  # which copies from drive to drive
        self.truth.move(old, new)

    def _rename_folder(self, rng: random.Random) -> list[str]:
        folder = os.path.dirname(rng.choice(self.truth.paths()))
        self._n_made += 1
        target = os.path.join(os.path.dirname(folder), f"album again {self._n_made}")
        inside = [path for path in self.truth.paths() if os.path.dirname(path) == folder]
        os.rename(folder, target)
        for path in inside:
            self.truth.move(path, os.path.join(target, os.path.basename(path)))
        return inside
