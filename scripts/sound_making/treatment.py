"""What befalls a sound on its way: a room, a narrow band, noise, and a codec."""

from __future__ import annotations

import av
import numpy as np
from scipy.signal import fftconvolve

from sound_making.noises import RATE_HZ, Signal, coloured, white, within

CODECS = {"opus": ("libopus", 48_000), "mp3": ("libmp3lame", 24_000)}


def level(sound: Signal) -> Signal:
    """Bring a sound to a root mean square of 0.1."""
    return (0.1 * sound / (sound.std() + 1e-9)).astype(np.float32)


def mixed(sound: Signal, other: Signal, below_db: float) -> Signal:
    """Lay another sound beneath, so many dB below; it is repeated as long as it is needed."""
    other = np.resize(other, len(sound))
    return (sound + other / (other.std() + 1e-9) * sound.std() * 10 ** (-below_db / 20)).astype(np.float32)


def treated(random: np.random.Generator, sound: Signal, often: float = 1.0) -> Signal:
    """Put a sound into a room, low-pass it and add noise, each by chance, the likelier the more `often`."""
    if random.random() < 0.45 * often:
        sound = in_a_room(random, sound)
    if random.random() < 0.3 * often:
        edge = random.choice([3_400, 4_000, 5_500, 8_000])
        sound = within(sound, 200 if edge == 3_400 else None, edge, order=4)
    if random.random() < 0.4 * often:
        sound = mixed(sound, coloured(random, len(sound), random.choice([0, 1, 1.5])), random.uniform(8, 40))
    return sound


def in_a_room(random: np.random.Generator, sound: Signal) -> Signal:
    """Add the echoes of a room whose sound dies away in 0.15 to 1.5 s."""
    n = int(RATE_HZ * random.uniform(0.15, 1.5))
    echoes = within(white(random, n) * np.exp(-6.9 * np.arange(n) / n), None, random.uniform(2_500, 9_000))
    echoes /= np.sqrt((echoes**2).sum())
    return (sound + random.uniform(0.1, 1.0) * fftconvolve(sound, echoes)[: len(sound)]).astype(np.float32)


def save(random: np.random.Generator, sound: Signal, path: str) -> None:
    """Write a sound at a random level, coded as the ending of `path` says: opus, mp3 or wav."""
    peak = 10 ** (random.uniform(-18, -0.5) / 20)
    samples = (sound / (np.abs(sound).max() + 1e-9) * peak).astype(np.float32)
    ending = path.rsplit(".", 1)[1]
    name, rate_hz = CODECS.get(ending, ("pcm_s16le", RATE_HZ))
    with av.open(path, "w", format="ogg" if ending == "opus" else ending) as output:
        stream = output.add_stream(name, rate=rate_hz, layout="mono")
        if ending in CODECS:
            stream.bit_rate = int(random.choice([24_000, 32_000, 48_000, 64_000]))
        frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
        frame.sample_rate = RATE_HZ
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=rate_hz)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
