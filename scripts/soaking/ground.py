"""The folders that a soak plays in: music, a small drive that can be filled, database and playlists on it."""

import os
import shutil
import subprocess
import sys

_ENTERED = "TAGGER_SOAK_ENTERED"
_SMALL_BYTES = 256 << 20


def enter_own_mounts() -> None:
    """Start this program again where it may mount, as a user whom rights bind.

    Root gets a mount namespace of its own, which ends with the program, and gives up the privilege to
    write where the rights forbid it.
    """
    tools = [shutil.which(name) for name in ("unshare", "setpriv")]
    if os.environ.get(_ENTERED) or sys.platform != "linux" or os.geteuid() != 0 or None in tools:
        return
    os.environ[_ENTERED] = "1"
    bind = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    command = ["unshare", "--mount", "--propagation=private", *bind, sys.executable, *sys.argv]
    if subprocess.run([*command[:3], *bind, "true"], capture_output=True).returncode == 0:
        os.execvp(command[0], command)


class Ground:
    """The folders beneath one."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.music = os.path.join(root, "music")
        self.small = os.path.join(root, "small")
        self.small_music = os.path.join(self.small, "music")
        self.state = os.path.join(self.small, "state")
        self.lists = os.path.join(self.small, "lists")
        self.temporary = os.path.join(root, "tmp")
        os.mkdir(self.small)
        self.can_be_full = self._mount()
        for folder in (self.music, self.small_music, self.state, self.lists, self.temporary):
            os.mkdir(folder)

    @property
    def database(self) -> str:
        """The database of the commands."""
        return os.path.join(self.state, "tagger.db")

    @property
    def roots(self) -> tuple[str, str]:
        """The folders of music."""
        return self.music, self.small_music

    def environment(self) -> dict[str, str]:
        """Give what the commands find around them: nothing of the person who runs the soak."""
        here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        own = {"HOME": self.root, "TMPDIR": self.temporary, "TAGGER_DB": self.database, "PYTHONPATH": here}
        return {**os.environ, **own, "TAGGER_MODELS": os.path.join(self.root, "none"), "OMP_NUM_THREADS": "1"}

    def fill(self, free_bytes: int) -> str:
        """Fill the small drive but for some bytes; give the file to remove."""
        ballast = os.path.join(self.small, "ballast")
        status = os.statvfs(self.small)
        size = status.f_bavail * status.f_frsize - free_bytes
        with open(ballast, "wb") as file:
            if size > 0:
                os.posix_fallocate(file.fileno(), 0, size)
        return ballast

    def litter(self) -> list[str]:
        """List what lies beside the music and is neither the database's nor a playlist."""
        allowed = {
            os.path.basename(self.database) + ending for ending in ("", "-wal", "-shm", ".bak", ".lock")
        }
        found = [os.path.join(self.state, name) for name in os.listdir(self.state) if name not in allowed]
        found += [os.path.join(self.lists, name) for name in os.listdir(self.lists) if name.startswith(".")]
        return found + [os.path.join(self.temporary, name) for name in os.listdir(self.temporary)]

    def clear(self) -> None:
        """Remove everything."""
        subprocess.run(["umount", "--lazy", self.small], capture_output=True)
        shutil.rmtree(self.root)

    def _mount(self) -> bool:
        if not os.environ.get(_ENTERED):
            return False
        command = ["mount", "-t", "tmpfs", "-o", f"size={_SMALL_BYTES}", "none", self.small]
        return subprocess.run(command, capture_output=True).returncode == 0
