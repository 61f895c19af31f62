"""Examples for the tempo head: annotated clips, made-up rhythms, and clips with pseudo-labels.

A pseudo-label is the answer of another network, or a tempo on which two programs agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from zipfile import BadZipFile

import librosa
import numpy as np
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray
from torch import Tensor

from tagger.audio.excerpt import split_starts
from tagger.errors import TaggerError
from tagger.features import fit_frames
from tagger.nets.crnn import TempoHead, tempo_classes
from tagger.nets.network import remove_level
from tagger.predict import TOLERANCE, tempo_and_confidence
from tagger.runtime.rhythm import FIRST_BPM, LAST_BPM
from tagger.training.clips import FRONT_END, Clip
from tagger.training.log_mels import LogMels
from tagger.training.synthetic import rhythms

N_CLASSES = LAST_BPM - FIRST_BPM + 1

SHORTEST_S = 6.0
"""Clips shorter than this hold too few beats to learn a tempo from."""

SURE = 0.4
"""The head's confidence from which on its agreement with librosa is believed."""

TARGET_SPREAD = 0.02
"""Standard deviation of the soft target around a known tempo: half of the error that Acc1 forgives."""

TempoFunction = Callable[[Tensor], Tensor]
"""From windows (n, n_mels, n_frames) in dB to tempo logits (n, 257)."""

TempoDistributions = Mapping[str, NDArray[np.float32]]
"""Another network's answers: the shares (257,) of the classes, by the path of the clip."""


@dataclass(frozen=True, slots=True, eq=False)
class TempoExamples:
    """Log-mels, tempos in BPM, (n,), and the targets of the head, (n, 257) shares of the classes."""

    log_mels: LogMels
    bpm: Tensor
    shares: Tensor

    def rows(self, index: Sequence[int]) -> TempoExamples:
        """Give the examples at these places."""
        return TempoExamples(self.log_mels.rows(index), self.bpm[index], self.shares[index])


def soft_target(bpm: Tensor) -> Tensor:
    """Spread tempos (n,) to shares (n, 257) of the classes: a bell of `TARGET_SPREAD` in place of one class.

    >>> int(soft_target(torch.tensor([120.0])).argmax()) + FIRST_BPM
    120
    """
    distance = (tempo_classes(bpm) / bpm.unsqueeze(1)).log() / TARGET_SPREAD
    return (-0.5 * distance.square()).softmax(dim=1)


def annotated_rows(clips: Sequence[Clip], lengths: Tensor) -> list[int]:
    """List the places of the clips that have a tempo with a class and are long enough to learn it from."""
    return [
        i
        for i, long_enough in enumerate(_long_enough(lengths).tolist())
        if long_enough and FIRST_BPM <= clips[i].bpm <= LAST_BPM
    ]


def annotated(clips: Sequence[Clip], log_mels: LogMels) -> TempoExamples:
    """Take the clips of `annotated_rows` with their tempos."""
    known = annotated_rows(clips, log_mels.lengths)
    bpm = torch.tensor([clips[i].bpm for i in known])
    return TempoExamples(log_mels.rows(known), bpm, soft_target(bpm))


def made_up(n: int, jobs: int) -> TempoExamples:
    """Make up `n` rhythms of drums and tones."""
    log_mels, bpm = rhythms(n, jobs)
    tempos = torch.tensor(bpm, dtype=torch.float32)
    return TempoExamples(LogMels(log_mels), tempos, soft_target(tempos))


def pseudo_label_rows(clips: Sequence[Clip], lengths: Tensor, distributions: TempoDistributions) -> list[int]:
    """List the places of the clips without a tempo that are long enough and in `distributions`, by path."""
    return [i for i in _unknown_rows(clips, lengths) if clips[i].path in distributions]


def pseudo_labels(
    clips: Sequence[Clip], log_mels: LogMels, distributions: TempoDistributions
) -> TempoExamples:
    """Take the clips of `pseudo_label_rows` with another network's answers, spread as a known tempo is."""
    asked = pseudo_label_rows(clips, log_mels.lengths, distributions)
    found = torch.from_numpy(np.array([distributions[clips[i].path] for i in asked], np.float32))
    shares = found.reshape(-1, N_CLASSES) @ soft_target(tempo_classes(found))
    return TempoExamples(log_mels.rows(asked), FIRST_BPM + shares.argmax(dim=1).float(), shares)


def read_tempo_distributions(path: str) -> TempoDistributions:
    """Read another network's answers of tempo from an npz file: (257,) shares of the classes by clip.

    It holds `path` (n,), as in the data set, and `tempo` (n, up to 257), the probability of each tempo from
    30 BPM on, as tempo-cnn gives it (256 classes; Schreiber & Müller 2018). Raises `TaggerError` for a file
    that is not there or holds something else.
    """
    try:
        with np.load(path) as stored:
            names, tempo = stored["path"].astype(str), stored["tempo"].astype(np.float32)
        if tempo.ndim != 2 or names.shape != tempo.shape[:1] or not 0 < tempo.shape[1] <= N_CLASSES:
            raise ValueError(f"tempo is of shape {tempo.shape}")
        if not (np.isfinite(tempo).all() and (tempo >= 0).all() and (tempo.sum(axis=1) > 0).all()):
            raise ValueError("tempo holds numbers that are no probabilities")
    except (OSError, KeyError, TypeError, ValueError, EOFError, BadZipFile) as error:
        raise TaggerError(f"{path}: no answers of tempo ({error}); see `tagger help training`") from None
    shares = np.zeros((len(names), N_CLASSES), np.float32)
    shares[:, : tempo.shape[1]] = tempo / tempo.sum(axis=1, keepdims=True)
    return dict(zip(names.tolist(), shares, strict=True))


def consensus(head: TempoHead, clips: Sequence[Clip], log_mels: LogMels, jobs: int) -> TempoExamples:
    """Take the clips without a tempo on which `head` and librosa's tracker (Ellis 2007) agree within 4 %.

    Two that go wrong in different ways are seldom wrong alike: of 38 validation clips on which they
    agreed 32 were right, of all 69 the head had 45 right and librosa 42. The tempo is the head's.
    """
    asked = _unknown_rows(clips, log_mels.lengths)
    beats: list[float] = Parallel(n_jobs=jobs)(delayed(librosa_bpm)(log_mels[i]) for i in asked)
    found = [estimate_tempo(head, log_mels[i]) for i in asked]
    kept = [
        (i, bpm)
        for i, (bpm, confidence), other in zip(asked, found, beats, strict=True)
        if confidence >= SURE and abs(other - bpm) <= TOLERANCE * bpm
    ]
    tempos = torch.tensor([bpm for _, bpm in kept], dtype=torch.float32)
    return TempoExamples(log_mels.rows([i for i, _ in kept]), tempos, soft_target(tempos))


def librosa_bpm(log_mel: NDArray[np.float16]) -> float:
    """Track the beats of a log-mel (n_mels, n_frames) of our front end with librosa; the BPM, 0 for none."""
    rate_hz, hop_length = FRONT_END.sample_rate_hz, FRONT_END.hop_length
    onsets = librosa.onset.onset_strength(S=log_mel.astype(np.float32), sr=rate_hz, hop_length=hop_length)
    bpm, _ = librosa.beat.beat_track(onset_envelope=onsets, sr=rate_hz, hop_length=hop_length)
    return float(np.atleast_1d(bpm)[0])


def estimate_tempo(head: TempoHead, log_mel: NDArray[np.float16]) -> tuple[float, float]:
    """Estimate (BPM, confidence) of a whole clip, (n_mels, any length), its windows averaged as in a scan."""
    shares = window_logits(tempo_function(head), log_mel).softmax(dim=1).mean(dim=0)
    return tempo_and_confidence(shares.double().numpy(), FIRST_BPM)


def tempo_function(head: TempoHead) -> TempoFunction:
    """Make a tempo function of a head alone, which a network gives windows without their level."""
    return lambda windows: head.eval()(remove_level(windows))


def window_logits(tempo: TempoFunction, log_mel: NDArray[np.float16]) -> Tensor:
    """Give the tempo logits, (n_windows, 257), of the windows that a scan would make of a clip."""
    n, decibels = FRONT_END.n_frames, log_mel.astype(np.float32)
    windows = [fit_frames(decibels[:, s : s + n], n) for s in split_starts(decibels.shape[1], n)]
    with torch.inference_mode():
        return tempo(torch.from_numpy(np.stack(windows)))


def _unknown_rows(clips: Sequence[Clip], lengths: Tensor) -> list[int]:
    """List the places of the clips that have no tempo and are long enough."""
    return [
        i
        for i, long_enough in enumerate(_long_enough(lengths).tolist())
        if long_enough and np.isnan(clips[i].bpm)
    ]


def _long_enough(lengths: Tensor) -> Tensor:
    return lengths * FRONT_END.hop_length >= SHORTEST_S * FRONT_END.sample_rate_hz
