"""The screen of a review of a made library: how long until its rows are there, and how long a page takes."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time

from benchmarks.query import make_library

PAGES = 200


def bench_review(n_tracks: int) -> None:
    """Seconds from the start of Python to all rows on the screen, and of a page, a view and a filter."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "made.db")
        make_library(path, n_tracks, 0)
        began = time.perf_counter()
        subprocess.run([sys.executable, __file__, path, "open"], check=True)
        print(f"python, imports, first rows on the screen {time.perf_counter() - began:7.3f} s")
        subprocess.run([sys.executable, __file__, path, "use"], check=True)


async def _use(path: str, whole: bool) -> None:
    from tagger.cli.review_screen.app import ReviewApp
    from tagger.cli.review_screen.background import Background
    from tagger.library import Library
    from tagger.query import Query
    from tagger.tag_runs import TagSettings

    began = time.perf_counter()
    background = Background(lambda: Library(path), Query(), TagSettings())
    app = ReviewApp(background, background.beginning(), background.review())
    async with app.run_test(size=(120, 40)) as pilot:
        while not app.table.rows:
            await asyncio.sleep(0.005)
        await pilot.pause()
        seen_s = time.perf_counter() - began
        if not whole:
            return
        while not app.is_whole:
            await asyncio.sleep(0.005)
        await pilot.pause()
        opened_s = time.perf_counter() - began
        print(f"without imports: first rows on the screen {seen_s:7.3f} s")
        print(f"all rows, and every key works             {opened_s:7.3f} s  ({len(app.review.rows):,} rows)")
        for name, keys in (("a page", ["pagedown"] * PAGES), ("a view", "5353"), ("a letter", "/artis")):
            began = time.perf_counter()
            for key in keys:
                await pilot.press("slash" if key == "/" else key)
            print(f"{name:<41} {(time.perf_counter() - began) / len(keys):7.3f} s")
    app.background.close()


if __name__ == "__main__":
    asyncio.run(_use(sys.argv[1], sys.argv[2] == "use"))
    os._exit(0)  # what is read in the background is of no interest
