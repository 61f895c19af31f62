"""What a network says of whole clips while it is in training: windows averaged as in a scan."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagger.audio.excerpt import split_starts
from tagger.features import fit_frames
from tagger.nets import CRNN, NetOutput, Network
from tagger.nets.classic import MelCnn
from tagger.nets.tempo_head import FIRST_BPM
from tagger.pipeline.run import batched
from tagger.predict import WINDOWS_AT_ONCE, concatenated, tempo_and_confidence
from tagger.training.clips import FRONT_END
from tagger.training.corpus import Corpus
from tagger.training.metrics import accuracy_figures
from tagger.types import FloatArray


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
    parts, owners = [], []
    with torch.inference_mode():
        for batch, owner in _batches(corpus, network.n_windows, WINDOWS_AT_ONCE[device.type]):
            parts.append(NetOutput(*(part.cpu() for part in network(batch.to(device).float()))))
            owners += owner
    return NetOutput(*map(torch.cat, zip(*parts, strict=True))), torch.tensor(owners)


def mean_embeddings(network: CRNN, corpus: Corpus, device: torch.device) -> Tensor:
    """The mean embedding over the windows of each clip, (n, embedding_dim), on the CPU, good for training."""
    output, owner = _outputs(network, corpus, device)
    return _mean_of(output.embedding, owner)


def window_accuracy(network: MelCnn, corpus: Corpus) -> float:
    """The share of short windows whose own first genre satisfies a label of their clip."""
    network.eval()
    parts, clips = [], []
    with torch.inference_mode():
        for batch, owner in _batches(corpus, network.n_windows, 16):
            parts.append(network.window_logits(batch.float()))
            clips += [corpus.clips[i] for i in owner for _ in range(parts[-1].shape[1])]
    probabilities = torch.cat(parts).flatten(0, 1).softmax(dim=1).double().numpy()
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


def _batches(corpus: Corpus, together: int, size: int) -> Iterator[tuple[Tensor, list[int]]]:
    """The inputs of all clips, `size` at a time, (n, n_mels, n_frames), and the row of each one's clip."""
    for part in batched(_inputs(corpus, together), size):
        yield torch.from_numpy(np.stack([log_mel for log_mel, _ in part])), [row for _, row in part]


def _inputs(corpus: Corpus, together: int) -> Iterator[tuple[FloatArray, int]]:
    """What a scan would make of the clips, and the row of each: windows, or where a network hears several
    `together`, these one after the other."""
    n_frames = FRONT_END.n_frames
    for row, whole in enumerate(corpus.log_mels):
        starts = split_starts(whole.shape[1], n_frames)
        heard = [fit_frames(whole[:, start : start + n_frames], n_frames) for start in starts]
        for log_mel in heard if together == 1 else [concatenated(heard, together)]:
            yield log_mel, row
