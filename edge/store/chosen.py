"""The level that the owner chose by command; it counts where it is stricter than the configured.

It lies beside what was accepted, so that it changes in one transaction with the event that says so.
A log that begins anew begins without it, as without a mode.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge.contract.in_force import level_in_force
from edge.contract.levels import Level
from edge.contract.manifest import Manifest
from edge.store.events import EventStore, read_accepted

CONFIGURED = "configured"
_KIND = "level"


def chosen_level(store: EventStore | Path) -> str | None:
    """Its name; None: as configured. store: or its folder, whatever else uses the log.

    Raises:
        StorageError, PermissionsError: it cannot be read.
    """
    found = read_accepted(store, _KIND) if isinstance(store, Path) else store.accepted(_KIND)
    return None if found is None or found[1] == CONFIGURED else found[1]


def level_for(state_dir: Path, manifest: Manifest, configured: str) -> Level:
    """The level in force at this door.

    Raises:
        BundleError: the bundle lacks the configured level, or the chosen one.
        StorageError, PermissionsError: what was chosen cannot be read.
    """
    return level_in_force(manifest, configured, chosen_level(state_dir))


def choose_level(store: EventStore, level: str | None, entry: Mapping[str, object]) -> None:
    """Set it, or go back to the configured one, and append the event. Raises: StorageError."""
    last = store.accepted(_KIND)
    store.accept(_KIND, (last[0] if last else 0) + 1, level or CONFIGURED, entry)
