"""`tagger spectrogram`: the picture, its name, and the music that it never takes the place of."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tagger.cli.spectrogram import _caption
from tagger.types import Prediction
from tests.cli.conftest import Result, Tagger
from tests.sounds import make_sound

pytestmark = pytest.mark.slow  # drawing takes half a second each time


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_sound(tmp_path_factory.mktemp("made") / "song.mp3", seconds=31.0)


@pytest.fixture
def song(made: str, folder: Path) -> Path:
    """31 s of a sweep, so three windows."""
    return Path(shutil.copy(made, folder / "song.mp3"))


@pytest.fixture
def short(folder: Path) -> Path:
    return Path(make_sound(folder / "short.wav", seconds=3.0))


def texts(picture: Path) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", picture.read_text(encoding="utf-8"))


def refused(result: Result, text: str) -> None:
    (line,) = result.err.splitlines()
    assert line.startswith("tagger: ")
    assert text in line
    assert (result.code, result.out) == (2, "")


def test_all_windows_of_a_file_are_drawn_into_the_current_folder(
    tagger: Tagger, song: Path, db: Path
) -> None:
    result = tagger("spectrogram", song)
    assert (result.code, result.out, result.err) == (0, "song-spectrogram.png\n", "")
    assert Path("song-spectrogram.png").read_bytes().startswith(b"\x89PNG")
    assert not db.exists()


def test_json_holds_what_was_drawn_and_predicted(tagger: Tagger, song: Path, folder: Path) -> None:
    result = tagger("spectrogram", song, "--json").json
    shown = tagger("show", song, "--json").json
    assert result["path"] == str(folder / "song-spectrogram.png")
    (file,) = result["files"]
    assert file["path"] == str(song)
    assert file["starts_s"] == [window["start_s"] for window in shown["windows"]]
    assert [file[key] for key in ("genre", "energy", "bpm")] == [
        shown[key] for key in ("genre", "energy", "bpm")
    ]


def test_the_picture_shows_the_name_and_the_prediction(tagger: Tagger, song: Path) -> None:
    (file,) = tagger("spectrogram", song, "-o", "song.svg", "--json").json["files"]
    drawn = texts(Path("song.svg"))
    assert "song.mp3" in drawn
    (caption,) = (text for text in drawn if "BPM" in text)
    assert caption.startswith(f"{file['genre']} (")
    sure = tagger("show", song, "--json").json["bpm_confidence"]
    assert caption.endswith(f" · energy {file['energy']:.2f} · {file['bpm']:.1f} BPM ({sure:.0%})")


def test_one_window_stands_at_its_own_seconds(tagger: Tagger, song: Path) -> None:
    (file,) = tagger("spectrogram", song, "--window", 2, "-o", "2.svg", "--json").json["files"]
    assert file["starts_s"] == pytest.approx([10.5], abs=0.1)
    seconds = [float(text) for text in texts(Path("2.svg")) if text.isdecimal()]
    assert seconds[:5] == [12, 14, 16, 18, 20]


def test_a_window_that_is_not_there_is_named(tagger: Tagger, song: Path, short: Path) -> None:
    refused(tagger("spectrogram", song, "--window", 4), "song.mp3: --window 4: it has 3 windows")
    refused(
        tagger("spectrogram", song, "--window", 2, "--compare", short), "short.wav: --window 2: it has one"
    )
    assert tagger("spectrogram", song, "--window", 0).code == 2


def test_two_files_stand_side_by_side_on_one_scale(tagger: Tagger, song: Path, folder: Path) -> None:
    quiet = make_sound(folder / "quiet.flac", samples=np.full((1, 44_100), 1e-4, np.float32))
    result = tagger("spectrogram", song, "--compare", quiet, "-o", "both.svg", "--json")
    assert [os.path.basename(file["path"]) for file in result.json["files"]] == ["song.mp3", "quiet.flac"]
    drawn = texts(Path("both.svg"))
    assert {"song.mp3", "quiet.flac"} <= set(drawn)
    assert drawn.count("−40") == drawn.count("30") == drawn.count("dB") == 2


def test_a_comparison_does_not_take_the_place_of_the_picture_of_one(
    tagger: Tagger, song: Path, short: Path
) -> None:
    assert tagger("spectrogram", song, "--compare", short).out == "song-short-spectrogram.png\n"


def test_a_file_shorter_than_a_window_is_drawn_once(tagger: Tagger, short: Path) -> None:
    (file,) = tagger("spectrogram", short, "-o", "short.svg", "--json").json["files"]
    assert file["starts_s"] == [0.0]
    seconds = [float(text) for text in texts(Path("short.svg")) if text.isdecimal()]
    assert seconds[:5] == [0, 1, 2, 3, 512]  # the last is in Hz


def test_silence_is_drawn_and_called_so(tagger: Tagger, folder: Path) -> None:
    path = make_sound(folder / "rest.flac", samples=np.zeros((1, 44_100), np.float32))
    result = tagger("spectrogram", path, "-o", "rest.svg", "--json")
    assert result.code == 0
    (fields,) = result.json["files"]
    assert fields["silent"] and fields["energy"] == 0.0
    assert fields["genre"] is fields["genre_confidence"] is fields["bpm"] is None
    assert "silent: no window holds any sound" in texts(Path("rest.svg"))


def test_a_file_that_cannot_be_decoded_leaves_no_picture(tagger: Tagger, song: Path) -> None:
    Path("torn.mp3").write_bytes(b"no music " * 100)
    refused(tagger("spectrogram", "torn.mp3"), "torn.mp3: not an audio file")
    refused(tagger("spectrogram", "gone.mp3"), "gone.mp3: no such file")
    refused(tagger("spectrogram", "."), "a folder; name one file")
    refused(tagger("spectrogram", song, "--compare", "torn.mp3"), "torn.mp3: not an audio file")
    assert not [name for name in os.listdir() if "spectrogram" in name]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are text here")
@pytest.mark.parametrize("name", [b"caf\xe9 $x^2$_{.wav", b"a\nb.wav", b"x" * 240 + b".wav"])
def test_any_name_of_a_file_gives_a_picture(tagger: Tagger, short: Path, name: bytes) -> None:
    os.rename(short, os.fsdecode(name))
    assert tagger("spectrogram", os.fsdecode(name)).code == 0
    (picture,) = (entry for entry in os.listdir() if entry.endswith(".png"))
    assert picture.startswith(os.fsdecode(name)[:3])


def test_a_picture_takes_the_place_of_an_earlier_file(tagger: Tagger, short: Path) -> None:
    for picture in map(Path, ("x.png", "x.svg", "x.pdf", "X.WEBP")):
        picture.write_bytes(b"another drawing")
        picture.chmod(0o640)
        assert tagger("spectrogram", short, "-o", picture).code == 0
        drawn = picture.read_bytes()
        assert len(drawn) > 1000 and picture.stat().st_mode & 0o777 == 0o640
        assert tagger("spectrogram", short, "-o", picture).code == 0
        assert picture.read_bytes() == drawn


def test_music_is_never_written_over(tagger: Tagger, song: Path, short: Path) -> None:
    os.symlink(short, "link.png")
    os.link(song, "song.png")
    before = song.read_bytes(), short.read_bytes()
    for output in (song, short, "new.flac", "link.png", "song.png"):
        refused(tagger("spectrogram", song, "-o", output), "pictures are not written over music")
    assert (song.read_bytes(), short.read_bytes()) == before
    assert not os.path.exists("new.flac")


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("picture", "picture: no kind of picture that tagger draws; give a name that ends in .png, .svg,"),
        ("x.jpeg", ".pdf or .webp"),
        ("", "no kind of picture"),
        ("nowhere/x.png", "nowhere/x.png: its folder does not exist; make it first"),
        ("short.wav/x.png", "its folder does not exist"),
        ("folder.png", "folder.png: not a regular file; give another name"),
    ],
)
def test_a_name_that_cannot_be_a_picture_is_refused_before_anything_is_analysed(
    tagger: Tagger, short: Path, output: str, text: str
) -> None:
    Path("folder.png").mkdir()
    refused(tagger("spectrogram", "gone.mp3", "-o", output), text)


def test_a_folder_that_cannot_be_written_to_is_named(
    tagger: Tagger, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    refused(tagger("spectrogram", short), "short-spectrogram.png: its folder is not writable")


def test_without_matplotlib_one_line_says_how_to_get_it(
    tagger: Tagger, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = tagger("spectrogram", short)
    assert (
        result.err == "tagger: drawing needs matplotlib; install it with pip install 'music-tagger[plots]'\n"
    )
    assert result.code == 2


DRAWN = """
import sys
from tagger.model_card import load_card, load_filter_bank
from tagger.plots import Panel, check_drawing, spectrograms
import numpy as np
check_drawing()
card = load_card("small")
panel = Panel("song", "Rock", (0.0,), (np.zeros((card.front_end.n_mels, 40), np.float16),))
sys.stdout.buffer.write(spectrograms([panel], card.front_end, load_filter_bank(card), "png"))
"""


def test_the_owners_settings_of_matplotlib_neither_break_nor_change_the_picture(
    short: Path, folder: Path
) -> None:
    (folder / "matplotlibrc").write_text("text.usetex: True\naxes.facecolor: black\n")
    pictures = []
    for settings in ({}, {"MPLCONFIGDIR": str(folder)}, {"MPLCONFIGDIR": str(short)}):
        done = subprocess.run(
            [sys.executable, "-c", DRAWN], env={**os.environ, **settings}, capture_output=True
        )
        assert (done.returncode, done.stderr) == (0, b"")
        pictures.append(done.stdout)
    assert pictures[0].startswith(b"\x89PNG")
    assert pictures[0] == pictures[1] == pictures[2]
    command = [sys.executable, "-m", "tagger", "spectrogram", short]
    broken = {**os.environ, "MPLBACKEND": "none"}
    done_so = subprocess.run(command, env=broken, capture_output=True, text=True)
    assert done_so.returncode == 2
    assert done_so.stderr.startswith("tagger: matplotlib does not start (Key backend: 'none'")


def test_what_a_model_does_not_predict_is_left_out_of_the_caption() -> None:
    answer = Prediction("m", {"Rock": 0.6}, "Rock", 0.6, 0.5, (), np.zeros(4, np.float16), False, 120.0, 0.9)
    assert _caption(answer) == "Rock (60%) · energy 0.50 · 120.0 BPM (90%)"
    assert _caption(replace(answer, bpm=None)) == "Rock (60%) · energy 0.50"
    assert _caption(replace(answer, energy=None)) == "Rock (60%) · 120.0 BPM (90%)"  # type: ignore[arg-type]
    assert _caption(replace(answer, genre=None, energy=None, bpm=None)) == ""  # type: ignore[arg-type]
