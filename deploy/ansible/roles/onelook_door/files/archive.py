"""Pack a checkout, or a folder of wheels: `archive.py SOURCE FOLDER`, prints the archive's path.

One file travels faster than a thousand. The same files make the same archive, and its name says
which: a door that has this name has them.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

# What deploy/install.sh reads of a checkout.
PARTS = ("edge", "train", "convert", "models", "application_data", "requirements", "deploy")
FILES = ("pyproject.toml", "README.md", "LICENSE")
LEFT_OUT = {"models/float", "deploy/ansible"}  # no door has a use for them


def main(source: Path, folder: Path) -> int:
    """Returns the exit code."""
    if (source / "deploy/install.sh").is_file():
        name, files = "onelook", sorted(_of_checkout(source))
    else:
        name, files = "wheels", sorted(source.glob("*.whl"))
    if not files:
        sys.stderr.write(f"{source}: no checkout of onelook, and no folder of wheels.\n")
        return 66
    tar = packed(source, files)
    archive = folder.resolve() / f"{name}-{hashlib.sha256(tar).hexdigest()[:16]}.tar.gz"
    if not archive.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        new = archive.with_suffix(".new")
        new.write_bytes(gzip.compress(tar, 1, mtime=0))
        new.replace(archive)
    sys.stdout.write(f"{archive}\n")
    return 0


def packed(source: Path, files: Iterable[Path]) -> bytes:
    """A tar without times and owners, so that only what is in it counts."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in files:
            data = path.read_bytes()
            entry = tarfile.TarInfo(path.relative_to(source).as_posix())
            entry.size = len(data)
            entry.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def _of_checkout(checkout: Path) -> Iterator[Path]:
    yield from (checkout / name for name in FILES)
    for part in PARTS:
        for path in (checkout / part).rglob("*"):
            inside = path.relative_to(checkout)
            above = {parent.as_posix() for parent in inside.parents}
            hidden = any(name.startswith(".") for name in inside.parts)
            made = "__pycache__" in inside.parts
            if path.is_file() and not hidden and not made and not above & LEFT_OUT:
                yield path


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
