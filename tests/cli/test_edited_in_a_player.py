"""From a scan over write-tags and an edit in a player to the next scan: the edit is the owner's word."""

from pathlib import Path

import mutagen
import pytest
from mutagen.id3 import TCON, TIT2

from tests.cli.conftest import Tagger
from tests.sounds import make_sound


@pytest.fixture
def music(tmp_path: Path, tagger: Tagger) -> Path:
    """Two files that were scanned and written."""
    folder = tmp_path / "music"
    folder.mkdir()
    make_sound(folder / "a.mp3", seconds=5.0)
    make_sound(folder / "b.flac", seconds=6.0)
    assert tagger("scan", folder).code == 0
    assert tagger("write-tags", "--min-confidence", "0", "--yes").code == 0
    return folder


def genres(tagger: Tagger) -> list[tuple[str, list[str]]]:
    return [(one["genre"], one["corrected"]) for one in tagger("list", "--json").json]


def test_a_scan_notices_what_was_changed_of_what_we_wrote(tagger: Tagger, music: Path) -> None:
    heard = genres(tagger)
    mp3 = mutagen.File(music / "a.mp3")
    mp3.tags.setall("TCON", [TCON(encoding=3, text=["Surf"])])
    mp3.tags.add(TIT2(encoding=3, text=["Wipe Out"]))
    mp3.save()
    flac = mutagen.File(music / "b.flac")
    del flac["genre"]
    flac.save()
    scanned = tagger("scan", music)
    assert "2 fields that you have changed in tags since `tagger write-tags`" in scanned.err
    assert [line.split() for line in scanned.out.splitlines() if "corrected" in line] == [["corrected", "2"]]
    assert genres(tagger) == [("Surf", ["genre"]), heard[1]]
    found = tagger("corrections", "--json").json
    said = {Path(one["path"]).name: (one["kind"], one["value"]) for one in found}
    assert said == {"a.mp3": ("set", ["Surf"]), "b.flac": ("skipped", None)}
    assert tagger("write-tags", "--genre", "replace", "--min-confidence", "0", "--yes").code == 0
    assert mutagen.File(music / "a.mp3")["TCON"].text == ["Surf"]
    assert "genre" not in mutagen.File(music / "b.flac")
    assert tagger("scan", music, "--json").json["corrected"] == 0
    assert tagger("unset", music).out == "2 corrections taken back\n"
    tagger("write-tags", "--min-confidence", "0", "--yes")
    assert "genre" in mutagen.File(music / "b.flac")
    assert genres(tagger) == heard


def test_a_scan_of_what_another_program_has_saved_without_an_edit_notices_nothing(
    tagger: Tagger, music: Path
) -> None:
    heard = genres(tagger)
    for file in music.iterdir():
        tags = mutagen.File(file)
        tags.save()
        file.touch()
    for arguments in ((), ("--full",)):
        assert tagger("scan", music, "--json", *arguments).json["corrected"] == 0
    assert genres(tagger) == heard
