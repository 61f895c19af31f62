"""Put MusiCNN beside a model: join_musicnn.py standard WHEEL --data ../shared/data -o models/thorough-3

WHEEL is that of musicnn 0.1.0 (ISC licence), from `pip download --no-deps musicnn==0.1.0`.
"""

import argparse
import logging
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="an id or a folder: the network to begin with")
    parser.add_argument("wheel", help="the package musicnn, as downloaded")
    parser.add_argument(
        "--data", required=True, help="folder with clips.csv and teacher.npz, perhaps with more/"
    )
    parser.add_argument("-o", "--out", required=True, help="folder of the new model")
    parser.add_argument("--jobs", type=int, default=2, help="processes that decode")
    args = parser.parse_args()
    from tagger.nets import tune_process
    from tagger.training.second_trunk import build

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    tune_process()
    print(build(args.model, args.wheel, args.data, args.out, args.jobs))


if __name__ == "__main__":
    main()
