"""Files and manifest -> a bundle folder, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from edge.contract.bundle import MANIFEST, load_bundle
from edge.contract.errors import OutputError
from edge.contract.manifest import File, Manifest, to_bytes
from edge.contract.signing import UNCHECKED


def listed(files: Mapping[str, bytes]) -> dict[str, File]:
    """What the manifest says of the files."""
    return {
        name: File(len(data), hashlib.sha256(data).hexdigest())
        for name, data in sorted(files.items())
    }


def check_target(folder: Path, *, force: bool) -> None:
    """Ask before the long work whether its result may be written there.

    Raises:
        OutputError: the folder exists and `force` is off, or is no bundle that could be replaced.
    """
    if not folder.exists() and not folder.is_symlink():
        return
    if not (folder / MANIFEST).is_file() and not (folder.is_dir() and not any(folder.iterdir())):
        raise OutputError(
            f"{folder}: exists and is not a bundle", remedy="name another folder with -o"
        )
    if (folder / MANIFEST).is_file() and not force:
        raise OutputError(
            f"{folder}: holds a bundle already",
            remedy="add --force, or name another folder with -o",
        )


def write_bundle(
    folder: Path, manifest: Manifest, files: Mapping[str, bytes], *, force: bool
) -> None:
    """Write the files beside the target, verify them as a door would, then rename.

    Raises:
        OutputError: see `check_target`, or the disk refuses. BundleError: a fault of ours.
    """
    check_target(folder, force=force)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
            new = Path(beside) / "new"
            new.mkdir()
            for name, data in {**files, MANIFEST: to_bytes(manifest)}.items():
                _write(new / name, data)
            load_bundle(new, UNCHECKED)
            if folder.exists():
                folder.rename(Path(beside) / "old")  # goes with the temporary folder
            new.rename(folder)
            _sync(folder.parent)
    except OSError as e:
        raise OutputError(
            f"{folder}: cannot be written ({e.strerror or e})",
            remedy="check the path and the free space",
        ) from e


def replace_file(path: Path, data: bytes) -> None:
    """A file, whole or as it was before. Raises: OutputError: it cannot be written."""
    new = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(new, data)
        new.replace(path)
        _sync(path.parent)
    except OSError as e:
        new.unlink(missing_ok=True)
        raise OutputError(
            f"{path}: cannot be written ({e.strerror})", remedy="check the path and the free space"
        ) from e


def _write(file: Path, data: bytes) -> None:
    with file.open("wb") as target:
        target.write(data)
        target.flush()
        os.fsync(target.fileno())


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
