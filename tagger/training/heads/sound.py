"""The head of sounds: music, speech or noise, fitted to labelled music and to a folder of other sounds."""

from __future__ import annotations

import csv
import logging
import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.errors import TaggerError
from tagger.heads import softmax, sounds_said
from tagger.model_card import ModelCard, load_card
from tagger.model_card.write_heads import require_new, write_refitted
from tagger.training.by_artist import artists_of
from tagger.training.clips import Clip
from tagger.training.evaluation import predict_files
from tagger.training.heads.heard import hear
from tagger.training.heads.linear import Linear, fit_classes, softmax_slope, unseen_logits
from tagger.types import SOUNDS, Failure, FloatArray

TABLE = "sounds.csv"
"""In the folder of sounds: `path`, `sound` (of `SOUNDS`), `dataset`, `group` (what must stay together: a
voice, a kind of noise, an artist) and `split` of each clip."""

SHRINKAGE = 0.5
"""For each number of an embedding; from 0.15 to 1.5 speech is found 0.01 more or less often."""

N_FOLDS = 5

MUSIC_COUNT = 2.0
"""How much all music counts beside all speech and all noise: whoever has podcasts has more music."""

MUSIC_KEPT, GUARDED_KEPT = 0.995, 0.97
"""The shares of clips that must stay music: of all labelled ones, and of each of `GUARDED`. At 0.99 and 0.96
speech would be found 0.05 more often."""

GUARDED = ("Hip-Hop", "International")
"""What is nearest to speech and to noise: rap, and field recordings."""

LEASTS = tuple(round(0.01 * i, 2) for i in range(50, 100))
"""The probabilities of no music from which on it may be said."""

DECIMALS = 4

MUSIC, SPEECH, NOISE = range(len(SOUNDS))

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class KnownSounds:
    """Clips, their embeddings (n, embedding_dim), and of each the place in `SOUNDS` of what it is, (n,)."""

    clips: tuple[Clip, ...]
    embeddings: FloatArray
    sounds: NDArray[np.int_]

    @property
    def is_test(self) -> NDArray[np.bool_]:
        """Tell which clips nothing is learned from, (n,)."""
        return np.array([clip.split == "test" for clip in self.clips])

    def rows(self, chosen: NDArray[np.bool_]) -> KnownSounds:
        """Keep the clips that are `chosen`, (n,)."""
        clips = tuple(clip for clip, keep in zip(self.clips, chosen, strict=True) if keep)
        return KnownSounds(clips, self.embeddings[chosen], self.sounds[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class SoundHead:
    """The head, calibrated, and the probability of no music from which on (`least`) it is said.

    `learned` and `test` have the shares of clips that get the sound they are, as `shares_right` names them:
    the former of clips that the answering head was not fitted to, nor to others of their group.
    """

    linear: Linear
    least: float
    learned: dict[str, float]
    test: dict[str, float]


def refit_sound(model: str, data: str, sounds: str, out: str | None = None, jobs: int = 2) -> SoundHead:
    """Fit a head of sounds to the embeddings of an installed model, and write it into its folder, or `out`.

    That is a copy, named after its folder; trunk and other heads stay as they are. `data` holds `clips.csv`
    of music, `sounds` the table `TABLE`. Raises `TaggerError` where `out` is there already and for a table
    that cannot be read.
    """
    card = load_card(model)
    require_new(out)
    head = fit_sound(hear_sounds(data, sounds, card, jobs))
    write_sound(card, head, out)
    return head


def write_sound(card: ModelCard, head: SoundHead, out: str | None = None) -> None:
    """Write a head of sounds into the folder of a model, or into a copy of it in the new folder `out`."""
    heads = {"sound": {"names": list(SOUNDS), "least": head.least}}
    facts = {**card.training.get("heads", {}), "sound": {"learned": head.learned, "test": head.test}}
    write_refitted(card, out, head.linear.tensors("sound_head"), heads, facts)


def hear_sounds(data: str, sounds: str, card: ModelCard, jobs: int) -> KnownSounds:
    """Analyse the music of `data` (`clips.csv`, and that in `more`) and the clips of `TABLE` in `sounds`."""
    music = hear(data, card, jobs)
    clips, classes = read_sounds(sounds)
    answers = predict_files([os.path.join(sounds, clip.path) for clip in clips], card, jobs)
    kept, vectors = list[int](), list[NDArray[np.float16]]()
    for i, answer in enumerate(answers):
        if isinstance(answer, Failure) or answer.silent:
            log.warning("%s: %s (left out)", clips[i].path, getattr(answer, "reason", "silent"))
        else:
            kept.append(i)
            vectors.append(answer.embedding)
    return KnownSounds(
        (*music.clips, *(clips[i] for i in kept)),
        np.concatenate([music.embeddings, np.array(vectors, np.float64)]),
        np.array([MUSIC] * len(music.clips) + [classes[i] for i in kept]),
    )


def read_sounds(folder: str) -> tuple[list[Clip], list[int]]:
    """Read the clips of `TABLE` in `folder`, and the places of their sounds in `SOUNDS`."""
    path = os.path.join(folder, TABLE)
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = [*csv.DictReader(file, restval="")]
        clips = [Clip(row["path"], row["dataset"], row["split"], (), group=row["group"]) for row in rows]
        return clips, [[*map(str, SOUNDS)].index(row["sound"]) for row in rows]
    except OSError as error:
        raise TaggerError(f"{path}: {error.strerror}") from None
    except (KeyError, ValueError, csv.Error) as error:
        raise TaggerError(f"{path}: damaged, or a column is missing: {error}") from None


def fit_sound(known: KnownSounds) -> SoundHead:
    """Fit the head to all clips but those of `test`; voices and kinds of noise are validated by folds.

    It is calibrated, and `least` chosen, on clips whose group the answering head was not fitted to: the
    least probability at which enough music stays music (`MUSIC_KEPT`, `GUARDED_KEPT`), for a song that drops
    out of all playlists costs more than a talk that stays in some.
    """
    learned, test = known.rows(~known.is_test), known.rows(known.is_test)
    counts = _counts(learned.sounds)
    shrinkage = SHRINKAGE * learned.embeddings.shape[1]

    def fit(at: NDArray[np.int_]) -> Linear:
        return fit_classes(learned.embeddings[at], learned.sounds[at], len(SOUNDS), shrinkage, counts[at])

    unseen, _ = unseen_logits(fit, learned.embeddings, learned.sounds, artists_of(learned.clips), N_FOLDS)
    slope = softmax_slope(unseen, learned.sounds, counts)
    linear = fit(np.arange(len(counts))).scaled(slope, 0.0)
    least = least_for(learned, softmax(slope * unseen))
    return SoundHead(
        linear,
        least,
        shares_right(learned, sounds_said(softmax(slope * unseen), least)),
        shares_right(test, sounds_said(softmax(linear.logits(test.embeddings)), least)),
    )


def least_for(known: KnownSounds, probabilities: FloatArray) -> float:
    """Choose the least of `LEASTS` at which enough music stays music; the greatest if it never does."""
    for least in LEASTS:
        right = shares_right(known, sounds_said(probabilities, least))
        if right["music"] >= MUSIC_KEPT and all(right.get(name, 1.0) >= GUARDED_KEPT for name in GUARDED):
            return least
    return LEASTS[-1]


def shares_right(known: KnownSounds, answers: NDArray[np.int_]) -> dict[str, float]:
    """Give the share of clips whose answer is what they are: of speech, of noise, and of music by people.

    `music` is that with a genre label, `GUARDED` those with these; what there is none of is left out.
    """
    labels = [set(clip.genres) for clip in known.clips]
    parts = {
        "music": np.array([bool(names) for names in labels]),
        **{guarded: np.array([guarded in names for names in labels]) for guarded in GUARDED},
        "speech": known.sounds == SPEECH,
        "noise": known.sounds == NOISE,
    }
    right = answers == known.sounds
    return {name: round(float(right[part].mean()), DECIMALS) for name, part in parts.items() if part.any()}


def _counts(sounds: NDArray[np.int_]) -> FloatArray:
    """Give how much each clip counts, (n,); the mean is 1."""
    n_clips = np.maximum(np.bincount(sounds, minlength=len(SOUNDS)), 1)
    shares = np.array([MUSIC_COUNT, 1.0, 1.0]) / n_clips
    counts = shares[sounds]
    return np.asarray(counts / counts.mean())
