"""Train a model: python scripts/train.py --recipe RECIPE --data DATA --out FOLDER [--resume]"""

import argparse
import json
import logging
import signal
from dataclasses import replace

from tagger.errors import TaggerError
from tagger.training.arguments import above_zero, at_least
from tagger.training.datasets import LAYOUTS
from tagger.training.log import log_path, read_log
from tagger.training.recipes import RECIPES
from tagger.training.results import check_results, record
from tagger.training.settings import SIZES, changed
from tagger.training.sources import Sources
from tagger.training.train import Run, train_recipe

parser = argparse.ArgumentParser(
    description="Train a model on labelled clips, write its folder, and print its figures on the test split.",
    epilog="The last line is a JSON object: test_accuracy of classifiers, test_rmse_bpm of tempo.",
)
parser.add_argument("--recipe", choices=tuple(RECIPES), default="crnn", help="default: crnn")
parser.add_argument("--data", required=True, help="folder of labelled music")
parser.add_argument("--layout", choices=tuple(LAYOUTS), help="how the folder is laid out (default: guessed)")
parser.add_argument("--out", help="model folder to write (default: runs/RECIPE)")
parser.add_argument(
    "--unlabelled", action="append", default=[], metavar="FOLDER", help="music with a teacher.npz; repeatable"
)
parser.add_argument("--tempos", default="", metavar="FILE", help="npz of what another network says of tempo")
parser.add_argument("--size", choices=tuple(SIZES), default="standard", help="of the CRNN")
parser.add_argument(
    "--picture-size", type=at_least(75), metavar="PIXELS", help="side of an image network's pictures"
)
parser.add_argument(
    "--cache", default=".cache/log-mels", help="folder of log-mels; the checkpoint lies beside it"
)
parser.add_argument("--epochs", type=at_least(0), help="default: the recipe's")
parser.add_argument("--learning-rate", type=above_zero, help="default: the recipe's")
parser.add_argument(
    "--set",
    action="append",
    default=[],
    metavar="NAME=NUMBER",
    help="like mixup=0; repeatable",
)
parser.add_argument(
    "--start-from",
    action="append",
    default=[],
    metavar="MODEL",
    help="go on from this model's weights; repeatable: from the mean of them all",
)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--jobs", type=at_least(1), default=2, help="processes that decode")
parser.add_argument("--device", default="cpu", help="cpu, cuda or mps")
parser.add_argument("--resume", action="store_true", help="go on from the last whole epoch")
parser.add_argument("--results", metavar="FOLDER", help="also add a line to RECIPES.md in this folder")

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    recipe = RECIPES[args.recipe]
    settings = recipe.settings
    network = SIZES[args.size] if settings.network["name"] == "crnn" else settings.network
    if args.picture_size and network["name"] != "backbone":
        parser.error(f"{args.recipe}: --picture-size is for image networks")
    if args.size != "standard" and network["name"] != "crnn":
        parser.error(f"{args.recipe}: --size is for the crnn")
    if args.tempos and network["name"] not in ("crnn", "tempo-regression"):
        parser.error(f"{args.recipe}: --tempos is for the crnn and tempo-regression")
    if args.epochs == 0 and not args.start_from:
        parser.error("--epochs 0 is for the mean of models; name them by --start-from")
    if args.picture_size:
        network = {**network, "size": args.picture_size}
    given = {"epochs": args.epochs, "learning_rate": args.learning_rate}
    settings = replace(
        settings,
        network=network,
        seed=args.seed,
        start_from=tuple(args.start_from),
        **{name: value for name, value in given.items() if value is not None},
    )
    sources = Sources(args.data, args.cache, args.jobs, args.layout, tuple(args.unlabelled), args.tempos)
    run = Run(sources, args.out or f"runs/{args.recipe}", args.device, args.resume)
    try:
        settings = changed(settings, args.set)
        if args.results:
            check_results(args.results)
        result = train_recipe(recipe, run, settings)
        if args.results:
            record(args.results, result, read_log(log_path(run.checkpoint)))
    except TaggerError as error:
        parser.exit(2, f"train: {error}\n")
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        parser.exit(2, f"train: {named}{error.strerror or error}\n")
    except KeyboardInterrupt:
        parser.exit(130, "train: interrupted; --resume goes on after the last whole epoch\n")
    print(json.dumps(result.row()))
