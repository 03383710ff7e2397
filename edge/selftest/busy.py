"""Is the door itself running? Camera and pins have one holder, and it must not be disturbed."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

from edge.config import Config
from edge.contract.errors import BusyError, PinError

_THE_DOORS = "lg"  # lgpio's own name for who holds a line


def require_idle(config: Config) -> None:
    """Raises: BusyError: eye or door of this configuration is running."""
    if _answers(config.paths.socket) or _held(config.door.lock_pin, config.button.pin):
        raise BusyError(
            "onelook is running and holds camera and pins: stop onelook first.",
            remedy="sudo systemctl stop onelook onelook-eye, and start both again afterwards.",
        )


def _answers(path: Path) -> bool:
    """Whether an eye listens there, or one may that this user may not reach."""
    # A connection of the eye's kind would take the place of the door's: ask for another kind.
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError as e:
            return e.errno in {errno.EPROTOTYPE, errno.EACCES}
    return True


def _held(*pins: str) -> bool:
    try:
        from edge.door.devices.kernel import line_users

        return _THE_DOORS in line_users(*pins).values()
    except PinError:  # no such pins here, so nobody holds them
        return False
    except Exception:  # noqa: BLE001 - lgpio.error is no OSError; a chip closed to us is said later
        return False
