"""What a gallery of this size means: the step of the threshold table, and its measured rates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edge.config import Config
from edge.contract.errors import BundleError
from edge.contract.levels import Level, Press, Step, rate_text
from edge.contract.manifest import Manifest
from edge.door.match import Matcher
from edge.door.people import step_for
from edge.store.chosen import level_for
from edge.store.people import Gallery


@dataclass(frozen=True)
class Standing:
    """A gallery held against a bundle's table. tested: people that the rates come from.

    step, press: None where nobody measured so large a gallery; `fault` says it then.
    """

    level: Level
    configured: str
    people: int
    templates: int
    tested: int
    step: Step | None
    press: Press | None
    fault: str

    def lines(self) -> Iterator[str]:
        """For people."""
        if self.step is None:
            yield f"{self.fault}: the door lets nobody in"
            return
        by_command = "" if self.level.name == self.configured else ", chosen by command"
        yield (
            f"level {self.level.name}{by_command}: threshold {self.step.distance:.5f}, "
            f"for galleries of up to {_counted(self.step.people, 'person', 'people')}"
        )
        if self.press is not None:
            yield (
                f"a stranger's press opens in {rate_text(self.press.far)} of cases, by "
                f"{self.press.far.trials:,} presses of {self.tested:,} people, none of yours"
            )

    def document(self) -> dict[str, Any]:
        """For programs."""
        step, press = self.step, self.press
        return {
            "people": self.people,
            "templates": self.templates,
            "level": self.level.name,
            "configured_level": self.configured,
            "measured_for": step.people if step else None,
            "threshold": step.distance if step else None,
            "far": press.far.document() if press else None,
            "frr": press.frr.document() if press else None,
            "tested_people": self.tested,
        }


def standing(config: Config, manifest: Manifest, gallery: Gallery) -> Standing:
    """Of the door of this configuration.

    Raises:
        BundleError: the bundle has no such level. StorageError, PermissionsError.
    """
    configured = config.recognition.level
    level = level_for(config.paths.state_dir, manifest, configured)
    matcher = Matcher(manifest, gallery)
    step, fault = None, ""
    try:
        step = step_for(level, matcher)
    except BundleError as e:
        fault = e.what
    return Standing(
        level,
        configured,
        matcher.people,
        matcher.templates,
        manifest.tested_on.people,
        step,
        _press(step, gallery, manifest.model) if step else None,
        fault,
    )


def change_lines(before: Standing, after: Standing) -> Iterator[str]:
    """What a change of the gallery did to the step, then how it stands."""
    if before.step == after.step:
        yield "the step of the threshold table stays as it was"
    elif before.step is not None and after.step is not None:
        stricter = after.step.distance < before.step.distance
        why = "more templates give a stranger more chances" if stricter else "fewer templates"
        yield (
            f"from now on the threshold is that for "
            f"{_counted(after.step.people, 'person', 'people')} "
            f"({before.step.distance:.5f} before): {why}"
        )
    yield from after.lines()


def change_document(before: Standing, after: Standing) -> dict[str, Any]:
    """`after`, and whether it is another step than before."""
    return {
        **after.document(),
        "changed": before.step != after.step,
        "threshold_before": before.step.distance if before.step else None,
    }


def _press(step: Step, gallery: Gallery, model: str) -> Press | None:
    """The simulated presses that are most like this gallery's, or else harder on it."""
    most = max((sum(t.model == model for t in p.templates) for p in gallery.people), default=1)
    measured = sorted(step.presses, key=lambda press: press.templates)
    enough = [press for press in measured if press.templates >= most] or measured[-1:]
    return enough[0] if enough else None


def _counted(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
