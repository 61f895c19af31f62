import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.predict import tempo_and_confidence

FIRST_BPM, N_TEMPO = 30, 257
BPMS = FIRST_BPM + np.arange(N_TEMPO)


def peak(bpm: float, width_bpm: float = 1.0) -> np.ndarray:
    bell = np.exp(-(((BPMS - bpm) / width_bpm) ** 2) / 2)
    return np.asarray(bell / bell.sum())


@pytest.mark.parametrize("bpm", [60.0, 90.3, 127.6, 174.9])
def test_a_tempo_between_two_classes_is_found_to_a_tenth(bpm: float) -> None:
    found, confidence = tempo_and_confidence(peak(bpm, 0.7), FIRST_BPM)
    assert found == pytest.approx(bpm, abs=0.051)
    assert confidence > 0.99


def test_a_sure_class_is_its_own_tempo() -> None:
    assert tempo_and_confidence(np.eye(N_TEMPO)[90], FIRST_BPM) == (120.0, 1.0)


@pytest.mark.parametrize("index", [0, N_TEMPO - 1])
def test_the_first_and_the_last_class_can_win(index: int) -> None:
    assert tempo_and_confidence(np.eye(N_TEMPO)[index], FIRST_BPM) == (BPMS[index], 1.0)


def test_half_and_double_tempo_neither_move_the_answer_nor_count_for_it() -> None:
    bpm, confidence = tempo_and_confidence(
        0.6 * peak(128, 0.5) + 0.3 * peak(64, 0.5) + 0.1 * peak(256), FIRST_BPM
    )
    assert bpm == pytest.approx(128, abs=0.1)
    assert confidence == pytest.approx(0.6, abs=1e-3)


def test_the_confidence_is_the_mass_within_4_percent_edges_included() -> None:
    probabilities = np.zeros(N_TEMPO)
    for bpm, mass in {100: 0.4, 96: 0.1, 104: 0.1, 95: 0.2, 105: 0.2}.items():
        probabilities[bpm - FIRST_BPM] = mass
    assert tempo_and_confidence(probabilities, FIRST_BPM) == (100.0, pytest.approx(0.6))


def test_knowing_nothing_is_reported_as_a_low_confidence() -> None:
    _, confidence = tempo_and_confidence(np.full(N_TEMPO, 1 / N_TEMPO), FIRST_BPM)
    assert confidence < 0.1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=N_TEMPO), st.sampled_from([20, 30, 55.5]))
def test_the_answer_is_near_the_likeliest_class_and_a_probability(masses: list[float], first: float) -> None:
    probabilities = np.array(masses) + 1e-6
    probabilities /= probabilities.sum()
    bpm, confidence = tempo_and_confidence(probabilities, first)
    likeliest = first + probabilities.argmax()
    assert abs(bpm - likeliest) <= 0.04 * likeliest + 0.051
    assert 0 <= confidence <= 1
