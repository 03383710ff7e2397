"""Pictures on disk -> crops with whom or what they show.

Of faces, each layout told apart by what lies there:
- a tar `person/name.webp` of photographs, or of 112x112 crops (cut to geometry.PACKED_TEMPLATE);
  members without a folder are faces of nobody in particular: good for distillation only;
- a folder with one sub-folder per person, of photographs or of 112x112 crops;
- a folder of tars of 112x112 crops, which can be read as they are needed, see `shards`;
- the seed's `data/{anchor,positive,negative}`: anchor and positive show one person; a negative
  `Some_Name_0001.jpg` shows Some_Name.

Of anything else (characters, signatures, parts, pets), where each picture is taken whole:
- a folder, or a zip that is not unpacked: a class is a folder that holds pictures, named by its
  path, as `Greek/character01`.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.align import align, realign_packed
from edge.contract.errors import DataError, MissingError, UsageError
from edge.contract.face import Face
from edge.contract.geometry import CROP_SIZE, PACKED_TEMPLATE, TEMPLATE
from edge.contract.tasks import FACES, PICTURES
from edge.contract.whole import whole
from edge.eye.locator import shipped_locator
from train.pictures import NO_FACE, NOBODY, UNREADABLE, LeftOut, in_folder, in_zip, photographs
from train.shards import Shards, is_sharded, open_shards

SEED_FOLDERS = ("anchor", "positive", "negative")
SEED_PERSON = "owner"
_CROP = (CROP_SIZE, CROP_SIZE, 3)
_NOTHING = {
    FACES: (
        "no picture of a face in it",
        "name a tar of crops, a folder of people, or the seed's data folder",
    ),
    PICTURES: (
        "no picture in a folder of its class in it",
        "name a folder, or a zip, that holds a folder of pictures for each class",
    ),
}

Source = TypeVar("Source", "Faces", Shards)

# A frame (height, width, 3) uint8 RGB -> its faces, the largest first.
FindFaces = Callable[[NDArray[np.uint8]], Sequence[Face]]
# Whom a picture shows (or ""), the file it comes from, and its crop, or why there is none.
_Read = tuple[str, str, NDArray[np.uint8] | str]


@dataclass(frozen=True)
class Faces:
    """Crops and whom they show; of another task, "person" is whatever makes a class.

    crops: (n, 112, 112, 3) uint8 RGB, aligned to geometry.TEMPLATE; of whole pictures at the size
        and colours of the network that they were read for.
    person: (n,) int32, index into `names`, or NOBODY.
    files: (n,) where each came from, for lists of what was used.
    left_out: pictures that gave no crop.
    """

    crops: NDArray[np.uint8]
    person: NDArray[np.int32]
    names: tuple[str, ...]
    files: tuple[str, ...]
    task: str = FACES
    left_out: tuple[LeftOut, ...] = ()

    def __len__(self) -> int:
        return len(self.crops)

    def read(self, which: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The crops of these numbers, in this order."""
        return self.crops[which]

    def of(self, chosen: NDArray[np.bool_]) -> Faces:
        """The crops where `chosen` (n,) is true; the names and their numbers stay."""
        files = tuple(np.array(self.files, object)[chosen])
        return replace(self, crops=self.crops[chosen], person=self.person[chosen], files=files)

    def people(self) -> set[str]:
        return {self.names[p] for p in np.unique(self.person) if p != NOBODY}

    def digest(self) -> str:
        """SHA-256 over the sorted list of files: which data a figure was measured on."""
        return hashlib.sha256("\n".join(sorted(self.files)).encode()).hexdigest()


def load_crops(
    paths: Iterable[Path],
    *,
    task: str,
    shape: tuple[int, int, int],
    aligned: bool = False,
    find: FindFaces | None = None,
) -> Faces:
    """What a network of `task` and input `shape` is trained and measured on, all in memory.

    aligned, find: as of `load_faces`; without a meaning for other tasks.

    Raises:
        DataError: no such task; else as `load_faces` and `load_pictures`.
    """
    paths = list(paths)
    if any(map(is_sharded, paths)):
        return in_memory(open_sharded(paths, task=task, shape=shape))
    if task == FACES:
        return load_faces(paths, aligned=aligned, find=find)
    if task == PICTURES:
        return load_pictures(paths, shape)
    raise DataError(
        f"{task!r}: no task that this program knows",
        remedy=f"train for one of them: {FACES}, {PICTURES}",
    )


def in_memory(shards: Shards) -> Faces:
    """Their pictures, all at once."""
    crops = shards.read(np.arange(len(shards)))
    return Faces(crops, shards.person, shards.names, shards.files, shards.task)


def open_sharded(paths: Sequence[Path], *, task: str, shape: tuple[int, int, int]) -> Shards:
    """The pictures of a folder of tars, left where they are.

    Raises:
        UsageError: more than that one folder. DataError: as `shards.open_shards`.
    """
    if len(paths) > 1:
        raise UsageError(
            f"{next(filter(is_sharded, paths))}: a folder of tars comes alone",
            remedy="pack all pictures into one: python -m train pack",
        )
    return open_shards(paths[0], task=task, shape=shape)


def load_faces(
    paths: Iterable[Path], *, aligned: bool = False, find: FindFaces | None = None
) -> Faces:
    """Read everything under `paths` into memory; unusable pictures are counted on stderr.

    aligned: all are crops cut to geometry.PACKED_TEMPLATE, as those of a tar are anyway.
    find: what finds faces in photographs; else the locator that comes with the program.

    Raises:
        MissingError: a path is not there. DataError: nothing usable in one of them.
    """
    cut = _Cut(aligned=aligned, find=find or shipped_locator().find_faces)
    return _load(paths, lambda path: _read_faces(path, cut), FACES)


def load_pictures(paths: Iterable[Path], shape: tuple[int, int, int]) -> Faces:
    """The same of a task without faces: crops are whole pictures, brought to `shape` by `whole`.

    Raises:
        MissingError: a path is not there. DataError: nothing usable in one of them.
    """
    return _load(paths, lambda path: _read_pictures(path, shape), PICTURES)


def read_one_by_one(paths: Iterable[Path], task: str) -> Iterator[_Read]:
    """(whom it shows, file, picture or why there is none) of everything, to be packed into tars.

    Faces are cut to geometry.PACKED_TEMPLATE, other pictures are as they are.

    Raises:
        as `load_faces` and `load_pictures`.
    """
    if task == FACES:
        cut = _Cut(aligned=False, find=shipped_locator().find_faces, packing=True)
        return _each(paths, lambda path: _read_faces(path, cut), task)
    return _each(paths, lambda path: _read_pictures(path, None), task)


def split_people(faces: Source, share: float) -> tuple[Source, Source]:
    """(train, held out): about `share` of the people are held out, with all their pictures.

    A person's side follows from the hash of the name alone, so it stays when data are added.
    Faces of nobody go to training.
    """
    out = np.array([held_out_by_name(name, share) for name in (*faces.names, "")])
    if faces.names:
        out[-1] = False
    held = out[faces.person] & (faces.person != NOBODY)
    sides = (False, faces.of(~held)), (True, faces.of(held))
    train, held_out = (
        replace(side, left_out=tuple(p for p in faces.left_out if _is_held_out(p, share) == out))
        for out, side in sides
    )
    return train, held_out


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


def _is_held_out(picture: LeftOut, share: float) -> bool:
    return bool(picture.person) and held_out_by_name(picture.person, share)


def held_out_by_name(name: str, share: float) -> bool:
    """Whether a hash of the name alone falls among the `share` that is held out."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 2**32 < share


def _load(paths: Iterable[Path], read: Callable[[Path], Iterator[_Read]], task: str) -> Faces:
    crops: list[NDArray[np.uint8]] = []
    owners: list[str] = []
    files: list[str] = []
    left_out: list[LeftOut] = []
    for owner, file, found in _each(paths, read, task):
        if isinstance(found, str):
            left_out.append(LeftOut(file, owner, found))
            continue
        crops.append(found)
        owners.append(owner)
        files.append(file)
    names = tuple(sorted({owner for owner in owners if owner}))
    number = {name: i for i, name in enumerate(names)} | {"": NOBODY}
    person = np.array([number[owner] for owner in owners], np.int32)
    return Faces(np.stack(crops), person, names, tuple(files), task, tuple(left_out))


def _each(
    paths: Iterable[Path], read: Callable[[Path], Iterator[_Read]], task: str
) -> Iterator[_Read]:
    """All pictures of all paths, files named with their source; what is left out is told."""
    for path in paths:
        if not path.exists():
            raise MissingError(f"{path}: not there", remedy="check the path")
        usable, lost = 0, Counter[str]()
        for owner, file, found in read(path):
            if isinstance(found, str):
                lost[found] += 1
            else:
                usable += 1
            yield owner, f"{path.name}:{file}", found
        _tell(path, lost)
        if not usable:
            what, remedy = _NOTHING[task]
            raise DataError(f"{path}: {what}", remedy=remedy)


def _tell(path: Path, lost: Counter[str]) -> None:
    counts = {UNREADABLE: lost[UNREADABLE], "without a face that is found": lost[NO_FACE]}
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    if said:
        sys.stderr.write(f"{path}: {lost.total()} pictures left out ({said})\n")


def _read_faces(path: Path, cut: _Cut) -> Iterator[_Read]:
    packed = path.is_file()
    seed = not packed and all((path / folder).is_dir() for folder in SEED_FOLDERS)
    for name, picture in photographs(path):
        is_crop = packed and picture is not None and picture.shape == _CROP
        crop = cut.crop(picture, str(name), packed=is_crop)
        yield _seed_person(name) if seed else name.parent.name, str(name), crop


@dataclass(frozen=True)
class _Cut:
    """How a face is cut out of a picture. Fields as of `load_faces`.

    packing: to PACKED_TEMPLATE, as tars have it.
    """

    aligned: bool
    find: FindFaces
    packing: bool = False

    def crop(
        self, picture: NDArray[np.uint8] | None, name: str, *, packed: bool
    ) -> NDArray[np.uint8] | str:
        """The crop of the largest face, or why there is none. packed: it is a crop of a tar."""
        if picture is None:
            return UNREADABLE
        if self.aligned or packed:
            if picture.shape != _CROP:
                raise DataError(
                    f"{name}: no {CROP_SIZE}x{CROP_SIZE} crop",
                    remedy="leave out --aligned: then faces are looked for",
                )
            return picture if self.packing else realign_packed(picture)
        if picture.shape == _CROP:
            return realign_packed(picture, back=True) if self.packing else picture
        faces = self.find(picture)
        template = PACKED_TEMPLATE if self.packing else TEMPLATE
        return align(picture, faces[0].points, template) if faces else NO_FACE


def _seed_person(file: Path) -> str:
    if file.parent.name != "negative":
        return SEED_PERSON
    named = re.fullmatch(r"(.+?)[_-]?\d+", file.stem)
    return named.group(1) if named else file.stem


def _read_pictures(path: Path, shape: tuple[int, int, int] | None) -> Iterator[_Read]:
    """shape: to bring them to, or None: as they are."""
    for name, picture in in_folder(path) if path.is_dir() else in_zip(path):
        crop = UNREADABLE if picture is None else whole(picture, shape) if shape else picture
        yield str(name.parent), str(name), crop
