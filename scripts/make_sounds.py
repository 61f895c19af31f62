"""Make clips for the head of sounds: make_sounds.py OUT --data ../shared/data --speakers ~/prompts/*

Writes OUT/sounds.csv with speech, noises, and music in a poor state, for `fit_heads.py --sounds OUT`. Voices
are those of espeak-ng, flite and festival, as far as they are installed, and one for each folder of
--speakers; noises are made, and cut from the files of --recordings, each of which is a kind of its own. A
voice, a kind of noise or an artist is for one split alone.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from sound_making.noises import NOISES, RATE_HZ, Noise, Signal
from sound_making.treatment import level, mixed, save, treated
from sound_making.voices import Voice, read, recorded_voices, synthetic_voices

from tagger.training.clips import Clip
from tagger.training.datasets.layouts import TABLE, read_table

COLUMNS = ("path", "sound", "dataset", "group", "split")
OVER_MUSIC, BELOW_DB = 0.2, (14, 30)
"""The share of the speech that lies over music, and how far the music is below it: still speech."""


Music = Sequence[tuple[str, Clip]]
"""The path of each clip, and what is known of it."""


class Made(NamedTuple):
    """A sound, and where it belongs."""

    samples: Signal
    sound: str
    dataset: str
    group: str
    split: str


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", help="a new folder")
    parser.add_argument("--data", required=True, help="folder with clips.csv, perhaps with more/")
    parser.add_argument("--speakers", nargs="*", default=[], help="folders, each of one speaker")
    parser.add_argument("--recordings", nargs="*", default=[], help="files, each of one kind of noise")
    parser.add_argument("--speech", type=int, default=1_300, help="clips (default: %(default)s)")
    parser.add_argument("--noise", type=int, default=800, help="clips (default: %(default)s)")
    parser.add_argument("--music", type=int, default=600, help="clips (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    random, music = np.random.default_rng(args.seed), known_music(args.data)
    voices = [pool for pool in (synthetic_voices(), recorded_voices(args.speakers)) if pool]
    noises = {noise.__name__: noise for noise in NOISES} | {path: _cut_from(path) for path in args.recordings}
    os.makedirs(args.out)
    made = [
        *(spoken(random, voices, music) for _ in range(args.speech if voices else 0)),
        *(heard(random, noises) for _ in range(args.noise)),
        *(worn(random, music) for _ in range(args.music)),
    ]
    write(random, made, args.out)


def known_music(data: str) -> Music:
    """Give the path of each clip with a split, and the clip; what is in `more` is to learn from."""
    found = [(os.path.join(data, clip.path), clip) for clip in read_table(data)]
    more = os.path.join(data, "more")
    if os.path.isfile(os.path.join(more, TABLE)):
        found += [(os.path.join(more, clip.path), clip) for clip in read_table(more, ratings=())]
    return [(path, clip) for path, clip in found if clip.split in ("train", "valid", "test")]


def spoken(random: np.random.Generator, voices: Sequence[Mapping[str, Voice]], music: Music) -> Made:
    """Let a voice of one of the kinds speak, perhaps over quiet music of its split."""
    pool = voices[random.integers(len(voices))]
    name = str(random.choice([*pool]))
    split, seconds = split_of(name), random.uniform(7, 15)
    sound = treated(random, level(pool[name](random, seconds)[: int(15 * RATE_HZ)]))
    if random.random() < OVER_MUSIC:
        beds = [path for path, clip in music if clip.split == split and "Hip-Hop" not in clip.genres]
        if beds:
            sound = mixed(sound, read(str(random.choice(beds))), random.uniform(*BELOW_DB))
    return Made(sound, "speech", "speech", name, split)


def heard(random: np.random.Generator, noises: Mapping[str, Noise]) -> Made:
    """Make a noise."""
    name = str(random.choice([*noises]))
    n = int(RATE_HZ * random.uniform(6, 14))
    return Made(treated(random, level(noises[name](random, n)), 0.6), "noise", "noise", name, split_of(name))


def worn(random: np.random.Generator, music: Music) -> Made:
    """Put music into a poor state, by which it must not be known; every third is rap or world music."""
    rare = [pair for pair in music if {"Hip-Hop", "International", "R&B"} & {*pair[1].genres}]
    pool = rare if rare and random.random() < 1 / 3 else music
    path, clip = pool[random.integers(len(pool))]
    sound = treated(random, level(read(path)), 1.6)
    return Made(sound, "music", clip.dataset, clip.group or clip.path, clip.split)


def split_of(name: str) -> str:
    """Give the split of a voice or a kind of noise, by its name."""
    share = zlib.crc32(os.path.basename(name.rstrip(os.sep)).encode()) % 100
    return "test" if share < 25 else "valid" if share < 42 else "train"


def write(random: np.random.Generator, made: Sequence[Made], folder: str) -> None:
    """Write the clips and their table."""
    with open(os.path.join(folder, "sounds.csv"), "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for name, one in zip(_names(random), made, strict=False):
            save(random, one.samples, os.path.join(folder, name))
            rows.writerow((name, *one[1:]))


def _names(random: np.random.Generator) -> Iterator[str]:
    number = 0
    while True:
        yield f"{number:05}.{random.choice(['opus', 'opus', 'opus', 'mp3', 'wav'])}"
        number += 1


def _cut_from(path: str) -> Noise:
    """Pieces of a recording."""
    whole = read(path)

    def cut(random: np.random.Generator, n: int) -> Signal:
        at = int(random.integers(max(1, len(whole) - n)))
        return np.resize(whole[at:], n)

    return cut


if __name__ == "__main__":
    main()
