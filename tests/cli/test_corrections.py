"""The owner's word in lists, counts, playlists and tags, as commands show it."""

import csv
from pathlib import Path

import pytest

from tagger.store import Correction, Store
from tagger.types import CorrectedField
from tests.cli.conftest import Tagger, answered, on_a_terminal
from tests.store.store_answers import analysed


@pytest.fixture
def store(db: Path) -> Store:
    """Four tracks of Rock, which a model has heard."""
    with Store.open(str(db), create=True) as store:
        store.record_batch(
            [
                analysed(f"/m/{n}.mp3", energy=n / 10, audio_id=f"{n:032x}", bpm=100.0 + n)
                for n in range(1, 5)
            ],
            [],
        )
        yield store


def say(store: Store, number: int, field: CorrectedField, *value: str) -> None:
    store.corrections.put(field, {f"{number:032x}": Correction("set", value)})


def test_a_list_shows_what_is_the_owner_s_and_json_names_its_fields(tagger: Tagger, store: Store) -> None:
    say(store, 2, "genre", "Surf", "Pop & Rock")
    say(store, 2, "energy", "0.65")
    say(store, 3, "bpm", "87.5")
    lines = tagger("list").out.splitlines()[1:]
    assert [line.split()[:2] for line in lines] == [
        ["Rock", "70%"], ["Surf", "yours"], ["Rock", "70%"], ["Rock", "70%"]
    ]  # fmt: skip
    assert lines[1].endswith("0.65  7* 102.0  –       /m/2.mp3")
    assert lines[2].endswith("0.30  3   87.5* –       /m/3.mp3")
    found = tagger("list", "--json").json
    assert [one["corrected"] for one in found] == [[], ["genre", "energy"], ["bpm"], []]
    assert (found[1]["genre"], found[1]["genre_confidence"], found[1]["energy_level"]) == ("Surf", 1.0, 7)
    assert (found[2]["bpm"], found[2]["bpm_confidence"]) == (87.5, 1.0)
    rows = [*csv.DictReader(tagger("list", "--csv").out.splitlines())]
    assert (rows[1]["corrected"], rows[1]["sound"]) == ("genre; energy", "music")


def test_filters_orders_and_counts_go_by_the_owner_s_word(tagger: Tagger, store: Store) -> None:
    say(store, 2, "genre", "Jazz")
    say(store, 3, "energy", "0.95")
    assert [one["path"] for one in tagger("list", "--genre", "jazz", "--json").json] == ["/m/2.mp3"]
    assert [one["path"] for one in tagger("list", "--energy", "high", "--json").json] == ["/m/3.mp3"]
    assert len(tagger("list", "--genre", "rock", "--json").json) == 3
    assert tagger("stats", "--json").json["genres"] == {"Rock": 3, "Jazz": 1}
    loudest = tagger("playlist", "--sort", "energy", "--format", "paths").out.splitlines()
    assert loudest == ["/m/1.mp3", "/m/2.mp3", "/m/4.mp3", "/m/3.mp3"]


def test_show_tells_the_owner_s_word_and_what_the_model_heard(tagger: Tagger, store: Store) -> None:
    say(store, 1, "genre", "Surf", "Pop & Rock")
    say(store, 1, "energy", "0.65")
    say(store, 1, "bpm", "87.5")
    lines = tagger("show", "/m/1.mp3").out.splitlines()
    assert "yours: Surf, Pop & Rock; energy level 7; 87.5 BPM; this is what the model hears" in lines
    assert any(line.split()[:2] == ["Rock", "70%"] for line in lines)
    assert any(line.split()[0] == "energy" and "0.10" in line for line in lines if line)
    found = tagger("show", "/m/1.mp3", "--json").json
    assert found["corrections"] == {"genre": ["Surf", "Pop & Rock"], "energy": 0.65, "bpm": 87.5}
    assert (found["genre"], found["energy"], found["bpm"]) == ("Surf", 0.65, 87.5)
    assert (found["track_genre"], found["track_energy"], found["track_bpm"]) == ("Rock", 0.1, 101.0)


def test_a_name_for_a_model_s_genre_is_none_for_the_owner_s_word(
    tagger: Tagger, store: Store, tmp_path: Path
) -> None:
    say(store, 1, "genre", "Rock")
    config = tmp_path / "config.toml"
    config.write_text('[genres]\nrename = { Rock = "Guitars" }\nnever = ["Rock"]\n')
    found = tagger("--config", config, "list", "--json").json
    assert [one["genre"] for one in found] == ["Rock", "Guitars", "Guitars", "Guitars"]
    assert tagger("--config", config, "stats", "--json").json["genres"] == {"Guitars": 3, "Rock": 1}
    by_genre = tagger("--config", config, "list", "--sort", "-genre", "--json").json
    assert by_genre[0]["genre"] == "Rock"


def test_a_terminal_marks_it_likewise(tagger: Tagger, store: Store) -> None:
    say(store, 1, "genre", "Surf")
    say(store, 1, "energy", "1")
    code, shown = on_a_terminal("list")
    assert code == 0
    first = shown.splitlines()[1]
    assert first.startswith("Surf") and " yours " in first and "1.00 10*" in first


def test_set_says_what_is_known_from_now_on_and_unset_takes_it_back(tagger: Tagger, store: Store) -> None:
    before = tagger("list", "--json").json
    done = tagger("set", "/m/1.mp3", "/m/2.mp3", "--genre", "surf", "--genre", "jazz", "--energy", "7")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"/m/{n}.mp3: genre surf, Jazz; energy 0.65, level 7" for n in (1, 2)
    ]  # Jazz as the model spells it
    assert tagger("set", "/m/2.mp3", "--bpm", "87,5").out == "/m/2.mp3: 87.5 BPM\n"
    first, second, *_ = tagger("list", "--json").json
    assert (first["genre"], first["energy_level"], first["bpm"]) == ("surf", 7, 101.0)
    assert second["corrected"] == ["genre", "energy", "bpm"]
    assert tagger("unset", "/m/1.mp3", "--energy").out == "1 correction taken back\n"
    assert tagger("unset", "/m").out == "4 corrections taken back\n"
    assert tagger("list", "--json").json == before
    assert tagger("unset", "/m").err == (
        "tagger: nothing was corrected there; `tagger corrections` lists what is\n"
    )


def test_a_folder_stands_for_the_sounds_beneath_it_and_a_copy_hears_the_same(
    tagger: Tagger, store: Store
) -> None:
    store.record_batch([analysed("/other/copy.mp3", audio_id=f"{1:032x}")], [])
    assert tagger("set", "/m", "--genre", "Surf").out == "/m: genre Surf (4 sounds)\n"
    assert {one["genre"] for one in tagger("list", "--json").json} == {"Surf"}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["set", "/m/1.mp3"], "nothing to set; give --genre, --energy or --bpm"),
        (["set", "/m/1.mp3", "--genre", ""], "type a genre; several with a semicolon between them"),
        (
            ["set", "/m/1.mp3", "--energy", "11"],
            "--energy 11: give a level from 2 to 10, or a number below 1",
        ),
        (["set", "/m/1.mp3", "--bpm", "fast"], "--bpm fast: give a tempo from 1 to 999"),
        (["set", "/n.mp3", "--bpm", "9"], "/n.mp3: no such file or folder, and no track in the database"),
        (["unset", "/m/1.mp3", "/n.mp3"], "/n.mp3: no such file or folder, and no track in the database"),
        (["corrections", "/n.mp3"], "/n.mp3: no such file or folder, and no track in the database"),
        (["corrections", "--import", "/n.jsonl"], "/n.jsonl: cannot be read (No such file or directory)"),
        (["corrections", "--import", "/n.jsonl", "--json"], "--import stands alone; leave out the rest"),
    ],
)
def test_what_cannot_be_meant_is_told_and_nothing_is_stored(
    tagger: Tagger, store: Store, arguments: list[str], reason: str
) -> None:
    done = tagger(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"tagger: {reason}"), done.err
    assert store.corrections.all() == []


def test_many_sounds_at_once_are_asked_for(tagger: Tagger, store: Store) -> None:
    store.record_batch([analysed(f"/many/{n}.mp3", audio_id=f"many {n}") for n in range(201)], [])
    refused = tagger("set", "/many", "--genre", "Surf")
    assert (refused.code, refused.err) == (
        2, "tagger: set the genre of 201 sounds? Nobody to ask without a terminal; give --yes\n"
    )  # fmt: skip
    assert not store.corrections.all()
    code, _, told = answered("n", "set", "/many", "--genre", "Surf", "--bpm", "90")
    assert code == 2 and "Set the genre and tempo of 201 sounds? [y/N]" in told
    assert answered("y", "set", "/many", "--genre", "Surf")[0] == 0
    assert tagger("unset", "/many", "--yes").out == "201 corrections taken back\n"


def test_corrections_are_listed_with_a_file_and_go_to_another_computer(
    tagger: Tagger, store: Store, tmp_path: Path
) -> None:
    assert tagger("corrections").err.startswith("tagger: nothing is corrected")
    tagger("set", "/m/1.mp3", "--genre", "Surf", "--energy", "0.2")
    store.corrections.put("genre", {"elsewhere": Correction("skipped")})
    lines = [line.split(maxsplit=2)[2] for line in tagger("corrections").out.splitlines()]
    assert [" ".join(line.split()) for line in lines] == [
        "energy 0.2, level 2 /m/1.mp3",
        "genre Surf /m/1.mp3",
        "genre left as it is (no file here has this sound)",
    ]
    found = tagger("corrections", "--json").json
    assert [(one["field"], one["value"], one["kind"], one["path"], one["written"]) for one in found] == [
        ("energy", 0.2, "set", "/m/1.mp3", False),
        ("genre", ["Surf"], "set", "/m/1.mp3", False),
        ("genre", None, "skipped", None, False),
    ]
    assert len(tagger("corrections", "/m", "--json").json) == 2
    file = tmp_path / "c.jsonl"
    assert tagger("corrections", "--export", file).out == f"{file}: 3 corrections\n"
    tagger("unset", "/m")
    tagger("set", "/m/1.mp3", "--genre", "Twist")
    taken = tagger("corrections", "--import", file)
    assert [line.split()[-1] for line in taken.out.splitlines()] == ["1", "0", "1", "1"]
    assert "/m/1.mp3: genre Twist (" in taken.err and "of yours stays before, genre Surf (" in taken.err


def test_a_genre_that_no_model_knows_is_found_and_completed(tagger: Tagger, store: Store) -> None:
    tagger("set", "/m/1.mp3", "--genre", "Surf Rock", "--genre", "Twang")
    for name in ("surf-rock", "twang"):
        assert [one["path"] for one in tagger("list", "--genre", name, "--json").json] == ["/m/1.mp3"]
        assert len(tagger("list", "--not-genre", name, "--json").json) == 3
    assert tagger("stats", "--json").json["genres"] == {"Rock": 3, "Surf Rock": 1}
    assert tagger("playlist", "--genre", "twang", "--format", "paths").out == "/m/1.mp3\n"
    assert tagger("list", "surf-rock").err.endswith('did you mean --genre "Surf Rock"?\n')
    unknown = tagger("list", "--genre", "srf rock")
    assert "did you mean 'Surf Rock'?" in unknown.err
    assert [one["path"] for one in tagger("list", "--corrected", "--json").json] == ["/m/1.mp3"]


def test_what_is_never_claimed_of_a_model_is_played_where_the_owner_says_it(
    tagger: Tagger, store: Store, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[genres]\nnever = ["Rock"]\n')
    arguments = ("--config", config, "playlist", "--genre", "Rock", "--format", "paths")
    assert tagger(*arguments).err.startswith("tagger: no playlist of Rock, which is in `never`")
    tagger("set", "/m/3.mp3", "--genre", "rock")
    assert tagger(*arguments).out == "/m/3.mp3\n"
