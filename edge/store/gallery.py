"""The gallery on disk: a sealed file for each generation, of which the last two are kept."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edge.contract.errors import BusyError, OnelookError, StorageError
from edge.store.files import (
    check_private,
    hand_over,
    own_folder,
    refusals,
    sync_folder,
    write_whole,
)
from edge.store.generations import newest_accepted
from edge.store.keys import FILE as KEY_FILE
from edge.store.keys import (
    NEXT,
    find_keys,
    find_or_make_key,
    make_next_key,
    take_next_key,
)
from edge.store.people import Gallery, Person, Template
from edge.store.sealed import MAX_BYTES, SealError, seal, unseal

__all__ = ["Change", "Gallery", "GalleryStore", "Person", "Template"]

_NAME = re.compile(r"gallery-(\d{10})\.sealed")
_LOCK = "gallery.lock"
_KEPT = 2
_WAIT_S = 5.0


class Change:
    """A gallery that nobody else can change meanwhile."""

    def __init__(self, store: GalleryStore, gallery: Gallery, generation: int) -> None:
        self._store, self._generation = store, generation
        self.gallery = gallery

    def commit(self, gallery: Gallery) -> None:
        """Put the new gallery on the disk as the next generation.

        Raises:
            StorageError: the disk refuses; the old generation stays.
        """
        self._generation += 1
        self._store._write(gallery, self._generation)  # noqa: SLF001 - the other half of one thing
        self.gallery = gallery

    def erase(self, gallery: Gallery) -> bool:
        """As `commit`, under a new key; the old key and every older generation are removed.

        What a card keeps of them beneath its files cannot be read without that key. Returns whether
        there is a new key: one that systemd gives is the owner's to change.

        Raises:
            StorageError: the disk refuses; one of the two generations stays, and can be read.
        """
        self._generation += 1
        fresh = self._store._write_anew(gallery, self._generation)  # noqa: SLF001 - as above
        self.gallery = gallery
        return fresh


class GalleryStore:
    """The galleries of one state folder. Reading leaves the folder as it is."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir

    def generation(self) -> int:
        """The number of the newest generation, 0 if there is none: a look at the folder's names.

        Raises:
            StorageError, PermissionsError: the folder cannot be read.
        """
        return max(self._files(), default=0)

    def load(self) -> Gallery:
        """The newest generation; an empty gallery if there is none.

        Raises:
            StorageError: it is damaged, or its key is missing. An older generation is never taken
                in its place: whoever was removed since then would be back.
            PermissionsError: the folder is open to others, or closed to us.
        """
        while files := self._files():
            check_private(self._folder)
            newest = max(files)
            try:
                return self._unseal(files[newest], newest)
            except StorageError:
                if self.generation() <= newest:
                    raise  # else somebody was erased meanwhile, and the old key with them
        return Gallery()

    def before(self) -> Gallery | None:
        """The generation before the newest, nobody before the first; None if it is not kept.

        Raises:
            StorageError, PermissionsError: as `load`.
        """
        files = self._files()
        kept = sorted(files)[:-1]
        if not kept:
            return Gallery() if self.generation() == 1 else None
        return self._unseal(files[kept[-1]], kept[-1])

    @contextmanager
    def change(self) -> Iterator[Change]:
        """The gallery, to be changed by `commit`; others wait.

        Raises:
            BusyError: another process kept it for too long. Else as `load`.
        """
        own_folder(self._folder)
        with self._locked():
            self._settle()
            yield Change(self, self.load(), max(self.generation(), self._accepted()))

    def _accepted(self) -> int:
        """What the door has seen may be newer than what is left: a change goes on from there."""
        with suppress(OnelookError):  # without its log a door has seen nothing
            return newest_accepted(self._folder)
        return 0

    def _write(self, gallery: Gallery, generation: int) -> None:
        self._put(gallery, generation, find_or_make_key(self._folder))
        self._drop_before(generation - _KEPT + 1)

    def _write_anew(self, gallery: Gallery, generation: int) -> bool:
        """At every instant one of the keys that are there opens the newest generation."""
        key = make_next_key(self._folder)
        self._put(gallery, generation, key or find_or_make_key(self._folder))
        if key is not None:
            take_next_key(self._folder)
        self._drop_before(generation)
        return key is not None

    def _settle(self) -> None:
        """End an erasure that was cut off: is the newest generation under the new key, take it."""
        files = self._files()
        if not (self._folder / NEXT).is_file() or not files:
            return
        newest = max(files)
        *_, key = find_keys(self._folder)
        with refusals(files[newest], "cannot be read"), suppress(SealError):
            unseal(files[newest].read_bytes(), newest, key)
            take_next_key(self._folder)

    def _put(self, gallery: Gallery, generation: int, key: bytes) -> None:
        path = self._folder / f"gallery-{generation:010d}.sealed"
        write_whole(path, seal(gallery, generation, key))

    def _drop_before(self, generation: int) -> None:
        old = [p for number, p in self._files().items() if number < generation]
        with refusals(self._folder, "old generations cannot be removed"):
            for file in old:
                file.unlink(missing_ok=True)
            if old:
                sync_folder(self._folder)

    def _files(self) -> dict[int, Path]:
        names: list[str] = []
        with refusals(self._folder, "cannot be read"), suppress(FileNotFoundError):
            names = [path.name for path in self._folder.iterdir()]
        found = (_NAME.fullmatch(name) for name in names)
        return {int(name[1]): self._folder / name[0] for name in found if name}

    def _unseal(self, path: Path, generation: int) -> Gallery:
        keys = find_keys(self._folder)
        if not keys:
            raise StorageError(
                f"{self._folder / KEY_FILE}: the gallery's key is missing.",
                remedy=f"Restore it; or remove {self._folder}/gallery-*.sealed and enrol anew.",
            )
        with refusals(path, "cannot be read"), path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        for key in keys:
            try:
                return unseal(data, generation, key)
            except SealError as e:
                refusal = e
        raise StorageError(
            f"{path}: {refusal}.",
            why="The file is damaged, was exchanged, or its key was.",
            remedy="Restore it with `onelook restore`; or remove this file to go back one "
            "generation, and check with `onelook list` who is enrolled in it.",
        ) from refusal

    @contextmanager
    def _locked(self) -> Iterator[None]:
        path = self._folder / _LOCK
        with refusals(path, "cannot be locked"):
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            hand_over(handle, self._folder)
        try:
            self._wait_for(handle)
            try:
                with refusals(path, "cannot be written"):
                    os.ftruncate(handle, 0)
                    os.pwrite(handle, str(os.getpid()).encode(), 0)
                yield
            finally:
                os.ftruncate(handle, 0)  # a change that was refused leaves the folder as it was
        finally:
            os.close(handle)

    def _wait_for(self, handle: int) -> None:
        deadline = time.monotonic() + _WAIT_S
        while not _try_lock(handle):
            if time.monotonic() > deadline:
                holder = os.pread(handle, 32, 0).decode("ascii", "replace")
                raise BusyError(
                    f"{self._folder}: another enrolment is under way (pid {holder}).",
                    remedy="Wait until it is done, then try again.",
                )
            time.sleep(0.05)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
