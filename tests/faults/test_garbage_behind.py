"""Bytes that are no sound behind a short file, as a broken copy leaves them, cost nothing of its sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tagger.audio import read_excerpt
from tests.sounds import make_kind

RATE_HZ = 22_050


@pytest.mark.parametrize("seconds", [2.0, 12.0])
@pytest.mark.parametrize(
    "kind", ["16-bit.flac", "24-bit.flac", "s16.wav", "s16.aiff", "lossless.wv", "lossless.tta", "opus.opus"]
)
def test_garbage_behind_a_short_sound_costs_nothing_of_it(kind: str, seconds: float, tmp_path: Path) -> None:
    path = make_kind(tmp_path, kind, seconds=seconds)
    with open(path, "ab") as file:
        file.write(np.random.default_rng(1).bytes(2_000_000))
    windows = read_excerpt(path, sample_rate_hz=RATE_HZ, window_s=10.0).windows
    assert windows[0].start_s == 0.0
    assert windows[-1].start_s + len(windows[-1].samples) / RATE_HZ == pytest.approx(seconds, abs=0.05)
