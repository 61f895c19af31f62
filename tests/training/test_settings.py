import pytest

from tagger.errors import TaggerError
from tagger.training.settings import SMALL, Settings, changed


def test_numbers_are_changed_in_the_settings_and_in_their_network() -> None:
    settings = changed(Settings(network=SMALL), ["mixup=0", "label_weight=0.3", "patience=2", "dropout=0.1"])
    assert (settings.mixup, settings.label_weight, settings.patience) == (0.0, 0.3, 2)
    assert settings.network == {**SMALL, "dropout": 0.1}
    assert changed(Settings(), []) == Settings()


@pytest.mark.parametrize("name", ["mixin=0", "epochs=3", "augment=0", "optimiser=sgd", "name=crnn", "", "=1"])
def test_what_is_no_number_of_a_run_is_named_with_those_that_are(name: str) -> None:
    with pytest.raises(
        TaggerError, match=rf"--set {name}: there is no '.*'; change one of batch_size, .*dropout$"
    ):
        changed(Settings(), [name])


@pytest.mark.parametrize("value", ["", "x", "nan", "inf", "-1"])
def test_a_value_that_is_no_number_is_reported_with_the_kind_that_it_takes(value: str) -> None:
    with pytest.raises(
        TaggerError, match=f"--set mixup={value}: mixup takes a number from 0 on; it is 0.2 now"
    ):
        changed(Settings(), [f"mixup={value}"])


@pytest.mark.parametrize("value", ["1", "1.5", "-3"])
def test_whole_numbers_stay_whole(value: str) -> None:
    with pytest.raises(TaggerError, match=f"batch_size={value}: batch_size takes a whole number from 2 on"):
        changed(Settings(), [f"batch_size={value}"])


def test_a_number_that_would_end_a_run_in_an_error_is_refused() -> None:
    assert changed(Settings(), ["batch_size=2", "patience=1", "dropout=1"]).patience == 1
    with pytest.raises(TaggerError, match=r"dropout=2: dropout takes a number from 0 to 1; it is 0\.3 now"):
        changed(Settings(), ["dropout=2"])
