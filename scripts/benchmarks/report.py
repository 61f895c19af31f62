"""The report of a made library: its time beside that of a list, its size, and how it moves in a browser."""

import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tagger.files import AudioFile
from tagger.model_card import DEFAULT_MODEL, load_card
from tagger.report import gather, page
from tagger.store import Store
from tagger.types import MOODS, Analysis, OwnTags, Prediction, Recording, WindowAnswer

N_CLOUDS, SIZE, N_WORDS = 400, 192, 50
AT_ONCE = 2000
TITLE = (
    "The",
    "Long",
    "Winter",
    "Road",
    "Again",
    "Until",
    "Morning",
    "Nothing",
    "Is",
    "Left",
    "But",
    "Light",
)

FRAMES = """async () => {
    const overlay = document.getElementById("overlay"), box = overlay.getBoundingClientRect();
    const send = (kind, x) => overlay.dispatchEvent(new PointerEvent(kind,
        { pointerId: 1, clientX: box.left + x, clientY: box.top + 200, bubbles: true }));
    overlay.setPointerCapture = () => {};
    const pixel = new Uint8Array(4), gl = document.getElementById("points").getContext("webgl2");
    document.getElementById("zoom-in").click();
    send("pointerdown", 300);
    const began = performance.now();
    let n = 0;
    while (performance.now() - began < 3000) {
        send("pointermove", 300 + 100 * Math.sin(n++ / 10));
        await new Promise(requestAnimationFrame);
        gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);  // or frames were only queued
    }
    send("pointerup", 300);
    return n / 3;
}"""


def bench_report(n_tracks: int) -> None:
    """Seconds to ask and to write the page, beside those of a list; its size; what Chromium makes of it."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = os.path.join(folder, "made.db"), os.path.join(folder, "library.html")
        make_library(path, n_tracks)
        with Store.open(path, create=False) as store:
            began = time.perf_counter()
            n_listed = sum(1 for _ in store.answers.tracks(model=DEFAULT_MODEL))
            listed_s = time.perf_counter() - began
            began = time.perf_counter()
            facts = gather(store, DEFAULT_MODEL)
            asked_s = time.perf_counter() - began
            began = time.perf_counter()
            content = page(facts, out)
            written_s = time.perf_counter() - began
        Path(out).write_bytes(content)
        print(f"list                {listed_s:7.2f} s  ({n_listed:,} tracks)")
        print(f"report: asked       {asked_s:7.2f} s")
        print(f"report: page        {written_s:7.2f} s")
        print(f"ratio               {(asked_s + written_s) / listed_s:7.1f}")
        print(f"size                {len(content) / 1e6:7.2f} MB")
        _browse(Path(out))


def _browse(out: Path) -> None:
    """How long until the page is ready, and how many frames a second the map is drawn when it is dragged."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if not chromium:
        print("Playwright or Chromium is not there: the page is not opened")
        return
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--enable-unsafe-swiftshader"])
        shown = browser.new_page(viewport={"width": 1280, "height": 900})
        began = time.perf_counter()
        shown.goto(out.as_uri())
        shown.wait_for_selector("html[data-ready=yes]")
        print(f"opened in           {time.perf_counter() - began:7.2f} s")
        for view in ("by-sound", "by-energy"):
            shown.click(f"#{view}")
            shown.wait_for_timeout(1500)
            print(f"{view:<19} {shown.evaluate(FRAMES):7.1f} frames/s")
        browser.close()


def make_library(path: str, n_tracks: int) -> None:
    """Tracks in albums of twelve, with titles as long as in life, and embeddings in clouds."""
    random = np.random.default_rng(0)
    genres = load_card(DEFAULT_MODEL).genres
    clouds = random.normal(size=(N_CLOUDS, SIZE))
    with Store.open(path, create=True) as store:
        run = store.runs.begin("scan")
        for start in range(0, n_tracks, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, n_tracks))
            store.record_batch([_analysis(n, genres, clouds, random) for n in numbers], [])
        store.runs.end(run, {"found": n_tracks, "analysed": n_tracks})


def _analysis(n: int, genres: Sequence[str], clouds: np.ndarray, random: np.random.Generator) -> Analysis:
    cloud = int(random.integers(0, N_CLOUDS))
    genre = genres[cloud % len(genres)]
    confidence, energy, tempo, valence = random.random(4).tolist()
    title = " ".join(random.choice(TITLE, 5))
    artist, album = f"The {TITLE[n // 60 % len(TITLE)]} Band {n // 60}", f"{title} {n // 12}"
    place = f"/music/{artist}/{2000 + n // 60 % 25} - Album {n // 12}/{n % 12 + 1:02} {title}.flac"
    recording = Recording(
        *(random.bytes(16).hex(), 200.5, "flac", 44_100, 2, title, artist, f"Album {album}", 1960 + n % 60),
        own=OwnTags((genres[n % 17],)),
    )
    answer = Prediction(
        model=DEFAULT_MODEL,
        genres={name: 0.9 if name == genre else 0.1 / len(genres) for name in genres},
        genre=genre,
        genre_confidence=confidence,
        energy=energy,
        windows=tuple(
            WindowAnswer(50.0 * at, genre, 0.5, share) for at, share in enumerate(random.random(3))
        ),
        embedding=(clouds[cloud] + random.normal(size=SIZE)).astype(np.float16),
        silent=False,
        bpm=60 + 120 * tempo,
        bpm_confidence=0.5,
        words={f"Word {at}": share for at, share in enumerate(random.beta(0.3, 2, N_WORDS).tolist())},
        valence=valence,
        mood=MOODS[n % 4],
        mood_confidence=0.5,
    )
    return Analysis(AudioFile(place, 9_000_000, (1_200_000_000 + 5000 * n) * 10**9), recording, answer)
