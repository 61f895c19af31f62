"""Voices: of the synthesisers of this computer, and of people in folders of recordings."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence

import numpy as np

from sound_making.noises import RATE_HZ, Signal
from tagger.audio.excerpt import read_excerpt
from tagger.errors import AudioError

Voice = Callable[[np.random.Generator, float], Signal]
"""Speaks for about so many seconds."""

SENTENCES = (
    "The ferry leaves the island at a quarter past nine, and nobody on the pier seemed to hurry.",
    "When my grandmother was young she kept bees behind the old school house.",
    "In this chapter we look at how rivers carve their beds through soft stone.",
    "Welcome back to the programme, I am glad that you could join us this evening.",
    "He opened the letter slowly, read it twice, and put it back into the drawer without a word.",
    "First mix the flour with a little salt, then add the butter piece by piece.",
    "Our reporter spoke with farmers in the valley who have waited for rain since June.",
    "Am Morgen lag Nebel über dem See, und die Fähre fuhr nicht.",
    "Ma grand-mère gardait des abeilles derrière la vieille école.",
    "Esta noche hablamos con una mujer que colecciona manzanas raras.",
    "Il traghetto parte dall'isola alle nove e un quarto.",
    "1947, 23, 508, 16, 8, 1200, 77, 31, 2006, 450.",
)

_LANGUAGES = (
    "af ar az bg bn ca cmn cs cy da de el en-gb en-us eo es et eu fa fi fr-fr ga gu he hi hr hu id is it ja "
    "ka kn ko la lt lv mk ml mr ms nb ne nl pa pl pt pt-br ro ru sk sl sq sr sv sw ta te tr uk ur vi"
)
_VARIANTS = "Alex Andrea Annie Gene Jacky Lee Mario Michael f1 f2 f3 f4 f5 m1 m2 m3 m4 m5 m6 m7"


def synthetic_voices() -> dict[str, Voice]:
    """Give the voices of espeak-ng, flite and festival, as far as they are installed, by name."""
    found: dict[str, Voice] = {}
    if shutil.which("espeak-ng"):
        for i, language in enumerate(_LANGUAGES.split()):
            variant = _VARIANTS.split()[i % len(_VARIANTS.split())]
            found[f"espeak {language}+{variant}"] = _espeak(f"{language}+{variant}")
    if shutil.which("flite"):
        found |= {f"flite {name}": _flite(name) for name in ("kal", "awb", "kal16", "rms", "slt")}
    if shutil.which("text2wave"):
        for name in ("kal_diphone", "ked_diphone", "cmu_us_slt_arctic_hts"):
            found[f"festival {name}"] = _festival(name)
    return found


def recorded_voices(folders: Sequence[str]) -> dict[str, Voice]:
    """Give a voice for each folder of recordings of one speaker, by the folder's path."""
    return {folder: _recorded(folder) for folder in folders}


def read(path: str) -> Signal:
    """Read a recording, of a long one its three windows of ten seconds. Raises `AudioError`."""
    windows = read_excerpt(path, sample_rate_hz=RATE_HZ, window_s=10.0).windows
    return np.concatenate([window.samples for window in windows])


def _espeak(voice: str) -> Voice:
    def speak(random: np.random.Generator, seconds: float) -> Signal:
        pitch, speed = random.integers(20, 85), random.integers(110, 210)
        how = ("-p", str(pitch), "-s", str(speed))
        return _run(["espeak-ng", "-v", voice, *how, "-w", "{}", _text(random, seconds)])

    return speak


def _flite(voice: str) -> Voice:
    def speak(random: np.random.Generator, seconds: float) -> Signal:
        stretch = f"duration_stretch={random.uniform(0.8, 1.3):.2f}"
        return _run(["flite", "-voice", voice, "--setf", stretch, "-t", _text(random, seconds), "-o", "{}"])

    return speak


def _festival(voice: str) -> Voice:
    def speak(random: np.random.Generator, seconds: float) -> Signal:
        return _run(["text2wave", "-eval", f"(voice_{voice})", "-o", "{}"], _text(random, seconds))

    return speak


def _text(random: np.random.Generator, seconds: float) -> str:
    return " ".join(random.choice(SENTENCES, max(2, int(seconds / 3))))


def _run(command: Sequence[str], text: str = "") -> Signal:
    """Run a synthesiser that writes the file that stands for `{}`."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "said.wav")
        filled = [path if word == "{}" else word for word in command]
        subprocess.run(
            filled, input=text.encode("ascii", "ignore"), check=True, capture_output=True, timeout=60
        )
        return read(path)


def _recorded(folder: str) -> Voice:
    """Words and sentences of one speaker, one behind the other, with short breaks."""
    files = sorted(os.path.join(root, name) for root, _, names in os.walk(folder) for name in names)

    def speak(random: np.random.Generator, seconds: float) -> Signal:
        parts, break_s = list[Signal](), random.uniform(0.05, 0.5)
        for path in random.choice(files, 400):
            try:
                said = read(path)
            except AudioError:
                continue
            said = 0.1 * said / (said.std() + 1e-6)
            parts += [said, np.zeros(int(RATE_HZ * break_s * random.uniform(0.5, 1.5)), np.float32)]
            if sum(map(len, parts)) >= seconds * RATE_HZ:
                break
        return np.concatenate(parts)

    return speak
