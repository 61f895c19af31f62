"""FMA in miniature: the tables as pandas wrote them, the audio in folders of the first three digits."""

import csv
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tagger.errors import TaggerError
from tagger.training.datasets import fma, genre_list, guess_layout
from tagger.training.datasets.fma import EchoNest, echonest_features, metadata_folder, read_fma

TRACKS_HEADER = [
    ["", "album", "artist", "artist", "set", "set", "track", "track", "track", "track"],
    ["", "title", "bio", "id", "split", "subset", "genre_top", "genres", "genres_all", "title"],
    ["track_id", "", "", "", "", "", "", "", "", ""],
]
BIO = 'Lives in "The Shed",\nand\n7,sings ' + "la" * 80_000
TRACKS = [
    [2, "AWOL", BIO, 1, "training", "small", "Hip-Hop", "[21]", "[21]", "Food"],
    [5, "AWOL", "", 1, "training", "small", "Hip-Hop", "[21]", "[21]", "This World"],
    [140, "Niris", "", 54, "validation", "small", "Folk", "[17]", "[17]", "Queen"],
    [1686, "Live", "", 60, "test", "large", "", "[31, 137]", "[12, 31, 38, 137]", "Both"],
    [1999, "Live", "", 60, "test", "large", "", "[]", "[]", "Neither"],
    [98565, "Short", "", 70, "training", "small", "Rock", "[12]", "[12]", "Too short"],
    [133297, "Empty", "", 71, "training", "small", "Rock", "[12]", "[12]", "Not there"],
]
GENRES = [
    ["genre_id", "#tracks", "parent", "title", "top_level"],
    [12, 32923, 0, "Rock", 12],
    [17, 12706, 0, "Folk", 17],
    [21, 8389, 0, "Hip-Hop", 21],
    [31, 1498, 12, "Metal", 12],
    [38, 38154, 0, "Experimental", 38],
    [137, 500, 38, "Field Recordings", 38],
]
FEATURES = list(EchoNest.__slots__)
ECHONEST = [
    ["", *["echonest"] * 10],
    ["", *["audio_features"] * 8, "metadata", "ranks"],
    ["", *FEATURES, "artist_name", "song_hotttnesss_rank"],
    ["track_id", *[""] * 10],
    [2, 0.4166752327, 0.6758939853, 0.6344762684, 0.0106, 0.1776, 0.1593, 165.922, 0.5766, "AWOL", ""],
    [140, 0.3763, 0.734, 0.2656, 0.6695, 0.0859, "", 107.952, 0.6095, "Alec", "12.0"],
]


def write_table(path: Path, rows: list[list[object]]) -> None:
    path.parent.mkdir(exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


@pytest.fixture
def fma_folder(tmp_path: Path, sound_path: Callable[[str], str]) -> Path:
    """The audio of all but the last track, macOS's droppings and a checksum file included."""
    folder = tmp_path / "fma"
    folder.mkdir()
    write_table(folder / "fma_metadata" / "tracks.csv", [*TRACKS_HEADER, *TRACKS])
    write_table(folder / "fma_metadata" / "genres.csv", GENRES)
    write_table(folder / "fma_metadata" / "echonest.csv", ECHONEST)
    for track_id, *_ in TRACKS[:-1]:
        add_track(folder / "fma_small", int(str(track_id)), sound_path("cbr.mp3"))
    (folder / "fma_small" / "000" / "._000002.mp3").write_bytes(b"x")
    (folder / "fma_small" / "checksums").write_text("0  000/000002.mp3\n")
    return folder


def add_track(size: Path, track_id: int, sound: str) -> None:
    name = f"{track_id:06}"
    os.makedirs(size / name[:3], exist_ok=True)
    shutil.copyfile(sound, size / name[:3] / f"{name}.mp3")


def test_tracks_have_the_official_split_their_top_genre_and_their_artist(fma_folder: Path) -> None:
    clips = read_fma(str(fma_folder))
    assert [(c.path, c.split, c.genres, c.group) for c in clips] == [
        (os.path.join("fma_small", "000", "000002.mp3"), "train", ("Hip-Hop",), "artist 1"),
        (os.path.join("fma_small", "000", "000005.mp3"), "train", ("Hip-Hop",), "artist 1"),
        (os.path.join("fma_small", "000", "000140.mp3"), "valid", ("Folk",), "artist 54"),
        (os.path.join("fma_small", "001", "001686.mp3"), "test", ("Experimental", "Rock"), "artist 60"),
        (os.path.join("fma_small", "001", "001999.mp3"), "test", (), "artist 60"),
    ]
    assert {c.dataset for c in clips} == {"fma"}
    assert genre_list(clips) == ("Experimental", "Folk", "Hip-Hop", "Rock")


def test_the_known_broken_tracks_are_left_out_by_name(fma_folder: Path) -> None:
    assert (fma_folder / "fma_small" / "098" / "098565.mp3").exists()
    assert not any("098565" in clip.path for clip in read_fma(str(fma_folder)))
    assert {98565, 98567, 98569, 99134, 108925, 133297} < fma.BROKEN


def test_the_folder_of_one_size_finds_the_tables_beside_it_and_inside(fma_folder: Path) -> None:
    small = fma_folder / "fma_small"
    assert metadata_folder(str(small)) == str(fma_folder / "fma_metadata")
    assert guess_layout(str(small)) == "fma"
    assert read_fma(str(small))[0].path == os.path.join("000", "000002.mp3")
    (fma_folder / "fma_metadata").rename(small / "fma_metadata")
    assert len(read_fma(str(small))) == 5


def test_a_track_in_two_sizes_is_one_clip(fma_folder: Path, sound_path: Callable[[str], str]) -> None:
    add_track(fma_folder / "fma_large", 2, sound_path("cbr.mp3"))
    add_track(fma_folder / "fma_large", 133297, sound_path("cbr.mp3"))
    paths = [clip.path for clip in read_fma(str(fma_folder))]
    assert len(paths) == 5
    assert all(path.startswith("fma_small") for path in paths)


def test_echonest_gives_eight_features_by_track(fma_folder: Path) -> None:
    features = echonest_features(str(fma_folder))
    assert list(features) == [2, 140]
    assert (features[2].energy, features[2].tempo, features[2].valence) == (0.6344762684, 165.922, 0.5766)
    assert features[140].acousticness == 0.3763
    assert math.isnan(features[140].speechiness)


def test_what_is_missing_is_named(fma_folder: Path) -> None:
    shutil.rmtree(fma_folder / "fma_small")
    with pytest.raises(TaggerError, match=r"no audio; unpack fma_small\.zip"):
        read_fma(str(fma_folder))
    write_table(fma_folder / "fma_metadata" / "tracks.csv", [["track_id", "title"], [2, "Food"]])
    with pytest.raises(TaggerError, match=r"tracks\.csv: no column set/split"):
        read_fma(str(fma_folder))
    (fma_folder / "fma_metadata" / "genres.csv").unlink()
    with pytest.raises(TaggerError, match=r"genres\.csv: No such file .* part of fma_metadata\.zip"):
        read_fma(str(fma_folder))
    (fma_folder / "fma_metadata" / "tracks.csv").unlink()
    with pytest.raises(TaggerError, match=r"no tracks\.csv"):
        read_fma(str(fma_folder))


@pytest.mark.shared_data
def test_the_roots_of_all_published_genres_are_known(shared_data: str) -> None:
    roots = fma._root_genres(os.path.join(shared_data, "labels", "fma_genres.csv"))
    assert len(roots) == 163
    assert len(set(roots.values())) == 16
    assert {roots["31"], roots["12"], roots["8"]} == {"Rock", "Old-Time / Historic"}
