"""A field that stands twice in a file: the plan, the edit and undo see the same values."""

from __future__ import annotations

import json

import pytest
from mutagen.apev2 import APEv2
from mutagen.asf import ASF, ASFUnicodeAttribute
from mutagen.flac import FLAC
from mutagen.id3 import ID3, TMOO
from mutagen.mp4 import MP4, MP4FreeForm

from tagger.tags import Change, Policy, Wanted, apply, measure, plan, previous_from_json, read, restore

from .conftest import MakeSample
from .test_id3 import data_of, frame, with_tag
from .test_id3 import tag as id3_tag

PREDICTED = Wanted(("House",), 0.5, 120)


def flac_with(path: str, *comments: tuple[str, str]) -> None:
    file = FLAC(path)
    file.tags.extend(comments)
    file.save()


def write_and_undo(
    path: str, policy: Policy | None = None, wanted: Wanted = PREDICTED
) -> dict[str, tuple[str, ...]]:
    """Plan, measure, write, and take it back byte for byte; gives the values that were written."""
    before, policy = data_of(path), policy or Policy()
    changes = plan(read(path), wanted, policy)
    size = measure(path, changes)
    written = apply(path, changes)
    assert len(data_of(path)) == size
    now = read(path)
    assert all(now.texts(change.field) == change.after for change in changes)
    after = {change.field: change.after for change in changes}
    assert plan(now, wanted, policy, ours={"bpm": after.get("bpm", ())}) == ()
    assert restore(path, previous_from_json(json.loads(json.dumps(written.previous.to_json())))).left == ()
    assert data_of(path) == before
    return after


def test_a_tempo_of_zero_that_stands_twice_in_flac_is_written_once(sample: MakeSample) -> None:
    path = sample("flac")
    flac_with(path, ("BPM", "0"), ("TITLE", "x"), ("BPM", "0"))
    assert write_and_undo(path)["bpm"] == ("120",)


def test_our_energy_that_stands_twice_is_renewed_once(sample: MakeSample) -> None:
    path = sample("flac")
    flac_with(path, ("TAGGER_ENERGY", "0.1000"), ("TAGGER_ENERGY", "0.2000"), ("ENERGYLEVEL", "1"))
    after = write_and_undo(path)
    assert (after["energy"], after["energy_level"]) == (("0.5000",), ("5",))


def test_two_spellings_of_one_name_are_one_field(sample: MakeSample) -> None:
    m4a, ape = sample("aac"), sample("ape")
    file = MP4(m4a)
    for name in ("EnergyLevel", "ENERGYLEVEL", "tagger_energy", "TAGGER_ENERGY"):
        file[f"----:com.apple.iTunes:{name}"] = [MP4FreeForm(b"5" if "L" in name.upper()[6:] else b"0.5000")]
    file.save()
    assert write_and_undo(m4a, wanted=Wanted(energy=0.9))["energy"] == ("0.9000",)
    tags = APEv2()
    tags["BPM"], tags["Bpx"] = "0", "0"
    tags.save(ape)
    replace_in(ape, b"Bpx", b"bpm")
    assert write_and_undo(ape)["bpm"] == ("120",)


def replace_in(path: str, old: bytes, new: bytes) -> None:
    data = data_of(path)
    with open(path, "wb") as file:
        file.write(data.replace(old, new))


def test_several_zeros_in_one_frame_are_no_tempo(sample: MakeSample) -> None:
    path = sample("mp3")
    with_tag(path, id3_tag(4, [frame(4, b"TBPM", b"\x000\0 0"), frame(4, b"TIT2", b"\0a")], 300))
    assert write_and_undo(path)["bpm"] == ("120",)


def test_a_tempo_of_the_owner_behind_a_zero_is_kept(sample: MakeSample) -> None:
    path = sample("flac")
    flac_with(path, ("BPM", "0"), ("BPM", "174"))
    assert read(path).bpm == "174"
    assert "bpm" not in write_and_undo(path)
    assert write_and_undo(path, Policy("never", energy=False, bpm="replace"))["bpm"] == ("120",)


def test_a_level_of_another_program_beside_ours_is_kept(sample: MakeSample) -> None:
    path = sample("flac")
    flac_with(path, ("ENERGYLEVEL", "2"), ("EnergyLevel", "7"), ("TAGGER_ENERGY", "0.2000"))
    assert "energy_level" not in write_and_undo(path)


def test_values_that_are_as_wanted_are_left_however_often_they_stand(sample: MakeSample) -> None:
    path = sample("flac")
    flac_with(path, *[("TAGGER_ENERGY", "0.5000"), ("ENERGYLEVEL", "5"), ("BPM", "120")] * 2)
    assert plan(read(path), Wanted(energy=0.5, bpm=120), ours={"bpm": ("120",)}) == ()


@pytest.mark.parametrize("policy", ["add", "replace"])
def test_wma_with_genres_in_two_lists_gets_what_the_dry_run_promised(policy: str, sample: MakeSample) -> None:
    path = sample("wma")
    file = ASF(path)
    file["WM/Genre"] = [ASFUnicodeAttribute("Rock"), ASFUnicodeAttribute("Jazz")]
    file.save()
    after = write_and_undo(path, Policy(policy))["genre"]  # type: ignore[arg-type]
    assert after == (("Rock", "Jazz", "House") if policy == "add" else ("House",))
    apply(path, plan(read(path), PREDICTED, Policy(policy)))  # type: ignore[arg-type]
    assert tuple(map(str, ASF(path)["WM/Genre"])) == after


def test_what_another_program_has_copied_of_ours_is_taken_back_with_it(sample: MakeSample) -> None:
    """As Picard leaves a mood when it saves ID3v2.3 as v2.4, and beets copies a comment."""
    mp3, flac = sample("mp3"), sample("flac")
    with_tag(mp3, id3_tag(3, [frame(3, b"TIT2", b"\0a")], 300))
    of_mp3 = apply(mp3, (Change("mood", (), ("calm",)),)).previous
    tags = ID3(mp3)
    tags.add(TMOO(encoding=3, text=["calm"]))
    tags.save(mp3)
    of_flac = apply(flac, (Change("comment", (), ("Energy 7",)),)).previous
    flac_with(flac, ("DESCRIPTION", "Energy 7"))
    assert (read(mp3).moods, read(flac).comments) == (("calm", "calm"), ("Energy 7", "Energy 7"))
    assert (restore(mp3, of_mp3).left, restore(flac, of_flac).left) == ((), ())
    assert (read(mp3).moods, read(flac).comments) == ((), ())
    assert ID3(mp3)["TIT2"].text == ["a"]


def test_a_value_beside_ours_that_is_another_one_is_left(sample: MakeSample) -> None:
    path = sample("flac")
    written = apply(path, (Change("mood", (), ("calm",)), Change("rating", (), ("60",)))).previous
    flac_with(path, ("MOOD", "sad"), ("RATING", "60"))
    assert restore(path, written).left == ("mood", "rating")
    assert (read(path).moods, read(path).ratings) == (("calm", "sad"), ("60", "60"))
