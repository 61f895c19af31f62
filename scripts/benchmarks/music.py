"""Music to time: files that are given, or chords and beats that are made."""

import os
import sys

import av
import numpy as np

from tagger.files import AudioFile
from tagger.walk import walk

RATE_HZ = 44_100


def music_files(folder: str) -> list[str]:
    files = sorted(found.path for found in walk([folder]) if isinstance(found, AudioFile))
    return files or sys.exit(f"bench: no music in {folder}")


def mp3_files(folder: str) -> list[str]:
    files = [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".mp3")]
    if not files:
        sys.exit(f"bench: no .mp3 files in {folder}")
    return files


def made_mp3_files(folder: str, n_files: int = 6, duration_s: float = 210.0) -> list[str]:
    """Stereo mp3 at 192 kbit/s: chords and beats, as dense in the spectrum as music."""
    files = []
    for seed in range(n_files):
        path = os.path.join(folder, f"made-{seed}.mp3")
        _encode_mp3(path, _made_music(np.random.default_rng(seed), duration_s))
        files.append(path)
    return files


def _made_music(random: np.random.Generator, duration_s: float) -> np.ndarray:
    time_s = np.arange(int(duration_s * RATE_HZ)) / RATE_HZ
    chords = sum(
        np.sin(2 * np.pi * f * time_s + random.uniform(0, 6, (2, 1))) for f in random.uniform(80, 2000, 8)
    )
    beats = random.normal(size=(2, len(time_s))) * np.exp(-8 * (time_s % random.uniform(0.3, 0.7)))
    return (0.05 * chords + 0.2 * beats).astype(np.float32)


def _encode_mp3(path: str, samples: np.ndarray) -> None:
    with av.open(path, "w") as container:
        stream = container.add_stream("libmp3lame", rate=RATE_HZ, layout="stereo")
        stream.bit_rate = 192_000
        for start in range(0, samples.shape[1], RATE_HZ):
            block = np.ascontiguousarray(samples[:, start : start + RATE_HZ])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
            frame.sample_rate = RATE_HZ
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
