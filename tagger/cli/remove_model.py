"""`tagger models remove`: a model that was added goes away."""

from __future__ import annotations

from typing import Annotated

import typer

from tagger.cli import options
from tagger.cli.output import print_json


def remove(
    model: Annotated[str, typer.Argument(metavar="ID", help="Its id, as `tagger models` lists it.")],
    json: options.Json = False,
) -> None:
    """Remove a model that `tagger models add` installed; its answers stay in the database.

    tagger models remove my-model
    """
    from tagger.model_card.install import uninstall

    uninstall(model)
    if json:
        print_json({"id": model, "outcome": "removed"})
    else:
        print(f"{model}: removed")
