"""How time and memory of `train evaluate --all-pairs` grow; no test, as a million takes an hour.

    python -m tests.workstation.pairs_scale --sizes 10000 30000 100000 300000 1000000

Embeddings are drawn, fifty around each of a fiftieth as many people, and compared by the head of a
bundle at all of its thresholds: everything that `evaluate` does but look at pictures. A child
process for each size; its peak is the kernel's VmHWM, the network's libraries included.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

EACH = 50
SIZES = (10_000, 30_000, 100_000)
SPREAD = 0.9  # of a picture around its person, in the length of a person's own embedding
_HEAD = """\
| crops | pairs | seconds | ns a pair | of all cores together | peak, MB | TAR at FMR 1e-5 |
| --- | --- | --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Drawn:
    """What `train.data.Faces` is to an evaluation; its "crops" are embeddings.

    people: (people, dimensions). person: (n,). number: (n,) which of all it is.
    """

    people: np.ndarray
    person: np.ndarray
    number: np.ndarray
    files: tuple
    left_out: tuple = ()

    def __len__(self):
        return len(self.person)

    def of(self, chosen):
        files = tuple(np.array(self.files, object)[chosen])
        return replace(self, person=self.person[chosen], number=self.number[chosen], files=files)

    def read(self, which):
        rng = np.random.default_rng((1, int(self.number[which[0]])))  # not that of the people
        around = rng.standard_normal((len(which), self.people.shape[1]), np.float32)
        return self.people[self.person[which]] + np.float32(SPREAD) * around

    def digest(self):
        return ""


def measure(crops: int, bundle: Path) -> dict:
    """One size, in this process."""
    from train.evaluate import Ask, evaluate
    from train.subject import load_subject

    subject = replace(load_subject(bundle), embed=lambda crops: crops)
    dimensions = len(subject.head.weights)
    rng, number = np.random.default_rng(0), np.arange(crops)
    people = rng.standard_normal((-(-crops // EACH), dimensions), np.float32)
    files = tuple(f"drawn:{n // EACH}/{n}" for n in number)
    faces = Drawn(people, (number // EACH).astype(np.int32), number, files)
    began = time.perf_counter(), time.process_time()
    found = evaluate(subject, faces, Ask(all_pairs=True))
    ended = time.perf_counter(), time.process_time()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return {
        "crops": crops,
        "pairs": found.measured.genuine + found.measured.impostor,
        "seconds": ended[0] - began[0],
        "cpu_s": ended[1] - began[1],
        "peak_mb": int(status.split("VmHWM:")[1].split()[0]) / 1000,
        "tar": str(found.points[-1].tar),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.workstation.pairs_scale")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument("--model", type=Path, default=Path("models/faces"), metavar="BUNDLE")
    parser.add_argument("--alone", type=int, metavar="N", help="this size, in this process")
    args = parser.parse_args()
    if args.alone:
        sys.stdout.write(json.dumps(measure(args.alone, args.model)) + "\n")
        return 0
    sys.stdout.write(_HEAD)
    for size in args.sizes:
        command = [sys.executable, "-m", __spec__.name, "--alone", str(size)]
        done = subprocess.run(
            [*command, "--model", str(args.model)], stdout=subprocess.PIPE, check=True, text=True
        )
        f = json.loads(done.stdout.splitlines()[-1])
        wall, cores = (f[name] / f["pairs"] * 1e9 for name in ("seconds", "cpu_s"))
        sys.stdout.write(
            f"| {f['crops']:,} | {f['pairs']:.3g} | {f['seconds']:.1f} | {wall:.2f} "
            f"| {cores:.2f} | "
            f"{f['peak_mb']:,.0f} | {f['tar']} |\n"
        )
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
