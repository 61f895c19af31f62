"""The names that tags give a recording come with the sound."""

from pathlib import Path

import mutagen
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen.id3 import ID3, TALB, TDRC, TIT2, TPE1, TPE2
from mutagen.mp4 import MP4

from tagger.audio.metadata import LONGEST, metadata_of, year_of
from tagger.files import AudioFile
from tagger.model_card import DEFAULT_MODEL, load_card
from tagger.pipeline.extract import extract_features
from tagger.types import Failure, Recording, TrackFeatures
from tests.sounds import KINDS, make_kind, make_sound

TAGS = {"title": "Sól", "artist": "Björk & Co", "album": "№ 1", "date": "1999-03-04"}
NAMES = ("Sól", "Björk & Co", "№ 1", 1999)
# ADTS has no tags of its own, the writer of aiff knows the title alone, and one mp3 is made without.
TAGGED = [kind for kind in KINDS if kind not in ("raw.aac", "s16.aiff", "cbr-without-info.mp3")]


def recording(path: str) -> Recording:
    found = extract_features(AudioFile(path, 1, 1), load_card(DEFAULT_MODEL).folder)
    assert isinstance(found, TrackFeatures)
    return found.recording


def names(path: str) -> tuple[str | None, str | None, str | None, int | None]:
    found = recording(path)
    return found.title, found.artist, found.album, found.year


@pytest.mark.parametrize("kind", TAGGED)
def test_every_format_tells_its_names(tmp_path: Path, kind: str) -> None:
    assert names(make_kind(tmp_path, kind, seconds=1.0, metadata=TAGS)) == NAMES


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_without_tags_has_no_names(tmp_path: Path, kind: str) -> None:
    assert names(make_kind(tmp_path, kind, seconds=1.0)) == (None, None, None, None)


def test_names_are_no_part_of_the_identity(tmp_path: Path) -> None:
    plain, tagged = (make_sound(tmp_path / f"{n}.flac", metadata=tags) for n, tags in enumerate([{}, TAGS]))
    assert recording(plain).audio_id == recording(tagged).audio_id


def test_values_with_nul_and_spaces_become_one_line_each(tmp_path: Path) -> None:
    path = make_sound(tmp_path / "x.mp3")
    tags = ID3()
    tags.add(TIT2(encoding=3, text="  A title \t"))
    tags.add(TPE1(encoding=3, text=["One", "Two"]))
    tags.add(TALB(encoding=3, text=" \x00 "))
    tags.add(TDRC(encoding=3, text="2003"))
    tags.save(path)
    title, artist, album, year = names(path)
    assert (title, album, year) == ("A title", None, 2003)
    assert artist is not None and "\0" not in artist and artist.startswith("One")


def test_the_artist_of_the_album_stands_in_for_a_missing_one(tmp_path: Path) -> None:
    path = make_sound(tmp_path / "x.mp3")
    tags = ID3()
    tags.add(TPE2(encoding=3, text="Orchestra"))
    tags.save(path)
    assert names(path)[1] == "Orchestra"


def test_tags_written_by_another_program_are_read(tmp_path: Path) -> None:
    path = make_sound(tmp_path / "x.m4a")
    file = MP4(path)
    file["\xa9nam"], file["\xa9ART"], file["\xa9alb"], file["\xa9day"] = "T", "A", "L", "2011-01-01T00:00:00Z"
    file.save()
    assert names(path) == ("T", "A", "L", 2011)
    path = make_sound(tmp_path / "x.ogg")
    vorbis = mutagen.File(path)
    vorbis["TITLE"], vorbis["Artist"], vorbis["album"], vorbis["YEAR"] = "T", "A", "L", "1975"
    vorbis.save()
    assert names(path) == ("T", "A", "L", 1975)


def test_the_names_of_the_oldest_id3_are_read(tmp_path: Path) -> None:
    """In v2.2, which old versions of iTunes wrote, a frame has three letters and a size of three bytes."""
    path = Path(make_sound(tmp_path / "x.mp3", seconds=1.0))
    texts = {b"TT2": "T", b"TP1": "A", b"TAL": "L", b"TYE": "1975", b"TCP": "1"}
    frames = b"".join(
        name + (len(text) + 1).to_bytes(3, "big") + b"\0" + text.encode("latin-1")
        for name, text in texts.items()
    )
    path.write_bytes(b"ID3\x02\0\0\0\0\0" + bytes([len(frames)]) + frames + path.read_bytes())
    assert names(str(path)) == ("T", "A", "L", 1975)
    assert recording(str(path)).compilation


def test_a_booklet_in_a_title_is_cut(tmp_path: Path) -> None:
    title = names(make_sound(tmp_path / "x.flac", metadata={"title": "x" * 10_000}))[0]
    assert title == "x" * LONGEST


@pytest.mark.parametrize(
    ("date", "year"),
    [
        ("1999", 1999),
        ("1999-03-04", 1999),
        ("19990304", 1999),
        (" 2024 ", 2024),
        ("03/04/1999", 1999),
        ("0000", None),
        ("3024", None),
        ("99", None),
        ("", None),
        ("no date", None),
        ("12345678901999", 1234),
    ],
)
def test_the_year_is_the_first_four_digits_of_a_date(date: str, year: int | None) -> None:
    assert year_of(date) == year


class _Tagged:
    def __init__(self, metadata: dict[str, str]) -> None:
        self.metadata = metadata


texts = st.dictionaries(
    st.sampled_from(["title", "TITLE", "Artist", "album_artist", "ALBUM", "date", "YEAR"]), st.text()
)


@pytest.mark.slow
@given(texts, texts)
def test_whatever_tags_hold_names_are_trimmed_and_free_of_nul(
    container: dict[str, str], stream: dict[str, str]
) -> None:
    found = metadata_of(_Tagged(container), _Tagged(stream))  # type: ignore[arg-type]
    for name in (found["title"], found["artist"], found["album"]):
        assert name is None or (name and name == name.strip() and "\0" not in name and len(name) <= LONGEST)
    assert found["year"] is None or 1000 <= found["year"] <= 2999


def test_a_tag_at_which_a_library_stumbles_costs_its_file_and_not_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumbling(path: str) -> dict[str, str]:
        raise KeyError("TIT2")

    monkeypatch.setattr("tagger.pipeline.extract.text_fields", stumbling)
    path = str(make_sound(tmp_path / "a.wav", seconds=1.0))
    failure = extract_features(AudioFile(path, 1, 2), load_card(DEFAULT_MODEL).folder)
    assert isinstance(failure, Failure)
    assert failure.reason == "unexpected KeyError: 'TIT2'; please report it with the file"
    assert (failure.size, failure.mtime_ns) == (1, 2)


def test_the_container_speaks_before_the_stream() -> None:
    container, stream = _Tagged({"TITLE": "The song"}), _Tagged({"title": "Stereo", "artist": "A"})
    found = metadata_of(container, stream)  # type: ignore[arg-type]
    assert (found["title"], found["artist"]) == ("The song", "A")
