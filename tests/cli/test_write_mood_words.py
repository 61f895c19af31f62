"""`tagger write-tags --write`: mood and words, chosen on the command line or in the configuration."""

import json
from pathlib import Path

import pytest

from tagger import analyse
from tagger.model_card import folders
from tagger.tags import read
from tests.cli.conftest import Tagger
from tests.cli.test_write_tags import nothing_written_beneath
from tests.partial_model import make_model
from tests.sounds import make_sound
from tests.tag_runs.library import KINDS, contents, make_files, store_analyses

WORDS = {"Piano": 0.9, "Female Voice": 0.7, "Drums": 0.4}
ALONE = ("--genre", "never", "--no-energy", "--bpm", "never")


@pytest.fixture
def music(tmp_path: Path, db: Path) -> Path:
    """A file of each of `KINDS`, answered as calm with 0.8, and with two words."""
    store_analyses(db, make_files(tmp_path / "music"), mood=("calm", 0.8), words=WORDS)
    return tmp_path / "music"


def found(folder: Path) -> set[tuple[tuple[str, ...], tuple[str, ...]]]:
    tags = (read(str(path)) for path in folder.iterdir())
    return {(one.moods, one.words) for one in tags}


def test_each_is_written_if_it_is_asked_for_and_taken_back(tagger: Tagger, music: Path) -> None:
    before = contents(music)
    tagger("write-tags", "--yes")
    assert found(music) == {((), ())}
    tagger("write-tags", "--yes", "--write", "words")
    assert found(music) == {((), ("Piano", "Female Voice"))}
    result = tagger("write-tags", "--yes", "--write", "mood", "--write", "words")
    assert found(music) == {(("calm",), ("Piano", "Female Voice"))}
    assert ["mood", "5"] in [line.split() for line in result.out.splitlines()]
    for _ in range(3):
        assert tagger("undo", "--yes").code == 0
    assert contents(music) == before


def test_a_dry_run_tells_both(tagger: Tagger, music: Path) -> None:
    args = ("write-tags", *ALONE, "--write", "words", "--write", "mood", "--dry-run")
    with nothing_written_beneath(music):
        told = tagger(*args).out
        changes = tagger(*args, "--json").json["changes"]
    assert told.count("    mood none → calm, words none → Piano; Female Voice\n") == len(KINDS)
    assert [change.pop("path") for change in changes] == sorted(map(str, music.iterdir()))
    both = {
        "mood": {"before": [], "after": ["calm"]},
        "words": {"before": [], "after": ["Piano", "Female Voice"]},
    }
    assert changes == len(KINDS) * [both]


def test_the_owners_own_are_kept_unless_they_are_to_make_room(
    tagger: Tagger, tmp_path: Path, db: Path
) -> None:
    path = make_sound(tmp_path / "a.flac", seconds=1.0, metadata={"mood": "Wistful", "grouping": "Mine"})
    store_analyses(db, [path], mood=("calm", 0.8), words=WORDS)
    tagger("write-tags", "--yes", "--write", "mood", "--write", "words")
    assert (read(path).moods, read(path).words) == (("Wistful",), ("Mine",))
    tagger("write-tags", "--yes", "--write", "mood=replace", "--write", "words=add")
    assert (read(path).moods, read(path).words) == (("calm",), ("Mine", "Piano", "Female Voice"))
    tagger("write-tags", "--yes", "--write", "words=replace")
    assert read(path).words == ("Piano", "Female Voice")


def test_the_configuration_asks_for_them_once_and_for_all(
    tagger: Tagger, music: Path, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[tags]\nwrite = ["mood", "words"]\n[genres]\nnever = ["piano"]\n')
    shown = tagger("--config", file, "config", "--json").json["values"]["tags.write"]
    assert shown == {"value": ["mood", "words"], "from": str(file)}
    tagger("--config", file, "write-tags", "--yes", "--write", "words=never")
    assert found(music) == {((), ())}
    tagger("--config", file, "write-tags", "--yes")
    assert found(music) == {(("calm",), ("Female Voice",))}


def test_what_can_be_asked_for_is_said(tagger: Tagger, music: Path) -> None:
    wrong = tagger("write-tags", "--dry-run", "--write", "moods")
    assert wrong.code == 2
    assert wrong.err == (
        "tagger: --write moods: give key, key=replace, key=never, mood, mood=replace, mood=never, words, "
        "words=replace, words=add or words=never\n"
    )


def test_a_model_that_knows_neither_says_so(
    tagger: Tagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_model(tmp_path / "models" / "genre-1", "genre")
    monkeypatch.setattr(folders, "models_folder", lambda: str(tmp_path / "models"))
    path = make_sound(tmp_path / "a.flac", seconds=1.0)
    tagger("scan", path, "--model", "genre-1")
    for field in ("mood", "words"):
        refused = tagger("write-tags", "--dry-run", "--write", field, "--model", "genre-1")
        assert refused.code == 2
        assert f"genre-1 predicts no {field}; " in refused.err
        assert refused.err.endswith(f"or leave out --write {field}\n")
    assert tagger("write-tags", "--dry-run", "--write", "mood=never", "--model", "genre-1").code == 0


def test_a_plan_is_saved_edited_and_written(tagger: Tagger, music: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.jsonl"
    tagger("write-tags", *ALONE, "--write", "mood", "--write", "words", "--save-plan", plan)
    lines = [json.loads(line) for line in plan.read_text().splitlines()]
    assert [line["field"] for line in lines] == ["mood", "words"] * len(KINDS)
    kept = [{**line, "after": ["Klavier"]} for line in lines if line["field"] == "words"]
    plan.write_text("\n".join(map(json.dumps, kept)))
    assert tagger("write-tags", "--plan", plan, "--yes", "--json").json["files_written"] == len(KINDS)
    assert found(music) == {((), ("Klavier",))}


def test_what_a_real_scan_has_said_is_written(tagger: Tagger, tmp_path: Path) -> None:
    path = make_sound(tmp_path / "a.flac", seconds=3.0)
    tagger("scan", path)
    tagger("write-tags", "--yes", "--min-confidence", "0", "--write", "mood", "--write", "words")
    answer = analyse(path).prediction
    likely = sorted(
        (name for name, p in answer.words.items() if p >= 0.5), key=lambda name: -answer.words[name]
    )
    assert read(path).moods == (answer.mood,)
    assert len(likely) > 1
    assert read(path).words == tuple(likely[:5])
