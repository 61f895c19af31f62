"""The head of sounds, fitted to music and to what is none."""

import csv
from pathlib import Path

import numpy as np
import pytest

from tagger.errors import TaggerError
from tagger.heads import Heads, sounds_said
from tagger.model_card import DEFAULT_MODEL, load_card
from tagger.training.clips import Clip
from tagger.training.heads import KnownSounds, fit_sound, refit_sound
from tagger.training.heads.sound import GUARDED_KEPT, MUSIC_KEPT, least_for, read_sounds, shares_right
from tests.labelled_music import RATE_HZ, tone
from tests.sounds import float_wav

N, DIM = 900, 12
MUSIC, SPEECH, NOISE = range(3)
SPLITS = ("train", "train", "valid", "test")


def known_sounds(apart: float) -> KnownSounds:
    """Half of the clips are music, some of it rap; the sounds lie so far `apart`, in two directions."""
    random = np.random.default_rng(0)
    sounds = np.arange(N) % 4 % 3
    embeddings = random.normal(0, 1, (N, DIM))
    embeddings[:, 0] += apart * (sounds == SPEECH)
    embeddings[:, 1] += apart * (sounds == NOISE)
    genres = [("Hip-Hop",) if i % 5 == 0 else ("Rock",) for i in range(N)]
    clips = [
        Clip(f"{i}.wav", "made", SPLITS[i // 8 % 4], genre if sound == MUSIC else (), group=str(i // 8))
        for i, (sound, genre) in enumerate(zip(sounds, genres, strict=True))
    ]
    return KnownSounds(tuple(clips), embeddings, sounds)


def test_sounds_that_lie_apart_are_told_apart_and_music_stays_music() -> None:
    head = fit_sound(known_sounds(apart=6))
    assert head.least == 0.5
    assert min(head.test.values()) > 0.95 and set(head.test) == {"music", "Hip-Hop", "speech", "noise"}


def test_the_nearer_they_are_the_surer_it_must_be_before_music_is_given_up() -> None:
    head = fit_sound(known_sounds(apart=3))
    assert 0.5 < head.least < 0.99
    assert head.learned["music"] >= MUSIC_KEPT and head.learned["Hip-Hop"] >= GUARDED_KEPT
    assert 0.1 < head.learned["speech"] < 0.9
    assert head.test["music"] > 0.98


def test_probabilities_are_calibrated() -> None:
    known = known_sounds(apart=2)
    test = known.rows(known.is_test)
    logits = fit_sound(known).linear.logits(test.embeddings)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert shares.mean(axis=0) == pytest.approx(np.bincount(test.sounds) / len(test.sounds), abs=0.06)


def test_where_music_cannot_be_kept_nothing_but_the_surest_is_said() -> None:
    known = known_sounds(apart=2)
    wrong = np.tile([0.0, 0.995, 0.005], (N, 1))
    assert least_for(known, wrong) == 0.99


def test_speech_or_noise_is_said_where_both_together_are_likely_enough() -> None:
    shares = np.array([[0.3, 0.4, 0.3], [0.1, 0.4, 0.5], [0.1, 0.5, 0.4], [0.6, 0.4, 0.0]])
    assert sounds_said(shares, 0.8).tolist() == [MUSIC, NOISE, SPEECH, MUSIC]


def test_shares_are_of_what_there_is() -> None:
    known = known_sounds(apart=2)
    only_speech = known.rows(known.sounds == SPEECH)
    assert shares_right(only_speech, np.full(len(only_speech.clips), MUSIC)) == {"speech": 0.0}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Chords of six seconds as music; in the other folder hiss, and a buzz that is called speech."""
    data, sounds = (tmp_path_factory.mktemp(name) for name in ("data", "sounds"))
    random, t = np.random.default_rng(0), np.arange(6 * RATE_HZ) / RATE_HZ
    with open(data / "clips.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("path", "dataset", "split", "group", "genres"))
        for i in range(16):
            float_wav(data / f"{i}.wav", tone(6, i % 8), RATE_HZ)
            rows.writerow((f"{i}.wav", "made", SPLITS[i % 4], i, "Jazz"))
    with open(sounds / "sounds.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("path", "sound", "dataset", "group", "split"))
        for i in range(32):
            buzz = 0.3 * np.sign(np.sin(2 * np.pi * (100 + 3 * i) * t)) * (np.sin(2 * np.pi * 3 * t) > 0)
            hiss = random.normal(0, 0.2, len(t))
            float_wav(sounds / f"{i}.wav", (buzz if i % 2 else hiss).astype(np.float32), RATE_HZ)
            rows.writerow((f"{i}.wav", "speech" if i % 2 else "noise", "made-up", i, SPLITS[i // 2 % 4]))
    return str(data), str(sounds)


def test_a_model_gets_a_head_of_sounds_and_keeps_the_others(folders: tuple[str, str], tmp_path: Path) -> None:
    head = refit_sound(DEFAULT_MODEL, *folders, str(tmp_path / "mine"), jobs=1)
    shipped, card = load_card(DEFAULT_MODEL), load_card(str(tmp_path / "mine"))
    assert (card.id, card.no_music_from, card.trunk_sha256) == ("mine", head.least, shipped.trunk_sha256)
    changed = {name for name in card.head_versions if card.head_versions[name] != shipped.head_versions[name]}
    assert changed == {"sound"}
    assert card.training["heads"]["sound"] == {"learned": head.learned, "test": head.test}
    assert card.training["heads"]["mood"] == shipped.training["heads"]["mood"]
    assert head.test == {"music": 1.0, "speech": 1.0, "noise": 1.0}
    assert Heads(card).embedding_dim == 192


def test_a_folder_that_is_there_is_not_written_over(folders: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(TaggerError, match="is there already; give the folder another name"):
        refit_sound(DEFAULT_MODEL, *folders, str(tmp_path), jobs=1)


@pytest.mark.parametrize(
    "text", ["path,sound\na.wav,speech\n", "path,sound,dataset,group,split\na,song,b,c,d\n"]
)
def test_a_table_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "sounds.csv").write_text(text)
    with pytest.raises(TaggerError, match=r"sounds\.csv: damaged, or a column is missing"):
        read_sounds(str(tmp_path))
    with pytest.raises(TaggerError, match=r"nowhere.*No such file"):
        read_sounds(str(tmp_path / "nowhere"))
