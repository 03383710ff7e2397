"""docs/reasons.md, from the words that the door uses: `python docs/theme/reasons.py`.

A test compares the page with what this would write.
"""

from __future__ import annotations

import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "reasons.md"
sys.path.insert(0, str(PAGE.parents[1]))  # a script's own folder stands there instead

from edge.contract.reasons import Happening, Reason  # noqa: E402 - after the path
from edge.core.lights import Show, of_reason  # noqa: E402 - as above
from edge.messages import IDS, remedy_of  # noqa: E402 - as above

_LIGHTS = {
    Show.GRANTED: "green",
    Show.TRY_AGAIN: "white, 3 short",
    Show.LIGHT: "white, 1 long and 1 short",
    Show.ONE_AT_A_TIME: "white, 2 and 2",
    Show.NO: "red, 1 long",
    Show.CLOSED: "red, 3 short",
    Show.TOO_SLOW: "red and white, 1 long",
    Show.LOCKOUT: "red, 1 s on and 1 s off",
    Show.FAULT: "red, white flashes",
    Show.NOT_ARMED: "white flashes twice",
}
_HEAD = """\
# Reasons

Whatever happens at the door has one word of a closed list, and a word never changes its meaning.
It is the same in `onelook events`, the journal, `--json`, behind the [lights](lights.md) and here.
This page is made of the program's own tables: `python docs/theme/reasons.py`.

```console
$ onelook events --reason too_dark --since yesterday
nothing of that kind yet
```

`journalctl -u onelook -x` says the last column beside each entry.

## How a press ends

"Counts": a good face that did not match leads towards a [lock-out](configuration.md#lockout).
Of several frames the word of the best one is told; of equals the higher one in this table.

| word | counts | lights | what to do |
| --- | --- | --- | --- |
"""
_HAPPENINGS = """
## What happens at the door itself

| word | alarm | what to do |
| --- | --- | --- |
"""
_REST = """
## What happens to people, network, log and service

| word | what to do |
| --- | --- |
"""


def page() -> str:
    """The page as it is to be."""
    presses = [
        f"| `{r.value}` | {'yes' if r.counts_as_failure else ''} "
        f"| {_LIGHTS[of_reason(r)]} | {r.remedy} |"
        for r in Reason
    ]
    door = [f"| `{h.value}` | {'yes' if h.alarms else ''} | {h.remedy} |" for h in Happening]
    told = {r.value for r in Reason} | {h.value for h in Happening}
    rest = [f"| `{word}` | {remedy_of(word)} |" for word in IDS if word not in told]
    rows = [_HEAD, *_rows(presses), _HAPPENINGS, *_rows(door), _REST, *_rows(rest)]
    return "".join(rows)


def _rows(rows: list[str]) -> list[str]:
    return [f"{' '.join(row.split())}\n" for row in rows]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
