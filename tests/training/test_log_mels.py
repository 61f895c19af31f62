import json
import logging
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tagger.audio import read_excerpt
from tagger.errors import BusyError, TaggerError
from tagger.features import log_mel
from tagger.files import AudioFile
from tagger.training.clips import FRONT_END, Clip, filter_bank
from tagger.training.corpus import LogMels
from tagger.training.log_mels import LogMelStore, cached_log_mels, front_end_key
from tagger.types import FrontEnd
from tests.sounds import make_sound, moment

SMALL = FrontEnd(sample_rate_hz=22_050, window_s=10.0, n_fft=2048, hop_length=512, n_mels=40)


def clips_of(*names: str) -> list[Clip]:
    return [Clip(name, "folders", "train", ("Rock",)) for name in names]


@pytest.fixture
def extractions(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Give the numbers of clips that were extracted, and of all, as the log has them."""
    caplog.set_level(logging.INFO)
    return lambda: re.findall(r"extracting the log-mels of (\d+ of \d+) clips", caplog.text)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    for name, seconds in (("a.wav", 1.0), ("b.flac", 2.0), ("c.mp3", 1.5)):
        make_sound(folder / name, seconds=seconds)
    return folder


@pytest.mark.slow
def test_a_log_mel_is_that_of_the_whole_clip(music: Path, tmp_path: Path) -> None:
    kept, (a, b, c) = cached_log_mels(
        str(music), clips_of("a.wav", "b.flac", "c.mp3"), str(tmp_path / "c"), 2
    )
    (window,) = read_excerpt(str(music / "b.flac"), sample_rate_hz=22_050, window_s=30.0).windows
    expected = log_mel(window.samples, filter_bank(), FRONT_END).astype(np.float16)
    np.testing.assert_array_equal(b, expected)
    assert [clip.path for clip in kept] == ["a.wav", "b.flac", "c.mp3"]
    assert (a.shape, b.shape) == ((96, 1 + 22_050 // 512), (96, 1 + 44_100 // 512))
    assert isinstance(c, np.memmap) and not c.flags.writeable


def test_of_a_long_track_the_middle_is_read(tmp_path: Path) -> None:
    path = make_sound(tmp_path / "long.flac", seconds=80.0)
    _, (view,) = cached_log_mels(str(tmp_path), clips_of("long.flac"), str(tmp_path / "c"), 1)
    assert view.shape == (96, 1 + 30 * 22_050 // 512)
    (window,) = read_excerpt(str(path), sample_rate_hz=22_050, window_s=30.0, centres=(0.5,)).windows
    assert moment(window.samples, 22_050, 80.0) == pytest.approx(25.0, abs=0.3)
    expected = log_mel(window.samples, filter_bank(), FRONT_END).astype(np.float16)
    np.testing.assert_array_equal(view, expected)


def test_only_new_and_changed_files_are_extracted(
    music: Path, tmp_path: Path, extractions: Callable[[], list[str]]
) -> None:
    cache = str(tmp_path / "cache")
    _, (a, b) = cached_log_mels(str(music), clips_of("a.wav", "b.flac"), cache, 1)
    make_sound(music / "b.flac", seconds=1.0)
    _, again = cached_log_mels(str(music), clips_of("c.mp3", "b.flac", "a.wav"), cache, 1)
    cached_log_mels(str(music), clips_of("a.wav", "b.flac"), cache, 1)
    assert extractions() == ["2 of 2", "2 of 3"]
    np.testing.assert_array_equal(again[2], a)
    assert (b.shape[1], again[1].shape[1]) == (87, 44)


def test_front_ends_never_mix(music: Path, tmp_path: Path, extractions: Callable[[], list[str]]) -> None:
    cache = str(tmp_path / "cache")
    for front_end, n_mels in ((FRONT_END, 96), (SMALL, 40), (FRONT_END, 96)):
        _, (view,) = cached_log_mels(str(music), clips_of("a.wav"), cache, 1, front_end)
        assert view.shape == (n_mels, 44)
    assert extractions() == ["1 of 1", "1 of 1"]
    assert front_end_key(replace(SMALL, window_s=5.0)) != front_end_key(SMALL)


def test_a_broken_file_is_logged_counted_and_left_out(
    music: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (music / "broken.mp3").write_bytes(b"nothing" * 1000)
    names = clips_of("a.wav", "broken.mp3", "gone.mp3", "b.flac")
    with caplog.at_level(logging.WARNING):
        kept, views = cached_log_mels(str(music), names, str(tmp_path / "cache"), 1)
    assert [clip.path for clip in kept] == ["a.wav", "b.flac"]
    assert [view.shape[1] for view in views] == [44, 87]
    assert "broken.mp3: " in caplog.text and "gone.mp3: No such file" in caplog.text
    assert "2 of 4 clips cannot be decoded" in caplog.text
    with pytest.raises(TaggerError, match="none of 1 clips can be decoded"):
        cached_log_mels(str(music), clips_of("broken.mp3"), str(tmp_path / "cache"), 1)


def test_log_mels_made_before_an_interruption_stay(tmp_path: Path) -> None:
    first, second = AudioFile("/first", 1, 1), AudioFile("/second", 2, 2)
    with pytest.raises(KeyboardInterrupt), LogMelStore(str(tmp_path), SMALL).filling() as add:
        add(first, np.full((40, 3), 7, np.float16))
        raise KeyboardInterrupt
    again = LogMelStore(str(tmp_path), SMALL)
    assert (first in again, second in again) == (True, False)
    (view,) = again.views([first])
    assert (view == 7).all() and view.shape == (40, 3)


def filled(cache: Path, n: int) -> tuple[LogMelStore, list[AudioFile]]:
    store, files = LogMelStore(str(cache), SMALL), [AudioFile(f"/{i}", i, i) for i in range(n)]
    with store.filling() as add:
        for i, file in enumerate(files):
            add(file, np.full((40, i + 1), i, np.float16))
    return store, files


def test_what_a_crash_left_behind_the_index_is_overwritten(tmp_path: Path) -> None:
    store, files = filled(tmp_path, 3)
    data = Path(store.folder, "log-mels.f16")
    with open(data, "ab") as file:
        file.write(b"half a log-mel")
    Path(store.folder, ".tagger-0.tmp").write_text('{"log_m')
    again, new = LogMelStore(str(tmp_path), SMALL), AudioFile("/new", 1, 1)
    with again.filling() as add:
        add(new, np.full((40, 2), 9, np.float16))
    assert data.stat().st_size == 2 * 40 * (1 + 2 + 3 + 2)
    views = LogMelStore(str(tmp_path), SMALL).views([*files, new])
    assert [(float(v.min()), float(v.max()), v.shape[1]) for v in views] == [
        (0, 0, 1),
        (1, 1, 2),
        (2, 2, 3),
        (9, 9, 2),
    ]


def test_log_mels_that_the_data_does_not_hold_are_made_again(tmp_path: Path) -> None:
    store, files = filled(tmp_path, 3)
    os.truncate(os.path.join(store.folder, "log-mels.f16"), 2 * 40 * 5)
    shorter = LogMelStore(str(tmp_path), SMALL)
    assert [file in shorter for file in files] == [True, True, False]


def test_a_damaged_index_is_made_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store, files = filled(tmp_path, 2)
    index = Path(store.folder, "index.json")
    assert json.loads(index.read_text())["front_end"]["n_mels"] == 40
    index.write_text("[")
    assert files[0] not in LogMelStore(str(tmp_path), SMALL)
    assert "all clips are decoded again" in caplog.text


def test_two_runs_do_not_fill_one_cache_at_a_time(tmp_path: Path) -> None:
    with (
        LogMelStore(str(tmp_path), SMALL).filling(),
        pytest.raises(BusyError, match="another run is filling"),
        LogMelStore(str(tmp_path), SMALL).filling(),
    ):
        pass


def test_a_cache_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log-mels.npz").write_bytes(b"x")
    with pytest.raises(TaggerError, match="is a file; --cache is a folder"):
        LogMelStore(str(tmp_path / "log-mels.npz"), SMALL)


def test_a_batch_takes_its_frames_from_the_views(music: Path, tmp_path: Path) -> None:
    _, views = cached_log_mels(str(music), clips_of("a.wav", "b.flac"), str(tmp_path / "cache"), 1)
    log_mels = LogMels(views)
    assert log_mels.lengths.tolist() == [44, 87]
    assert log_mels.n_mels == len(views[0])
    batch = log_mels.rows([1, 0]).at(torch.tensor([[86, 3, 3], [0, 43, 1]]))
    assert np.array_equal(batch.numpy(), np.stack([views[1][:, [86, 3, 3]], views[0][:, [0, 43, 1]]]))
    assert LogMels([]).lengths.tolist() == []
