"""Two bundles held against each other: what differs, and whether templates stay usable."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge.contract.bundle import EMBEDDING, Bundle, load_bundle
from edge.contract.manifest import to_bytes
from edge.contract.matching import dequantize
from edge.contract.signing import UNCHECKED

SCHEMA = "onelook.diff/1"
_LONGEST = 60


def diff(first: Path, second: Path, people: Sequence[str]) -> dict[str, Any]:
    """What differs between two bundles; "equal" says whether nothing does.

    people: sources as of `train.people`; with them, the verdicts of both on the same pairs.

    Raises:
        MissingError, BundleError, DataError: as bundles and faces are read.
    """
    a, b = load_bundle(first, UNCHECKED), load_bundle(second, UNCHECKED)
    flat = [_flat(json.loads(to_bytes(one.manifest))) for one in (a, b)]
    keys = sorted(k for k in flat[0].keys() | flat[1].keys() if flat[0].get(k) != flat[1].get(k))
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "ok": not keys,
        "equal": not keys,
        "templates_stay_usable": a.manifest.model == b.manifest.model,
        "differences": {key: [flat[0].get(key), flat[1].get(key)] for key in keys},
    }
    return document | ({"verdicts": _verdicts(a, b, people)} if people else {})


def told(document: dict[str, Any]) -> str:
    """For people."""
    if document["equal"]:
        return "the same"
    weights = [k for k in document["differences"] if k.startswith("head.weights")]
    lines = [
        f"{key}: {_short(old)} -> {_short(new)}"
        for key, (old, new) in document["differences"].items()
        if key not in weights
    ]
    if weights:
        lines.append(f"head.weights: {len(weights)} of them")
    usable = document["templates_stay_usable"]
    lines.append("templates stay usable" if usable else "everybody must be enrolled again")
    lines += [
        f"{v['level']}: of one person {v['genuine_lost']} lost, {v['genuine_gained']} gained of "
        f"{v['genuine']}; of two people {v['impostor_lost']} lost, {v['impostor_gained']} gained "
        f"of {v['impostor']} verdicts 'the same person'"
        for v in document.get("verdicts", ())
    ]
    return "\n".join(lines)


def _verdicts(a: Bundle, b: Bundle, people: Sequence[str]) -> list[dict[str, Any]]:
    """For every level that both have, pairs that one takes for one person and the other not."""
    from convert.apart import embed_apart
    from convert.people import read
    from convert.thresholds import compare_all
    from train.data import NOBODY, for_network

    faces = read(people, {"task": a.manifest.task}, a.manifest.input_shape, "--people")
    faces = faces.of(faces.person != NOBODY)
    pairs = []
    for bundle in (a, b):
        manifest = bundle.manifest
        crops = for_network(faces.crops, manifest.input_shape)
        integers, _ = embed_apart(bundle.files[EMBEDDING], crops)
        real = dequantize(integers, manifest.output_quantization)
        pairs.append(compare_all(manifest.head, real, faces.person))
    same = pairs[0].same
    found = []
    for level in a.manifest.levels:
        other = next((one for one in b.manifest.levels if one.name == level.name), None)
        if other is None:
            continue
        before = pairs[0].distance < np.float32(level.steps[0].distance)
        after = pairs[1].distance < np.float32(other.steps[0].distance)
        lost, gained = before & ~after, after & ~before
        found.append(
            {
                "level": level.name,
                "genuine": int(same.sum()),
                "genuine_lost": int((lost & same).sum()),
                "genuine_gained": int((gained & same).sum()),
                "impostor": int((~same).sum()),
                "impostor_lost": int((lost & ~same).sum()),
                "impostor_gained": int((gained & ~same).sum()),
            }
        )
    return found


def _flat(value: Any, at: str = "") -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    """Nested objects and lists as one level of dotted keys."""
    if isinstance(value, dict):
        items = [(f"{at}.{key}" if at else key, v) for key, v in value.items()]
    elif isinstance(value, list):
        items = [(f"{at}.{n}", v) for n, v in enumerate(value)]
    else:
        return {at: value}
    return {key: leaf for name, v in items for key, leaf in _flat(v, name).items()}


def _short(value: Any) -> str:  # noqa: ANN401 - as above
    text = "nothing" if value is None else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
