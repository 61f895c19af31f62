"""The configuration: what may stand in it, what is said of faults, and that nothing reads it unasked."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tagger.configuration import (
    KEYS,
    NOT_CONFIGURED,
    Configuration,
    chosen_file,
    read,
    read_configuration,
    template,
)
from tagger.errors import TaggerError
from tagger.genre_names import GenreNames
from tagger.library import Library
from tagger.playlist import NO_DEFAULTS, defaults_of
from tagger.query import EVERYTHING, Query
from tagger.store import Store
from tests.cli.test_playlist import answer

Written = Callable[[str], str]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Writes a file of configuration."""

    def write(text: str) -> str:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_the_first_file_changes_nothing(written: Written) -> None:
    file = written(template())
    assert read(file) == Configuration(file=file)


def test_every_line_of_the_first_file_may_be_taken_as_it_is(written: Written) -> None:
    file = written(re.sub(r"^# (\w+ = )", r"\1", template(), flags=re.MULTILINE))
    found = read(file)
    assert {key.path for key in KEYS} <= found.given
    for key in KEYS:
        default = getattr(NOT_CONFIGURED, key.name)
        if key.section == "tags" and default is not None:
            assert getattr(found, key.name) == default, key.name
    assert found.usual_playlist != NO_DEFAULTS


def test_every_field_has_a_key() -> None:
    fields = set(Configuration.__dataclass_fields__) - {"file", "given", "playlist"}
    assert fields == {key.name for key in KEYS}


def test_paths_are_taken_from_the_folder_of_the_file_and_the_home_folder(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    found = read(written('folders = ["Music", "~/Extra"]\ndb = "a.db"\nexclude = "~/Extra/Radio"\n'))
    if os.name == "posix":
        assert found.folders == (str(tmp_path / "Music"), "/home/ada/Extra")
        assert found.exclude == ("/home/ada/Extra/Radio",)
    assert found.db == str(tmp_path / "a.db")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('folder = "x"', "unknown key 'folder'; did you mean 'folders'?"),
        ("[plalist]", "unknown key 'plalist'; did you mean 'playlist'?"),
        ("[genres]\nnevr = []", "[genres] unknown key 'nevr'; did you mean 'never'?"),
        ('never = ["x"]', "'never' belongs under [genres]"),
        ("[tags]\nfolders = []", "[tags] 'folders' belongs above the first section"),
        ('[tags]\ngenre = "x"', "[tags] genre = 'x': give one of missing, replace, add, never"),
        ("[tags]\nmin_confidence = 60", "[tags] min_confidence = 60: give a number from 0 to 1"),
        ("[tags]\nmin-confidence = nan", "[tags] min-confidence = nan: give a number from 0 to 1"),
        ("[tags]\nmax_genres = true", "[tags] max_genres = True: give a whole number from 1"),
        ('[tags]\nenergy = "no"', "[tags] energy = 'no': give true or false"),
        (
            '[tags]\nwrite = ["moods"]',
            "[tags] write = ['moods']: give one or several of key, key=replace, key=never, mood, "
            "mood=replace, mood=never, words, words=replace, words=add, words=never",
        ),
        (
            '[genres]\nrename = { Folk = "Folk/World" }',
            "[genres] rename = {'Folk': 'Folk/World'}: give new names by old ones, such as "
            '{ International = "World" }; players split a name at ; / , | or \\',
        ),
        ('[genres]\nnever = ["-"]', "[genres] never = ['-']: give a genre or a list of genres"),
        ("[playlist]\nminuts = 3", "[playlist] unknown key 'minuts'; did you mean 'minutes'?"),
        ('[playlist]\nminutes = "3"', "[playlist] minutes = '3': give a number"),
        (
            '[playlist]\nsort = "bpm"\nshape = "rise"',
            "[playlist] --sort and --shape exclude each other; give one of them",
        ),
        ("tags = 3", "[tags] tags = 3: begin a section with [tags] on a line of its own"),
        ("folders = [", "not valid TOML: Invalid value (at end of document)"),
        ("a = " + "[" * 9000, "not valid TOML: its brackets are nested too deep"),
    ],
)
def test_a_fault_is_one_line_that_names_the_file_and_the_key(written: Written, text: str, said: str) -> None:
    file = written(text)
    with pytest.raises(TaggerError) as error:
        read(file)
    assert str(error.value) == f"{file}: {said}"


@pytest.mark.parametrize("pattern", ["*", "**", "/", "", "**/*", "a" * 1001])
def test_a_pattern_that_leaves_out_everything_is_refused(written: Written, pattern: str) -> None:
    with pytest.raises(TaggerError, match="none of which leaves out everything"):
        read(written(f'exclude = ["{pattern}"]'))


def test_a_file_that_would_take_minutes_is_refused(written: Written) -> None:
    with pytest.raises(TaggerError, match="has more than 1 MiB, as no configuration has"):
        read(written("#" * (1 << 20) + "\n"))


def test_the_option_wins_over_the_variable_and_that_over_the_default_place(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = written('model = "mine"')
    monkeypatch.setenv("TAGGER_CONFIG", mine)
    assert read_configuration().model == "mine"
    assert read_configuration("none") == read_configuration("") == NOT_CONFIGURED
    with pytest.raises(TaggerError, match=r"--config .*nope: no such file; `tagger config init` makes one"):
        read_configuration(str(tmp_path / "nope"))
    monkeypatch.delenv("TAGGER_CONFIG")
    monkeypatch.setattr("platformdirs.user_config_path", lambda name: tmp_path / name)
    assert chosen_file(None) == (str(tmp_path / "tagger" / "config.toml"), "default")
    assert read_configuration() == NOT_CONFIGURED


def test_a_library_in_python_reads_no_file_unasked(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAGGER_CONFIG", written("this is no TOML"))
    with Library(tmp_path / "a.db") as library:
        assert library.configuration == NOT_CONFIGURED
        with pytest.raises(TaggerError, match="nothing to scan; name a file or a folder"):
            library.scan()


def test_a_library_in_python_takes_a_configuration(tmp_path: Path) -> None:
    ours = Configuration(
        db=str(tmp_path / "a.db"), rename={"Rock": "Loud"}, playlist={"limit": 1}, min_confidence=0.9
    )
    with Store.open(str(tmp_path / "a.db"), create=True) as store:
        store.record_batch([answer("/m/a.mp3", 1), answer("/m/b.mp3", 2)], [])
    with Library(configuration=ours) as library:
        assert [track.genre for track in library.tracks(genre="loud")] == ["Loud", "Loud"]
        made = library.playlist(sort="path")
        assert made.tracks and [track.path for track in made.tracks] == ["/m/a.mp3"]
        assert library.configuration.tag_settings.min_bpm_confidence == 0.9


@pytest.mark.parametrize(
    ("text", "key", "mood", "words"),
    [
        ("", "never", "never", "never"),
        ('write = "mood"', "never", "missing", "never"),
        ('write = "key"', "missing", "never", "never"),
        ('write = ["words=add", "mood=replace", "key=replace"]', "replace", "replace", "add"),
        ('write = ["words", "words=never", "key", "key=never"]', "never", "never", "never"),
    ],
)
def test_key_mood_and_words_are_written_if_they_are_asked_for(
    written: Written, text: str, key: str, mood: str, words: str
) -> None:
    policy = read(written(f"[tags]\n{text}\n")).tag_settings.policy
    assert (policy.key, policy.mood, policy.words) == (key, mood, words)
    assert (policy.genre, policy.energy, policy.bpm) == ("missing", True, "missing")


def test_words_are_renamed_and_left_out_as_genres_but_for_only() -> None:
    names = GenreNames({"female voice": "Female vocals"}, never=("Sad",), only=("Jazz",))
    assert names.shown("Female Voice") == "Female vocals"
    assert [names.is_never(word) for word in ("sad", "piano", "Female Voice")] == [True, False, False]


def test_a_genre_is_called_by_either_of_its_names_in_any_spelling() -> None:
    names = GenreNames(
        {"hip hop": "Rap", "International": "World"}, never=("experimental",), only=("world", "Rap")
    )
    known = ["Hip-Hop", "International", "Experimental", "World"]
    assert [names.shown(genre) for genre in known] == ["Rap", "World", "Experimental", "World"]
    assert names.meant("WORLD", known) == ("International", "World")
    assert names.meant("hiphop", known) == names.meant("rap", known) == ("Hip-Hop",)
    assert [names.is_claimed(genre) for genre in known] == [True, True, False, True]
    assert not names.is_claimed("Rock")
    assert names.unknown(known) == []
    assert names.unknown(["Rock"]) == ["hip hop", "International", "experimental"]


def test_a_default_of_playlists_gives_way_to_what_contradicts_it() -> None:
    usual = defaults_of({"sort": "bpm", "minutes": 45, "absolute": True, "min_confidence": 0.8}, "/lists")
    assert usual.plan(EVERYTHING, {}).sort == "bpm"
    assert usual.plan(EVERYTHING, {"shape": "rise"}).sort is None
    assert usual.plan(EVERYTHING, {"like": "a.mp3"}).sort is None
    assert usual.plan(EVERYTHING, {"relative_to": "/m"}).absolute is False
    assert usual.plan(Query(min_confidence=0.1), {"minutes": 5.0}).minutes == 5
    rule = usual.plan(EVERYTHING, {"output": "a.nsp"})
    assert (rule.sort, rule.minutes, rule.query.min_confidence) == ("bpm", None, None)
    bright = defaults_of({"sort": "-valence", "valence": "0.6-", "mood": "calm", "untagged": True}, "/lists")
    rule = bright.plan(EVERYTHING, {"output": "a.nsp"})
    assert (rule.sort, rule.query) == (None, Query(moods=("calm",)))
