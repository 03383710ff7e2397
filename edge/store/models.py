"""Bundles that were brought to this door: kept side by side, one of them current, one before it."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from edge.shipped import shipped
from edge.store.files import make_folder, refusals, sync_folder, write_whole
from edge.trusted import CURRENT, KEYS, SHIPPED_BUNDLE

_PREVIOUS = "previous"
_SHIPPED = "shipped"  # where `previous` points if nothing had been brought before
_COPY = ".new-"
_OURS = re.compile(r"\d+-[0-9a-f]{16}|\.new-.+")  # nothing else of the folder is ever removed


class Models:
    """The folder [paths] models_dir; the eye may read it, only its owner writes.

    Bundles are named after their content and never changed: what was read once stays what it is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def copied(self, files: Mapping[str, bytes]) -> Iterator[Path]:
        """A bundle of these files, beside the others; it goes with the context unless it is kept.

        Raises:
            StorageError, PermissionsError: the disk refuses.
        """
        with self._writing():
            make_folder(self.folder, 0o755)
            copy = Path(tempfile.mkdtemp(prefix=_COPY, dir=self.folder))
        try:
            with self._writing():
                copy.chmod(0o755)
            for name, data in files.items():
                write_whole(copy / name, data, mode=0o644)
            yield copy
        finally:
            shutil.rmtree(copy, ignore_errors=True)

    def keep(self, copy: Path, serial: int, digest: str) -> None:
        """The copy becomes the current bundle; the one before can be had back, others go.

        At every moment `current` is a whole bundle, the old one or this one.

        Args:
            copy: of `copied`.
            serial: the bundle's.
            digest: SHA-256 of its manifest in hex, which names all of its content.

        Raises:
            StorageError, PermissionsError: the disk refuses, and the old one stays.
        """
        name = f"{serial}-{digest[:16]}"
        with self._writing():
            place = self.folder / name
            if _is_like(place, copy):
                shutil.rmtree(copy)
            else:
                if place.exists():  # damaged since
                    place.rename(copy.with_name(f"{_COPY}old-{name}"))
                copy.rename(place)
                sync_folder(self.folder)
            now = self.folder / CURRENT
            before = now.readlink().name if now.is_symlink() else _SHIPPED
            if before != name:
                self._point(_PREVIOUS, before)
            self._point(CURRENT, name)
        self._sweep()

    def previous(self) -> Path | None:
        """The bundle before the current one, which may be the shipped one; None: there is none."""
        name = self._target(_PREVIOUS)
        if name is None or name == self._target(CURRENT):
            return None
        return shipped(*SHIPPED_BUNDLE) if name == _SHIPPED else self.folder / name

    def go_back(self) -> None:
        """`previous` becomes current. What it was is not offered again.

        Raises:
            StorageError, PermissionsError: the disk refuses.
        """
        name = self._target(_PREVIOUS)
        with self._writing():
            if name is None or name == _SHIPPED:
                (self.folder / CURRENT).unlink(missing_ok=True)
            else:
                self._point(CURRENT, name)
            (self.folder / _PREVIOUS).unlink(missing_ok=True)
            sync_folder(self.folder)

    def bring_keys(self, raw: bytes) -> None:
        """Store a list of keys. Raises: StorageError, PermissionsError."""
        with self._writing():
            make_folder(self.folder, 0o755)
        write_whole(self.folder / KEYS, raw, mode=0o644)

    def _writing(self) -> AbstractContextManager[None]:
        return refusals(self.folder, "cannot be written")

    def _target(self, link: str) -> str | None:
        path = self.folder / link
        return path.readlink().name if path.is_symlink() else None

    def _point(self, link: str, name: str) -> None:
        """A link that at every moment points to the old or to the new place."""
        new = self.folder / f".{link}.new"
        new.unlink(missing_ok=True)
        new.symlink_to(name)
        new.replace(self.folder / link)
        sync_folder(self.folder)

    def _sweep(self) -> None:
        """Bundles that nobody can go back to, and copies that a power cut left."""
        kept = {self._target(CURRENT), self._target(_PREVIOUS)}
        with suppress(OSError):  # what stays takes room, and does no harm
            for folder in self.folder.iterdir():
                if _OURS.fullmatch(folder.name) and folder.name not in kept:
                    shutil.rmtree(folder)


def _is_like(place: Path, copy: Path) -> bool:
    """Whether two bundles are equal, byte for byte."""
    if not place.is_dir() or {p.name for p in place.iterdir()} != {p.name for p in copy.iterdir()}:
        return False
    return all((place / p.name).read_bytes() == p.read_bytes() for p in copy.iterdir())
