"""What a door remembers of bundles and key lists that it accepted: no older one comes in again.

Kept in the store's database and, each time, as an event of its log (R4.4).
"""

from __future__ import annotations

from edge.clock import wall
from edge.contract.errors import BundleError
from edge.contract.signing import key_id
from edge.store.events import EventStore

BUNDLE, KEY_LIST = "bundle", "keys"
_NOUN = {BUNDLE: "bundle", KEY_LIST: "list of keys"}
_INSTEAD = {
    BUNDLE: "Use the newer one again; to go back on purpose: onelook model rollback",
    KEY_LIST: "Bring the newer list: onelook model trust KEYS.json",
}


def key_list_of(owner: bytes) -> str:
    """The kind of an owner's lists of keys: each owner counts serials anew."""
    return f"{KEY_LIST} {key_id(owner)}"


def require_no_older(store: EventStore, kind: str, serial: int, digest: str) -> bool:
    """True if it is a new one, false if it is the one that was accepted last.

    Raises:
        BundleError: it is older, or another one of the same serial. StorageError.
    """
    last = store.accepted(kind)
    if last is None or serial > last[0]:
        return True
    if (serial, digest) == last:
        return False
    word = kind.partition(" ")[0]
    noun = _NOUN[word]
    if serial < last[0]:
        raise BundleError(
            f"this {noun} has the serial {serial}, and one with {last[0]} was accepted before",
            why="An old one may have faults that the newer one mended.",
            remedy=_INSTEAD[word],
        )
    raise BundleError(
        f"this {noun} has the serial {serial} of the one that was accepted before, "
        "and is another one",
        why="Every release has a serial of its own.",
        remedy="Make it again with a higher --serial.",
    )


def accept(store: EventStore, kind: str, serial: int, digest: str, *, reason: str = "") -> None:
    """Remember it, and that it was accepted, before this returns. Raises: StorageError."""
    word = reason or f"{kind.partition(' ')[0]}_accepted"
    store.accept(kind, serial, digest, event(word, serial, digest))


def event(reason: str, serial: int, digest: str) -> dict[str, object]:
    """What the log says of a bundle or a list of keys."""
    when, trusted = wall()
    return {
        "kind": "system",
        "reason": reason,
        "time": when,
        "clock": "trusted" if trusted else "unknown",
        "serial": serial,
        "sha256": digest,
    }
