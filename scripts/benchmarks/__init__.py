"""The benchmarks of `scripts/bench.py`: each a ratio of two things timed in one run."""
