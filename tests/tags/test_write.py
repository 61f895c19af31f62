from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagger.files import FileState
from tagger.tags import Policy, Wanted, apply, plan, previous_from_json, read, restore
from tagger.tags.block import ByteSource
from tagger.tags.formats.ogg import page_bytes, pages_from
from tests.sounds import tags_by_ffmpeg

from . import samples
from .conftest import MakeSample
from .foreign import add_foreign, audio_digest, open_with_mutagen, pairs, view

PREDICTED = Wanted(("Drum & Bass",), 0.734, 128.4, "calm", ("piano", "female voice", "Chœur"))
SHARED = os.path.join(os.path.dirname(__file__), "..", "..", "..", "shared", "data", "formats")


def read_bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def write_and_undo(path: str, wanted: Wanted = PREDICTED, policy: Policy | None = None) -> None:
    """Write, check everything, carry the previous values through JSON, undo, check again."""
    policy = policy or Policy(max_genres=3, mood="missing", words="missing")
    before, foreign, was = read_bytes(path), view(path), read(path)
    decodable = not path.endswith((".ape", ".dsf", ".mpc", ".spx"))
    sound = audio_digest(path) if decodable else ""
    changes = plan(was, wanted, policy)

    written = apply(path, changes)

    now = read(path)
    assert all(now.texts(change.field) == change.after for change in changes)
    assert view(path) == foreign
    assert not decodable or audio_digest(path) == sound
    assert plan(now, wanted, policy, {change.field: change.after for change in changes}) == ()
    assert written.state == FileState.of(os.stat(path))

    previous = previous_from_json(json.loads(json.dumps(written.previous.to_json())))
    restored = restore(path, previous)
    assert (restored.left, restored.but_for) == ((), "")

    assert read(path) == was
    assert view(path) == foreign
    assert not decodable or audio_digest(path) == sound
    assert read_bytes(path) == before


@pytest.mark.parametrize("name", samples.NAMES)
def test_a_written_and_undone_file_is_byte_for_byte_what_it_was(name: str, sample: MakeSample) -> None:
    path = sample(name)
    before = read_bytes(path)
    write_and_undo(path)
    assert read_bytes(path) == before


@pytest.mark.parametrize("name", samples.NAMES)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=pairs, genres=st.lists(st.sampled_from(["Pop/Rock", "House", "Ünïcode 🎧", "R&B"]), min_size=1))
def test_foreign_tags_survive_writing_and_undoing(
    name: str, values: list[tuple[str, str]], genres: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, f"song.{samples.extension(name)}")
        with open(path, "wb") as file:
            file.write(_made(name))
        add_foreign(path, values)
        write_and_undo(path, Wanted(tuple(genres), 0.5, 90.0))


@pytest.mark.parametrize("name", ["ape", "wv", "mpc"])
def test_an_ape_tag_of_131_bytes_is_not_taken_for_id3v1(name: str, sample: MakeSample) -> None:
    path = sample(name)
    before = os.path.getsize(path)
    write_and_undo(path, Wanted(("Rock",), 0.734))
    apply(path, plan(read(path), Wanted(("Rock",), 0.734)))
    assert name == "wv" or os.path.getsize(path) - before == 131  # its encoder has written one already


@pytest.mark.parametrize("policy", ["replace", "add"])
@pytest.mark.parametrize("name", samples.NAMES)
def test_a_genre_that_was_there_comes_back_exactly(name: str, policy: str, sample: MakeSample) -> None:
    path = sample(name)
    apply(path, plan(read(path), Wanted(("Vaporwave", "Jazz"), 0.2, 77)), None)
    write_and_undo(path, Wanted(("Techno",), 0.9, 140), Policy(policy, bpm="never"))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["mp3", "flac", "opus", "faststart", "wma", "ape"])
def test_a_cover_of_ten_megabytes_survives(name: str, sample: MakeSample) -> None:
    path = sample(name)
    size = 10_000_000 if name == "mp3" else 60_000 if name == "wma" else 1_000_000
    add_foreign(path, [("TITLE", "x")], cover=b"\xff\xd8\xff\xe0" + os.urandom(1000) * (size // 1000))
    write_and_undo(path)


@pytest.mark.parametrize("name", ["mp3", "flac", "ogg", "opus", "aac", "wma", "wv", "wav"])
def test_a_thousand_comments_survive_in_their_order(name: str, sample: MakeSample) -> None:
    path = sample(name)
    add_foreign(path, [("comment", f"comment {number}") for number in range(1000)])
    write_and_undo(path)


def test_ogg_pages_are_renumbered_when_the_headers_need_another_page(sample: MakeSample) -> None:
    path = sample("opus")
    add_foreign(path, [("comment", "x" * (65_025 - 300))])
    before = open_with_mutagen(path).info.length
    write_and_undo(path, Wanted(("A genre of some length " * 20,), 0.5, 90))
    apply(path, plan(read(path), Wanted(("y" * 400,))))
    assert open_with_mutagen(path).info.length == before
    assert open_with_mutagen(path)["genre"] == ["y" * 400]


def test_the_pages_of_a_stream_chained_behind_keep_their_numbers(sample: MakeSample) -> None:
    """Also where it has the serial number of the first, as a file joined to itself."""
    path = sample("opus")
    first = read_bytes(path)
    with open(path, "ab") as file:
        file.write(first)
    apply(path, plan(read(path), Wanted(("x" * 70_000,))))  # another page of headers
    assert read_bytes(path).endswith(first)


def test_ogg_with_a_packet_of_audio_on_the_page_of_its_headers_is_written(sample: MakeSample) -> None:
    """As some muxers lay it out: libvorbis would begin a new page."""
    path = sample("ogg")
    move_first_packet_of_audio(path)
    sound = audio_digest(path)
    write_and_undo(path)
    apply(path, plan(read(path), Wanted(("A genre of some length " * 4000,), 0.5, 90)))
    assert open_with_mutagen(path)["bpm"] == ["90"]
    assert audio_digest(path) == sound


def move_first_packet_of_audio(path: str) -> None:
    """From the first page of audio to the end of the page with the comments and the set-up."""
    data = read_bytes(path)
    with open(path, "rb") as file:
        first, headers, audio, *_ = pages_from(ByteSource(file, len(data)), 0)
    n_values = next(i for i, value in enumerate(audio.lacing) if value < 255) + 1
    n_bytes = sum(audio.lacing[:n_values])
    moved = data[audio.body_start : audio.body_start + n_bytes]
    packet_lacing = replace(headers, lacing=headers.lacing + audio.lacing[:n_values])
    pages = [
        data[: first.end],
        page_bytes(packet_lacing, data[headers.body_start : headers.end] + moved),
        page_bytes(
            replace(audio, lacing=audio.lacing[n_values:]), data[audio.body_start + n_bytes : audio.end]
        ),
        data[audio.end :],
    ]
    with open(path, "wb") as file:
        file.write(b"".join(pages))


@pytest.mark.parametrize("name", samples.NAMES)
def test_mutagen_reads_what_was_written(name: str, sample: MakeSample) -> None:
    path = sample(name)
    apply(path, plan(read(path), PREDICTED))
    tags = open_with_mutagen(path).tags
    found = {
        key.casefold(): str(value[0] if isinstance(value, list) else value) for key, value in _items(tags)
    }
    genre = next(found[key] for key in ("tcon", "genre", "\xa9gen", "wm/genre") if key in found)
    tempo = next(found[key] for key in ("tbpm", "bpm", "tmpo", "wm/beatsperminute") if key in found)
    assert (genre, tempo) == ("Drum & Bass", "128")


# FFmpeg reads no ID3 tag in wav and tta; there mutagen, above, is the independent reader.
@pytest.mark.parametrize("name", [name for name in samples.NAMES if name not in ("wav", "tta")])
def test_ffmpeg_reads_the_genre(name: str, sample: MakeSample) -> None:
    path = sample(name)
    apply(path, plan(read(path), PREDICTED))
    tags = tags_by_ffmpeg(path)
    assert "Drum & Bass" in (tags.get("genre"), tags.get("wm/genre"))


@pytest.mark.parametrize("name", [name for name in samples.NAMES if name != "dsf"])
def test_taglib_reads_the_genre(name: str, sample: MakeSample) -> None:
    taglib = pytest.importorskip("taglib", reason="pytaglib is not installed")
    path = sample(name)
    apply(path, plan(read(path), Wanted(("Drum & Bass", "House"), 0.7, 128), Policy(max_genres=2)))
    with taglib.File(path) as file:
        assert file.tags["GENRE"] == ["Drum & Bass", "House"]
        assert file.tags["BPM"] == ["128"]


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["musepack.mpc", "windows-media.wma"])
def test_real_files_of_rare_formats_are_written_and_undone(name: str, tmp_path: object) -> None:
    if not os.path.exists(os.path.join(SHARED, name)):
        pytest.skip("../shared/data/formats is not there")
    path = os.path.join(str(tmp_path), name)
    shutil.copyfile(os.path.join(SHARED, name), path)
    before = read_bytes(path)
    write_and_undo(path)
    assert read_bytes(path) == before


def test_undo_leaves_a_field_that_somebody_changed_and_restores_the_others(sample: MakeSample) -> None:
    path = sample("flac")
    written = apply(path, plan(read(path), PREDICTED))
    file = open_with_mutagen(path)
    file["GENRE"] = ["Their own"]
    file.save()

    restored = restore(path, written.previous)

    assert restored.left == ("genre",)
    assert read(path).genres == ("Their own",)
    assert (read(path).energy, read(path).energy_level, read(path).bpm) == (None, None, None)


def test_undoing_twice_leaves_everything_and_writes_nothing(sample: MakeSample) -> None:
    path = sample("mp3")
    written = apply(path, plan(read(path), PREDICTED))
    restore(path, written.previous)
    before = os.stat(path)
    assert restore(path, written.previous).written is None
    after = os.stat(path)  # of which the date of reading is no change
    assert (after.st_ino, after.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)


def test_undo_spells_values_anew_where_the_id3_version_changed_meanwhile(sample: MakeSample) -> None:
    path = sample("mp3")
    add_foreign(path, [])
    file = open_with_mutagen(path)
    file.tags.setall("TCON", [__import__("mutagen.id3").id3.TCON(encoding=1, text=["Räp"])])
    file.save(v2_version=3)
    written = apply(path, plan(read(path), Wanted(("House",)), Policy("replace")))
    open_with_mutagen(path).save(v2_version=4)
    assert restore(path, written.previous).left == ()
    assert open_with_mutagen(path)["TCON"].text == ["Räp"]
    assert open_with_mutagen(path).tags.version == (2, 4, 0)


def _made(name: str, cache: dict[str, bytes] = {}) -> bytes:  # noqa: B006 - remembers across examples
    if name not in cache:
        cache[name] = samples.make(name)
    return cache[name]


def _items(tags: object) -> list[tuple[str, object]]:
    return list(tags) if isinstance(tags, list) else list(tags.items())  # type: ignore[attr-defined]
