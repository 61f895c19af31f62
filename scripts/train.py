"""Train a model: python scripts/train.py --data DATA [--size small] [--layout fma] [--resume]"""

import argparse
import logging
from dataclasses import replace

from tagger.errors import TaggerError
from tagger.training.datasets import LAYOUTS
from tagger.training.export import table
from tagger.training.loop import SIZES, Settings
from tagger.training.train import train_model

parser = argparse.ArgumentParser(description="Train a model on labelled clips and write its folder.")
parser.add_argument("--data", required=True, help="folder of labelled music")
parser.add_argument("--layout", choices=tuple(LAYOUTS), help="how the folder is laid out (default: guessed)")
parser.add_argument(
    "--unlabelled", action="append", default=[], metavar="FOLDER", help="music with a teacher.npz; repeatable"
)
parser.add_argument("--size", choices=tuple(SIZES), default="standard", help="of the network")
parser.add_argument("--folder", help="model folder to write (default: models/SIZE-1)")
parser.add_argument(
    "--cache", default=".cache/log-mels", help="folder of log-mels; the checkpoint lies beside it"
)
parser.add_argument("--epochs", type=int, default=Settings().epochs)
parser.add_argument("--start-from", default="", metavar="MODEL", help="go on from this model's weights")
parser.add_argument("--learning-rate", type=float, default=Settings().learning_rate)
parser.add_argument("--seed", type=int, default=Settings().seed)
parser.add_argument("--jobs", type=int, default=2, help="processes that decode")
parser.add_argument("--device", default="cpu", help="cpu, cuda or mps")
parser.add_argument("--resume", action="store_true", help="go on from the last whole epoch")

if __name__ == "__main__":
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    settings = replace(
        Settings(),
        network=SIZES[args.size],
        epochs=args.epochs,
        learning_rate=args.learning_rate,
        seed=args.seed,
        start_from=args.start_from,
    )
    folder = args.folder or f"models/{args.size}-1"
    run = (args.cache, args.jobs, args.device, args.resume, args.layout, args.unlabelled)
    try:
        print(table(train_model(args.data, folder, settings, *run)))
    except TaggerError as error:
        parser.exit(2, f"train: {error}\n")
