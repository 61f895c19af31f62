"""What a file itself says of its music, in every format."""

import time
from pathlib import Path

import mutagen
import pytest
from mutagen.id3 import ID3, TBPM, TCMP, TCON, TPE2, TXXX

from tagger.files import AudioFile
from tagger.model_card import DEFAULT_MODEL, load_card
from tagger.pipeline.extract import extract_features
from tagger.tags import Policy, Wanted, apply, plan, read
from tagger.tags.read import LONGEST_GENRE, MOST_GENRES, own_tags
from tagger.types import OwnTags, Recording, TrackFeatures
from tests.sounds import KINDS, make_kind, make_sound

TAGS = {"genre": "Rock", "album_artist": "All of Them", "compilation": "1"}
WITH_GENRE = [
    kind for kind in KINDS if kind not in ("raw.aac", "s16.aiff", "cbr-without-info.mp3", "opus.mka")
]


def recording(path: str) -> Recording:
    found = extract_features(AudioFile(path, 1, 1), load_card(DEFAULT_MODEL).folder)
    assert isinstance(found, TrackFeatures)
    return found.recording


@pytest.mark.parametrize("kind", [kind for kind in WITH_GENRE if kind != "opus.webm"])
def test_the_genre_of_every_format_is_read(tmp_path: Path, kind: str) -> None:
    assert own_tags(make_kind(tmp_path, kind, seconds=1.0, metadata=TAGS)) == OwnTags(("Rock",))


def mp3(tmp_path: Path, *frames: object) -> str:
    path = str(make_sound(tmp_path / "x.mp3", seconds=1.0))
    tags = ID3()
    for frame in frames:
        tags.add(frame)
    tags.save(path)
    return path


def test_level_and_tempo_are_read_as_numbers(tmp_path: Path) -> None:
    level = TXXX(encoding=3, desc="EnergyLevel", text=["7"])
    path = mp3(tmp_path, TCON(encoding=3, text=["(17)", "Live"]), level, TBPM(encoding=3, text=["127,5"]))
    assert own_tags(path) == OwnTags(("Rock", "Live"), 7.0, 127.5)


def test_a_number_that_says_nothing_is_none(tmp_path: Path) -> None:
    level = TXXX(encoding=3, desc="EnergyLevel", text=["85"])
    assert own_tags(mp3(tmp_path, level, TBPM(encoding=3, text=["0"]))) == OwnTags()


def test_an_energy_level_of_ours_is_not_the_owner_s(tmp_path: Path) -> None:
    path = mp3(tmp_path)
    apply(path, plan(read(path), Wanted(energy=0.7), Policy()))
    assert read(path).energy_level == "7" and own_tags(path).energy_level is None


def test_the_artist_of_the_album_and_the_compilation_are_names(tmp_path: Path) -> None:
    for kind in ("cbr.mp3", "16-bit.flac", "vorbis.ogg", "aac.m4a", "v2.wma", "lossless.wv"):
        found = recording(make_kind(tmp_path, kind, seconds=1.0, metadata={**TAGS, "title": "A"}))
        assert (found.album_artist, found.compilation) == ("All of Them", True), kind
    foobar = TXXX(encoding=3, desc="ALBUM ARTIST", text=["Band"])
    assert recording(mp3(tmp_path, foobar)).album_artist == "Band"
    plain = recording(mp3(tmp_path, TPE2(encoding=3, text="Band"), TCMP(encoding=3, text="0")))
    assert (plain.artist, plain.album_artist, plain.compilation) == ("Band", "Band", False)


def test_a_tag_that_cannot_be_read_costs_nothing(tmp_path: Path) -> None:
    path = Path(make_sound(tmp_path / "x.flac", seconds=1.0, metadata=TAGS))
    data = bytearray(path.read_bytes())
    at = data.find(b"GENRE=Rock") if b"GENRE=Rock" in data else data.find(b"genre=Rock")
    data[at - 4 : at] = b"\xff\xff\xff\x7f"  # the comment's length
    path.write_bytes(data)
    assert own_tags(str(path)) == OwnTags()
    assert recording(str(path)).own == OwnTags()


def test_a_booklet_in_a_genre_is_cut(tmp_path: Path) -> None:
    path = str(make_sound(tmp_path / "x.flac", seconds=1.0))
    file = mutagen.File(path)
    file["GENRE"] = ["x" * 10_000, *(f"Genre {n}" for n in range(100))]
    file.save()
    own = own_tags(path)
    assert len(own.genres) == MOST_GENRES and own.genres[0] == "x" * LONGEST_GENRE


def test_no_file_at_all_says_nothing(tmp_path: Path) -> None:
    assert own_tags(str(tmp_path / "gone.mp3")) == OwnTags()


def test_reading_takes_a_small_part_of_the_time_of_a_track(tmp_path: Path) -> None:
    path = mp3(tmp_path, TCON(encoding=3, text=["Rock"]))
    times_s = []
    for _ in range(20):
        began = time.perf_counter()
        own_tags(path)
        times_s.append(time.perf_counter() - began)
    assert min(times_s) < 0.01  # a track takes about 0.06
