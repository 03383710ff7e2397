"""`python -m tests.faults`: histories by hand, one explained, or a planted fault looked for."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from tests.faults.many import Hunt, explained, hunts, outcomes, with_progress
from tests.faults.plants import PLANTS


def main() -> int:
    """Returns 0 if every history holds, or if every planted fault was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--histories", type=int, default=100_000, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="SEED")
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help="default: all processors")
    parser.add_argument("--seed", type=int, help="play this one, and explain it")
    parser.add_argument("--plant", default="", choices=["all", *PLANTS], metavar="NAME")
    chosen = parser.parse_args()
    if chosen.seed is not None:
        _say(said := explained(chosen.seed, plant=chosen.plant))
        return 1 if said else 0
    seeds = range(chosen.first, chosen.first + chosen.histories)
    if chosen.plant:
        names = list(PLANTS) if chosen.plant == "all" else [chosen.plant]
        return sum(not _found(hunt, seeds) for hunt in hunts(names, seeds, jobs=chosen.jobs))
    return _all_hold(seeds, chosen.jobs)


def _all_hold(seeds: range, jobs: int) -> int:
    met: Counter[str] = Counter()
    broken = []
    for outcome in with_progress(outcomes(seeds, jobs=jobs), len(seeds)):
        met += outcome.met
        if outcome.broken:
            broken.append(outcome)
            _say(f"seed {outcome.seed}: {outcome.broken}")
    for what, times in sorted(met.items()):
        _say(f"{times:12,}  {what}")
    if broken:
        _say(explained(broken[0].seed))
    return 1 if broken else 0


def _found(hunt: Hunt, seeds: range) -> bool:
    found = hunt.outcome
    if found is None:
        _say(f"{hunt.plant:30s} NOT FOUND in {len(seeds)} histories")
        return False
    number, invariants = found.seed - seeds.start + 1, ", ".join(sorted(found.broken))
    _say(f"{hunt.plant:30s} found after {number:5d} histories: {invariants}")
    return True


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
