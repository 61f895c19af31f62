"""Root writes into the folder of another user, who may rename, link and plant in it what he likes."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tagger.errors import TagError
from tagger.store import Store
from tagger.tag_runs import recover
from tagger.tags import Wanted, WriteOptions, Written, apply, plan, read, recover_temporary_files, run_token
from tests.tag_runs.library import store_analyses
from tests.tags import samples

ATTACKER = 1000
TOKEN = "0123456789abcdef"
WANTED = Wanted(("House",), 0.5, 120)

pytestmark = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("setpriv"),
    reason="only root can act as another user",
)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def secret(place: Path) -> Path:
    """A file that root alone may read."""
    path = place / "secret"
    path.write_bytes(b"root's alone")
    path.chmod(0o600)
    return path


@pytest.fixture
def song(place: Path) -> str:
    """A song of the attacker in a folder of his own."""
    folder = place / "music"
    folder.mkdir()
    path = folder / "song.mp3"
    path.write_bytes(samples.make("mp3"))
    for one in (folder, path):
        os.chown(one, ATTACKER, ATTACKER)
    return str(path)


def attack(script: str, folder: str) -> None:
    """Run a script of the shell as the attacker, in his folder."""
    command = ["setpriv", f"--reuid={ATTACKER}", f"--regid={ATTACKER}", "--clear-groups", "sh", "-ec", script]
    subprocess.run(command, cwd=folder, check=True)


def untouched(secret: Path) -> bool:
    status = secret.stat()
    rights = status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)
    return rights == (0, 0, 0o600) and secret.read_bytes() == b"root's alone"


@pytest.mark.parametrize("way", ["ln -s {secret}", "cp /etc/hostname", "mkfifo", "mkdir"])
@pytest.mark.parametrize("hard_links", ["skip", "in-place"])
def test_what_takes_the_place_of_the_copy_is_not_put_in_the_place_of_the_song(
    song: str, secret: Path, way: str, hard_links: str
) -> None:
    folder, before = os.path.dirname(song), Path(song).read_bytes()
    if hard_links == "in-place":
        os.link(song, f"{song}.linked")

    def swap(_: Written) -> None:
        attack(f"f=$(echo .tagger-*.tmp); mv $f mine; {way.format(secret=secret)} $f", folder)

    options = WriteOptions(hard_links=hard_links, before_replace=swap)  # type: ignore[arg-type]
    with pytest.raises(TagError, match="the copy beside it was changed by another program"):
        apply(song, plan(read(song), WANTED), options)
    assert (Path(song).read_bytes(), os.path.islink(song)) == (before, False)
    assert untouched(secret)


@pytest.mark.parametrize("hard_links", ["skip", "in-place"])
def test_a_link_in_the_place_of_the_song_is_not_written_through(
    song: str, secret: Path, hard_links: str
) -> None:
    folder = os.path.dirname(song)
    os.link(song, f"{song}.linked")
    chosen = "break" if hard_links == "skip" else hard_links

    def swap(_: Written) -> None:
        attack(f"mv song.mp3 mine; ln -s {secret} song.mp3", folder)

    options = WriteOptions(hard_links=chosen, before_replace=swap)  # type: ignore[arg-type]
    with pytest.raises(TagError, match="it was changed by another program meanwhile"):
        apply(song, plan(read(song), WANTED), options)
    assert untouched(secret)


def test_a_race_for_the_copy_wins_no_file_of_root(song: str, secret: Path) -> None:
    """Owner and rights go to the copy that was opened, whatever has its name at that moment."""
    folder, sound = os.path.dirname(song), samples.make("mp3")
    racer = os.fork()
    if racer == 0:
        os.setgroups([])
        os.setresgid(ATTACKER, ATTACKER, ATTACKER)
        os.setresuid(ATTACKER, ATTACKER, ATTACKER)
        while True:
            for name in os.listdir(folder):
                if name.startswith(".tagger-"):
                    try:
                        os.unlink(os.path.join(folder, name))
                        os.symlink(secret, os.path.join(folder, name))
                    except OSError:
                        pass
    try:
        beaten = 0
        for _ in range(100):
            try:
                assert apply(song, plan(read(song), WANTED))
            except TagError:
                beaten += 1
            assert untouched(secret)
            os.unlink(song)  # in its place he may have put a link himself
            Path(song).write_bytes(sound)
    finally:
        os.kill(racer, signal.SIGKILL)
        os.waitpid(racer, 0)
    assert beaten, "the attacker was never quick enough to try"


@pytest.mark.parametrize(
    "way",
    [
        pytest.param("ln -s {secret}", id="a link"),
        pytest.param("cp /etc/hostname", id="a file of a third user"),
    ],
)
def test_a_planted_redo_is_not_read_into_a_song(song: str, secret: Path, way: str) -> None:
    os.chown(song, ATTACKER + 1, ATTACKER + 1)
    check_nothing_is_redone(song, way.format(secret=secret))
    assert untouched(secret)


def test_a_file_of_root_by_another_name_is_not_read_into_a_song(song: str, secret: Path) -> None:
    redo = Path(song).with_name(redo_name(song, secret))
    os.link(secret, redo)
    before = Path(song).read_bytes()
    recover_temporary_files(os.path.dirname(song), TOKEN, lambda copy: True)
    assert Path(song).read_bytes() == before
    assert untouched(secret)


def test_a_redo_that_no_change_has_made_is_not_read_into_a_song(song: str, secret: Path, place: Path) -> None:
    """A file of root that lies in the attacker's folder can be renamed by him."""
    folder = Path(song).parent
    shutil.copy(secret, folder / "of root")
    attack(f"mv 'of root' {redo_name(song, secret)}", str(folder))
    before = Path(song).read_bytes()
    store_analyses(place / "tagger.db", [song])
    with Store.open(str(place / "tagger.db"), create=False) as store:
        store.tag_changes.enter_folders(store.runs.begin("write-tags"), [str(folder)], TOKEN)
        recover(store)
    assert Path(song).read_bytes() == before


def check_nothing_is_redone(song: str, way: str) -> None:
    secret = Path(song).parent.parent / "secret"
    attack(f"{way} {redo_name(song, secret)}", os.path.dirname(song))
    before = Path(song).read_bytes()
    recover_temporary_files(os.path.dirname(song), TOKEN, lambda copy: True)
    assert Path(song).read_bytes() == before


def redo_name(song: str, secret: Path) -> str:
    """As the copy of a write in place is called that was killed."""
    return f".tagger-{TOKEN}-{os.stat(song).st_ino}-{os.path.getsize(song)}-00000000.redo"


@pytest.mark.parametrize("token", ["", "*", "..", "a", TOKEN, f"{TOKEN}-1", b"\0", 7])
def test_a_folder_of_a_foreign_database_makes_nothing_happen(
    song: str, secret: Path, place: Path, token: object
) -> None:
    folder = Path(song).parent
    other = run_token()
    size = os.path.getsize(song)
    for name in (f"{other}-a.tmp", "-a.tmp", "a.tmp", f"{other}-{os.stat(song).st_ino}-{size}-0.redo"):
        (folder / f".tagger-{name}").write_bytes(b"x")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    store_analyses(place / "tagger.db", [song])
    with Store.open(str(place / "tagger.db"), create=False) as store:
        run = store.runs.begin("write-tags")
        with store.database.transaction() as connection:
            connection.execute("INSERT INTO tag_folders VALUES (?, ?, ?)", (run, str(folder), token))
        recover(store)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(("scanned", "cleaned"), [("music", True), ("linked", True), ("music/cd", False)])
def test_only_folders_of_scanned_music_are_cleaned_up(
    song: str, place: Path, scanned: str, cleaned: bool
) -> None:
    (place / "linked").symlink_to(place / "music")
    (place / "music" / "cd").mkdir()
    shutil.copy(song, place / "music" / "cd")
    draft = Path(song).with_name(f".tagger-{TOKEN}-0.tmp")
    draft.write_bytes(b"x")
    store_analyses(place / "tagger.db", [str(place / scanned / "song.mp3")])
    with Store.open(str(place / "tagger.db"), create=False) as store:
        store.tag_changes.enter_folders(store.runs.begin("write-tags"), [str(draft.parent)], TOKEN)
        recover(store)
    assert draft.exists() == (not cleaned)
