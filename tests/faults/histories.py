"""A hundred thousand histories hold, and every planted fault is found: `make test-faults`.

The small part of it runs with every `make test`; by hand: `python -m tests.faults --help`.
"""

from __future__ import annotations

import sys
from collections import Counter
from itertools import islice

from edge.contract.reasons import Happening, Reason
from tests.faults.many import explained, hunts, outcomes, with_progress
from tests.faults.plants import PLANTS
from tests.faults.steps import Slip

HISTORIES = 100_000
ENOUGH = 4_000  # for any planted fault to show
_FEW = 5  # broken histories are enough to stop


def test_every_history_holds():
    met: Counter[str] = Counter()

    def counted():
        for outcome in with_progress(outcomes(range(HISTORIES)), HISTORIES):
            met.update(outcome.met)
            yield outcome

    broken = list(islice((outcome for outcome in counted() if outcome.broken), _FEW))
    assert not broken, f"{[one.seed for one in broken]}\n{explained(broken[0].seed)}"
    _tell(f"{times:12,}  {what}" for what, times in sorted(met.items()))
    words = {f"row {word.value}" for kind in (Reason, Happening) for word in kind}
    _tell(f"     never  {word}" for word in sorted(words - met.keys()))
    # A lane that meets nothing finds nothing.
    assert {f"trap: {slip.value}" for slip in Slip} <= met.keys()
    assert met[f"row {Reason.GRANTED.value}"] > HISTORIES / 4
    assert met["process killed"] > HISTORIES / 10


def test_every_planted_fault_is_found():
    lived = []
    for hunt in hunts(PLANTS, range(ENOUGH)):
        found = hunt.outcome
        if found is None:
            lived.append(hunt.plant)
        else:
            by = ", ".join(sorted(found.broken))
            _tell([f"{hunt.plant:30s} found after {found.seed + 1:5d} histories by {by}"])
    assert lived == []


def _tell(lines):
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()
