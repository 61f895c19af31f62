"""A configuration on the command line: what it changes in each command, and that an option wins."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tagger.model_card import DEFAULT_MODEL
from tagger.store import Store
from tagger.types import OwnTags
from tests.cli.conftest import Tagger
from tests.cli.test_playlist import TRACKS, answer, fill, names
from tests.tag_runs.library import make_files, store_analyses

Configured = Callable[[str], Path]

WORLD = [
    *TRACKS,
    answer("/m/world/f.mp3", 6, genre="International", energy=0.6, confidence=0.8),
    answer("/m/odd/g.mp3", 7, genre="Experimental", energy=0.2),
]


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configured:
    """Writes the configuration that all commands read."""

    def write(text: str) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("TAGGER_CONFIG", str(path))
        return path

    return write


@pytest.fixture
def library(db: Path) -> Path:
    fill(db, WORLD)
    return db


RENAMED = '[genres]\nrename = { International = "World", Folk = "World" }\n'


def test_a_genre_has_its_new_name_wherever_it_is_shown(
    tagger: Tagger, library: Path, configured: Configured
) -> None:
    configured(RENAMED)
    assert [track["genre"] for track in tagger("list", "--json", "--genre", "world").json] == ["World"] * 2
    assert "World" in tagger("list").out and "International" not in tagger("list", "--csv").out
    assert tagger("stats", "--json").json["genres"]["World"] == 2
    assert tagger("show", "/m/world/f.mp3", "--json").json["genres"] == {"World": 0.8}
    shown = tagger("playlist", "--genre", "World", "--format", "json")
    assert [track["genre"] for track in json.loads(shown.out)] == ["World", "World"]
    tags = tagger("--config", "none", "list", "--json", "--genre", "Folk").json
    assert [track["genre"] for track in tags] == ["Folk"]


def test_filters_understand_the_old_name_and_the_new_one(
    tagger: Tagger, library: Path, configured: Configured
) -> None:
    configured(RENAMED)
    assert names(tagger("playlist", "--genre", "international", "--format", "json")) == ["f"]
    assert names(tagger("playlist", "--genre", "wORLD", "--format", "json")) == ["e", "f"]
    assert names(tagger("playlist", "--not-genre", "World", "--year", "1962", "--format", "json")) == ["c"]
    wrong = tagger("list", "--genre", "wurld")
    assert wrong.code == 2 and "did you mean 'World'?" in wrong.err and "International" not in wrong.err


def test_lists_are_sorted_by_the_new_names(tagger: Tagger, library: Path, configured: Configured) -> None:
    configured('[genres]\nrename = { Experimental = "Zeuhl", Rock = "Art" }\n')
    up = [track["genre"] for track in tagger("list", "--sort", "genre", "--json").json]
    assert up == sorted(up) and {up[0], up[-1]} == {"Art", "Zeuhl"}
    down = [track["genre"] for track in tagger("list", "--sort", "-genre", "--json", "--limit", "2").json]
    assert down == ["Zeuhl", "Jazz"]


def test_a_rule_for_navidrome_asks_for_the_genre_that_is_in_the_tags(
    tagger: Tagger, library: Path, configured: Configured, tmp_path: Path
) -> None:
    configured(RENAMED + '[playlist]\nminutes = 45\nsort = "bpm"\n')
    output = tmp_path / "world.nsp"
    options = ("--genre", "World", "--not-genre", "International", "-o", output)
    assert tagger("playlist", *options).code == 0
    rule = json.loads(output.read_bytes())
    assert rule["all"] == [{"is": {"genre": "World"}}, {"isNot": {"genre": "World"}}]
    assert rule["sort"] == "bpm"


def test_what_is_never_claimed_is_listed_but_makes_no_playlist(
    tagger: Tagger, library: Path, configured: Configured
) -> None:
    configured('[genres]\nnever = ["Experimental"]\n')
    assert len(tagger("list", "--genre", "Experimental", "--json").json) == 1
    refused = tagger("playlist", "--genre", "Experimental")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == (
        "tagger: no playlist of Experimental, which is in `never` under [genres] of the configuration; "
        "change it there (`tagger config` says where)\n"
    )
    configured('[genres]\nonly = ["Rock"]\n')
    assert "is not in `only`" in tagger("playlist", "--genre", "Jazz").err
    assert names(tagger("playlist", "--genre", "Rock", "--format", "json")) == ["a", "b"]


def test_tags_get_the_new_name_and_never_what_is_not_wanted(
    tagger: Tagger, db: Path, configured: Configured, tmp_path: Path
) -> None:
    paths = make_files(tmp_path / "music", ["flac"])
    store_analyses(db, paths, {"Experimental": 0.5, "International": 0.35, "Rock": 0.15})
    options = ("write-tags", "--dry-run", "--json", "--no-energy", "--bpm", "never")

    def genre(*more: str) -> list[str]:
        changes = tagger(*options, *more).json["changes"]
        return [value for change in changes for value in change["genre"]["after"]]

    configured(RENAMED + 'never = ["experimental"]\n')
    assert genre() == []  # the next one must be sure by itself
    assert genre("--min-confidence", "0.3") == ["World"]
    configured(RENAMED + "[tags]\nmin_confidence = 0.1\nmax_genres = 2\n")
    assert genre() == ["Experimental", "World"]
    assert genre("--max-genres", "1") == ["Experimental"]
    configured('[genres]\nonly = ["Rock"]\n[tags]\nmin_confidence = 0.1\n')
    assert genre() == ["Rock"]


def test_tag_policies_of_the_configuration_hold_unless_an_option_says_otherwise(
    tagger: Tagger, db: Path, configured: Configured, tmp_path: Path
) -> None:
    paths = make_files(tmp_path / "music", ["flac"])
    store_analyses(db, paths, {"Rock": 0.9})
    configured('[tags]\ngenre = "never"\nbpm = "never"\n')
    fields = tagger("write-tags", "--dry-run", "--json").json["changes"][0]
    assert "genre" not in fields and "energy" in fields
    assert "genre" in tagger("write-tags", "--dry-run", "--json", "--genre", "missing").json["changes"][0]
    assert tagger("write-tags", "--dry-run", "--json", "--no-energy").code == 2


def test_a_word_that_no_model_knows_is_named_with_the_nearest(
    tagger: Tagger, library: Path, configured: Configured
) -> None:
    configured('[genres]\nrename = { Internatinal = "World" }\nnever = ["World"]\n')
    said = "no model knows a genre or word 'Internatinal', which stands under [genres] of the configuration"
    assert tagger("list").err == f"tagger: {said}; did you mean 'International'?\n"


def test_playlists_have_the_defaults_of_the_configuration(
    tagger: Tagger, library: Path, configured: Configured, tmp_path: Path
) -> None:
    configured('[playlist]\nsort = "path"\nlimit = 2\nmin_length = "90s"\n')
    assert names(tagger("playlist", "--format", "json")) == ["c", "d"]
    assert names(tagger("playlist", "--format", "json", "--min-length", "0s")) == ["e", "c"]
    file = tmp_path / "lists.toml"
    file.write_text('[Long]\noutput = "long.json"\n[All]\noutput = "all.json"\nmin_length = 1\nlimit = 9\n')
    file.write_text(file.read_text().replace("min_length = 1", 'min_length = "1s"'))
    assert tagger("playlists", "apply", file).code == 0
    assert len(json.loads((tmp_path / "long.json").read_bytes())) == 2
    assert len(json.loads((tmp_path / "all.json").read_bytes())) == len(WORLD)


def test_a_default_that_is_true_can_be_turned_off(
    tagger: Tagger, library: Path, configured: Configured
) -> None:
    configured("[playlist]\nno_missing = true\n")
    assert "none is there" in tagger("playlist").err
    assert len(names(tagger("playlist", "--keep-missing", "--format", "json"))) == len(WORLD)


def test_scan_takes_its_folders_and_leaves_out_what_is_excluded(
    tagger: Tagger, db: Path, configured: Configured, tmp_path: Path
) -> None:
    music = tmp_path / "Music"
    known = make_files(music / "Rock", ["flac"]) + make_files(music / "Audiobooks", ["ogg"])
    make_files(music / "Audiobooks", ["mp3"])
    store_analyses(db, known)
    configured(f"folders = {json.dumps([str(music)])}\nexclude = 'audiobooks'\n")
    counts = tagger("scan", "--json").json
    assert (counts["found"], counts["unchanged"], counts["missing"]) == (1, 1, 0)
    assert len(tagger("list", "--json").json) == 2  # what was scanned before stays known
    written = tagger("write-tags", "--dry-run", "--json").json
    assert (written["files_written"], written["skipped"]) == (1, 1)
    told = tagger("scan", music / "Audiobooks").err
    assert told == "tagger: no audio files there, but for what the configuration excludes\n"


def test_own_tags_agree_by_the_new_name_and_further_words_say_nothing(
    tagger: Tagger, db: Path, configured: Configured
) -> None:
    said = {"/m/a.mp3": "Weltmusik aus Mali", "/m/b.mp3": "Best Of"}
    tracks = []
    for number, (path, genre) in enumerate(said.items()):
        one = answer(path, number, genre="International")
        tracks.append(replace(one, recording=replace(one.recording, own=OwnTags((genre,)))))
    fill(db, tracks)
    configured('[genres]\nrename = { International = "Weltmusik aus Mali" }\nnothing = ["best of"]\n')
    assert [track["path"] for track in tagger("list", "--agrees", "--json").json] == ["/m/a.mp3"]
    assert [track["path"] for track in tagger("list", "--untagged", "--json").json] == ["/m/b.mp3"]


@pytest.mark.parametrize("command", ["scan", "watch"])
def test_without_a_folder_the_error_says_how(tagger: Tagger, configured: Configured, command: str) -> None:
    folder = f"name a folder (`tagger {command} ~/Music`)"
    how = f'nothing to {command}: {folder}, or write folders = ["~/Music"] in'

    nothing = tagger(command)
    assert (nothing.code, nothing.err) == (2, f"tagger: {how} the file that `tagger config init` makes\n")
    file = configured("")
    assert tagger(command).err == f"tagger: {how} {file}\n"


def test_config_prints_what_holds_and_where_it_comes_from(
    tagger: Tagger, db: Path, configured: Configured
) -> None:
    file = configured('model = "small"\n[genres]\nnever = "Pop"\n[playlist]\nminutes = 45\n')
    rows = {line.split()[0]: line.split(maxsplit=1)[1] for line in tagger("config").out.splitlines()}
    assert rows["key"].split() == ["value", "from"]
    assert rows["model"].split() == ['"small"', str(file)]
    assert rows["tags.bpm"].split() == ['"missing"', "default"]
    assert rows["db"].split() == [json.dumps(str(db)), "TAGGER_DB"]
    assert rows["genres.never"].split() == ['["Pop"]', str(file)]
    shown = tagger("config", "--json", "--db", "other.db").json
    assert shown["file"] == str(file)
    assert shown["values"]["db"]["from"] == "--db"
    assert shown["values"]["playlist.minutes"] == {"value": 45, "from": str(file)}
    assert shown["values"]["tags.min_confidence"] == {"value": 0.6, "from": "default"}
    none = tagger("--config", "none", "config")
    assert none.err == "tagger: --config says that there is no file; `tagger config init` makes one\n"


def test_an_escape_code_in_the_file_reaches_no_terminal(tagger: Tagger, configured: Configured) -> None:
    configured('model = "a\\u001b[2Jb"\n')
    shown = tagger("config")
    assert shown.code == 0 and "\x1b" not in shown.out
    configured('[genres]\n"\\u001b[2J" = 1\n')
    assert "\x1b" not in tagger("config").err


def test_config_init_makes_a_file_once(tagger: Tagger, tmp_path: Path) -> None:
    file = tmp_path / "of ada" / "config.toml"
    made = tagger("--config", file, "config", "init")
    assert (made.code, made.out) == (0, f"{file}\n")
    assert tagger(f"--config={file}", "config", "--json").json["file"] == str(file)
    file.write_text('model = "small"\n')
    again = tagger("--config", file, "config", "init")
    assert again.code == 2 and again.err.endswith("give --force to begin anew\n")
    assert file.read_text() == 'model = "small"\n'
    assert tagger("--config", file, "config", "init", "--force").code == 0
    assert "# folders" in file.read_text()
    assert "TAGGER_CONFIG says that there is no file" in tagger("config", "init").err


def test_a_faulty_file_stops_a_command_but_neither_help_nor_init(
    tagger: Tagger, library: Path, configured: Configured
) -> None:
    file = configured("modle = 1\n")
    assert tagger("list").err == f"tagger: {file}: unknown key 'modle'; did you mean 'model'?\n"
    assert tagger("--config", "none", "list").code == 0
    assert tagger("list", "--help").code == tagger("help", "scanning").code == 0
    assert tagger("config", "init", "--force").code == 0


def test_the_configuration_names_the_database_and_the_model(
    tagger: Tagger, library: Path, configured: Configured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TAGGER_DB")
    configured(f"db = {json.dumps(str(library))}\n")
    assert len(tagger("list", "--json").json) == len(WORLD)
    assert "no database" in tagger("list", "--db", tmp_path / "other.db").err
    configured(f'db = {json.dumps(str(library))}\nmodel = "small"\n')
    assert tagger("list", "--json").json == []
    assert len(tagger("list", "--json", "--model", DEFAULT_MODEL).json) == len(WORLD)


def test_the_database_keeps_the_names_of_the_model(
    tagger: Tagger, library: Path, configured: Configured
) -> None:
    configured(RENAMED)
    assert tagger("list").code == 0
    with Store.open(str(library), create=False) as store:
        assert "International" in dict(store.answers.genre_counts(DEFAULT_MODEL))
