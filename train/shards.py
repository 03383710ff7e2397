"""Sharded tars of ready-made pictures, read as they are needed: memory stays, however many.

The layout is WebDataset's: plain tars in one folder, and in them samples, which are the members
that share a name up to its first dot. Of a sample is used the picture; who it shows says a text
`.cls` right before or after it, else the folder in its name, as `Ada/0001.webp`.

Pictures are read by their place, not in a stream: so a batch follows from seed, epoch and number
alone, whoever makes it, and a training that was stopped goes on with the very next one. What is
kept in memory is where each picture lies, 20 bytes and its name.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from edge.contract.align import realign_packed
from edge.contract.errors import DataError, UsageError
from edge.contract.geometry import CROP_SIZE
from edge.contract.tasks import FACES
from edge.contract.whole import whole
from train.pictures import NOBODY, SUFFIXES, LeftOut, decode

_CLASS, _LONGEST_CLASS = ".cls", 1000  # bytes
_AGAIN = "pack the pictures again: python -m train pack"


@dataclass(frozen=True)
class Shards:
    """Where pictures lie and whom they show; in place of `data.Faces` where memory is too small.

    folder: of the tars. shape: of whole pictures, see `whole.whole`; crops of faces are 112x112x3.
    shard, begins, size: (n,) number of the tar, first byte of the picture in it, and bytes.
    person: (n,) int32, index into `names`, or NOBODY. member: (n,) UTF-8, its name in the tar.
    """

    folder: Path
    tars: tuple[str, ...]
    shard: NDArray[np.uint16]
    begins: NDArray[np.int64]
    size: NDArray[np.int32]
    person: NDArray[np.int32]
    member: NDArray[np.bytes_]
    names: tuple[str, ...]
    shape: tuple[int, int, int]
    task: str = FACES
    left_out: tuple[LeftOut, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.person)

    @property
    def files(self) -> tuple[str, ...]:
        """(n,) where each came from, made when it is asked for."""
        return tuple(f"{self.folder.name}:{name.decode()}" for name in self.member.tolist())

    def of(self, chosen: NDArray[np.bool_]) -> Shards:
        """The pictures where `chosen` (n,) is true; the names and their numbers stay."""
        columns = ("shard", "begins", "size", "person", "member")
        return replace(self, **{name: getattr(self, name)[chosen] for name in columns})

    def people(self) -> set[str]:
        return {self.names[p] for p in np.unique(self.person) if p != NOBODY}

    def digest(self) -> str:
        """SHA-256 over the sorted list of files, as of `data.Faces`."""
        return hashlib.sha256("\n".join(sorted(self.files)).encode()).hexdigest()

    def read(self, which: Sequence[int] | NDArray[np.int64]) -> NDArray[np.uint8]:
        """The pictures of these numbers, (k, *shape) uint8.

        Raises:
            DataError: a tar is not what it was when it was opened, or a picture is no crop.
        """
        return np.stack([self._read(int(number)) for number in which])

    def _read(self, number: int) -> NDArray[np.uint8]:
        path, size = self.folder / self.tars[self.shard[number]], int(self.size[number])
        try:
            with path.open("rb", buffering=0) as file:
                file.seek(int(self.begins[number]))
                data = file.read(size)
        except OSError as e:
            raise DataError(f"{path}: cannot be read ({e.strerror})", remedy="check it") from e
        picture = decode(data) if len(data) == size else None
        where = f"{path}: {self.member[number].decode()}"
        if picture is None:
            raise DataError(f"{where}: not a picture that can be read", remedy=_AGAIN)
        if self.task != FACES:
            return whole(picture, self.shape)
        if picture.shape != (CROP_SIZE, CROP_SIZE, 3):
            raise DataError(f"{where}: no {CROP_SIZE}x{CROP_SIZE} crop", remedy=_AGAIN)
        return realign_packed(picture)


def is_sharded(path: Path) -> bool:
    """A folder of tars, and of nothing else that could be pictures of people."""
    return path.is_dir() and any(path.glob("*.tar"))


def open_shards(folder: Path, *, task: str, shape: tuple[int, int, int]) -> Shards:
    """Read where everything lies in the tars of `folder`, in the order of their names.

    Raises:
        DataError: one is no tar, or ends too early; or there is no picture in all of them.
    """
    tars = tuple(path.name for path in sorted(folder.glob("*.tar")))
    numbers: dict[str, int] = {}
    shard, begins, size, person, member = [], [], [], [], []
    for number, name in enumerate(tars):
        found = list(_samples(folder / name, whole_path=task != FACES))
        shard.append(np.full(len(found), number, np.uint16))
        begins.append(np.array([sample.begins for sample in found], np.int64))
        size.append(np.array([sample.size for sample in found], np.int32))
        member.append(np.array([sample.name.encode() for sample in found], np.bytes_))
        owners = [numbers.setdefault(s.owner, len(numbers)) if s.owner else NOBODY for s in found]
        person.append(np.array(owners, np.int32))
    if not sum(map(len, person)):
        raise DataError(f"{folder}: no picture in its tars", remedy=_AGAIN)
    names = tuple(sorted(numbers))
    # Numbered as they came; NOBODY, -1, finds the last place.
    place = {name: number for number, name in enumerate(names)}
    rank = np.array([*(place[name] for name in numbers), NOBODY], np.int32)
    return Shards(
        folder,
        tars,
        np.concatenate(shard),
        np.concatenate(begins),
        np.concatenate(size),
        rank[np.concatenate(person)],
        np.concatenate(member),
        names,
        shape if task != FACES else (CROP_SIZE, CROP_SIZE, 3),
        task,
    )


@dataclass(frozen=True)
class _Sample:
    name: str
    begins: int
    size: int
    owner: str


def _samples(path: Path, *, whole_path: bool) -> Iterator[_Sample]:
    """The pictures of one tar, each with its owner, "" for nobody.

    whole_path: a class is called by all of its folders, as `Greek/character01`.
    """
    picture: _Sample | None = None
    key, said = "", ""
    try:
        with tarfile.open(path, "r:") as tar:
            length = path.stat().st_size
            while (member := tar.next()) is not None:
                tar.members.clear()  # else it keeps every header that it has read
                if not member.isfile():
                    continue
                name = PurePosixPath(member.name)
                own = str(name.parent / name.name.partition(".")[0])
                if own != key:
                    yield from _owned(picture, said)
                    picture, key, said = None, own, ""
                if name.suffix == _CLASS and member.size <= _LONGEST_CLASS:
                    said = tar.extractfile(member).read().decode("utf-8", "replace").strip()
                elif name.suffix.lower() in SUFFIXES:
                    if member.offset_data + member.size > length:
                        raise DataError(f"{path}: ends in the middle of {name}", remedy=_AGAIN)
                    owner = str(name.parent) if whole_path else name.parent.name
                    owner = "" if owner == "." else owner
                    picture = _Sample(str(name), member.offset_data, member.size, owner)
    except (tarfile.TarError, OSError) as e:
        raise DataError(f"{path}: not a plain tar ({e})", remedy=_AGAIN) from e
    yield from _owned(picture, said)


def _owned(picture: _Sample | None, said: str) -> Iterator[_Sample]:
    if picture is not None:
        yield replace(picture, owner=said) if said else picture


def joined_shards(parts: Sequence[Shards]) -> Shards:
    """Pictures of one folder as one again. Raises: UsageError: of anything else beside it."""
    first = parts[0]
    if any(not isinstance(part, Shards) or part.tars is not first.tars for part in parts):
        raise UsageError("a folder of tars comes alone", remedy=_AGAIN)
    columns = ("shard", "begins", "size", "person", "member")
    return replace(
        first,
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in columns},
    )
