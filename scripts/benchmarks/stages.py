"""Where the time of a track goes: each stage of a scan alone, on one core."""

import pickle
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import av
import numpy as np
import soxr

from benchmarks.music import made_mp3_files, music_files
from tagger.audio import read_excerpt
from tagger.audio.excerpt import PREROLL_S, window_starts
from tagger.audio.samples import MonoBuffer
from tagger.audio.source import BoundedFile
from tagger.audio.stream import SoundStream, open_stream
from tagger.features import log_mel
from tagger.files import AudioFile
from tagger.model_card import DEFAULT_MODEL, load_card, load_filter_bank
from tagger.pipeline.extract import analyse_features, extract_features
from tagger.runtime import Session
from tagger.store import Store
from tagger.tags.read import own_tags, text_fields
from tagger.tonality import key_and_confidence
from tagger.types import Analysis, TrackFeatures

REPEATS = 7
"""Of each measurement, of which the least counts: what other programs take is never less than nothing."""


@dataclass(frozen=True)
class Stage:
    """A part of the work on a track and what it costs, in milliseconds of one core."""

    name: str
    ms: float


def bench_stages(music: str | None) -> None:
    """Print what each stage costs alone, and what their sum leaves unexplained of the whole."""
    with tempfile.TemporaryDirectory() as folder:
        stages, whole_ms = measured_stages(music_files(music) if music else made_mp3_files(folder))
    explained_ms = sum(stage.ms for stage in stages)
    for stage in [*stages, Stage("Python between them", whole_ms - explained_ms)]:
        print(f"{stage.name:<36}{stage.ms:7.2f} ms  {stage.ms / whole_ms:6.1%}")
    print(f"{'a track, from its file to its rows':<36}{whole_ms:7.2f} ms")


def measured_stages(files: Sequence[str]) -> tuple[list[Stage], float]:
    """Give the stages, and the milliseconds of one core that all of them take one after the other."""
    card = load_card(DEFAULT_MODEL)
    front_end, bank, session = card.front_end, load_filter_bank(card), Session(card)
    rate_hz, window_s = front_end.sample_rate_hz, front_end.window_s
    tracks = [AudioFile(file, -1, -1) for file in files]
    windows = [read_excerpt(f, sample_rate_hz=rate_hz, window_s=window_s).windows for f in files]
    features = [_features(track, card.folder) for track in tracks]
    answers = [_analysis(one, card.folder) for one in features]
    native = [_native(file, window_s) for file in files]

    demux_ms = _ms(files, lambda i: _demux(files[i], window_s))
    decode_ms = _ms(files, lambda i: _decode(files[i], window_s, None))
    mix_ms = _ms(files, lambda i: _decode(files[i], window_s, MonoBuffer(native[i][0])))
    resample_ms = _ms(files, lambda i: _resample(*native[i], rate_hz))
    read_ms = _ms(files, lambda i: read_excerpt(files[i], sample_rate_hz=rate_hz, window_s=window_s))
    tags_ms = _ms(files, lambda i: (own_tags(files[i]), text_fields(files[i])))
    log_mel_ms = _ms(files, lambda i: [log_mel(w.samples, bank, front_end) for w in windows[i]])
    samples = [[window.samples for window in each] for each in windows]
    key_ms = _ms(files, lambda i: key_and_confidence(samples[i], rate_hz))
    network_ms = _ms(files, lambda i: session.run(features[i].log_mels))
    predict_ms = _ms(files, lambda i: _analysis(features[i], card.folder))
    pickle_ms = _ms(files, lambda i: pickle.loads(pickle.dumps(answers[i])))
    store_ms = _store_ms(answers)
    worker_ms = _ms(files, lambda i: _analysis(_features(tracks[i], card.folder), card.folder))
    stages = [
        Stage("open, seek, packets (libavformat)", demux_ms),
        Stage("decode (libavcodec, PyAV)", decode_ms - demux_ms),
        Stage("mix to mono (NumPy)", mix_ms - decode_ms),
        Stage("resample (soxr)", resample_ms),
        Stage("identity, times, bounds (Python)", read_ms - mix_ms - resample_ms),
        Stage("names and own tags (mutagen)", tags_ms),
        Stage("log-mel (pocketfft, BLAS)", log_mel_ms),
        Stage("key (pocketfft, NumPy)", key_ms),
        Stage("network (ONNX Runtime)", network_ms),
        Stage("heads, calibration, the answer", predict_ms - network_ms),
        Stage("to the main process and back (pickle)", pickle_ms),
        Stage("store (SQLite)", store_ms),
    ]
    return stages, worker_ms + pickle_ms + store_ms


def _ms(files: Sequence[str], work: Callable[[int], object]) -> float:
    """Measure the milliseconds of this thread that `work` takes for a track."""
    costs = []
    for _ in range(REPEATS + 1):
        began = time.thread_time()
        for i in range(len(files)):
            work(i)
        costs.append(1000 * (time.thread_time() - began) / len(files))
    return min(costs[1:])


def _features(track: AudioFile, model_folder: str) -> TrackFeatures:
    features = extract_features(track, model_folder)
    assert isinstance(features, TrackFeatures), features
    return features


def _analysis(features: TrackFeatures, model_folder: str) -> Analysis:
    analysis = analyse_features(features, model_folder)
    assert isinstance(analysis, Analysis)
    return analysis


def _packets(file: str, window_s: float, take: Callable[[SoundStream, av.Packet], object]) -> None:
    with BoundedFile(file) as source, open_stream(source) as stream:
        for start_s in window_starts(stream.duration_s or 0.0, window_s):
            stream.allow(window_s)
            stream.seek(start_s - PREROLL_S)
            for packet in stream.packets():
                take(stream, packet)
                if not packet.size or stream.time_s(packet) > start_s + window_s:
                    break


def _demux(file: str, window_s: float) -> None:
    _packets(file, window_s, lambda stream, packet: None)


def _decode(file: str, window_s: float, buffer: MonoBuffer | None) -> None:
    def decode(stream: SoundStream, packet: av.Packet) -> None:
        for frame in packet.decode():
            if buffer:
                buffer.add(frame)

    _packets(file, window_s, decode)


def _native(file: str, window_s: float) -> tuple[int, np.ndarray]:
    """Give the file's own rate, and as much noise as its windows have sound."""
    with av.open(file) as container:
        rate_hz = container.streams.audio[0].sample_rate
    n_samples = round((window_s + PREROLL_S) * rate_hz)
    return rate_hz, np.random.default_rng(0).normal(size=(3, n_samples)).astype(np.float32)


def _resample(from_hz: int, windows: np.ndarray, to_hz: int) -> None:
    for window in windows:
        soxr.resample(window, from_hz, to_hz, quality="HQ")


def _store_ms(answers: Sequence[Analysis], n_batches: int = 16, size: int = 32) -> float:
    """Measure the milliseconds of processor time that a track takes in a batch."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Store.open(f"{folder}/b.db", create=True) as store,
    ):
        costs = []
        for batch in range(n_batches):
            made = (replace(answers[i % len(answers)], file=_file(batch, i)) for i in range(size))
            analyses = [*made]
            began = time.thread_time()
            store.record_batch(analyses, [])
            costs.append(1000 * (time.thread_time() - began) / size)
        return float(np.median(costs))


def _file(batch: int, number: int) -> AudioFile:
    return AudioFile(f"/music/{batch:04}/{number:04}.mp3", 1, 1)
