"""The gallery as the running door sees it: whoever was enrolled a moment ago may come in.

So is the level: what `onelook calibrate --choose` says counts from the next press on.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from edge.contract.errors import BundleError, StorageError
from edge.contract.in_force import level_in_force
from edge.contract.levels import Level, Step
from edge.contract.manifest import Manifest
from edge.contract.reasons import Reason
from edge.core.admission import Clock, admitted
from edge.door.match import Matcher
from edge.store.chosen import chosen_level
from edge.store.events import EventStore
from edge.store.gallery import GalleryStore
from edge.store.generations import accept_generation
from edge.store.people import Gallery, Person


class People:
    """Read anew when another generation lies in the store; until then nothing is read."""

    def __init__(
        self, state_dir: Path, events: EventStore, manifest: Manifest, configured: Level
    ) -> None:
        """Raises: as `refresh`, but for an older gallery, which the first press finds."""
        self._events, self._configured = events, configured.name
        self._store, self._manifest, self._level = GalleryStore(state_dir), manifest, configured
        self.step = configured.steps[0]
        self._forget()
        # A door whose disk takes nothing still lets out, and says why it lets nobody in.
        self._read()

    @property
    def level(self) -> str:
        """The one in force, by its name."""
        return self._level.name

    @property
    def cuts(self) -> dict[str, float]:
        """By level, the threshold for the gallery; of those that were measured for it."""
        return cuts_of(self._manifest, self.matcher)

    def refresh(self) -> None:
        """Nobody is known after an error.

        Raises:
            StorageError, PermissionsError: the gallery cannot be read, or is an older one than the
                last that people were let in by.
            BundleError: it is larger than the level was measured for.
        """
        self._read()
        if self._accepted != self._generation:
            try:
                accept_generation(self._events, self._generation)
            except StorageError:
                self._forget()
                raise
            self._accepted = self._generation

    def _read(self) -> None:
        generation = self._store.generation()
        level = level_in_force(self._manifest, self._configured, chosen_level(self._events))
        if generation == self._generation and level == self._level:
            return
        # First nobody: a gallery that cannot be read lets in nobody, the removed least of all.
        self._forget()
        self._level, gallery = level, self._store.load()
        matcher = Matcher(self._manifest, gallery)
        self.step = step_for(level, matcher)
        self._gallery, self.matcher, self._generation = gallery, matcher, generation

    def _forget(self) -> None:
        self._gallery, self._generation, self._accepted = Gallery(), -1, -1
        self.matcher = Matcher(self._manifest, self._gallery)

    def admitted(self, identity: str | None, clock: Clock) -> Reason:
        """GRANTED, or why somebody who was recognised may not come in now."""
        person = self.person(identity)
        if person is None:  # removed since
            return Reason.NOT_RECOGNISED
        rules = {"disabled": person.disabled, "until": person.until, "hours": person.hours}
        return admitted(**rules, clock=clock)

    def person(self, identity: str | None) -> Person | None:
        """Who has this id."""
        return next((p for p in self._gallery.people if p.id == identity), None)


def step_for(level: Level, matcher: Matcher) -> Step:
    """The threshold for the gallery as it is: of a larger one, a stricter threshold (R1.10).

    Raises:
        BundleError: it is larger than any that was measured.
    """
    return level.step(matcher.people, matcher.templates)


def cuts_of(manifest: Manifest, matcher: Matcher) -> dict[str, float]:
    """The thresholds of `step_for`, by level; without a level that is not for so many."""
    found = {}
    for level in manifest.levels:
        with suppress(BundleError):
            found[level.name] = step_for(level, matcher).distance
    return found
