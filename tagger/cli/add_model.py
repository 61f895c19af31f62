"""`tagger models add`: a model that the owner trained becomes an installed one."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli import options
from tagger.cli.output import message, print_json, shown
from tagger.errors import ModelError, TaggerError

if TYPE_CHECKING:
    from tagger.model_card import ModelCard
    from tagger.types import TrackFeatures


def add(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Its folder, with model.json and weights.")],
    replace: Annotated[bool, typer.Option("--replace", help="Take the place of one with its id.")] = False,
    json: options.Json = False,
) -> None:
    """Install a model that you trained, so that --model finds it by the id in its model.json.

    It is tried out, then copied to the user data folder, or to TAGGER_MODELS.

        tagger models add ~/trained/my-model
        tagger scan ~/Music --model my-model
    """
    from tagger.model_card import load_card
    from tagger.model_card.install import check_id, install

    if not os.path.isfile(os.path.join(folder, "model.json")):
        raise ModelError(f"{shown(folder)}: no model.json in it; name the folder of a trained model")
    card = load_card(os.path.abspath(folder))
    check_id(card.id)
    _try_out(card)
    outcome = install(card, replace)
    if json:
        print_json({"id": card.id, "version": card.version, "outcome": outcome})
    else:
        print(f"{card.id} {shown(card.version)}: {outcome}")
    if outcome == "replaced":
        message(
            f"answers of the earlier {card.id} are kept; `tagger scan --full --model {card.id}` hears anew"
        )


def _try_out(card: ModelCard) -> None:
    """Hears a second of noise with it. Raises `ModelError` where that does not work."""
    from tagger.predict import Predictor

    try:
        (answer,) = Predictor(card, "cpu").predict([_noise(card)])
        works = all(math.isfinite(probability) for probability in answer.genres.values())
    except TaggerError:
        raise
    except ImportError as error:
        missing = error.name or str(error)
        raise ModelError(
            f"{shown(card.folder)}: its network needs {missing}, which is not installed"
        ) from None
    except Exception as error:  # whatever a model.json can get wrong: better now than in a nightly scan
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ModelError(f"{shown(card.folder)}: cannot hear with it ({reason})") from None
    if not works:
        raise ModelError(f"{shown(card.folder)}: its answers are no numbers; train it again")


def _noise(card: ModelCard) -> TrackFeatures:
    """What a worker would hand to the model of a file of one second."""
    import numpy as np

    from tagger.features import fit_frames, log_mel
    from tagger.files import AudioFile
    from tagger.model_card import load_filter_bank
    from tagger.types import Recording, TrackFeatures

    front_end, bank = card.front_end, load_filter_bank(card)
    if bank.shape != (front_end.n_mels, 1 + front_end.n_fft // 2):
        raise ValueError(f"a filter bank of {bank.shape} is not that of its front end")
    samples = np.random.default_rng(0).normal(0, 0.1, front_end.sample_rate_hz).astype(np.float32)
    heard = fit_frames(log_mel(samples, bank, front_end), front_end.n_frames)
    return TrackFeatures(
        file=AudioFile("noise", 0, 0),
        recording=Recording("", 1.0, "", front_end.sample_rate_hz, 1),
        starts_s=(0.0,),
        silent=(False,),
        log_mels=heard[None].astype(np.float16),
    )
