"""The examples: sounds with the owner's words for them, each spelling joined, and who made them."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tagger.errors import TaggerError
from tagger.files import folded
from tagger.genre_words import NOTHING, Words, letters, says_genre

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tagger.store import Correction, HeardFile
    from tagger.types import FloatArray

MIN_TRACKS = 5
"""Of a genre, or it is left out."""

MIN_MAKERS = 2
"""Artists or albums of a genre: of one alone nobody can say whether the genre or the artist is learned."""

MOST_TRACKS = 2_000
"""Of a genre that are learned from: more change nothing but the time."""

_SEVERAL = re.compile(r"[;/|\\\0]")
_VARIOUS = frozenset({"variousartists", "various", "va", "unknownartist", "unknown", "diverse"})


@dataclass(frozen=True, slots=True)
class LearnSettings:
    """What is learned from, and what is asked of it.

    `genres` are the only ones to be learned; empty: all. A genre needs `min_tracks` sounds, by `MIN_MAKERS`
    artists or albums. With `keep_ours` the model's own genres stay where the owner has no word for them. With
    `energy` the owner's energy levels are learned, too. With `if_changed` nothing is learned from what was
    learned from before, and a head that is no better than the last is thrown away.
    """

    from_tags: bool = True
    from_corrections: bool = True
    genres: tuple[str, ...] = ()
    min_tracks: int = MIN_TRACKS
    keep_ours: bool = False
    energy: bool = False
    if_changed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Sounds: `embeddings` (n, d) float32, and `labels`, the owner's genres of each (none of some).

    `makers` are equal for the sounds of one artist, or of one album or folder where no artist is known.
    `levels` (n,) are the owner's energy levels, NaN where there is none. `left_out` counts the sounds of
    genres that have too few.
    """

    embeddings: NDArray[np.float32]
    labels: tuple[tuple[str, ...], ...]
    makers: tuple[str, ...]
    levels: FloatArray
    audio_ids: tuple[str, ...]
    left_out: Mapping[str, int]

    @property
    def genres(self) -> tuple[str, ...]:
        """The genres that there are examples of, by name."""
        return tuple(sorted({genre for labels in self.labels for genre in labels}))


def examples_of(
    files: Iterable[HeardFile],
    corrections: Mapping[str, Correction],
    settings: LearnSettings,
    size: int,
    nothing: Words = NOTHING,
) -> Examples:
    """Join the files of each sound, and the spellings of each genre; leave out genres with too few sounds.

    A correction stands in the place of what the tags say. `size` are the numbers of an embedding. Raises
    TaggerError, which says what is missing, where fewer than two genres are left and no energy is learned.
    """
    sounds = _sounds(files)
    said = [_said(found, corrections.get(audio_id), settings, nothing) for audio_id, found in sounds.items()]
    spelled = _spellings(name for names in said for name in names)
    wanted = {letters(name) for name in settings.genres}
    labels = [
        tuple(dict.fromkeys(spelled[key] for name in names if (key := letters(name)) in wanted or not wanted))
        for names in said
    ]
    makers = [_maker(found[0]) for found in sounds.values()]
    enough, left_out = _with_enough(labels, makers, settings.min_tracks)
    if len(enough) < 2 and not settings.energy:
        raise TaggerError(_too_little(enough, left_out, settings))
    kept = [tuple(genre for genre in own if genre in enough) for own in labels]
    vectors = b"".join(found[0].vector for found in sounds.values())
    return Examples(
        np.frombuffer(vectors, dtype="<f2").reshape(len(sounds), size).astype(np.float32),
        tuple(kept),
        tuple(makers),
        np.array([_level(found) for found in sounds.values()]),
        tuple(sounds),
        left_out,
    )


def _sounds(files: Iterable[HeardFile]) -> dict[str, list[HeardFile]]:
    found: dict[str, list[HeardFile]] = defaultdict(list)
    for file in files:
        found[file.audio_id].append(file)
    return found


def _said(
    files: Sequence[HeardFile], correction: Correction | None, settings: LearnSettings, nothing: Words
) -> list[str]:
    """What the owner calls a sound, word for word."""
    if correction is not None:
        chosen = correction.value if settings.from_corrections and correction.kind != "skipped" else None
        return [*(chosen or ())]
    texts = (text for file in files for text in file.genres) if settings.from_tags else ()
    pieces = (piece.strip() for text in texts for piece in _SEVERAL.split(text))
    return [piece for piece in dict.fromkeys(pieces) if letters(piece) and says_genre(piece, nothing)]


def _spellings(names: Iterable[str]) -> dict[str, str]:
    """The most frequent spelling of each genre, by its letters; of equals the first in the alphabet."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for name in names:
        counts[letters(name)][name] += 1
    return {key: min(found, key=lambda name: (-found[name], name)) for key, found in counts.items()}


def _maker(file: HeardFile) -> str:
    """Whose a file is: an artist's, an album's where no artist is known, else its folder's."""
    for name in (file.artist, file.album_artist):
        if name and letters(name) not in _VARIOUS:
            return f"artist {folded(name.strip())}"
    return f"album {file.album_id}" if file.album_id is not None else f"folder {os.path.dirname(file.path)}"


def _with_enough(
    labels: Sequence[tuple[str, ...]], makers: Sequence[str], min_tracks: int
) -> tuple[set[str], dict[str, int]]:
    """The genres with enough sounds of enough makers, and how many sounds the others have."""
    counts: Counter[str] = Counter()
    of_genre: dict[str, set[str]] = defaultdict(set)
    for own, maker in zip(labels, makers, strict=True):
        counts.update(own)
        for genre in own:
            of_genre[genre].add(maker)
    enough = {genre for genre, n in counts.items() if n >= min_tracks and len(of_genre[genre]) >= MIN_MAKERS}
    few = ((genre, n) for genre, n in counts.most_common() if genre not in enough)
    return enough, dict(few)


def _level(files: Sequence[HeardFile]) -> float:
    return next((file.level for file in files if file.level is not None), float("nan"))


def _too_little(enough: set[str], left_out: Mapping[str, int], settings: LearnSettings) -> str:
    source = " or ".join(
        name
        for name, is_used in (
            ("own genres in tags", settings.from_tags),
            ("corrections", settings.from_corrections),
        )
        if is_used
    )
    if not enough and not left_out:
        return f"nothing to learn from: no track has {source}; tag some, or correct some with `tagger set`"
    needed = f"{settings.min_tracks} tracks of {MIN_MAKERS} artists or albums"
    few = ", ".join(f"{genre} ({n})" for genre, n in [*left_out.items()][:5])
    there = f"only {next(iter(enough))} has" if enough else "no genre has"
    return (
        f"too little to learn from: {there} {needed} in {source}, and two genres must"
        + (f"; the next have {few}" if few else "")
        + "; tag more, or give --min-tracks"
    )
