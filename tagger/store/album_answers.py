"""The answers that albums give together: pooled where a track has come, changed or gone, and read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tagger.albums import MOST_TRACKS, album_answer, is_album
from tagger.store import checked

if TYPE_CHECKING:
    from tagger.store.database import Database
    from tagger.types import FloatArray

TOGETHER = 50
"""Albums in one transaction: a tenth of a second, in which other programs wait."""

BaseRates = Callable[[str], Mapping[str, float]]
"""From the id of a model to its mean probability of each genre; empty: they count as equal."""

_STALE = "SELECT album_id FROM stale_albums ORDER BY album_id LIMIT ?"
_SIZE = "SELECT count(*) FROM tracks WHERE album_id = ? AND missing_since ISNULL"
_TRACKS = """
    SELECT t.id, p.model, t.audio_id, t.album, t.artist, t.album_artist,
        p.genre, p.genre_confidence, p.album_weight
    FROM tracks t CROSS JOIN predictions p ON p.track_id = t.id
    WHERE t.album_id = ? AND t.missing_since ISNULL ORDER BY t.id"""
_SCORES = """
    SELECT s.track_id, s.model, s.genre, s.probability
    FROM tracks t CROSS JOIN genre_scores s ON s.track_id = t.id
    WHERE t.album_id = ? AND t.missing_since ISNULL"""
# The owner's word stays where it stands in the place of an answer.
_ANSWER = """
    UPDATE predictions SET
        genre = CASE WHEN corrected & 1 THEN genre ELSE ? END,
        genre_confidence = CASE WHEN corrected & 1 THEN genre_confidence ELSE ? END,
        album_weight = ?
    WHERE track_id = ? AND model = ?"""
SPEAK_ALONE = """
    UPDATE predictions SET
        genre = CASE WHEN corrected & 1 THEN genre ELSE track_genre END,
        genre_confidence = CASE WHEN corrected & 1 THEN genre_confidence ELSE track_genre_confidence END,
        album_weight = NULL
    WHERE track_id = ? AND album_weight NOT NULL"""
_INSERT = "INSERT INTO album_scores (album_id, model, genre, probability) VALUES (?, ?, ?, ?)"
_COUNT = """
    SELECT count(DISTINCT t.audio_id) FROM tracks t CROSS JOIN predictions p ON p.track_id = t.id
    WHERE t.album_id = ? AND p.model = ? AND p.album_weight NOT NULL"""


@dataclass(frozen=True, slots=True)
class _Track:
    """A track of an album with its scores by one model, and the answer that it has until now."""

    id: int
    audio_id: str
    names: tuple[str | None, str | None, str | None]
    answer: tuple[Any, Any, Any]
    scores: Mapping[str, float]


@dataclass(slots=True)
class _Changes:
    """The rows to be written for some albums."""

    scores: list[tuple[int, str, str, float]] = field(default_factory=list)
    answers: list[tuple[str, float, float, int, str]] = field(default_factory=list)
    alone: list[tuple[int, str]] = field(default_factory=list)


class AlbumAnswers:
    """What albums say together, as `Store.albums`; errors as of `Store`."""

    def __init__(self, database: Database) -> None:
        """Use `Store.albums`."""
        self._database = database

    def pool(self, base_rates: BaseRates) -> int:
        """Pool anew the albums of which a track has come, changed or gone; gives their number.

        They are kept in the database until then, so that an interrupted scan leaves none behind. A track
        without such an album speaks alone.
        """
        n_pooled = 0
        while stale := [album for (album,) in self._database.all(_STALE, (TOGETHER,))]:
            changes = _Changes()
            for album in stale:
                self._pool_one(album, base_rates, changes)
            with self._database.transaction() as connection:
                connection.executemany(
                    "DELETE FROM album_scores WHERE album_id = ?", [(one,) for one in stale]
                )
                connection.executemany(_INSERT, changes.scores)
                connection.executemany(_ANSWER, changes.answers)
                connection.executemany(f"{SPEAK_ALONE} AND model = ?", changes.alone)
                connection.executemany(
                    "DELETE FROM stale_albums WHERE album_id = ?", [(one,) for one in stale]
                )
            n_pooled += len(stale)
        return n_pooled

    def count(self, album: int, model: str) -> int:
        """Count the different sounds whose answers by `model` an album was pooled from."""
        return int(self._database.value(_COUNT, (album, model)))

    def _pool_one(self, album: int, base_rates: BaseRates, changes: _Changes) -> None:
        """Add to `changes` what an album says by the answers of each model."""
        is_small = self._database.value(_SIZE, (album,)) <= 2 * MOST_TRACKS  # there may be copies
        rows = self._database.all(_TRACKS, (album,))
        scores = _scores(self._database.all(_SCORES, (album,))) if is_small else {}
        for model, tracks in _by_model(rows, scores).items():
            heard = [track for track in tracks if any(track.scores.values())]
            answer = _answer(heard, base_rates(model)) if heard else None
            if answer is None:
                changes.alone += [(track.id, model) for track in tracks if track.answer[2] is not None]
                continue
            shared, weight = answer
            changes.scores += [(album, model, genre, p) for genre, p in shared.items()]
            for track in heard:
                genre, confidence = _likeliest(track.scores, shared, weight)
                if track.answer != (genre, confidence, weight):
                    changes.answers.append((genre, confidence, weight, track.id, model))


def _answer(
    tracks: Sequence[_Track], base_rates: Mapping[str, float]
) -> tuple[dict[str, float], float] | None:
    """The album's probabilities and their weight; None where the tracks are no album, or do not agree.

    A sound that is there twice counts once.
    """
    import numpy as np

    sounds = list({track.audio_id: track for track in tracks}.values())
    if not is_album(len(sounds), {track.names for track in tracks}):
        return None
    genres = sorted({genre for track in sounds for genre in track.scores})
    probabilities = _normalised(
        np.array([[one.scores.get(genre, 0.0) for genre in genres] for one in sounds])
    )
    rates = np.array([[base_rates.get(genre, 0.0) for genre in genres]])
    even = np.full((1, len(genres)), 1 / len(genres))
    answer, weight = album_answer(probabilities, _normalised(rates if rates.sum() > 0 else even)[0])
    return (dict(zip(genres, answer.tolist(), strict=True)), weight) if weight > 0 else None


def _normalised(rows: FloatArray) -> FloatArray:
    sums: FloatArray = rows.sum(axis=1, keepdims=True)
    return rows / sums


def _likeliest(own: Mapping[str, float], shared: Mapping[str, float], weight: float) -> tuple[str, float]:
    """The genre of the highest probability, as the view `genre_answers` has it, and that probability."""
    mixed = {genre: p + weight * (shared[genre] - p) for genre, p in own.items()}
    genre = max(sorted(mixed), key=mixed.__getitem__)
    return genre, mixed[genre]


def _scores(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[int, str], dict[str, float]]:
    """The probabilities of each track and model by genre, less what cannot be."""
    found: dict[tuple[int, str], dict[str, float]] = defaultdict(dict)
    for track_id, model, genre, probability in rows:
        if (
            type(probability) is not float or not 0.0 <= probability <= 1.0
        ):  # a function for each row takes time
            genre, probability = checked.text(genre), checked.share(probability)
        if isinstance(genre, str) and probability is not None:
            found[track_id, model][genre] = probability
    return found


def _by_model(
    rows: Iterable[tuple[Any, ...]], scores: Mapping[tuple[int, str], Mapping[str, float]]
) -> dict[str, list[_Track]]:
    """The tracks of an album by the models that have heard them."""
    found: dict[str, list[_Track]] = defaultdict(list)
    for track_id, model, audio_id, album, artist, album_artist, *answer in rows:
        names = checked.text(album), checked.text(artist), checked.text(album_artist)
        own = scores.get((track_id, model), {})
        track = _Track(track_id, str(audio_id), names, (answer[0], answer[1], answer[2]), own)
        found[model].append(track)
    return found
