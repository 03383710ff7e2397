"""`python -m edge.selftest.cold BUNDLE`: a process's way to its first embedding, as one JSON line.

Its imports are what is measured, so they stand where they are timed.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path


def main(folder: Path) -> int:
    """For a bundle whose signature was checked; returns the exit code."""
    started = time.perf_counter()
    import numpy as np

    from edge.contract.bundle import load_bundle
    from edge.contract.signing import UNCHECKED
    from edge.eye.golden import load_engine
    from edge.eye.locator import load_locator

    imported = time.perf_counter()
    bundle = load_bundle(folder, UNCHECKED)
    engine = load_engine(bundle)
    load_locator(bundle)
    loaded = time.perf_counter()
    engine.run(np.zeros((1, *engine.input_shape), np.int8))
    first = time.perf_counter()
    said = {
        "import_ms": (imported - started) * 1000.0,
        "load_ms": (loaded - imported) * 1000.0,
        "first_ms": (first - loaded) * 1000.0,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
    }
    sys.stdout.write(json.dumps(said) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
