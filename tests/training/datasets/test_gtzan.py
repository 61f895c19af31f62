import logging
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tagger.audio import read_excerpt
from tagger.errors import TaggerError
from tagger.training.clips import GENRES
from tagger.training.datasets import gtzan, guess_layout
from tests.sounds import make_sound

CLIPS = ["blues.00029", "blues.00000", "hiphop.00012", "jazz.00054", "metal.00036", "blues.00098"]


def make_gtzan(root: Path, extension: str = ".wav") -> None:
    for name in CLIPS:
        folder = root / name.split(".")[0]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / (name + extension)).write_bytes(b"x")
        (folder / f"._{name}{extension}").write_bytes(b"x")


@pytest.mark.parametrize("root", ["", "genres", "genres_original", "Data/genres_original"])
def test_only_the_clips_of_the_fault_filtered_split_are_read(tmp_path: Path, root: str) -> None:
    make_gtzan(tmp_path / root)
    clips = gtzan.read(str(tmp_path))
    read = {os.path.basename(c.path): (c.split, c.genres, c.group) for c in clips}
    splits = gtzan.splits()
    assert read["blues.00029.wav"] == ("train", ("Blues",), "blues.00029")
    assert read["blues.00000.wav"] == ("valid", ("Blues",), "blues.00000")
    assert read["hiphop.00012.wav"] == (splits["hiphop/hiphop.00012"], ("Hip-Hop",), "hiphop.00012")
    assert "jazz.00054.wav" not in read
    assert set(read) == {f"{n}.wav" for n in CLIPS if f"{n.split('.')[0]}/{n}" in splits}
    assert all((tmp_path / clip.path).is_file() for clip in clips)
    assert guess_layout(str(tmp_path)) == "gtzan"


def test_the_split_has_its_published_sizes_less_the_broken_clip() -> None:
    splits = gtzan.splits()
    assert Counter(splits.values()) == {"train": 442, "valid": 197, "test": 290}
    genres = {name.split("/")[0] for name in splits}
    assert len(genres) == 10
    assert {gtzan.NAMES.get(genre, genre.capitalize()) for genre in genres} <= set(GENRES)


def test_the_first_release_came_as_au_files(tmp_path: Path) -> None:
    make_gtzan(tmp_path / "genres", ".au")
    assert os.path.join("genres", "blues", "blues.00029.au") in [c.path for c in gtzan.read(str(tmp_path))]
    path = make_sound(tmp_path / "x.au", codec="pcm_s16be", rate_hz=22_050, channels=1, seconds=1.0)
    (window,) = read_excerpt(path, sample_rate_hz=22_050, window_s=10.0).windows
    assert abs(len(window.samples) - 22_050) < 10
    assert np.abs(window.samples).max() == pytest.approx(0.5, abs=0.01)


def test_missing_clips_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make_gtzan(tmp_path)
    with caplog.at_level(logging.WARNING):
        n_read = len(gtzan.read(str(tmp_path)))
    assert f"{929 - n_read} of 929 clips are not there" in caplog.text


def test_another_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "blues").mkdir()
    with pytest.raises(TaggerError, match=r"--data: .*name the folder of GTZAN"):
        gtzan.read(str(tmp_path))
