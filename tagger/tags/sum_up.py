"""Sum up what players make of many files: how many each sees right, what it misses, what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tagger.tags.read import Tags
from tagger.tags.seen import FINE_ENERGY, Player, Seen, seen_by


@dataclass(slots=True)
class Fit:
    """What one player makes of the files so far.

    `n_right` of `n_files` are seen as they are as far as is known. `ignored` and `unknown` count files by the
    name of the field, `n_split` those of which a genre becomes several, `n_shut` those that it does not open.
    `todo` is what the owner can do about it.
    """

    player: Player
    n_files: int = 0
    n_right: int = 0
    n_split: int = 0
    n_shut: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    todo: list[str] = field(default_factory=list)

    def add(self, tags: Tags) -> None:
        """Count one more file."""
        self.n_files += 1
        if not self.player.does_open(tags):
            self.n_shut += 1
            self._advise("convert what it does not open")
            return
        seen = seen_by(self.player, tags)
        is_split = bool(seen.genres) and len(seen.genres) > len(tags.genres)
        self.n_right += seen.is_right and not is_split
        self.n_split += is_split
        self.ignored.update(name for name in seen.ignored if name != FINE_ENERGY)
        self.unknown.update(seen.unknown)
        if is_split:
            self._advise("rename the genres that it splits with a tag editor")
        for line in _advice(self.player, tags, seen):
            self._advise(line)

    def _advise(self, line: str) -> None:
        if line not in self.todo:
            self.todo.append(line)


def fits(players: Mapping[str, Player], files: Iterable[Tags]) -> dict[str, Fit]:
    """Sum up what each player makes of the files.

    >>> from tagger.tags.players import PLAYERS
    >>> files = [Tags("mp3", ("Jazz",), bpm="90"), Tags("mp3", words=("tuba",))]
    >>> kodi = fits({"kodi": PLAYERS["kodi"]}, files)["kodi"]
    >>> kodi.n_right, dict(kodi.ignored)
    (1, {'words': 1})
    """
    found = {name: Fit(player) for name, player in players.items()}
    for tags in files:
        for fit in found.values():
            fit.add(tags)
    return found


def _advice(player: Player, tags: Tags, seen: Seen) -> Iterable[str]:
    """Yield what makes the player see more of a file; nothing where only the player could change."""
    if "energy level" in seen.ignored and player.shows_energy_in:
        yield f"tagger write-tags --energy-in {player.shows_energy_in[0]}"
    if "genre" in seen.ignored and tags.format in player.one_value_in and len(tags.genres) > 1:
        kinds = ", ".join(player.one_value_in)
        yield f"keep one genre a file in {kinds}: of several it shows one"
    if "key" in seen.ignored and any(name.endswith(":INITIALKEY") for name in player.not_in.get("key", ())):
        yield "have it read INITIALKEY as a key: see `tagger help players`"
    if "mood" in seen.ignored and tags.dialect in player.not_in.get("mood", ()):
        yield "turn ID3v2.3 into ID3v2.4 with a tag editor, then write the mood again"
