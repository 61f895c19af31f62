"""What a worker process does: one file in, its features, its answer or its failure out. Imports no torch."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tagger.audio import identify, is_silent, names_from, names_of, read_excerpt
from tagger.errors import AudioError, UnreadableFile
from tagger.features import fit_frames, log_mel
from tagger.files import AudioFile
from tagger.model_card import load_card, load_filter_bank
from tagger.pipeline.workers import is_listed
from tagger.predict import Predictor
from tagger.tags.read import own_tags, text_fields
from tagger.types import Analysis, Failure, FrontEnd, Identified, Recording, TrackFeatures


def extract_features(
    file: AudioFile, model_folder: str, known_sounds: str | None = None
) -> TrackFeatures | Identified | Failure:
    """Decode the windows of `file` and give their log-mels as the model in `model_folder` wants them.

    A sound that is in the table `known_sounds` (see `known_sounds_table`) is only identified.
    """
    front_end, filter_bank = _front_end(model_folder)
    try:
        return _extracted(file, front_end, filter_bank, known_sounds)
    except AudioError as error:
        return Failure(file.path, _stage(error, file.path), str(error), file.size, file.mtime_ns)
    except Exception as error:  # a fault of ours or of a library's: it costs this file, not the run
        reason = f"unexpected {type(error).__name__}: {error}; please report it with the file"
        return Failure(file.path, "decode", " ".join(reason.split()), file.size, file.mtime_ns)


def analyse_features(
    outcome: TrackFeatures | Identified | Failure, model_folder: str
) -> Analysis | Identified | Failure:
    """Predict with the model in `model_folder` from the features of a file.

    Raises `ModelError` where the weights of the model do not fit.
    """
    if not isinstance(outcome, TrackFeatures):
        return outcome
    (answer,) = _predictor(model_folder).predict([outcome])
    return Analysis(outcome.file, outcome.recording, answer)


def read_known_file(file: AudioFile) -> Identified | Failure:
    """Read what the tags of a file say; of its sound, which is known, the recording says nothing."""
    try:
        recording = Recording("", None, "", 0, 0, **names_of(file.path))
        return Identified(file, _tagged(recording, file.path))
    except Exception as error:
        stage = _stage(error, file.path) if isinstance(error, AudioError) else "decode"
        return Failure(file.path, stage, str(error), file.size, file.mtime_ns)


def is_ready(model_folder: str) -> bool:
    """Tell that all is there that a worker needs before it opens a file; raises if not."""
    if load_card(model_folder).is_light("auto"):
        _predictor(model_folder)
    return _front_end(model_folder)[1].size > 0


def _extracted(
    file: AudioFile, front_end: FrontEnd, filter_bank: NDArray[np.float32], known_sounds: str | None
) -> TrackFeatures | Identified:
    if known_sounds:
        recording = identify(file.path, window_s=front_end.window_s)
        if is_listed(known_sounds, recording.audio_id):
            return Identified(file, _tagged(recording, file.path))
    excerpt = read_excerpt(file.path, sample_rate_hz=front_end.sample_rate_hz, window_s=front_end.window_s)
    windows = excerpt.windows
    log_mels = [fit_frames(log_mel(w.samples, filter_bank, front_end), front_end.n_frames) for w in windows]
    return TrackFeatures(
        file=file,
        recording=_tagged(excerpt.recording, file.path),
        starts_s=tuple(w.start_s for w in windows),
        silent=tuple(is_silent(w.samples) for w in windows),
        log_mels=np.stack(log_mels).astype(np.float16),
        lasting_s=tuple(len(w.samples) / front_end.sample_rate_hz for w in windows),
    )


def _stage(error: AudioError, path: str) -> str:
    if isinstance(error, UnreadableFile):
        return "read"
    return "decode" if os.path.lexists(path) else "scan"  # gone: the next walk says if it is back


def _tagged(recording: Recording, path: str) -> Recording:
    """With what the owner's tags say; where the container has no names, with those of an ID3 or APEv2 tag."""
    if not (recording.title or recording.artist or recording.album or recording.year):
        recording = replace(recording, **names_from(text_fields(path)))
    return replace(recording, own=own_tags(path))


@lru_cache(maxsize=2)
def _predictor(model_folder: str) -> Predictor:
    return Predictor(load_card(model_folder), "auto")


@lru_cache(maxsize=2)
def _front_end(model_folder: str) -> tuple[FrontEnd, NDArray[np.float32]]:
    card = load_card(model_folder)
    return card.front_end, load_filter_bank(card)
