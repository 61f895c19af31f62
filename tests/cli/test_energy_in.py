"""`tagger write-tags --energy-in`: the energy where players show it, on request."""

import json
from pathlib import Path

import pytest

from tagger.model_card import folders
from tagger.tags import read
from tests.cli.conftest import Tagger
from tests.cli.test_write_tags import nothing_written_beneath
from tests.partial_model import make_model
from tests.sounds import make_sound
from tests.tag_runs.library import KINDS, contents, make_files, store_analyses

ALONE = ("--genre", "never", "--no-energy", "--bpm", "never")


@pytest.fixture
def music(tmp_path: Path, db: Path) -> Path:
    """A file of each of `KINDS` of energy 7."""
    store_analyses(db, make_files(tmp_path / "music"), energy=0.65)
    return tmp_path / "music"


@pytest.fixture
def song(tmp_path: Path, db: Path) -> Path:
    """A flac of energy 7 with a comment of the owner's."""
    (tmp_path / "music").mkdir()
    owners = {"comment": "bought in Riga"}
    path = Path(make_sound(tmp_path / "music" / "a.flac", seconds=1.0, metadata=owners))
    store_analyses(db, [str(path)], energy=0.65)
    return path


def comments(folder: Path) -> set[tuple[str, ...]]:
    return {read(str(path)).comments for path in folder.iterdir()}


def test_it_is_told_if_it_is_asked_for_and_taken_back(tagger: Tagger, music: Path) -> None:
    before = contents(music)
    tagger("write-tags", "--yes")
    assert comments(music) == {()}
    result = tagger("write-tags", "--yes", "--energy-in", "comment", "--energy-in", "rating")
    assert comments(music) == {("Energy 7",)}
    assert ["comment", "5"] in [line.split() for line in result.out.splitlines()]
    assert tagger("write-tags", "--yes", "--energy-in", "comment", "--json").json["files_written"] == 0
    for _ in range(2):
        assert tagger("undo", "--yes").code == 0
    assert contents(music) == before


def test_a_dry_run_tells_it(tagger: Tagger, song: Path) -> None:
    with nothing_written_beneath(song.parent):
        told = tagger("write-tags", *ALONE, "--energy-in", "comment", "--dry-run").out
    assert "    comment bought in Riga → Energy 7 - bought in Riga\n" in told


def test_a_new_answer_exchanges_the_number_and_a_removed_one_stays_away(
    tagger: Tagger, song: Path, db: Path
) -> None:
    args = ("write-tags", *ALONE, "--energy-in", "comment", "--yes")
    tagger(*args)
    store_analyses(db, [str(song)], energy=0.95)
    tagger(*args)
    assert read(str(song)).comments == ("Energy 10 - bought in Riga",)
    tagger("undo", "--yes")
    assert read(str(song)).comments == ("Energy 7 - bought in Riga",)
    data = song.read_bytes().replace(b"Energy 7 - bought in Riga", b"a note that is as long as")
    song.write_bytes(data)
    store_analyses(db, [str(song)], energy=0.35)
    tagger(*args)
    assert read(str(song)).comments == ("a note that is as long as",)


def test_undo_leaves_a_comment_that_was_edited_by_hand(tagger: Tagger, song: Path, db: Path) -> None:
    tagger("write-tags", "--energy-in", "comment", "--yes")
    song.write_bytes(song.read_bytes().replace(b"Energy 7 - bought in Riga", b"Energy 7 - bought in Oslo"))
    result = tagger("undo", "--yes")
    assert "comment changed since it was written; left as it is (the rest is restored)" in result.err
    tags = read(str(song))
    assert (tags.comments, tags.energy_level) == (("Energy 7 - bought in Oslo",), None)


@pytest.mark.parametrize(("place", "aspect"), [("mood", "mood"), ("grouping", "words")])
def test_two_wishes_for_one_field_are_refused_in_one_line(
    tagger: Tagger, music: Path, tmp_path: Path, place: str, aspect: str
) -> None:
    reason = f"--energy-in {place} and --write {aspect} want one field of a file; leave out one"
    refused = tagger("write-tags", "--dry-run", "--energy-in", place, "--write", f"{aspect}=replace")
    assert (refused.code, refused.err) == (2, f"tagger: {reason}\n")
    file = tmp_path / "config.toml"
    file.write_text(f'[tags]\nenergy_in = "{place}"\nwrite = "{aspect}"\n')
    refused = tagger("--config", file, "write-tags", "--dry-run")
    assert (refused.code, refused.err) == (2, f"tagger: {file}: [tags] {reason}\n")
    assert tagger("write-tags", "--dry-run", "--energy-in", place, "--write", f"{aspect}=never").code == 0


def test_the_configuration_asks_for_it_once_and_for_all(tagger: Tagger, music: Path, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[tags]\nenergy_in = ["comment"]\n')
    tagger("--config", file, "write-tags", "--yes")
    assert comments(music) == {("Energy 7",)}
    file.write_text('[tags]\nenergy_in = "coment"\n')
    wrong = tagger("--config", file, "write-tags", "--dry-run")
    assert (wrong.code, "comment, grouping, rating, mood" in wrong.err) == (2, True)


def test_a_wrong_place_and_a_model_without_energy_say_so(
    tagger: Tagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = tagger("write-tags", "--dry-run", "--energy-in", "title")
    assert wrong.err == "tagger: --energy-in title: give comment, grouping, rating or mood\n"
    make_model(tmp_path / "models" / "genre-1", "genre")
    monkeypatch.setattr(folders, "models_folder", lambda: str(tmp_path / "models"))
    path = make_sound(tmp_path / "a.flac", seconds=1.0)
    tagger("scan", path, "--model", "genre-1")
    refused = tagger("write-tags", "--dry-run", "--energy-in", "comment", "--model", "genre-1")
    assert (refused.code, "leave out --energy-in" in refused.err) == (2, True)


def test_a_plan_is_saved_edited_and_written(tagger: Tagger, song: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.jsonl"
    tagger("write-tags", *ALONE, "--energy-in", "comment", "--energy-in", "rating", "--save-plan", plan)
    lines = [json.loads(line) for line in plan.read_text().splitlines()]
    assert [(one["field"], one["after"], one["confidence"]) for one in lines] == [
        ("comment", ["Energy 7 - bought in Riga"], None),
        ("rating", ["80"], None),
    ]
    plan.write_text("\n".join(json.dumps({**one, "after": ["100"]}) for one in lines[1:]))
    assert tagger("write-tags", "--plan", plan, "--yes", "--json").json["files_written"] == 1
    tags = read(str(song))
    assert (tags.comments, tags.ratings) == (("bought in Riga",), ("100",))
    plan.write_text(json.dumps({**lines[1], "after": ["five"]}))
    assert "'after' of rating must be a rating" in tagger("write-tags", "--plan", plan, "--yes").err


def test_all_kinds_are_told(tagger: Tagger, music: Path) -> None:
    tagger("write-tags", *ALONE, "--energy-in", "grouping", "--yes")
    assert {read(str(path)).words for path in music.iterdir()} == {("Energy 7",)}
    assert len(contents(music)) == len(KINDS)
