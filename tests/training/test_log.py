from pathlib import Path

import numpy as np

from tagger.training.log import log_path, log_row, logged_seconds, read_log


def test_a_log_has_a_row_for_each_epoch_and_columns_may_come_later(tmp_path: Path) -> None:
    path = str(tmp_path / "runs" / "crnn.csv")
    log_row(path, {"epoch": 1, "loss": 3.25, "seconds": 5.0})
    log_row(path, {"epoch": 2, "loss": 2.5, "seconds": 7.5, "hit": 0.4})
    log = read_log(path)
    assert log["loss"].tolist() == [3.25, 2.5]
    np.testing.assert_array_equal(log["hit"], [np.nan, 0.4])
    assert logged_seconds(path) == 12.5
    assert Path(path).read_text() == "epoch,loss,seconds,hit\n1,3.25,5,\n2,2.5,7.5,0.4\n"


def test_a_run_that_goes_on_from_a_checkpoint_leaves_no_epoch_twice(tmp_path: Path) -> None:
    path = str(tmp_path / "crnn.csv")
    for epoch in (1, 2, 3, 2):
        log_row(path, {"epoch": epoch, "loss": 10.0 * epoch})
    assert read_log(path)["epoch"].tolist() == [1, 2]


def test_a_run_without_a_log_has_no_columns_and_no_time(tmp_path: Path) -> None:
    path = log_path(str(tmp_path / "crnn.checkpoint"))
    assert path == str(tmp_path / "crnn.csv")
    assert read_log(path) == {}
    assert np.isnan(logged_seconds(path))
