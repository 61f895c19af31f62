"""Use a made library for hours, at random: commands, kills, full disks, damage; and look for harm after each.

    soak.py --minutes 60
    soak.py --seed 7 --steps 120      # the same steps once more; kills come as near as the clock allows
    soak.py --kills 200               # so many kills of each command that changes something

Every file's sound and every tag that is not ours must be what the soak's own model of the library says,
and nothing may lie where nobody put it. Exit code 1 where anything was harmed; the folder is then kept.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from soaking.ground import Ground, enter_own_mounts
from soaking.kills import count_kills
from soaking.steps import Soak, minutes_since
from soaking.truth import HarmError


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30, help="how long [30]")
    parser.add_argument("--steps", type=int, help="end after so many steps instead")
    parser.add_argument("--files", type=int, default=3000, help="files in the library [3000]")
    parser.add_argument(
        "--seed", type=int, help="of an earlier run, to do the same steps; needs the same --files"
    )
    parser.add_argument("--kills", type=int, help="instead: kill each command so often")
    args = parser.parse_args()
    enter_own_mounts()
    seed = random.randrange(10**6) if args.seed is None else args.seed
    root = tempfile.mkdtemp(prefix="soak-")
    ground = Ground(root)
    soak = Soak(ground, args.files, seed)
    print(
        f"seed {seed}, {args.files} files, {root}, {'a drive' if ground.can_be_full else 'no drive'} to fill"
    )
    try:
        if args.kills:
            count_kills(soak, args.kills)
        else:
            _soak(soak, args.minutes, args.steps)
    except HarmError as harm:
        print(f"\nHARMED: {harm}")
        print(f"again: --seed {seed} --files {args.files} --steps {soak.step}; kept: {root}")
        shutil.copytree(ground.small, os.path.join(root, "small-kept"), symlinks=True)
        _report(soak)
        return 1
    _report(soak)
    ground.clear()
    return 0


def _soak(soak: Soak, minutes: float, steps: int | None) -> None:
    soak.begin()
    began, last = time.monotonic(), 0
    while soak.step < steps if steps is not None else minutes_since(began) < minutes:
        told = soak.do_step()
        if int(minutes_since(began)) > last:
            last = int(minutes_since(began))
            print(f"{last:4} min, step {soak.step}, {len(soak.truth.files)} files: {told}", flush=True)
    soak.finish()


def _report(soak: Soak) -> None:
    print(f"\n{soak.step} steps")
    for name, count in sorted(soak.survived.items()):
        print(f"{count:6}  {name}")


if __name__ == "__main__":
    sys.exit(main())
