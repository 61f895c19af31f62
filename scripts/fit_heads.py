"""Fit heads of words, styles and mood to a model's embeddings: fit_heads.py standard --data ../shared/data

With --sounds, fit the head that tells music, speech and noise apart, and nothing else; with --genres, teach
the genre head the clips of the folder `more` in DATA, and nothing else.

Without -o the model itself gets them, in place of those it has. Its trunk and other heads stay as they are.
"""

import argparse
import json
import logging
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="an id or a folder")
    parser.add_argument(
        "--data", required=True, help="folder with clips.csv and teacher.npz, perhaps with more/"
    )
    parser.add_argument("-o", "--out", help="folder of a new model with these heads")
    parser.add_argument("--sounds", help="folder with sounds.csv: clips of music, speech and noise")
    parser.add_argument("--genres", action="store_true", help="teach the genre head the clips of more/")
    parser.add_argument("--jobs", type=int, default=2, help="processes that decode")
    args = parser.parse_args()
    from tagger.nets import tune_process
    from tagger.training.heads import refit, refit_genres, refit_sound

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    tune_process()
    if args.sounds:
        head = refit_sound(args.model, args.data, args.sounds, args.out, args.jobs)
        print(json.dumps({"least": head.least, "learned": head.learned, "test": head.test}))
        return
    if args.genres:
        print(json.dumps(refit_genres(args.model, args.data, args.out, args.jobs)))
        return
    print(json.dumps(refit(args.model, args.data, args.out, args.jobs).facts))


if __name__ == "__main__":
    main()
