"""Convert paths, analyses, tracks and failures to the values of the tables, and back.

File names are TEXT where they are UTF-8, else BLOB, never losing a byte: SQLite can hold neither lone
surrogates nor undecodable bytes in TEXT, and a music library that has lived on several systems has both
`café` spellings and names in Latin-1.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from tagger.albums import album_id
from tagger.files import AudioFile, absolute
from tagger.genre_words import Words
from tagger.musical_key import KEYS
from tagger.store import checked
from tagger.store.correction_tables import BITS
from tagger.store.own_tags import own_genres, own_tags_of
from tagger.types import (
    MOST_BPM,
    MOST_LEVEL,
    AlbumAnswer,
    Analysis,
    Failure,
    Mood,
    OwnersWord,
    Prediction,
    Recording,
    Track,
    WindowAnswer,
)

SqlValue = str | bytes | int | float | None
StoredPath = str | bytes
PathRange = tuple[StoredPath, StoredPath]

# No path is empty, and in SQLite every BLOB is greater than every TEXT.
EVERY_PATH: tuple[PathRange, ...] = (("", b""), (b"", b"\xff\xff"))

Row = tuple[SqlValue, ...]


class MoodAndWords(NamedTuple):
    """What is said of the mood of a track, and its words with their probabilities (0–1)."""

    valence: float | None = None
    mood: Mood | None = None
    mood_confidence: float | None = None
    words: Mapping[str, float] = MappingProxyType({})


class KeyAndTempo(NamedTuple):
    """The key of a track and its second likely tempo, with their probabilities (0–1)."""

    key: str | None = None
    key_confidence: float | None = None
    second_bpm: float | None = None
    second_bpm_confidence: float | None = None


SOUND = (
    "(SELECT n.sound FROM no_music n WHERE n.track_id = p.track_id AND n.model = p.model AND p.corrected = 0)"
)
"""What a prediction `p` says is no music and the owner has not corrected; NULL: music."""

TRACK_COLUMNS = (
    "t.path, t.audio_id, t.duration_s, p.genre, p.genre_confidence, p.energy, p.bpm, p.bpm_confidence, "
    "p.silent, t.title, t.artist, t.album, t.year, t.missing_since NOTNULL, t.damaged, "
    "t.tag_genres, t.tag_energy_level, t.tag_bpm, t.tag_key, p.corrected, "
    f"{SOUND}"
)
"""The columns that `track_of` reads, of tracks `t` and predictions `p`."""

N_COLUMNS = TRACK_COLUMNS.count(",") + 1

_CORRECTED = tuple(
    tuple(name for name, bit in BITS.items() if mask & bit) for mask in range(sum(BITS.values()) + 1)
)
"""The fields that each value of the column `corrected` stands for."""

_NOT_ASKED_FOR = KeyAndTempo()
_KEPT_KEYS = frozenset({None, *KEYS})
_KEPT_SOUNDS = (None, "speech", "noise")


def track_of(
    row: tuple[Any, ...],
    nothing: Words,
    second_genre: str | None = None,
    said: MoodAndWords | None = None,
    played: KeyAndTempo | None = None,
) -> Track:
    """Read a track from the columns `TRACK_COLUMNS`, without own genres that say `nothing`.

    `said` is None where mood and words were not asked for, and `played` where the key was not.
    """
    if not (_are_sound(tuple(map(type, row))) and _are_in_range(row)):
        row = _mended(row)
    path, audio_id, duration_s, genre, confidence, energy, bpm, bpm_confidence, silent, *names = row
    title, artist, album, year, missing, damaged, genres, level, tag_bpm, tag_key, corrected, sound = names
    answer = (genre, confidence, energy, bpm, bpm_confidence, bool(silent))
    of_tags = (title, artist, album, year)
    own: tuple[Any, ...] = (own_genres(genres, nothing), level, tag_bpm)
    states = (bool(missing), bool(damaged))
    more = (second_genre, *(said or (None, None, None, {})), _CORRECTED[corrected], sound or "music")
    key, key_confidence, *second = played or _NOT_ASKED_FOR
    more += (key, key_confidence, *((None, None) if corrected & BITS["bpm"] else second), tag_key)
    return Track(path_from(path), audio_id, duration_s, *answer, *of_tags, *states, *own, *more)


@lru_cache(maxsize=4096)
def _are_sound(types: tuple[type, ...]) -> bool:
    """Whether the columns `TRACK_COLUMNS` are of the types that they should be: asked for a million rows."""
    path, audio_id, duration_s, genre, *rest = types
    *rest, level, tag_bpm, tag_key, fields, sound = rest
    *numbers, silent, title, artist, album, year, missing, damaged, own_genres = rest
    texts = all(one in (str, type(None)) for one in (genre, title, artist, album, own_genres))
    return (
        path in (str, bytes)
        and audio_id is str
        and duration_s in (float, type(None))
        and texts
        and all(one in (float, type(None)) for one in (*numbers, level, tag_bpm))
        and silent is int
        and year in (int, type(None))
        and missing is int
        and damaged is int
        and fields is int
        and tag_key in (str, type(None))
        and sound in (str, type(None))
    )


def _are_in_range(row: tuple[Any, ...]) -> bool:
    duration_s, _, sure, energy, bpm, bpm_sure, _, _, _, _, year, *_ = row[2:]
    level, tag_bpm, tag_key, fields, sound = row[-5:]
    return (
        0.0 <= (duration_s or 0.0) <= checked.LONGEST_S
        and 0.0 <= (energy or 0.0) <= 1.0
        and 0.0 <= (sure or 0.0) <= 1.0
        and 0.0 <= (bpm or 0.0) <= checked.MOST_BPM
        and 0.0 <= (bpm_sure or 0.0) <= 1.0
        and 0 <= (year or 0) < 10_000
        and 0.0 <= (level or 0.0) <= MOST_LEVEL
        and 0.0 <= (tag_bpm or 0.0) <= MOST_BPM
        and 0 <= fields < len(_CORRECTED)
        and tag_key in _KEPT_KEYS
        and sound in _KEPT_SOUNDS
    )


def _mended(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """The row with None in the place of what cannot be."""
    path, audio_id, duration_s, genre, confidence, energy, bpm, bpm_confidence, silent, *names = row
    title, artist, album, year, missing, damaged, genres, level, tag_bpm, tag_key, corrected, sound = names
    return (
        path,
        checked.text(audio_id) or "",
        checked.duration_s(duration_s),
        checked.text(genre),
        checked.share(confidence),
        checked.share(energy),
        checked.bpm(bpm),
        checked.share(bpm_confidence),
        silent,
        *map(checked.text, (title, artist, album)),
        checked.year(year),
        missing,
        damaged,
        checked.text(genres),
        checked.number(level, 0, MOST_LEVEL),
        checked.number(tag_bpm, 0, MOST_BPM),
        checked.key(tag_key),
        corrected if type(corrected) is int and 0 <= corrected < len(_CORRECTED) else 0,
        checked.sound(sound),
    )


def analysis_of(
    row: dict[str, Any],
    genres: Iterable[tuple[str, float]],
    windows: Iterable[tuple[Any, ...]],
    said: MoodAndWords,
    played: KeyAndTempo,
    corrected: OwnersWord,
    nothing: Words,
) -> Analysis:
    """Read an analysis from a joined row of `tracks`, `predictions` and `embeddings`, and its other rows.

    `said` are mood and words, `played` the key and the second tempo, `corrected` is the owner's word. Own
    genres that say `nothing` are left out.
    """
    import numpy as np  # not for those who only look whether a file has changed

    prediction = Prediction(
        model=checked.text(row["model"]) or "",
        genres=dict(genres_of_rows(genres)),
        genre=checked.text(row["track_genre"]),
        genre_confidence=checked.share(row["track_genre_confidence"]),
        energy=checked.share(row["track_energy"]),
        windows=tuple(map(_window, windows)),
        embedding=np.frombuffer(_vector(row["vector"]), dtype="<f2").astype(np.float16),
        silent=bool(row["silent"]),
        bpm=checked.bpm(row["track_bpm"]),
        bpm_confidence=checked.share(row["track_bpm_confidence"]),
        valence=said.valence,
        mood=said.mood,
        mood_confidence=said.mood_confidence,
        words=said.words,
        sound=checked.sound(row["sound"]),
        sound_confidence=checked.share(row["sound_confidence"]),
        second_bpm=played.second_bpm,
        second_bpm_confidence=played.second_bpm_confidence,
        key=played.key,
        key_confidence=played.key_confidence,
    )
    return Analysis(
        file=AudioFile(path_from(row["path"]), checked.whole(row["size"]), checked.whole(row["mtime_ns"])),
        recording=_recording(row, nothing),
        prediction=prediction,
        scanned_at=checked.text(row["scanned_at"]),
        missing=row["missing_since"] is not None,
        corrected=corrected,
    )


def album_answer_of(genres: Iterable[tuple[str, float]], n_tracks: int) -> AlbumAnswer:
    """Read what an album says of a track from rows of the view `genre_answers`."""
    return AlbumAnswer(n_tracks, dict(genres_of_rows(genres)))


def _recording(row: dict[str, Any], nothing: Words) -> Recording:
    return Recording(
        audio_id=checked.text(row["audio_id"]) or "",
        duration_s=checked.duration_s(row["duration_s"]),
        codec=checked.text(row["codec"]) or "",
        sample_rate_hz=max(checked.whole(row["sample_rate_hz"]), 0),
        channels=max(checked.whole(row["channels"]), 0),
        title=checked.text(row["title"]),
        artist=checked.text(row["artist"]),
        album=checked.text(row["album"]),
        year=checked.year(row["year"]),
        damaged=bool(row["damaged"]),
        album_artist=checked.text(row["album_artist"]),
        compilation=bool(row["compilation"]),
        own=own_tags_of(row, nothing),
    )


def genres_of_rows(rows: Iterable[tuple[Any, Any]]) -> Iterator[tuple[str, float]]:
    """The genres whose name and probability can be, of rows from the store."""
    for name, probability in rows:
        genre, sure = checked.text(name), checked.share(probability)
        if genre is not None and sure is not None:
            yield genre, sure


def _window(row: tuple[Any, ...]) -> WindowAnswer:
    start_s, genre, confidence, energy, valence, mood = row
    start = checked.duration_s(start_s) or 0.0
    answer = checked.text(genre), checked.share(confidence), checked.share(energy)
    return WindowAnswer(start, *answer, checked.share(valence), checked.mood(mood))


def _vector(value: Any) -> bytes:
    return value if isinstance(value, bytes) and len(value) % 2 == 0 else b""


def iso(time: datetime) -> str:
    """Give a time as the database keeps it: ISO 8601 in UTC, to the millisecond."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds")


def now() -> str:
    """Give the present time as the database keeps it."""
    return iso(datetime.now(UTC))


def track_values(file: AudioFile, recording: Recording, now: str) -> dict[str, SqlValue]:
    """Give the columns of `tracks` by name, but for those of `tagger.store.own_tags`."""
    return {
        "path": stored_path(file.path),
        "size": file.size,
        "mtime_ns": file.mtime_ns,
        "audio_id": recording.audio_id,
        "duration_s": _number(recording.duration_s),
        "codec": stored_text(recording.codec),
        "sample_rate_hz": int(recording.sample_rate_hz),
        "channels": int(recording.channels),
        "scanned_at": now,
        "title": _text(recording.title),
        "artist": _text(recording.artist),
        "album": _text(recording.album),
        "year": recording.year,
        "damaged": int(recording.damaged),
        "album_artist": _text(recording.album_artist),
        "compilation": int(recording.compilation),
        "album_id": album_id_of(file.path, recording),
    }


def album_id_of(path: str, recording: Recording) -> int | None:
    """Give the column `album_id` of `tracks`."""
    names = recording.album, recording.artist, recording.album_artist
    return album_id(path, *names, recording.compilation)


def failure_values(failure: Failure, now: str) -> dict[str, SqlValue]:
    """Give the columns of `failures` by name."""
    return {
        "path": stored_path(failure.path),
        "size": failure.size,
        "mtime_ns": failure.mtime_ns,
        "stage": failure.stage,
        "reason": stored_text(failure.reason),
        "failed_at": now,
        "since": now,
    }


def prediction_values(track_id: int, answer: Prediction, now: str) -> Row:
    """Give the columns of `predictions` in their order; silence has no genre.

    Until its album is pooled and the owner has spoken, the answer and that of the track are the same.
    """
    genre, confidence = (None, None) if answer.silent else (answer.genre, _number(answer.genre_confidence))
    tempo = _number(answer.bpm), _number(answer.bpm_confidence)
    energy = _number(answer.energy)
    return (
        track_id,
        answer.model,
        genre,
        confidence,
        energy,
        int(answer.silent),
        now,
        *tempo,
        genre,
        confidence,
        energy,
        *tempo,
    )


def genre_values(track_id: int, answer: Prediction) -> Iterator[Row]:
    """Yield the columns of `genre_scores` in their order, a row a genre; silence has none."""
    for genre, probability in () if answer.silent else answer.genres.items():
        yield track_id, answer.model, genre, float(probability)


def window_values(track_id: int, answer: Prediction) -> Iterator[Row]:
    """Yield the columns of `window_answers` in their order, a row a window."""
    for window in answer.windows:
        confidence, energy = _number(window.genre_confidence), _number(window.energy)
        mood = _number(window.valence), window.mood
        yield track_id, answer.model, float(window.start_s), window.genre, confidence, energy, *mood


def embedding_values(track_id: int, answer: Prediction) -> Iterator[Row]:
    """Yield track, vector and model, if there is an embedding."""
    if answer.embedding.size:
        yield track_id, answer.embedding.astype("<f2").tobytes(), answer.model


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _text(name: str | None) -> str | None:
    return None if name is None else stored_text(name)


def stored_path(path: str) -> StoredPath:
    """Give the value for the database: text if the name's bytes are UTF-8, the bytes themselves if not."""
    if path.isascii():
        return path
    raw = os.fsencode(path)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw


def path_from(stored: StoredPath) -> str:
    """Give the path as the operating system does; the inverse of `stored_path`.

    What no path can be becomes one at which nothing is.
    """
    if isinstance(stored, str):
        path = stored if stored.isascii() else os.fsdecode(stored.encode("utf-8"))
    else:
        path = os.fsdecode(stored) if isinstance(stored, bytes) else str(stored)
    return path.replace("\0", "\ufffd") if "\0" in path else path


def stored_text(text: str) -> str:
    """Make text for a person fit for SQLite: lone surrogates become `\\udcXX` in plain letters."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def path_ranges(paths: Sequence[str]) -> list[PathRange]:
    """Give disjoint half-open ranges [low, high) that hold each path and everything beneath it.

    Ranges, unlike LIKE, use the index and know no wildcards. A path beneath another one of `paths`
    adds none, so that no row is found twice.
    """
    wanted = {absolute(path) for path in paths}
    ranges: list[PathRange] = []
    for path in sorted(wanted):
        if not any(parent in wanted for parent in _parents(path)):
            ranges += _ranges_of(path)
    return ranges


def _parents(path: str) -> Iterator[str]:
    while (parent := os.path.dirname(path)) != path:
        yield parent
        path = parent


def _ranges_of(path: str) -> list[PathRange]:
    # No name holds NUL, so nothing but `path` lies between it and `path` + "\x01".
    folder = path if path.endswith(os.sep) else path + os.sep
    after_folder = folder[:-1] + chr(ord(os.sep) + 1)
    itself, beneath = (path, path + "\x01"), (folder, after_folder)
    beneath_in_bytes = (os.fsencode(folder), os.fsencode(after_folder))
    if isinstance(stored_path(path), bytes):
        return [(os.fsencode(path), os.fsencode(path) + b"\x01"), beneath_in_bytes]
    return [_as_stored(itself), _as_stored(beneath), beneath_in_bytes]


def _as_stored(pair: tuple[str, str]) -> PathRange:
    return stored_path(pair[0]), stored_path(pair[1])
