"""A miniature `clips.csv` whose genres, energies and tempi anyone can tell apart."""

from pathlib import Path

import numpy as np
import pytest

from tests.sounds import float_wav

RATE_HZ = 22_050
SPLITS = ("train",) * 5 + ("valid", "test")


def clicks(bpm: float, seconds: float, seed: int) -> np.ndarray:
    """Bursts of noise at a tempo."""
    random = np.random.default_rng(seed)
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return (0.5 * random.normal(0, 1, len(t)) * np.exp(-30 * (t % (60 / bpm)))).astype(np.float32)


def tone(seconds: float, seed: int) -> np.ndarray:
    """A chord that swells slowly."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    chord = sum(np.sin(2 * np.pi * (200 + 40 * seed) * k * t) / k for k in (1, 2, 3))
    return (0.1 * chord * np.sin(np.pi * t / seconds)).astype(np.float32)


@pytest.fixture(scope="session")
def clips_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("miniature")
    lines = ["path,dataset,split,group,genres,arousal,arousal_high,power,calmness,bpm,length_s"]
    for i, split in enumerate(SPLITS * 2):
        fast = i % 2
        bpm = 120 + i
        sound = clicks(bpm, 6.5, i) if fast else tone(6.5, i)
        float_wav(folder / f"{i}.wav", sound, RATE_HZ)
        genre = "Electronic" if fast else "Classical"
        lines.append(f"{i}.wav,deam,{split},{i},{genre},{0.2 + 0.6 * fast},{fast},,,{bpm},6.5")
    (folder / "clips.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(folder)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(Path(tmp_path_factory.mktemp("cache")) / "log-mels")
