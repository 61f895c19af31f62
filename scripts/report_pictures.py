"""Draws the pictures of the manual's page on reports: the real page over real answers, light and dark."""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tagger.library import Library

OUT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tagger/manual")

PICTURES = {
    "report": ("light", "#by-sound", "#about-command"),
    "report-dark": ("dark", "#by-energy", "#about-map"),
}
"""Of each picture the theme, the view of the map, and what it ends with."""

VIEWPORT = {"width": 1200, "height": 740}

MARKED = """() => {
    const canvas = document.getElementById("overlay"), { width, height } = canvas;
    const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
    let n = 0, x = 0, y = 0;
    for (let at = 0; at < width * height; at++) {
        const [red, green, blue, alpha] = pixels.subarray(4 * at, 4 * at + 4);
        if (alpha < 255 || Math.max(red, green, blue) - Math.min(red, green, blue) < 60) continue;
        n++; x += at % width; y += Math.floor(at / width);
    }
    return [x / n, y / n];
}"""
"""Where on the map a track is marked."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("db", help="a database with a scan of music whose names may be shown")
    parser.add_argument("artist", help="of the track that is named on the map")
    parser.add_argument("--out", default=OUT, help=f"folder for the pictures (default: {OUT})")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        page = Path(folder, "library.html")
        with Library(args.db) as library:
            library.report(page)
        browser = play.chromium.launch(executable_path=shutil.which("chromium"))
        for name, look in PICTURES.items():
            draw(browser, page, os.path.join(args.out, f"{name}.png"), args.artist, *look)
        browser.close()


def draw(browser: Browser, page: Path, out: str, hovered: str, theme: str, view: str, last: str) -> None:
    """Writes the beginning of the page as a picture, with the name of one track at its point."""
    tab = browser.new_page(color_scheme=theme, viewport=VIEWPORT)  # type: ignore[arg-type]
    tab.goto(page.as_uri())
    tab.wait_for_selector("html[data-ready=yes]")
    tab.click(view)
    tab.fill("#artist", hovered)
    tab.wait_for_timeout(1000)
    tab.locator("#hits button").first.hover()  # which marks its point
    left, top = tab.evaluate(MARKED)
    tab.click("#clear")
    tab.evaluate("scrollTo(0, 0)")
    tab.wait_for_timeout(1000)
    tab.hover("#overlay", position={"x": left, "y": top})
    tab.wait_for_timeout(500)
    end = tab.locator(last).bounding_box()
    assert end is not None
    height = end["y"] + end["height"] + 12
    tab.screenshot(
        path=out, full_page=True, clip={"x": 0, "y": 0, "width": VIEWPORT["width"], "height": height}
    )
    tab.close()


if __name__ == "__main__":
    main()
