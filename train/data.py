"""Pictures on disk -> crops with whom or what they show.

Of faces, each layout told apart by what lies there:
- a tar `person/name.webp` of photographs, or of 112x112 crops (cut to geometry.PACKED_TEMPLATE);
  members without a folder are faces of nobody in particular: good for distillation only;
- a folder with one sub-folder per person, of photographs or of 112x112 crops;
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
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.align import align, realign_packed
from edge.contract.errors import DataError, MissingError, OnelookError
from edge.contract.face import Face
from edge.contract.geometry import CROP_SIZE
from edge.contract.limits import MAX_BYTES
from edge.contract.picture import read_picture
from edge.contract.tasks import FACES, PICTURES
from edge.contract.whole import whole
from edge.eye.locator import shipped_locator

NOBODY = -1
SEED_FOLDERS = ("anchor", "positive", "negative")
SEED_PERSON = "owner"
_CROP = (CROP_SIZE, CROP_SIZE, 3)
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
# What zipfile raises for members that are damaged, encrypted or packed in an unknown way.
_UNPACKABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
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

UNREADABLE, NO_FACE = "unreadable", "no_face"

# A frame (height, width, 3) uint8 RGB -> its faces, the largest first.
FindFaces = Callable[[NDArray[np.uint8]], Sequence[Face]]
# Whom a picture shows (or ""), the file it comes from, and its crop, or why there is none.
_Read = tuple[str, str, NDArray[np.uint8] | str]


@dataclass(frozen=True)
class LeftOut:
    """A picture that gave no crop. why: UNREADABLE or NO_FACE."""

    file: str
    person: str
    why: str


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
    """What a network of `task` and input `shape` is trained and measured on.

    aligned, find: as of `load_faces`; without a meaning for other tasks.

    Raises:
        DataError: no such task; else as `load_faces` and `load_pictures`.
    """
    if task == FACES:
        return load_faces(paths, aligned=aligned, find=find)
    if task == PICTURES:
        return load_pictures(paths, shape)
    raise DataError(
        f"{task!r}: no task that this program knows",
        remedy=f"train for one of them: {FACES}, {PICTURES}",
    )


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


def split_people(faces: Faces, share: float) -> tuple[Faces, Faces]:
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
    for path in paths:
        if not path.exists():
            raise MissingError(f"{path}: not there", remedy="check the path")
        before, lost = len(crops), len(left_out)
        for owner, file, found in read(path):
            named = f"{path.name}:{file}"
            if isinstance(found, str):
                left_out.append(LeftOut(named, owner, found))
                continue
            crops.append(found)
            owners.append(owner)
            files.append(named)
        _tell(path, left_out[lost:])
        if len(crops) == before:
            what, remedy = _NOTHING[task]
            raise DataError(f"{path}: {what}", remedy=remedy)
    names = tuple(sorted({owner for owner in owners if owner}))
    number = {name: i for i, name in enumerate(names)} | {"": NOBODY}
    person = np.array([number[owner] for owner in owners], np.int32)
    return Faces(np.stack(crops), person, names, tuple(files), task, tuple(left_out))


def _tell(path: Path, left_out: Sequence[LeftOut]) -> None:
    if not left_out:
        return
    faceless = sum(picture.why == NO_FACE for picture in left_out)
    counts = {UNREADABLE: len(left_out) - faceless, "without a face that is found": faceless}
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    sys.stderr.write(f"{path}: {len(left_out)} pictures left out ({said})\n")


def photographs(path: Path) -> Iterator[tuple[Path, NDArray[np.uint8] | None]]:
    """Every picture of a tar, or in the folders of a folder: (name, RGB, or None if unreadable).

    Raises:
        DataError: it is not a tar.
    """
    if path.is_file():
        yield from _in_tar(path)
        return
    for file in sorted(path.rglob("*")):
        if file.suffix.lower() in _SUFFIXES and file.parent != path:
            yield file.relative_to(path), _picture(file)


def _in_tar(path: Path) -> Iterator[tuple[Path, NDArray[np.uint8] | None]]:
    try:
        with tarfile.open(path) as tar:
            for member in tar:
                name = Path(member.name)
                if member.isfile() and name.suffix.lower() in _SUFFIXES:
                    fits = member.size <= MAX_BYTES
                    yield name, _decode(tar.extractfile(member).read()) if fits else None
    except tarfile.TarError as e:
        raise DataError(
            f"{path}: not a tar ({e})",
            remedy=f"copy it again; a zip is for the task {PICTURES}",
        ) from e


def _read_faces(path: Path, cut: _Cut) -> Iterator[_Read]:
    packed = path.is_file()
    seed = not packed and all((path / folder).is_dir() for folder in SEED_FOLDERS)
    for name, picture in photographs(path):
        is_crop = packed and picture is not None and picture.shape == _CROP
        crop = cut.crop(picture, str(name), packed=is_crop)
        yield _seed_person(name) if seed else name.parent.name, str(name), crop


@dataclass(frozen=True)
class _Cut:
    """How a face is cut out of a picture. Fields as of `load_faces`."""

    aligned: bool
    find: FindFaces

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
            return realign_packed(picture)
        if picture.shape == _CROP:
            return picture
        faces = self.find(picture)
        return align(picture, faces[0].points) if faces else NO_FACE


def _seed_person(file: Path) -> str:
    if file.parent.name != "negative":
        return SEED_PERSON
    named = re.fullmatch(r"(.+?)[_-]?\d+", file.stem)
    return named.group(1) if named else file.stem


def _read_pictures(path: Path, shape: tuple[int, int, int]) -> Iterator[_Read]:
    for name, picture in _in_folder(path) if path.is_dir() else _in_zip(path):
        crop = UNREADABLE if picture is None else whole(picture, shape)
        yield str(name.parent), str(name), crop


def _in_folder(path: Path) -> Iterator[tuple[PurePosixPath, NDArray[np.uint8] | None]]:
    """(name below `path`, picture or None if it is none) of every picture of a class."""
    for file in sorted(path.rglob("*")):
        name = PurePosixPath(file.relative_to(path).as_posix())
        if _is_of_a_class(name):
            yield name, _picture(file)


def _in_zip(path: Path) -> Iterator[tuple[PurePosixPath, NDArray[np.uint8] | None]]:
    """The same, and in the same order, as if the zip were unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {PurePosixPath(member.filename): member for member in archive.infolist()}
            names = sorted(filter(_is_of_a_class, members))
            around = _outermost(names)
            for name in names:
                fits = members[name].file_size <= MAX_BYTES
                picture = _decode(archive.read(members[name])) if fits else None
                yield name.relative_to(around), picture
    except (OSError, *_UNPACKABLE) as e:
        raise DataError(
            f"{path}: not a zip that can be read ({e})",
            remedy="copy it again; pictures come as a folder or as a zip",
        ) from e


def _is_of_a_class(name: PurePosixPath) -> bool:
    hidden = any(part.startswith((".", "__MACOSX")) for part in name.parts)
    return name.suffix.lower() in _SUFFIXES and len(name.parts) > 1 and not hidden


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


def _decode(data: bytes) -> NDArray[np.uint8] | None:
    """The same of a picture's bytes."""
    try:
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # no bytes at all, or too large a picture
        return None
    return None if bgr is None else np.ascontiguousarray(bgr[..., ::-1])
