"""`tagger show`: everything known of one file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagger.cli import configured, shared
from tagger.cli.shared import bar, message, print_json
from tagger.cli.terminal import say, shown
from tagger.errors import ModelError
from tagger.files import FileState, absolute
from tagger.json_fields import track_json, words_json
from tagger.types import WORD_KINDS, by_probability, counted, energy_course, energy_level, rounded
from tagger.wording import genre_said, key_said, key_shown, mood_said, tempo_said

if TYPE_CHECKING:
    from tagger.files import AudioFile
    from tagger.types import (
        AlbumAnswer,
        Analysis,
        OwnersWord,
        Prediction,
        Recording,
        Sound,
        WindowAnswer,
        WordKind,
    )

TOP = 5

TOP_WORDS = 3
"""Words of a kind."""

LEAST_OF_A_WORD = 0.2
"""The probability (0–1) from which on a word is worth a line; a track has those from 0.5 on."""

BAR_WIDTH = 20
"""Characters of a share of 1."""

NAME_CELLS = 16
"""Of what stands before a number: as long as the longest words of the shipped models."""


def show(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A music file.")],
    no_album: shared.NoAlbum = False,
    device: shared.Device = "auto",
    model: shared.Model = None,
    db: shared.Db = None,
    json: shared.Json = False,
) -> None:
    """Show genres, words, mood, energy, tempo and key of one file, and each window's own answer.

    A file that no scan has met is analysed on the spot, and not stored.

        tagger show song.mp3
    """
    from tagger.library import analyse

    path, usual = absolute(file), configured.configuration()
    stored = _stored(path, model, db, no_album)
    if stored and (what_is_new := _since_its_scan(stored.file)):
        message(f"{path}: {what_is_new}")
    analysis = stored or analyse(path, model or usual.model, device, names=usual.names)
    if json:
        print_json(_fields(analysis, is_stored=stored is not None))
    else:
        _print(analysis, stored is not None, usual.names.sure_from)


def _stored(path: str, model: str | None, db: str | None, no_album: bool) -> Analysis | None:
    if not os.path.exists(shared.database_path(db)):
        return None
    with configured.library(db, model) as library:
        shared.warn(library)
        return library.analysis(path, no_album=no_album)


def _since_its_scan(known: AudioFile) -> str | None:
    """Say what has happened to a file, and what to do; None where it is as it was."""
    try:
        if FileState.of(os.stat(known.path)) == known.state:
            return None
    except FileNotFoundError:
        return "gone since it was scanned; if it was moved, `tagger scan` finds it"
    except OSError as error:
        return f"{error.strerror}; this is what the last scan found"
    return "changed since it was scanned; `tagger scan` analyses it again"


def _fields(analysis: Analysis, is_stored: bool) -> dict[str, Any]:
    recording, answer = analysis.recording, analysis.prediction
    return {
        **track_json(analysis.track),
        "words": words_json(dict(by_probability(answer.words))),
        "genres": _rounded(analysis.genres),
        "track_genre": answer.genre,
        "track_genre_confidence": rounded(answer.genre_confidence, 4),
        "track_genres": _rounded(answer.genres),
        "track_energy": rounded(answer.energy, 4),
        "track_bpm": rounded(answer.bpm, 1),
        "track_bpm_confidence": rounded(answer.bpm_confidence, 4),
        "corrections": _corrections(analysis.corrected),
        "sound_confidence": rounded(answer.sound_confidence, 4),
        "album_tracks": analysis.album and analysis.album.n_tracks,
        **_course(answer.windows),
        "windows": [_window_fields(window) for window in answer.windows],
        "codec": recording.codec,
        "sample_rate_hz": recording.sample_rate_hz,
        "channels": recording.channels,
        "audio_id": recording.audio_id,
        "model": answer.model,
        "stored": is_stored,
    }


def _corrections(word: OwnersWord) -> dict[str, Any]:
    values = {"genre": list(word.genres), "energy": word.energy, "bpm": word.bpm}
    return {field: values[field] for field in word.fields}


def _rounded(genres: Mapping[str, float]) -> dict[str, float]:
    return {genre: round(p, 4) for genre, p in sorted(genres.items(), key=lambda item: -item[1])}


def _course(windows: Sequence[WindowAnswer]) -> dict[str, float | None]:
    names = ("energy_intro", "energy_middle", "energy_outro")
    return {name: rounded(energy, 4) for name, energy in zip(names, energy_course(windows), strict=True)}


def _window_fields(window: WindowAnswer) -> dict[str, Any]:
    return {
        "start_s": round(window.start_s, 2),
        "genre": window.genre,
        "genre_confidence": rounded(window.genre_confidence, 4),
        "energy": rounded(window.energy, 4),
        "valence": rounded(window.valence, 4),
        "mood": window.mood,
    }


def _print(analysis: Analysis, is_stored: bool, sure_from: float) -> None:
    track, answer = analysis.track, analysis.prediction
    say(shown(track.path))
    if names := [name for name in (track.artist, track.title, track.album) if name]:
        say(shown(" – ".join(names)) + (f" ({track.year})" if track.year else ""))
    say(_sound(analysis.recording))
    if track.damaged:
        say("damaged: some of it cannot be decoded, or it ends too early; replace the file")
    if own := _in_words(track.tag_genres, track.tag_energy_level, track.tag_bpm, track.tag_key):
        say(f"your tag: {shown(own)}")
    word = analysis.corrected
    level = None if word.energy is None else energy_level(word.energy)
    if said := _in_words(word.genres, level, word.bpm):
        say(f"yours: {shown(said)}; this is what the model hears")
    say(f"analysed by {answer.model}" + ("" if is_stored else ", just now and not stored"))
    if answer.silent:
        say(_silence(answer.windows))
    if answer.sound != "music" and answer.sound_confidence is not None:
        say(_no_music(answer.sound, answer.sound_confidence, is_corrected=track.sound == "music"))
    if analysis.album and track.sound == "music":
        say(_album(analysis.album, analysis.genres, answer))
    is_music = track.sound == "music"
    blocks = (
        _genres(analysis.genres if is_music else {}, sure_from),
        _words(answer if is_music else replace(answer, words={})),
        _about_all(answer, sure_from),
        _over_the_track(answer.windows),
    )
    for lines in blocks:
        if text := "\n".join(lines):
            say(f"\n{text}")


def _genres(genres: Mapping[str, float], sure_from: float) -> Iterator[str]:
    """The likeliest genres, and between which it is, where it is not sure of the first."""
    likely = [*genres.items()][:TOP]
    if likely and likely[0][1] < sure_from:
        second = likely[1][0] if len(likely) > 1 else None
        yield f"  {genre_said(*likely[0], second, sure_from)} It is sure from {sure_from:.0%} on."
    yield from (_drawn(genre, p) for genre, p in likely)


def _sound(recording: Recording) -> str:
    channels = counted(recording.channels, "channels")
    length = "length unknown" if recording.duration_s is None else _clock(recording.duration_s)
    return f"{recording.codec}, {recording.sample_rate_hz:,} Hz, {channels}, {length}"


def _in_words(
    genres: Sequence[str], energy_level: float | None, bpm: float | None, key: str | None = None
) -> str:
    """Say what the owner's own tags or corrections do, as far as they say something."""
    level = None if energy_level is None else f"energy level {energy_level:g}"
    tempo = None if bpm is None else f"{bpm:g} BPM"
    in_key = None if key is None else key_shown(key)
    return "; ".join(part for part in (", ".join(genres), level, tempo, in_key) if part)


def _album(album: AlbumAnswer, genres: Mapping[str, float], alone: Prediction) -> str:
    """Say what the album makes of the genre, and what the track's own sound does."""
    genre, confidence = next(iter(genres.items()))
    together = f"album: {genre} {confidence:.0%} from {album.n_tracks} tracks"
    return f"{together}; this track alone: {alone.genre} {alone.genre_confidence:.0%}"


def _silence(windows: Sequence[WindowAnswer]) -> str:
    """Say which windows were read before the track was called silent."""
    at = ", ".join(_clock(int(window.start_s)) for window in windows)
    return f"silent: no sound in {counted(len(windows), 'windows')} of ten seconds, at {at}"


def _no_music(sound: Sound, confidence: float, is_corrected: bool) -> str:
    """Say what is heard in the place of music, and what that means."""
    said = f"no music: {sound} {confidence:.0%}"
    if is_corrected:
        return f"{said}; you have corrected it, so it counts as music"
    return f"{said}; playlists leave it out, and write-tags writes nothing for it"


def _words(answer: Prediction) -> Iterator[str]:
    """A line a word that is worth one, by kinds, in each the likeliest first."""
    kinds = _kinds(answer.model)
    likely = [(word, p) for word, p in by_probability(answer.words) if p >= LEAST_OF_A_WORD]
    for kind in (*WORD_KINDS, ""):
        of_kind = [(word, p) for word, p in likely if kinds.get(word, "") == kind]
        for word, p in of_kind[:TOP_WORDS]:
            yield _drawn(word, p, kind)


def _kinds(model: str) -> Mapping[str, WordKind]:
    """The kind of each word by the owner's name for it; none where the model is not installed any more."""
    from tagger.model_card import load_card

    shown = configured.configuration().names.shown
    try:
        return {shown(word.name): word.kind for word in load_card(model).all_words}
    except ModelError:
        return {}


def _about_all(answer: Prediction, sure_from: float) -> Iterator[str]:
    """Energy, valence, mood, tempo and key, as far as they are known."""
    if answer.energy is not None:
        yield _drawn("energy", answer.energy, f"level {energy_level(answer.energy)}", form=".2f")
    if answer.valence is not None:
        yield _drawn("valence", answer.valence, form=".2f")
    if answer.mood is not None and answer.mood_confidence is not None:
        yield _drawn(
            "mood", answer.mood_confidence, mood_said(answer.mood, answer.mood_confidence, sure_from)
        )
    if answer.bpm is not None and answer.bpm_confidence is not None:
        said = tempo_said(answer.bpm, answer.second_bpm, answer.second_bpm_confidence)
        yield _drawn("tempo", answer.bpm_confidence, said)
    if answer.key is not None and answer.key_confidence is not None and answer.key_confidence >= sure_from:
        yield _drawn("key", answer.key_confidence, key_said(answer.key, answer.key_confidence, sure_from))


def _drawn(name: str, share: float, about: str = "", form: str = ".0%") -> str:
    """A name, a share (0–1) as a number and as a bar, and what there is to say about it."""
    return f"  {name:<{NAME_CELLS}} {share:>4{form}} {bar(share, BAR_WIDTH):<{BAR_WIDTH}} {about}".rstrip()


def _over_the_track(windows: Sequence[WindowAnswer]) -> Iterator[str]:
    """A line a window, in the order of time: its energy, drawn to one scale, its own genre, and its mood."""
    for window in windows:
        parts = [f"  at {_clock(int(window.start_s)):<{NAME_CELLS - 3}}"]
        if window.energy is not None:
            parts.append(f"{window.energy:>4.2f} {bar(window.energy, BAR_WIDTH):<{BAR_WIDTH}}")
        if window.genre is not None and window.genre_confidence is not None:
            parts.append(f"{window.genre:<14} {window.genre_confidence:>4.0%}")
        if window.mood is not None:
            parts.append(window.mood)
        if len(parts) > 1:  # the tempo is the track's alone
            yield " ".join(parts)


def _clock(seconds: float) -> str:
    return f"{round(seconds) // 60}:{round(seconds) % 60:02}"
