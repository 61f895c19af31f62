"""A mood and words in files of every format: on request, each value by itself, and never over the owner's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from mutagen.apev2 import APEv2
from mutagen.asf import ASF, ASFUnicodeAttribute
from mutagen.flac import FLAC
from mutagen.id3 import GRP1, ID3, TIT1, TMOO, TXXX
from mutagen.mp4 import MP4, MP4FreeForm
from mutagen.trueaudio import TrueAudio

from tagger.tags import GenrePolicy, Policy, Tags, Wanted, apply, plan, read, restore
from tests.sounds import tags_by_ffmpeg

from . import samples
from .conftest import MakeSample
from .foreign import open_with_mutagen
from .test_id3 import data_of, frame, raw_frames, with_tag
from .test_id3 import tag as id3_tag

PREDICTED = Wanted(mood="calm", words=("piano", "drum & bass", "Chœur"))
ASKED = Policy("never", energy=False, bpm="never", mood="missing", words="missing")
REPLACE = Policy("never", energy=False, bpm="never", mood="replace", words="replace")
ID3_KEYS = ("TMOO", "TXXX:mood"), ("GRP1",)
VORBIS_KEYS = ("MOOD",), ("GROUPING",)
APE_KEYS = ("Mood",), ("Grouping",)
KEYS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    **dict.fromkeys(("mp3", "wav", "aiff", "tta", "dsf"), ID3_KEYS),
    **dict.fromkeys(("flac", "ogg", "opus", "oggflac", "speex"), VORBIS_KEYS),
    **dict.fromkeys(("ape", "wv", "mpc"), APE_KEYS),
    **dict.fromkeys(("aac", "alac", "faststart"), (("----:com.apple.iTunes:MOOD",), ("\xa9grp",))),
    "wma": (("WM/Mood",), ("WM/ContentGroupDescription",)),
}


def by_mutagen(path: str, keys: tuple[str, ...]) -> list[str]:
    """The values of the first of some tags that mutagen finds."""
    tags = open_with_mutagen(path).tags
    value = next(tags[key] for key in keys if key in tags)
    return [one.decode() if isinstance(one, bytes) else str(one) for one in getattr(value, "text", value)]


def write_and_undo(path: str, wanted: Wanted, policy: Policy = ASKED) -> dict[str, tuple[str, ...]]:
    """Write and take back, byte for byte; gives what was written."""
    before = data_of(path)
    changes = plan(read(path), wanted, policy)
    written = apply(path, changes)
    after = {change.field: change.after for change in changes}
    assert {field: read(path).texts(field) for field in after} == after
    ours = {change.field: {*change.after} - {*change.before} for change in changes}
    assert plan(read(path), wanted, policy, ours) == ()
    assert restore(path, written.previous).but_for == ""
    assert data_of(path) == before
    return after


@pytest.mark.parametrize("name", samples.NAMES)
def test_mutagen_reads_the_mood_and_each_word_by_itself(name: str, sample: MakeSample) -> None:
    path = sample(name)
    assert write_and_undo(path, PREDICTED) == {"mood": ("calm",), "words": PREDICTED.words}
    apply(path, plan(read(path), PREDICTED, ASKED))
    mood, words = KEYS[name]
    assert by_mutagen(path, mood) == ["calm"]
    assert by_mutagen(path, words) == ["piano", "drum & bass", "Chœur"]
    assert (read(path).moods, read(path).words) == (("calm",), PREDICTED.words)


@pytest.mark.parametrize(
    ("name", "mood", "words"),
    [
        ("mp3", "tmoo", None),
        ("aiff", "mood", None),
        ("flac", "mood", "grouping"),
        ("opus", "mood", "grouping"),
        ("aac", "mood", "grouping"),
        ("wv", "mood", "grouping"),
        ("wma", "wm/mood", "wm/contentgroupdescription"),
    ],
)
def test_ffmpeg_reads_both_but_for_the_words_of_id3(
    name: str, mood: str, words: str | None, sample: MakeSample
) -> None:
    path = sample(name)
    apply(path, plan(read(path), PREDICTED, ASKED))
    told = {key.lower(): value for key, value in tags_by_ffmpeg(path).items()}
    assert told[mood] == "calm"
    shown = [word for word in PREDICTED.words if word in (told[words] if words else str(told))]
    assert bool(shown) == (words is not None)


@pytest.mark.parametrize("name", [name for name in samples.NAMES if name != "dsf"])
def test_taglib_reads_both(name: str, sample: MakeSample) -> None:
    taglib = pytest.importorskip("taglib", reason="pytaglib is not installed")
    path = sample(name)
    apply(path, plan(read(path), PREDICTED, ASKED))
    with taglib.File(path) as file:
        assert file.tags["MOOD"] == ["calm"]
        assert file.tags["WORK" if name == "wma" else "GROUPING"] == list(PREDICTED.words)


def test_neither_is_written_unless_it_is_asked_for() -> None:
    assert plan(Tags("mp3"), PREDICTED, Policy()) == ()
    assert [one.field for one in plan(Tags("mp3"), PREDICTED, Policy(mood="missing"))] == ["mood"]
    assert [one.field for one in plan(Tags("mp3"), PREDICTED, Policy(words="missing"))] == ["words"]


# ID3


@pytest.mark.parametrize(("major", "mood"), [(2, b"TXX"), (3, b"TXXX"), (4, b"TMOO")])
def test_the_mood_has_a_frame_of_its_own_in_v24_alone(major: int, mood: bytes, sample: MakeSample) -> None:
    path = sample("mp3")
    title = frame(major, b"TT2" if major == 2 else b"TIT2", b"\0Title")
    with_tag(path, id3_tag(major, [title], 500))
    write_and_undo(path, PREDICTED)

    apply(path, plan(read(path), PREDICTED, ASKED))

    assert data_of(path)[3] == major
    assert raw_frames(path) == [title]
    name = b"" if major == 4 else b"mood\0"
    assert frame(major, mood, b"\0" + name + b"calm") in data_of(path)
    text = "piano\0drum & bass\0Chœur"
    utf16 = b"\0\0".join(b"\xff\xfe" + word.encode("utf-16-le") for word in text.split("\0"))
    words = b"\x03" + text.encode() if major == 4 else b"\x01" + utf16
    assert frame(major, b"GP1" if major == 2 else b"GRP1", words) in data_of(path)


@pytest.mark.parametrize("major", [3, 4])
@pytest.mark.parametrize(
    "frames",
    [
        [(b"TMOO", b"\0Happy"), (b"GRP1", b"\0Mine")],
        [(b"TXXX", b"\0MOOD\0Happy"), (b"TXXX", b"\0Grouping\0Mine")],
        [(b"TXXX", b"\0mood\0Happy"), (b"GP1\0", b"\0Mine")],
    ],
)
def test_both_are_known_under_the_names_of_other_programs(
    frames: list[tuple[bytes, bytes]], major: int, sample: MakeSample
) -> None:
    path = sample("mp3")
    with_tag(path, id3_tag(major, [frame(major, *one) for one in frames], 300))
    assert (read(path).moods, read(path).words) == (("Happy",), ("Mine",))
    assert plan(read(path), PREDICTED, ASKED) == ()
    assert write_and_undo(path, PREDICTED, REPLACE) == {"mood": ("calm",), "words": PREDICTED.words}


@pytest.mark.parametrize("major", [2, 3, 4])
def test_a_content_group_counts_as_a_grouping_and_stays(major: int, sample: MakeSample) -> None:
    """Mixxx, beets and FFmpeg read it as one, unless a GRP1 is there; in iTunes it is the work."""
    path = sample("mp3")
    group = frame(major, b"TT1" if major == 2 else b"TIT1", b"\0Suite no. 3")
    with_tag(path, id3_tag(major, [group], 300))
    assert read(path).content_group == ("Suite no. 3",)
    assert [one.field for one in plan(read(path), PREDICTED, ASKED)] == ["mood"]
    for policy in (REPLACE, Policy(words="add", genre="never", energy=False)):
        assert write_and_undo(path, PREDICTED, policy)["words"] == PREDICTED.words
        written = apply(path, plan(read(path), PREDICTED, policy))
        assert raw_frames(path) == [group]
        restore(path, written.previous)


def test_words_of_an_ape_tag_that_are_carried_into_a_tta_are_the_owners(sample: MakeSample) -> None:
    path = sample("tta")
    tags = APEv2()
    tags["Title"], tags["Mood"], tags["Grouping"] = "Song", "Wistful", ["Mine", "Ours"]
    tags.save(path)
    assert (read(path).moods, read(path).words) == (("Wistful",), ("Mine", "Ours"))
    assert plan(read(path), PREDICTED, ASKED) == ()
    apply(path, plan(read(path), Wanted(("House",))))
    assert TrueAudio(path).tags["TXXX:mood"].text == ["Wistful"]
    assert TrueAudio(path).tags["GRP1"].text == ["Mine", "Ours"]


# The owner's


def id3(path: str, mood: str, words: list[str]) -> None:
    tags = ID3()
    tags.add(TMOO(encoding=3, text=[mood]))
    tags.add(GRP1(encoding=3, text=words))
    tags.save(path, v2_version=4)


def flac(path: str, mood: str, words: list[str]) -> None:
    file = FLAC(path)
    file["mood"], file["Grouping"] = [mood], words
    file.save()


def m4a(path: str, mood: str, words: list[str]) -> None:
    file = MP4(path)
    file["----:com.apple.iTunes:Mood"] = [MP4FreeForm(mood.encode())]
    file["\xa9grp"] = words
    file.save()


def wma(path: str, mood: str, words: list[str]) -> None:
    file = ASF(path)
    file["WM/Mood"] = [ASFUnicodeAttribute(mood)]
    file["WM/ContentGroupDescription"] = [ASFUnicodeAttribute(word) for word in words]
    file.save()


def ape(path: str, mood: str, words: list[str]) -> None:
    tags = APEv2()
    tags["Mood"], tags["Grouping"] = mood, words
    tags.save(path)


@pytest.mark.parametrize(
    ("name", "put"), [("mp3", id3), ("flac", flac), ("aac", m4a), ("wma", wma), ("ape", ape), ("wv", ape)]
)
def test_what_the_owner_wrote_is_kept_unless_it_is_to_be_replaced(
    name: str, put: Callable[[str, str, list[str]], None], sample: MakeSample
) -> None:
    path = sample(name)
    put(path, "Wistful", ["Mine", "Piano"])
    assert (read(path).moods, read(path).words) == (("Wistful",), ("Mine", "Piano"))
    assert plan(read(path), PREDICTED, ASKED) == ()
    assert write_and_undo(path, PREDICTED, REPLACE) == {"mood": ("calm",), "words": PREDICTED.words}
    added = write_and_undo(path, PREDICTED, Policy("never", energy=False, bpm="never", words="add"))
    assert added == {"words": ("Mine", "Piano", "drum & bass", "Chœur")}


def words_after(
    present: tuple[str, ...], wanted: tuple[str, ...], policy: GenrePolicy, ours: tuple[str, ...] = ()
) -> tuple[str, ...] | None:
    tags = Tags("flac", words=present)
    changes = plan(tags, Wanted(words=wanted), Policy(words=policy), {"words": ours})
    return changes[0].after if changes else None


@pytest.mark.parametrize(
    ("present", "wanted", "policy", "ours", "after"),
    [
        ((), ("piano", "choir"), "missing", (), ("piano", "choir")),
        (("", " "), ("piano",), "missing", (), ("piano",)),
        (("Mine",), ("piano",), "missing", (), None),
        (("choir",), ("piano",), "missing", ("choir",), ("piano",)),
        (("Mine", "choir"), ("piano",), "missing", ("choir",), None),
        (("Mine", "choir"), ("piano",), "add", ("choir",), ("Mine", "piano")),
        (("Mine", "choir"), ("choir", "piano"), "add", (), ("Mine", "choir", "piano")),
        (("\ufffd",), ("piano",), "add", (), None),
        (("Mine",), ("piano",), "replace", (), ("piano",)),
        (("choir", "piano"), ("piano", "choir"), "missing", ("choir", "piano"), None),
        (("Choir",), ("choir",), "replace", (), None),
        (("Mine",), (), "replace", (), None),
        ((), ("a/b; c", "piano"), "missing", (), ("a & b & c", "piano")),
        ((), ("piano", "PIANO"), "missing", (), ("piano",)),
    ],
)
def test_words_are_written_as_the_policy_says(
    present: tuple[str, ...],
    wanted: tuple[str, ...],
    policy: GenrePolicy,
    ours: tuple[str, ...],
    after: tuple[str, ...] | None,
) -> None:
    assert words_after(present, wanted, policy, ours) == after


@pytest.mark.parametrize(
    ("present", "policy", "ours", "is_written"),
    [
        ((), "missing", (), True),
        (("",), "missing", (), True),
        (("happy",), "missing", (), False),
        (("happy",), "missing", ("happy",), True),
        (("happy", "Wistful"), "missing", ("happy",), False),
        (("happy",), "replace", (), True),
        (("Calm",), "replace", (), False),
        ((), "never", (), False),
    ],
)
def test_a_mood_is_written_as_the_policy_says(
    present: tuple[str, ...], policy: Any, ours: tuple[str, ...], is_written: bool
) -> None:
    changes = plan(Tags("flac", moods=present), Wanted(mood="calm"), Policy(mood=policy), {"mood": ours})
    assert [(one.before, one.after) for one in changes] == [(present, ("calm",))] * is_written


def test_undo_leaves_words_that_somebody_has_changed_since(sample: MakeSample) -> None:
    path = sample("flac")
    written = apply(path, plan(read(path), PREDICTED, ASKED))
    file = FLAC(path)
    file["GROUPING"] = [*file["GROUPING"], "Mine"]
    file.save()
    assert restore(path, written.previous).left == ("words",)
    assert (read(path).moods, read(path).words) == ((), (*PREDICTED.words, "Mine"))


def test_undo_spells_both_anew_where_the_id3_version_changed_meanwhile(sample: MakeSample) -> None:
    path = sample("mp3")
    tags = ID3()
    tags.add(TXXX(encoding=1, desc="mood", text=["Trübsinnig"]))
    tags.add(TIT1(encoding=3, text=["Work"]))
    tags.save(path, v2_version=3)
    written = apply(path, plan(read(path), PREDICTED, REPLACE))
    ID3(path).save(path, v2_version=4)
    assert restore(path, written.previous).left == ()
    assert ID3(path)["TMOO"].text == ["Trübsinnig"]
    assert "GRP1" not in ID3(path)
    assert ID3(path)["TIT1"].text == ["Work"]
