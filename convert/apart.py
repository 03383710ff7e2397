"""The door's own engine, in a process of its own, as a door has it: crops in, embeddings out.

`python -m convert.apart MODEL CROPS EMBEDDINGS`: three files, the last is written.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import EngineError
from edge.contract.tensor import to_int8


def embed_apart(model: bytes, crops: NDArray[np.uint8]) -> tuple[NDArray[np.int8], str]:
    """Crops (n, h, w, c) uint8 -> embeddings (n, dimensions) int8, and the engine's name.

    No library of the workstation is loaded there, and a crash does not take this process along.

    Raises:
        EngineError: the engine refused the network, or died.
    """
    with tempfile.TemporaryDirectory(prefix="onelook-") as folder:
        paths = [Path(folder) / name for name in ("model", "crops.npy", "embeddings.npy")]
        paths[0].write_bytes(model)
        np.save(paths[1], crops)
        command = [sys.executable, "-m", "convert.apart", *map(str, paths)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
            raise EngineError(
                "the door's engine does not run the network",
                why=said[-1],
                remedy="use only layers that the presets of `python -m train` use",
            )
        return np.load(paths[2]), done.stdout.strip()


def _main(model: Path, crops: Path, embeddings: Path) -> None:
    from edge.eye.engine import Engine

    engine = Engine(model.read_bytes())
    np.save(embeddings, np.concatenate([engine.run(to_int8(c)[None]) for c in np.load(crops)]))
    sys.stdout.write(engine.name)


if __name__ == "__main__":
    _main(*map(Path, sys.argv[1:]))
