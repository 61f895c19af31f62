"""Made-up answers of a model, for the tests of the store."""

import numpy as np

from tagger.files import AudioFile
from tagger.model_card import DEFAULT_MODEL
from tagger.types import Analysis, Prediction, Recording, WindowAnswer

MODEL = DEFAULT_MODEL


def analysed(
    path: str,
    genre: str = "Rock",
    energy: float = 0.5,
    *,
    size: int = 1000,
    mtime_ns: int = 1_700_000_000_123_456_789,
    model: str = MODEL,
    audio_id: str = "0" * 32,
    bpm: float | None = None,
) -> Analysis:
    """A file with its recording and an answer; a tempo is sure with 0.9."""
    others = {name: 0.1 for name in ("Rock", "Jazz", "Techno", "Folk") if name != genre}
    prediction = Prediction(
        model=model,
        genres={**others, genre: 0.7},
        genre=genre,
        genre_confidence=0.7,
        energy=energy,
        windows=(WindowAnswer(31.0, genre, 0.8, energy), WindowAnswer(85.5, "Jazz", 0.4, 0.25)),
        embedding=np.linspace(-2, 2, 8).astype(np.float16),
        silent=False,
        bpm=bpm,
        bpm_confidence=None if bpm is None else 0.9,
    )
    recording = Recording(audio_id, 201.5, "mp3", 44100, 2)
    return Analysis(AudioFile(path, size, mtime_ns), recording, prediction)


def parts(analysis: Analysis) -> tuple[AudioFile, Recording, Prediction]:
    """Take an analysis apart, to put it together otherwise."""
    return analysis.file, analysis.recording, analysis.prediction
