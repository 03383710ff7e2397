"""The owner looks through the door's own eye, to enrol somebody: no press, and nobody is compared.

A press goes before it: whoever stands outside does not wait for a sitting to end.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from edge.clock import boottime
from edge.contract.errors import UnavailableError
from edge.contract.wire import Look, Seen
from edge.core.lights import Show, lasts, of_reason
from edge.door.devices.lights import Lights
from edge.door.link import Link, LostError

NO_PRESS = 0  # the machine's first one is 1
MOST_FRAMES, LONGEST_S = 8, 10.0


class Later:
    """An answer that is not there yet. Whoever is to hear it sets `send`."""

    send: Callable[[Mapping[str, Any]], None] | None = None


class Sittings:
    """At most one at a time. until: when it ends at the latest, CLOCK_BOOTTIME seconds."""

    def __init__(self, link: Link, lights: Lights) -> None:
        self._link, self._lights = link, lights
        self._later: Later | None = None
        self._seen: list[Seen] = []
        self._frames = 0
        self.until: float | None = None

    def refuse_if_busy(self) -> None:
        """Raises: UnavailableError: there is no eye to ask, or somebody sits already."""
        fault = self._link.fault
        if fault is not None or self._later is not None:
            why = "somebody else looks through it" if fault is None else fault.value
            raise UnavailableError(
                f"the door's eye cannot be asked now ({why}).", remedy="See: onelook status"
            )

    def begin(self, seconds: float, frames: int) -> Later:
        """Ask for so many frames, until then at the most; see `refuse_if_busy`.

        Raises:
            UnavailableError: the eye is gone.
        """
        now = boottime()
        try:
            self._link.send(Look(NO_PRESS, now, now + seconds, frames))
        except LostError as e:
            raise UnavailableError("the eye is gone.", remedy="See: onelook status") from e
        self._later, self._seen, self._frames = Later(), [], frames
        self.until = now + seconds
        self._lights.show(Show.LOOKING, seconds)
        return self._later

    def hear(self, seen: Seen) -> None:
        """A frame of no press."""
        if self._later is not None:
            self._seen.append(seen)
            if len(self._seen) >= self._frames:
                self.end()

    def tend(self, now: float) -> None:
        """End what is over."""
        if self.until is not None and now >= self.until:
            self.end()

    def end(self, *, interrupted: bool = False) -> None:
        """Tell what was seen, if anybody sits. interrupted: by a press, or with the eye."""
        later, seen = self._later, self._seen
        self._later, self._seen, self.until = None, [], None
        if later is None:
            return
        if not interrupted:
            show = _show(seen)
            self._lights.show(show, lasts(show))
        if later.send is not None:
            later.send({"frames": [_told(one) for one in seen], "interrupted": interrupted})


def _show(seen: list[Seen]) -> Show:
    """Seen, or what was most in the way."""
    reasons = Counter(one.reason for one in seen if one.reason is not None)
    if len(reasons) == 0 or any(one.reason is None for one in seen):
        return Show.SEEN if seen else Show.TOO_SLOW
    return of_reason(reasons.most_common(1)[0][0])


def _told(seen: Seen) -> dict[str, Any]:
    return {
        "reason": seen.reason.value if seen.reason else None,
        "gates": [gate.document() for gate in seen.gates],
        "embedding": b64encode(seen.embedding).decode() if seen.embedding else None,
    }
