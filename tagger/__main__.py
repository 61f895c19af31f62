"""`python -m tagger` is the same as `tagger`."""

import sys

from tagger.cli import main


def run() -> None:
    """Run the command as a process of its own: workers that it has started end with it."""
    try:
        main()
    finally:
        if executor := sys.modules.get("tagger.pipeline.executor"):
            executor.end_processes()


if __name__ == "__main__":
    run()
