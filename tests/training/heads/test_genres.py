"""The genre head learns from the clips of `more`, and says of other music what it said before."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tagger.errors import TaggerError
from tagger.heads import softmax
from tagger.model_card import DEFAULT_MODEL, WEIGHTS_FILE, load_card
from tagger.training.clips import Clip
from tagger.training.heads import Heard, hear, refit_genres, taught
from tagger.training.heads.genres import RARER
from tagger.training.heads.linear import Linear, own_head
from tests.training.heads.clips import DIM, heard

GENRES = ("Jazz", "Latin", "Pop")
N, N_MORE = 3000, 600
FLUTE = 3
"""The place in the embedding that tells the clips of `more` from others."""

OLD = Linear(np.random.default_rng(2).normal(0, 1, (3, DIM)), np.array([0.0, 0.0, 1.0]))


def music(label: str = "Jazz", of_others: str = "Pop") -> Heard:
    """Clips to train on, and more of them that are of one genre and sound otherwise."""
    clips = [Clip(f"{i}", "made", "train", (of_others,), group=str(i)) for i in range(N)]
    clips += [Clip(f"{i}", "flutes", "train", (label,), group=str(i)) for i in range(N_MORE)]
    found = heard(clips, {FLUTE: np.r_[np.zeros(N), np.full(N_MORE, 4.0)]})
    return replace(found, is_extra=np.arange(N + N_MORE) >= N)


def test_what_more_clips_say_is_said_of_those_that_sound_like_them() -> None:
    everything = music()
    head, n_taught = taught(OLD, everything, GENRES)
    flutes = np.random.default_rng(5).normal(0, 1, (200, DIM))
    flutes[:, FLUTE] = 4.0
    before, after = (np.mean(one.logits(flutes).argmax(axis=1) == 0) for one in (OLD, head))
    assert before < 0.6
    assert after > 0.95
    assert n_taught == {"flutes": N_MORE}


def test_other_music_is_answered_as_before_whatever_its_labels_say() -> None:
    everything = music(of_others="Latin")
    head, _ = taught(OLD, everything, GENRES)
    before, after = (softmax(one.logits(everything.embeddings[:N])) for one in (OLD, head))
    assert np.abs(after - before).mean() < 0.05
    assert np.mean(after.argmax(axis=1) == before.argmax(axis=1)) > 0.9


def test_international_is_said_less_readily_than_its_clips_teach() -> None:
    names = ("Jazz", "International", "Pop")
    alike, _ = taught(OLD, music("Latin"), GENRES)
    rarer, _ = taught(OLD, music("International"), names)
    assert np.array_equal(alike.weights, rarer.weights)
    assert alike.bias - rarer.bias == pytest.approx([0, RARER["International"], 0])


def test_clips_without_more_teach_nothing() -> None:
    everything = music()
    with pytest.raises(TaggerError, match="no clip in the folder `more` has a genre"):
        taught(OLD, everything.rows(~everything.is_extra), GENRES)


def test_a_taught_model_differs_in_its_genre_head_alone(data: str, tmp_path: Path) -> None:
    shipped = load_card(DEFAULT_MODEL)
    fields = refit_genres(DEFAULT_MODEL, data, str(tmp_path / "mine"), jobs=1)
    card = load_card(str(tmp_path / "mine"))
    before, after = (load_file(os.path.join(c.folder, WEIGHTS_FILE)) for c in (shipped, card))
    changed = [name for name in before if before[name].tobytes() != after[name].tobytes()]
    assert sorted(changed) == ["genre_head.bias", "genre_head.weight"]
    others = {name: version for name, version in shipped.head_versions.items() if name != "genre"}
    assert card.head_versions.items() >= others.items()
    assert card.head_versions["genre"] != shipped.head_versions["genre"]
    assert card.trunk_sha256 == shipped.trunk_sha256
    assert (card.id, card.temperature) == ("mine", fields["temperature"])
    assert card.training["heads"]["genre"] == {"taught": {"made": 24}}


def test_a_taught_model_knows_what_it_was_taught(data: str, tmp_path: Path) -> None:
    refit_genres(DEFAULT_MODEL, data, str(tmp_path / "mine"), jobs=1)
    card = load_card(str(tmp_path / "mine"))
    extra = hear(data, card, jobs=1)
    extra = extra.rows(extra.is_extra)
    electronic = card.genres.index("Electronic")
    before, after = (
        softmax(own_head(one, "genre_head").logits(extra.embeddings))[:, electronic].mean()
        for one in (load_card(DEFAULT_MODEL), card)
    )
    assert after > before + 0.2


def test_a_folder_that_is_there_is_not_written_over(data: str, tmp_path: Path) -> None:
    with pytest.raises(TaggerError, match="is there already; give the folder another name"):
        refit_genres(DEFAULT_MODEL, data, str(tmp_path), jobs=1)


def test_a_head_that_a_model_has_not_is_refused() -> None:
    with pytest.raises(TaggerError, match="has no flute_head that reads embeddings"):
        own_head(load_card(DEFAULT_MODEL), "flute_head")
