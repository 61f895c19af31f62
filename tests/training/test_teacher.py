from pathlib import Path

import numpy as np
import pytest

from tagger.training.datasets import read_unlabelled
from tagger.training.teacher import patches_of, teach
from tests.sounds import make_sound


def test_a_short_sound_is_one_patch_and_a_long_one_as_many_as_are_whole(tmp_path: Path) -> None:
    assert patches_of(str(make_sound(tmp_path / "short.wav", seconds=0.5))).shape == (1, 187, 96)
    long = patches_of(str(make_sound(tmp_path / "long.wav", seconds=7.0)))
    assert long.shape == (2, 187, 96)
    assert long.dtype == np.float32
    assert np.isfinite(long).all()
    assert long.max() > 0


def test_the_answers_of_both_networks_lie_beside_the_music(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "album").mkdir()
    make_sound(tmp_path / "album" / "a.wav", seconds=7.0)
    (tmp_path / "broken.mp3").write_bytes(b"no music")

    def asked(level: float):  # the embedding is the number of patches
        return lambda patches: (
            np.full((len(patches), 50), level),
            np.full((len(patches), 200), len(patches)),
        )

    assert teach(str(tmp_path), {"msd": asked(0.25), "mtt": asked(0.75)}) == 1
    assert "broken.mp3" in capsys.readouterr().err
    stored = np.load(tmp_path / "teacher.npz")
    assert stored["path"].tolist() == [str(Path("album", "a.wav"))]
    assert (stored["msd"].mean(), stored["mtt"].mean(), stored["embedding"].mean()) == (0.25, 0.75, 2.0)
    assert {clip.path for clip in read_unlabelled(str(tmp_path))} == {
        str(Path("album", "a.wav")),
        "broken.mp3",
    }
