"""One worker of a Dask cluster beside two, and how many answers one client can take."""

import hashlib
import logging
import os
import resource
import tempfile
import time
from collections.abc import Sequence

import numpy as np

from benchmarks.music import made_mp3_files
from tagger.files import AudioFile
from tagger.model_card import DEFAULT_MODEL, load_card
from tagger.pipeline.cluster import Cluster
from tagger.pipeline.ingest import Ingest, ScanCounts
from tagger.pipeline.scan import BATCH_FROM_AFAR, batched
from tagger.store import Store
from tagger.types import Analysis, Prediction, Recording, WindowAnswer


def bench_cluster(n_files: int, n_stubs: int) -> None:
    """Print tracks a second with one and two single-threaded workers, and with workers that answer at once.

    The latter are `n_stubs` files that are not there; their answers have what a model says of a song, and are
    stored. What a second of this process costs there is what a client can take.
    """
    from distributed import LocalCluster

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        made = made_mp3_files(folder)
        files = [AudioFile(made[i % len(made)], os.path.getsize(made[0]), i) for i in range(n_files)]
        rates = []
        for n_workers in (1, 2):
            with LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=":0") as dask:
                address = str(dask.scheduler_address)
                with Cluster(address, load_card(DEFAULT_MODEL)) as cluster:
                    _ = [*cluster.analyse_all(files[: 16 * n_workers])]  # each has loaded the model
                    began, used_s = time.perf_counter(), _used_s()
                    n_done = sum(1 for _ in cluster.analyse_all(files))
                    seconds = time.perf_counter() - began
                    rates.append(n_done / seconds)
                    client_ms = 1000 * (_used_s() - used_s) / n_done
            print(
                f"{n_workers} worker(s)     {rates[-1]:8.1f} tracks/s, {client_ms:.2f} ms of the client each"
            )
        print(f"ratio           {rates[1] / rates[0]:8.2f}")
        with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as dask:
            _bench_stubs(str(dask.scheduler_address), os.path.join(folder, "bench.db"), n_stubs)


def _bench_stubs(address: str, db: str, n_files: int) -> None:
    card = load_card(DEFAULT_MODEL)
    files = [AudioFile(f"/music/{i // 12:06}/{i:08}.mp3", 5_000_000, i) for i in range(n_files)]
    counts = ScanCounts()
    with Cluster(address, card, work=answer_at_once) as cluster, Store.open(db, create=True) as store:
        ingest = Ingest(store, card.id, None, counts, lambda failure: None)
        began, used_s = time.perf_counter(), _used_s()
        for batch in batched(cluster.analyse_all(files), BATCH_FROM_AFAR):
            ingest.take(batch)
        seconds, used_s = time.perf_counter() - began, _used_s() - used_s
    assert counts.analysed == n_files
    print(f"stub worker     {n_files / seconds:8.1f} tracks/s stored ({n_files:,} files)")
    print(f"ceiling         {n_files / used_s:8.1f} tracks/s by what this process uses of a core")


def answer_at_once(model: str, files: Sequence[AudioFile]) -> list[Analysis]:
    """Stands in for a worker with all the cores in the world."""
    genres = {f"Genre {i}": (0.6 if i == 0 else 0.025) for i in range(17)}
    words = {f"Word {i}": 0.1 for i in range(50)}
    windows = tuple(WindowAnswer(30.0 * i, "Genre 0", 0.6, 0.5, 0.5, "calm") for i in range(3))
    embedding = np.zeros(192, np.float16)
    answer = Prediction(
        DEFAULT_MODEL,
        genres,
        "Genre 0",
        0.6,
        0.5,
        windows,
        embedding,
        False,
        120.0,
        0.9,
        words,
        0.5,
        "calm",
        0.6,
    )
    return [
        Analysis(
            file, Recording(hashlib.md5(file.path.encode()).hexdigest(), 200.0, "mp3", 44_100, 2), answer
        )
        for file in files
    ]


def _used_s() -> float:
    """Seconds of a core that this process has used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
