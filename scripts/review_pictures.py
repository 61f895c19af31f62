"""Draws the pictures of the manual's page on reviews: the real screen over real answers, dark and light."""

import argparse
import asyncio
import os

from pictures import self_contained

from tagger.cli.review_screen.app import ReviewApp
from tagger.cli.review_screen.background import Background
from tagger.library import Library
from tagger.query import EVERYTHING
from tagger.tag_runs import TagSettings

OUT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tagger/manual")

PICTURES = {
    "review-dark": ((120, 34), False, "2askk"),
    "review-light": ((80, 24), True, "1askk"),
}
"""Of each picture the terminal's size, whether it is light, and the keys that are pressed first."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("db", help="a copy of a database with a scan: what the keys decide is kept in it")
    parser.add_argument("--out", default=OUT, help=f"folder for the pictures (default: {OUT})")
    args = parser.parse_args()
    for name, (size, is_light, keys) in PICTURES.items():
        svg = self_contained(asyncio.run(screen(args.db, size, is_light, keys)))
        with open(os.path.join(args.out, f"{name}.svg"), "w", encoding="utf-8") as file:
            file.write(svg)


async def screen(db: str, size: tuple[int, int], is_light: bool, keys: str) -> str:
    """Gives the screen as SVG after `keys` were pressed; what they decide is taken back."""
    background = Background(lambda: Library(db), EVERYTHING, TagSettings())
    app = ReviewApp(background, background.beginning(), background.review(), is_light=is_light)
    async with app.run_test(size=size) as pilot:
        while not app.is_whole:
            await asyncio.sleep(0.05)
        await pilot.press(*keys)
        await asyncio.sleep(2)
        await pilot.pause()
        svg = app.export_screenshot(title="tagger review")
        await pilot.press(*["u" for key in keys if key in "as"])
    background.close()
    return svg


if __name__ == "__main__":
    main()
