import logging
import math
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tagger.audio import read_excerpt
from tagger.errors import TaggerError
from tagger.training.clips import GENRES
from tagger.training.datasets import LAYOUTS, genre_list, guess_layout, in_genres, read
from tagger.training.datasets.layouts import GTZAN_NAMES, gtzan_splits, read_gtzan, read_table
from tests.sounds import make_sound
from tests.training.datasets.test_music_folders import add, make_files


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


TABLE = """\
path,dataset,split,group,genres,arousal,arousal_high,power,calmness,bpm,length_s
audio/4q/a.opus,4q,train,17,Country;Pop/Rock,,0.0,,,,16.0
audio/emotify/b.opus,emotify,valid,18,Rock,0.25,,0.75,0.5,,16.0
audio/orinayo/c.opus,orinayo,unlabelled,19,,,,,,93.5,10.0
"""


def test_a_row_says_labels_ratings_tempo_and_group(tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text(TABLE)
    a, b, c = read_table(str(tmp_path))
    assert (a.path, a.dataset, a.split, a.group) == ("audio/4q/a.opus", "4q", "train", "17")
    assert a.genres == ("Country", "Pop/Rock")
    assert a.arousal_high == 0.0
    assert math.isnan(a.arousal) and math.isnan(a.power_minus_calmness) and math.isnan(a.bpm)
    assert (b.arousal, b.power_minus_calmness) == (0.25, 0.25)
    assert (c.split, c.genres, c.bpm) == ("unlabelled", (), 93.5)


MOODS = "path,dataset,split,genres,bpm,quadrant,subgenre\n"


def test_a_row_says_quadrant_and_subgenre(tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text(
        MOODS + "a.opus,4q,train,Jazz,,3,\nb.opus,ishkur,train,,,,deephouse\n"
    )
    a, b = read_table(str(tmp_path))
    assert (a.quadrant, a.subgenre) == (3, "")
    assert (b.quadrant, b.subgenre) == (0, "deephouse")


def test_ratings_that_are_not_asked_for_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text(MOODS + "a.opus,4q,train,Jazz,fast,3,\n")
    (clip,) = read_table(str(tmp_path), ratings=())
    assert clip.quadrant == 3
    assert math.isnan(clip.bpm)


def test_there_is_no_fifth_quadrant(tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text(MOODS + "a.opus,4q,train,Jazz,,5,\n")
    with pytest.raises(TaggerError, match="quadrant '5' is not 1 to 4"):
        read_table(str(tmp_path))


def test_a_folder_without_the_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaggerError, match=r"clips\.csv: No such file.*--data is the folder"):
        read_table(str(tmp_path))


def test_a_table_from_a_spreadsheet_is_read(tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text(TABLE, encoding="utf-8-sig")
    assert len(read_table(str(tmp_path))) == 3


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a.opus,mine", r"a\.opus is in split '', not in train, valid, test, unlabelled"),
        ("a.opus,mine,validation,1,Rock", r"a\.opus is in split 'validation', not in train, valid"),
        ("a.opus,mine,train,1,Rock,loud", "could not convert string to float: 'loud'"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path: Path, row: str, reason: str) -> None:
    (tmp_path / "clips.csv").write_text(TABLE + row + "\n")
    with pytest.raises(TaggerError, match=rf"clips\.csv: damaged, or a column is missing: {reason}"):
        read_table(str(tmp_path))


@pytest.mark.shared_data
def test_the_shared_clips_have_the_genres_of_the_shipped_model(shared_data: str) -> None:
    clips = read_table(shared_data)
    assert len(clips) == 4079
    assert genre_list(clips) == GENRES
    assert in_genres(clips) == clips
    assert sum(not math.isnan(clip.bpm) for clip in clips) > 500
    splits: dict[str, set[str]] = {}
    for clip in clips:
        splits.setdefault(clip.group, set()).add(clip.split)
    assert all(len(sides) == 1 for sides in splits.values())
    assert os.path.isfile(os.path.join(shared_data, clips[0].path))


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
    clips = read_gtzan(str(tmp_path))
    read = {os.path.basename(c.path): (c.split, c.genres, c.group) for c in clips}
    splits = gtzan_splits()
    assert read["blues.00029.wav"] == ("train", ("Blues",), "blues.00029")
    assert read["blues.00000.wav"] == ("valid", ("Blues",), "blues.00000")
    assert read["hiphop.00012.wav"] == (splits["hiphop/hiphop.00012"], ("Hip-Hop",), "hiphop.00012")
    assert "jazz.00054.wav" not in read
    assert set(read) == {f"{n}.wav" for n in CLIPS if f"{n.split('.')[0]}/{n}" in splits}
    assert all((tmp_path / clip.path).is_file() for clip in clips)
    assert guess_layout(str(tmp_path)) == "gtzan"


def test_the_split_has_its_published_sizes_less_the_broken_clip() -> None:
    splits = gtzan_splits()
    assert Counter(splits.values()) == {"train": 442, "valid": 197, "test": 290}
    genres = {name.split("/")[0] for name in splits}
    assert len(genres) == 10
    assert {GTZAN_NAMES.get(genre, genre.capitalize()) for genre in genres} <= set(GENRES)


def test_the_first_release_came_as_au_files(tmp_path: Path) -> None:
    make_gtzan(tmp_path / "genres", ".au")
    assert os.path.join("genres", "blues", "blues.00029.au") in [c.path for c in read_gtzan(str(tmp_path))]
    path = make_sound(tmp_path / "x.au", codec="pcm_s16be", rate_hz=22_050, channels=1, seconds=1.0)
    (window,) = read_excerpt(path, sample_rate_hz=22_050, window_s=10.0).windows
    assert abs(len(window.samples) - 22_050) < 10
    assert np.abs(window.samples).max() == pytest.approx(0.5, abs=0.01)


def test_missing_clips_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make_gtzan(tmp_path)
    with caplog.at_level(logging.WARNING):
        n_read = len(read_gtzan(str(tmp_path)))
    assert f"{929 - n_read} of 929 clips are not there" in caplog.text


def test_another_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "blues").mkdir()
    with pytest.raises(TaggerError, match=r"--data: .*name the folder of GTZAN"):
        read_gtzan(str(tmp_path))
