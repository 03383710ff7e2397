"""How far a broker has acknowledged the log: the one thing that is kept of all that is told.

Lost or damaged, it costs repeats, which readers drop by their number, and never an event.
"""

from __future__ import annotations

import json
from pathlib import Path

from edge.store.files import make_folder, write_whole
from edge.tell.place import Place

FILE = "acknowledged.json"


class Acknowledged:
    """In a folder of its own. `place`: None before the first start."""

    def __init__(self, folder: Path) -> None:
        """Raises: StorageError: the file is there and cannot be read."""
        self._path = folder / FILE
        self.place = self._read()

    def keep(self, place: Place) -> None:
        """On the disk before this returns. Raises: StorageError, PermissionsError."""
        make_folder(self._path.parent, 0o700)
        write_whole(self._path, json.dumps({"seq": place.seq, "hash": place.hash}).encode())
        self.place = place

    def _read(self) -> Place | None:
        try:
            found = json.loads(self._path.read_bytes())
            return Place(int(found["seq"]), str(found["hash"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            return Place()  # rather all of the log once more than a hole in it
