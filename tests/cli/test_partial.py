"""Models that predict only a part: that is shown, and what needs the rest says so in one line."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tagger.model_card import DEFAULT_MODEL, folders, load_card
from tagger.store import Store
from tagger.tags import read
from tagger.types import Analysis
from tests.cli.conftest import Result, Tagger
from tests.partial_model import make_model
from tests.sounds import make_sound
from tests.store.store_answers import analysed, parts

RATE_HZ = 44_100
XSPF = "{urn:x-tagger:xspf:1}"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    make_model(folder / "genre-1", "genre")
    make_model(folder / "energy-1", "energy")
    make_model(folder / "tempo-1", "tempo")
    make_model(folder / DEFAULT_MODEL, "genre", "energy", "tempo")
    return folder


@pytest.fixture(scope="module")
def beats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two files of clicks, at 100 and at 140 BPM."""
    folder = tmp_path_factory.mktemp("music")
    for name, bpm in (("a.flac", 140), ("b.flac", 100)):
        clicks = np.zeros((1, 10 * RATE_HZ), np.float32)
        for start in range(0, clicks.shape[1] - 2000, 60 * RATE_HZ // bpm):
            clicks[0, start : start + 2000] = np.random.default_rng(0).uniform(-0.9, 0.9, 2000)
        make_sound(folder / name, samples=clicks)
    return folder


@pytest.fixture
def music(beats: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The beats; the models are installed."""
    monkeypatch.setattr(folders, "models_folder", lambda: str(models))
    return beats


def only_line(result: Result) -> str:
    """What was said instead of an answer."""
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    return result.err.removeprefix("tagger: ").rstrip("\n")


def test_models_tells_what_each_predicts(tagger: Tagger, music: Path) -> None:
    out = tagger("models").out
    predicted = [line.strip() for line in out.splitlines() if line.startswith("  predicts")]
    assert predicted == [
        "predicts: energy",
        "predicts: genre",
        "predicts: genre, energy, tempo",
        "predicts: tempo",
    ]
    assert out.count("  genres: Blues, ") == 2
    found = {
        model["id"]: (bool(model["genres"]), model["energy"], model["tempo"])
        for model in tagger("models", "--json").json
    }
    assert found == {
        "energy-1": (False, True, False),
        "genre-1": (True, False, False),
        DEFAULT_MODEL: (True, True, True),
        "tempo-1": (False, False, True),
    }


def test_a_scan_without_genres_counts_its_tracks_and_shows_no_top_genres(
    tagger: Tagger, music: Path, tmp_path: Path
) -> None:
    result = tagger("scan", music, "--model", "tempo-1", "--metrics-file", tmp_path / "x.prom")
    assert (result.code, result.err.count("\n")) == (0, 1)  # a first scan says what to do next
    assert "analysed" in result.out and "top genres" not in result.out
    assert "\ntagger_tracks 2\n" in (tmp_path / "x.prom").read_text()
    assert "tempo-1 1: 2 tracks in the database" in tagger("models").out


def test_list_has_a_dash_for_what_is_not_known(tagger: Tagger, music: Path) -> None:
    tagger("scan", music, "--model", "tempo-1", "-q")
    found = [line.split() for line in tagger("list").out.splitlines()[1:]]
    assert [(*words[:4], words[5]) for words in found] == [
        ("–", "–", "–", "–", str(music / name)) for name in ("a.flac", "b.flac")
    ]
    row = tagger("list", "--json").json[0]
    assert [row[key] for key in ("genre", "genre_confidence", "energy", "energy_level")] == [None] * 4
    assert (
        tagger("list", "--csv")
        .out.splitlines()[1]
        .startswith(f"{music}/a.flac,,,,,{row['bpm']},false,,,,,10.0,{row['bpm_confidence']},false")
    )
    tagger("scan", music, "--model", "genre-1", "-q")
    line = tagger("list").out.splitlines()[1]
    genre, sure, own, energy, bpm, _ = re.split("  +", line)
    assert genre.split()[0] in load_card("genre-1").genres and sure.endswith("%")
    assert (own, energy, bpm) == ("–", "–", "–")


def test_show_tells_what_is_known_alone(tagger: Tagger, music: Path) -> None:
    tempo = tagger("show", music / "a.flac", "--model", "tempo-1").out
    assert " BPM\n" in tempo and "energy" not in tempo and "at 0:" not in tempo
    genre = tagger("show", music / "a.flac", "--model", "genre-1").out
    assert genre.count("%") == 7  # five, the window's, and what would be sure
    assert "energy" not in genre and "BPM" not in genre
    tagger("scan", music, "--model", "energy-1", "-q")
    energy = tagger("show", music / "a.flac").out
    assert "% " not in energy and "level" in energy and "at 0:00" in energy
    stored = tagger("show", music / "a.flac", "--json").json
    assert (stored["genre"], stored["genre_confidence"], stored["genres"]) == (None, None, {})
    assert stored["windows"][0]["genre"] is None and stored["windows"][0]["energy"] == stored["energy"]


def test_stats_draws_what_is_known_alone(tagger: Tagger, music: Path) -> None:
    for model, titles in (
        ("tempo-1", ["tempo in BPM"]),
        ("genre-1", ["genre"]),
        ("energy-1", ["energy level"]),
        (DEFAULT_MODEL, ["genre", "energy level", "% of a genre at each energy level", "tempo in BPM"]),
    ):
        tagger("scan", music, "--model", model, "-q")
        out = tagger("stats").out
        assert out.startswith(f"2 tracks, 0.0 hours, analysed by {model}\n")
        assert [part.splitlines()[0] for part in out.split("\n\n")[1:]] == [*titles, "last runs"]
    found = tagger("stats", "--model", "tempo-1", "--json").json
    assert (found["tracks"], found["genres"], found["energy_levels"]) == (2, {}, [0] * 10)


@pytest.mark.parametrize("order", [(), ("--sort", "-energy"), ("--shape", "rise"), ("--format", "nsp")])
def test_a_playlist_by_energy_names_the_model_that_predicts_none(
    tagger: Tagger, music: Path, order: tuple[str, ...]
) -> None:
    tagger("scan", music, "--model", "genre-1", "-q")
    assert only_line(tagger("playlist", *order)) == (
        f"genre-1 predicts no energy; scan with a model that does (--model {DEFAULT_MODEL}) or --sort path"
    )
    tagger("scan", music, "--model", "energy-1", "-q")
    assert only_line(tagger("playlist", *order, "--model", "genre-1")) == (
        "genre-1 predicts no energy; choose a model that does (--model energy-1) or --sort path"
    )
    assert tagger("playlist", *order, "--model", "energy-1").code == 0


def test_a_playlist_in_another_order_needs_no_energy(tagger: Tagger, music: Path) -> None:
    tagger("scan", music, "--model", "tempo-1", "-q")
    for sort, expected in (("path", ["a.flac", "b.flac"]), ("bpm", ["b.flac", "a.flac"])):
        tracks = tagger("playlist", "--sort", sort, "--format", "json").json
        assert [Path(track["path"]).name for track in tracks] == expected
        assert {
            track[key] for track in tracks for key in ("genre", "genre_confidence", "energy", "energy_level")
        } == {None}
    root = ET.fromstring(tagger("playlist", "--sort", "path", "--format", "xspf").out)
    extension = next(root.iter("{http://xspf.org/ns/0/}extension"))
    assert [element.tag for element in extension] == [f"{XSPF}bpm"]
    rule = json.loads(tagger("playlist", "--sort", "path", "--format", "nsp").out)
    assert "energy" not in json.dumps(rule)


def test_a_playlist_of_what_sounds_alike_needs_no_energy_unless_it_is_sorted_by_it(
    tagger: Tagger, music: Path
) -> None:
    tagger("scan", music, "--model", "genre-1", "-q")
    assert tagger("playlist", "--like", music / "a.flac", "--format", "paths").out == f"{music}/b.flac\n"
    line = only_line(tagger("playlist", "--like", music / "a.flac", "--sort", "energy"))
    assert line.startswith("genre-1 predicts no energy; ")


def test_a_playlist_that_fails_for_want_of_energy_stops_no_other(
    tagger: Tagger, music: Path, tmp_path: Path
) -> None:
    tagger("scan", music, "--model", "genre-1", "-q")
    (tmp_path / "lists.toml").write_text('[A]\noutput="a.m3u8"\n[B]\nsort="path"\noutput="b.m3u8"\n')
    result = tagger("playlists", "apply", tmp_path / "lists.toml")
    assert result.code == 1 and "tagger: [A] genre-1 predicts no energy; " in result.err
    assert not (tmp_path / "a.m3u8").exists() and (tmp_path / "b.m3u8").read_text().count(".flac") == 2


@pytest.mark.parametrize("command", ["list", "playlist", "stats"])
@pytest.mark.parametrize(
    ("model", "option", "value", "aspect"),
    [
        ("tempo-1", "--genre", "Rock", "genre"),
        ("tempo-1", "--not-genre", "Rock", "genre"),
        ("energy-1", "--min-confidence", "0.5", "genre"),
        ("genre-1", "--energy", "high", "energy"),
    ],
)
def test_a_filter_on_what_is_not_predicted_is_one_line(
    tagger: Tagger, music: Path, command: str, model: str, option: str, value: str, aspect: str
) -> None:
    tagger("scan", music, "--model", model, "-q")
    sort = ("--sort", "path") if command == "playlist" else ()
    how = f"scan with a model that does (--model {DEFAULT_MODEL}) or leave out {option}"
    assert only_line(tagger(command, option, value, *sort)) == f"{model} predicts no {aspect}; {how}"


def test_a_model_that_is_installed_no_more_is_known_by_its_answers(
    tagger: Tagger, music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagger("scan", music, "--model", "genre-1", "-q")
    monkeypatch.setattr(folders, "models_folder", lambda: str(tmp_path))
    assert only_line(tagger("playlist")).startswith("genre-1 predicts no energy; ")
    assert only_line(tagger("list", "--energy", "high")).startswith("genre-1 predicts no energy; ")
    assert only_line(tagger("write-tags", "--yes", "--genre", "never")).startswith("nothing to write: ")
    assert tagger("playlist", "--sort", "path").out.count(".flac") == 2


def test_like_says_when_a_model_keeps_nothing_to_compare_by(tagger: Tagger, music: Path, db: Path) -> None:
    file, recording, answer = parts(analysed(str(music / "a.flac"), model="tempo-1"))
    with Store.open(str(db), create=True) as store:
        store.record_batch(
            [Analysis(file, recording, replace(answer, embedding=np.zeros(0, np.float16)))], []
        )
    assert only_line(tagger("playlist", "--like", music / "a.flac")) == (
        "tempo-1 cannot tell what sounds alike; choose another --model or leave out --like"
    )


def test_tags_are_written_of_what_is_known(tagger: Tagger, music: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    path.write_bytes((music / "a.flac").read_bytes())
    tagger("scan", path, "--model", "tempo-1", "-q")
    assert tagger("write-tags", "--yes", "--min-confidence", "0").code == 0
    tags = read(str(path))
    assert (tags.genres, tags.energy, tags.energy_level) == ((), None, None)
    assert tags.bpm is not None
    tagger("scan", path, "--model", "genre-1", "-q")
    assert tagger("write-tags", "--yes", "--min-confidence", "0").code == 0
    tags = read(str(path))
    assert (len(tags.genres), tags.energy, tags.energy_level) == (1, None, None)


def test_write_tags_says_when_nothing_could_be_written(tagger: Tagger, music: Path) -> None:
    tagger("scan", music, "--model", "tempo-1", "-q")
    assert only_line(tagger("write-tags", "--yes", "--bpm", "never")) == (
        "nothing to write: the options forbid all that tempo-1 predicts (tempo); allow some"
    )
    assert only_line(tagger("write-tags", "--yes", "--target-precision", "0.9")).startswith(
        "tempo-1 predicts no genre; "
    )
    tagger("scan", music, "--model", "genre-1", "-q")
    assert "forbid all that genre-1 predicts (genre)" in only_line(
        tagger("write-tags", "--yes", "--genre", "never")
    )
    both = only_line(tagger("write-tags", "--yes", "--genre", "never", "--model", "genre-1", "--no-energy"))
    assert "forbid all that genre-1 predicts (genre)" in both


def test_models_without_energy_are_compared_by_genre(tagger: Tagger, music: Path) -> None:
    for model in (DEFAULT_MODEL, "genre-1"):
        tagger("scan", music, "--model", model, "-q")
    compared = tagger("models", "compare", DEFAULT_MODEL, "genre-1")
    assert compared.code == 0
    assert compared.out.splitlines()[0] == "2 tracks compared: 2 by stored answers"
    assert compared.out.splitlines()[-1].split() == ["all", "2", "2", "0.0%", "–", "–"]
    found = tagger("models", "compare", "genre-1", DEFAULT_MODEL, "--json").json
    assert (found["changed"], found["energy_difference"], found["levels_changed"]) == (0, None, None)


def test_models_without_genre_cannot_be_compared(tagger: Tagger, music: Path) -> None:
    tagger("scan", music, "--model", "tempo-1", "-q")
    for other in (DEFAULT_MODEL, "energy-1"):
        assert only_line(tagger("models", "compare", "tempo-1", other)) == (
            "tempo-1 predicts no genre, by which tracks are compared; name a model that does"
        )
