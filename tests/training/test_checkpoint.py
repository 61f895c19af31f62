"""Checkpoints of TensorFlow, read from a package."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from tagger.errors import TaggerError
from tagger.training.checkpoint import read_checkpoint
from tagger.training.musicnn_weights import FOLDER
from tests.training.made_musicnn import made_weights, make_table, make_wheel


def test_every_array_comes_back_by_its_name(tmp_path: Path) -> None:
    weights = made_weights()
    found = read_checkpoint(make_wheel(tmp_path / "made.whl", weights), FOLDER)
    assert found.keys() == weights.keys()
    assert all(np.array_equal(found[name], array) for name, array in weights.items())


@pytest.mark.parametrize("index", [b"", b"x" * 60, make_table([])[:-1] + b"\0"])
def test_an_index_that_is_none_is_refused(tmp_path: Path, index: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "made.whl", "w") as wheel:
        wheel.writestr(f"{FOLDER}/.index", index)
        wheel.writestr(f"{FOLDER}/.data-00000-of-00001", b"")
    with pytest.raises(TaggerError, match=r"made\.whl: no checkpoint in musicnn/MSD_musicnn"):
        read_checkpoint(str(tmp_path / "made.whl"), FOLDER)


def test_a_file_that_is_no_wheel_is_refused(tmp_path: Path) -> None:
    (tmp_path / "song.mp3").write_bytes(b"ID3")
    with pytest.raises(TaggerError, match=r"song\.mp3: no checkpoint"):
        read_checkpoint(str(tmp_path / "song.mp3"), FOLDER)
    with pytest.raises(TaggerError, match=r"missing\.whl: no checkpoint"):
        read_checkpoint(str(tmp_path / "missing.whl"), FOLDER)
