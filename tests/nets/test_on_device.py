"""Settings of the process that make inference fast, which only a program asks for."""

import torch

from tagger.nets import tune_process


def test_tuning_a_process_limits_its_threads_only_where_asked() -> None:
    torch.set_num_threads(2)
    tune_process()
    assert torch.get_num_threads() == 2
    tune_process(threads=1)
    assert torch.get_num_threads() == 1
