"""`tagger models compare` with real models on real sounds."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tagger.model_card import DEFAULT_MODEL, WEIGHTS_FILE, load_card
from tagger.model_card.write_heads import versioned
from tagger.store import Store
from tests.cli.conftest import Tagger
from tests.sounds import make_sound
from tests.store.store_answers import analysed

N = 4


def other_model(folder: Path, name: str, same_trunk: bool = True) -> Path:
    """A model whose heads name the genres the other way round and predict more energy."""
    shutil.copytree(load_card(DEFAULT_MODEL).folder, folder / name)
    weights = load_file(folder / name / WEIGHTS_FILE)
    for part in ("weight", "bias"):
        weights[f"genre_head.{part}"] = np.ascontiguousarray(weights[f"genre_head.{part}"][::-1])
    weights["energy_head.bias"] += 0.3
    save_file(weights, folder / name / WEIGHTS_FILE)
    digest = hashlib.sha256((folder / name / WEIGHTS_FILE).read_bytes()).hexdigest()
    fields = json.loads((folder / name / "model.json").read_text()) | {"id": name, "weights_sha256": digest}
    fields["heads"] = versioned(fields["heads"], str(folder / name))
    if not same_trunk:
        fields["trunk_sha256"] = "0" * 64
    (folder / name / "model.json").write_text(json.dumps(fields))
    return folder / name


@pytest.fixture
def music(tagger: Tagger, tmp_path: Path) -> Path:
    """Sounds of one window, scanned with the default model."""
    folder = tmp_path / "music"
    folder.mkdir()
    random = np.random.default_rng(0)
    for n in range(N):
        hiss = random.normal(0, 0.1, (1, 88_200))
        samples = np.clip(np.cumsum(hiss, axis=1) if n % 2 else hiss, -1, 1)
        make_sound(folder / f"{n}.flac", samples=samples.astype(np.float32))
    assert tagger("scan", folder, "--quiet").code == 0
    return folder


def test_heads_on_stored_embeddings_analysis_and_a_scan_find_the_same(
    tagger: Tagger, music: Path, tmp_path: Path, db: Path
) -> None:
    """Of one window, the head of the mean is the mean of the heads."""
    by_heads = tagger("models", "compare", DEFAULT_MODEL, other_model(tmp_path, "turned"), "--json")
    assert (by_heads.code, by_heads.err) == (0, "")
    found = by_heads.json
    assert [found[key] for key in ("tracks", "stored", "by_heads", "heard", "left")] == [N, 0, N, 0, 0]
    turned = dict(
        zip(load_card(DEFAULT_MODEL).genres, reversed(load_card(DEFAULT_MODEL).genres), strict=True)
    )
    assert found["changed"] == N
    assert all(change["to"] == turned[change["from"]] for change in found["changes"])

    other = other_model(tmp_path, "other", same_trunk=False)
    by_ear = tagger("models", "compare", DEFAULT_MODEL, other, "--json")
    assert "4 tracks would have to be analysed with other; analyses 4 now" in by_ear.err
    assert by_ear.json["heard"] == N
    with Store.open(str(db), create=False) as store:
        assert store.answers.models() == [DEFAULT_MODEL]

    tagger("scan", music, "--quiet", "--model", other)
    stored = tagger("models", "compare", DEFAULT_MODEL, other, "--json").json
    assert stored["stored"] == N
    for key in ("changed", "changes"):
        assert found[key] == by_ear.json[key] == stored[key]
    assert found["energy_difference"] == pytest.approx(stored["energy_difference"], abs=2e-3)
    assert by_ear.json["energy_difference"] == pytest.approx(stored["energy_difference"], abs=2e-3)


def test_no_more_are_analysed_than_asked_for_and_the_rest_is_reported(
    tagger: Tagger, music: Path, tmp_path: Path
) -> None:
    other = other_model(tmp_path, "other", same_trunk=False)
    (music / "0.flac").unlink()
    two = tagger("models", "compare", DEFAULT_MODEL, other, music, "--limit", "0")
    assert (two.code, two.out) == (0, "0 tracks compared: 4 not compared\n")
    assert "4 tracks would have to be analysed with other; analyses 0 now" in two.err
    result = tagger("models", "compare", DEFAULT_MODEL, other, music, "--json")
    assert (result.code, result.json["heard"], result.json["failed"], result.json["left"]) == (1, 3, 1, 1)
    assert "0.flac: " in result.err
    assert "1 could not be analysed" in result.err


def test_the_model_of_the_last_scan_is_compared_when_one_is_named(
    tagger: Tagger, music: Path, tmp_path: Path
) -> None:
    other = other_model(tmp_path, "other", same_trunk=False)
    named = tagger("models", "compare", DEFAULT_MODEL, other, "--json").json
    for words in ((other,), (other, music), (other, music / "0.flac", music)):
        found = tagger("models", "compare", *words, "--json")
        assert found.code == 0
        assert found.json == named
    (music / "sub").mkdir()
    shutil.copy(music / "0.flac", music / "sub" / "4.flac")
    tagger("scan", music, "--quiet")
    assert tagger("models", "compare", other, music / "sub", "--json").json["tracks"] == 1
    wrong = tagger("models", "compare", DEFAULT_MODEL)
    assert (wrong.code, wrong.err) == (
        2,
        f"tagger: only {DEFAULT_MODEL} has analysed the music; name a model to compare with it\n",
    )
    for words in ((other, "no-such-model"), ("no-such-model",)):
        assert "no model named 'no-such-model'" in tagger("models", "compare", *words).err
    assert "no such file or folder" in tagger("models", "compare", other, music / "none").err
    tagger("scan", music, "--quiet", "--model", other)
    for new, old in ((DEFAULT_MODEL, "other"), (other, DEFAULT_MODEL)):
        found = tagger("models", "compare", new, "--json").json
        assert (found["old"], found["stored"]) == (old, 5)


def test_the_examples_on_the_help_page_work_after_a_scan(tagger: Tagger, music: Path) -> None:
    shown = tagger("help", "models").out
    examples = [line.split()[1:] for line in shown.splitlines() if line.startswith("tagger models compare")]
    assert ["models", "compare", "small"] in examples
    result = tagger("models", "compare", "small", "--json")
    assert (result.code, result.json["old"], result.json["heard"]) == (0, DEFAULT_MODEL, N)


def test_figures_are_words_for_people_and_keys_for_programs(tagger: Tagger) -> None:
    text = " ".join(tagger("models").out.split())
    assert "right first time 62 %, among the first three 82 %, confidence off by 6 %, tempo within" in text
    assert "right first time 57 %, among the first three 79 %" in text  # of small, as the manual has it
    assert "hit" not in text.split() and "hit_top3" not in text
    (standard,) = [card for card in tagger("models", "--json").json if card["id"] == DEFAULT_MODEL]
    assert {"hit", "hit_top3", "deam_r"} <= standard["figures"].keys()


@pytest.fixture
def library(db: Path) -> Path:
    """Answers of two models that are not installed."""
    tracks = [("a", "Rock", "Rock", 0.52), ("b", "Rock", "Metal", 0.92), ("c", "Jazz", "Jazz", 0.5)]
    with Store.open(str(db), create=True) as store:
        store.record_batch([analysed(f"/m/{name}", old, model="gone-1") for name, old, *_ in tracks], [])
        store.record_batch(
            [analysed(f"/m/{name}", new, energy, model="gone-2") for name, _, new, energy in tracks], []
        )
        store.record_batch([analysed("/n/d", "Jazz", model="gone-1")], [])
    return db


def test_the_table_has_a_line_a_genre(tagger: Tagger, library: Path) -> None:
    result = tagger("models", "compare", "gone-1", "gone-2")
    assert result.out.splitlines() == [
        "3 tracks compared: 3 by stored answers, 1 not compared",
        "",
        "genre           gone-1  gone-2  changed  energy  levels",
        "Rock                 2       1    50.0%  ±0.220       2",
        "Jazz                 1       1     0.0%  ±0.000       0",
        "Metal                0       1        –       –       –",
        "all                  3       3    33.3%  ±0.147       2",
        "",
        "most changes of genre",
        "        1 Rock → Metal",
    ]
    assert "gone-2, which is not installed any more, has not analysed 1 track" in result.err
    assert result.code == 0


def test_only_the_named_paths_are_compared(tagger: Tagger, library: Path, tmp_path: Path) -> None:
    with Store.open(str(library), create=False) as store:
        store.record_batch(
            [analysed(str(tmp_path), "Jazz", model=model) for model in ("gone-1", "gone-2")], []
        )
    assert tagger("models", "compare", "gone-1", "gone-2", tmp_path, "--json").json["tracks"] == 1


def test_a_path_without_tracks_is_reported(tagger: Tagger, library: Path, tmp_path: Path) -> None:
    result = tagger("models", "compare", "gone-1", "gone-2", tmp_path)
    assert (result.code, result.out) == (0, "0 tracks compared: none in the database\n")
    assert result.err == f"tagger: {tmp_path}: no track in the database; `tagger scan` it first\n"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("crnn-9", "gone-2"), "no model named 'crnn-9'"),
        (("gone-1", "crnn-9"), "no model named 'crnn-9'"),
        ((DEFAULT_MODEL, "gone-1"), f"no answers of {DEFAULT_MODEL} in the database; it has those of gone-1"),
        (("gone-1", "gone-1"), "both models are named gone-1"),
        (("gone-1", "gone-2", "--device", "tpu"), "--device tpu: give auto, cpu, cuda or mps"),
        (("gone-1", "gone-2", "/no/such/folder"), "/no/such/folder: no such file or folder"),
    ],
)
def test_wrong_usage_is_one_line(tagger: Tagger, library: Path, args: tuple[str, ...], words: str) -> None:
    result = tagger("models", "compare", *args)
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert words in result.err


def test_bare_models_still_lists_and_takes_no_options_for_another_command(
    tagger: Tagger, library: Path
) -> None:
    assert f"{DEFAULT_MODEL} 1, the default: 0 tracks in the database\n" in tagger("models").out
    for option in (("--json",), ("--db", str(library))):
        result = tagger("models", *option, "compare", "gone-1", "gone-2")
        assert (result.code, result.out) == (2, "")
        assert "belong behind `compare`" in result.err


def test_stored_answers_are_compared_without_torch(library: Path) -> None:
    code = (
        "import sys; sys.argv = ['tagger', 'models', 'compare', 'gone-1', 'gone-2']\n"
        "import tagger.cli\n"
        "try: tagger.cli.main()\n"
        "except SystemExit: print(*sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.startswith("3 tracks compared")
    assert not {"torch", "av", "librosa", "loky"} & set(out.splitlines()[-1].split())
