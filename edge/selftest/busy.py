"""Is the door itself running? Camera and pins have one holder, and it must not be disturbed."""

from __future__ import annotations

from edge.config import Config
from edge.contract.errors import BusyError, PinError
from edge.eye.listener import somebody_listens

_THE_DOORS = "lg"  # lgpio's own name for who holds a line


def require_idle(config: Config) -> None:
    """Raises: BusyError: eye or door of this configuration is running."""
    if somebody_listens(config.paths.socket) or _held(config.door.lock_pin, config.button.pin):
        raise BusyError(
            "onelook is running and holds camera and pins: stop onelook first.",
            remedy="sudo systemctl stop onelook onelook-eye, and start both again afterwards.",
        )


def _held(*pins: str) -> bool:
    try:
        from edge.door.devices.kernel import line_users

        return _THE_DOORS in line_users(*pins).values()
    except PinError:  # no such pins here, so nobody holds them
        return False
    except Exception:  # noqa: BLE001 - lgpio.error is no OSError; a chip closed to us is said later
        return False
