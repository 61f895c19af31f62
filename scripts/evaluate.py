"""Measure a model: python scripts/evaluate.py --data ../shared/data --split test [--card]"""

import argparse
import json
import signal
import sys

from tagger.errors import TaggerError
from tagger.model_card import DEFAULT_MODEL
from tagger.training.arguments import at_least
from tagger.training.card import write_card
from tagger.training.datasets import LAYOUTS
from tagger.training.evaluate import answers_of
from tagger.training.export import table
from tagger.training.metrics import measured

parser = argparse.ArgumentParser(description="Print a model's figures on one split, as a table and as JSON.")
parser.add_argument("--data", required=True, help="folder of labelled music")
parser.add_argument("--layout", choices=tuple(LAYOUTS), help="how the folder is laid out (default: guessed)")
parser.add_argument("--split", default="test", choices=("train", "valid", "test"))
parser.add_argument("--model", default=DEFAULT_MODEL, help="id or folder")
parser.add_argument("--jobs", type=at_least(1), default=2, help="processes that decode")
parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
parser.add_argument(
    "--card", action="store_true", help="write CARD.md and its pictures into the model's folder"
)

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    args = parser.parse_args()
    try:
        answers = answers_of(args.data, args.split, args.model, args.jobs, args.device, args.layout)
        figures = measured(answers.figures())
        print(table(figures))
        print(json.dumps(figures))
        labelled = sum(bool(clip.genres) for clip in answers.clips)
        of_these = f", {labelled:,} with a genre of the model's" if answers.card.predicts_genre else ""
        print(f"{len(answers.clips):,} clips{of_these}", file=sys.stderr)
        print(f"prediction alone: {answers.predict_ms:.1f} ms a track on one core", file=sys.stderr)
        if not figures:
            parser.exit(2, "evaluate: nothing that the model hears is known of these clips\n")
        if args.card:
            path = write_card(args.data, answers, args.jobs, args.device, layout=args.layout)
            print(path, file=sys.stderr)
    except TaggerError as error:
        parser.exit(2, f"evaluate: {error}\n")
    except KeyboardInterrupt:
        parser.exit(130, "evaluate: interrupted\n")
