"""What a network says of whole clips while it is in training: windows averaged as in a scan."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagger.audio.spans import split_starts
from tagger.features import fit_frames
from tagger.nets import CRNN, NetOutput, Network
from tagger.nets.mel_cnn import MelCnn
from tagger.nets.tempo import FIRST_BPM
from tagger.predict import WINDOWS_AT_ONCE, strung
from tagger.tempo import tempo_and_confidence
from tagger.training.clips import FRONT_END
from tagger.training.corpus import Corpus
from tagger.training.metrics import accuracy_figures


def answers(
    network: Network, corpus: Corpus, device: torch.device, temperature: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Genre probabilities (n, n_genres) and raw energy (n,) of whole clips, windows averaged as in a scan."""
    return pooled(*window_answers(network, corpus, device), temperature)


def window_answers(network: Network, corpus: Corpus, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Genre logits (n_windows, n_genres), raw energy (n_windows,) and the row of each window's clip."""
    output, owner = _outputs(network, corpus, device)
    return output.genre_logits, output.energy, owner


def heard_bpm(network: Network, corpus: Corpus, device: torch.device) -> NDArray[np.float64]:
    """The tempo of each clip, (n,), its windows averaged as in a scan."""
    output, owner = _outputs(network, corpus, device)
    shares = _mean_of(output.tempo_logits.softmax(dim=1), owner).double().numpy()
    return np.array([tempo_and_confidence(share, FIRST_BPM)[0] for share in shares])


def _outputs(network: Network, corpus: Corpus, device: torch.device) -> tuple[NetOutput, Tensor]:
    """What it says of all windows, on the CPU, and the row of each window's clip."""
    network.eval()
    windows, owner = _windows(corpus, network.n_windows)
    with torch.inference_mode():
        parts = [network(batch.to(device).float()) for batch in windows.split(WINDOWS_AT_ONCE[device.type])]
    return NetOutput(*(torch.cat(column).cpu() for column in zip(*parts, strict=True))), owner


def mean_embeddings(network: CRNN, corpus: Corpus, device: torch.device) -> Tensor:
    """The mean embedding over the windows of each clip, (n, embedding_dim), on the CPU, good for training."""
    output, owner = _outputs(network, corpus, device)
    return _mean_of(output.embedding, owner)


def window_accuracy(network: MelCnn, corpus: Corpus) -> float:
    """The share of short windows whose own first genre satisfies a label of their clip."""
    inputs, owner = _windows(corpus, network.n_windows)
    with torch.inference_mode():
        logits = torch.cat([network.eval().window_logits(part.float()) for part in inputs.split(16)])
    clips = [corpus.clips[i] for i in owner.repeat_interleave(logits.shape[1]).tolist()]
    probabilities = logits.flatten(0, 1).softmax(dim=1).double().numpy()
    return accuracy_figures(clips, probabilities, corpus.genres)["accuracy"]


def pooled(
    logits: Tensor, energy: Tensor, owner: Tensor, temperature: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean over the windows of each clip of what `window_answers` gives, as in a scan."""
    columns = torch.cat([(logits / temperature).softmax(1), energy.unsqueeze(1)], 1)
    means = _mean_of(columns, owner).double().numpy()
    return means[:, :-1], means[:, -1]


def _mean_of(rows: Tensor, owner: Tensor) -> Tensor:
    """The mean of the rows that each clip owns."""
    n_windows = owner.bincount()
    sums = torch.zeros(len(n_windows), rows.shape[1]).index_add_(0, owner, rows)
    return sums / n_windows.unsqueeze(1)


def _windows(corpus: Corpus, together: int) -> tuple[Tensor, Tensor]:
    """All inputs that a scan would make of the clips, (n, n_mels, n_frames), and the row of each one's clip.

    They are windows, or where a network hears several `together`, these one after the other.
    """
    n_frames, windows, owner = FRONT_END.n_frames, [], []
    for row, (spectrogram, length) in enumerate(zip(corpus.log_mels, corpus.lengths, strict=True)):
        whole = spectrogram[:, : int(length)].cpu().numpy()
        heard = [
            fit_frames(whole[:, start : start + n_frames], n_frames)
            for start in split_starts(int(length), n_frames)
        ]
        inputs = heard if together == 1 else [strung(heard, together)]
        windows += [torch.from_numpy(log_mel.copy()) for log_mel in inputs]
        owner += [row] * len(inputs)
    return torch.stack(windows), torch.tensor(owner)
