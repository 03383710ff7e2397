"""A lock file as another Python reads it: `for_python.py 3.13 LOCK... > REQUIREMENTS`.

pip's --python-version chooses wheels, and still asks its own Python what a line's marker says.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from pip._vendor.packaging.markers import Marker


def main(version: str, locks: list[str]) -> None:
    """Write the entries that count there, without their markers."""
    there = {"python_version": version, "python_full_version": f"{version}.0"}
    for lock in locks:
        for entry in re.split(r"\n(?=\S)", Path(lock).read_text()):
            named, _, rest = entry.partition(" \\\n")
            requirement, _, marker = named.partition(" ; ")
            if rest and (not marker or Marker(marker).evaluate(there)):
                sys.stdout.write(f"{requirement} \\\n{rest.rstrip()}\n")


main(sys.argv[1], sys.argv[2:])
