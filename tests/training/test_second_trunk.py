"""A model of two trunks, made of a trained network and MusiCNN."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tagger.errors import ModelError, TaggerError
from tagger.heads import Heads
from tagger.model_card import WEIGHTS_FILE, ModelCard, load_card, shares_trunk
from tagger.model_card.write_heads import trunk_sha256
from tagger.nets import load_network
from tagger.predict import Predictor
from tagger.training.evaluation import predict_files, predict_ms
from tagger.training.loop import weights_of
from tagger.training.second_trunk import build
from tagger.types import Prediction
from tests.labelled_music import make_clips
from tests.training.made_musicnn import N_EMBEDDING, made_weights, make_wheel

BASE = "small"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_wheel(tmp_path_factory.mktemp("package") / "musicnn.whl", made_weights())


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def joined(wheel: str, clips: str, tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    out = tmp_path_factory.mktemp("models") / "both-1"
    return load_card(build(BASE, wheel, clips, str(out), jobs=1, n_resamples=2))


def answers(model: ModelCard, clips: str) -> list[Prediction]:
    found = predict_files([os.path.join(clips, f"{i}.wav") for i in range(6)], model, jobs=1)
    assert all(isinstance(one, Prediction) for one in found)
    return [one for one in found if isinstance(one, Prediction)]


def test_both_embeddings_are_kept_one_behind_the_other(joined: ModelCard, clips: str) -> None:
    base = load_card(BASE)
    size = Heads(base).embedding_dim
    assert Heads(joined).embedding_dim == size + N_EMBEDDING
    for one, of_base in zip(answers(joined, clips), answers(base, clips), strict=True):
        assert np.array_equal(one.embedding[:size], of_base.embedding)
        assert one.embedding[size:].std() > 0.01


def test_energy_and_tempo_are_those_of_the_first_network(joined: ModelCard, clips: str) -> None:
    for one, of_base in zip(answers(joined, clips), answers(load_card(BASE), clips), strict=True):
        assert one.energy == pytest.approx(of_base.energy, abs=1e-5)
        assert (one.bpm, one.bpm_confidence) == (of_base.bpm, of_base.bpm_confidence)


def test_genres_are_learned_by_the_second_embedding_too(joined: ModelCard, clips: str) -> None:
    size = Heads(load_card(BASE)).embedding_dim
    head = load_file(os.path.join(joined.folder, WEIGHTS_FILE))["genre_head.weight"]
    embeddings = np.array([one.embedding[size:] for one in answers(joined, clips)], float)
    logits = embeddings @ head[:, size:].T
    electronic, classical = (logits[:, joined.genres.index(genre)] for genre in ("Electronic", "Classical"))
    assert (electronic - classical)[1::2].min() > (electronic - classical)[::2].max()
    assert joined.genre_precision.keys() == joined.base_rates.keys() == set(joined.genres)


def test_its_trunk_is_another_one(joined: ModelCard) -> None:
    assert joined.trunk_sha256 == trunk_sha256(os.path.join(joined.folder, WEIGHTS_FILE))
    assert not shares_trunk(joined, load_card(BASE))
    assert joined.training["first"] == load_card(BASE).id


def test_training_can_begin_with_its_first_network(joined: ModelCard) -> None:
    own, of_base = weights_of(joined.folder), weights_of(BASE)
    assert own.keys() == of_base.keys()
    assert {name: t.shape for name, t in own.items()} == {name: t.shape for name, t in of_base.items()}


def test_the_licence_of_musicnn_lies_beside_its_weights(joined: ModelCard) -> None:
    assert "Copyright (c) of a test" in Path(joined.folder, "NOTICE.md").read_text()


def test_what_a_track_costs_counts_both_networks(joined: ModelCard) -> None:
    assert predict_ms(joined, repeats=3) > predict_ms(load_card(BASE), repeats=3)


def test_heads_that_do_not_read_both_are_refused(joined: ModelCard, tmp_path: Path) -> None:
    card = load_card(BASE)
    fields = json.loads(Path(card.folder, "model.json").read_text())
    fields |= {"format": 3, "second": json.loads(Path(joined.folder, "model.json").read_text())["second"]}
    fields["weights_sha256"] = _mixed(tmp_path, card, joined)
    (tmp_path / "model.json").write_text(json.dumps(fields))
    with pytest.raises(ModelError, match="its heads do not read both embeddings"):
        Predictor(load_card(str(tmp_path)))


@pytest.mark.parametrize("load", [Predictor, load_network])
def test_heads_that_are_no_matrices_are_refused(
    load: Callable[[ModelCard], object], joined: ModelCard, tmp_path: Path
) -> None:
    weights = load_file(os.path.join(joined.folder, WEIGHTS_FILE))
    save_file(weights | {"genre_head.weight": np.zeros(3, np.float32)}, tmp_path / WEIGHTS_FILE)
    fields = json.loads(Path(joined.folder, "model.json").read_text())
    fields["weights_sha256"] = hashlib.sha256((tmp_path / WEIGHTS_FILE).read_bytes()).hexdigest()
    (tmp_path / "model.json").write_text(json.dumps(fields))
    with pytest.raises(ModelError, match=r"does not fit its model\.json"):
        load(load_card(str(tmp_path)))


def _mixed(folder: Path, one: ModelCard, other: ModelCard) -> str:
    """Put the second trunk of the other model beside the weights of one; gives the SHA-256 of the file."""
    weights, more = (load_file(os.path.join(card.folder, WEIGHTS_FILE)) for card in (one, other))
    save_file(weights | {n: a for n, a in more.items() if n.startswith("second.")}, folder / WEIGHTS_FILE)
    return hashlib.sha256((folder / WEIGHTS_FILE).read_bytes()).hexdigest()


def test_a_folder_that_is_there_and_a_base_of_two_trunks_are_refused(
    joined: ModelCard, wheel: str, clips: str, tmp_path: Path
) -> None:
    with pytest.raises(TaggerError, match="is there already"):
        build(BASE, wheel, clips, str(tmp_path), jobs=1)
    with pytest.raises(TaggerError, match="is no model of one CRNN"):
        build(joined.folder, wheel, clips, str(tmp_path / "out"), jobs=1)
