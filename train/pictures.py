"""Picture files in folders, tars and zips, one after the other; what cannot be read is None."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError, OnelookError
from edge.contract.limits import MAX_BYTES
from edge.contract.picture import read_picture
from edge.contract.tasks import PICTURES

NOBODY = -1
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
UNREADABLE, NO_FACE = "unreadable", "no_face"
# What zipfile raises for members that are damaged, encrypted or packed in an unknown way.
_UNPACKABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class LeftOut:
    """A picture that gave no crop. why: UNREADABLE or NO_FACE."""

    file: str
    person: str
    why: str


def photographs(path: Path) -> Iterator[tuple[Path, NDArray[np.uint8] | None]]:
    """Every picture of a tar, or in the folders of a folder: (name, RGB, or None if unreadable).

    Raises:
        DataError: it is not a tar.
    """
    if path.is_file():
        yield from _in_tar(path)
        return
    for file in sorted(path.rglob("*")):
        if file.suffix.lower() in SUFFIXES and file.parent != path:
            yield file.relative_to(path), _picture(file)


def _in_tar(path: Path) -> Iterator[tuple[Path, NDArray[np.uint8] | None]]:
    try:
        with tarfile.open(path) as tar:
            for member in tar:
                name = Path(member.name)
                if member.isfile() and name.suffix.lower() in SUFFIXES:
                    fits = member.size <= MAX_BYTES
                    yield name, decode(tar.extractfile(member).read()) if fits else None
    except tarfile.TarError as e:
        raise DataError(
            f"{path}: not a tar ({e})",
            remedy=f"copy it again; a zip is for the task {PICTURES}",
        ) from e


def in_folder(path: Path) -> Iterator[tuple[PurePosixPath, NDArray[np.uint8] | None]]:
    """(name below `path`, picture or None if it is none) of every picture of a class."""
    for file in sorted(path.rglob("*")):
        name = PurePosixPath(file.relative_to(path).as_posix())
        if _is_of_a_class(name):
            yield name, _picture(file)


def in_zip(path: Path) -> Iterator[tuple[PurePosixPath, NDArray[np.uint8] | None]]:
    """The same, and in the same order, as if the zip were unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {PurePosixPath(member.filename): member for member in archive.infolist()}
            names = sorted(filter(_is_of_a_class, members))
            around = _outermost(names)
            for name in names:
                fits = members[name].file_size <= MAX_BYTES
                picture = decode(archive.read(members[name])) if fits else None
                yield name.relative_to(around), picture
    except (OSError, *_UNPACKABLE) as e:
        raise DataError(
            f"{path}: not a zip that can be read ({e})",
            remedy="copy it again; pictures come as a folder or as a zip",
        ) from e


def _is_of_a_class(name: PurePosixPath) -> bool:
    hidden = any(part.startswith((".", "__MACOSX")) for part in name.parts)
    return name.suffix.lower() in SUFFIXES and len(name.parts) > 1 and not hidden


def _outermost(names: list[PurePosixPath]) -> PurePosixPath:
    """The one folder around all classes, if there is one: it repeats the name of the zip."""
    outermost = {name.parts[0] for name in names}
    if len(outermost) == 1 and all(len(name.parts) > 2 for name in names):
        return PurePosixPath(outermost.pop())
    return PurePosixPath()


def _picture(file: Path) -> NDArray[np.uint8] | None:
    """(height, width, 3) uint8 RGB, or None if it cannot be read."""
    try:
        return read_picture(file)
    except OnelookError:
        return None


def decode(data: bytes) -> NDArray[np.uint8] | None:
    """The same of a picture's bytes."""
    try:
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # no bytes at all, or too large a picture
        return None
    return None if bgr is None else np.ascontiguousarray(bgr[..., ::-1])
