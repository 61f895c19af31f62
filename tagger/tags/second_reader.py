"""Read a file with mutagen, whose parsers share nothing with ours, to compare it before and after an edit.

mutagen stops at what real files hold: APE texts that are not UTF-8, `meta` atoms without version bytes,
unsynchronised ID3 frames that count the inserted bytes. It then reads the file with the splices of
`TagBlock.as_by_the_book`, which spell these as their specifications demand.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from mutagen.aiff import AIFF
from mutagen.asf import ASF
from mutagen.dsf import DSF
from mutagen.flac import FLAC
from mutagen.id3 import Frame, ID3Tags
from mutagen.monkeysaudio import MonkeysAudio
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4
from mutagen.musepack import Musepack
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggvorbis import OggVorbis
from mutagen.trueaudio import TrueAudio
from mutagen.wave import WAVE
from mutagen.wavpack import WavPack

from tagger.errors import TagError
from tagger.files import folded
from tagger.tags.block import TagBlock
from tagger.tags.bounded_mutagen import bound
from tagger.tags.limits import TooLarge
from tagger.tags.spliced import SplicedFile

_READERS: Mapping[str, Callable[[BinaryIO], Any]] = {
    "mp3": MP3,
    "tta": TrueAudio,
    "wav": WAVE,
    "aiff": AIFF,
    "dsf": DSF,
    "flac": FLAC,
    "ogg": OggVorbis,
    "opus": OggOpus,
    "speex": OggSpeex,
    "oggflac": OggFLAC,
    "m4a": MP4,
    "wma": ASF,
    "ape": MonkeysAudio,
    "wv": WavPack,
    "mpc": Musepack,
}
_MAX_DRIFT_S = 0.05
_NUMBERED = re.compile(r"unknown\d+$")
"""mutagen's key of a Vorbis comment without `=`, by its place among all, which an edit may change."""


@dataclass(frozen=True, slots=True)
class View:
    """What mutagen reads from a file: its tags except the changed ones, its ID3 version, its stream."""

    pairs: list[tuple[str, Any]]
    unknown: list[bytes]
    version: Any
    info: Any


def second_reading(file: BinaryIO, block: TagBlock, without: Collection[str]) -> View:
    """Read the file of a block with mutagen, without tags of some names. Raises TagError where it cannot."""
    bound()
    splices = block.as_by_the_book()
    if splices:
        file = cast(BinaryIO, io.BufferedReader(SplicedFile(file, splices)))
    file.seek(0)
    try:
        parsed = _READERS[block.format](file)
    except TooLarge:
        raise
    except Exception as error:  # of any kind: mutagen meets what nobody thought of
        tried = ", spelled by the book too," if splices else ""
        reason = str(error) or type(error).__name__
        raise TagError(
            f"a second reader (mutagen) cannot read it{tried} to check the copy: {reason}"
        ) from error
    tags = [] if parsed.tags is None else parsed.tags
    pairs = [
        (_NUMBERED.sub("unknown", key), value)
        for key, value in (tags if isinstance(tags, list) else tags.items())
        if plain_name(key) not in without
    ]
    unknown = getattr(tags, "unknown_frames", [])
    version = getattr(tags, "version", None) if pairs or unknown else None
    return View(pairs, unknown, version, parsed.info)


def agree(one: View, other: View) -> bool:
    """Tell whether two readings are the same."""
    if len(one.pairs) != len(other.pairs) or one.unknown != other.unknown or one.version != other.version:
        return False
    return _same_stream(one.info, other.info) and all(map(_same, one.pairs, other.pairs))


def _same(one: tuple[str, Any], other: tuple[str, Any]) -> bool:
    return one[0] == other[0] and _same_value(one[1], other[1])


def _same_value(one: Any, other: Any) -> bool:
    """Compare two values of a tag. A chapter is compared here: mutagen cannot sort the frames in it."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Frame | ID3Tags):
        return _same_value(vars(one), vars(other))
    if isinstance(one, dict):
        return _same_value([*one.items()], [*other.items()])
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_same_value, one, other))
    return bool(one == other) or (hasattr(one, "__dict__") and vars(one) == vars(other))


def _same_stream(one: Any, other: Any) -> bool:
    names = ("sample_rate", "channels")
    same = all(getattr(one, name, None) == getattr(other, name, None) for name in names)
    return same and abs(getattr(one, "length", 0) - getattr(other, "length", 0)) <= _MAX_DRIFT_S


def plain_name(key: str) -> str:
    """Give the folded name of a tag of any format, by mutagen's key of it."""
    if key.startswith(("COMM::", "POPM:")):  # the rest of such a key is a language, or who rates
        return folded(key[:4])
    return folded(key.removeprefix("TXXX:").removeprefix("----:com.apple.iTunes:"))
