"""Trials at a door -> what each level would refuse and let in there, with what that shows. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.contract.levels import rounded_up
from edge.core.proportion import needed
from edge.core.trials import Agreement, Figure, Trial, figure, mistaken, refused

_FEW = 20  # presses of the enrolled, below which no level is advised
_GOAL = 0.01
SOURCES = {
    "people": "presses of yours, each as if they were not enrolled",
    "visitors": "presses of visitors",
    "photographs": "photographs of strangers",
}
_LITTLE = 0.5  # a bound above it is not worth telling


@dataclass(frozen=True)
class Measured:
    """A level at this door. frr: None without presses of the enrolled. far: by SOURCES."""

    level: str
    threshold: float
    in_force: bool
    frr: Figure | None
    far: Mapping[str, Figure | None]

    def document(self) -> dict[str, Any]:
        """For programs."""
        return {
            "level": self.level,
            "in_force": self.in_force,
            "threshold": self.threshold,
            "frr": _frr(self.frr),
            "far": {source: _far(found) for source, found in self.far.items()},
        }


def measure(  # noqa: PLR0913 - two kinds of trials under one rule at one door
    pressed: Sequence[Trial],
    photographs: Sequence[Trial],
    *,
    cuts: Mapping[str, float],
    in_force: str,
    rule: Agreement,
    people: int,
) -> list[Measured]:
    """The level in force and each stricter one; loosest first.

    Of presses that were made at a stricter level than the one asked about nobody knows enough.
    """
    found = []
    for level, cut in sorted(cuts.items(), key=lambda one: -one[1]):
        if cut > cuts[in_force]:
            continue
        made = [trial for trial in pressed if cuts[trial.level] >= cut]
        residents = [trial for trial in made if trial.enrolled]
        sources = {
            "people": residents if people > 1 else [],  # alone there is nobody to be taken for
            "visitors": [trial for trial in made if not trial.enrolled],
            "photographs": photographs,
        }

        def wrong(trial: Trial, level: str = level) -> bool | None:
            return mistaken(trial, level, rule)

        def unknown(trial: Trial, level: str = level) -> bool | None:
            return refused(trial, level, rule)

        far = {source: figure(trials, wrong) for source, trials in sources.items()}
        found.append(Measured(level, cut, level == in_force, figure(residents, unknown), far))
    return found


def lines(measured: Sequence[Measured]) -> Iterator[str]:
    """For people: each level, then what the samples show."""
    for one in measured:
        yield f"level {one.level}{' (in force)' if one.in_force else ''}"
        yield f"  does not know you  {_frr_text(one.frr)}"
        found = [_far_text(far, SOURCES[source]) for source, far in one.far.items() if far]
        for text in found or ["not measured: let visitors press, or give --strangers FOLDER"]:
            yield f"  opens to others    {text}"


def sentences(measured: Sequence[Measured], bundle: str) -> Iterator[str]:
    """What the figures show and what they do not. bundle: how its own rate is told, or ""."""
    force = next(one for one in measured if one.in_force)
    if force.frr is not None:
        yield (
            f"{_counted(force.frr.trials, 'press', 'presses')} of "
            f"{_counted(force.frr.units, 'person', 'people')}: the interval takes presses for "
            "independent, which those of one person on one day are not. Press on other days too."
        )
    strangers = [found for found in force.far.values() if found is not None]
    if strangers:
        best = max(strangers, key=lambda found: found.units)
        yield _shown(best)
    if bundle:
        yield bundle


def advice(measured: Sequence[Measured]) -> str | None:
    """The strictest level that costs nothing here; None: too little is known, or there is none."""
    force = next(one for one in measured if one.in_force)
    if force.frr is None or force.frr.trials < _FEW:
        return None
    free = [
        one.level
        for one in measured
        if not one.in_force
        and one.frr is not None
        and one.frr.trials == force.frr.trials
        and one.frr.errors + one.frr.unknown == force.frr.errors
    ]
    return free[-1] if free else None


def _shown(found: Figure) -> str:
    """What so few strangers show at most; a bound is told with one figure, upwards (R1.8)."""
    who = _counted(found.units, "stranger", "strangers")
    if found.errors + found.unknown:
        return (
            f"The door may open to {found.units_wrong} of {who} here: look to whom. A stricter "
            "level makes it rarer."
        )
    shown = "nothing yet" if found.upper > _LITTLE else f"only: fewer than {_percent(found.upper)}"
    return (
        f"That it opened to none of {who} shows {shown} (rule of three: none of n shows fewer than "
        f"about 3/n). For {_GOAL:.0%} it takes {needed(_GOAL)} different ones, and none let in."
    )


def _frr_text(found: Figure | None) -> str:
    if found is None:
        return "not measured: no presses in shadow are labelled"
    low, high = found.interval
    return f"{_share(found)} presses: between {low:.1%} and {high:.1%}"


def _far_text(found: Figure, what: str) -> str:
    who = _counted(found.units, "person", "people")
    shown = "too few to tell" if found.upper > _LITTLE else f"below {_percent(found.upper)}"
    return f"{_share(found)} {what} ({who}: {shown})"


def _share(found: Figure) -> str:
    more = f" (and {found.unknown} that ended before a frame it needs)" if found.unknown else ""
    return f"{found.errors} of {found.trials}{more}"


def _percent(rate: float) -> str:
    return f"{100 * rounded_up(rate):g}%"


def _frr(found: Figure | None) -> dict[str, Any] | None:
    if found is None:
        return None
    low, high = found.interval
    return {**_counts(found), "low": low, "high": high}


def _far(found: Figure | None) -> dict[str, Any] | None:
    return None if found is None else {**_counts(found), "upper": found.upper}


def _counts(found: Figure) -> dict[str, Any]:
    return {
        "errors": found.errors,
        "unknown": found.unknown,
        "trials": found.trials,
        "people": found.units,
    }


def _counted(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
