"""Draws the picture of the README: real commands on real music, as a terminal shows them."""

import argparse
import fcntl
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

COLUMNS = 106
OUT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tagger/manual/terminal.svg")

FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
"""What every computer has; Rich's own choice would be fetched from the network."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "music", help="folder with music, best named Music; `~` in the picture is the one above"
    )
    parser.add_argument("--list", default="--energy high", metavar="FILTERS", help="filters of `tagger list`")
    parser.add_argument(
        "--show", required=True, metavar="FILE", help="the file that `tagger show` is asked for"
    )
    parser.add_argument("--out", default=OUT, help=f"SVG to write (default: {OUT})")
    args = parser.parse_args()
    home, folder = os.path.split(os.path.abspath(args.music))
    shown = os.path.relpath(os.path.abspath(args.show), home)
    commands = [
        ["scan", f"~/{folder}"],
        ["list", *shlex.split(args.list)],
        ["show", shown],
    ]
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"))  # noqa: SIM115
    with tempfile.TemporaryDirectory() as data:
        for command in commands:
            print_command(console, command, run(command, home, data))
    with open(args.out, "w", encoding="utf-8") as file:
        file.write(svg_of(console))


def run(command: Sequence[str], home: str, data: str) -> str:
    """Runs `tagger` in `home` on a database in `data` and gives what a terminal shows of it."""
    words = [re.sub("^~", home, word) for word in command]
    environment = os.environ | {
        "HOME": home,
        "TAGGER_DB": os.path.join(data, "tagger.db"),
        "TERM": "xterm-256color",
        "COLUMNS": str(COLUMNS),
    }
    ours, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    line = [sys.executable, "-m", "tagger", *words]
    process = subprocess.Popen(line, cwd=home, env=environment, stdout=terminal, stderr=subprocess.DEVNULL)
    os.close(terminal)
    printed = b"".join(iter(lambda: _read(ours), b"")).decode()
    os.close(ours)
    if process.wait():
        raise SystemExit(f"{shlex.join(line)}: exit code {process.returncode}")
    return printed.replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    """Reads what a terminal was given; nothing more where the program has ended."""
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        return b""


def print_command(console: Console, command: Sequence[str], output: str) -> None:
    """Prints a command as it is typed, and what came of it."""
    typed = " ".join(word if word.startswith("~") else shlex.quote(word) for word in command)
    console.print(Text.assemble(("$ ", "green"), (f"tagger {typed}", "bold")))
    console.print(Text.from_ansi(output), soft_wrap=True)


def svg_of(console: Console) -> str:
    """Gives what was printed as an SVG that names no address but that of SVG itself."""
    return self_contained(console.export_svg(title="tagger", unique_id="terminal"))


def self_contained(svg: str) -> str:
    """Gives a picture of Rich's without the addresses of fonts, and with its spaces."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!-- Generated .*?-->\s*", "", svg)
    svg = svg.replace("<svg ", '<svg xml:space="preserve" ', 1)  # or some viewers drop spaces before a text
    return re.sub(r"Fira Code, ?monospace", FONTS, svg)


if __name__ == "__main__":
    main()
