"""Say answers as sure as they are: a question mark where there is doubt, and what it may be instead.

How sure an answer must be is the owner's to say (`min_confidence` of the configuration). Every command that
shows an answer to a person says it so.
"""

from __future__ import annotations

from tagger.musical_key import camelot
from tagger.types import Mood


def genre_said(genre: str, confidence: float | None, second: str | None, sure_from: float) -> str:
    """Say a genre as sure as it is: in doubt, with the next likely one and a question mark.

    >>> genre_said("Jazz", 0.7, "Blues", 0.6), genre_said("Jazz", 0.4, "Blues", 0.6)
    ('Jazz', 'Jazz or Blues?')
    """
    if is_sure(confidence, sure_from):
        return genre
    return f"{genre} or {second}?" if second else f"{genre}?"


def mood_said(mood: Mood, confidence: float | None, sure_from: float) -> str:
    """Say a mood as sure as it is: in doubt with a question mark.

    >>> mood_said("calm", 0.7, 0.6), mood_said("calm", 0.5, 0.6)
    ('calm', 'calm?')
    """
    return mood if is_sure(confidence, sure_from) else f"{mood}?"


def key_said(key: str, confidence: float | None, sure_from: float) -> str:
    """Say a key with its place on the Camelot wheel, which DJs read: in doubt with a question mark.

    >>> key_said("Am", 0.7, 0.6), key_said("F#", 0.4, 0.6)
    ('Am 8A', 'F# 2B?')
    """
    return key_shown(key) if is_sure(confidence, sure_from) else f"{key_shown(key)}?"


def key_shown(key: str) -> str:
    """Give a key with its place on the Camelot wheel.

    >>> key_shown("Am")
    'Am 8A'
    """
    return f"{key} {camelot(key)}"


def tempo_said(bpm: float, second_bpm: float | None, second_confidence: float | None) -> str:
    """Say a tempo, and the next likely one with its probability (0–1) where there is one.

    >>> tempo_said(87.0, 174.0, 0.31), tempo_said(120.0, None, None)
    ('87.0 BPM, or 174.0 (31%)', '120.0 BPM')
    """
    return ", ".join([f"{bpm:.1f} BPM", *second_tempo_said(second_bpm, second_confidence)])


def second_tempo_said(bpm: float | None, confidence: float | None) -> list[str]:
    """Say the second likely tempo with its probability (0–1): one text, or none where there is none.

    >>> second_tempo_said(174.0, 0.31), second_tempo_said(None, None)
    (['or 174.0 (31%)'], [])
    """
    return [] if bpm is None or confidence is None else [f"or {bpm:.1f} ({confidence:.0%})"]


def is_sure(confidence: float | None, sure_from: float) -> bool:
    """Tell whether an answer is said without doubt: its probability (0–1) is high enough, or not asked for.

    >>> is_sure(0.6, 0.6), is_sure(0.59, 0.6), is_sure(None, 0.6)
    (True, False, True)
    """
    return confidence is None or confidence >= sure_from
