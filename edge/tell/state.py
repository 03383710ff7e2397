"""How the door is, as far as its files tell: nobody has to ask the process that opens it."""

from __future__ import annotations

from typing import Any

from edge.clock import boot_id, boottime
from edge.config import Config
from edge.contract.errors import OnelookError
from edge.contract.reasons import Happening
from edge.core.lockout import Lockout, remaining
from edge.store.gallery import GalleryStore
from edge.tell.document import Entry
from edge.tell.log import Log
from edge.trusted import trusted_manifest

_CONTACT = {Happening.DOOR_OPENED.value: "open", Happening.DOOR_CLOSED.value: "shut"}


class DoorState:
    """What the newest events leave the door in; feed it each event that follows."""

    def __init__(self, config: Config, log: Log) -> None:
        """Raises: StorageError, PermissionsError: the log cannot be read."""
        self._config, self._log, self._boot = config, log, boot_id()
        limits = config.lockout
        self._lockout = Lockout(limits.free, limits.first_s, limits.cap_s)
        self._with_contact = config.door.contact_pin != "off"
        self._press: Entry = {}
        self._door = "unknown"
        self._look_back()
        self.refresh()

    def take(self, entry: Entry) -> None:
        """An event that has just happened."""
        if entry["kind"] == "decision":
            self._press = entry
        self._door = _CONTACT.get(entry["reason"], self._door)

    def refresh(self) -> None:
        """Look again at people and bundle, which change with an event."""
        self._people, self._bundle, self._model = self._counted(), "", ""
        try:
            manifest = trusted_manifest(self._config).manifest
        except OnelookError:  # the door says what is wrong with it
            return
        self._bundle, self._model = manifest.name, manifest.model

    def document(self) -> dict[str, Any]:
        """The state now. Raises: StorageError, PermissionsError."""
        counter = self._log.counter()
        left = remaining(
            counter.failures,
            counter.counted_at,
            boottime(),
            self._lockout,
            same_boot=counter.boot_id == self._boot,
        )
        return {
            "mode": self._log.mode() or self._config.door.mode,
            "door": self._door if self._with_contact else "unknown",
            "reason": self._press.get("reason"),
            "time": self._press.get("time"),
            "failures": counter.failures,
            "lockout": left > 0.0,
            "people": self._people,
            "bundle": self._bundle,
            "model": self._model,
        }

    def _counted(self) -> int | None:
        try:
            return len(GalleryStore(self._config.paths.state_dir).load().people)
        except OnelookError:  # its key may be in a credential of the door's alone
            return None

    def _look_back(self) -> None:
        seq = self._log.newest().seq + 1
        while rows := self._log.before(seq):
            for place, entry in rows:
                if not self._press and entry["kind"] == "decision":
                    self._press = entry
                if self._door == "unknown":
                    self._door = _CONTACT.get(entry["reason"], "unknown")
                if self._press and (self._door != "unknown" or not self._with_contact):
                    return
                seq = place.seq
