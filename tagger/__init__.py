"""Analyse the genre, energy and tempo of the music you own, remember them, and never harm a file.

    import tagger

    print(tagger.analyse("song.mp3").track)
    with tagger.Library() as library:
        library.scan("~/Music")
        for track in library.tracks(genre="Jazz", order="energy"):
            print(track.energy, track.path)

The map of the house. Imports point down only; a test holds that.

    cli/            one file a command; chooses an observer, prints, nothing else
    training/       beside the rest: datasets, networks that learn, metrics, model cards
    library         the front door: lock, recovery, backup and run record of all that changes something
    playlist/       from a query to a file that players open: order, shape, paths, formats
    compare         two models on one library
    report/         one page of a library to look at: facts, charts, a map of sounds, template and scripts
    pipeline/       a scan: which files are new or missing, workers, reuse of known answers, storing
    tag_runs/       write-tags and undo over a library: preview, batches, commit, recovery after a crash
    watch           which files changed in watched folders, and when they have come to rest
    model_choice    which model answers, and whether it can
    predict         from log-mels to answers: the one place that runs a network
    audio/          a few seconds of mono sound, and the identity of a recording (FFmpeg)
    features        log-mel spectrograms
    nets/           the networks
    model_card/     model.json: genres, front end, calibration; installed models
    tags/           the tags of one file: read, planned, written raw into a verified copy, restored
    store/          the database (SQLite): files, answers, runs, tag changes, statistics, backup
    walk            from folders to audio files
    plots           pictures of spectrograms
    configuration   config.toml: what holds where no option says otherwise
    genre_names     the owner's names for genres, and which may be claimed
    excluded        patterns of files and folders that are left out
    toml_tables     TOML that people write: within bounds, each key by its kind
    query           the filters, declared once for options, TOML, SQL and Navidrome
    types, errors, files    the values, the exceptions, and states, names and replacement of files
    descriptors     open files and folders: what is safe where others may rename

The words.

    track           a piece of music in a file; `Track` is its short form in lists and playlists
    recording       the container's facts and the identity (`audio_id`) of a sound
    window          ten seconds of a track; three of them are decoded
    excerpt         the decoded windows of a file
    log-mel         the spectrogram that a network sees; extracting them gives a track's *features*
    analyse         decode, extract and predict
    predict         run the network on features
    answer          what a model says of a track, also called its prediction
    embedding       the numbers from which the heads of a network predict
    confidence      the calibrated probability (0-1) that an answer is right
    sure            with a confidence at or above the threshold
    energy          0-1, a track's quantile in a frozen reference set; level 1-10; low, medium, high
    aspect          genre, energy or tempo
    model, card     a network with its weights, and the file `model.json` that describes it
    state           size and modification time of a file, by which a change is noticed
    own tags        the fields of a file that we write: genre, energy level, energy, BPM
    change          a field of a file's tags before and after
    run             one scan, write-tags or undo, recorded with its counts
    recover         finish or clean up a run that was killed
    reuse           give a file the answers that are stored for the same sound
    missing         gone at the last scan; kept for a while, as drives come back
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tagger.errors import TaggerError
    from tagger.library import Library, analyse
    from tagger.query import Query
    from tagger.types import Analysis, Track

__version__ = "0.2.0"

__all__ = ["Analysis", "Library", "Query", "TaggerError", "Track", "__version__", "analyse"]

_HOMES = {
    "Analysis": "tagger.types",
    "Library": "tagger.library",
    "Query": "tagger.query",
    "TaggerError": "tagger.errors",
    "Track": "tagger.types",
    "analyse": "tagger.library",
}


def __getattr__(name: str) -> Any:
    """Import a name of the face when it is first used: `import tagger` waits for nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
