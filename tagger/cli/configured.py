"""The configuration of this command line, for every command: read once, when the first one asks for it.

Help, completion of commands and `tagger config init` do not ask, so a faulty file is in nobody's way there.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from functools import cached_property
from typing import TYPE_CHECKING

from tagger.cli.terminal import shown
from tagger.errors import TaggerError

if TYPE_CHECKING:
    from tagger.configuration import Configuration
    from tagger.library import Library, LoadPredictor


class Chosen:
    """The file that `--config` named, or None, and what is in it."""

    def __init__(self, named: str | None) -> None:
        self.named = named

    @cached_property
    def configuration(self) -> Configuration:
        """What holds. Raises TaggerError where the file cannot be meant."""
        from tagger.configuration import read_configuration

        return read_configuration(self.named)


_CHOSEN: ContextVar[Chosen] = ContextVar("configuration")


def choose(named: str | None) -> None:
    """Take what stands behind `--config`, before the command; None where it is not given."""
    _CHOSEN.set(Chosen(named))


def chosen() -> Chosen:
    """Give the choice of this command line."""
    return _CHOSEN.get(Chosen(None))  # none is made while the shell completes


def configuration() -> Configuration:
    """Give what holds where no option says otherwise."""
    return chosen().configuration


def library(
    db: str | None,
    model: str | None = None,
    device: str = "auto",
    load_predictor: LoadPredictor | None = None,
) -> Library:
    """Give the library by the options of a command and, for what they leave open, the configuration."""
    from tagger.library import Library

    return Library(
        db, model=model, device=device, load_predictor=load_predictor, configuration=configuration()
    )


def folders(command: str, paths: Sequence[str] | None) -> list[str]:
    """Give the paths that were typed, else the folders of the configuration; TaggerError without any."""
    if paths:
        return [*paths]
    ours = configuration()
    if ours.folders:
        return [*ours.folders]
    where = f"in {shown(ours.file)}" if ours.file else "in the file that `tagger config init` makes"
    how = f'name a folder (`tagger {command} ~/Music`), or write folders = ["~/Music"] {where}'
    raise TaggerError(f"nothing to {command}: {how}")
