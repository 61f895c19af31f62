from __future__ import annotations

import pytest

from tagger.tags import PLAYERS, Tags, seen_by


def tags(*genres: str) -> Tags:
    return Tags("mp3", genres, "8", "0.7340", "128", genres)


@pytest.mark.parametrize(
    ("player", "genres", "seen"),
    [
        ("navidrome", ("Rock; Pop", "A/B,c"), ("Rock", "Pop", "A", "B", "c")),
        ("jellyfin", ("Rock; Pop", "ROCK; POP", "Jazz"), ("Rock; Pop", "Jazz")),
        ("kodi", ("Rock / Pop",), ("Rock", "Pop")),
        ("kodi", ("Rock / Pop", "Jazz"), ("Rock / Pop", "Jazz")),
        ("kodi", ("Rock/Pop",), ("Rock/Pop",)),
        ("picard", ("Rock/Pop",), ("Rock/Pop",)),
        ("mixxx", ("Rock, Pop",), ("Rock, Pop",)),
        ("mixed-in-key", ("Rock",), ()),
    ],
)
def test_a_genre_is_split_as_the_player_does(
    player: str, genres: tuple[str, ...], seen: tuple[str, ...]
) -> None:
    assert seen_by(PLAYERS[player], tags(*genres)).genres == seen


def test_what_a_player_ignores_is_named() -> None:
    seen = seen_by(PLAYERS["jellyfin"], tags("Rock"))
    assert (seen.energy_level, seen.bpm) == (None, None)
    assert seen.ignored == ("energy level", "energy 0–1", "BPM")


def test_what_is_not_known_of_a_player_is_named() -> None:
    seen = seen_by(PLAYERS["mixed-in-key"], tags("Rock"))
    assert (seen.energy_level, seen.unknown) == ("8", ("genre", "BPM"))


def test_an_absent_field_is_neither_ignored_nor_unknown() -> None:
    seen = seen_by(PLAYERS["mixxx"], Tags("mp3", ("Rock",)))
    assert (seen.ignored, seen.unknown) == ((), ())


def test_every_player_of_the_command_line_has_a_row() -> None:
    assert set(PLAYERS) == {"navidrome", "jellyfin", "mixxx", "picard", "mixed-in-key", "kodi", "ffmpeg"}


def test_ffmpeg_reads_list_info_of_a_wav_alone() -> None:
    """Where there is one, as ffprobe 5.1 does; and it passes over the tempo of an m4a."""
    both = Tags("wav", ("House",), "8", "0.7340", "128", ("House",), ffmpeg_genres=("Folk",))
    seen = seen_by(PLAYERS["ffmpeg"], both)
    assert (seen.genres, seen.energy_level, seen.bpm) == (("Folk",), None, None)
    assert seen.ignored == ("genre", "energy level", "energy 0–1", "BPM")
    alone = seen_by(PLAYERS["ffmpeg"], Tags("wav", ("House",), "8", "0.7340", "128", ("House",)))
    assert (alone.genres, alone.energy_level, alone.bpm) == (("House",), "8", "128")
    assert seen_by(PLAYERS["ffmpeg"], Tags("m4a", ("House",), bpm="128")).bpm is None


@pytest.mark.parametrize(
    ("player", "kind", "ignored"),
    [
        ("navidrome", "mp3", ()),
        ("jellyfin", "flac", ("mood", "words")),
        ("mixxx", "flac", ("mood",)),
        ("picard", "wma", ()),
        ("kodi", "flac", ("words",)),
        ("kodi", "m4a", ("mood", "words")),
        ("ffmpeg", "mp3", ("words",)),
        ("ffmpeg", "m4a", ()),
    ],
)
def test_a_mood_and_words_are_read_as_the_player_does(
    player: str, kind: str, ignored: tuple[str, ...]
) -> None:
    seen = seen_by(PLAYERS[player], Tags(kind, moods=("calm",), words=("piano", "choir")))
    assert seen.ignored == ignored
    assert seen.moods == (() if "mood" in ignored else ("calm",))
    assert seen.words == (() if "words" in ignored else ("piano", "choir"))
