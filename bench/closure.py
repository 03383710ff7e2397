"""A package with all that it depends on, as its environment says; only the standard library."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

# dlib-bin is dlib, as a wheel.
_SAME = {"dlib": "dlib-bin"}
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def said(package: str) -> str:
    """JSON: how many packages, and their files' bytes; `null` if it is not installed."""
    found = closure(package)
    if not found:
        return "null"
    files = {place for one in found.values() for place in _files(one)}
    return json.dumps(
        {"packages": len(found), "bytes": sum(place.stat().st_size for place in files)}
    )


def closure(package: str) -> dict[str, metadata.Distribution]:
    """The distributions by name. An extra's packages belong to nobody who did not ask for them."""
    found: dict[str, metadata.Distribution] = {}
    waiting = [package]
    while waiting:
        name = _canonical(waiting.pop())
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # of another system
        waiting += [required_name(line) for line in found[name].requires or () if wanted(line)]
    return found


def wanted(requirement: str) -> bool:
    """Whether it is always needed: lines of extras say so."""
    return "extra ==" not in requirement


def required_name(requirement: str) -> str:
    """`numpy>=1.24.2; python_version > "3"` -> `numpy`."""
    found = _NAME.match(requirement)
    return found.group() if found else ""


def _canonical(name: str) -> str:
    name = re.sub(r"[-_.]+", "-", name).lower()
    return _SAME.get(name, name)


def _files(one: metadata.Distribution) -> Iterator[Path]:
    """Its own files; compiled bytecode is the machine's affair. An editable one lies elsewhere."""
    for file in one.files or ():
        place = Path(str(one.locate_file(file)))
        if place.suffix != ".pyc" and place.is_file():
            yield place
