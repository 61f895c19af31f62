"""`tagger scan` beside librosa, one track at a time."""

import json
import os
import subprocess
import sys
import tempfile
import time

import librosa
import numpy as np
import torch

from benchmarks.music import made_mp3_files, mp3_files
from tagger.audio.excerpt import window_starts
from tagger.model_card import DEFAULT_MODEL, load_card
from tagger.nets import Network, load_network
from tagger.types import FrontEnd


def bench_scan(music: str | None, n_files: int, n_baseline: int) -> None:
    """Tracks per second of `tagger scan`, process start included, and of the baseline without its imports."""
    with tempfile.TemporaryDirectory() as folder:
        library = os.path.join(folder, "library")
        os.mkdir(library)
        sources = mp3_files(music) if music else made_mp3_files(folder)
        files = [os.path.join(library, f"{i:05}.mp3") for i in range(n_files)]
        for i, file in enumerate(files):
            os.link(sources[i % len(sources)], file)
        baseline = _baseline_tracks_per_s(files[:n_baseline])
        ours = _scan_tracks_per_s(library, os.path.join(folder, "bench.db"))
        again = _baseline_tracks_per_s(files[:n_baseline])
    print(f"tagger scan            {ours:8.1f} tracks/s  ({n_files} files)")
    print(f"librosa, before/after  {baseline:8.1f} / {again:.1f} tracks/s  ({n_baseline} files)")
    print(f"ratio                  {ours / max(baseline, again):8.2f} (to the faster of the two)")


def _scan_tracks_per_s(library: str, db: str) -> float:
    # --full: the library holds copies, of which a scan would predict one
    command = [sys.executable, "-m", "tagger", "scan", library, "--db", db, "--json", "--full"]
    began = time.perf_counter()
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert result["analysed"] == result["found"], result
    return float(result["analysed"] / (time.perf_counter() - began))


def _baseline_tracks_per_s(files: list[str]) -> float:
    """Do the work of a plain script: load each window, librosa's log-mel, the model, track after track.

    The model is the scan's own, as PyTorch runs it. That `Predictor` folds its norms, multiplies in
    bfloat16 and keeps freed memory (from which librosa would gain as well) is part of what is measured.
    """
    card = load_card(DEFAULT_MODEL)
    network = load_network(card).eval()
    _baseline_track(files[0], card.front_end, network)
    began = time.perf_counter()
    for file in files:
        _baseline_track(file, card.front_end, network)
    return len(files) / (time.perf_counter() - began)


def _baseline_track(file: str, front_end: FrontEnd, network: Network) -> None:
    starts_s = window_starts(librosa.get_duration(path=file), front_end.window_s)
    windows = [
        librosa.load(file, sr=front_end.sample_rate_hz, offset=start_s, duration=front_end.window_s)[0]
        for start_s in starts_s
    ]
    log_mels = [
        librosa.power_to_db(
            librosa.feature.melspectrogram(
                y=window,
                sr=front_end.sample_rate_hz,
                n_fft=front_end.n_fft,
                hop_length=front_end.hop_length,
                n_mels=front_end.n_mels,
            )
        )
        for window in windows
    ]
    with torch.inference_mode():
        network(torch.from_numpy(np.stack(log_mels)))
