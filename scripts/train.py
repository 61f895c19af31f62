"""Train a model: the same as `tagger train`, for a checkout that is not installed."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.argv[1:1] = ["train"]

if __name__ == "__main__":
    from tagger.cli import main

    main()
