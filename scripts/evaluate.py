"""Measure a model: python scripts/evaluate.py --data ../shared/data --split test"""

import argparse
import json

from tagger.errors import TaggerError
from tagger.model_card import DEFAULT_MODEL
from tagger.training.datasets import LAYOUTS
from tagger.training.evaluate import evaluate
from tagger.training.export import table

parser = argparse.ArgumentParser(description="Print a model's figures on one split, as a table and as JSON.")
parser.add_argument("--data", required=True, help="folder of labelled music")
parser.add_argument("--layout", choices=tuple(LAYOUTS), help="how the folder is laid out (default: guessed)")
parser.add_argument("--split", default="test", choices=("train", "valid", "test"))
parser.add_argument("--model", default=DEFAULT_MODEL, help="id or folder")
parser.add_argument("--jobs", type=int, default=2, help="processes that decode")
parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")

if __name__ == "__main__":
    args = parser.parse_args()
    try:
        figures = evaluate(args.data, args.split, args.model, args.jobs, args.device, args.layout)
    except TaggerError as error:
        parser.exit(2, f"evaluate: {error}\n")
    print(table(figures))
    print(json.dumps(figures))
