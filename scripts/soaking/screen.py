"""Somebody who sits at a terminal and types: the commands that need one, killed like the others."""

import contextlib
import fcntl
import os
import select
import struct
import termios
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

PAUSE_S = 0.3
"""Between two keys; the screen may take longer, for what is typed waits in the terminal."""

SIZE = 24, 80


@contextmanager
def typed(keys: Sequence[str]) -> Iterator[tuple[int, bytearray]]:
    """Give the descriptor of a terminal and what is drawn there; `keys` are typed once it comes to rest."""
    import pty

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
    is_over, drawn = threading.Event(), bytearray()
    typist = threading.Thread(target=_type, args=(ours, keys, drawn, is_over), daemon=True)
    typist.start()
    try:
        yield theirs, drawn
    finally:
        is_over.set()
        typist.join()
        os.close(theirs)
        os.close(ours)


def _type(terminal: int, keys: Sequence[str], drawn: bytearray, is_over: threading.Event) -> None:
    """Read what is drawn, so that nobody waits for room, and type one key after another."""
    left = list(keys)
    with contextlib.suppress(OSError):
        while not is_over.is_set():
            if select.select([terminal], [], [], PAUSE_S)[0]:
                drawn += os.read(terminal, 1 << 16)
            elif left and drawn:
                os.write(terminal, left.pop(0).encode())
