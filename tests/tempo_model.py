"""A made-up model that predicts tempo: the shipped one with a head that knows low tones from high ones."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tagger.model_card import DEFAULT_MODEL, load_card
from tagger.nets import CRNN, on_device

WITH_TEMPO, WITHOUT_TEMPO = "with-tempo-1", "without-tempo-1"
FIRST_BPM, N_TEMPO = 30, 257
LOW_BPM, HIGH_BPM = 100.4, 127.6
"""The tempos that it predicts of a window whose loudest mel band is in the lower half, and in another."""


class TempoCRNN(CRNN):
    """Bell curves of 1 BPM around the tempo, which is no class's own, above a little of everything."""

    def encode(self, log_mel_db: Tensor) -> tuple[Tensor, Tensor]:
        band = log_mel_db.mean(dim=2).argmax(dim=1, keepdim=True)
        bpm = torch.where(band < log_mel_db.shape[1] // 2, LOW_BPM, HIGH_BPM)
        bpms = FIRST_BPM + torch.arange(N_TEMPO, device=bpm.device)
        bell = torch.exp(-((bpms - bpm) ** 2) / 2)
        steps, _ = super().encode(log_mel_db)
        return steps, torch.log(bell + 1e-4)


def make_model(folder: Path, monkeypatch: pytest.MonkeyPatch, hears_tempo: bool = True) -> str:
    """The model's folder; it can be used in this process while the test runs."""
    monkeypatch.setitem(on_device.NETWORKS, "crnn-with-tempo", TempoCRNN)
    shutil.copytree(load_card(DEFAULT_MODEL).folder, folder)
    fields = json.loads((folder / "model.json").read_text())
    classes = {"first_bpm": FIRST_BPM, "temperature": 1.0} if hears_tempo else None
    fields["id"] = WITH_TEMPO if hears_tempo else WITHOUT_TEMPO
    if classes:
        fields["heads"]["tempo"] = {"version": "made up", **classes}
    else:
        del fields["heads"]["tempo"]
    fields["network"]["name"] = "crnn-with-tempo"
    (folder / "model.json").write_text(json.dumps(fields))
    return str(folder)
