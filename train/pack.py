"""Pictures of any layout -> a folder of shards, one after the other: `python -m train pack`."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import OutputError
from train.data import read_one_by_one
from train.progress import counted

PER_TAR = 10_000
_LOSSLESS = [cv2.IMWRITE_WEBP_QUALITY, 101]


@dataclass
class Packed:
    """What was packed. people: their names, nobody in particular not among them."""

    pictures: int = 0
    left_out: int = 0
    tars: int = 0
    people: set[str] = field(default_factory=set)


def pack(paths: Iterable[Path], out: Path, *, task: str, per_tar: int = PER_TAR) -> Packed:
    """Cut the face out of every picture, or take it whole, and write it to tars in `out`.

    A tar is there whole or not at all; memory holds one picture and the people's names.

    Raises:
        OutputError: `out` has tars in it, or cannot be written. MissingError, DataError: as
        `data.load_crops`.
    """
    if out.is_dir() and any(out.glob("*.tar")):
        raise OutputError(f"{out}: holds tars already", remedy="name another --out")
    done = Packed()
    pictures = _usable(counted(read_one_by_one(paths, task), "packing"), done)
    try:
        out.mkdir(parents=True, exist_ok=True)
        following = next(pictures, None)
        while following is not None:
            with _new_tar(out / f"shard-{done.tars:06}.tar") as tar:
                until = done.pictures + per_tar
                while following is not None and done.pictures < until:
                    owner, crop = following
                    _add(tar, f"{owner}/{done.pictures:08}.webp".lstrip("/"), crop)
                    done.pictures += 1
                    following = next(pictures, None)
            done.tars += 1
    except OSError as e:
        raise OutputError(
            f"{out}: cannot be written ({e.strerror})", remedy="check the path and the free space"
        ) from e
    return done


def _usable(
    read: Iterable[tuple[str, str, NDArray[np.uint8] | str]], done: Packed
) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    for owner, _, found in read:
        if isinstance(found, str):
            done.left_out += 1
            continue
        done.people |= {owner} - {""}
        yield owner, found


@contextmanager
def _new_tar(path: Path) -> Iterator[tarfile.TarFile]:
    new = path.with_suffix(".new")
    try:
        with tarfile.open(new, "w", format=tarfile.PAX_FORMAT) as tar:
            yield tar
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _add(tar: tarfile.TarFile, name: str, crop: NDArray[np.uint8]) -> None:
    data = cv2.imencode(".webp", crop[..., ::-1], _LOSSLESS)[1]
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data.tobytes()))
    tar.members.clear()  # else it keeps every header that it has written
