"""The report of a made library: its time beside that of a list, its size, and how it moves in a browser."""

import os
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path

import numpy as np

from tagger.model_card import DEFAULT_MODEL, load_card
from tagger.report import gather, page
from tagger.store import Store
from tagger.types import MOODS

FROM_CLUSTERS, SIZE = 400, 192
WORDS = 50
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
    with Store.open(path, create=True):
        pass
    random = np.random.default_rng(0)
    genres = load_card(DEFAULT_MODEL).genres
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA synchronous = OFF")
    raw.execute("INSERT INTO trunks (id, name) VALUES (1, 'made')")
    raw.execute("INSERT INTO models (model, last_used_at, trunk) VALUES (?, '2026', 1)", (DEFAULT_MODEL,))
    raw.executemany("INSERT INTO word_places VALUES (1, ?, ?)", [(f"Word {i}", i + 1) for i in range(WORDS)])
    clouds = random.normal(size=(FROM_CLUSTERS, SIZE))
    of_cloud = random.integers(0, FROM_CLUSTERS, n_tracks)
    words = random.beta(0.3, 2, (n_tracks, WORDS))
    shares = random.random((n_tracks, 5))
    ids = random.bytes(16 * n_tracks).hex()
    for i in range(n_tracks):
        title = " ".join(random.choice(TITLE, 5))
        artist, album = f"The {TITLE[i // 60 % 12]} Band {i // 60}", f"{title} {i // 12}"
        confidence, energy, tempo, valence, _ = shares[i].tolist()
        genre = genres[of_cloud[i] % len(genres)]
        place = f"/music/{artist}/{2000 + i // 60 % 25} - Album {i // 12}/{i % 12 + 1:02} {title}.flac"
        track = (i, place, 9_000_000, (1_200_000_000 + 5000 * i) * 10**9, ids[32 * i : 32 * i + 32], 200.5)
        names = (title, artist, album, 1960 + i % 60, f'["{genres[i % 17]}"]', i // 12)
        raw.execute(
            "INSERT INTO tracks (id, path, size, mtime_ns, audio_id, duration_s, codec, sample_rate_hz,"
            " channels, scanned_at, title, artist, album, year, tag_genres, album_id)"
            " VALUES (?, ?, ?, ?, ?, ?, 'flac', 44100, 2, '2026-01-01T00:00:00+00:00', ?, ?, ?, ?, ?, ?)",
            (*track, *names),
        )
        answer = (
            i,
            DEFAULT_MODEL,
            genre,
            confidence,
            energy,
            0,
            "",
            60 + 120 * tempo,
            0.5,
            genre,
            confidence,
        )
        raw.execute("INSERT INTO predictions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)", answer)
        scores = [(i, DEFAULT_MODEL, name, 0.9 if name == genre else 0.1 / 16) for name in genres]
        raw.executemany("INSERT INTO genre_scores VALUES (?, ?, ?, ?)", scores)
        said = bytes((255 * words[i]).astype(int).tolist())
        mood = (i, DEFAULT_MODEL, valence, MOODS[i % 4], 0.5, 1, said)
        raw.execute("INSERT INTO mood_words VALUES (?, ?, ?, ?, ?, ?, ?)", mood)
        vector = (clouds[of_cloud[i]] + random.normal(size=SIZE)).astype("<f2")
        raw.execute(
            "INSERT INTO embeddings (track_id, trunk, vector) VALUES (?, 1, ?)", (i, vector.tobytes())
        )
    raw.commit()
    raw.close()
