import os
from collections import Counter
from pathlib import Path
from typing import Any

import mutagen
import pytest
from mutagen.id3 import ID3, TCON, TPE1

from tagger.errors import TaggerError
from tagger.tags.read import artist_of
from tagger.training.datasets.music_folders import read_genre_folders, read_library, split_of
from tests.sounds import make_sound


def make_files(folder: Path, *paths: str) -> str:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"x")
    return str(folder)


def test_the_folder_is_the_label_and_the_artist_or_album_the_group(tmp_path: Path) -> None:
    folder = make_files(
        tmp_path,
        "Doom Metal/Sleep/Holy Mountain/01.flac",
        "Doom Metal/Sleep/Dopesmoker/01.flac",
        "Jazz/Kind of Blue/So What.mp3",
        "Jazz/alone.OGG",
        "Jazz/._alone.ogg",
        "Jazz/cover.jpg",
        "stray.mp3",
    )
    read = {clip.path: (clip.genres, clip.group) for clip in read_genre_folders(folder)}
    assert read == {
        os.path.join("Doom Metal", "Sleep", "Holy Mountain", "01.flac"): (("Doom Metal",), "Sleep"),
        os.path.join("Doom Metal", "Sleep", "Dopesmoker", "01.flac"): (("Doom Metal",), "Sleep"),
        os.path.join("Jazz", "Kind of Blue", "So What.mp3"): (("Jazz",), "Kind of Blue"),
        os.path.join("Jazz", "alone.OGG"): (("Jazz",), "alone"),
    }


def test_an_artist_under_two_genres_is_on_one_side_of_the_split(tmp_path: Path) -> None:
    names = [f"{genre}/artist {i}/song.mp3" for genre in ("Pop", "Rock") for i in range(200)]
    clips = read_genre_folders(make_files(tmp_path, *names))
    sides: dict[str, set[str]] = {}
    for clip in clips:
        sides.setdefault(clip.group, set()).add(clip.split)
    assert len(sides) == 200
    assert all(len(splits) == 1 for splits in sides.values())


def test_the_split_is_stable_when_files_are_added(tmp_path: Path) -> None:
    before = read_genre_folders(make_files(tmp_path, *(f"Rock/album {i}/a.mp3" for i in range(50))))
    make_files(tmp_path, *(f"Rock/album {i}/b.mp3" for i in range(100)))
    after = {clip.path: clip.split for clip in read_genre_folders(str(tmp_path))}
    assert all(after[clip.path] == clip.split for clip in before)


def test_eight_in_ten_groups_train() -> None:
    shares = Counter(split_of(f"album {i}") for i in range(10_000))
    assert shares["train"] == pytest.approx(8000, abs=150)
    assert shares["valid"] == pytest.approx(1000, abs=120)
    assert shares["test"] == pytest.approx(1000, abs=120)
    assert [split_of(name) for name in ("Sleep", "Kind of Blue")] == ["train", "train"]
    assert split_of("Bj\u00f6rk") == split_of("BJO\u0308RK")


def test_a_folder_without_genres_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaggerError, match="no music in folders named after genres"):
        read_genre_folders(make_files(tmp_path, "song.mp3"))


def add(path: Path, genres: list[str], artist: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    make_sound(path, seconds=0.3)
    if path.suffix == ".mp3":
        tags = ID3()
        tags.add(TCON(encoding=3, text=genres))
        if artist:
            tags.add(TPE1(encoding=3, text=artist))
        tags.save(path)
        return
    file: Any = mutagen.File(path, easy=True)
    file["genre"] = genres
    if artist:
        file["artist"] = artist
    file.save()


def test_tags_give_labels_and_artists_groups(tmp_path: Path) -> None:
    add(tmp_path / "A" / "1.mp3", ["Rock"], "The Band")
    add(tmp_path / "B" / "2.flac", ["rock; Blues"], "The Band")
    add(tmp_path / "B" / "3.m4a", ["Rock/Polka"], "Other")
    add(tmp_path / "C" / "4.ogg", ["Blues", "ROCK"])
    make_sound(tmp_path / "C" / "untagged.mp3", seconds=0.3)
    (tmp_path / "C" / "broken.flac").write_bytes(b"nothing")
    clips = read_library(str(tmp_path), min_tracks=2)
    assert [(os.path.basename(c.path), c.genres, c.group) for c in clips] == [
        ("1.mp3", ("Rock",), "The Band"),
        ("2.flac", ("Rock", "Blues"), "The Band"),
        ("3.m4a", ("Rock",), "Other"),
        ("4.ogg", ("Blues", "Rock"), "C"),
    ]
    assert [clip.split for clip in clips] == [split_of(clip.group) for clip in clips]


def test_a_track_whose_genres_are_all_rare_is_left_out(tmp_path: Path) -> None:
    add(tmp_path / "1.mp3", ["(17)"])
    add(tmp_path / "2.mp3", ["Rock"])
    add(tmp_path / "3.mp3", ["Polka"])
    assert [(c.path, c.genres) for c in read_library(str(tmp_path), min_tracks=2)] == [
        ("1.mp3", ("Rock",)),
        ("2.mp3", ("Rock",)),
    ]


def test_a_library_of_rare_genres_is_refused(tmp_path: Path) -> None:
    add(tmp_path / "1.mp3", ["Polka"])
    with pytest.raises(TaggerError, match="no genre tag stands in 20 files or more"):
        read_library(str(tmp_path))


@pytest.mark.parametrize("kind", [".mp3", ".flac", ".ogg", ".opus", ".m4a", ".wma", ".wv", ".wav", ".aiff"])
def test_the_artist_is_read_in_every_format(tmp_path: Path, kind: str) -> None:
    path = make_sound(tmp_path / f"x{kind}", seconds=0.3, metadata={} if kind == ".wv" else {"artist": "Å"})
    if kind in (".mp3", ".wav", ".aiff", ".wv"):
        file: Any = mutagen.File(path)
        if file.tags is None:
            file.add_tags()
        file.tags["Artist" if kind == ".wv" else "TPE1"] = "Å" if kind == ".wv" else TPE1(3, "Å")
        file.save()
    assert artist_of(path) == "Å"


def test_a_file_without_tags_has_no_artist(tmp_path: Path) -> None:
    assert artist_of(make_sound(tmp_path / "x.flac", seconds=0.3)) is None
    (tmp_path / "y.mp3").write_bytes(b"nothing")
    assert artist_of(str(tmp_path / "y.mp3")) is None
    assert artist_of(str(tmp_path / "gone.mp3")) is None
