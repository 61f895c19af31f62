import shutil
from pathlib import Path

import pytest

from tagger.model_card import DEFAULT_MODEL, load_card


@pytest.fixture
def copied_model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(load_card(DEFAULT_MODEL).folder, tmp_path / "copy"))
