r"""What well-known players read of our fields, for `tagger doctor`.

Each row names its source. Versions differ and most of this can be configured, so a row holds the
defaults of the code that was read. None stands for a behaviour that neither code nor documentation
shows; `doctor` says that it is not known.

- navidrome: `resources/mappings.yaml` (genre: TCON, GENRE, ©gen, WM/Genre, IGNR; bpm: TBPM, BPM,
  tmpo, WM/BeatsPerMinute; mood: TMOO, MOOD, WM/Mood; grouping: GRP1, GROUPING, ©grp,
  WM/ContentGroupDescription, while TIT1 is the work), `model/tag_mappings.go` (split, trim),
  `conf/configuration.go` (`scanner.genreseparators` is `;/,`). Energy is in no mapping: a custom tag can be
  configured (navidrome.org, "Custom Tags").
- jellyfin: `MediaBrowser.Providers/MediaInfo/AudioFileProber.cs` (ATL's values, each once whatever
  its case; further split only with `UseCustomTagDelimiters`; nothing asks for tempo, energy, mood or
  grouping),
  `MediaBrowser.Model/Configuration/LibraryOptions.cs` (those delimiters: `/ | ; \`, off by default).
- mixxx: `src/track/taglib/trackmetadata_id3v2.cpp` (TBPM), `trackmetadata_xiph.cpp` (BPM, else
  TEMPO), `trackmetadata_mp4.cpp` (com.apple.iTunes:BPM, else tmpo); the genre is TagLib's one text,
  not split. The grouping is GRP1, else TIT1, with one text; a mood is read by builds for extra metadata
  alone. An energy column is asked for in mixxxdj/mixxx issue 15078 and is not there.
- picard: `picard/formats/id3.py` (TCON → genre and TBPM → bpm, every value of a frame by itself, no
  splitting; TMOO and TXXX:mood → mood, GRP1 and TIT1 → grouping; a TXXX it does not know becomes a tag
  named like it in lower case); the other modules of `formats` likewise.
- mixed-in-key: the maker documents no tags. Programs that read its files agree on TXXX:EnergyLevel
  with 1–10, some with the comment "8A - Energy 7" beside it (public code found by searching for
  `TXXX:EnergyLevel`); what it does with genres and tempo that are there already was not found.
- kodi: `xbmc/music/tags/TagLoaderTagLib.cpp` (TCON's values with numbers resolved, TBPM as an
  integer; TMOO, TXXX:MOOD, MOOD and WM/Mood, but no mood of APEv2 and MP4, and no grouping),
  `MusicInfoTag.cpp` (a single value is split on the item separator, several are not),
  `AdvancedSettings.cpp` (`musicitemseparator` is ` / `).
- ffmpeg: what `ffprobe` 5.1 and 8.1 print of files that were written here. All texts are shown under their
  names, but the tempo of an m4a and GRP1, as all frames of ID3 but those in T; of a wav with `LIST INFO`,
  5.1 shows that alone and 8.1 the ID3 tag too; of a tta with an APE tag both show that alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tagger.tags.fields import Field, each_once
from tagger.tags.read import Tags


@dataclass(frozen=True, slots=True)
class Player:
    """One player: what it splits genres on, and whether it reads energy, tempo, mood and words.

    None stands for "not known". `splits_lists`: it splits every value, not only a lone one. What it reads it
    passes over in the formats of `not_in`. `prefers_other`: it reads LIST INFO of a wav or an APE tag of a
    tta alone.
    """

    title: str
    genre_separators: tuple[str, ...] | None
    splits_lists: bool
    reads_energy: bool | None
    reads_bpm: bool | None
    reads_mood: bool | None
    reads_words: bool | None
    note: str
    not_in: Mapping[Field, tuple[str, ...]] = field(default_factory=dict)
    prefers_other: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """The tags of a file as a player shows them. `ignored` and `unknown` name fields that are in the file."""

    genres: tuple[str, ...]
    energy_level: str | None
    bpm: str | None
    moods: tuple[str, ...]
    words: tuple[str, ...]
    ignored: tuple[str, ...]
    unknown: tuple[str, ...]


PLAYERS: Mapping[str, Player] = {
    "navidrome": Player(
        "Navidrome",
        (";", "/", ","),
        True,
        False,
        True,
        True,
        True,
        "energy: only as a custom tag that you configure",
    ),
    "jellyfin": Player(
        "Jellyfin",
        (),
        True,
        False,
        False,
        False,
        False,
        "splits genres on / | ; \\ too if custom delimiters are on",
    ),
    "mixxx": Player("Mixxx", (), True, False, True, False, True, "shows all genres of a file as one text"),
    "picard": Player(
        "MusicBrainz Picard", (), True, True, True, True, True, "shows energy as the tag energylevel"
    ),
    "mixed-in-key": Player(
        "Mixed In Key",
        None,
        True,
        True,
        None,
        None,
        None,
        "writes and shows EnergyLevel; the rest is not documented",
    ),
    "kodi": Player(
        "Kodi",
        (" / ",),
        False,
        False,
        True,
        True,
        False,
        "splits a genre only where the file has just one",
        not_in={"mood": ("m4a", "ape", "wv", "mpc")},
    ),
    "ffmpeg": Player(
        "FFmpeg-based",
        (),
        True,
        True,
        True,
        True,
        True,
        "of a wav with LIST INFO, older versions (5.1) read that alone, newer (8.1) the ID3 tag too",
        not_in={"bpm": ("m4a",), "words": ("mp3", "wav", "aiff", "tta", "dsf")},
        prefers_other=True,
    ),
}


def seen_by(player: Player, tags: Tags) -> Seen:
    """Tell which of a file's tags a player reads, and which it ignores.

    >>> seen_by(PLAYERS["navidrome"], Tags("flac", genres=("Pop/Rock",), bpm="128"))
    Seen(genres=('Pop', 'Rock'), energy_level=None, bpm='128', moods=(), words=(), ignored=(), unknown=())
    """
    known = player.genre_separators is not None
    other_alone = player.prefers_other and tags.ffmpeg_genres is not None
    genres = (tags.ffmpeg_genres or ()) if other_alone else tags.genres
    reads_energy = player.reads_energy and not other_alone
    by_field: tuple[tuple[Field, bool | None], ...] = (
        ("bpm", player.reads_bpm),
        ("mood", player.reads_mood),
        ("words", player.reads_words),
    )
    reads_bpm, reads_mood, reads_words = (
        reads and not other_alone and tags.format not in player.not_in.get(name, ())
        for name, reads in by_field
    )
    fields = (
        ("genre", tags.genres, (known or None) and genres == tags.genres),
        ("energy level", tags.energy_level, reads_energy),
        ("energy 0–1", tags.energy, False),
        ("BPM", tags.bpm, reads_bpm),
        ("mood", tags.moods, reads_mood),
        ("words", tags.words, reads_words),
    )
    return Seen(
        genres=split_genres(player, genres) if known else (),
        energy_level=tags.energy_level if reads_energy else None,
        bpm=tags.bpm if reads_bpm else None,
        moods=tags.moods if reads_mood else (),
        words=tags.words if reads_words else (),
        ignored=tuple(name for name, value, reads in fields if value and reads is False),
        unknown=tuple(name for name, value, reads in fields if value and reads is None),
    )


def split_genres(player: Player, genres: tuple[str, ...]) -> tuple[str, ...]:
    """Split a file's genres as the player lists them, each once in any letter case."""
    separators = player.genre_separators or ()
    if separators and (player.splits_lists or len(genres) == 1):
        pattern = "|".join(re.escape(separator) for separator in separators)
        genres = tuple(piece.strip() for name in genres for piece in re.split(pattern, name))
    return each_once(name for name in genres if name)
