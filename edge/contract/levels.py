"""What a bundle's thresholds are: by level, in steps for growing galleries, with their rates.

A larger gallery gives a stranger more chances, so its threshold is stricter. Rules R1.5 to R1.10
(which sample for what, which bound) are kept by `convert`, which writes all this.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.contract.errors import BundleError
from edge.contract.fields import count, real, text, whole

# Steps count people of up to so many templates each.
TEMPLATES_PER_PERSON = 5


@dataclass(frozen=True)
class Rate:
    """`errors` of `trials`, and the bound that the sample supports with 95 % confidence."""

    errors: int
    trials: int
    upper: float

    @property
    def value(self) -> float:
        return self.errors / self.trials if self.trials else math.nan

    def document(self) -> dict[str, float]:
        """For programs that read what a command prints."""
        return {
            "errors": self.errors,
            "trials": self.trials,
            "value": self.value,
            "upper": self.upper,
        }


@dataclass(frozen=True)
class Comparison:
    """Per comparison of a probe with a template: FMR and FNMR."""

    fmr: Rate
    fnmr: Rate


@dataclass(frozen=True)
class Press:
    """Per press, simulated at a gallery of `people` with `templates` each: FAR and FRR.

    frr is what recognition alone refuses: no face was searched for in these pictures.
    """

    people: int
    templates: int
    far: Rate
    frr: Rate

    def document(self) -> dict[str, Any]:
        """For programs that read what a command prints."""
        return {
            "people": self.people,
            "templates": self.templates,
            "far": self.far.document(),
            "frr": self.frr.document(),
        }


@dataclass(frozen=True)
class Step:
    """The threshold for galleries of up to `people` of TEMPLATES_PER_PERSON templates.

    Two embeddings are of one person if their distance is below `distance`, which was chosen for
    an FMR of at most `target_fmr`. chosen: the rates of those that chose it. tested: of others.
    """

    people: int
    distance: float
    target_fmr: float
    chosen: Comparison
    tested: Comparison
    presses: tuple[Press, ...]


@dataclass(frozen=True)
class Level:
    """How strict the owner wants it. Steps by rising `people`; `target_fmr` is the first one's."""

    name: str
    target_fmr: float
    steps: tuple[Step, ...]

    @property
    def most_people(self) -> int:
        """The largest gallery that was measured."""
        return self.steps[-1].people

    def step(self, people: int, templates: int = 0) -> Step:
        """The step for a gallery of so many people, with so many templates in all.

        Raises:
            BundleError: it is larger than any that was measured.
        """
        size = gallery_size(people, templates)
        for step in self.steps:
            if size <= step.people:
                return step
        raise BundleError(
            f"the level {self.name!r} of this bundle is measured for {self.most_people} people of "
            f"{TEMPLATES_PER_PERSON} photographs; the gallery counts as {size}",
            why="A larger gallery gives a stranger more chances than anybody has measured.",
            remedy="remove people or photographs, or choose another level or bundle",
        )


@dataclass(frozen=True)
class Sample:
    """Whom rates were measured on. data: SHA-256 of the list of their pictures."""

    people: int
    images: int
    data: str


def gallery_size(people: int, templates: int) -> int:
    """In people of up to TEMPLATES_PER_PERSON templates: what a gallery counts as, at least 1."""
    return max(1, people, math.ceil(templates / TEMPLATES_PER_PERSON))


def rounded_up(rate: float) -> float:
    """To one significant figure, never down: how a bound is told (R1.8). 0 < rate <= 1."""
    power = 10.0 ** math.floor(math.log10(rate))
    return float(f"{math.ceil(rate / power * (1 - 1e-9)) * power:.1g}")


def rate_text(rate: Rate) -> str:
    """A rate in percent with its bound: one figure, upwards; never 0 (R1.8)."""
    bound = f"<{_percent(rounded_up(rate.upper))}"
    return f"{_percent(rate.value, 3)} ({bound})" if rate.errors else bound


def level_out(level: Level) -> dict[str, Any]:
    """As the manifest holds it."""
    return {
        "level": level.name,
        "target_fmr": repr(level.target_fmr),
        "steps": [_step_out(step) for step in level.steps],
    }


def level_in(document: Mapping[str, Any]) -> Level:
    """Raises: KeyError, TypeError, ValueError: not a level."""
    steps = tuple(_step_in(s) for s in document["steps"])
    sizes = [step.people for step in steps]
    cuts = [step.distance for step in steps]
    if not steps or sizes != sorted(set(sizes)) or cuts != sorted(cuts, reverse=True):
        raise ValueError(f"steps for {sizes} people with thresholds {cuts} are none")
    return Level(text(document["level"]), real(document["target_fmr"]), steps)


def sample_out(sample: Sample) -> dict[str, Any]:
    """As the manifest holds it."""
    return {"people": sample.people, "images": sample.images, "data": sample.data}


def sample_in(document: Mapping[str, Any]) -> Sample:
    """Raises: KeyError, TypeError, ValueError: not a sample."""
    return Sample(count(document["people"]), count(document["images"]), text(document["data"]))


def _percent(rate: float, figures: int = 1) -> str:
    return f"{float(f'{100 * rate:.{figures}g}'):g}%"


def _step_out(step: Step) -> dict[str, Any]:
    return {
        "people": step.people,
        "distance": repr(step.distance),
        "target_fmr": repr(step.target_fmr),
        "chosen": _comparison_out(step.chosen),
        "tested": _comparison_out(step.tested),
        "presses": [
            {
                "people": p.people,
                "templates": p.templates,
                "far": _rate_out(p.far),
                "frr": _rate_out(p.frr),
            }
            for p in step.presses
        ],
    }


def _step_in(document: Mapping[str, Any]) -> Step:
    distance = real(document["distance"])
    if not 0.0 < distance < 1.0:
        raise ValueError(f"threshold {distance} is not a distance in (0, 1)")
    return Step(
        people=count(document["people"]),
        distance=distance,
        target_fmr=real(document["target_fmr"]),
        chosen=_comparison_in(document["chosen"]),
        tested=_comparison_in(document["tested"]),
        presses=tuple(
            Press(count(p["people"]), count(p["templates"]), _rate_in(p["far"]), _rate_in(p["frr"]))
            for p in document["presses"]
        ),
    )


def _comparison_out(found: Comparison) -> dict[str, Any]:
    return {"fmr": _rate_out(found.fmr), "fnmr": _rate_out(found.fnmr)}


def _comparison_in(document: Mapping[str, Any]) -> Comparison:
    return Comparison(_rate_in(document["fmr"]), _rate_in(document["fnmr"]))


def _rate_out(rate: Rate) -> list[Any]:
    return [rate.errors, rate.trials, repr(rate.upper)]


def _rate_in(row: list[Any]) -> Rate:
    """`[errors, trials, "upper"]`. A rate without an error still has a bound above 0 (R1.8)."""
    errors, trials, upper = row
    rate = Rate(whole(errors), count(trials), real(upper))
    if not errors <= trials or not 0.0 < rate.upper <= 1.0 or rate.upper < rate.value:
        raise ValueError(f"{row} is not a rate with its bound")
    return rate
