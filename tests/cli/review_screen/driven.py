"""A review driven by keys alone, over a library of real small files and made-up answers."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from textual import _wait
from textual.pilot import Pilot
from textual.widgets import Static

from tagger.cli.review_screen.app import ReviewApp
from tagger.cli.review_screen.background import Background
from tagger.cli.review_screen.dialogs import Working
from tagger.library import Library
from tagger.query import EVERYTHING
from tagger.store import Correction, Store
from tagger.tag_runs import TagSettings
from tagger.types import Analysis, OwnTags, WindowAnswer
from tests.tag_runs.library import analysed_as
from tests.tags import samples

GENRES = ("Rock", "Jazz", "Pop")
WORDS = {"Guitar": 0.6, "Piano": 0.9, "Vocals": 0.2}

_wait.SLEEP_GRANULARITY, _wait.SLEEP_IDLE = 0.002, 0.0001
"""For how long a pilot looks whether all is idle, twice after each key; 20 ms are its own choice."""


@dataclass(frozen=True)
class Song:
    """A file to be made: where in its album it stands, what is answered, and what its own tag says."""

    album: str
    number: int
    genre: str = "Rock"
    sure: float = 0.9
    own: tuple[str, ...] = ()
    title: str = ""
    artist: str = "Ada"


def make_library(folder: Path, songs: Sequence[Song], kind: str = "mp3") -> Path:
    """Make the files, each with a sound of its own by name, and a database that has analysed them."""
    sound = samples.make(kind)
    analyses = []
    for n, song in enumerate(songs):
        path = folder / "music" / song.album / f"{song.number:02}.{samples.extension(kind)}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sound)
        analyses.append(_analysis(str(path), n, song))
    db = folder / "tagger.db"
    with Store.open(str(db), create=True) as store:
        store.record_batch(analyses, [])
    return db


def _analysis(path: str, n: int, song: Song) -> Analysis:
    others = [genre for genre in GENRES if genre != song.genre]
    genres = {song.genre: song.sure} | dict.fromkeys(others, (1 - song.sure) / len(others))
    analysis = analysed_as(path, f"{n:032x}", genres, 0.734, tempo=(120.4, 0.7))
    windows = (WindowAnswer(20.0, song.genre, 0.8, 0.25, 0.3, "sad"), WindowAnswer(90.0, "Pop", 0.4, 1.0))
    recording = dataclasses.replace(
        analysis.recording,
        duration_s=120.0,
        title=song.title or f"Song {song.number}",
        artist=song.artist,
        album=song.album,
        own=OwnTags(song.own),
    )
    said = {"valence": 0.7, "mood": "calm", "mood_confidence": 0.55, "words": WORDS}
    heard = {"key": "F#m", "key_confidence": 0.7, "second_bpm": 60.2, "second_bpm_confidence": 0.25}
    prediction = dataclasses.replace(analysis.prediction, windows=windows, **said, **heard)
    return dataclasses.replace(analysis, recording=recording, prediction=prediction)


class Driver:
    """Presses keys, and reads the screen."""

    def __init__(self, app: ReviewApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    async def press(self, *keys: str) -> None:
        """Press keys, each when the last one was taken, and wait for what they start to come to rest."""
        for key in keys:
            await self.pilot.press(key)
        await self.rest()

    async def type(self, text: str) -> None:
        """Type a text."""
        await self.press(*("space" if letter == " " else letter for letter in text))

    async def rest(self) -> None:
        """Wait until nothing is read, written or asked for any more."""
        while True:
            await self.pilot.pause()
            await asyncio.wrap_future(self.app.background._do(lambda library: None))
            await self.pilot.pause()
            if not isinstance(self.app.screen, Working):
                return
            await asyncio.sleep(0.002)

    @property
    def lines(self) -> list[str]:
        """The lines of the table that hold rows."""
        table = self.app.table
        return [table.render_line(y).text.rstrip() for y in range(1, table.size.height)][: len(table.rows)]

    def text(self, name: str) -> str:
        """What stands in a part of the screen in front."""
        return str(self.app.screen.query_one(f"#{name}", Static).content)

    @property
    def status(self) -> str:
        """The line above the keys."""
        return str(self.app.screen_stack[0].query_one("#status", Static).content)

    @property
    def under_cursor(self) -> str:
        """The album and the number of the row under the cursor."""
        row = self.app.table.row
        return "" if row is None else f"{row.track.album} {Path(row.track.path).stem}"


@asynccontextmanager
async def reviewing(db: Path, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Driver]:
    """Open the screen; what is on it at the end is over."""
    background = Background(lambda: Library(db), EVERYTHING, TagSettings())
    app = ReviewApp(background, background.beginning(), background.review())
    try:
        async with app.run_test(size=size) as pilot:
            driver = Driver(app, pilot)
            while not app.is_whole and not app.failure:
                await asyncio.sleep(0.01)
            await driver.rest()
            yield driver
    finally:
        background.close()


def review(db: Path, drive: Callable[[Driver], Awaitable[None]], size: tuple[int, int] = (80, 24)) -> None:
    """Let `drive` use the screen of a review."""

    async def run() -> None:
        async with reviewing(db, size) as driver:
            await drive(driver)

    asyncio.run(run())


def said(db: Path) -> dict[int, Correction]:
    """What the owner has said, by the number of the song."""
    with Store.open(str(db), create=False) as store:
        found = store.corrections.of("genre")
    return {int(one, 16): dataclasses.replace(word, made_at="") for one, word in found.items()}
