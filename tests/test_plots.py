import re
import sys
from dataclasses import replace

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from tagger.errors import TaggerError
from tagger.features import log_mel
from tagger.model_card import DEFAULT_MODEL, load_card, load_filter_bank
from tagger.plots import (
    FORMATS,
    Panel,
    band_centres_hz,
    check_drawing,
    colour_range_db,
    spectrograms,
)

pytestmark = pytest.mark.slow  # drawing takes half a second each time

CARD = load_card(DEFAULT_MODEL)
FRONT_END, BANK = CARD.front_end, load_filter_bank(CARD)
FIRST_BYTES = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF", "webp": b"RIFF"}


def flat(level_db: float, n_frames: int = 40) -> NDArray[np.float16]:
    return np.full((FRONT_END.n_mels, n_frames), level_db, np.float16)


def panel(name: str = "song.mp3", *levels_db: float, first_s: float = 0.0) -> Panel:
    levels_db = levels_db or (0.0,)
    starts_s = tuple(first_s + 10.0 * i for i in range(len(levels_db)))
    return Panel(name, "Rock", starts_s, tuple(flat(level) for level in levels_db))


def texts(*panels: Panel) -> list[str]:
    """What is written in the picture, in the order of drawing."""
    svg = spectrograms(panels, FRONT_END, BANK, "svg").decode()
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


@pytest.mark.parametrize("format", FORMATS)
def test_every_kind_of_picture_is_what_it_says(format: str) -> None:
    picture = spectrograms([panel()], FRONT_END, BANK, format)
    assert picture.startswith(FIRST_BYTES[format])
    assert spectrograms([panel()], FRONT_END, BANK, format) == picture


def test_a_band_is_drawn_at_the_frequency_of_its_filter() -> None:
    centres_hz = band_centres_hz(BANK, FRONT_END)
    peaks_hz = librosa.mel_frequencies(FRONT_END.n_mels + 2, fmax=FRONT_END.sample_rate_hz / 2)[1:-1]
    np.testing.assert_allclose(centres_hz, peaks_hz, rtol=0.02, atol=3)
    t = np.arange(FRONT_END.sample_rate_hz) / FRONT_END.sample_rate_hz
    drawn = log_mel(np.sin(2 * np.pi * 1000 * t).astype(np.float32), BANK, FRONT_END)
    assert centres_hz[drawn[:, 20].argmax()] == pytest.approx(1000, abs=25)


def test_the_colours_of_all_files_reach_80_db_below_the_loudest_point() -> None:
    assert colour_range_db([panel("a", -30.0, 12.0), panel("b", 25.0)]) == (-55.0, 25.0)
    both = texts(panel("a", -30.0), panel("b", 25.0))
    assert both.count("20") == both.count("−50") == 2


def test_silence_is_dark() -> None:
    assert colour_range_db([panel("a", -100.0)]) == (-100.0, -20.0)


def test_the_axes_tell_seconds_of_the_track_and_hertz() -> None:
    written = texts(panel("a", 0.0, 0.0, first_s=1234.5))
    assert {"Hz", "dB", "seconds of the track", "512", "4096"} <= set(written)
    assert {"1234.6", "1235.0", "1244.6"} <= set(written)


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("$x^2$ & _y_ <3", "$x^2$ &amp; _y_ &lt;3"),
        ("caf\udce9.mp3", "caf\ufffd.mp3"),
        ("a\nb\x1b.mp3", "a\ufffdb\ufffd.mp3"),
        ("\\frac{.mp3", "\\frac{.mp3"),
    ],
)
def test_any_name_is_drawn_as_it_is(name: str, drawn: str) -> None:
    assert drawn in texts(panel(name))
    assert spectrograms([panel(name)], FRONT_END, BANK, "png")


def test_a_long_name_keeps_its_ends() -> None:
    (name,) = (text for text in texts(panel("Suite " + "é" * 200 + " (live).flac")) if "…" in text)
    assert name.startswith("Suite é")
    assert name.endswith("é (live).flac")
    assert len(name) == 64


def test_letters_that_the_font_lacks_are_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    assert spectrograms([panel("日本語.mp3")], FRONT_END, BANK, "png")
    assert not recwarn.list


def test_letters_that_the_font_lacks_are_sought_in_those_of_the_system() -> None:
    svg = spectrograms([panel("日本語.mp3")], FRONT_END, BANK, "svg").decode()
    first = svg.index("'DejaVu Sans'")
    assert all(svg.index(f"'{font}'") > first for font in ("Hiragino Sans", "Yu Gothic", "Noto Sans CJK JP"))


def test_a_front_end_of_another_rate_is_drawn_at_its_own_frequencies() -> None:
    slower = replace(FRONT_END, sample_rate_hz=11_025)
    np.testing.assert_allclose(2 * band_centres_hz(BANK, slower), band_centres_hz(BANK, FRONT_END))


def test_without_matplotlib_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(TaggerError, match=r"pip install 'music-tagger\[plots\]'"):
        check_drawing()
