"""How a page leads to a music file: by an address that a browser opens, and by a name for people to read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote_from_bytes

from tagger.playlist import Plan, placed, readable, uri_of
from tagger.types import Track


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses of folders by their paths, and the folder `root` from which names are told.

    What shares more than the root of the file system with the page has a relative address, as in a playlist:
    on a share, the page leads to the same files whatever the share is called on the reader's computer.
    """

    root: str = ""
    folders: Mapping[str, str] = field(default_factory=dict)

    def address(self, path: str) -> str:
        """Give the address of a file: an absolute one where its folder is not known."""
        folder, name = os.path.split(path)
        if folder not in self.folders:  # which a scan has met since the others were asked for
            return uri_of(path)
        return self.folders[folder] + quote_from_bytes(os.fsencode(name), safe="")

    def name(self, path: str) -> str:
        """Give a path for people: from `root` on, with a mark for each byte that is no text."""
        start = os.path.join(self.root, "")
        return readable(path.removeprefix(start) if self.root else path)


def links_of(paths: Iterable[str], root: str, output: str | None) -> Links:
    """Find the addresses of the folders of files, as they are seen from a page at `output`.

    Without an output they are absolute.

    >>> links_of(["/music/A/1 #x.mp3"], "/music", None).address("/music/A/1 #x.mp3")
    'file:///music/A/1%20%23x.mp3'
    """
    folders = sorted({os.path.dirname(path) for path in paths})
    plan = Plan(output=output, format="xspf", absolute=output is None)
    seen = placed([Track(folder) for folder in folders], plan)
    addresses = (uri_of(track.path) for track in seen)
    ended = (address if address.endswith("/") else f"{address}/" for address in addresses)
    return Links(root, dict(zip(folders, ended, strict=True)))


def at_home(path: str) -> str:
    """Give a path with `~` for the home folder, as people write it."""
    home = os.path.expanduser("~")
    is_beneath = path == home or path.startswith(os.path.join(home, ""))
    return f"~{path[len(home) :]}" if is_beneath and os.path.dirname(home) != home else path
