"""What a door remembers of others: whom it trusts, which versions were exchanged, the last import.

Two small files beside the gallery. Losing the one about versions costs questions, no people: what
differs is shown as a conflict then. How far each door has come is in the log's database, where an
older state is noticed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from edge.contract.errors import MissingError, OnelookError, StorageError, VersionError
from edge.contract.fields import text
from edge.contract.signing import key_id
from edge.store.accepted import event
from edge.store.addresses import Address, read_address
from edge.store.events import EventStore, read_accepted
from edge.store.files import check_private, own_folder, refusals, write_whole
from edge.store.gallery import Change
from edge.store.lineage import History, Line, digest_of, tracked
from edge.store.people import Gallery

DOORS, EXCHANGED = "doors.json", "exchanged.json"
MAX_BYTES = 32 * 1024 * 1024  # four histories, each as long as it may be
_OUT, _FROM = "people out", "people from "
_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Undo:
    """The last import. before, after: digests of the galleries. history: as it was before."""

    before: str
    after: str
    history: History


@dataclass(frozen=True)
class Exchanged:
    """history: the versions that left or reached this door last. undo: None: nothing to undo."""

    history: History = field(default_factory=dict)
    undo: Undo | None = None


def read_doors(state_dir: Path) -> dict[str, Address]:
    """The doors that may say who comes in here, by the owner's names. Raises: StorageError."""

    def parsed(found: Any) -> dict[str, Address]:  # noqa: ANN401 - what JSON holds
        return {text(name): read_address(text(address)) for name, address in found.items()}

    remedy = "Remove it, and tell this door of the others again: onelook gallery trust"
    return _read(state_dir / DOORS, parsed, {}, remedy)


def write_doors(state_dir: Path, doors: Mapping[str, Address]) -> None:
    """Raises: StorageError, PermissionsError: the disk refuses."""
    own_folder(state_dir)
    _write(state_dir / DOORS, {name: address.text for name, address in doors.items()})


def find_door(doors: Mapping[str, Address], name: str) -> Address:
    """By its name, whatever the capitals, or an address itself.

    Raises:
        MissingError: no door is called so. UsageError: an address that is none.
    """
    if name.startswith("door1-"):
        return read_address(name)
    for known, address in doors.items():
        if known.casefold() == name.casefold():
            return address
    raise MissingError(
        f"no door called {name!r} is known here.",
        remedy="See: onelook gallery trust; or give its address.",
    )


def read_exchanged(state_dir: Path, gallery: Gallery) -> Exchanged:
    """What is remembered of these people, the newest that are here.

    Raises:
        StorageError: it is damaged.
    """

    def parsed(found: Any) -> Exchanged:  # noqa: ANN401 - what JSON holds
        coming = found.get("coming")  # of a change that was cut off after its gallery
        if coming and coming["gallery"] == digest_of(gallery):
            found = coming
        undo = found["undo"]
        last = undo and Undo(
            text(undo["before"]), text(undo["after"]), _history_in(undo["history"])
        )
        return Exchanged(_history_in(found["history"]), last)

    remedy = "Remove it: whatever differs from another door is shown as a conflict then."
    return _read(state_dir / EXCHANGED, parsed, Exchanged(), remedy)


def write_exchanged(state_dir: Path, state: Exchanged) -> None:
    """Raises: StorageError, PermissionsError: the disk refuses; the old one stays."""
    _write(state_dir / EXCHANGED, _exchanged_out(state))


def commit_exchanged(
    change: Change, state_dir: Path, gallery: Gallery, now: Exchanged, then: Exchanged
) -> None:
    """Other people, and what is remembered of them, in one step: after a cut both or neither.

    Raises:
        StorageError, PermissionsError: the disk refuses; both stay, or both are there.
    """
    coming = {"gallery": digest_of(gallery), **_exchanged_out(then)}
    _write(state_dir / EXCHANGED, {**_exchanged_out(now), "coming": coming})
    change.commit(gallery)
    write_exchanged(state_dir, then)


def next_serial(events: EventStore) -> int:
    """Of the file that this door makes next.

    Not below the seconds of the calendar, so that a door whose log was lost does not begin with
    numbers that others have seen. Raises: StorageError.
    """
    last, _ = events.accepted(_OUT) or (0, "")
    return max(last + 1, int(time.time()))


def accept_out(events: EventStore, serial: int, digest: str, people: int) -> None:
    """No other file of this door has this serial. Raises: StorageError."""
    entry = {**event("gallery_exported", serial, digest), "kind": "people", "people": people}
    events.accept(_OUT, serial, digest, entry)


def require_no_older(state_dir: Path, sender: bytes, serial: int, digest: str) -> None:
    """The same file may come again: after an undo.

    Raises:
        VersionError: an older one. StorageError, PermissionsError: the log cannot be read.
    """
    last = read_accepted(state_dir, _FROM + sender.hex())
    if last is None or serial > last[0] or (serial, digest) == last:
        return
    raise VersionError(
        f"an older one: it has the serial {serial}, and {last[0]} of that door was taken before.",
        why="An older gallery lets in whoever was removed since.",
        remedy="Take the newest one, or export anew on that door.",
    )


def accept_from(events: EventStore, sender: bytes, serial: int, digest: str, people: int) -> None:
    """From now on none older of that door. Raises: StorageError."""
    said = {"kind": "people", "people": people, "key": key_id(sender)}
    entry = {**event("gallery_imported", serial, digest), **said}
    events.accept(_FROM + sender.hex(), serial, digest, entry)


def kept_history(state_dir: Path, gallery: Gallery, model: str) -> History:
    """The history as it is now, on the disk: these versions leave the door.

    Raises:
        StorageError, PermissionsError: it cannot be read or written.
    """
    state = read_exchanged(state_dir, gallery)
    history = tracked(state.history, gallery, model)
    write_exchanged(state_dir, replace(state, history=history))
    return history


def _exchanged_out(state: Exchanged) -> dict[str, Any]:
    undo = state.undo and {
        "before": state.undo.before,
        "after": state.undo.after,
        "history": _history_out(state.undo.history),
    }
    return {"history": _history_out(state.history), "undo": undo}


def _history_in(found: Mapping[str, Sequence[Any]]) -> History:
    return {
        identity: Line(
            bytes.fromhex(version), bytes.fromhex(content), tuple(map(bytes.fromhex, before))
        )
        for identity, (version, content, before) in found.items()
    }


def _history_out(history: History) -> dict[str, Any]:
    return {
        identity: [line.version.hex(), line.content.hex(), [v.hex() for v in line.before]]
        for identity, line in history.items()
    }


def _write(path: Path, content: Mapping[str, Any]) -> None:
    write_whole(path, json.dumps({"version": 1, "content": content}).encode() + b"\n")


def _read(path: Path, parsed: Callable[[Any], _Read], none: _Read, remedy: str) -> _Read:
    with refusals(path, "cannot be read"):
        if not path.exists():
            return none
    check_private(path)
    with refusals(path, "cannot be read"), path.open("rb") as file:
        raw = file.read(MAX_BYTES + 1)
    try:
        if len(raw) > MAX_BYTES:
            raise ValueError("too large")
        document = json.loads(raw)
        if document["version"] != 1:
            raise ValueError(f"of version {document['version']!r}")
        return parsed(document["content"])
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError, OnelookError) as e:
        raise StorageError(f"{path}: cannot be read ({e}).", remedy=remedy) from e
