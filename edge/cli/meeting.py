"""A file of another door meets this door: whether it may be taken at all, and who differs."""

from __future__ import annotations

import argparse
import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.cli.differing import document
from edge.config import Config, load_config
from edge.contract.errors import DataError, MissingError, OnelookError
from edge.contract.manifest import Manifest
from edge.core.admission import parse_hours
from edge.store.addresses import Address, find_or_make_door_key
from edge.store.differences import Difference, How, Party, differences
from edge.store.exchange import MAX_BYTES, Exchange, open_exchange
from edge.store.exchanged import (
    Exchanged,
    find_door,
    read_doors,
    read_exchanged,
    require_no_older,
)
from edge.store.gallery import GalleryStore
from edge.store.lineage import tracked
from edge.store.people import Gallery
from edge.trusted import trusted_manifest


@dataclass(frozen=True)
class Meeting:
    """A file that may be taken, and this door as it is. digest: SHA-256 of the file."""

    config: Config
    manifest: Manifest
    sender: str
    exchange: Exchange
    digest: str
    gallery: Gallery
    state: Exchanged
    here: Party
    found: list[Difference]

    @property
    def model(self) -> str:
        return self.manifest.model

    @property
    def document(self) -> dict[str, Any]:
        """What the commands tell programs of it."""
        return {
            "sender": self.sender,
            "serial": self.exchange.serial,
            "model": self.model,
            "people": [document(one) for one in self.found if one.how is not How.SAME],
        }


def meet(args: argparse.Namespace) -> Meeting:
    """The file, if this door may take it.

    Raises:
        OnelookError: of the kind that says why not.
    """
    config = load_config(args.config)
    state_dir, manifest = config.paths.state_dir, trusted_manifest(config).manifest
    data, doors = _file(args.file), read_doors(state_dir)
    senders = [find_door(doors, args.sender)] if args.sender else list(doors.values())
    digest = hashlib.sha256(data).hexdigest()
    try:
        key = find_or_make_door_key(state_dir)
        exchange = open_exchange(data, key, [door.signs for door in senders], manifest.model)
        require_no_older(state_dir, exchange.sender, exchange.serial, digest)
        _require_sane(exchange, manifest)
    except OnelookError as e:
        # The file is named once, here, whatever is wrong with it.
        raise type(e)(f"{args.file}: {e.what}", why=e.why, remedy=e.remedy) from e
    gallery = GalleryStore(state_dir).load()
    state = read_exchanged(state_dir, gallery)
    here = Party(gallery, tracked(state.history, gallery, manifest.model))
    found = differences(here, exchange.people, manifest.model)
    sender = _called(exchange.sender, doors, senders)
    return Meeting(config, manifest, sender, exchange, digest, gallery, state, here, found)


def _require_sane(exchange: Exchange, manifest: Manifest) -> None:
    """Raises: DataError: hours or measurements that this program could not have written."""
    for person in exchange.people.gallery.people:
        try:
            parse_hours(person.hours)
        except ValueError as e:
            raise DataError(f"{person.name}: {e}.", remedy="Export it anew there.") from e
        if any(len(t.embedding) != manifest.dimensions for t in person.templates):
            raise DataError(
                f"{person.name}: measurements that are none of this network.",
                remedy="Export it anew there.",
            )


def _file(path: Path) -> bytes:
    """Raises: MissingError, DataError: no file, or a larger one than any of these."""
    try:
        # A pipe without a writer would wait for ever.
        number = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(number, "rb") as file:  # noqa: PTH123 - of a descriptor
            if not stat.S_ISREG(os.fstat(number).st_mode):
                raise DataError(f"{path}: no file.", remedy="Copy it to a disk first.")
            return file.read(MAX_BYTES + 1)
    except OSError as e:
        raise MissingError(
            f"{path}: cannot be read ({e.strerror}).", remedy="Check the path."
        ) from e


def _called(signs: bytes, doors: Mapping[str, Address], senders: Sequence[Address]) -> str:
    """The owner's name of the door that signs so, else the id of its address."""
    known = next((name for name, door in doors.items() if door.signs == signs), None)
    return known or next(door.id for door in senders if door.signs == signs)
