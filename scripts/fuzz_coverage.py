"""Coverage-guided fuzzing of the readers of foreign bytes, by atheris: fuzz_coverage.py tags|playlists|models

`pip install atheris` first. What a reader may raise is an error of tagger's own; anything else is a finding,
kept with the corpus, and ends the run.
"""

import argparse
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit("fuzz_coverage: atheris is not installed; pip install atheris (Linux or macOS)")

with atheris.instrument_imports(include=["tagger", "tomllib"]):
    from tagger.errors import TaggerError
    from tagger.model_card import WEIGHTS_FILE, ModelCard, load_card, load_filter_bank
    from tagger.playlist.config import plans_of, tables_of
    from tagger.playlist.plan import Plan
    from tagger.query import FILTERS
    from tagger.tags import Policy, Wanted, measure, plan, read
    from tagger.tags.formats import LOADERS

from fuzzing.seeds import make_seeds

LONGEST = 16_384
PLAYLISTS = b"""
[Loud]
genre = ["Rock", "Metal"]
energy = "high"
bpm = "120-140"
minutes = 45
per-artist = 2
shape = "rise"
output = "loud.m3u8"
[Calm]
like = "song.mp3"
limit = 20
seed = 7
no-missing = true
output = "calm.xspf"
"""

Target = Callable[[Path, bytes], None]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=180, help="for how long (default: %(default)s)")
    parser.add_argument(
        "--corpus", type=Path, help="folder of inputs, kept and grown; else one that is removed"
    )
    args = parser.parse_args()
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=memory) as folder:
        if child := os.fork():  # libFuzzer ends its process, and nothing in it is cleaned up
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        place, (target, seeds, words) = Path(folder), TARGETS[args.target]
        corpus = args.corpus or place / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        for data in seeds(place):
            (corpus / hashlib.sha256(data).hexdigest()).write_bytes(data)
        (place / "words").write_text("".join(f'"{word}"\n' for word in words))
        options = [f"-max_total_time={args.seconds}", f"-max_len={LONGEST}", f"-dict={place / 'words'}"]
        options += ["-timeout=60", "-rss_limit_mb=2048", f"-artifact_prefix={args.corpus or '.'}/found-"]
        atheris.Setup([sys.argv[0], *options, os.fspath(corpus)], partial(_try, target, place))
        atheris.Fuzz()


def _try(target: Target, place: Path, data: bytes) -> None:
    try:
        target(place, data)
    except TaggerError as error:
        assert "\n" not in str(error), error


def _tags(place: Path, data: bytes) -> None:
    """The first byte chooses the file's name, the rest is the file."""
    path = place / f"song.{_ENDINGS[data[0] % len(_ENDINGS)] if data else 'mp3'}"
    path.write_bytes(data[1:])
    wanted = Wanted(("House",), 0.5, 120, "calm", ("Piano", "Choir"), key="Bbm")
    policy = Policy("replace", bpm="replace", key="replace", mood="replace", words="replace")
    changes = plan(read(str(path)), wanted, policy)
    measure(str(path), changes)


def _tag_seeds(place: Path) -> list[bytes]:
    (made := place / "seeds").mkdir()
    seeds = make_seeds(made).items()
    ending = {name: name.rsplit(".")[-1] for name, _ in seeds}
    small = [(ending[name], data) for name, data in seeds if len(data) < LONGEST and ending[name] in _ENDINGS]
    return [bytes([_ENDINGS.index(ending)]) + data for ending, data in small]


_ENDINGS = sorted({*LOADERS} - {"speex", "oggflac"} | {"oga"})


def _playlists(place: Path, data: bytes) -> None:
    path = place / "playlists.toml"
    path.write_bytes(data)
    for name, table in tables_of(str(path)):
        plans_of(name, table, os.fspath(place))


def _models(place: Path, data: bytes) -> None:
    """A zero byte divides the card from the weights, whose hash the card is given."""
    (folder := place / "model").mkdir(exist_ok=True)
    card, _, weights = data.partition(b"\0")
    (folder / "model.json").write_bytes(card)
    (folder / WEIGHTS_FILE).write_bytes(weights)
    read_card = load_card(os.fspath(folder))
    load_filter_bank(replace(read_card, weights_sha256=hashlib.sha256(weights).hexdigest()))


def _model_seeds(place: Path) -> list[bytes]:
    card = (Path(load_card("small").folder) / "model.json").read_bytes()
    head = b'{"filter_bank":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}'
    return [card, card + b"\0" + len(head).to_bytes(8, "little") + head + bytes(8)]


_NUMBERS = ("-1", "0", "1e999", "nan", "inf", "1e308", "9" * 30, "true", "null", "[]", "{}")
_MARKS = (
    "ID3",
    "TIT2",
    "TCON",
    "APETAGEX",
    "moov",
    "udta",
    "meta",
    "ilst",
    "OggS",
    "fLaC",
    "LIST",
    "INFO",
    "id3 ",
)
_KEYS = [each.name for each in (*FILTERS, *fields(Plan))]
_FIELDS = [each.name for each in fields(ModelCard)]

TARGETS: Mapping[str, tuple[Target, Callable[[Path], list[bytes]], Collection[str]]] = {
    "tags": (_tags, _tag_seeds, _MARKS),
    "playlists": (_playlists, lambda place: [PLAYLISTS], (*_KEYS, *_NUMBERS)),
    "models": (_models, _model_seeds, (*_FIELDS, *_NUMBERS)),
}
"""By name: what is done with an input, the first inputs, and words that are put into others."""


if __name__ == "__main__":
    main()
