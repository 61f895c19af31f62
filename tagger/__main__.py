"""`python -m tagger` is the same as `tagger`."""

import os
import sys


def run() -> None:
    """Run the command as a process of its own: workers that it has started end with it.

    They, and all other processes that it starts, import nothing that lies in the current folder.
    """
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        from tagger.cli import main  # here, as Ctrl-C may come meanwhile

        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    finally:
        if executor := sys.modules.get("tagger.pipeline.executor"):
            executor.end_processes()


if __name__ == "__main__":
    run()
