"""The owner's word in lists, counts, playlists and tags, as commands show it."""

from pathlib import Path

import pytest

from tagger.store import Correction, Store
from tagger.types import CorrectedField
from tests.cli.conftest import Tagger, on_a_terminal
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
    assert tagger("list", "--csv").out.splitlines()[2].endswith(",genre; energy")


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
