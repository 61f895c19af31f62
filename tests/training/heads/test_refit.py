"""Heads are fitted to what a model hears, and written beside its others."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tagger.errors import TaggerError
from tagger.heads import Heads
from tagger.model_card import DEFAULT_MODEL, WEIGHTS_FILE, load_card
from tagger.model_card.write_heads import trunk_sha256
from tagger.training.datasets.layouts import read_table
from tagger.training.evaluation import predict_files
from tagger.training.heads import STYLES, fit_heads, hear, refit
from tagger.training.teacher import TAG_NAMES
from tagger.types import Prediction
from tests.training.heads.clips import TAGS
from tests.training.heads.conftest import N


def test_clips_are_heard_as_a_scan_hears_them(data: str) -> None:
    heard = hear(data, load_card(DEFAULT_MODEL), jobs=1)
    assert len(heard.clips) == N + 24
    assert heard.is_extra.tolist() == [False] * N + [True] * 24
    assert np.array_equal(heard.embeddings[:24], heard.embeddings[N:])
    assert np.array_equal(heard.embeddings, heard.embeddings.astype(np.float16))
    assert heard.tags[:3, TAGS.index("mtt:piano")] == pytest.approx([0.9, 0.02, 0.82], abs=0.011)
    assert {clip.subgenre for clip in heard.clips} == {"", "speedcore", "ambient"}


def test_a_refitted_model_keeps_its_trunk_and_its_other_heads(data: str, tmp_path: Path) -> None:
    shipped = load_card(DEFAULT_MODEL)
    fitted = refit(DEFAULT_MODEL, data, str(tmp_path / "mine"), jobs=1, n_resamples=5)
    card = load_card(str(tmp_path / "mine"))
    assert card.id == "mine"
    before, after = (load_file(os.path.join(c.folder, WEIGHTS_FILE)) for c in (shipped, card))
    beside = ("words_head", "styles_head", "valence_head")
    assert all(np.array_equal(before[n], after[n]) for n in before if n.split(".")[0] not in beside)
    assert trunk_sha256(os.path.join(card.folder, WEIGHTS_FILE)) == shipped.trunk_sha256
    kept = ("genre", "energy", "tempo")
    assert [card.head_versions[n] for n in kept] == [shipped.head_versions[n] for n in kept]
    assert card.training["heads"] == json.loads(json.dumps(fitted.facts))
    assert card.styles == ("Hardcore", "Ambient")
    assert "Piano" in [word.name for word in card.words]


def test_its_heads_say_what_they_were_taught(data: str, tmp_path: Path) -> None:
    refit(DEFAULT_MODEL, data, str(tmp_path / "mine"), jobs=1, n_resamples=5)
    card = load_card(str(tmp_path / "mine"))
    heard = hear(data, card, jobs=1)
    test = heard.rows(heard.is_in(("test",)))
    said = Heads(card).describe(test.embeddings.astype(np.float16))
    pianos, of = [one.words["Piano"] for one in said], [clip.quadrant for clip in test.clips]
    piano = {quadrant: [p for p, q in zip(pianos, of, strict=True) if q == quadrant] for quadrant in (2, 4)}
    assert max(piano[2]) < 0.5 < max(piano[4])
    assert max(piano[2]) < min(piano[4])
    styles = [max(("Hardcore", "Ambient"), key=one.words.__getitem__) for one in said]
    assert styles == ["Hardcore" if clip.quadrant == 2 else "Ambient" for clip in test.clips]
    assert [(one.valence or 0) > 0.5 for one in said] == [clip.quadrant == 4 for clip in test.clips]


def test_a_folder_that_is_there_is_not_written_over(data: str, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(TaggerError, match="mine: is there already; give the folder another name"):
        refit(DEFAULT_MODEL, data, str(tmp_path / "mine"), jobs=1)


def test_clips_of_which_nothing_is_known_give_no_heads(data: str) -> None:
    heard = hear(data, load_card(DEFAULT_MODEL), jobs=1)
    silent_teacher = np.full_like(heard.tags, np.nan)
    unknown = heard.rows(np.array([not clip.subgenre for clip in heard.clips]))
    fitted = fit_heads(
        type(heard)(unknown.clips, unknown.embeddings, silent_teacher[:N], unknown.is_extra),
        np.zeros(N),
        n_resamples=5,
    )
    assert list(fitted.fields) == ["mood"]


@pytest.mark.shared_data
def test_the_shared_teacher_has_the_tags_in_our_order(shared_data: str) -> None:
    stored = np.load(os.path.join(shared_data, "teacher.npz"))
    assert {name: tuple(map(str, stored[f"{name}_labels"])) for name in TAG_NAMES} == TAG_NAMES


@pytest.mark.shared_data
def test_every_subgenre_of_a_style_has_excerpts(shared_data: str) -> None:
    there = {clip.subgenre for clip in read_table(os.path.join(shared_data, "more"), ratings=())}
    assert {subgenre for of_style in STYLES.values() for subgenre in of_style} - there == set()


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.parametrize(("model", "least"), [("standard", 0.85), ("small", 0.75)])
def test_the_shipped_styles_are_those_that_were_learned(model: str, least: float, shared_data: str) -> None:
    more = os.path.join(shared_data, "more")
    of = {subgenre: name for name, subgenres in STYLES.items() for subgenre in subgenres}
    clips = [clip for clip in read_table(more, ratings=()) if clip.subgenre in of][::5]
    card = load_card(model)
    answers = predict_files([os.path.join(more, clip.path) for clip in clips], card, jobs=2, device="cpu")
    said = [
        max(card.styles, key=answer.words.__getitem__) for answer in answers if isinstance(answer, Prediction)
    ]
    right = [one == of[clip.subgenre] for one, clip in zip(said, clips, strict=True)]
    assert np.mean(right) > least
