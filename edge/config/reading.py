"""TOML document -> values, and every fault on the way instead of the first one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from edge.config.keys import KEYS, Value
from edge.config.lines import Lines

At = tuple[str, str]  # section, key

_SECTIONS = {key.section for key in KEYS}
_NAMES = {section: [k.name for k in KEYS if k.section == section] for section in _SECTIONS}


@dataclass(frozen=True)
class Fault:
    """What is wrong on a line, with the remedy."""

    line: int
    what: str


def read_values(
    document: Mapping[str, Any], lines: Lines
) -> tuple[dict[At, Any], dict[At, Value], list[Fault]]:
    """(what the program computes with, what the file gave, faults).

    A faulty key has its default.
    """
    given, faults = _known(document, lines)
    values: dict[At, Any] = {}
    for key in KEYS:
        at = (key.section, key.name)
        values[at] = key.parse(key.default)
        if at not in given:
            continue
        try:
            values[at] = key.parse(given[at])
        except ValueError as e:
            faults.append(Fault(lines.of(*at), f"[{key.section}] {key.name} = {given[at]!r}: {e}."))
    return values, given, faults


def _known(document: Mapping[str, Any], lines: Lines) -> tuple[dict[At, Value], list[Fault]]:
    given: dict[At, Value] = {}
    faults = []
    for section, keys in document.items():
        if section not in _SECTIONS:
            near = _near(section, sorted(_SECTIONS))
            faults.append(Fault(lines.of(section), f"unknown section [{section}]{near}."))
        elif not isinstance(keys, dict):
            faults.append(Fault(lines.of(section), f"{section} is a section: write [{section}]."))
        else:
            for name, value in keys.items():
                if name in _NAMES[section]:
                    given[section, name] = value
                else:
                    near = _near(name, _NAMES[section])
                    line = lines.of(section, name)
                    faults.append(Fault(line, f"unknown key [{section}] {name}{near}."))
    return given, faults


def _near(word: str, known: list[str]) -> str:
    found = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {found[0]}?" if found else f"; known are {', '.join(known)}"
