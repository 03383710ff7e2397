"""Photographs on disk -> aligned crops with the people they show.

Understood, each told apart by what lies there:
- a packed tar `person/name.webp` of ready-made 112x112 crops (cut to geometry.PACKED_TEMPLATE);
  members without a folder are faces of nobody in particular: good for distillation only;
- a folder with one sub-folder per person, of photographs or of 112x112 crops;
- the seed's `data/{anchor,positive,negative}`: anchor and positive show one person; a negative
  `Some_Name_0001.jpg` shows Some_Name.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.align import align, realign_packed
from edge.contract.errors import DataError, MissingError, OnelookError
from edge.contract.geometry import CROP_SIZE
from edge.contract.locate import find_faces
from edge.contract.picture import read_picture

NOBODY = -1
SEED_FOLDERS = ("anchor", "positive", "negative")
SEED_PERSON = "owner"
_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})


@dataclass(frozen=True)
class Faces:
    """Crops and whom they show.

    crops: (n, 112, 112, 3) uint8 RGB, aligned to geometry.TEMPLATE.
    person: (n,) int32, index into `names`, or NOBODY.
    files: (n,) where each came from, for lists of what was used.
    """

    crops: NDArray[np.uint8]
    person: NDArray[np.int32]
    names: tuple[str, ...]
    files: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.crops)

    def of(self, chosen: NDArray[np.bool_]) -> Faces:
        """The crops where `chosen` (n,) is true; the names and their numbers stay."""
        files = tuple(np.array(self.files, object)[chosen])
        return Faces(self.crops[chosen], self.person[chosen], self.names, files)

    def people(self) -> set[str]:
        return {self.names[p] for p in np.unique(self.person) if p != NOBODY}

    def digest(self) -> str:
        """SHA-256 over the sorted list of files: which data a figure was measured on."""
        return hashlib.sha256("\n".join(sorted(self.files)).encode()).hexdigest()


def load_faces(paths: Iterable[Path]) -> Faces:
    """Read everything under `paths` into memory; unusable pictures are counted on stderr.

    Raises:
        MissingError: a path is not there. DataError: nothing usable in one of them.
    """
    crops: list[NDArray[np.uint8]] = []
    owners: list[str] = []
    files: list[str] = []
    for path in paths:
        before = len(crops)
        for owner, file, crop in _read(path):
            crops.append(crop)
            owners.append(owner)
            files.append(f"{path.name}:{file}")
        if len(crops) == before:
            raise DataError(
                f"{path}: no picture of a face in it",
                remedy="name a tar of crops, a folder of people, or the seed's data folder",
            )
    names = tuple(sorted({owner for owner in owners if owner}))
    number = {name: i for i, name in enumerate(names)} | {"": NOBODY}
    person = np.array([number[owner] for owner in owners], np.int32)
    return Faces(np.stack(crops), person, names, tuple(files))


def split_people(faces: Faces, share: float) -> tuple[Faces, Faces]:
    """(train, held out): about `share` of the people are held out, with all their pictures.

    A person's side follows from the hash of the name alone, so it stays when data are added.
    Faces of nobody go to training.
    """
    out = np.array([_fraction(name) < share for name in (*faces.names, "")])
    if faces.names:
        out[-1] = False
    held = out[faces.person] & (faces.person != NOBODY)
    return faces.of(~held), faces.of(held)


def for_network(crops: NDArray[np.uint8], shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Crops (n, 112, 112, 3) -> (n, *shape): reduced by area; grey for a network of one channel."""
    height, width, channels = shape
    if crops.shape[1:] == shape:
        return crops
    made = np.empty((len(crops), *shape), np.uint8)
    for target, crop in zip(made, crops, strict=True):
        view = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) if channels == 1 else crop
        target[:] = cv2.resize(view, (width, height), interpolation=cv2.INTER_AREA).reshape(shape)
    return made


def _fraction(name: str) -> float:
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 2**32


def _read(path: Path) -> Iterator[tuple[str, str, NDArray[np.uint8]]]:
    """(person or "", file, crop) of one source."""
    if path.is_file():
        yield from _packed(path)
    elif all((path / folder).is_dir() for folder in SEED_FOLDERS):
        yield from _photographs(path, _seed_person)
    elif path.is_dir():
        yield from _photographs(path, lambda file: file.parent.name)
    else:
        raise MissingError(f"{path}: not there", remedy="check the path")


def _packed(path: Path) -> Iterator[tuple[str, str, NDArray[np.uint8]]]:
    try:
        with tarfile.open(path) as tar:
            for member in tar:
                name = Path(member.name)
                if not member.isfile() or name.suffix.lower() not in _PICTURES:
                    continue
                data = np.frombuffer(tar.extractfile(member).read(), np.uint8)
                bgr = cv2.imdecode(data, cv2.IMREAD_COLOR)
                if bgr is None or bgr.shape != (CROP_SIZE, CROP_SIZE, 3):
                    raise DataError(
                        f"{path}: {member.name} is no {CROP_SIZE}x{CROP_SIZE} picture",
                        remedy="a tar holds ready-made crops; give photographs as a folder",
                    )
                crop = realign_packed(np.ascontiguousarray(bgr[..., ::-1]))
                yield (name.parent.name if name.parent != Path() else ""), member.name, crop
    except tarfile.TarError as e:
        raise DataError(f"{path}: not a tar ({e})", remedy="copy it again") from e


def _photographs(path: Path, person_of: object) -> Iterator[tuple[str, str, NDArray[np.uint8]]]:
    left_out = 0
    for file in sorted(path.rglob("*")):
        if file.suffix.lower() not in _PICTURES or file.parent == path:
            continue
        crop = _crop(file)
        if crop is None:
            left_out += 1
            continue
        yield person_of(file), str(file.relative_to(path)), crop
    if left_out:
        sys.stderr.write(f"{path}: {left_out} pictures left out (unreadable, or not one face)\n")


def _crop(file: Path) -> NDArray[np.uint8] | None:
    try:
        picture = read_picture(file)
    except OnelookError:
        return None
    if picture.shape == (CROP_SIZE, CROP_SIZE, 3):
        return picture
    faces = find_faces(picture)
    return align(picture, faces[0].points) if faces else None


def _seed_person(file: Path) -> str:
    if file.parent.name != "negative":
        return SEED_PERSON
    named = re.fullmatch(r"(.+?)[_-]?\d+", file.stem)
    return named.group(1) if named else file.stem
