"""Every recipe is what it says, trains, and is a model that a scan can use."""

import json
import logging
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tagger.errors import BusyError, TaggerError
from tagger.files import AudioFile
from tagger.model_card import load_card
from tagger.nets import Backbone, build
from tagger.nets.classic import BACKBONES, imagenet_weights, load_imagenet
from tagger.pipeline.extract import extract_features
from tagger.predict import Predictor
from tagger.store import scan_lock
from tagger.training.corpus import Sources
from tagger.training.loop import TrainingState
from tagger.training.recipes import EIGHT_GENRES, RECIPES, Recipe
from tagger.training.results import record, write_table
from tagger.training.settings import Settings
from tagger.training.tempo_training import TempoSettings
from tagger.training.trainer import Run, train_recipe
from tagger.types import TrackFeatures
from tests.labelled_music import make_echonest

CPU = torch.device("cpu")

PARAMETERS = {
    "echonest-mlp": 8 * 90 + 90 + 90 + 1,
    "mfcc-lstm": 384_840,
    "spectrogram-cnn": 46_730_888,
    # Those of torchvision's networks, the last layer made for 8 classes instead of 1,000.
    "resnet18": 11_180_616,
    "alexnet": 57_036_616,
    "vgg11-bn": 128_804_616,
    "squeezenet": 739_528,
    "densenet": 6_962_056,
    "inception-v3": 21_801_960,
}

LARGE = ("alexnet", "vgg11-bn")
"""Their checkpoints take gigabytes: they learn for a moment, and are not written."""

QUICK = ("mfcc-lstm", "mfcc-lstm-frames", "squeezenet")

SOUND_RECIPES = [
    name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
    for name, recipe in RECIPES.items()
    if recipe.input == "sound" and name not in LARGE
]

TINY_CRNN = {"channels": [4, 4, 8, 8, 8], "blocks": [0] * 5, "hidden": 8, "embedding_dim": 8}
TEMPO = TempoSettings(first_steps=2, steps=2, rhythms=4, batch_size=4, annotated=1, made_up=2)


def moment_of(recipe: Recipe) -> Settings:
    """Its settings, but for a moment's work."""
    network = dict(recipe.settings.network)
    if network["name"] == "crnn":
        network = {"name": "crnn", **TINY_CRNN}
    if network["name"] == "backbone":
        network["size"] = 80
    return replace(recipe.settings, network=network, epochs=1, batch_size=5)


def sounds_of(clips_folder: str, tmp_path: Path) -> Path:
    """A folder with the same sounds, and no table of them."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in os.listdir(clips_folder):
        if name.endswith(".wav"):
            os.link(os.path.join(clips_folder, name), folder / name)
    return folder


def features_of(path: str, folder: str) -> TrackFeatures:
    features = extract_features(AudioFile(path, 1, 1), folder)
    assert isinstance(features, TrackFeatures)
    return features


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_networks_are_as_large_as_published(name: str) -> None:
    n_mels, n_genres = (8, 2) if name == "echonest-mlp" else (96, 8)
    with torch.device("meta"):  # of which nothing is filled with numbers
        network = build(RECIPES[name].settings.network, n_mels, n_genres)
    assert sum(p.numel() for p in network.parameters() if p.requires_grad) == PARAMETERS[name]


@pytest.mark.parametrize("name", SOUND_RECIPES)
def test_a_recipe_trains_and_is_a_model_of_a_scan(
    name: str, clips_folder: str, cache: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # whoever runs this may have ImageNet's weights
    recipe = RECIPES[name]
    run = Run(Sources(clips_folder, cache, jobs=1, n_rhythms=4), str(tmp_path / "model"))
    result = train_recipe(recipe, run, moment_of(recipe), TEMPO)
    card, predictor = load_card(run.folder), Predictor(load_card(run.folder), "cpu")
    track = features_of(os.path.join(clips_folder, "6.wav"), run.folder)
    (answer,) = predictor.predict([track])
    if recipe.genres:
        assert 0 <= result.figures["test_accuracy"] <= 1
        assert card.genres == recipe.genres
        assert sum(answer.genres.values()) == pytest.approx(1)
        assert answer.genre in recipe.genres
    else:
        assert result.figures["test_rmse_bpm"] >= 0
        assert answer.genre is None
    predicts_energy = recipe.settings.network["name"] == "crnn"
    assert (answer.energy is not None) == predicts_energy
    predicts_tempo = predicts_energy or not recipe.genres
    assert (answer.bpm is not None) == predicts_tempo


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_the_large_image_networks_learn_too(
    name: str, clips_folder: str, cache: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    recipe = RECIPES[name]
    corpus = recipe.corpus(Sources(clips_folder, cache, jobs=1), recipe.genres)
    train = corpus.rows([i for i, clip in enumerate(corpus.clips) if clip.split == "train"][:5])
    assert np.isfinite(TrainingState(train, moment_of(recipe), CPU, recipe.task).epoch(0))


def test_the_vote_of_ten_windows_is_the_mean_of_what_they_say() -> None:
    network = build(RECIPES["window-vote-cnn"].settings.network, 96, 8).eval()
    log_mel = torch.randn(2, 96, 3 * 431) * 10 - 40
    with torch.inference_mode():
        windows = network.window_logits(log_mel).softmax(dim=2)
        voted = network(log_mel).genre_logits.softmax(dim=1)
    assert windows.shape == (2, 10, 8)
    assert torch.allclose(voted, windows.mean(dim=1), atol=1e-6)


def test_imagenet_weights_are_taken_over_but_for_the_last_layer(tmp_path: Path) -> None:
    torch.manual_seed(0)
    source, target = (Backbone(96, n, "squeezenet", 64) for n in (1000, 8))
    path = str(tmp_path / "weights.pth")
    torch.save(source.network.state_dict(), path)
    before = target.network.output.final_conv.weight.detach().clone()
    load_imagenet(target, path)
    first = [n.network.features.init_block.conv.weight for n in (source, target)]
    assert torch.equal(*first)
    assert torch.equal(target.network.output.final_conv.weight, before)


@pytest.mark.parametrize("name", BACKBONES)
def test_imagenet_weights_are_looked_for_where_pytorchcv_puts_them(name: str) -> None:
    assert imagenet_weights(name).startswith(os.path.join(os.path.expanduser("~"), ".torch", "models"))


def test_a_second_seed_joins_the_first_and_the_same_one_replaces_it(tmp_path: Path) -> None:
    make_echonest(tmp_path)
    recipe, results = RECIPES["echonest-mlp"], str(tmp_path / "results")
    run = Run(Sources(str(tmp_path), str(tmp_path / "cache" / "log-mels"), 1), str(tmp_path / "model"))
    for seed in (0, 1, 1):
        result = train_recipe(recipe, run, replace(recipe.settings, epochs=1, seed=seed))
        record(results, result, {"epoch": np.array([1.0]), "loss": np.array([0.2])})
    rows = json.loads((tmp_path / "results" / "recipes" / "echonest-mlp.json").read_text())
    assert [row["settings"]["seed"] for row in rows] == [0, 1]
    assert "| 2 | 1 |" in Path(write_table(results)).read_text(encoding="utf-8")


def test_other_data_brings_its_own_genres(tmp_path: Path) -> None:
    for genre in ("Jazz", "Klezmer"):
        (tmp_path / genre).mkdir()
        for i in range(3):
            (tmp_path / genre / f"{i}.wav").write_bytes(b"")
    clips, genres = Sources(str(tmp_path), "", 1, "folders").clips(EIGHT_GENRES)
    assert genres == ("Jazz", "Klezmer")
    assert {clip.genres for clip in clips} == {("Jazz",), ("Klezmer",)}


def test_a_table_with_labels_of_its_own_brings_its_own_genres(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    rows = [f"{i}.wav,mine,train,{genre}" for i, genre in enumerate(("Rock", "Jazz", "Jazz", "Pop/Rock"))]
    table, sources = tmp_path / "clips.csv", Sources(str(tmp_path), "", 1)
    table.write_text("\n".join(["path,dataset,split,genres", *rows]))
    assert sources.clips(EIGHT_GENRES)[1] == EIGHT_GENRES
    assert caplog.messages == [f"{tmp_path}: labels that the recipe does not take: Jazz (2)"]
    rows += ["7.wav,mine,train,techno; rap", "8.wav,mine,train,Techno;-", "9.wav,mine,train,Techno"]
    table.write_text("\n".join(["path,dataset,split,genres", *rows]))
    clips, genres = sources.clips(EIGHT_GENRES)
    assert genres == ("Hip-Hop", "Jazz", "Metal", "Pop", "Rock", "Techno")
    assert [clip.genres for clip in clips[-3:]] == [("Techno", "Hip-Hop"), ("Techno",), ("Techno",)]
    assert caplog.messages[1:] == [
        f"{tmp_path}: all labels are learned, for there are new ones: Techno (2), techno (1), - (1)",
        f"{tmp_path}: labels that the recipe does not take: - (1)",
    ]


@pytest.mark.slow
def test_a_crnn_of_all_genres_without_ratings_is_trained_to_the_end(
    clips_folder: str, tmp_path: Path
) -> None:
    folder = sounds_of(clips_folder, tmp_path)
    header, *rows = (line.split(",")[:5] for line in Path(clips_folder, "clips.csv").read_text().splitlines())
    (folder / "clips.csv").write_text("\n".join(",".join(row) for row in (header, *rows)))
    recipe = RECIPES["crnn"]
    run = Run(Sources(str(folder), str(tmp_path / "cache" / "log-mels"), 1), str(tmp_path / "model"))
    result = train_recipe(recipe, run, moment_of(recipe), TEMPO)
    assert 0 <= result.figures["test_accuracy"] <= 1
    assert load_card(run.folder).aspects == ("genre",)
    assert (tmp_path / "model" / "CARD.md").exists()
    unlabelled = [[*row[:4], ""] if row[2] == "valid" else row for row in rows]
    (folder / "clips.csv").write_text("\n".join(",".join(row) for row in (header, *unlabelled)))
    with pytest.raises(TaggerError, match="no clip in the split 'valid' is labelled with one of Blues"):
        train_recipe(recipe, run, moment_of(recipe), TEMPO)


@pytest.mark.slow
def test_a_crnn_without_ratings_claims_no_energy(clips_folder: str, tmp_path: Path) -> None:
    folder = tmp_path / "folders"
    for i in range(40):
        genre = ("Jazz", "Klezmer")[i % 2]
        (folder / genre).mkdir(parents=True, exist_ok=True)
        os.link(os.path.join(clips_folder, f"{i % 14}.wav"), folder / genre / f"{i}.wav")
    recipe = RECIPES["crnn"]
    run = Run(Sources(str(folder), str(tmp_path / "cache" / "log-mels"), 1), str(tmp_path / "model"))
    result = train_recipe(recipe, run, moment_of(recipe), TEMPO)
    card = load_card(run.folder)
    assert card.genres == ("Jazz", "Klezmer")
    assert card.aspects == ("genre",)
    assert 0 <= result.figures["test_accuracy"] <= 1
    assert not {"deam_r", "4q_auc"} & card.figures.keys()


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    make_echonest(tmp_path)
    recipe = RECIPES["echonest-mlp"]
    run = Run(Sources(str(tmp_path), str(tmp_path / "cache" / "log-mels"), 1), str(tmp_path / "model"))
    train_recipe(recipe, run, replace(recipe.settings, epochs=2))
    again = train_recipe(recipe, replace(run, resume=True), replace(recipe.settings, epochs=2))
    assert again.facts["epochs"] == 2
    for other in ({"epochs": 3}, {"epochs": 2, "seed": 1}):
        with pytest.raises(TaggerError, match="is of a run on other data or with other options"):
            train_recipe(recipe, replace(run, resume=True), replace(recipe.settings, **other))
    Path(run.checkpoint).write_bytes(b"nonsense")
    with pytest.raises(TaggerError, match="cannot be read"):
        train_recipe(recipe, replace(run, resume=True), replace(recipe.settings, epochs=2))


def test_ten_steps_train_to_the_end(tmp_path: Path) -> None:
    """They ended in a division by zero: one step, a tenth of them, left nothing to rise in."""
    make_echonest(tmp_path)
    recipe = RECIPES["echonest-mlp-deeper"]
    run = Run(Sources(str(tmp_path), str(tmp_path / "cache" / "log-mels"), 1), str(tmp_path / "model"))
    result = train_recipe(recipe, run, replace(recipe.settings, epochs=5, batch_size=18))
    assert result.facts["epochs"] == 5
    assert 18 < result.facts["clips"] <= 36


@pytest.mark.slow
@pytest.mark.parametrize("name", ["window-vote-cnn", "crnn"])
def test_music_of_one_genre_is_trained_to_the_end(name: str, clips_folder: str, tmp_path: Path) -> None:
    folder = sounds_of(clips_folder, tmp_path)
    table = Path(clips_folder, "clips.csv").read_text().replace("Classical", "Electronic")
    table = table.replace("Electronic", "Polka")
    (folder / "clips.csv").write_text(table)
    recipe = RECIPES[name]
    run = Run(Sources(str(folder), str(tmp_path / "cache" / "log-mels"), 1), str(tmp_path / "model"))
    result = train_recipe(recipe, run, moment_of(recipe), TEMPO)
    assert load_card(run.folder).genres == ("Polka",)
    assert result.figures["test_accuracy"] == 1.0


def test_two_runs_do_not_write_one_checkpoint(tmp_path: Path) -> None:
    make_echonest(tmp_path)
    recipe = RECIPES["echonest-mlp"]
    run = Run(Sources(str(tmp_path), str(tmp_path / "cache" / "log-mels"), 1), str(tmp_path / "model"))
    with scan_lock(run.checkpoint), pytest.raises(BusyError, match="another run is writing it"):
        train_recipe(recipe, run, replace(recipe.settings, epochs=1))


def test_a_track_with_an_unknown_feature_teaches_nothing(tmp_path: Path) -> None:
    make_echonest(tmp_path)
    table = tmp_path / "echonest_13129.csv"
    lines = table.read_text().splitlines()
    lines[5] = lines[5].rsplit(",", 1)[0] + ","
    table.write_text("\n".join(lines) + "\n")
    corpus = RECIPES["echonest-mlp"].corpus(Sources(str(tmp_path), "", 1), ("Rock", "Electronic"))
    assert len(corpus.clips) == 58
    assert all(np.isfinite(log_mel).all() for log_mel in corpus.log_mels)


@pytest.mark.parametrize("gone", ["train", "valid", "test"])
def test_a_missing_split_is_one_clear_line(gone: str, clips_folder: str, cache: str, tmp_path: Path) -> None:
    folder = sounds_of(clips_folder, tmp_path)
    lines = Path(clips_folder, "clips.csv").read_text().splitlines()
    (folder / "clips.csv").write_text("\n".join(line for line in lines if f",{gone}," not in line) + "\n")
    recipe = RECIPES["window-vote-cnn"]
    run = Run(Sources(str(folder), str(tmp_path / "cache" / "log-mels"), 1), str(tmp_path / "model"))
    with pytest.raises(TaggerError, match=f"0 of .* clips in the split '{gone}'"):
        train_recipe(recipe, run, moment_of(recipe))


def test_the_tempo_recipe_learns_from_what_another_network_is_sure_of(
    clips_folder: str, cache: str, tmp_path: Path
) -> None:
    """Of clips to train on without a tempo; never of those that it is measured with."""
    folder = tmp_path / "clips"
    shutil.copytree(clips_folder, folder)
    unknown = ("0", "1", "5")  # the last is of the split valid
    table = (folder / "clips.csv").read_text()
    for i in unknown:
        table = table.replace(f",,,{120 + int(i)},6.5\n", ",,,,6.5\n", 1)
    (folder / "clips.csv").write_text(table)
    tempo = np.full((3, 256), 1e-4, np.float32)
    tempo[[0, 2], 90 - 30] = 1.0  # of the second clip it is not sure
    answers = str(tmp_path / "tempos.npz")
    np.savez(answers, path=[f"{i}.wav" for i in unknown], tempo=tempo)
    sources = Sources(str(folder), cache, jobs=1, tempos=answers, n_rhythms=4)
    corpus = RECIPES["tempo-regression"].corpus(sources, ())
    labelled = [clip for clip in corpus.clips if clip.path in {f"{i}.wav" for i in unknown}]
    assert {clip.path for clip in labelled} == {"0.wav"}
    assert len(labelled) == 2
    assert labelled[0].bpm == pytest.approx(90, abs=0.5)
    assert labelled[1].bpm != labelled[0].bpm


@pytest.mark.parametrize(
    ("name", "line"),
    [("window-vote-cnn", "no clip is labelled with one of Classical"), ("tempo-regression", "has a tempo")],
)
def test_data_that_a_recipe_cannot_use_is_one_clear_line(name: str, line: str, tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text("path,dataset,split,genres\na.wav,deam,train,Reggae\n")
    recipe = RECIPES[name]
    with pytest.raises(TaggerError, match=line):
        recipe.corpus(Sources(str(tmp_path), str(tmp_path / "cache" / "log-mels"), 1), recipe.genres)
