"""`python -m tagger` is the same as `tagger`."""

from tagger.cli import main


def run() -> None:
    """Run the command as a process of its own: its workers end with it."""
    try:
        main()
    finally:
        from tagger.pipeline.executor import end_processes

        end_processes()


if __name__ == "__main__":
    run()
