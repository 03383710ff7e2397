"""Which generation of the gallery the door has let people in by: none that is older comes back.

An older file has a seal as good as the newest one's (R2.5). Whoever puts back an older log too,
as with a copy of the whole card, is not found here, but by the log's anchors.
"""

from __future__ import annotations

from pathlib import Path

from edge.contract.errors import StorageError
from edge.store.accepted import event
from edge.store.events import EventStore, read_accepted

_KIND, _WORD = "gallery", "gallery_accepted"


def accept_generation(events: EventStore, generation: int) -> None:
    """From now on none older, before this returns.

    Raises:
        StorageError: it is older than the last one, or cannot be remembered.
    """
    newest, _ = events.accepted(_KIND) or (0, "")
    if generation < newest:
        raise StorageError(
            f"the gallery is of generation {generation}, and {newest} was here before",
            why="An older gallery lets in whoever was removed since.",
            remedy="Read `onelook list`, then take it on purpose by any change, such as "
            "onelook edit, or bring the newest back: onelook restore BACKUP",
        )
    if generation > newest:
        events.accept(_KIND, generation, "", event(_WORD, generation, ""))


def newest_accepted(state_dir: Path) -> int:
    """0: none. Raises: StorageError, PermissionsError: the log cannot be read."""
    found = read_accepted(state_dir, _KIND)
    return 0 if found is None else found[0]
