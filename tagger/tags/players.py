r"""What well-known players read of our fields, for `tagger doctor`.

Each row names its source; what was tried says so. Versions differ and most of this can be configured, so a
row holds the defaults of the code that was read. None stands for a behaviour that neither code nor
documentation shows; `doctor` says that it is not known.

- navidrome: `resources/mappings.yaml` (genre: TCON, GENRE, ©gen, WM/Genre, IGNR; bpm: TBPM, BPM,
  tmpo, WM/BeatsPerMinute; key: TKEY, KEY, ----:com.apple.iTunes:initialkey, WM/InitialKey, of the two
  names in Vorbis comments and APEv2 only one; mood: TMOO, MOOD, WM/Mood; grouping: GRP1, GROUPING, ©grp,
  WM/ContentGroupDescription, while TIT1 is the work), `model/tag_mappings.go` (split, trim),
  `conf/configuration.go` (`scanner.genreseparators` is `;/,`). Energy is in no mapping: a custom tag can be
  configured (navidrome.org, "Custom Tags").
- jellyfin: `MediaBrowser.Providers/MediaInfo/AudioFileProber.cs` (ATL's values, each once whatever its
  case; further split only with `UseCustomTagDelimiters`; nothing asks for tempo, key, energy, mood or
  grouping), `MediaBrowser.Model/Configuration/LibraryOptions.cs` (those delimiters: `/ | ; \`, off by
  default).
- mixxx: tried, 2.3.3 of Debian 12, with files of every kind but ape and dsf: several genres and words of ID3
  are one text with spaces (genres of Vorbis comments and APEv2, too; of m4a with commas), of several words in
  Vorbis comments, m4a and wv the first is shown; of ID3v2.2 title, artist, genre and comment alone; no stars.
  It opens no wma, tta, mpc and oga, and of an ogg that holds Speex, FLAC or Opus it reads no tags
  (`src/sources/soundsourceffmpeg.cpp` leaves out what is not tested there, ape and dsf too). Its analysis
  measures the tempo anew and keeps the key. `src/track/taglib/trackmetadata_id3v2.cpp` (TBPM, TKEY; GRP1,
  else TIT1), `trackmetadata_xiph.cpp` (BPM, else TEMPO; INITIALKEY, else KEY), `trackmetadata_mp4.cpp`
  (com.apple.iTunes:BPM, else tmpo; initialkey, else KEY); `trackmetadata_ape.cpp` writes a key, reads none. A
  mood is read by builds for extra metadata alone. An energy column is asked for in mixxxdj/mixxx issue 15078
  and is not there.
- picard: tried, 3.0.2 of PyPI, and `picard/formats/id3.py` (TCON → genre and TBPM → bpm, every value of a
  frame by itself, no splitting; TKEY → key, TMOO and TXXX:mood → mood, GRP1 and TIT1 → grouping; a TXXX it
  does not know becomes a tag named like it); the other modules of `formats` likewise (KEY → key, INITIALKEY
  → a tag of that name), but `asf.py` passes over every attribute that it does not know, our energy among
  them.
- mixed-in-key: the maker documents no tags. Programs that read its files agree on TXXX:EnergyLevel with
  1–10, some with the comment "8A - Energy 7" beside it (public code found by searching for
  `TXXX:EnergyLevel`); what it does with genres and tempo that are there already was not found. It measures
  the key and writes it under `fields`' names; whether it takes one that is there is not told.
- kodi: `xbmc/music/tags/TagLoaderTagLib.cpp` (TCON's values with numbers resolved, TBPM as an
  integer; TMOO, TXXX:MOOD, MOOD and WM/Mood, but no mood of APEv2 and MP4, no key and no grouping),
  `MusicInfoTag.cpp` (a single value is split on the item separator, several are not),
  `AdvancedSettings.cpp` (`musicitemseparator` is ` / `).
- ffmpeg: what `ffprobe` 5.1 and 8.1 print of files that were written here. All texts are shown under their
  names, but the tempo of an m4a and GRP1, as all frames of ID3 but those in T; the key of ID3 is TKEY
  there; of a wav with `LIST INFO`, 5.1 shows that alone and 8.1 the ID3 tag too; of a tta with an APE tag
  both show that alone.
- rekordbox: "XML format list for playlist sharing" (rekordbox.com), whose TRACK has Genre as one text,
  Grouping and Comments, but no energy and no mood; it measures tempo itself, and whether it takes that of a
  file, or its grouping, is not told. A key is its Tonality, and lofty-rs (`tag/item.rs`) has it among the
  programs that read INITIALKEY; of MP4 nothing is told. The kinds of files are those of its manual.
- traktor: the INFO of an entry in `collection.nml` (one GENRE, COMMENT, RATING; no energy, mood, grouping),
  and hellricer.github.io, "Decoding the TRAKTOR4 field": it "only reads a handful of standard ID3 fields",
  not told which. What a file says of the key is its Key Text: TKEY (JoeMatt/beatportproToTraktor), INITIALKEY
  (lofty-rs), initialkey of MP4 (Mixxx, `trackmetadata_mp4.cpp`); of wma nothing is told.
- serato: the fields of its `database V2` as Mixxx imports them (`src/library/serato/seratofeature.cpp`:
  tgen, tbpm, tkey, tcom, tgrp, each one text, no energy and no mood); INITIALKEY by lofty-rs, initialkey by
  Mixxx as above; the kinds of files by Holzhaus/serato-tags, `fileformats.md`.
- engine-dj: the table Track of its database as libdjinterop checks it (`genre` and `comment`, one text
  each; `bpm` beside `bpmAnalyzed` and `key`, without a word on where they are from; no energy, mood or
  grouping). By lofty-rs it reads KEY.
- foobar2000: wiki.hydrogenaud.io, "Foobar2000:ID3 Tag Mapping" (TCON, TBPM, COMM; CONTENT GROUP is TIT1; a
  TXXX is a field by its description; TMOO and GRP1 are not in the table, and of TKEY nothing was found).
  Other tags have their fields by name.
- plex: thlayli/plex-genres-from-tags (it reads tags by FFmpeg, "issues surrounding multiple genre tags"),
  and the fields of a track in its API (python-plexapi, `audio.py`: genres and moods, no tempo, no key, no
  grouping).
- musicbee: nothing on its fields of genre, tempo, key, mood and grouping was found; an energy is a custom
  tag of `CustomTagConfig.xml`, by name in each kind of tag (Picard's plugin "MusicBee Compatibility" tells
  how).
- strawberry: tried, 1.0.14 of Debian 12, which has no tempo and no mood yet: genre as TagLib's one text, of
  wma the first; grouping as below, of several values in Vorbis comments the first; comment of all kinds.
  `src/tagreader/tagreadertaglib.cpp` of 1.2 and later: TBPM, BPM, tmpo, but not of wma; TMOO and MOOD of
  Vorbis comments alone, and TKEY and INITIALKEY likewise (from 1.2.12 on); grouping is TIT1, GROUPING and
  ©grp; of dsf and tta only what all tags have.
- lyrion: `Slim/Formats/MP3.pm` and `WMA.pm` (TBPM and WM/BeatsPerMinute, COMM), `Slim/Utils/Prefs.pm`
  (`splitList` is `;`); in an old state of them, where no key, mood and grouping is kept.
- mpd: tried, 0.23.12 of Debian 12, with files of every kind that were written here. Several genres of m4a,
  aiff, ape, dsf, tta and mpc become the first, of wma the last, as FFmpeg gives them.
  `src/tag/Id3Scan.cxx`: grouping is TIT1; `src/tag/Names.cxx`: no key; `NEWS`: a mood since 0.24;
  `src/tag/Settings.cxx`: no comment unless `metadata_to_use` says so.
- apple-music: the properties of a track in its scripting dictionary (bpm, comment, genre, grouping, rating;
  no key, no mood, and no field for others); GRP1 as in `fields`. It opens mp3, m4a, wav and aiff; a wav's
  tags are not told of.
- windows: learn.microsoft.com, "ID3 Tag Support" (TCON, TBPM, TMOO, TKEY but of v2.2; its content group is
  TIT1) and the WM/ names themselves in wma; "System.Music.Genre" (of mp3 only the first genre). What
  Explorer reads of other kinds is not told.
 Where an energy is shown that has no field of its own: comments by navidrome (`mappings.yaml`), mixxx,
strawberry, lyrion and windows in the code and pages named above, rekordbox, traktor, serato, engine-dj and
apple-music by the fields of their collections; groupings and moods where they are read.
"""

from __future__ import annotations

from collections.abc import Mapping

from tagger.tags.fields import ID3_KINDS as _ID3
from tagger.tags.seen import Player

_ID3_BEFORE_V24 = ("id3v2.2", "id3v2.3")
_EVERY_OTHER = (
    "flac",
    "ogg",
    "opus",
    "oggflac",
    "speex",
    "m4a",
    "ape",
    "wv",
    "mpc",
    "wav",
    "aiff",
    "dsf",
    "tta",
)
_VORBIS = ("flac", "ogg", "opus", "oggflac", "speex")
_BY_FFMPEG = ("m4a", "aiff", "ape", "dsf", "tta", "mpc")

PLAYERS: Mapping[str, Player] = {
    "navidrome": Player(
        title="Navidrome",
        note="energy: only as a custom tag that you configure",
        genre_separators=(";", "/", ","),
        reads_key=True,
        reads_mood=True,
        reads_words=True,
        not_in={"key": ("vorbis:INITIALKEY", "apev2:INITIALKEY")},
        shows_energy_in=("comment", "grouping", "mood"),
    ),
    "jellyfin": Player(
        title="Jellyfin",
        note="splits genres on / | ; \\ too if custom delimiters are on",
        reads_bpm=False,
    ),
    "mixxx": Player(
        title="Mixxx",
        note="shows all genres of a file as one text; its analysis measures the tempo anew",
        reads_key=True,
        reads_words=True,
        not_in={"bpm": ("id3v2.2",), "key": ("id3v2.2", "wv"), "words": ("id3v2.2",)},
        first_word_in=(*_VORBIS, "m4a", "wv"),
        opens=("mp3", "m4a", "wav", "aiff", "flac", "ogg", "opus", "wv"),
        shows_energy_in=("comment", "grouping"),
    ),
    "picard": Player(
        title="MusicBrainz Picard",
        note="shows energy as the tag energylevel",
        reads_energy=True,
        reads_key=True,
        reads_mood=True,
        reads_words=True,
        not_in={"energy_level": ("wma",)},
        shows_energy_in=("comment", "grouping", "mood"),
    ),
    "mixed-in-key": Player(
        title="Mixed In Key",
        note="writes and shows EnergyLevel; the rest is not documented",
        genre_separators=None,
        reads_energy=True,
        reads_bpm=None,
        reads_key=None,
        reads_mood=None,
        reads_words=None,
    ),
    "kodi": Player(
        title="Kodi",
        note="splits a genre only where the file has just one",
        genre_separators=(" / ",),
        splits_lists=False,
        reads_mood=True,
        not_in={"mood": ("m4a", "ape", "wv", "mpc")},
        shows_energy_in=("mood",),
    ),
    "ffmpeg": Player(
        title="FFmpeg-based",
        note="of a wav with LIST INFO, older versions (5.1) read that alone, newer (8.1) the ID3 tag too",
        reads_energy=True,
        reads_key=True,
        reads_mood=True,
        reads_words=True,
        not_in={"bpm": ("m4a",), "words": ("mp3", "wav", "aiff", "tta", "dsf")},
        prefers_other=True,
    ),
    "rekordbox": Player(
        title="rekordbox",
        note="measures tempo itself; shows all genres of a file as one text",
        reads_bpm=None,
        reads_key=True,
        reads_words=None,
        unknown_in={"key": ("m4a", "vorbis:KEY")},
        opens=("mp3", "m4a", "wav", "aiff", "flac"),
        shows_energy_in=("comment",),
    ),
    "traktor": Player(
        title="Traktor",
        note="measures tempo itself; shows all genres of a file as one text",
        reads_bpm=None,
        reads_key=True,
        unknown_in={"key": ("wma", "vorbis:KEY")},
        opens=("mp3", "m4a", "wav", "aiff", "flac", "ogg", "wma"),
        shows_energy_in=("comment",),
    ),
    "serato": Player(
        title="Serato DJ",
        note="shows all genres of a file as one text",
        reads_bpm=True,
        reads_key=True,
        reads_words=True,
        unknown_in={"key": ("vorbis:KEY",), "words": _ID3},
        opens=("mp3", "m4a", "wav", "aiff", "flac", "ogg"),
        shows_energy_in=("comment", "grouping"),
    ),
    "engine-dj": Player(
        title="Engine DJ",
        note="measures tempo itself; shows all genres of a file as one text",
        reads_bpm=None,
        reads_key=None,
        shows_energy_in=("comment",),
    ),
    "foobar2000": Player(
        title="foobar2000",
        note="shows energy as the field ENERGYLEVEL; a column for it is yours to make",
        reads_energy=True,
        reads_key=True,
        reads_mood=True,
        reads_words=True,
        not_in={"words": _ID3},
        unknown_in={"key": _ID3, "mood": ("id3v2.4",)},
    ),
    "plex": Player(
        title="Plex",
        note="takes genres from files if the library's Genres are set to Embedded Tags; moods are its own",
        genre_separators=None,
        reads_bpm=False,
        reads_mood=None,
    ),
    "musicbee": Player(
        title="MusicBee",
        note="energy: only as a custom tag that you configure; the rest is not documented",
        genre_separators=None,
        reads_bpm=None,
        reads_key=None,
        reads_mood=None,
        reads_words=None,
    ),
    "strawberry": Player(
        title="Strawberry",
        note="shows all genres of a file as one text; tempo and mood in newer versions",
        reads_key=True,
        reads_mood=True,
        reads_words=True,
        not_in={
            "key": ("m4a", "wma", "ape", "wv", "mpc", "dsf", "tta", "vorbis:KEY"),
            "bpm": ("wma", "dsf", "tta"),
            "mood": ("m4a", "wma", "ape", "wv", "mpc", "dsf", "tta", *_ID3_BEFORE_V24),
            "words": (*_ID3, "wma"),
        },
        one_value_in={"wma": 0},
        first_word_in=_VORBIS,
        shows_energy_in=("comment", "mood", "grouping"),
    ),
    "lyrion": Player(
        title="Lyrion",
        note="splits genres on ; unless you configure otherwise",
        genre_separators=(";",),
        shows_energy_in=("comment",),
    ),
    "mpd": Player(
        title="MPD",
        note='mood: from MPD 0.24 on; comments only with metadata_to_use "+comment"',
        reads_bpm=False,
        reads_mood=True,
        reads_words=True,
        not_in={"mood": ("wma", *_ID3_BEFORE_V24), "words": (*_ID3, "wma")},
        one_value_in={**dict.fromkeys(_BY_FFMPEG, 0), "wma": -1},
        shows_energy_in=("grouping", "mood"),
    ),
    "apple-music": Player(
        title="Apple Music",
        note="shows a genre as it is; what it does with several is not documented",
        reads_words=True,
        unknown_in={"bpm": ("wav",), "words": ("wav",)},
        opens=("mp3", "m4a", "wav", "aiff"),
        shows_energy_in=("comment", "grouping"),
    ),
    "windows": Player(
        title="Windows Explorer",
        note="shows the first genre of an mp3; Mood and Beats-per-minute are columns that you add",
        reads_key=True,
        reads_mood=True,
        reads_words=True,
        not_in={"key": ("id3v2.2",), "mood": _ID3_BEFORE_V24, "words": ("mp3",)},
        unknown_in={
            "key": _EVERY_OTHER,
            "genre": _EVERY_OTHER,
            "bpm": _EVERY_OTHER,
            "mood": _EVERY_OTHER,
            "words": _EVERY_OTHER,
        },
        one_value_in={"mp3": 0},
        shows_energy_in=("comment", "mood"),
    ),
}
