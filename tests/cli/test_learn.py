"""`tagger learn` on real sounds: a model of one's own genres, whose answers decode nothing."""

import json
import sqlite3
from pathlib import Path

import mutagen
import numpy as np
import pytest

from tests.cli.conftest import Tagger
from tests.sounds import make_sound

WORDS = ("Humming", "Hissing")


@pytest.fixture
def music(tagger: Tagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve sounds of two kinds by three artists each, ten of them tagged with words of the owner's."""
    monkeypatch.setenv("TAGGER_MODELS", str(tmp_path / "models"))
    folder = tmp_path / "music"
    folder.mkdir()
    random = np.random.default_rng(0)
    time_s = np.arange(5 * 44_100) / 44_100
    for n in range(12):
        hum = np.sin(2 * np.pi * (200 + 20 * n) * time_s) * (1 + np.sin(2 * np.pi * 2 * time_s))
        samples = 0.3 * hum if n % 2 == 0 else random.normal(0, 0.1 + 0.01 * n, len(time_s))
        make_sound(folder / f"{n}.flac", samples=samples[None].astype(np.float32))
        file = mutagen.File(folder / f"{n}.flac")
        file["artist"] = f"{WORDS[n % 2]} artist {n // 2 % 3}"
        if n < 10:
            file["genre"] = WORDS[n % 2] if n > 1 else WORDS[n % 2].upper()
            file["energylevel"] = str(3 + 4 * (n % 2))
        file.save()
    assert tagger("scan", folder, "--quiet").code == 0
    return folder


def test_one_s_own_words_are_learned_and_answer_without_a_file(tagger: Tagger, music: Path, db: Path) -> None:
    learned = tagger("learn", "mine", "--json")
    assert (learned.code, learned.err.count("\n")) == (0, 1)
    assert learned.json["model"] == "mine-1" and learned.json["tracks"] == 10
    assert list(learned.json["genres"]) == ["Hissing", "Humming"]
    assert learned.json["genres"]["Hissing"]["tracks"] == 5
    assert learned.json["accuracy"] == 1.0
    for path in music.iterdir():
        path.rename(path.with_suffix(".gone"))  # nothing is decoded
    moved = tagger("scan", music, "--model", "mine", "--json")
    assert (moved.json["reread"], moved.json["analysed"]) == (12, 0)
    found = tagger("list", "--model", "mine", "--json").json
    expected = {f"{n}.flac": WORDS[n % 2] for n in range(12)}
    assert {Path(track["path"]).name: track["genre"] for track in found} == expected
    assert tagger("list", "--genre", "humming", "--model", "mine", "--json").json != []
    standard = tagger("list", "--model", "standard", "--json").json
    assert [track["energy"] for track in found] == [track["energy"] for track in standard]


def test_a_new_file_is_heard_by_the_learned_model(tagger: Tagger, music: Path) -> None:
    tagger("learn", "mine", "--quiet")
    random = np.random.default_rng(9)
    make_sound(music / "new.flac", samples=random.normal(0, 0.2, (1, 5 * 44_100)).astype(np.float32))
    counts = tagger("scan", music, "--model", "mine", "--json").json
    assert (counts["reread"], counts["analysed"]) == (12, 1)
    (track,) = tagger("list", music / "new.flac", "--json").json
    assert track["genre"] == "Hissing"


def test_a_model_of_two_trunks_can_be_learned_from(tagger: Tagger, music: Path, tmp_path: Path) -> None:
    assert tagger("scan", music, "--model", "thorough", "--quiet").code == 0
    assert tagger("learn", "mine", "--model", "thorough", "--json").json["accuracy"] == 1.0
    random = np.random.default_rng(9)
    make_sound(music / "new.flac", samples=random.normal(0, 0.2, (1, 5 * 44_100)).astype(np.float32))
    counts = tagger("scan", music, "--model", "mine", "--json").json
    assert (counts["reread"], counts["analysed"]) == (12, 1)
    (track,) = tagger("list", music / "new.flac", "--json").json
    assert track["genre"] == "Hissing"
    files = {path.name for path in (tmp_path / "models/mine-1").iterdir()}
    assert files == {"CARD.md", "NOTICE.md", "model.json", "model.safetensors"}


def test_nothing_new_is_not_learned_again_and_only_what_is_better_replaces(
    tagger: Tagger, music: Path, db: Path
) -> None:
    assert tagger("learn", "mine", "--if-changed", "--quiet").code == 0
    again = tagger("learn", "mine", "--if-changed", "--json")
    assert (again.json["model"], again.json["outcome"]) == ("mine-1", "unchanged")
    with sqlite3.connect(db) as connection:  # as if the owner had changed a tag
        connection.execute("UPDATE tracks SET tag_genres = '[\"Hissing\"]' WHERE path LIKE '%/10.flac'")
    worse = tagger("learn", "mine", "--if-changed")
    assert worse.err.startswith("tagger: mine-1 stays: a new head is right for ")
    assert tagger("learn", "mine", "--json").json["model"] == "mine-2"


def test_two_versions_are_kept_with_their_answers(
    tagger: Tagger, music: Path, db: Path, tmp_path: Path
) -> None:
    for _ in range(3):
        tagger("learn", "mine", "--quiet")
        tagger("scan", music, "--model", "mine", "--quiet")
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == ["mine-2", "mine-3"]
    with sqlite3.connect(db) as connection:
        models = {model for (model,) in connection.execute("SELECT DISTINCT model FROM predictions")}
        assert connection.execute("SELECT count(*) FROM embeddings").fetchone() == (12,)
    assert {"mine-2", "mine-3"} <= models and "mine-1" not in models
    base = json.loads((tmp_path / "models/mine-3/model.json").read_text())["training"]["base"]
    assert base.startswith("standard-")


def test_one_s_own_energy_levels_are_learned(tagger: Tagger, music: Path, db: Path) -> None:
    refused = tagger("learn", "mine", "--energy")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "too few energy levels to learn from: 10 tracks have one of your own" in refused.err


def test_what_is_missing_is_one_line(tagger: Tagger, music: Path) -> None:
    for arguments, words in (
        (("mine", "--from-corrections"), "no track has corrections; tag some, or correct some"),
        (("mine", "--genres", "Humming"), "only Humming has 5 tracks of 2 artists or albums"),
        (("mine", "--min-tracks", "9"), "no genre has 9 tracks"),
        (("standard",), "are models of the program"),
        (("../mine",), "cannot name a folder"),
        (("mine", "--model", "none"), "no model named 'none'"),
    ):
        result = tagger("learn", *arguments)
        assert (result.code, result.out, result.err.count("\n")) == (2, "", 1), result.err
        assert words in result.err


def test_the_model_s_own_genres_stay_where_they_are_asked_for(tagger: Tagger, music: Path) -> None:
    learned = tagger("learn", "mine", "--keep-ours", "--json").json
    assert {"Hissing", "Humming"} <= set(learned["genres"])


def test_figures_and_confusions_are_a_table(tagger: Tagger, music: Path) -> None:
    result = tagger("learn", "mine")
    lines = result.out.splitlines()
    assert lines[0].split()[:4] == ["genre", "tracks", "precision", "recall"]
    assert lines[1].split()[:4] == ["Hissing", "5", "100%", "100%"]
    assert "mine-1 learned in" in result.err and "`tagger scan --model mine`" in result.err
