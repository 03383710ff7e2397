"""Where on a broker a door is found."""

from __future__ import annotations

from dataclasses import dataclass

ONLINE, OFFLINE = "online", "offline"


@dataclass(frozen=True)
class Topics:
    """Of the door `name`, below `prefix`.

    availability, state and health are retained; an event is not: who connects later would take an
    old one for something that happens now.
    """

    prefix: str
    name: str

    @property
    def availability(self) -> str:
        return self._below("availability")

    @property
    def event(self) -> str:
        return self._below("event")

    @property
    def state(self) -> str:
        return self._below("state")

    @property
    def health(self) -> str:
        return self._below("health")

    def _below(self, word: str) -> str:
        return f"{self.prefix}/{self.name}/{word}"
