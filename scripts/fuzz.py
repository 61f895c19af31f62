"""Damaged files of every format, made from numbers, through scan, write-tags and undo.

Nothing may fail but with one line; no sound may change; every file that is said to be restored must be what
it was, byte for byte. Ends with 1 where something was found.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from fuzzing.mutate import mutant
from fuzzing.rounds import HANG_S, ROUND, Fuzzer, Tally
from fuzzing.seeds import Seeds, make_seeds

from tagger.pipeline.scan import n_cores

MAX_MIB = 400
"""Of the main process."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mutants", type=int, default=10_000, help="how many (default: %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    parser.add_argument(
        "--seed", type=int, default=0, help="another seed makes other mutants of the same numbers"
    )
    parser.add_argument("--replay", type=int, metavar="N", help="only mutant N, and say what became of it")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep the files that are found, or replayed"
    )
    parser.add_argument("--jobs", type=int, default=n_cores(), help="worker processes (default: %(default)s)")
    args = parser.parse_args()
    numbers = range(args.first, args.first + args.mutants)
    if args.replay is not None:
        numbers = range(args.replay, args.replay + 1)
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None  # a disk would be waited for at every file
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=memory) as folder:
        (made := Path(folder) / "seeds").mkdir()
        fuzzer = Fuzzer(make_seeds(made), args.seed, Path(folder) / "round", args.jobs, Tally())
        _play(fuzzer, numbers)
    if args.keep:
        kept = {number for _, number, _ in fuzzer.tally.findings} | ({args.replay} - {None})
        _keep(fuzzer.seeds, args.seed, kept, args.keep)
    if args.replay is not None:
        print("\n".join(fuzzer.tally.told.get(args.replay, ["written and restored, or nothing to write"])))
    sys.exit(bool(fuzzer.tally.findings))


def _play(fuzzer: Fuzzer, numbers: range) -> None:
    tally, began_s = fuzzer.tally, time.monotonic()
    print(
        f"seed {fuzzer.seed}, {len(fuzzer.seeds)} seed files, {fuzzer.jobs} workers, load {_load()}",
        flush=True,
    )
    at = numbers.start
    while at < numbers.stop:
        end = min(at - at % ROUND + ROUND, numbers.stop)
        n_found = len(tally.findings)
        fuzzer.play(range(at, end))
        for kind, number, what in tally.findings[n_found:]:
            print(f"{number:7} {kind}: {what}", flush=True)
        at = end
        if sys.stderr.isatty():
            print(f"\r{at - numbers.start} of {len(numbers)}", end="", file=sys.stderr)
    _check_memory(tally, numbers)
    _report(tally, time.monotonic() - began_s)


def _check_memory(tally: Tally, numbers: range) -> None:
    if _peak_mib() > MAX_MIB:
        tally.find("memory", numbers.start, f"the main process took {_peak_mib()} MiB")


def _report(tally: Tally, seconds: float) -> None:
    n = tally.counts
    kinds = [kind for kind, _, _ in tally.findings]
    print(f"{n['mutants']} mutants in {seconds:.0f} s, load {_load()} at the end")
    print(
        f"scan        {n['heard']} analysed, {n['unheard']} refused, "
        f"the slowest file in {tally.slowest_s:.1f} s (mutant {tally.slowest})"
    )
    print(f"write-tags  {n['written']} written, {n['same']} had nothing to write, {n['refused']} refused")
    print(
        f"undo        {n['restored']} restored byte for byte, {n['inexact']} but for what it said, ", end=""
    )
    print(f"{n['not_restored']} not restored")
    print(f"memory      {_peak_mib()} MiB in the main process, {tally.worker_kib >> 10} MiB in a worker")
    for kind, what in (
        ("traceback", "tracebacks"),
        ("hang", f"steps or files over {HANG_S:.0f} s"),
        ("sound", "sounds changed"),
        ("bytes", "files not as they were"),
        ("lost", "rounds in which the scan lost count"),
        ("left", "rounds with files left behind"),
        ("crash", "crashes of FFmpeg, each of which cost one file"),
        ("memory", f"times over {MAX_MIB} MiB"),
    ):
        print(f"{kinds.count(kind):6} {what}")


def _keep(seeds: Seeds, seed: int, numbers: set[int], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in sorted(numbers):
        name, data = mutant(seeds, seed, number)
        (folder / f"{seed}-{number}-{name}").write_bytes(data)


def _peak_mib() -> int:
    if sys.platform == "linux":  # where ru_maxrss begins with what the parent had
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) >> 10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak >> (20 if sys.platform == "darwin" else 10)


def _load() -> str:
    return " ".join(f"{one:.1f}" for one in os.getloadavg())


if __name__ == "__main__":
    main()
