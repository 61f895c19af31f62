"""An energy told where players show it: in front of the owner's comment, and taken back byte for byte."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping

import pytest
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC
from mutagen.id3 import COMM, GRP1, ID3, POPM, TIT1, TIT2
from mutagen.mp4 import MP4

from tagger.tags import Policy, Tags, Wanted, apply, plan, previous_from_json, read, restore
from tagger.types import EnergyPlace
from tests.sounds import tags_by_ffmpeg

from . import samples
from .conftest import MakeSample
from .foreign import open_with_mutagen
from .test_id3 import data_of, frame, with_tag
from .test_id3 import tag as id3_tag
from .test_list_info import entry, put_info

SEVEN, NINE = Wanted(energy=0.65), Wanted(energy=0.85)
ID3_KINDS = ("mp3", "wav", "aiff", "tta", "dsf")
VORBIS_KINDS = ("flac", "ogg", "opus", "oggflac", "speex")
STARS: Mapping[str, str] = {**dict.fromkeys(ID3_KINDS, "196"), "wma": "75"}


def asked(*places: EnergyPlace) -> Policy:
    return Policy("never", energy=False, bpm="never", energy_in=places)


def ours_of(path: str, wanted: Wanted, policy: Policy) -> dict[str, set[str]]:
    """Write, and give what a store would remember to have written."""
    changes = plan(read(path), wanted, policy)
    apply(path, changes)
    return {change.field: {*change.after} - {*change.before} for change in changes}


def comments_by_mutagen(path: str) -> list[str]:
    """Every comment without a description, in whichever kind of tag."""
    found = []
    for key, value in dict(open_with_mutagen(path).tags or {}).items():
        if key.split(":")[0].lower() in ("comm", "comment", "description", "\xa9cmt"):
            found += [
                str(text) for text in (value if isinstance(value, list) else getattr(value, "text", [value]))
            ]
    return found


@pytest.mark.parametrize("name", samples.NAMES)
@pytest.mark.parametrize("place", ["comment", "grouping", "mood", "rating"])
def test_an_energy_is_told_in_every_place_of_every_format_and_taken_back(
    name: str, place: EnergyPlace, sample: MakeSample
) -> None:
    path = sample(name)
    before = data_of(path)
    changes = plan(read(path), SEVEN, asked(place))
    written = apply(path, changes)
    tags = read(path)
    told = {"comment": tags.comments, "grouping": tags.words, "mood": tags.moods, "rating": tags.ratings}
    assert told[place] == ((STARS.get(name, "80"),) if place == "rating" else ("Energy 7",))
    assert plan(tags, SEVEN, asked(place), {change.field: {*change.after} for change in changes}) == ()
    stored = json.loads(json.dumps(written.previous.to_json()))
    assert restore(path, previous_from_json(stored)).but_for == ""
    assert data_of(path) == before


@pytest.mark.parametrize("name", samples.NAMES)
def test_mutagen_reads_the_comment(name: str, sample: MakeSample) -> None:
    path = sample(name)
    apply(path, plan(read(path), SEVEN, asked("comment")))
    assert comments_by_mutagen(path) == ["Energy 7"]


@pytest.mark.parametrize("name", ["mp3", "flac", "ogg", "opus", "aac", "wma", "wv", "ape", "aiff"])
def test_ffmpeg_reads_the_comment(name: str, sample: MakeSample) -> None:
    path = sample(name)
    apply(path, plan(read(path), SEVEN, asked("comment")))
    assert {key.lower(): value for key, value in tags_by_ffmpeg(path).items()}["comment"] == "Energy 7"


@pytest.mark.parametrize("name", ["mp3", "wav", "flac", "ogg", "aac", "wma", "wv"])
def test_what_a_comment_held_stands_behind_the_energy_whose_number_alone_is_exchanged(
    name: str, sample: MakeSample
) -> None:
    path = sample(name)
    words = "Café – a note\nof two lines"
    file = open_with_mutagen(path)
    if file.tags is None:
        file.add_tags()
    if name in ID3_KINDS:
        file.tags.add(COMM(encoding=3, lang="fra", desc="", text=words))
    else:
        file.tags[{"aac": "\xa9cmt", "wma": "Description"}.get(name, "COMMENT")] = words
    file.save()
    ours = ours_of(path, SEVEN, asked("comment"))
    assert comments_by_mutagen(path) == [f"Energy 7 - {words}"]
    first = plan(read(path), NINE, asked("comment"), ours)
    written = apply(path, first)
    assert comments_by_mutagen(path) == [f"Energy 9 - {words}"]
    assert restore(path, written.previous).but_for == ""
    assert comments_by_mutagen(path) == [f"Energy 7 - {words}"]
    assert plan(read(path), SEVEN, asked("comment"), ours) == ()


def test_of_several_comments_of_id3_the_one_without_description_changes_and_keeps_its_language(
    sample: MakeSample,
) -> None:
    path = sample("mp3")
    itunes = frame(3, b"COMM", b"\0engiTunNORM\0 00000A")
    own = frame(3, b"COMM", b"\0deu\0Notiz")
    other = frame(3, b"COMM", b"\0eng\0note")
    before = with_tag(path, id3_tag(3, [itunes, own, other], padding=100))
    written = apply(path, plan(read(path), SEVEN, asked("comment")))
    data = data_of(path)
    assert itunes in data and other in data
    assert frame(3, b"COMM", b"\0deu\0Energy 7 - Notiz") in data
    restore(path, written.previous)
    assert data_of(path) == before


def test_a_comment_under_both_names_of_vorbis_is_told_in_both(sample: MakeSample) -> None:
    path = sample("flac")
    file = FLAC(path)
    file["COMMENT"], file["DESCRIPTION"] = ["one", "more"], "two"
    file.save()
    apply(path, plan(read(path), SEVEN, asked("comment")))
    assert (FLAC(path)["COMMENT"], FLAC(path)["DESCRIPTION"]) == (
        ["Energy 7 - one", "more"],
        ["Energy 7 - two"],
    )


@pytest.mark.parametrize(
    ("held", "ours", "after"),
    [
        ("Energy 7 - set opener", {"Energy 7"}, "Energy 9 - set opener"),  # the owner wrote behind ours
        ("8A - Energy 7", {"Energy 7"}, "8A - Energy 9"),
        ("8A - Energy 5", set(), None),  # Mixed In Key's
        ("Energy 5 - mine", {"Energy 7"}, None),  # the owner's number
        ("mine", {"Energy 7 - mine"}, None),  # the owner has taken it out
        ("Energy 7th heaven", set(), "Energy 9 - Energy 7th heaven"),
        ("", set(), "Energy 9"),
        ("\ufffd", set(), None),  # not to be read
    ],
)
def test_a_comment_that_somebody_has_edited_is_the_owners(
    held: str, ours: set[str], after: str | None
) -> None:
    changes = plan(Tags("flac", comments=(held,)), NINE, asked("comment"), {"comment": ours})
    assert [one.after for one in changes] == ([] if after is None else [(after,)])


def test_a_level_is_ours_too_where_the_fine_energy_beside_it_says_so() -> None:
    """As after a lost database."""
    tags = Tags("flac", energy="0.6500", comments=("Energy 7 - note",))
    (change,) = plan(tags, NINE, asked("comment"))
    assert change.after == ("Energy 9 - note",)


def test_the_owners_word_takes_the_place_of_another_programs_level_but_not_of_stars() -> None:
    said = Wanted(energy=0.85, said=frozenset(("energy",)))
    tags = Tags("mp3", comments=("8A - Energy 5",), ratings=("196",))
    changes = plan(tags, said, asked("comment", "rating"))
    assert [(one.field, one.after) for one in changes] == [("comment", ("8A - Energy 9",))]


def test_undo_leaves_a_comment_that_somebody_has_changed_since(sample: MakeSample) -> None:
    path = sample("mp3")
    written = apply(path, plan(read(path), SEVEN, asked("comment", "mood")))
    tags = ID3(path)
    tags.delall("COMM")
    tags.add(COMM(encoding=0, lang="eng", desc="", text="Energy 7 - my note"))
    tags.save()
    assert restore(path, written.previous).left == ("comment",)
    assert (read(path).comments, read(path).moods) == (("Energy 7 - my note",), ())


def test_in_a_grouping_the_energy_is_a_value_of_its_own_in_front_of_the_others(sample: MakeSample) -> None:
    path = sample("flac")
    file = FLAC(path)
    file["GROUPING"] = ["piano", "choir"]
    file.save()
    ours = ours_of(path, SEVEN, asked("grouping"))
    assert FLAC(path)["GROUPING"] == ["Energy 7", "piano", "choir"]
    apply(path, plan(read(path), NINE, asked("grouping"), ours))
    assert FLAC(path)["GROUPING"] == ["Energy 9", "piano", "choir"]


def test_a_work_of_id3_is_not_hidden_by_a_grouping(sample: MakeSample) -> None:
    path = sample("mp3")
    tags = ID3()
    tags.add(TIT1(encoding=0, text="Piano Concerto"))
    tags.save(path)
    assert plan(read(path), SEVEN, asked("grouping")) == ()
    tags.add(GRP1(encoding=0, text="mine"))
    tags.save(path)
    (change,) = plan(read(path), SEVEN, asked("grouping"))
    assert change.after == ("Energy 7", "mine")


@pytest.mark.parametrize(
    ("level", "stars"), [(1, "1"), (2, "1"), (3, "64"), (5, "128"), (8, "196"), (9, "255"), (10, "255")]
)
def test_two_levels_make_a_star(level: int, stars: str) -> None:
    (change,) = plan(Tags("mp3"), Wanted(energy=level / 10 - 0.01), asked("rating"))
    assert change.after == (stars,)


def test_a_rating_of_somebody_stays_and_one_of_nobody_keeps_its_count(sample: MakeSample) -> None:
    path = sample("mp3")
    tags = ID3()
    tags.add(POPM(email="somebody", rating=64, count=3))
    tags.save(path)
    assert plan(read(path), SEVEN, asked("rating")) == ()
    tags.add(POPM(email="somebody", rating=0, count=3))
    tags.save(path)
    before = data_of(path)
    written = apply(path, plan(read(path), SEVEN, asked("rating")))
    (rating,) = ID3(path).getall("POPM")
    assert (rating.email, rating.rating, rating.count) == ("somebody", 196, 3)
    restore(path, written.previous)
    assert data_of(path) == before


def test_each_kind_of_tag_has_its_own_stars(sample: MakeSample) -> None:
    paths = {name: sample(name) for name in ("mp3", "flac", "aac", "wv", "wma")}
    for path in paths.values():
        apply(path, plan(read(path), SEVEN, asked("rating")))
    (popm,) = ID3(paths["mp3"]).getall("POPM")
    assert (popm.email, popm.rating) == ("Windows Media Player 9 Series", 196)
    assert FLAC(paths["flac"])["RATING"] == ["80"]
    assert MP4(paths["aac"])["rate"] == ["80"]
    assert str(APEv2(paths["wv"])["Rating"]) == "80"
    assert [int(one) for one in open_with_mutagen(paths["wma"])["WM/SharedUserRating"]] == [75]


def test_stars_that_the_owner_has_given_or_taken_away_since_stay() -> None:
    ours = {"rating": {"196"}}
    assert plan(Tags("mp3", ratings=("255",)), SEVEN, asked("rating"), ours) == ()
    assert plan(Tags("mp3"), SEVEN, asked("rating"), ours) == ()
    (change,) = plan(Tags("mp3", ratings=("196",)), NINE, asked("rating"), ours)
    assert (change.before, change.after) == (("196",), ("255",))


def test_a_comment_of_list_info_is_carried_along(sample: MakeSample) -> None:
    """A wav whose names stand in `LIST INFO` alone gets an ID3 tag, in which they stand too."""
    path = sample("wav")
    put_info(path, entry(b"INAM", "Title") + entry(b"ICMT", "my note"))
    before = data_of(path)
    written = apply(path, plan(read(path), SEVEN, asked("comment")))
    assert read(path).comments == ("Energy 7 - my note",)
    restore(path, written.previous)
    assert data_of(path) == before


@pytest.mark.parametrize("name", ["mp3", "flac", "aac", "wv", "wma"])
def test_undo_takes_out_ours_alone_where_another_program_has_been_there(
    name: str, sample: MakeSample
) -> None:
    path = sample(name)
    written = apply(path, plan(read(path), SEVEN, asked("comment")))
    file = open_with_mutagen(path)
    if name == "mp3":
        file.tags.add(TIT2(encoding=3, text="Title"))
    else:
        file.tags[{"aac": "\xa9nam"}.get(name, "Title")] = "Title"
    file.save()
    assert restore(path, written.previous).left == ()
    assert read(path).comments == ()
    assert tags_by_ffmpeg(path)["title"] == "Title"


def compressed(data: bytes) -> bytes:
    """The content of a compressed frame of v2.3: its length, and the stream."""
    return len(data).to_bytes(4, "big") + zlib.compress(data)


@pytest.mark.parametrize(
    ("major", "flags", "held", "text"),
    [
        (2, 0, frame(2, b"COM", b"\0deu\0Notiz"), "Notiz"),
        (3, 0, frame(3, b"COMM", b"\1deu" + b"\xff\xfe\0\0" + "\ufeffNötiz".encode("utf-16-le")), "Nötiz"),
        (3, 0x80, frame(3, b"COMM", b"\0deu\0\xff\xe0\xff"), "ÿàÿ"),
        (4, 0, frame(4, b"COMM", b"\3deu\0" + "Nötiz".encode()), "Nötiz"),
        (4, 0, frame(4, b"COMM", b"\2deu\0\0" + "Nötiz".encode("utf-16-be")), "Nötiz"),
        (4, 0x80, frame(4, b"COMM", b"\0deu\0\xff\0\xe0")[:9] + b"\2" + b"\0deu\0\xff\0\xe0", "ÿà"),
        (
            3,
            0,
            frame(3, b"COMM", compressed(b"\0deu\0Notiz"))[:9] + b"\x80" + compressed(b"\0deu\0Notiz"),
            "Notiz",
        ),
    ],
)
def test_a_comment_is_told_in_every_spelling_of_id3_and_taken_back(
    major: int, flags: int, held: bytes, text: str, sample: MakeSample
) -> None:
    path = sample("mp3")
    frames = [frame(major, b"TT2" if major == 2 else b"TIT2", b"\0Title"), held]
    before = with_tag(path, id3_tag(major, frames, padding=300, flags=flags))
    assert read(path).comments == (text,)
    written = apply(path, plan(read(path), SEVEN, asked("comment")))
    assert read(path).comments == (f"Energy 7 - {text}",)
    (comment,) = ID3(path).getall("COMM")
    assert (comment.lang, comment.desc, str(comment)) == ("deu", "", f"Energy 7 - {text}")
    assert str(ID3(path)["TIT2"]) == "Title"
    restore(path, written.previous)
    assert data_of(path) == before


def test_the_other_texts_of_a_content_description_stay(sample: MakeSample) -> None:
    path = sample("wma")
    file = open_with_mutagen(path)
    file.tags["Title"], file.tags["Author"], file.tags["Copyright"] = "Title", "Ådá", "2026"
    file.save()
    before = data_of(path)
    written = apply(path, plan(read(path), SEVEN, asked("comment", "rating")))
    tags = open_with_mutagen(path).tags
    names = ("Title", "Author", "Copyright", "Description")
    assert [str(tags[name][0]) for name in names] == ["Title", "Ådá", "2026", "Energy 7"]
    restore(path, written.previous)
    assert data_of(path) == before
