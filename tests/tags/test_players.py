from __future__ import annotations

from dataclasses import replace

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
    of_servers = {"navidrome", "jellyfin", "kodi", "plex", "lyrion", "mpd", "ffmpeg"}
    of_djs = {"mixxx", "mixed-in-key", "rekordbox", "traktor", "serato", "engine-dj"}
    of_desks = {"picard", "foobar2000", "musicbee", "strawberry", "apple-music", "windows"}
    assert set(PLAYERS) == of_servers | of_djs | of_desks


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
        ("rekordbox", "flac", ("mood",)),
        ("traktor", "flac", ("mood", "words")),
        ("serato", "flac", ("mood",)),
        ("foobar2000", "flac", ()),
        ("foobar2000", "mp3", ("words",)),
        ("plex", "flac", ("words",)),
        ("strawberry", "opus", ()),
        ("strawberry", "m4a", ("mood",)),
        ("strawberry", "wma", ("mood", "words")),
        ("mpd", "ape", ()),
        ("mpd", "mp3", ("words",)),
        ("apple-music", "m4a", ("mood",)),
        ("windows", "wma", ()),
    ],
)
def test_a_mood_and_words_are_read_as_the_player_does(
    player: str, kind: str, ignored: tuple[str, ...]
) -> None:
    seen = seen_by(PLAYERS[player], Tags(kind, moods=("calm",), words=("piano", "choir")))
    assert seen.ignored == ignored
    assert seen.moods == (() if {"mood"} & {*ignored, *seen.unknown} else ("calm",))
    of_several_the_first = [("mpd", "ape"), ("mixxx", "flac"), ("strawberry", "opus")]
    shown = ("piano",) if (player, kind) in of_several_the_first else ("piano", "choir")
    assert seen.words == (() if {"words"} & {*ignored, *seen.unknown} else shown)


@pytest.mark.parametrize(
    ("kind", "genres"),
    [
        ("mp3", ("Rock", "Jazz")),
        ("flac", ("Rock", "Jazz")),
        ("wv", ("Rock", "Jazz")),
        ("m4a", ("Rock",)),
        ("aiff", ("Rock",)),
        ("ape", ("Rock",)),
        ("wma", ("Jazz",)),
    ],
)
def test_mpd_shows_as_many_genres_as_it_gets_of_each_kind(kind: str, genres: tuple[str, ...]) -> None:
    """As MPD 0.23.12 has answered `listallinfo` of such files."""
    assert seen_by(PLAYERS["mpd"], Tags(kind, ("Rock", "Jazz"))).genres == genres


@pytest.mark.parametrize("player", ["strawberry", "mpd", "windows"])
def test_a_mood_in_id3_is_seen_where_it_has_a_frame_of_its_own(player: str) -> None:
    newer, older = (Tags("mp3", moods=("sad",), dialect=f"id3v2.{major}") for major in (4, 3))
    assert seen_by(PLAYERS[player], newer).moods == ("sad",)
    assert seen_by(PLAYERS[player], older).ignored == ("mood",)


def test_a_file_that_a_player_does_not_open_shows_nothing() -> None:
    seen = seen_by(PLAYERS["apple-music"], Tags("flac", ("Rock",), bpm="120"))
    assert (seen.genres, seen.bpm, seen.ignored) == ((), None, ("genre", "BPM"))
    assert seen_by(PLAYERS["apple-music"], Tags("m4a", ("Rock",), bpm="120")).ignored == ()


def test_what_is_not_known_of_a_kind_alone_is_named_for_that_kind() -> None:
    flac, mp3 = (seen_by(PLAYERS["windows"], Tags(kind, ("Rock", "Jazz"))) for kind in ("flac", "mp3"))
    assert (flac.genres, flac.unknown) == ((), ("genre",))
    assert (mp3.genres, mp3.ignored) == (("Rock",), ("genre",))


@pytest.mark.parametrize(
    ("player", "tags", "level"),
    [
        ("mixxx", Tags("mp3", energy_level="7", comments=("8A - Energy 7 - note",)), "7"),
        ("mixxx", Tags("mp3", energy_level="7", words=("Energy 7", "piano")), "7"),
        ("rekordbox", Tags("mp3", energy_level="7", words=("Energy 7",)), None),
        (
            "strawberry",
            Tags("mp3", energy_level="7", words=("Energy 7",)),
            None,
        ),  # GRP1, which it does not read
        ("jellyfin", Tags("mp3", energy_level="7", comments=("Energy 7",)), None),
        ("apple-music", Tags("flac", energy_level="7", comments=("Energy 7",)), None),
    ],
)
def test_an_energy_that_is_told_elsewhere_is_seen_there(player: str, tags: Tags, level: str | None) -> None:
    seen = seen_by(PLAYERS[player], tags)
    assert seen.energy_level == level
    assert ("energy level" in seen.ignored) == (level is None)


def test_strawberry_shows_the_first_genre_of_a_wma() -> None:
    """As Strawberry 1.0.14 has stored of such files."""
    assert seen_by(PLAYERS["strawberry"], Tags("wma", ("Rock", "Jazz"))).genres == ("Rock",)
    assert seen_by(PLAYERS["strawberry"], Tags("m4a", ("Rock", "Jazz"))).genres == ("Rock", "Jazz")


def test_picard_shows_no_energy_of_a_wma_but_where_it_is_told_in_words() -> None:
    """As Picard 3.0.2 showed such files."""
    wma = Tags("wma", energy_level="7", energy="0.6500")
    seen = seen_by(PLAYERS["picard"], wma)
    assert (seen.energy_level, "energy level" in seen.ignored) == (None, True)
    assert seen_by(PLAYERS["picard"], Tags("flac", energy_level="7", energy="0.6500")).energy_level == "7"
    told = Tags("wma", energy_level="7", energy="0.6500", comments=("Energy 7",))
    assert seen_by(PLAYERS["picard"], told).energy_level == "7"


@pytest.mark.parametrize(
    ("kind", "keys", "words"),
    [
        ("mp3", ("Am",), ("piano", "choir")),
        ("aiff", ("Am",), ("piano", "choir")),
        ("wav", ("Am",), ("piano", "choir")),
        ("flac", ("Am",), ("piano",)),
        ("ogg", ("Am",), ("piano",)),
        ("opus", ("Am",), ("piano",)),
        ("m4a", ("Am",), ("piano",)),
        ("wv", (), ("piano",)),
    ],
)
def test_mixxx_shows_key_and_words_as_it_has_stored_them(
    kind: str, keys: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """As Mixxx 2.3.3 has kept such files in its library: in ID3 all words, elsewhere the first."""
    tags = Tags(kind, ("Rock", "Jazz"), bpm="120", keys=("Am",), words=("piano", "choir"))
    seen = seen_by(PLAYERS["mixxx"], tags)
    assert (seen.genres, seen.bpm, seen.keys, seen.words) == (("Rock", "Jazz"), "120", keys, words)


@pytest.mark.parametrize("kind", ["wma", "tta", "mpc", "speex", "oggflac"])
def test_mixxx_does_not_open_every_kind(kind: str) -> None:
    assert not PLAYERS["mixxx"].does_open(Tags(kind, ("Rock",)))


def test_mixxx_reads_of_the_oldest_id3_genre_and_comment_alone() -> None:
    old = Tags("mp3", ("Rock",), "7", None, "120", keys=("Am",), words=("Energy 7",), dialect="id3v2.2")
    seen = seen_by(PLAYERS["mixxx"], old)
    assert (seen.genres, seen.energy_level) == (("Rock",), None)
    assert seen.ignored == ("energy level", "BPM", "key", "words")
    assert seen_by(PLAYERS["mixxx"], replace(old, comments=("Energy 7",))).energy_level == "7"
