"""A session is the network, and nothing else: it leaves no file and asks nobody."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tagger.errors import ModelError
from tagger.model_card import DEFAULT_MODEL, WEIGHTS_FILE, load_card
from tagger.runtime import Session
from tests.own_model import make_own_model


def test_windows_are_answered_alike_in_any_number() -> None:
    card = load_card(DEFAULT_MODEL)
    session = Session(card)
    windows = np.random.default_rng(0).normal(-30, 12, (8, 96, card.front_end.n_frames)).astype(np.float16)
    together = session.run(windows)
    assert together.genre_logits.shape == (8, len(card.genres))
    assert together.embedding.shape == (8, session.embedding_dim)
    for i in range(8):
        alone = session.run(windows[i : i + 1])
        for one, all_ in zip(alone, together, strict=True):
            np.testing.assert_allclose(one[0], all_[i], atol=1e-4)


def test_weights_that_do_not_fit_name_their_file(tmp_path: Path) -> None:
    card = load_card(str(make_own_model(tmp_path / "own", "own-1", network={"name": "crnn"})))
    with pytest.raises(ModelError, match=f"{WEIGHTS_FILE}: does not fit its model.json"):
        Session(card)


def test_running_leaves_no_file_and_no_identity(tmp_path: Path) -> None:
    """ONNX Runtime from 1.29 on reports to its maker, and first of all writes who this computer is."""
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    code = (
        "import numpy as np; from tagger.model_card import load_card; from tagger.runtime import Session;"
        "Session(load_card('small')).run(np.zeros((1, 96, 431), np.float16)); print('ran')"
    )
    inherited = {name: value for name, value in os.environ.items() if name not in ("CI", "GITHUB_ACTIONS")}
    places = {"HOME": str(home), "USERPROFILE": str(home), "TMPDIR": str(temporary), "TEMP": str(temporary)}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=inherited | places, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "ran\n"
    assert [*home.rglob("*"), *temporary.rglob("*")] == []
