import numpy as np
import pytest
import torch

from tagger.nets import CRNN
from tagger.nets.crnn import TempoHead
from tagger.runtime.rhythm import FIRST_BPM, LAST_BPM

FRAME_RATE_HZ = 22_050 / 512


def clicks(bpm: float, n_frames: int = 431) -> torch.Tensor:
    """Levels that jump with every beat and fade, (1, 96, n_frames), about unit scale."""
    time_s = np.arange(n_frames) / FRAME_RATE_HZ
    level = np.exp(-8 * (time_s % (60 / bpm))) - 0.3
    return torch.tensor(np.tile(level, (96, 1))[None], dtype=torch.float32)


@pytest.fixture
def head() -> TempoHead:
    torch.manual_seed(0)
    return TempoHead(96, FRAME_RATE_HZ).eval()


def test_there_is_a_class_for_each_tempo_from_30_to_286(head: TempoHead) -> None:
    with torch.inference_mode():
        assert head(clicks(120)).shape == (1, LAST_BPM - FIRST_BPM + 1) == (1, 257)


@pytest.mark.parametrize("bpm", [60.0, 90.0, 120.0, 171.0])
def test_the_tempogram_is_strong_at_the_rate_of_the_beats(head: TempoHead, bpm: float) -> None:
    """Before any training: one curve is the loudness, its spectrum and autocorrelation are looked at."""
    curve = clicks(bpm).mean(dim=1, keepdim=True).expand(1, 8, -1)
    with torch.inference_mode():
        tempogram = head._tempogram(curve)[0]
    rates_bpm = 15 * 2 ** (np.arange(tempogram.shape[1]) / 60)
    beat = int(np.abs(rates_bpm - bpm).argmin())
    between = int(np.abs(rates_bpm - bpm * 1.25).argmin())
    spectrum, once = tempogram[0], tempogram[8]
    assert spectrum[beat - 3 : beat + 4].max() > spectrum[between] + 1.0
    assert once[beat - 2 : beat + 3].max() > 0.5 > once[between]


def test_silence_has_finite_logits(head: TempoHead) -> None:
    with torch.inference_mode():
        assert bool(head(torch.zeros(2, 96, 431)).isfinite().all())


def test_a_network_has_a_tempo_head_where_it_knows_its_frame_rate() -> None:
    window = torch.randn(1, 96, 431)
    with torch.inference_mode():
        assert CRNN(96, 17).eval()(window).tempo_logits.shape == (1, 0)
        assert CRNN(96, 17, frame_rate_hz=FRAME_RATE_HZ).eval()(window).tempo_logits.shape == (1, 257)


def test_a_head_that_has_answered_can_still_be_trained() -> None:
    """What it keeps of the first window must not be bound to inference."""
    head, window = TempoHead(96, FRAME_RATE_HZ), torch.randn(1, 96, 217)
    with torch.inference_mode():
        head(window)
    head(window).sum().backward()
    assert all(part.grad is not None for part in head.onsets.parameters())
