"""The doors of the histories: how each is set up, who may come in, what it remembers."""

from __future__ import annotations

import random
import tempfile
from functools import cache
from pathlib import Path

from edge.config import load_config
from edge.config.keys import KEYS
from edge.door.inputs import input_pins
from tests.faults.admission import HOURS
from tests.faults.faces import PEOPLE
from tests.faults.steps import Scene

_DOORS = 1_024  # differently configured; each is read once a process
_PINS = ("GPIO5", "GPIO6", "GPIO12", "GPIO13", "GPIO19", "GPIO20", "GPIO21", "GPIO26")
_OPTIONAL = tuple(
    key.name
    for key in KEYS
    if key.section == "door" and key.name.endswith("_pin") and key.default == "off"
)


def scene(rng: random.Random) -> Scene:
    """One of the doors, somewhere in its life."""
    settings = _settings(random.Random(rng.randrange(_DOORS)))
    given = {(section, key): value for section, key, value in settings}
    free = int(given["lockout", "free"])
    most = PEOPLE if rng.random() < 0.1 else 3 if "strict" in given["recognition", "level"] else 4
    people = rng.choices((0, 1, 2, 3, most), (1, 6, 4, 2, 2))[0]
    return Scene(
        settings=settings,
        enrolled=tuple(sorted(rng.sample(range(PEOPLE), people))),
        failures=rng.choices((0, free - 1, free, free + 4), (6, 2, 1, 1))[0],
        ago=rng.choice((1.0, 20.0, 3600.0, 86_000.0)),
        foreign=rng.random() < 0.3,
        uptime=rng.choice((25.0, 1_000.0, 90_000.0, 3e6)),
        lag=rng.choice((0.0, 0.0, 0.015)),
        date_known=rng.random() < 0.5,
    )


@cache
def inputs() -> tuple[str, ...]:
    """The names of all inputs that there can be."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "onelook.toml"
        pins = (f'{key} = "{pin}"' for key, pin in zip(_OPTIONAL, _PINS, strict=False))
        file.write_text("[door]\n" + "\n".join(pins) + "\n")
        return tuple(input_pins(load_config(file)))


def _settings(rng: random.Random) -> tuple[tuple[str, str, str], ...]:
    frames, agree = rng.choice(((3, 2), (3, 2), (3, 2), (1, 1), (2, 2), (5, 3)))
    settings = [
        ("door", "pulse", _quoted(rng.choice(("500ms", "1s", "3s", "10s")))),
        ("door", "mode", _quoted(rng.choices(("normal", "closed", "shadow"), (16, 1, 2))[0])),
        ("door", "lock_active", _quoted(rng.choices(("high", "low"), (4, 1))[0])),
        ("door", "relock_on_close", rng.choice(("true", "false"))),
        ("door", "exit_opens", rng.choice(("true", "false"))),
        ("button", "gap", _quoted(rng.choice(("200ms", "500ms", "2s")))),
        ("lockout", "free", rng.choice(("3", "5"))),
        ("lockout", "first", _quoted(rng.choice(("5s", "30s")))),
        ("recognition", "decide_within", _quoted(rng.choice(("1s", "2s")))),
        ("recognition", "level", _quoted(rng.choices(("normal", "strict"), (6, 1))[0])),
        ("recognition", "margin", rng.choice(("0.0", "0.0", "0.1"))),
        ("recognition", "frames", str(frames)),
        ("recognition", "agree", str(agree)),
        ("hours", "door", _quoted(rng.choices(HOURS, (24, 1, 1, 1))[0] or "always")),
        ("hours", "when_clock_unknown", _quoted(rng.choice(("refuse", "ignore")))),
    ]
    if rng.random() < 0.4:
        wired = rng.sample(_OPTIONAL, rng.randint(1, len(_OPTIONAL)))
        settings += [("door", key, _quoted(_PINS[_OPTIONAL.index(key)])) for key in sorted(wired)]
    return tuple(settings)


def _quoted(text: str) -> str:
    return f'"{text}"'
