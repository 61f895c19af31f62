"""Miniatures of labelled music whose genres, energies and tempi anyone can distinguish."""

import csv
from pathlib import Path

import numpy as np

from tests.sounds import float_wav

RATE_HZ = 22_050
SPLITS = ("train",) * 5 + ("valid", "test")
ECHONEST = [
    "acousticness",
    "danceability",
    "energy",
    "instrumentalness",
    "liveness",
    "speechiness",
    "tempo",
    "valence",
]


def make_clips(folder: Path) -> str:
    """Fourteen sounds of 6.5 s, `Electronic` clicks and `Classical` chords, and their `clips.csv`."""
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


def make_echonest(folder: Path, n: int = 60) -> None:
    """The features of fast `Electronic` and slow `Rock`, and of one track of a third genre."""
    with open(folder / "echonest_13129.csv", "w", newline="") as features:
        rows = csv.writer(features)
        rows.writerow(["track_id", *ECHONEST])
        rows.writerows([[i, *[0.5 + 0.4 * (i % 2)] * 6, 90 + 40 * (i % 2), 0.5] for i in range(n)])
    with open(folder / "fma_labels.csv", "w", newline="") as labels:
        rows = csv.writer(labels)
        rows.writerow(["track_id", "subset", "split", "genre_top", "genres", "label_source"])
        genres = ["Rock", "Electronic"]
        rows.writerows([[i, "small", "training", genres[i % 2], "[1]", ""] for i in range(n - 1)])
        rows.writerow([n - 1, "small", "training", "Folk", "[1]", ""])


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
