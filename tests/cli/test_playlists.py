"""`tagger playlists apply`: many playlists from one file."""

import csv
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import Tagger
from tests.cli.test_playlist import TRACKS, answer, fill

PAGE = Path(__file__).parents[2] / "tagger/manual/playlists.md"


@pytest.fixture
def library(db: Path) -> Path:
    fill(db, TRACKS)
    return db


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    return tmp_path / "lists" / "playlists.toml"


def write(recipes: Path, text: str) -> Path:
    recipes.parent.mkdir(exist_ok=True)
    recipes.write_text(text)
    return recipes


def tracks_in(path: Path) -> list[str]:
    return [Path(line).stem for line in path.read_text().splitlines() if not line.startswith("#")]


def test_each_table_is_a_playlist_beside_the_file(tagger: Tagger, library: Path, recipes: Path) -> None:
    write(
        recipes,
        """
        [Loud]
        genre = "rock"
        energy = "high"
        sort = "-energy"
        output = "loud.m3u8"

        ["Old & calm"]
        not-genre = ["Rock", "folk"]
        year = "1950-1970"
        min_confidence = 0.5
        output = "sub/calm.m3u8"

        [Rule]
        genre = ["Jazz"]
        output = "rule.nsp"
        """,
    )
    (recipes.parent / "sub").mkdir()
    result = tagger("playlists", "apply", recipes)
    assert (result.code, result.out, result.err) == (0, "", "")
    assert tracks_in(recipes.parent / "loud.m3u8") == ["b", "a"]
    assert tracks_in(recipes.parent / "sub" / "calm.m3u8") == ["c"]
    assert "#PLAYLIST:Old & calm\n" in (recipes.parent / "sub" / "calm.m3u8").read_text()
    assert '"name": "Rule"' in (recipes.parent / "rule.nsp").read_text()


def test_every_option_has_a_key(tagger: Tagger, library: Path, recipes: Path) -> None:
    write(
        recipes,
        """
        [All]
        genre = ["Rock", "Jazz", "Folk"]
        not_genre = "Metal"
        energy = "0.0-1.0"
        min-confidence = 0
        min-length = "30s"
        artist = ["b", "m"]
        album = "o"
        path = "/m/"
        year = 1995
        limit = 3
        minutes = 30.5
        per-artist = 2
        seed = 4
        shape = "rise"
        like = ["/m/folk/e.mp3", "/m/rock/b.mp3"]
        no_missing = false
        format = "pls"
        title = "Everything"
        absolute = true
        replace_prefix = "/m=/music"
        output = "all.txt"
        """,
    )
    assert tagger("playlists", "apply", recipes).code == 0
    assert "File1=/music/rock/a.mp3\n" in (recipes.parent / "all.txt").read_text()
    assert "NumberOfEntries=1\n" in (recipes.parent / "all.txt").read_text()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('gener = "Rock"', "unknown key 'gener'; did you mean 'genre'?"),
        ("per-artists = 3", "unknown key 'per-artists'; did you mean 'per_artist'?"),
        ('limit = "5"', "limit = '5': give a whole number"),
        ("limit = true", "limit = True: give a whole number"),
        ("limit = -1", "--limit -1: give 0 or more"),
        ('minutes = "an hour"', "minutes = 'an hour': give a number"),
        ("genre = [1]", "genre = [1]: give a text or a list of texts"),
        ("energy = [0.1, 0.2]", "energy = [0.1, 0.2]: give low, medium, high, a range within 0-1"),
        ('no_missing = "yes"', "no_missing = 'yes': give true or false"),
        ("sort = 1", "sort = 1: give one of energy, -energy, bpm, key, valence, -valence, -word, path, r"),
        ('sort = "-word"', "--sort -word is by the words asked for; give one, such as --word piano"),
        ("like = [1]", "like = [1]: give a text or a list of texts"),
        ('shape = "flat"', "shape = 'flat': give one of rise, fall, wave, warmup-peak-cooldown"),
        ('min-confidence = "80"', "--min-confidence 80: give a number from 0 to 1"),
        ('genre = "hip"', "did you mean 'Hip-Hop'?"),
        ('sort = "path"\nshape = "rise"', "exclude each other"),
        ("per_artist = 1\nper-artist = 2", "'per-artist' is given twice"),
        ('output = "x.mp3"', "no format known by this name"),
        ('output = "no/such/folder/x.m3u"', "cannot be written"),
        ('output = "good.m3u8"', "its output is that of [Good]"),
        ('like = "gone.mp3"', "gone.mp3: no such file"),
        ('min-length = "long"', "--min-length long: give a duration such as 30s, 2m or 1h"),
        ("minutes = 0.5", "no track fits into 0.5 minutes: the shortest, "),
        ('output = "nul\\u0000.m3u8"', "give a text"),
        ('like = "nul\\u0000.mp3"', "give a text"),
    ],
)
def test_a_bad_playlist_is_named_and_stops_no_other(
    tagger: Tagger, library: Path, recipes: Path, line: str, words: str
) -> None:
    output = "" if "output" in line else 'output = "bad.m3u8"\n'
    good = '[Good]\noutput = "good.m3u8"\n'
    write(recipes, f'{good}[Bad]\n{output}{line}\n[After]\noutput = "after.m3u8"\n')
    result = tagger("playlists", "apply", recipes)
    assert result.code == 1
    assert "tagger: [Bad] " in result.err and words in result.err
    assert f"1 of 3 playlists in {recipes} could not be written in full" in result.err
    assert not (recipes.parent / "bad.m3u8").exists()
    assert len(tracks_in(recipes.parent / "good.m3u8")) == len(tracks_in(recipes.parent / "after.m3u8")) == 5


def test_a_playlist_without_an_output_says_what_it_lacks(
    tagger: Tagger, library: Path, recipes: Path
) -> None:
    result = tagger("playlists", "apply", write(recipes, "[Loud]\nlimit = 1\n"))
    assert result.code == 1
    assert "[Loud] it has no output; name a file" in result.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "describes no playlist"),
        ('genre = "Rock"\n[Loud]\noutput = "x.m3u"', "'genre' stands outside a playlist"),
        ("[Loud\n", "not valid TOML"),
        ("a = " + 100_000 * "[", "not valid TOML: its brackets are nested too deep"),
        ("#" * (2 << 20), "has more than 1 MiB, as no file of playlists has"),
    ],
)
def test_a_file_that_is_none_is_refused(
    tagger: Tagger, library: Path, recipes: Path, text: str, words: str
) -> None:
    result = tagger("playlists", "apply", write(recipes, text))
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert words in result.err


def test_a_missing_file_is_named(tagger: Tagger, library: Path, recipes: Path) -> None:
    result = tagger("playlists", "apply", recipes)
    assert (result.code, f"{recipes}: cannot be read (No such file" in result.err) == (2, True)


def test_paths_with_a_tilde_are_those_of_the_home_folder(
    tagger: Tagger, library: Path, recipes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    tagger("playlists", "apply", write(recipes, '[X]\noutput = "~/x.m3u8"\n'))
    assert (tmp_path / "x.m3u8").exists()


def test_the_example_of_the_manual_works_as_it_stands(tagger: Tagger, library: Path, recipes: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    result = tagger("playlists", "apply", write(recipes, example))
    assert (result.code, result.out) == (0, "")
    outputs = re.findall(r'output = "(.*)"', example)
    assert len(outputs) > 2
    assert all((recipes.parent / output).stat().st_size for output in outputs)


def test_a_name_that_windows_lacks_or_a_fault_of_any_kind_stops_no_other(
    tagger: Tagger, library: Path, recipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    from tagger.playlist import make

    fill(library, [answer(os.fsdecode(b"/m/caf\xe9.mp3"), 50)])

    def broken(*args: object) -> None:
        raise UnicodeEncodeError("utf-8", "\udce9", 0, 1, "surrogates not allowed")

    monkeypatch.setattr(make, "render_nsp", broken)
    text = """
        [Windows]
        replace-prefix = '/m=Z:\\Music'
        output = "windows.m3u8"

        [Broken]
        output = "broken.nsp"

        [After]
        output = "after.m3u8"
        """
    result = tagger("playlists", "apply", write(recipes, text))
    assert result.code == 1
    assert "[Broken] internal error (UnicodeEncodeError: " in result.err
    assert f"2 of 3 playlists in {recipes} could not be written in full" in result.err
    written = [(recipes.parent / name).read_text().count(".mp3") for name in ("windows.m3u8", "after.m3u8")]
    assert written == [len(TRACKS), len(TRACKS) + 1]
    assert "file:///m/caf%E9.mp3" in (recipes.parent / "after.m3u8").read_text()


DJ = """
["Clubs/Loud"]
genre = "Rock"
sort = "-energy"
output = "dj.xml"

["Clubs/Jazz"]
genre = "Jazz"
output = "dj.xml"
"""


def in_folders(file: Path) -> dict[str, list[str]]:
    """The names of the tracks of each playlist of rekordbox's XML, by folder and name."""
    root = ElementTree.parse(file).getroot()
    names = {track.get("TrackID"): track.get("Name") for track in root.iter("TRACK") if track.get("TrackID")}
    return {
        f"{folder.get('Name')}/{node.get('Name')}": [names[track.get("Key")] for track in node]
        for folder in root.findall("PLAYLISTS/NODE/NODE")
        for node in folder
    }


def test_playlists_for_the_same_collection_go_into_it_together(
    tagger: Tagger, library: Path, recipes: Path
) -> None:
    everything = '[All]\noutput = "dj.xml"\ntitle = "Rest/All"\n'
    result = tagger("playlists", "apply", write(recipes, DJ + everything))
    assert (result.code, result.out, result.err) == (0, "", "")
    assert in_folders(recipes.parent / "dj.xml") == {
        "Clubs/Loud": ["Hunter", "a"],
        "Clubs/Jazz": ["c", "d"],
        "Rest/All": ["c", "d", "e", "a", "Hunter"],
    }


@pytest.mark.parametrize("wrong", ["gener = 1", 'like = "gone.mp3"'])
def test_a_collection_stays_as_it_was_where_one_of_its_playlists_fails(
    tagger: Tagger, library: Path, recipes: Path, wrong: str
) -> None:
    tagger("playlists", "apply", write(recipes, DJ))
    before = (recipes.parent / "dj.xml").read_bytes()
    bad = f'[Bad]\noutput = "dj.xml"\n{wrong}\n[Other]\noutput = "other.m3u8"\n'
    result = tagger("playlists", "apply", write(recipes, DJ + bad))
    assert result.code == 1
    assert "tagger: [Bad] " in result.err
    assert "dj.xml: left as it was, because a playlist in it cannot be made" in result.err
    assert f"3 of 4 playlists in {recipes} could not be written in full" in result.err
    assert (recipes.parent / "dj.xml").read_bytes() == before
    assert len(tracks_in(recipes.parent / "other.m3u8")) == 5


def test_a_collection_of_another_program_stays_as_it_was(
    tagger: Tagger, library: Path, recipes: Path
) -> None:
    traktors = '<?xml version="1.0"?><NML VERSION="19"><HEAD PROGRAM="Traktor"></HEAD></NML>\n'
    write(recipes, '[A]\noutput = "collection.nml"\n[B]\noutput = "collection.nml"\n[C]\noutput = "c.nml"\n')
    (recipes.parent / "collection.nml").write_text(traktors)
    result = tagger("playlists", "apply", recipes)
    assert result.code == 1
    assert "collection.nml: another program's, and is not written over; give another name" in result.err
    assert (recipes.parent / "collection.nml").read_text() == traktors
    assert "written by tagger" in (recipes.parent / "c.nml").read_text()


def test_a_playlist_may_be_written_into_several_files_of_the_same_tracks(
    tagger: Tagger, library: Path, recipes: Path
) -> None:
    write(
        recipes,
        """
        [Mixed]
        sort = "random"
        output = ["mixed.m3u8", "mpd.m3u", "dj.xml", "dj.nml", "_Serato_/Subcrates/Mixed.crate", "mixed.csv"]
        format = ["m3u8", "mpd", "rekordbox", "nml", "serato", "csv"]
        replace-prefix = "/m=/srv/music"
        """,
    )
    crates = recipes.parent / "_Serato_" / "Subcrates"
    crates.mkdir(parents=True)
    write(recipes, recipes.read_text() + 'relative-to = "/srv/music"\n')
    refused = tagger("playlists", "apply", recipes)
    assert "[Mixed] rekordbox finds files by their full paths; leave --relative-to out" in refused.err
    write(recipes, recipes.read_text().replace('"mpd.m3u", ', "").replace('"mpd", ', ""))
    write(recipes, recipes.read_text().replace('relative-to = "/srv/music"\n', ""))
    result = tagger("playlists", "apply", recipes)
    assert (result.code, result.err) == (0, "")
    order = tracks_in(recipes.parent / "mixed.m3u8")
    rows = csv.DictReader((recipes.parent / "mixed.csv").read_text().splitlines())
    assert [Path(row["path"]).stem for row in rows] == order
    collection = ElementTree.parse(recipes.parent / "dj.xml").getroot()
    locations = [track.get("Location", "") for track in collection.findall("COLLECTION/TRACK")]
    assert [Path(location).stem for location in locations] == order
    assert locations[0].startswith("file://localhost/srv/music/")
    traktor = ElementTree.parse(recipes.parent / "dj.nml").getroot()
    assert [Path(place.get("FILE", "")).stem for place in traktor.iter("LOCATION")] == order
    crate = (crates / "Mixed.crate").read_bytes().decode("utf-16-be", "replace")
    assert sorted(order, key=lambda name: crate.index(f"/{name}.mp3")) == order


def test_outputs_and_formats_must_fit_each_other(tagger: Tagger, library: Path, recipes: Path) -> None:
    write(recipes, '[X]\noutput = ["a", "b", "c"]\nformat = ["pls", "xspf"]\n')
    result = tagger("playlists", "apply", recipes)
    assert "[X] it has 3 outputs and 2 formats; give a format for each output, or one for all" in result.err
    write(recipes, '[X]\noutput = ["a", "b"]\nformat = "pls"\n')
    assert tagger("playlists", "apply", recipes).code == 0
    assert (recipes.parent / "a").read_bytes() == (recipes.parent / "b").read_bytes()


def test_usual_ways_to_name_files_do_not_stand_in_the_way_of_dj_programs(
    tagger: Tagger, library: Path, recipes: Path
) -> None:
    usual = recipes.parent / "usual.toml"
    outputs = 'output = ["a.m3u8", "a.xml", "a.crate", "a.m3u"]'
    write(recipes, f'[X]\n{outputs}\nformat = ["m3u8", "rekordbox", "serato", "mpd"]\n')
    usual.write_text('[playlist]\nrelative-to = "/m"\n')
    result = tagger("--config", usual, "playlists", "apply", recipes)
    assert (result.code, result.err) == (0, "")
    assert (recipes.parent / "a.m3u").read_text().startswith("jazz/c.mp3\n")
    assert "m/jazz/c.mp3".encode("utf-16-be") in (recipes.parent / "a.crate").read_bytes()
    usual.write_text("[playlist]\nabsolute = true\n")
    assert tagger("--config", usual, "playlist", "-o", recipes.parent / "b.crate").code == 0
    assert "\njazz/c.mp3\n" in (recipes.parent / "a.m3u8").read_text()
    assert "file://localhost/m/jazz/c.mp3" in (recipes.parent / "a.xml").read_text()
