"""`tagger scan` beside librosa and PyTorch: one track at a time, and made parallel the obvious way."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import cache

import librosa
import numpy as np
import torch
from joblib import Parallel, delayed

from benchmarks.music import made_mp3_files, mp3_files
from benchmarks.stages import measured_stages
from tagger.audio.excerpt import window_starts
from tagger.model_card import DEFAULT_MODEL, load_card
from tagger.nets import Network, load_network
from tagger.pipeline.scan import n_cores


def bench_scan(music: str | None, n_files: int, n_baseline: int) -> None:
    """Tracks per second of `tagger scan`, its start included, and of the baselines without their imports."""
    with tempfile.TemporaryDirectory() as folder:
        library = os.path.join(folder, "library")
        os.mkdir(library)
        sources = mp3_files(music) if music else made_mp3_files(folder)
        files = [os.path.join(library, f"{i:05}.mp3") for i in range(n_files)]
        for i, file in enumerate(files):
            os.link(sources[i % len(sources)], file)
        before = _plain_tracks_per_s(files[:n_baseline]), _parallel_tracks_per_s(files[:n_baseline])
        ours = _scan_tracks_per_s(library, os.path.join(folder, "bench.db"))
        after = _plain_tracks_per_s(files[:n_baseline]), _parallel_tracks_per_s(files[:n_baseline])
        stages, _ = measured_stages(sources)
    n, cores = n_baseline, n_cores()
    plain, parallel = (max(pair) for pair in zip(before, after, strict=True))
    print(f"tagger scan                      {ours:8.1f} tracks/s  ({n_files} files, {cores} cores)")
    print(f"librosa + torch, before/after    {before[0]:8.1f} / {after[0]:.1f} tracks/s  ({n} files)")
    print(f"the same in {cores} processes          {before[1]:8.1f} / {after[1]:.1f} tracks/s  ({n} files)")
    print(f"ratio to librosa + torch         {ours / plain:8.2f}  (to the faster of the two)")
    print(f"ratio to the same in processes   {ours / parallel:8.2f}")
    explained_ms = sum(stage.ms for stage in stages)
    taken_ms = 1000 * cores / ours
    print(f"a track, as it came              {taken_ms:8.1f} ms of {cores} cores, of which its stages")
    print(f"    alone, on one core           {explained_ms:8.1f} ms: {explained_ms / taken_ms:.2f}")


def _scan_tracks_per_s(library: str, db: str) -> float:
    # --full: the library holds copies, of which a scan would predict one
    command = [sys.executable, "-m", "tagger", "scan", library, "--db", db, "--json", "--full"]
    began = time.perf_counter()
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert result["analysed"] == result["found"], result
    return float(result["analysed"] / (time.perf_counter() - began))


def _plain_tracks_per_s(files: Sequence[str]) -> float:
    """Do the work of a plain script: load each window, librosa's log-mel, the model, track after track."""
    _baseline_track(files[0])
    began = time.perf_counter()
    for file in files:
        _baseline_track(file)
    return len(files) / (time.perf_counter() - began)


def _parallel_tracks_per_s(files: Sequence[str]) -> float:
    """Do the same on all cores, by joblib, one thread each; processes and models are there already."""
    cores = n_cores()
    with Parallel(n_jobs=cores) as parallel:
        parallel(delayed(_baseline_track)(file, 1) for file in files[: 4 * cores])
        began = time.perf_counter()
        parallel(delayed(_baseline_track)(file, 1) for file in files)
        return len(files) / (time.perf_counter() - began)


@cache
def _network(threads: int | None) -> Network:
    """Load the scan's own network as PyTorch runs it; once for a process."""
    if threads is not None:
        torch.set_num_threads(threads)
    return load_network(load_card(DEFAULT_MODEL)).eval()


def _baseline_track(file: str, threads: int | None = None) -> None:
    front_end, network = load_card(DEFAULT_MODEL).front_end, _network(threads)
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
