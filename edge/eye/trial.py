"""`python -m edge.eye.trial BUNDLE`: does this machine's engine answer the golden inputs?

In a process of its own, because a network file is code to an engine: what crashes here takes no
command along, and the bundle that runs stays.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from edge.contract.bundle import load_bundle
from edge.contract.errors import BundleError, OnelookError
from edge.contract.signing import UNCHECKED
from edge.contract.tasks import FACES
from edge.eye.golden import load_engine, replay, replay_locator
from edge.eye.locator import load_locator

_PACKAGES = Path(__file__).resolve().parents[2]  # the folder that `edge` is in
_LIMIT_S = 120.0  # a Pi Zero needs about 15 s


def try_out(folder: Path) -> None:
    """Start this module for a bundle whose signature was checked.

    Raises:
        BundleError: this machine does not answer as the bundle promises.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", "edge.eye.trial", str(folder.resolve())],
            # Python looks for modules in the folder that it is started in: never in the owner's,
            # which may be the one that a stranger's bundle lies in.
            cwd=_PACKAGES,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT_S,
        )
        said = done.stderr.strip() or f"Its process ended with {done.returncode}."
        failed = done.returncode != 0
    except subprocess.TimeoutExpired:
        failed, said = True, f"No answer within {_LIMIT_S:g} s."
    if failed:
        raise BundleError(
            "this machine does not answer the bundle's golden inputs as it promises.",
            why=said,
            remedy="The bundle that runs stays. Use one that was made for this engine.",
        )


def main(folder: Path) -> int:
    """Says the lowest cosine on stdout, or what is wrong on stderr; returns the exit code."""
    try:
        bundle = load_bundle(folder, UNCHECKED)  # whoever calls has looked at the signature
        sys.stdout.write(f"{replay(load_engine(bundle), bundle):.4f}\n")
        if bundle.manifest.task == FACES:
            replay_locator(load_locator(bundle), bundle)
    except OnelookError as e:
        sys.stderr.write(f"{e.what}\n")
        return e.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
