"""Tempos as DJs count them: folded into a range, with a decimal, and found by their half and double."""

import json
from pathlib import Path

import pytest

from tagger.tags import read
from tests.cli.conftest import Tagger
from tests.tag_runs.library import make_files, store_analyses

KINDS = ("mp3", "flac", "aac", "wma", "wv")


@pytest.fixture
def music(tmp_path: Path, db: Path) -> Path:
    """A file of each of `KINDS` at 86.8 BPM."""
    store_analyses(db, make_files(tmp_path / "music", KINDS), tempo=(86.8, 0.9))
    return tmp_path / "music"


def tempos(folder: Path) -> dict[str, str | None]:
    return {path.suffix[1:]: read(str(path)).bpm for path in folder.iterdir()}


def test_a_tempo_is_folded_into_the_range_and_what_was_written_before_makes_room(
    tagger: Tagger, music: Path
) -> None:
    tagger("write-tags", "--yes")
    assert {*tempos(music).values()} == {"87"}
    assert tagger("write-tags", "--yes", "--bpm-range", "120-240", "--json").json["files_written"] == 5
    assert {*tempos(music).values()} == {"174"}
    tagger("write-tags", "--yes", "--bpm-range", "85-175")
    assert {*tempos(music).values()} == {"87"}


def test_the_owners_tempo_is_not_folded(tagger: Tagger, music: Path) -> None:
    tagger("set", music, "--bpm", "88")
    tagger("write-tags", "--yes", "--bpm-range", "120-240")
    assert {*tempos(music).values()} == {"88"}


def test_a_tempo_has_a_decimal_where_the_kind_of_tag_allows_it_if_that_is_asked_for(
    tagger: Tagger, music: Path
) -> None:
    tagger("write-tags", "--yes", "--bpm-decimal", "allowed")
    assert tempos(music) == {"mp3": "87", "flac": "86.8", "m4a": "87", "wma": "86.8", "wv": "86.8"}
    tagger("write-tags", "--yes", "--bpm-decimal", "id3", "--bpm-range", "120-240")
    assert tempos(music) == {"mp3": "173.6", "flac": "173.6", "m4a": "174", "wma": "173.6", "wv": "173.6"}
    assert tagger("undo", "--yes").code == 0
    assert tempos(music)["mp3"] == "87"


def test_a_plan_with_a_decimal_for_an_m4a_is_refused_by_name(
    tagger: Tagger, music: Path, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.jsonl"
    tagger("write-tags", "--save-plan", plan)
    lines = [json.loads(line) for line in plan.read_text().splitlines()]
    kept = [{**one, "after": ["86.8"]} for one in lines if one["field"] == "bpm"]
    plan.write_text("\n".join(map(json.dumps, kept)))
    result = tagger("write-tags", "--plan", plan, "--yes")
    assert result.err.count("does not hold the new tags") == 1
    assert tempos(music) == {"mp3": "86.8", "flac": "86.8", "m4a": None, "wma": "86.8", "wv": "86.8"}


def test_the_configuration_says_it_once_for_tags_and_for_playlists(
    tagger: Tagger, music: Path, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[tags]\nbpm_range = "120-240"\nbpm_decimal = "allowed"\n')
    tagger("--config", file, "write-tags", "--yes")
    assert tempos(music)["flac"] == "173.6"
    told = tagger("--config", file, "playlist", "--format", "json").json
    assert {track["bpm"] for track in told} == {173.6}
    told = tagger("--config", file, "playlist", "--format", "json", "--bpm-range", "60-125").json
    assert {track["bpm"] for track in told} == {86.8}
    nsp = tagger("--config", file, "playlist", "--format", "nsp")
    assert (nsp.code, "tagger_energy" in nsp.out) == (0, True)


def test_a_collection_has_the_folded_tempo(tagger: Tagger, music: Path, tmp_path: Path) -> None:
    assert 'AverageBpm="173.60"' in tagger("playlist", "--format", "rekordbox", "--bpm-range", "120-240").out
    file = tmp_path / "lists.toml"
    file.write_text('[Fast]\nbpm_range = "120-240"\noutput = ["fast.nml", "fast.csv"]\n')
    assert tagger("playlists", "apply", file).code == 0
    assert 'BPM="173.600000"' in (tmp_path / "fast.nml").read_text()
    assert "173.6" in (tmp_path / "fast.csv").read_text()


@pytest.mark.parametrize("text", ["fast", "120", "120-130", "175-85", "1-999"])
@pytest.mark.parametrize("command", [("write-tags", "--dry-run"), ("playlist",)])
def test_what_is_no_range_of_an_octave_is_refused(
    tagger: Tagger, music: Path, command: tuple[str, ...], text: str
) -> None:
    refused = tagger(*command, "--bpm-range", text)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert refused.err.startswith(f"tagger: --bpm-range {text}: ")


def test_half_and_double_tempos_are_found_if_that_is_asked_for(tagger: Tagger, music: Path) -> None:
    def found(*args: str) -> int:
        return len(tagger("list", *args, "--json").json)

    assert [found("--bpm", bpm) for bpm in ("87", "174", "43", "100")] == [5, 0, 0, 0]
    assert [found("--bpm", bpm, "--bpm-octaves") for bpm in ("87", "174", "43", "100")] == [5, 5, 5, 0]
    assert found("--bpm", "170-180", "--bpm-octaves", "--genre", "rock") == 5
    refused = tagger("list", "--bpm-octaves")
    assert refused.err == "tagger: --bpm-octaves widens a tempo that is asked for; give --bpm, too\n"


def test_where_the_tempo_filter_has_another_name_that_is_the_one_asked_for(
    tagger: Tagger, music: Path
) -> None:
    refused = tagger("write-tags", "--dry-run", "--bpm-octaves")
    assert refused.err.endswith("give --only-bpm, too\n")
    counted = tagger("write-tags", "--dry-run", "--only-bpm", "174", "--bpm-octaves", "--json").json
    assert counted["files_written"] == 5


def test_a_rule_of_navidrome_says_it_too(tagger: Tagger, music: Path) -> None:
    rule = json.loads(tagger("playlist", "--format", "nsp", "--bpm", "87", "--bpm-octaves").out)
    ranges = [[86.5, 87.5], [173.0, 175.0], [43.25, 43.75]]
    assert rule["all"] == [{"any": [{"inTheRange": {"bpm": limits}} for limits in ranges]}]
