"""The page in a browser: Chromium without a window, driven by Playwright, over a library of made music."""

import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tagger.files import folded
from tagger.library import Library
from tagger.store import Correction, Store
from tests.report.test_gather import track
from tests.sounds import make_sound, sweep

pytestmark = pytest.mark.slow

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not there")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if CHROMIUM is None:
    pytest.skip("there is no Chromium", allow_module_level=True)

HOSTILE = "<script>window.broken = 1</script><img src=x onerror='window.broken = 2'>"
TITLES = ["One", "Two", HOSTILE]


class Shown:
    """A page in a tab: what it asked for, what it said on its console, and a few short ways to look at it."""

    def __init__(self, tab: Any, path: Path) -> None:
        self.tab, self.path = tab, path
        self.requests: list[str] = []
        self.said: list[str] = []
        tab.on("request", lambda request: self.requests.append(request.url))
        tab.on("console", lambda message: self._note(message.text))
        tab.on("pageerror", lambda error: self.said.append(str(error)))
        tab.goto(path.as_uri())
        tab.wait_for_selector("html[data-ready=yes]")
        tab.wait_for_timeout(700)  # until the points have come to rest

    def _note(self, text: str) -> None:
        if "GL Driver Message (OpenGL, Performance" not in text:  # what Chromium says without a graphics card
            self.said.append(text)

    def text(self, selector: str) -> str:
        return str(self.tab.inner_text(selector))

    def n_coloured(self) -> int:
        """How many pixels of the map have a colour, as it is printed: with its points above all else."""
        self.tab.evaluate("dispatchEvent(new Event('beforeprint'))")
        return int(self.tab.evaluate(MARK, 150)[2])

    @property
    def hits(self) -> list[str]:
        return [str(name) for name in self.tab.locator("#hits button").all_inner_texts()]

    @property
    def count(self) -> str:
        return self.text("#count")

    def wait_for_count(self, text: str) -> None:
        self.tab.wait_for_function("text => document.getElementById('count').textContent === text", arg=text)

    def place_of(self, title: str) -> tuple[float, float]:
        """Where on the screen the point of a track is: the list marks it, and the mark is looked for."""
        self.tab.locator("#hits button", has_text=title).first.hover()
        self.tab.wait_for_timeout(100)
        found = self.tab.evaluate(MARK, 255)
        self.tab.evaluate("scrollTo(0, 0)")
        self.tab.wait_for_timeout(400)  # the wheel that scrolls a page past a map does not zoom it
        box = self.tab.locator("#overlay").bounding_box()
        return box["x"] + found[0], box["y"] + found[1]

    def wait_for(self, condition: str) -> None:
        self.tab.wait_for_function(
            f"() => {condition}"
        )  # what is no function is forbidden by the page's policy


MARK = """leastAlpha => {
    const canvas = document.getElementById("overlay"), { width, height } = canvas;
    const ratio = width / canvas.clientWidth;
    const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
    let n = 0, x = 0, y = 0;
    for (let at = 0; at < width * height; at++) {
        const [red, green, blue, alpha] = pixels.subarray(4 * at, 4 * at + 4);
        if (alpha >= leastAlpha && Math.max(red, green, blue) - Math.min(red, green, blue) > 60) {
            n++; x += at % width; y += Math.floor(at / width);
        }
    }
    return [x / n / ratio, y / n / ratio, n];
}"""
"""The middle of what is painted in colour over the points, the mark of one, and its number of pixels."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--enable-unsafe-swiftshader"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database and its report: forty tracks, of which the first is a file that plays."""
    folder = tmp_path_factory.mktemp("shown") / "Music"
    folder.mkdir()
    make_sound(folder / "song 0.wav", samples=sweep(2.0, 22_050, 1))
    tracks = [
        track(
            os.fspath(folder / f"song {n}.wav"),
            ["Rock", "Jazz", "Folk"][n % 3],
            n,
            "Live" if n < 20 else "Home",
        )
        for n in range(40)
    ]
    with Store.open(os.fspath(folder / "tagger.db"), create=True) as store:
        store.record_batch(tracks, [])
        raw = store.database.connection
        raw.execute("UPDATE tracks SET title = ? WHERE title = 'T7'", (HOSTILE,))
        raw.execute("UPDATE tracks SET artist = 'Straße & Söhne' WHERE id > 30")
        raw.execute("UPDATE predictions SET genre_confidence = 0.4 WHERE track_id % 5 = 0")
        raw.execute("UPDATE mood_words SET mood = 'happy' WHERE track_id % 4 = 0")
        raw.execute(
            "UPDATE keys_and_tempos SET key_confidence = 0.7 - 0.2 * (track_id > 20),"
            " key = CASE track_id % 3"
            " WHEN 0 THEN 'Am' WHEN 1 THEN 'C' ELSE 'F#' END WHERE track_id <= 30"
        )
        surf = Correction("set", ("Surf", "Jazz"))
        store.corrections.put("genre", {f"{n:032x}": surf for n in (3, 6)})
    with Library(folder / "tagger.db") as made:
        made.report(folder / "library.html", options=["--db", os.fspath(folder / "tagger.db")])
    return folder


@pytest.fixture
def opened(browser: Any, library: Path) -> Iterator[Callable[..., Shown]]:
    contexts = []

    def open_page(path: Path | None = None, **options: Any) -> Shown:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
        contexts.append(context)
        return Shown(context.new_page(), path or library / "library.html")

    yield open_page
    for context in contexts:
        context.close()


def test_it_shows_all_tracks_without_a_request_and_without_a_word_on_the_console(
    opened: Callable[..., Shown], library: Path
) -> None:
    shown = opened()
    assert shown.requests == [(library / "library.html").as_uri()]
    assert shown.said == []
    assert shown.count == "40 tracks"
    assert len(shown.hits) == 40
    assert shown.n_coloured() > 40 * 50  # of forty points of ten pixels
    assert shown.tab.evaluate("window.broken") is None
    assert any(HOSTILE in hit for hit in shown.hits)


def test_the_hand_over_a_point_names_its_track_and_a_click_plays_its_file(
    opened: Callable[..., Shown], library: Path
) -> None:
    shown = opened()
    x, y = shown.place_of("T0")
    shown.tab.mouse.move(x, y)
    shown.tab.wait_for_selector("#tip:not([hidden])")
    assert shown.text("#tip").splitlines() == [
        "Ada – T0",
        "Live",
        "Rock (70 %)",
        "energy 1, 100 BPM, C 8B, calm",
        "energy 1 → 2 → 3 from beginning to end",
        "Piano, Vocals",
    ]
    shown.tab.mouse.click(x, y)
    shown.wait_for("document.getElementById('audio').currentTime > 0")
    assert shown.requests[1:] == [(library / "song 0.wav").as_uri()]
    assert shown.text("#playing") == "Ada – T0"
    assert shown.tab.evaluate("document.getElementById('open').href") == (library / "song 0.wav").as_uri()
    assert shown.said == []


def test_a_file_that_cannot_be_played_is_said_so(opened: Callable[..., Shown]) -> None:
    shown = opened()
    shown.tab.locator("#hits button", has_text="T1").first.click()
    shown.wait_for("document.getElementById('playing-what').textContent.includes('cannot play it')")


def asks_the_same(shown: Shown, library: Path) -> bool:
    """Whether the command of the page makes a playlist of just the tracks that the page has found."""
    from tagger.cli.configured import choose
    from tagger.playlist import Plan
    from tagger.query import FILTERS, read_query

    words = shlex.split(shown.text("#command"))
    assert words[:2] == ["tagger", "playlist"] and words[-2:] == ["--db", os.fspath(library / "tagger.db")]
    assert words[words.index("-o") + 1] == "selection.m3u8"
    given: dict[str, list[str]] = {}
    for name, value in filters_in(words[2:]):
        given.setdefault(name, []).append(value)
    repeats = {each.name for each in FILTERS if each.repeats}
    query = read_query({name: values if name in repeats else values[-1] for name, values in given.items()})
    choose(None)
    with Library(library / "tagger.db") as asked:
        made = asked.playlist(Plan(query))
    assert made.tracks is not None
    named = {f"{one.artist} – {one.title}" for one in made.tracks}
    while shown.tab.locator("#more").is_visible():
        shown.tab.click("#more")
    return named == set(shown.hits) and len(made.tracks) == len(shown.hits)


def filters_in(words: list[str]) -> Iterator[tuple[str, str]]:
    """The filters of a command by their names in Python."""
    at = 0
    while at < len(words):
        name, equals, value = words[at].partition("=")
        if not equals:
            at += 1
            value = words[at]
        at += 1
        if name not in ("-o", "--db"):
            yield name.removeprefix("--").replace("-", "_"), value


def test_what_is_filtered_can_be_copied_as_a_command_that_asks_the_same(
    opened: Callable[..., Shown], library: Path
) -> None:
    shown = opened(permissions=["clipboard-read", "clipboard-write"])
    assert asks_the_same(shown, library)
    shown.tab.click("#genres button:has-text('Jazz')")
    shown.wait_for_count("15 of 40 tracks")  # two of which the owner has called so behind another genre
    assert "--genre Jazz --min-confidence 0" in shown.text("#command")
    assert asks_the_same(shown, library)
    shown.tab.click("#clear")
    shown.tab.click("#genres button:has-text('Surf')")
    shown.wait_for_count("2 of 40 tracks")
    assert asks_the_same(shown, library)
    shown.tab.click("#genres button:has-text('Jazz')")
    shown.tab.click("#genres button:has-text('Rock')")
    shown.tab.check("#sure")
    shown.wait_for("document.getElementById('command').textContent.includes('--min-confidence 0.6')")
    assert asks_the_same(shown, library)
    shown.tab.click("#copy")
    assert shown.tab.evaluate("navigator.clipboard.readText()") == shown.text("#command")
    shown.tab.click("#clear")
    shown.wait_for_count("40 tracks")
    for field, text in (("#artist", "STRASSE"), ("#album", "o"), ("#least-bpm", "105"), ("#most-bpm", "136")):
        shown.tab.fill(field, text)
    shown.wait_for_count("7 of 40 tracks")
    assert asks_the_same(shown, library)
    shown.tab.click("#clear")
    for least, most in ((1, 1), (1, 4), (5, 5), (3, 10), (10, 10)):
        shown.tab.select_option("#least-energy", str(least))
        shown.tab.select_option("#most-energy", str(most))
        shown.tab.wait_for_timeout(250)
        assert asks_the_same(shown, library), shown.text("#command")
    shown.tab.click("#clear")
    shown.tab.click("#moods button:has-text('happy')")
    shown.tab.select_option("#word", label="Piano")
    shown.wait_for_count("10 of 40 tracks")
    assert "--mood happy --word Piano" in shown.text("#command")
    assert asks_the_same(shown, library)
    shown.tab.fill("#least-bpm", "127")
    shown.tab.fill("#most-bpm", "127")
    shown.tab.click("#chosen-words button")
    shown.wait_for_count("1 of 40 tracks")
    assert "--bpm 127" in shown.text("#command")
    assert asks_the_same(shown, library)
    assert shown.said == []


def test_a_key_asks_for_all_that_mix_with_it(opened: Callable[..., Shown], library: Path) -> None:
    shown = opened()
    shown.tab.select_option("#key", label="9A Em")  # which no track is in
    shown.wait_for_count("10 of 40 tracks")
    assert "--mixes-with 9A " in shown.text("#command")
    assert asks_the_same(shown, library)
    assert (
        "Am 8A" in shown.text("#hits")
        and "Am 8A?" in shown.text("#hits")
        and "F# 2B" not in shown.text("#hits")
    )
    shown.tab.select_option("#key", label="8A Am")
    shown.wait_for_count("20 of 40 tracks")
    assert asks_the_same(shown, library)
    shown.tab.click("#clear")
    shown.wait_for_count("40 tracks")
    assert shown.tab.input_value("#key") == ""
    assert "Am 8A" in shown.text("#hits") and "Am 8A?" not in shown.text("#hits")
    assert "1A G#m" not in shown.text("#key"), "with which nothing here mixes"


def test_a_box_on_the_map_asks_for_energies_and_tempos(opened: Callable[..., Shown], library: Path) -> None:
    shown = opened()
    shown.tab.click("#by-energy")
    shown.tab.click("#choose-area")
    box = shown.tab.locator("#overlay").bounding_box()
    shown.tab.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    shown.tab.mouse.down()
    shown.tab.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.8 * box["height"], steps=5)
    shown.tab.mouse.up()
    shown.wait_for("document.getElementById('count').textContent.includes(' of ')")
    command = shown.text("#command")
    assert "--energy " in command and "--bpm=" in command
    assert 0 < len(shown.hits) < 40
    assert asks_the_same(shown, library)


def test_the_map_zooms_moves_and_comes_back(opened: Callable[..., Shown]) -> None:
    shown = opened()
    before = shown.place_of("T0")
    shown.tab.mouse.move(*before)
    shown.tab.mouse.wheel(0, -400)
    shown.tab.wait_for_timeout(300)
    assert np.allclose(shown.place_of("T0"), before, atol=3)  # it zooms around the hand
    shown.tab.mouse.move(*before)
    shown.tab.mouse.down()
    shown.tab.mouse.move(before[0] + 50, before[1] + 20, steps=4)
    shown.tab.mouse.up()
    shown.tab.wait_for_timeout(300)
    assert np.allclose(shown.place_of("T0"), (before[0] + 50, before[1] + 20), atol=3)
    assert shown.tab.locator("#player").is_hidden()  # a move is no click
    shown.tab.click("#zoom-all")
    shown.tab.wait_for_timeout(300)
    assert np.allclose(shown.place_of("T0"), before, atol=3)


def test_light_dark_and_as_the_system_has_it(opened: Callable[..., Shown]) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = opened(color_scheme="light"), opened(color_scheme="dark")
    colours = light.tab.evaluate(ground), dark.tab.evaluate(ground)
    assert colours == ("rgb(246, 247, 249)", "rgb(16, 19, 24)")
    for _ in range(2):
        light.tab.click("#theme")
    assert light.tab.evaluate(ground) == colours[1]
    dark.tab.click("#theme")
    assert dark.tab.evaluate(ground) == colours[0]
    dark.tab.reload()
    dark.tab.wait_for_selector("html[data-ready=yes]")
    assert dark.tab.evaluate(ground) == colours[0]  # it is kept
    assert light.said + dark.said == []


def test_on_a_phone_nothing_is_wider_than_the_screen(opened: Callable[..., Shown]) -> None:
    shown = opened(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, device_scale_factor=2
    )
    assert shown.tab.evaluate("document.documentElement.scrollWidth") == 390
    x, y = shown.place_of("T0")
    shown.tab.touchscreen.tap(x, y)
    shown.tab.wait_for_selector("#player:not([hidden])")
    assert shown.text("#playing") == "Ada – T0"


def test_it_prints(opened: Callable[..., Shown], tmp_path: Path) -> None:
    shown = opened(color_scheme="dark")
    content = shown.tab.pdf(path=tmp_path / "library.pdf", print_background=True)
    assert content.startswith(b"%PDF")
    assert 1 <= content.count(b"/Type /Page\n") <= 8
    assert re.search(rb"/Subtype /Image\n/Width \d{4}", content)  # the map


def test_without_webgl_the_map_is_drawn_all_the_same(opened: Callable[..., Shown], library: Path) -> None:
    text = (library / "library.html").read_text(encoding="utf-8")
    assert text.count('getContext("webgl2"') == 1
    shown = opened()
    shown.tab.add_init_script(
        "const own = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
        " return kind === 'webgl2' ? null : own.call(this, kind, ...more); };"
    )
    shown.tab.reload()
    shown.tab.wait_for_selector("html[data-ready=yes]")
    shown.tab.wait_for_timeout(700)
    lit = shown.tab.evaluate(
        """() => { const canvas = document.getElementById("points");
            const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            return pixels.filter((value, at) => at % 4 === 3 && value > 200).length; }"""
    )
    assert lit > 40 * 50
    assert shown.said == []


@pytest.fixture
def words(browser: Any) -> Iterator[Callable[..., Any]]:
    """Calls a function of the page's script that compares texts and writes commands."""
    script = (files("tagger.report") / "templates" / "words.js").read_text(encoding="utf-8")
    tab = browser.new_page()
    yield lambda name, *given: tab.evaluate(f"given => {{ {script}; return ({name})(...given); }}", [*given])
    tab.close()


def test_a_value_reaches_the_program_as_it_is(words: Callable[..., Any]) -> None:
    for value in (
        "Ada",
        "Guns N' Roses",
        '"Weird Al"',
        "$HOME `id` $(id) \\ * ! ; & | < >",
        "-minus",
        "Ümläut",
    ):
        given = shlex.split(" ".join(words("option", "--artist", value, False)))
        assert given in (["--artist", value], [f"--artist={value}"])
        assert (len(given) == 1) == value.startswith("-")
    assert words("option", "--artist", "Guns N' Roses", True) == ["--artist", "'Guns N'' Roses'"]


def test_what_would_act_when_it_is_pasted_is_left_out(words: Callable[..., Any]) -> None:
    for hostile in ("Ada Lovelace\x15rm -rf ~\n", "\x1b]0;x\x07Ada Lovelace", "Ada Lovelace\u202e\x9b"):
        assert words("option", "--artist", hostile, False) == ["--artist", "'Ada Lovelace'"]


def test_texts_are_folded_as_the_program_folds_them(words: Callable[..., Any]) -> None:
    letters = [chr(code) for code in range(0x20, 0x3000)]
    theirs = words("(...letters) => letters.map(folded)", *letters)
    differ = [letter for letter, there in zip(letters, theirs, strict=True) if there != folded(letter)]
    assert not [letter for letter in differ if letter < "\u0345"]  # of European languages none
    assert len(differ) < 150, "".join(differ)
