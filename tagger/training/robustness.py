"""How a model answers to sounds that are no music, and to music in a poor state."""

from __future__ import annotations

import os
import tempfile
import wave
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import librosa
import numpy as np

from tagger.audio import read_excerpt
from tagger.audio.excerpt import WHOLE_S
from tagger.model_card import ModelCard
from tagger.training.evaluation import Evaluation, predict_files
from tagger.training.synthetic import voice
from tagger.types import Failure, FloatArray, Prediction

RATE_HZ = 22_050
TELEPHONE_HZ = 3400.0
"""The upper edge of the telephone band (ITU-T G.712)."""


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """`samples` (n,) −1…1, mono, to be stored with 1 or 2 bytes each."""

    samples: FloatArray
    rate_hz: int = RATE_HZ
    sample_bytes: int = 2


Change = Callable[[Sound], Sound]


def unmusical_sounds() -> dict[str, Sound]:
    """Make sounds that are no music, by a name that describes them."""
    random, seconds = np.random.default_rng(0), 30
    t = np.arange(seconds * RATE_HZ) / RATE_HZ
    return {
        "digital silence, 30 s": Sound(np.zeros(len(t))),
        "white noise, 30 s": Sound(random.normal(0, 0.1, len(t))),
        "a sine of 440 Hz, 30 s": Sound(0.5 * np.sin(2 * np.pi * 440 * t)),
        "synthetic voice, low (110 Hz), 30 s": Sound(voice(seconds, 110.0, RATE_HZ)),
        "synthetic voice, high (210 Hz), 30 s": Sound(voice(seconds, 210.0, RATE_HZ)),
    }


def half_a_second(sound: Sound) -> Sound:
    """Cut half a second from the middle."""
    length = sound.rate_hz // 2
    first = max(0, (len(sound.samples) - length) // 2)
    return replace(sound, samples=sound.samples[first : first + length])


def lo_fi(sound: Sound) -> Sound:
    """Keep nothing above 3.4 kHz, and 8,000 samples a second of 8 bits, the loudest at full scale."""
    spectrum = np.fft.rfft(sound.samples)
    spectrum[np.fft.rfftfreq(len(sound.samples), 1 / sound.rate_hz) > TELEPHONE_HZ] = 0
    band = np.fft.irfft(spectrum, len(sound.samples))
    narrow = librosa.resample(band, orig_sr=sound.rate_hz, target_sr=8000)
    return Sound(narrow / max(1e-9, float(np.abs(narrow).max())), 8000, 1)


CHANGES: Mapping[str, Change] = {
    "lo-fi: low-passed at 3.4 kHz, 8 kHz, 8 bits": lo_fi,
    "half a second from the middle": half_a_second,
}


def answers_to_unmusical_sounds(card: ModelCard, jobs: int, device: str) -> dict[str, Prediction | Failure]:
    """Analyse each of `unmusical_sounds` as a scan does."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: os.path.join(folder, f"{i}.wav") for i, name in enumerate(unmusical_sounds())}
        for name, sound in unmusical_sounds().items():
            write_wav(paths[name], sound)
        return dict(zip(paths, predict_files(list(paths.values()), card, jobs, device), strict=True))


def evaluate_changed(data: str, evaluation: Evaluation, change: Change, jobs: int, device: str) -> Evaluation:
    """Analyse the clips of `evaluation` again after `change`; those that then cannot be are left out."""
    with tempfile.TemporaryDirectory() as folder:
        paths = list(_changed_files(data, evaluation, change, folder))
        outcomes = predict_files(paths, evaluation.card, jobs, device)
    pairs = [
        (clip, one)
        for clip, one in zip(evaluation.clips, outcomes, strict=True)
        if not isinstance(one, Failure)
    ]
    return replace(
        evaluation, clips=tuple(clip for clip, _ in pairs), predictions=tuple(one for _, one in pairs)
    )


def write_wav(path: str, sound: Sound) -> None:
    """Write a mono PCM wav; 8 bits are unsigned there (RIFF, 1991)."""
    bits = 8 * sound.sample_bytes
    steps = np.round(sound.samples.clip(-1, 1) * (2 ** (bits - 1) - 1))
    stored = (steps + 128).astype(np.uint8) if bits == 8 else steps.astype("<i2")
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(sound.sample_bytes)
        file.setframerate(sound.rate_hz)
        file.writeframes(stored.tobytes())


def _changed_files(data: str, evaluation: Evaluation, change: Change, folder: str) -> Iterator[str]:
    for i, clip in enumerate(evaluation.clips):
        excerpt = read_excerpt(os.path.join(data, clip.path), sample_rate_hz=RATE_HZ, window_s=WHOLE_S)
        path = os.path.join(folder, f"{i}.wav")
        write_wav(path, change(Sound(excerpt.windows[0].samples)))
        yield path
