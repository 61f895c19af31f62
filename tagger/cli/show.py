"""`tagger show`: everything known of one file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagger.cli import options
from tagger.cli.hear_one import hear_now
from tagger.cli.output import bar, counted, message, print_json, shown
from tagger.files import FileState, absolute
from tagger.types import energy_level, rounded

if TYPE_CHECKING:
    from tagger.files import AudioFile
    from tagger.types import Analysis, Prediction, Recording, WindowAnswer

TOP = 5

BAR_WIDTH = 20
"""Characters of a share of 1."""


def show(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A music file.")],
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    model: options.Model = None,
    db: options.Db = None,
    json: options.Json = False,
) -> None:
    """Show genres, tempo and energy of one file, drawn over the track, with each window's own answer.

    A file that no scan has met is heard on the spot, and not stored.

        tagger show song.mp3
    """
    options.check_device(device)
    path = absolute(file)
    stored = _stored(path, model, options.database_path(db))
    if stored:
        recording, answer = stored.recording, stored.prediction
        if _has_changed(stored.file):
            message(f"{shown(path)}: changed or gone since it was scanned; `tagger scan` hears it again")
    else:
        recording, answer = hear_now(path, model, device)
    if json:
        print_json(_fields(path, recording, answer, stored=stored is not None))
    else:
        _print(path, recording, answer, stored=stored is not None)


def _stored(path: str, model: str | None, database: str) -> Analysis | None:
    from tagger.store import Store

    if not os.path.exists(database):
        return None
    with Store.open(database, create=False) as store:
        return store.track(path, options.answering_model(store, model))


def _has_changed(known: AudioFile) -> bool:
    try:
        return FileState.of(os.stat(known.path)) != known.state
    except OSError:
        return True


def _fields(path: str, recording: Recording, answer: Prediction, stored: bool) -> dict[str, Any]:
    return {
        "path": path,
        "title": recording.title,
        "artist": recording.artist,
        "album": recording.album,
        "year": recording.year,
        "genre": None if answer.silent else answer.genre,
        "genre_confidence": None if answer.silent else rounded(answer.genre_confidence, 4),
        "energy": rounded(answer.energy, 4),
        "energy_level": None if answer.energy is None else energy_level(answer.energy),
        "bpm": rounded(answer.bpm, 1),
        "bpm_confidence": rounded(answer.bpm_confidence, 4),
        "silent": answer.silent,
        "genres": {genre: round(p, 4) for genre, p in answer.genres.items()},
        "windows": [
            {
                "start_s": round(window.start_s, 2),
                "genre": window.genre,
                "genre_confidence": rounded(window.genre_confidence, 4),
                "energy": rounded(window.energy, 4),
            }
            for window in answer.windows
        ],
        "duration_s": round(recording.duration_s, 3),
        "codec": recording.codec,
        "sample_rate_hz": recording.sample_rate_hz,
        "channels": recording.channels,
        "audio_id": recording.audio_id,
        "model": answer.model,
        "stored": stored,
    }


def _print(path: str, recording: Recording, answer: Prediction, stored: bool) -> None:
    print(shown(path))
    if names := [name for name in (recording.artist, recording.title, recording.album) if name]:
        print(shown(" – ".join(names)) + (f" ({recording.year})" if recording.year else ""))
    kind = f"{recording.codec}, {recording.sample_rate_hz:,} Hz, {counted(recording.channels, 'channels')}"
    print(f"{kind}, {_clock(recording.duration_s)}")
    print(f"heard by {answer.model}" + ("" if stored else ", just now and not stored"))
    if answer.silent:
        print("silent: there is nothing to hear in any window")
    print()
    for genre, p in sorted(answer.genres.items(), key=lambda item: -item[1])[:TOP]:
        print(f"  {genre:<14} {p:>4.0%} {bar(p)}")
    if answer.genres:
        print()
    _print_energy(answer.energy)
    _print_tempo(answer.bpm, answer.bpm_confidence)
    print()
    for line in _over_the_track(answer.windows):
        print(line)


def _over_the_track(windows: Sequence[WindowAnswer]) -> Iterator[str]:
    """A line a window, in the order of time: its energy, drawn to one scale, and its own genre."""
    for window in windows:
        parts = [f"  at {f'{int(window.start_s) // 60}:{int(window.start_s) % 60:02}':<11}"]
        if window.energy is not None:
            parts.append(f"{window.energy:>4.2f} {bar(window.energy, BAR_WIDTH):<{BAR_WIDTH}}")
        if window.genre is not None and window.genre_confidence is not None:
            parts.append(f"{window.genre:<14} {window.genre_confidence:>4.0%}")
        if len(parts) > 1:  # the tempo is the track's alone
            yield " ".join(parts)


def _print_energy(energy: float | None) -> None:
    if energy is not None:
        print(f"  {'energy':<14} {energy:>4.2f} {bar(energy)} level {energy_level(energy)}")


def _print_tempo(bpm: float | None, confidence: float | None) -> None:
    if bpm is not None and confidence is not None:
        print(f"  {'tempo':<14} {confidence:>4.0%} {bar(confidence)} {bpm:.1f} BPM")


def _clock(seconds: float) -> str:
    return f"{round(seconds) // 60}:{round(seconds) % 60:02}"
