"""Files that scripts/fuzz.py found, or that try a refusal each: what is not refused in a line is restored."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tagger.audio import read_excerpt
from tagger.errors import AudioError
from tagger.library import Library
from tagger.tag_runs import UndoCounts, WriteCounts
from tests.tag_runs.library import REPLACE, store_analyses
from tests.tags.foreign import audio_digest

CORPUS = Path(__file__).parent / "corpus"

REFUSED = {
    "matroska-named.mp3": "does not begin as mp3 files do",
    "cut-block.wv": "its sound ends within a block",
    "sound-over-tag.dsf": "its DSF sound reaches over the place of its tag",
    "no-format-chunk.wav": "a second reader",
    "odd-flags.mp3": "a second reader",
    "no-header.wma": "a second reader",
    "no-framing-bit.ogg": "a second reader",
    "endless-atom.m4a": "a second reader",
    "frames-moved.mp3": "a second reader finds foreign tags changed",
    "damaged-header.wma": "its ASF header is damaged",
    "footer.mp3": "its ID3v2.4 tag has a footer",
    "version-36.mp3": "its ID3v2.36 tag is of an unknown version",
    "short.m4a": "its MP4 atoms are damaged",
    "short.ogg": "its Ogg pages are damaged",
    "cut-comments.ogg": "its Vorbis comments are damaged",
    "two-streams.ogg": "several streams lie side by side",
    "tags-not-held.m4a": "the edited copy does not hold the new tags",
    "other-audio.m4a": "the edited copy holds other audio",
    "short.wav": "its chunk sizes do not agree",
    "damaged-tag.ape": "its APE tag is damaged",
    "hidden-tag.mp3": "its tags are in an ID3v2 tag behind other bytes",
    "huge-object.wma": "its tags reach past its end",
    "pointer-beyond.dsf": "its tags reach past its end",
}
"""What write-tags says of each; the others are written."""


@pytest.fixture(params=sorted(path.name for path in CORPUS.iterdir()))
def found(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a file of the corpus."""
    return Path(shutil.copy(CORPUS / request.param, tmp_path))


def test_a_found_file_is_heard_or_refused(found: Path) -> None:
    try:
        excerpt = read_excerpt(str(found), sample_rate_hz=22_050, window_s=10.0)
    except AudioError as error:
        assert "\n" not in str(error)
    else:
        assert sum(len(window.samples) for window in excerpt.windows) > 0


def test_a_found_file_is_refused_in_a_line_or_written_and_restored(found: Path, tmp_path: Path) -> None:
    before, said = found.read_bytes(), list[str]()
    db = tmp_path / "tags.db"
    store_analyses(db, [str(found)])
    counts = WriteCounts(lambda skip: said.append(skip.reason))
    with Library(db) as library:
        library.write_tags(settings=REPLACE, counts=counts)
        if reason := REFUSED.get(found.name):
            assert [one.startswith(reason) for one in said] == [True], said
            assert found.read_bytes() == before
        else:
            assert (counts.files_written, said) == (1, [])
            assert audio_digest(str(found)) == audio_digest(str(CORPUS / found.name))
            assert library.undo(counts=UndoCounts()).inexact == 0
            assert found.read_bytes() == before
    assert not [path for path in tmp_path.iterdir() if path.name not in (found.name, *_files_of(db))]


def _files_of(db: Path) -> set[str]:
    return {path.name for path in db.parent.glob(f"{db.name}*")}
