"""A musical key in files of every format: on request, over no key of the owner's, in whatever notation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from mutagen.apev2 import APEv2
from mutagen.asf import ASF, ASFUnicodeAttribute
from mutagen.flac import FLAC
from mutagen.id3 import ID3, TKEY, TXXX
from mutagen.mp4 import MP4, MP4FreeForm
from mutagen.oggopus import OggOpus
from mutagen.trueaudio import TrueAudio

from tagger.musical_key import KEYS
from tagger.tags import Policy, Tags, Wanted, apply, plan, read, restore
from tests.sounds import tags_by_ffmpeg

from . import samples
from .conftest import MakeSample
from .foreign import open_with_mutagen
from .test_id3 import data_of, frame, raw_frames, with_tag
from .test_id3 import tag as id3_tag
from .test_mood_words import by_mutagen, write_and_undo

PREDICTED = Wanted(key="F#m")
ASKED = Policy("never", energy=False, bpm="never", key="missing")
REPLACE = Policy("never", energy=False, bpm="never", key="replace")
NAMES: Mapping[str, str] = {
    **dict.fromkeys(("mp3", "wav", "aiff", "tta", "dsf"), "TKEY"),
    **dict.fromkeys(("flac", "ogg", "opus", "oggflac", "speex"), "INITIALKEY"),
    **dict.fromkeys(("ape", "wv", "mpc"), "INITIALKEY"),
    **dict.fromkeys(("aac", "alac", "faststart"), "----:com.apple.iTunes:initialkey"),
    "wma": "WM/InitialKey",
}
IN_OTHER_NOTATIONS = ("F#m", "Gbm", "11A", "4m", "f sharp minor", "F♯ min")


@pytest.mark.parametrize("name", samples.NAMES)
def test_it_is_written_once_and_taken_back_byte_for_byte(name: str, sample: MakeSample) -> None:
    path = sample(name)
    assert write_and_undo(path, PREDICTED, ASKED) == {"key": ("F#m",)}
    apply(path, plan(read(path), PREDICTED, ASKED))
    assert by_mutagen(path, (NAMES[name],)) == ["F#m"]
    assert (read(path).keys, plan(read(path), PREDICTED, ASKED)) == (("F#m",), ())


@pytest.mark.parametrize(
    ("name", "shown_as"),
    [
        ("mp3", "tkey"),
        ("aiff", "tkey"),
        ("flac", "initialkey"),
        ("ogg", "initialkey"),
        ("opus", "initialkey"),
        ("aac", "initialkey"),
        ("wv", "initialkey"),
        ("wma", "wm/initialkey"),
    ],
)
def test_ffmpeg_shows_it_under_its_name(name: str, shown_as: str, sample: MakeSample) -> None:
    path = sample(name)
    apply(path, plan(read(path), PREDICTED, ASKED))
    assert {key.lower(): value for key, value in tags_by_ffmpeg(path).items()}[shown_as] == "F#m"


@pytest.mark.parametrize("name", [name for name in samples.NAMES if name != "dsf"])
def test_taglib_reads_it_as_the_initial_key(name: str, sample: MakeSample) -> None:
    taglib = pytest.importorskip("taglib", reason="pytaglib is not installed")
    path = sample(name)
    apply(path, plan(read(path), PREDICTED, ASKED))
    with taglib.File(path) as file:
        found = {key.upper().rpartition(":")[2]: values for key, values in file.tags.items()}
    assert found["INITIALKEY"] == ["F#m"]


def test_none_is_written_unless_it_is_asked_for() -> None:
    assert plan(Tags("mp3"), PREDICTED, Policy()) == ()
    assert [one.field for one in plan(Tags("mp3"), PREDICTED, Policy(key="missing"))] == ["key"]


def test_every_key_fits_into_the_three_characters_of_id3() -> None:
    assert max(map(len, KEYS)) == 3


@pytest.mark.parametrize(("major", "name"), [(2, b"TKE"), (3, b"TKEY"), (4, b"TKEY")])
def test_it_has_a_frame_in_every_version_of_id3(major: int, name: bytes, sample: MakeSample) -> None:
    path = sample("mp3")
    title = frame(major, b"TT2" if major == 2 else b"TIT2", b"\0Title")
    with_tag(path, id3_tag(major, [title], 500))
    write_and_undo(path, PREDICTED, ASKED)

    apply(path, plan(read(path), PREDICTED, ASKED))

    assert data_of(path)[3] == major
    assert frame(major, name, b"\0F#m") in data_of(path)
    assert title in data_of(path)


# The owner's


def id3(path: str, key: str) -> None:
    tags = ID3()
    tags.add(TKEY(encoding=3, text=[key]))
    tags.save(path)


def vorbis_comment(name: str, kind: Any = FLAC) -> Callable[[str, str], None]:
    def put(path: str, key: str) -> None:
        file = kind(path)
        file[name] = [key]
        file.save()

    return put


def m4a(name: str) -> Callable[[str, str], None]:
    def put(path: str, key: str) -> None:
        file = MP4(path)
        file[f"----:com.apple.iTunes:{name}"] = [MP4FreeForm(key.encode())]
        file.save()

    return put


def wma(name: str) -> Callable[[str, str], None]:
    def put(path: str, key: str) -> None:
        file = ASF(path)
        file[name] = [ASFUnicodeAttribute(key)]
        file.save()

    return put


def ape(name: str) -> Callable[[str, str], None]:
    def put(path: str, key: str) -> None:
        tags = APEv2()
        tags[name] = key
        tags.save(path)

    return put


def user_text(name: str) -> Callable[[str, str], None]:
    def put(path: str, key: str) -> None:
        tags = ID3()
        tags.add(TXXX(encoding=3, desc=name, text=[key]))
        tags.save(path)

    return put


SPELLINGS = [
    ("mp3", id3, "TKEY"),
    ("mp3", user_text("INITIALKEY"), "TKEY"),
    ("mp3", user_text("Key"), "TKEY"),
    ("flac", vorbis_comment("initialkey"), "INITIALKEY"),
    ("flac", vorbis_comment("KEY"), "KEY"),
    ("opus", vorbis_comment("Key", OggOpus), "KEY"),
    ("flac", vorbis_comment("initial_key"), "INITIALKEY"),
    ("aac", m4a("initialkey"), "----:com.apple.iTunes:initialkey"),
    ("aac", m4a("KEY"), "----:com.apple.iTunes:initialkey"),
    ("wma", wma("WM/InitialKey"), "WM/InitialKey"),
    ("wma", wma("INITIALKEY"), "WM/InitialKey"),
    ("ape", ape("InitialKey"), "InitialKey"),
    ("wv", ape("Key"), "Key"),
    ("ape", ape("Initial Key"), "INITIALKEY"),
    ("mpc", ape("KEY"), "KEY"),
]


@pytest.mark.parametrize(("name", "put", "after"), SPELLINGS)
def test_one_under_any_name_is_kept_unless_it_is_to_be_replaced(
    name: str, put: Callable[[str, str], None], after: str, sample: MakeSample
) -> None:
    path = sample(name)
    put(path, "8B")
    assert read(path).keys == ("8B",)
    assert plan(read(path), PREDICTED, ASKED) == ()
    assert write_and_undo(path, PREDICTED, REPLACE) == {"key": ("F#m",)}
    apply(path, plan(read(path), PREDICTED, REPLACE))
    assert by_mutagen(path, (after,)) == ["F#m"]
    assert len([tag for tag in open_with_mutagen(path).tags if "key" in str(tag).lower()]) == 1


@pytest.mark.parametrize("said", IN_OTHER_NOTATIONS)
@pytest.mark.parametrize(("name", "put", "after"), SPELLINGS[::4])
def test_the_same_key_in_another_notation_is_not_touched(
    name: str, put: Callable[[str, str], None], after: str, said: str, sample: MakeSample
) -> None:
    path = sample(name)
    put(path, said)
    before = data_of(path)
    for policy in (ASKED, REPLACE):
        assert plan(read(path), PREDICTED, policy) == ()
    assert data_of(path) == before


def test_what_mixed_in_key_keeps_under_the_name_of_a_key_is_nobodys_key(sample: MakeSample) -> None:
    """It is JSON in base64, without which Mixed In Key cannot read the file any more."""
    path = sample("flac")
    its_own = "eyJrZXkiOiIxQSIsInNvdXJjZSI6Im1peGVkaW5rZXkiLCJhbGdvcml0aG0iOjk0fQ=="
    vorbis_comment("KEY")(path, its_own)
    assert read(path).keys == ()
    assert write_and_undo(path, PREDICTED, REPLACE) == {"key": ("F#m",)}
    apply(path, plan(read(path), PREDICTED, REPLACE))
    assert (FLAC(path)["KEY"], FLAC(path)["INITIALKEY"]) == ([its_own], ["F#m"])


def test_two_names_of_a_key_become_one(sample: MakeSample) -> None:
    path = sample("flac")
    file = FLAC(path)
    file["KEY"], file["INITIALKEY"] = ["C"], ["8B"]
    file.save()
    assert read(path).keys == ("C", "8B")
    assert plan(read(path), Wanted(key="C"), REPLACE) == ()
    write_and_undo(path, PREDICTED, REPLACE)
    apply(path, plan(read(path), PREDICTED, REPLACE))
    assert ("KEY" in FLAC(path), FLAC(path)["INITIALKEY"]) == (False, ["F#m"])


@pytest.mark.parametrize(
    ("present", "policy", "ours", "is_written"),
    [
        ((), "missing", (), True),
        ((" ",), "missing", (), True),
        (("8B",), "missing", (), False),
        (("o",), "missing", (), False),
        (("C",), "missing", ("C",), True),
        (("C", "G"), "missing", ("C",), False),
        (("F#m", "11A"), "replace", (), False),
        (("F#m", "C"), "replace", (), True),
        (("o",), "replace", (), True),
        ((), "never", (), False),
        (("C",), "never", ("C",), False),
    ],
)
def test_a_key_is_written_as_the_policy_says(
    present: tuple[str, ...], policy: Any, ours: tuple[str, ...], is_written: bool
) -> None:
    changes = plan(Tags("flac", keys=present), PREDICTED, Policy(key=policy), {"key": ours})
    assert [(one.before, one.after) for one in changes] == [(present, ("F#m",))] * is_written


def test_undo_leaves_a_key_that_somebody_has_changed_since(sample: MakeSample) -> None:
    path = sample("flac")
    written = apply(path, plan(read(path), PREDICTED, ASKED))
    vorbis_comment("INITIALKEY")(path, "2A")
    assert restore(path, written.previous).left == ("key",)
    assert read(path).keys == ("2A",)


def test_undo_spells_it_anew_where_the_id3_version_changed_meanwhile(sample: MakeSample) -> None:
    path = sample("mp3")
    with_tag(path, id3_tag(2, [frame(2, b"TKE", b"\0" + b"8B")], 300))
    written = apply(path, plan(read(path), PREDICTED, REPLACE))
    ID3(path).save(path, v2_version=4)
    assert restore(path, written.previous).left == ()
    assert ID3(path)["TKEY"].text == ["8B"]


@pytest.mark.parametrize("name", ["InitialKey", "KEY"])
def test_one_of_an_ape_tag_that_is_carried_into_a_tta_is_the_owners(name: str, sample: MakeSample) -> None:
    path = sample("tta")
    ape(name)(path, "8B")
    assert read(path).keys == ("8B",)
    assert plan(read(path), PREDICTED, ASKED) == ()
    assert write_and_undo(path, PREDICTED, REPLACE) == {"key": ("F#m",)}
    apply(path, plan(read(path), Wanted(("House",))))
    assert TrueAudio(path).tags["TKEY"].text == ["8B"]


def test_a_second_frame_of_old_itunes_is_a_key_too(sample: MakeSample) -> None:
    path = sample("mp3")
    with_tag(path, id3_tag(3, [frame(3, b"TKE\0", b"\0" + b"8B")], 300))
    assert read(path).keys == ("8B",)
    write_and_undo(path, PREDICTED, REPLACE)
    apply(path, plan(read(path), PREDICTED, REPLACE))
    assert raw_frames(path) == []
    assert read(path).keys == ("F#m",)
