"""`onelook tell`: one line asks where to begin, and lines of JSON answer while somebody listens.

    {"begins": [seq, hash], "anew": false}         first: behind which row, and whether the place
                                                   that was asked for is of a log that is gone
    {"place": [seq, hash], "event": {...}}         as `onelook events --json` has it
    {"state": {...}}                               whenever it has changed

Nothing else is read: whoever took over the other end can read events again, and do no more.
"""

from __future__ import annotations

import json
import select
from collections.abc import Mapping
from typing import Any, BinaryIO

from edge.config import Config
from edge.contract.errors import UsageError
from edge.tell.document import document, nameless, names_of
from edge.tell.log import AT_ONCE, Log
from edge.tell.place import MOST_BYTES, Place
from edge.tell.state import DoorState

_LOOK_AGAIN_S = 0.5


def tell(config: Config, asked: BinaryIO, answer: BinaryIO) -> None:
    """Answer until the other end hangs up, or the log is another one.

    Raises:
        UsageError: the first line is none that asks. StorageError, PermissionsError: the log cannot
            be read. BrokenPipeError: nobody listens any more.
    """
    log = Log(config.paths.state_dir)
    place, anew = _begin(log, asked.readline(MOST_BYTES))
    _say(answer, {"begins": [place.seq, place.hash], "anew": anew})
    teller = _Teller(config, log, place, answer)
    while teller.tell_next() or (log.holds(teller.place) and not _hung_up(asked)):
        pass


class _Teller:
    def __init__(self, config: Config, log: Log, place: Place, answer: BinaryIO) -> None:
        self._config, self._log, self._answer = config, log, answer
        self.place = place
        self._state, self._told = DoorState(config, log), {}
        self._names: Mapping[str, str] = {}

    def tell_next(self) -> bool:
        """Tell what is new; whether there may be more at once."""
        rows = self._log.after(self.place)
        if rows:
            self._state.refresh()
            named = self._config.mqtt.names
            self._names = names_of(self._config.paths.state_dir) if named else {}
        for place, entry in rows:
            told = document(place.seq, entry, self._names)
            event = told if self._config.mqtt.names else nameless(told)
            _say(self._answer, {"place": [place.seq, place.hash], "event": event})
            self._state.take(entry)
            self.place = place
        more = len(rows) == AT_ONCE
        if not more:  # of a log that is caught up with, only where it ends counts
            self._tell_state()
        return more

    def _tell_state(self) -> None:
        now = self._state.document()
        if now != self._told:
            _say(self._answer, {"state": now})
            self._told = now


def _begin(log: Log, line: bytes) -> tuple[Place, bool]:
    try:
        asked = Place.of(line)
    except ValueError as e:
        raise UsageError(f"stdin: {e}.", remedy="onelook-mqtt asks; nobody else has to.") from e
    if asked is None:
        return log.newest(), False
    return (asked, False) if log.holds(asked) else (Place(), True)


def _say(answer: BinaryIO, line: Mapping[str, Any]) -> None:
    answer.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    answer.flush()


def _hung_up(asked: BinaryIO) -> bool:
    """After a while, or at once when the other end has closed, or says more than it may."""
    readable, _, _ = select.select([asked], [], [], _LOOK_AGAIN_S)
    return bool(readable)
