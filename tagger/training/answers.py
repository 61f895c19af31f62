"""What a network says of whole clips while it is in training: windows averaged as in a scan."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagger.audio.spans import split_starts
from tagger.features import fit_frames
from tagger.nets import CRNN
from tagger.predict import WINDOWS_AT_ONCE
from tagger.training.clips import FRONT_END
from tagger.training.corpus import Corpus


def answers(
    network: CRNN, corpus: Corpus, device: torch.device, temperature: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Genre probabilities (n, n_genres) and raw energy (n,) of whole clips, windows averaged as in a scan."""
    return pooled(*window_answers(network, corpus, device), temperature)


def window_answers(network: CRNN, corpus: Corpus, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Genre logits (n_windows, n_genres), raw energy (n_windows,) and the row of each window's clip."""
    network.eval()
    windows, owner = _windows(corpus)
    logits, energy = [], []
    with torch.inference_mode():
        for batch in windows.split(WINDOWS_AT_ONCE[device.type]):
            output = network(batch.to(device).float())
            logits.append(output.genre_logits.cpu())
            energy.append(output.energy.cpu())
    return torch.cat(logits), torch.cat(energy), owner


def mean_embeddings(network: CRNN, corpus: Corpus, device: torch.device) -> Tensor:
    """The mean embedding over the windows of each clip, (n, embedding_dim), on the CPU, good for training."""
    network.eval()
    windows, owner = _windows(corpus)
    with torch.no_grad():
        parts = [
            network(batch.to(device).float()).embedding.cpu()
            for batch in windows.split(WINDOWS_AT_ONCE[device.type])
        ]
    n_windows = owner.bincount()
    sums = torch.zeros(len(n_windows), network.embedding_dim).index_add_(0, owner, torch.cat(parts))
    return sums / n_windows.unsqueeze(1)


def pooled(
    logits: Tensor, energy: Tensor, owner: Tensor, temperature: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean over the windows of each clip of what `window_answers` gives, as in a scan."""
    columns = torch.cat([(logits / temperature).softmax(1), energy.unsqueeze(1)], 1)
    n_windows = owner.bincount()
    sums = torch.zeros(len(n_windows), columns.shape[1]).index_add_(0, owner, columns)
    means = (sums / n_windows.unsqueeze(1)).double().numpy()
    return means[:, :-1], means[:, -1]


def _windows(corpus: Corpus) -> tuple[Tensor, Tensor]:
    """All scan windows of the clips, (n_windows, n_mels, n_frames), and the row of each one's clip."""
    n_frames, windows, owner = FRONT_END.n_frames, [], []
    for row, (spectrogram, length) in enumerate(zip(corpus.log_mels, corpus.lengths, strict=True)):
        whole = spectrogram[:, : int(length)].cpu().numpy()
        for start in split_starts(int(length), n_frames):
            windows.append(torch.from_numpy(fit_frames(whole[:, start : start + n_frames], n_frames).copy()))
            owner.append(row)
    return torch.stack(windows), torch.tensor(owner)
