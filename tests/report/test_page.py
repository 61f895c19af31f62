"""The page of a report: what it says, that it holds all it needs, and that nothing acts but our script."""

import base64
import hashlib
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tagger.audit import audited
from tagger.errors import TaggerError
from tagger.report import check_output, page
from tagger.report.albums_apart import albums_apart
from tagger.store import Run, SameSound
from tagger.types import Failure, Track
from tests.report.made_up import Read, columns_in, facts_of, page_of, row

HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(2)>\'"&\u202e'


def test_the_numbers_of_the_library_stand_in_the_page() -> None:
    rows = [row(f"/m/{n}.mp3", genre, energy=0.5) for n, genre in enumerate(["Rock", "Rock", "Jazz"])]
    facts = facts_of(rows)
    counts = replace(
        facts.counts, duration_s=7200.0, unsure={"Rock": 1}, energy_levels=(0,) * 4 + (3,) + (0,) * 5
    )
    read = Read(page(replace(facts, counts=counts)).decode())
    assert read.sections[""].startswith("Music in /m heard by standard-9, as of 2026-02-03 04:05")
    assert "3 tracks 2.0 hours" in read.sections[""]
    assert "67% sure of their genre" in read.sections[""]
    assert read.sections["genres-chart"].startswith("Genres Rock 2 Jazz 1")
    assert (
        read.sections["energy-chart"] == "Energy 1 2 3 4 5 6 7 8 9 10 Level 1 is the calmest, 10 the wildest."
    )
    bars = [value for tag, name, value in read.attributes if (tag, name) == ("rect", "height")][4:]
    assert [float(bar or 0) for bar in bars[:10]] == [0, 0, 0, 0, 100, 0, 0, 0, 0, 0]


def test_what_needs_a_look_is_listed_with_links_to_the_files() -> None:
    album = [
        row(f"/m/{name}.mp3", genre, album="Mixed", artist="Ada", title=name, album_id=7)
        for name, genre in zip("abcde", ["Rock", "Rock", "Rock", "Classical", "Classical"], strict=True)
    ]
    doubtful = Track("/m/e.mp3", genre="Jazz", genre_confidence=0.31, second_genre="Rock", title="e")
    wrong = Track("/m/a.mp3", title="a", tag_genres=("Baroque",), genre="Rock")
    text = page_of(
        album,
        audit=audited(
            [(wrong, {"Rock": 0.97, "Classical": 0.02, "Jazz": 0.01})], ["Classical", "Jazz", "Rock"]
        ),
        doubtful=[doubtful],
        n_doubtful=240,
        apart=albums_apart(album, 0.6),
        duplicates=[SameSound("1", 3.0, "Ada", "a", (("/m/a.mp3", 4_000_000), ("/m/b.mp3", 5_000_000)))],
        failures=[Failure("/m/x.mp3", "decode", "not an audio file")],
        runs=[
            Run(
                3,
                "scan",
                "2026-02-03T01:00:00+00:00",
                "2026-02-03T01:00:09+00:00",
                {"found": 6, "failed": 1},
                0,
            )
        ],
        heard_last=[album[0].track],
    )
    said = Read(text).sections
    assert said["contradictions"].endswith("98% Baroque Rock 1 a")
    assert (
        "31% Jazz or Rock? e The first 1 of 240; tagger list --sort confidence lists all." in said["doubtful"]
    )
    assert "Ada – Mixed 3 Rock, 2 Classical" in said["apart"]
    assert "Ada – a a.mp3 4.0 MB b.mp3 5.0 MB" in said["duplicates"]
    assert "second copies take 4.0 MB" in said["duplicates"]
    assert said["failures"] == "Failures file why x.mp3 not an audio file (decode)"
    assert "scan 6 found, 1 failed Heard in the last scan: 1 Ada – a Rock" in said["last-night"]
    assert Read(text).links[:2] == ["file:///m/a.mp3", "file:///m/e.mp3"]


def test_text_from_tags_is_shown_and_not_run() -> None:
    rows = [row(f"/m/{HOSTILE.replace('/', '')}.mp3", title=HOSTILE, artist=HOSTILE, album=HOSTILE)]
    facts = facts_of(
        rows,
        doubtful=[rows[0].track],
        heard_last=[rows[0].track],
        own_words={(HOSTILE, "Jazz"): 1},
        failures=[Failure(rows[0].track.path, "decode", HOSTILE)],
        root=f"/{HOSTILE}",
    )
    plain = Read(page_of([row("/m/a.mp3")], doubtful=[rows[0].track], heard_last=[rows[0].track]))
    text = page(facts).decode()
    read = Read(text)
    assert read.tags.count("script") == plain.tags.count("script") == 2
    assert "img" not in read.tags
    assert not [name for _, name, _ in read.attributes if name.startswith("on")]
    assert HOSTILE.replace("\u202e", "") in read.sections["doubtful"].replace("\u202e", "")
    assert columns_in(text)["title"] == [HOSTILE]


def test_the_page_holds_all_it_needs_and_forbids_the_rest() -> None:
    text = page_of([row("/m/a.mp3")])
    read = Read(text)
    assert not re.findall(r"https?:|//[a-z]+\.|@import|url\(", text)
    loaded = [
        (tag, value) for tag, name, value in read.attributes if name in ("src", "srcset") or tag == "link"
    ]
    assert loaded == [("link", "icon"), ("link", "data:,")]
    (policy,) = [
        value or ""
        for tag, name, value in read.attributes
        if name == "content" and "default-src" in (value or "")
    ]
    assert policy.startswith("default-src 'none'; ")
    for kind, part in (("style", "style"), ("script", "script")):
        (held,) = re.findall(rf"<{part}>(.*?)</{part}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(held.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert not [name for _, name, _ in read.attributes if name == "style"]


def test_undecodable_names_are_told_and_found() -> None:
    name = os.fsdecode(b"/m/caf\xe9 #1.mp3")
    text = page_of([row(name)], doubtful=[Track(name, genre="Jazz", genre_confidence=0.2)])
    read = Read(text)
    assert read.sections["doubtful"].endswith("Jazz? caf� #1")
    assert read.links == ["file:///m/caf%E9%20%231.mp3"]
    assert columns_in(text)["address"] == {"0": "caf%E9%20%231.mp3"}
    assert columns_in(text)["name"] == ["caf\udce9 #1.mp3"]
    assert "\udce9" not in text


def test_files_near_the_page_have_relative_addresses(tmp_path: Path) -> None:
    near, far = tmp_path / "Jazz" / "a b.mp3", "/elsewhere/c.mp3"
    text = page_of([row(os.fspath(near)), row(far)], output=os.fspath(tmp_path / "library.html"))
    assert [address for _, address in columns_in(text)["folders"]] == ["Jazz/", "file:///elsewhere/"]


def test_a_track_that_a_scan_adds_meanwhile_is_linked_all_the_same() -> None:
    doubtful = [Track("/m/new/b c.mp3", genre="Jazz", genre_confidence=0.2)]
    assert Read(page_of([row("/m/a.mp3")], doubtful=doubtful)).links == ["file:///m/new/b%20c.mp3"]


def test_an_empty_library_says_what_to_do() -> None:
    text = page_of([], aspects=frozenset(), genres=(), root="")
    read = Read(text)
    assert read.title == "Music library"
    assert "There are no tracks yet. tagger scan ~/Music hears them" in read.sections[""]
    assert "script" not in read.tags


def test_a_model_that_knows_nothing_but_genres_has_no_empty_charts() -> None:
    text = page_of([row("/m/a.mp3")], aspects=frozenset({"genre"}), words=())
    assert set(Read(text).sections) - {""} == {"map", "genres-chart"}
    assert columns_in(text)["has_energy"] is False


def test_twenty_thousand_tracks_take_little() -> None:
    rows = [
        row(
            f"/music/The Long Names {n // 40}/1990 - An Album of Some Length {n // 10}/{n % 10:02} {n}.flac",
            ("Classical", "Jazz", "Rock")[n % 3],
            title=f"A title that is as long as titles are, number {n * 7919 % 20_011}",
            artist=f"The Long Names {n // 40}",
            album=f"An Album of Some Length {n // 10}",
            energy=n * 7919 % 1009 / 1009,
            bpm=60 + n * 104_729 % 1201 / 10,
            words={"Piano": 0.9} if n % 3 else {},
        )
        for n in range(20_000)
    ]
    text = page_of(rows)
    assert len(text) < 1_500_000  # half of what a hundred thousand may take: 15 MB
    assert len(columns_in(text)["title"]) == 20_000


def test_the_same_facts_make_the_same_page() -> None:
    rows = [row(f"/m/{n}.mp3", words={"Piano": 0.9}) for n in range(20)]
    assert page_of(rows) == page_of(rows)


@pytest.mark.parametrize("name", ["list.m3u8", "song.mp3", "page.html.txt", "library"])
def test_a_report_has_the_name_of_a_page(tmp_path: Path, name: str) -> None:
    with pytest.raises(TaggerError, match=r"give a name in \.html"):
        check_output(os.fspath(tmp_path / name))


def test_no_other_page_is_written_over(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "library.html", tmp_path / "index.html"
    mine.write_text(page_of([row("/m/a.mp3")]), encoding="utf-8")
    theirs.write_text("<!DOCTYPE html><title>How I made my tagger report</title>", encoding="utf-8")
    check_output(os.fspath(mine))
    with pytest.raises(TaggerError, match="no report of tagger"):
        check_output(os.fspath(theirs))
    with pytest.raises(TaggerError, match="its folder does not exist"):
        check_output(os.fspath(tmp_path / "gone" / "library.html"))
