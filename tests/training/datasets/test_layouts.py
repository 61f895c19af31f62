from pathlib import Path

import pytest

from tagger.errors import TaggerError
from tagger.training.datasets import LAYOUTS, guess_layout, read
from tests.training.datasets.test_folders import make_files
from tests.training.datasets.test_library import add


def test_a_table_of_clips_is_the_shared_layout(tmp_path: Path) -> None:
    assert guess_layout(make_files(tmp_path, "clips.csv", "Rock/a.mp3", "Jazz/a.mp3")) == "shared"


def test_tracks_csv_is_fma(tmp_path: Path) -> None:
    assert guess_layout(make_files(tmp_path, "fma_metadata/tracks.csv")) == "fma"
    assert guess_layout(make_files(tmp_path, "fma_medium/000/000002.mp3") + "/fma_medium") == "fma"


def test_folders_with_the_names_of_genres_are_genres(tmp_path: Path) -> None:
    paths = ("Rock/a.mp3", "drum & bass/b.mp3", "My own/c.mp3", "@eaDir/d.mp3", ".git/e")
    assert guess_layout(make_files(tmp_path, *paths)) == "folders"


def test_folders_of_artists_with_tags_are_a_library(tmp_path: Path) -> None:
    make_files(tmp_path, "AC-DC/Back in Black/untagged.mp3", "Blues/x.mp3", "ZZ Top/y.mp3")
    add(tmp_path / "Björk" / "Debut" / "1.mp3", ["Pop"], "Björk")
    assert guess_layout(str(tmp_path)) == "library"


def test_a_folder_that_fits_nothing_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(TaggerError, match=r"^--data: .*: neither clips\.csv.* name the --layout$"):
        read(make_files(tmp_path, "AC-DC/song.mp3"))
    with pytest.raises(TaggerError, match="no such folder"):
        read(str(tmp_path / "gone"))


def test_a_layout_that_is_named_is_not_guessed(tmp_path: Path) -> None:
    folder = make_files(tmp_path, "AC-DC/song.mp3")
    assert [clip.genres for clip in read(folder, "folders")] == [("AC-DC",)]
    assert set(LAYOUTS) == {"shared", "fma", "gtzan", "folders", "library"}
