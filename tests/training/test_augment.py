import numpy as np
import pytest
import torch

from tagger.training import augment
from tagger.training.corpus import LogMels


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def test_crops_have_the_asked_length_and_come_from_the_clip() -> None:
    ramp = np.tile(np.arange(500, dtype=np.float16), (4, 1))
    crops = augment.random_crops(LogMels([ramp, ramp[:, 200:]]), 100, stretch=0.0)
    assert crops.shape == (2, 4, 100)
    assert crops.dtype == torch.float16
    assert torch.all(crops.diff(dim=2) == 1)


def test_a_clip_shorter_than_the_crop_is_repeated() -> None:
    crops = augment.random_crops(LogMels([np.tile(np.arange(30, dtype=np.float16), (4, 1))]), 100)
    assert set(crops.flatten().tolist()) == set(map(float, range(30)))


def test_every_augmentation_keeps_shape_and_finite_numbers() -> None:
    batch = torch.randn(6, 96, 431) * 20 - 40
    out = augment.augment(batch)
    assert out.shape == batch.shape
    assert out.isfinite().all()
    assert not torch.equal(out, batch)


def test_gain_shifts_all_bands_alike_and_stops_at_the_floor() -> None:
    out = augment.gain(torch.full((64, 2, 3), -95.0), range_db=10.0)
    assert out.min() == augment.FLOOR_DB
    assert -86 <= out.max() <= -85
    assert torch.all(out == out[:, :1, :1])


def test_low_pass_leaves_the_low_bands_alone() -> None:
    batch = torch.zeros(200, 96, 2)
    out = augment.low_pass(batch, probability=0.5, lowest_share=0.65)
    assert torch.all(out[:, : int(96 * 0.65)] == 0)
    dropped = (out[:, -1, 0] < 0).float().mean()
    assert 0.3 < dropped < 0.7


def test_spec_augment_hides_with_the_mean() -> None:
    batch = torch.randn(3, 96, 431)
    out = augment.spec_augment(batch)
    changed = out != batch
    assert changed.any()
    means = batch.mean(dim=(1, 2), keepdim=True).expand_as(batch)
    torch.testing.assert_close(out[changed], means[changed])
