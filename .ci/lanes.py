"""Run targets of the Makefile one after the other, and say at the end how each went."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence


def main(targets: Sequence[str]) -> int:
    """Returns 0 if every target did."""
    outcomes = [_run(target) for target in targets]
    failed = sum(code != 0 for _, code, _ in outcomes)
    print()
    for target, code, seconds in outcomes:
        print(f"  {'passed' if code == 0 else 'FAILED'}  {target:<18} {seconds:6.1f} s")
    print(f"\nlanes: {len(outcomes) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def _run(target: str) -> tuple[str, int, float]:
    print(f"\n== make {target}", flush=True)
    start = time.monotonic()
    code = subprocess.run(["make", "--no-print-directory", target], check=False).returncode
    return target, code, time.monotonic() - start


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
