"""A track by the names that JSON and CSV use.

It is one set of fields for every command that prints or writes tracks: `list`, `show`, `playlist`, and
`spectrogram`. A new one goes to the end, for programs that count columns.
"""

from __future__ import annotations

from collections.abc import Mapping

from tagger.musical_key import camelot
from tagger.types import Track, energy_level, rounded

Json = str | float | int | bool | list[str] | dict[str, float] | None

CSV_COLUMNS = (
    "path",
    "genre",
    "genre_confidence",
    "energy",
    "energy_level",
    "bpm",
    "missing",
    "title",
    "artist",
    "album",
    "year",
    "duration_s",
    "bpm_confidence",
    "silent",
    "damaged",
    "tag_genres",
    "tag_energy_level",
    "tag_bpm",
    "valence",
    "mood",
    "mood_confidence",
    "words",
    "corrected",
    "sound",
    "key",
    "camelot",
    "key_confidence",
    "second_bpm",
    "second_bpm_confidence",
    "tag_key",
)
"""Names of `track_json` in the order of CSV; a new one goes to the end, for programs that count columns."""


def track_json(track: Track) -> dict[str, Json]:
    """Give a track by the names that JSON and CSV use, in every command that prints or writes one.

    `duration_s` is in seconds, `bpm` in beats a minute, `energy_level` 1–10; confidences and `energy` are
    0–1. What is not known is None, and so are the genre and the tempo of silence. `tag_genres`,
    `tag_energy_level`, `tag_bpm` and `tag_key` are the owner's words in the file. `words` has the probability
    (0–1) of each of the track's words, likeliest first; `corrected` names the fields in which the owner has
    corrected the model. `sound` is music, speech or noise. `key` is a name such as "Am", `camelot` its place
    on the Camelot wheel; `second_bpm` is the next likely tempo.

    >>> found = track_json(Track("/m/a.mp3", genre="Jazz", genre_confidence=0.98765, energy=0.42))
    >>> found["genre_confidence"], found["energy_level"], found["duration_s"], found["bpm"]
    (0.9877, 5, None, None)
    """
    return {
        "path": track.path,
        "title": track.title,
        "artist": track.artist,
        "album": track.album,
        "year": track.year,
        "duration_s": rounded(track.duration_s, 3),
        "genre": track.genre,
        "genre_confidence": rounded(track.genre_confidence, 4),
        "energy": rounded(track.energy, 4),
        "energy_level": None if track.energy is None else energy_level(track.energy),
        "bpm": rounded(track.bpm, 1),
        "bpm_confidence": rounded(track.bpm_confidence, 4),
        "silent": track.silent,
        "missing": track.missing,
        "damaged": track.damaged,
        "tag_genres": list(track.tag_genres),
        "tag_energy_level": rounded(track.tag_energy_level, 2),
        "tag_bpm": rounded(track.tag_bpm, 2),
        "valence": rounded(track.valence, 4),
        "mood": track.mood,
        "mood_confidence": rounded(track.mood_confidence, 4),
        "words": words_json(track.words),
        "corrected": list(track.corrected),
        "sound": track.sound,
        "key": track.key,
        "camelot": None if track.key is None else camelot(track.key),
        "key_confidence": rounded(track.key_confidence, 4),
        "second_bpm": rounded(track.second_bpm, 1),
        "second_bpm_confidence": rounded(track.second_bpm_confidence, 4),
        "tag_key": track.tag_key,
    }


def words_json(words: Mapping[str, float]) -> dict[str, float]:
    """Give words with their probabilities as JSON has them: to two decimals, as finely as they are stored.

    >>> words_json({"Piano": 0.98765})
    {'Piano': 0.99}
    """
    return {word: round(probability, 2) for word, probability in words.items()}


def csv_cell(value: object) -> object:
    """Give a value of `track_json` as CSV has it: truth as in JSON, lists and the names in an object joined.

    >>> csv_cell(True), csv_cell(["Rock", "Pop"]), csv_cell(0.5), csv_cell(None)
    ('true', 'Rock; Pop', 0.5, None)
    """
    if isinstance(value, bool):
        return str(value).lower()
    return "; ".join(value) if isinstance(value, list | dict) else value
