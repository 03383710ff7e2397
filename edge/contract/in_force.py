"""Which level counts, of the configured one and one that the owner chose by command."""

from __future__ import annotations

from edge.contract.errors import BundleError
from edge.contract.levels import Level
from edge.contract.manifest import Manifest


def level_in_force(manifest: Manifest, configured: str, chosen: str | None) -> Level:
    """The chosen one where it is stricter, else the configured one: a command never loosens.

    Raises:
        BundleError: the bundle has no level of one of these names.
    """
    level = manifest.level(configured)
    if chosen is None or chosen == configured:
        return level
    if all(one.name != chosen for one in manifest.levels):
        raise BundleError(
            f"bundle {manifest.name}: no thresholds for the level {chosen!r}, which was chosen",
            remedy="choose another, or none: onelook calibrate --choose configured",
        )
    other = manifest.level(chosen)
    return other if is_stricter(other, level) else level


def is_stricter(one: Level, other: Level) -> bool:
    """Whether its threshold is lower for every gallery that both were measured for."""
    most = min(one.most_people, other.most_people)
    return all(
        one.step(people).distance < other.step(people).distance for people in range(1, most + 1)
    )
