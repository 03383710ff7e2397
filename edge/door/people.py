"""The gallery as the running door sees it: whoever was enrolled a moment ago may come in."""

from __future__ import annotations

from pathlib import Path

from edge.contract.manifest import Manifest
from edge.door.match import Matcher
from edge.store.gallery import GalleryStore
from edge.store.people import Gallery, Person


class People:
    """Read anew when another generation lies in the store; until then nothing is read."""

    def __init__(self, state_dir: Path, manifest: Manifest) -> None:
        """Raises: StorageError, PermissionsError: the gallery cannot be read."""
        self._store, self._manifest = GalleryStore(state_dir), manifest
        self._generation = -1
        self._gallery = Gallery()
        self.matcher = Matcher(manifest, self._gallery)
        self.refresh()

    def refresh(self) -> None:
        """Raises: StorageError, PermissionsError: nobody is known then."""
        generation = self._store.generation()
        if generation == self._generation:
            return
        # First nobody: a gallery that cannot be read lets in nobody, the removed least of all.
        self._gallery, self._generation = Gallery(), -1
        self.matcher = Matcher(self._manifest, self._gallery)
        self._gallery = self._store.load()
        self.matcher = Matcher(self._manifest, self._gallery)
        self._generation = generation

    def person(self, identity: str | None) -> Person | None:
        """Who has this id."""
        return next((p for p in self._gallery.people if p.id == identity), None)
