import math
import os
from pathlib import Path

import pytest

from tagger.errors import TaggerError
from tagger.training.clips import GENRES
from tagger.training.datasets import genre_list, in_genres, shared

TABLE = """\
path,dataset,split,group,genres,arousal,arousal_high,power,calmness,bpm,length_s
audio/4q/a.opus,4q,train,17,Country;Pop/Rock,,0.0,,,,16.0
audio/emotify/b.opus,emotify,valid,18,Rock,0.25,,0.75,0.5,,16.0
audio/orinayo/c.opus,orinayo,unlabelled,19,,,,,,93.5,10.0
"""


def test_a_row_says_labels_ratings_tempo_and_group(tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text(TABLE)
    a, b, c = shared.read(str(tmp_path))
    assert (a.path, a.dataset, a.split, a.group) == ("audio/4q/a.opus", "4q", "train", "17")
    assert a.genres == ("Country", "Pop/Rock")
    assert a.arousal_high == 0.0
    assert math.isnan(a.arousal) and math.isnan(a.power_minus_calmness) and math.isnan(a.bpm)
    assert (b.arousal, b.power_minus_calmness) == (0.25, 0.25)
    assert (c.split, c.genres, c.bpm) == ("unlabelled", (), 93.5)


def test_a_folder_without_the_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaggerError, match=r"clips\.csv: No such file.*--data is the folder"):
        shared.read(str(tmp_path))


def test_a_table_from_a_spreadsheet_is_read(tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text(TABLE, encoding="utf-8-sig")
    assert len(shared.read(str(tmp_path))) == 3


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a.opus,mine", r"a\.opus is in split '', not in train, valid, test, unlabelled"),
        ("a.opus,mine,validation,1,Rock", r"a\.opus is in split 'validation', not in train, valid"),
        ("a.opus,mine,train,1,Rock,loud", "could not convert string to float: 'loud'"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path: Path, row: str, reason: str) -> None:
    (tmp_path / "clips.csv").write_text(TABLE + row + "\n")
    with pytest.raises(TaggerError, match=rf"clips\.csv: damaged, or a column is missing: {reason}"):
        shared.read(str(tmp_path))


@pytest.mark.shared_data
def test_the_shared_clips_have_the_genres_of_the_shipped_model(shared_data: str) -> None:
    clips = shared.read(shared_data)
    assert len(clips) == 4079
    assert genre_list(clips) == GENRES
    assert in_genres(clips) == clips
    assert sum(not math.isnan(clip.bpm) for clip in clips) > 500
    splits: dict[str, set[str]] = {}
    for clip in clips:
        splits.setdefault(clip.group, set()).add(clip.split)
    assert all(len(sides) == 1 for sides in splits.values())
    assert os.path.isfile(os.path.join(shared_data, clips[0].path))
