"""A bundle or a list of keys that this door has not run before: looked at, and then remembered."""

from __future__ import annotations

from edge import journal
from edge.contract.bundle import Bundle, Promise
from edge.contract.signing import KeyList
from edge.store.accepted import BUNDLE, accept, key_list_of, require_no_older
from edge.store.events import EventStore


class Newcomers:
    """What is new at this start. It is accepted once the eye has passed the golden inputs.

    A bundle of nobody is not remembered: whoever can replace it can write any serial into it.
    """

    def __init__(self, events: EventStore, promise: Bundle | Promise, keys: KeyList) -> None:
        """Raises: BundleError: one of them is older than what was accepted. StorageError."""
        self._events = events
        found = [(key_list_of(keys.owner), keys.serial, keys.digest)]
        if promise.signer:
            found.append((BUNDLE, promise.manifest.serial, promise.digest))
        self._new = [one for one in found if require_no_older(events, *one)]

    def accept(self) -> None:
        """Raises: StorageError: it is not on the disk, and is not accepted."""
        while self._new:
            kind, serial, digest = self._new[0]
            accept(self._events, kind, serial, digest)
            journal.write(f"{kind.partition(' ')[0]}_accepted", serial=serial, sha256=digest)
            self._new.pop(0)
