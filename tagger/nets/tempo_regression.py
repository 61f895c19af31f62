"""Tempo as one number: the mean of a distribution over tempi, not its peak."""

from __future__ import annotations

from torch import Tensor, nn

from tagger.nets.crnn import remove_level
from tagger.nets.output import NetOutput
from tagger.nets.tempo import TempoHead, mean_bpm, tempo_classes

SPREAD = 0.02
"""Standard deviation of the bell that stands for the answer, as a share of the tempo."""


class TempoRegression(nn.Module):
    """Log-mel → learned tempogram → distribution over tempi → its mean in BPM.

    In training, the tempo logits are those of the distribution. Afterwards they are a bell around the mean,
    so that it is read like the answer of a network that tells classes. Input is (batch, n_mels, n_frames)
    in dB.
    """

    n_windows = 1
    embedding_dim = 0

    def __init__(self, n_mels: int, n_genres: int, frame_rate_hz: float) -> None:
        super().__init__()
        self.tempogram = TempoHead(n_mels, frame_rate_hz)

    def forward(self, log_mel_db: Tensor) -> NetOutput:
        logits = self.tempo_logits(log_mel_db)
        nothing = logits.new_zeros(len(logits), 0)
        return NetOutput(nothing, logits.new_full((len(logits),), float("nan")), nothing, logits)

    def tempo_logits(self, log_mel_db: Tensor) -> Tensor:
        """(batch, 257): a bell around the one number that it tells; in training, what it is the mean of."""
        logits: Tensor = self.tempogram(remove_level(log_mel_db)).float()
        if self.training:
            return logits
        bpm = mean_bpm(logits).unsqueeze(1)
        bell: Tensor = -0.5 * ((tempo_classes(bpm) - bpm) / (SPREAD * bpm)).square()
        return bell
