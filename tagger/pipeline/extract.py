"""What a worker process does: one file in, its features, its answer or its failure out. Imports no torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tagger.audio import identify, is_silent, names_from, names_of, read_excerpt, resampled
from tagger.errors import AudioError, UnreadableFile
from tagger.features import fit_frames, log_mel
from tagger.files import AudioFile
from tagger.model_card import ModelCard, load_card, load_filter_bank
from tagger.pipeline.workers import is_listed
from tagger.predict import Predictor
from tagger.tags.read import own_tags, text_fields
from tagger.tonality import key_and_confidence
from tagger.types import Analysis, Failure, FrontEnd, Identified, Recording, TrackFeatures


def extract_features(
    file: AudioFile, model_folder: str, known_sounds: str | None = None
) -> TrackFeatures | Identified | Failure:
    """Decode the windows of `file` and give the key, and log-mels as the model in `model_folder` wants them.

    A sound that is in the table `known_sounds` (see `known_sounds_table`) is only identified.
    """
    front_end = _ears(model_folder)[0].front_end
    try:
        return _extracted(file, model_folder, front_end, known_sounds)
    except AudioError as error:
        return Failure(file.path, _stage(error, file.path), str(error), file.size, file.mtime_ns)
    except ImportError:  # of a library that is missing or damaged, which no file is to blame for
        raise
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
    except ImportError:
        raise
    except Exception as error:
        stage = _stage(error, file.path) if isinstance(error, AudioError) else "decode"
        return Failure(file.path, stage, str(error), file.size, file.mtime_ns)


def is_ready(model_folder: str) -> bool:
    """Tell that all is there that a worker needs before it opens a file; raises if not."""
    if _card(model_folder).is_light("auto"):
        _predictor(model_folder)
    return all(ear.filter_bank.size > 0 for ear in _ears(model_folder))


def log_mels_of(
    samples: Sequence[NDArray[np.float32]], model_folder: str
) -> tuple[NDArray[np.float16], NDArray[np.float16] | None]:
    """Give the log-mels of windows (n,) at the rate of the model's front end, and those for its second trunk.

    Both are (n_windows, n_mels, n_frames) in dB; a shorter window is repeated. The latter are None for a
    model of one trunk.
    """
    first, *second = _ears(model_folder)
    log_mels = _log_mels(samples, first)
    if not second:
        return log_mels, None
    (ear,) = second
    from_hz, to_hz = (one.front_end.sample_rate_hz for one in (first, ear))
    return log_mels, _log_mels([resampled(one, from_hz, to_hz) for one in samples], ear)


def _log_mels(samples: Sequence[NDArray[np.float32]], ear: _Ear) -> NDArray[np.float16]:
    n_frames = ear.front_end.n_frames
    made = [fit_frames(log_mel(one, ear.filter_bank, ear.front_end), n_frames) for one in samples]
    return np.stack(made).astype(np.float16)


def _extracted(
    file: AudioFile, model_folder: str, front_end: FrontEnd, known_sounds: str | None
) -> TrackFeatures | Identified:
    if known_sounds:
        recording = identify(file.path, window_s=front_end.window_s)
        if is_listed(known_sounds, recording.audio_id):
            return Identified(file, _tagged(recording, file.path))
    excerpt = read_excerpt(file.path, sample_rate_hz=front_end.sample_rate_hz, window_s=front_end.window_s)
    windows = excerpt.windows
    log_mels, second_log_mels = log_mels_of([window.samples for window in windows], model_folder)
    silent = tuple(is_silent(window.samples) for window in windows)
    heard = [window.samples for window, none in zip(windows, silent, strict=True) if not none]
    key, key_confidence = key_and_confidence(heard, front_end.sample_rate_hz)
    return TrackFeatures(
        file=file,
        recording=_tagged(excerpt.recording, file.path),
        starts_s=tuple(w.start_s for w in windows),
        silent=silent,
        log_mels=log_mels,
        lasting_s=tuple(len(w.samples) / front_end.sample_rate_hz for w in windows),
        second_log_mels=second_log_mels,
        key=key,
        key_confidence=key_confidence,
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
def _card(model_folder: str) -> ModelCard:
    return load_card(model_folder)


@lru_cache(maxsize=2)
def _predictor(model_folder: str) -> Predictor:
    return Predictor(_card(model_folder), "auto")


@dataclass(frozen=True, slots=True, eq=False)
class _Ear:
    """How a trunk hears."""

    front_end: FrontEnd
    filter_bank: NDArray[np.float32]


@lru_cache(maxsize=2)
def _ears(model_folder: str) -> tuple[_Ear, ...]:
    """One for each trunk of the model."""
    card = _card(model_folder)
    first = _Ear(card.front_end, load_filter_bank(card))
    if card.second is None:
        return (first,)
    return first, _Ear(card.second.front_end, load_filter_bank(card, of_the_second=True))
