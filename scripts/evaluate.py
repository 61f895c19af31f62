"""Measure a model: python scripts/evaluate.py --data ../shared/data --split test [--card]"""

import argparse
import json
import sys

from tagger.errors import TaggerError
from tagger.model_card import DEFAULT_MODEL
from tagger.training.card import write_card
from tagger.training.datasets import LAYOUTS
from tagger.training.evaluate import answers_of
from tagger.training.export import table

parser = argparse.ArgumentParser(description="Print a model's figures on one split, as a table and as JSON.")
parser.add_argument("--data", required=True, help="folder of labelled music")
parser.add_argument("--layout", choices=tuple(LAYOUTS), help="how the folder is laid out (default: guessed)")
parser.add_argument("--split", default="test", choices=("train", "valid", "test"))
parser.add_argument("--model", default=DEFAULT_MODEL, help="id or folder")
parser.add_argument("--jobs", type=int, default=2, help="processes that decode")
parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
parser.add_argument(
    "--card", action="store_true", help="write CARD.md and its pictures into the model's folder"
)

if __name__ == "__main__":
    args = parser.parse_args()
    try:
        answers = answers_of(args.data, args.split, args.model, args.jobs, args.device, args.layout)
        print(table(answers.figures()))
        print(json.dumps(answers.figures()))
        print(f"prediction alone: {answers.predict_ms:.1f} ms a track on one core", file=sys.stderr)
        if args.card:
            print(write_card(args.data, answers, args.jobs, args.device), file=sys.stderr)
    except TaggerError as error:
        parser.exit(2, f"evaluate: {error}\n")
