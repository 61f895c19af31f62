"""Analysing without storing."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tagger.files import AudioFile
from tagger.model_card import DEFAULT_MODEL, load_card
from tagger.pipeline.analyse import analyse_all
from tagger.types import Failure, Prediction, TrackFeatures
from tests.sounds import make_sound
from tests.store.store_answers import analysed


class Fake:
    """Names each track after its file."""

    def predict(self, tracks: Sequence[TrackFeatures]) -> list[Prediction]:
        return [replace(analysed("/x").prediction, genre=Path(track.file.path).stem) for track in tracks]


def test_each_file_comes_back_with_its_own_answer_or_why_there_is_none(tmp_path: Path) -> None:
    paths = [make_sound(tmp_path / f"{n}.wav", seconds=0.5) for n in range(20)]
    (tmp_path / "torn.wav").write_bytes(b"RIFF")
    files = [AudioFile(path, -1, -1) for path in (*paths, str(tmp_path / "torn.wav"))]
    outcomes = list(analyse_all(files, load_card(DEFAULT_MODEL), Fake, jobs=2))
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    answers = [outcome for outcome in outcomes if not isinstance(outcome, Failure)]
    assert [failure.path for failure in failures] == [str(tmp_path / "torn.wav")]
    assert {one.file.path: one.prediction.genre for one in answers} == {
        path: Path(path).stem for path in paths
    }
