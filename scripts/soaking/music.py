"""Short sounds of every format, no two alike, and the hashes by which harm is seen."""

import hashlib
import io
import os
import random
import shutil

import av
import mutagen
import numpy as np
from mutagen.id3 import ID3, TIT2

from tests.sounds import KINDS, make_kind, sweep
from tests.tags.foreign import add_foreign, open_with_mutagen, view
from tests.tags.samples import make as crafted

CRAFTED = {"monkeys.ape": "ape", "musepack.mpc": "mpc", "one-bit.dsf": "dsf"}
"""Made byte by byte, for no encoder writes them: their sound is noise."""

ALL_KINDS = (*KINDS, *CRAFTED)

NAMES = ("TITLE", "Artist", "comment", "REPLAYGAIN_TRACK_GAIN", "MUSICBRAINZ_TRACKID")
GENRES = ("Polka", "Zydeco", "Fado", "Rebetiko")


def make_track(folder: str, kind: str, name: str, seed: int) -> str:
    """Make one sound of a second under a name of its own, with tags of its owner; give its path."""
    path = os.path.join(folder, name + os.path.splitext(kind)[1])
    if kind in CRAFTED:
        with open(path, "wb") as file:
            file.write(crafted(CRAFTED[kind]))
    else:
        rate_hz, channels = KINDS[kind].get("rate_hz", 44_100), KINDS[kind].get("channels", 2)
        noise = np.random.default_rng(seed).normal(0, 0.1, (channels, rate_hz))
        samples = (0.5 * sweep(1.0, rate_hz, channels) + noise).astype(np.float32)
        made = make_kind(folder, kind, seconds=1.0, samples=samples)
        shutil.move(made, path)
    retag(path, random.Random(seed))
    return path


def retag(path: str, rng: random.Random) -> bool:
    """Write tags of the owner by mutagen, some long and some with a genre; False where it cannot."""
    number = rng.randrange(10**9)
    values = [(name, f"{name} {number} é{'🎧' * rng.randrange(60)}") for name in NAMES]
    if path.endswith(".aac"):
        _retag_raw_aac(path, f"title {number}")
        return True
    file = open_with_mutagen(path)
    if file is None:
        return False
    add_foreign(path, values, cover=rng.randbytes(rng.choice([0, 0, 900, 30_000])))
    if path.endswith((".flac", ".ogg", ".opus", ".oga")) and rng.random() < 0.3:
        file = open_with_mutagen(path)
        file["genre"] = rng.choice(GENRES)
        file.save()
    return True


def content_hash(path: str) -> str:
    """Hash every byte of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def audio_hash(path: str) -> str:
    """Hash the compressed packets of the streams; in formats that FFmpeg only guesses at, the audio bytes."""
    if path.endswith((".ape", ".mpc")):
        with open(path, "rb") as file:
            return hashlib.md5(file.read().split(b"APETAGEX")[0]).hexdigest()
    digest = hashlib.md5()
    with av.open(path, metadata_errors="replace") as container:
        for packet in container.demux(container.streams.audio[0]):
            digest.update(bytes(packet))
    return digest.hexdigest()


def foreign_hash(path: str) -> str:
    """Hash all tags that are not ours, in their order; every byte where no tags are written."""
    if path.endswith(".aac"):
        return _hash(repr(_id3_of_raw_aac(path)))
    if open_with_mutagen(path) is None:
        return content_hash(path)
    return _hash(repr(view(path)))


def _hash(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "surrogatepass")).hexdigest()


def _id3_of_raw_aac(path: str) -> list[tuple[str, str]]:
    try:
        return [(key, repr(frame)) for key, frame in ID3(path).items()]
    except mutagen.MutagenError:
        with open(path, "rb") as file:
            return [("", hashlib.md5(file.read()).hexdigest())]


def _retag_raw_aac(path: str, title: str) -> None:
    try:
        tags = ID3(path)
    except mutagen.MutagenError:
        tags = ID3()
    tags.add(TIT2(encoding=3, text=title))
    with open(path, "rb") as file:
        data = io.BytesIO(file.read())
    tags.save(data)
    with open(path, "wb") as file:
        file.write(data.getvalue())
