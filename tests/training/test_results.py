from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tagger.training.clips import GENRES, Clip
from tagger.training.loop import log_row
from tagger.training.results import write_report

NAN = float("nan")
LOG_MELS = [np.linspace(-90, 0, 96 * (40 + i), dtype=np.float16).reshape(96, -1) for i in range(12)]


@pytest.mark.slow
def test_a_report_shows_the_run_in_pictures(tmp_path: Path) -> None:
    log = str(tmp_path / "crnn.csv")
    for epoch in range(1, 6):
        row = {"epoch": epoch, "loss": 4.0 / epoch, "seconds": 30.0}
        log_row(log, row | ({"hit": 0.1 * epoch} if epoch % 2 else {}))
    clips = [
        Clip(f"{i}", "deam" if i % 2 else "4q", "valid", (GENRES[i],), i / 12, float(i % 4 > 1), NAN)
        for i in range(12)
    ]
    energy = np.linspace(0, 1, 12)
    page = Path(write_report(str(tmp_path / "report"), log, clips, np.eye(17)[:12], energy, LOG_MELS))
    text = page.read_text(encoding="utf-8")
    assert "| hit | 1.000 |" in text
    assert "5 epochs, 2.5 minutes; the last loss was 0.800." in text
    pictures = sorted(p.name for p in page.parent.iterdir() if p != page)
    assert pictures == ["confusion.svg", "curves.svg", "energy.svg", "log-mels.webp", "reliability.svg"]
    assert all(f"]({name})" in text for name in pictures)
    assert all((page.parent / name).stat().st_size < 100_000 for name in pictures)
    assert Image.open(page.parent / "log-mels.webp").size == (900, 720)


@pytest.mark.slow
def test_a_report_without_a_log_goes_without_curves(tmp_path: Path) -> None:
    clips = [Clip("a", "gtzan", "valid", ("Jazz",), NAN, NAN, NAN)]
    page = write_report(
        str(tmp_path / "report"), str(tmp_path / "no.csv"), clips, np.eye(17)[9:10], np.zeros(1), LOG_MELS[:1]
    )
    assert "curves" not in Path(page).read_text(encoding="utf-8")
