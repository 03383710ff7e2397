"""One history: played, held to the invariants, and told if it breaks one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.faults.facts import Drove, Ended, Kept, Slipped
from tests.faults.generate import history
from tests.faults.invariants import INVARIANTS
from tests.faults.play import Played
from tests.faults.shrink import shrink
from tests.faults.stage import Stage
from tests.faults.steps import History
from tests.faults.story import Story
from tests.faults.told import facts_of, steps_of


@dataclass(frozen=True)
class Outcome:
    """What one history came to. broken: by invariant, the first sentence of each."""

    seed: int
    broken: dict[str, str]
    met: Counter[str] = field(default_factory=Counter)


def check(stage: Stage, seed: int) -> Outcome:
    """Play the history of that seed."""
    played = stage.play(history(seed))
    return Outcome(seed, broken(played), _met(played))


def broken(played: Played) -> dict[str, str]:
    """The invariants that do not hold, each with a sentence."""
    story = Story(played)
    found = ((name, next(holds(story), None)) for name, holds in INVARIANTS.items())
    return {name: sentence for name, sentence in found if sentence is not None}


def explain(stage: Stage, outcome: Outcome) -> str:
    """The shortest history that still breaks the first of what that one broke, line by line."""
    name = min(outcome.broken)

    def breaks(shorter: History) -> bool:
        return name in broken(stage.play(shorter))

    least = shrink(history(outcome.seed), breaks)
    played = stage.play(least)
    sentences = [f"{n}: {said}" for n, said in broken(played).items()]
    return "\n".join((*sentences, *steps_of(least), "what was seen:", *facts_of(played)))


def _met(played: Played) -> Counter[str]:
    """What came to pass: a lane that meets nothing finds nothing."""
    met = Counter({"facts": len(played.facts), "steps": len(played.history.steps)})
    for fact in played.facts:
        match fact.what:
            case Kept(rows) if fact.life:
                met.update(f"row {row['reason']}" for row in rows)
            case Slipped(slip):
                met[f"trap: {slip.value}"] += 1
            case Ended(how):
                met[f"process {how}"] += 1
            case Drove(on=True, by="loop"):
                met["pulses"] += 1
    return met
