"""A finished bundle on other people: what its thresholds cost there, by the int8 network itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from convert.engine import Twin, engine_version
from convert.parity import tar
from convert.thresholds import compare_all
from edge.contract.bundle import EMBEDDING, load_bundle
from edge.contract.errors import DataError
from edge.contract.levels import Rate, Step
from edge.contract.matching import dequantize, distances
from edge.contract.signing import UNCHECKED
from train.data import NOBODY, for_network, load_crops
from train.pairs import listed_pairs
from train.protocol import fold_accuracies
from train.rates import Pairs, rates_at

SCHEMA = "onelook.remeasure/1"
FMR_LEVELS = (1e-3, 1e-4, 1e-5)


def remeasure(bundle: Path, people: Sequence[Path], listed: Path | None) -> dict[str, Any]:
    """Every pair of all pictures of people under `people`, and a benchmark's list of pairs.

    Nothing is chosen here: the thresholds are those that the bundle promises.

    Raises:
        MissingError, DataError, BundleError: as bundle, faces and list are read.
    """
    held = load_bundle(bundle, UNCHECKED)
    twin, head = Twin(held.files[EMBEDDING]), held.manifest.head
    manifest = held.manifest
    faces = load_crops(people, task=manifest.task, shape=manifest.input_shape)
    faces = faces.of(faces.person != NOBODY)
    crops = for_network(faces.crops, twin.input_shape)
    embeddings = dequantize(twin.embed(crops), twin.output_quantization)
    pairs = compare_all(head, embeddings, faces.person)
    if not pairs.same.any() or pairs.same.all():
        raise DataError(
            "pairs of one person and of two are needed to measure on",
            remedy="give --people with several people, some of them with two pictures",
        )
    document = {
        "schema": SCHEMA,
        "ok": True,
        "model": held.manifest.model,
        "engine": engine_version(),
        "people": len(faces.people()),
        "crops": len(faces),
        "data": faces.digest(),
        "thresholds": [
            _at(level.name, step, pairs) for level in held.manifest.levels for step in level.steps
        ],
        "tar": {f"{level:g}": tar(pairs, level) for level in FMR_LEVELS},
    }
    if listed is None:
        return document
    fold, chosen = listed_pairs(listed, faces.files)
    scored = [distances(head, embeddings[a], embeddings[b][None])[0] for a, b, _ in chosen]
    same = np.array([one for *_, one in chosen])
    accuracies = fold_accuracies(fold, Pairs(np.array(scored, np.float32), same))
    error = float(np.std(accuracies, ddof=1) / np.sqrt(len(accuracies)))
    return document | {
        "listed": {
            "pairs": len(chosen),
            "folds": len(accuracies),
            "accuracy": float(np.mean(accuracies)),
            "standard_error": error,
        }
    }


def told(document: dict[str, Any]) -> str:
    """For people."""
    lines = [f"{document['people']} people, {document['crops']} crops, int8, {document['engine']}"]
    lines += [
        _line(f"{t['level']} {t['people']}", t["fmr"], t["fnmr"]) for t in document["thresholds"]
    ]
    lines += [f"TAR at FMR {level}: {tar:.2%}" for level, tar in document["tar"].items() if tar]
    if listed := document.get("listed"):
        lines.append(
            f"listed pairs: {listed['accuracy']:.2%} +- {listed['standard_error']:.2%} "
            f"({listed['folds']} folds, {listed['pairs']} pairs)"
        )
    return "\n".join(lines)


def _line(level: str, fmr: dict[str, float], fnmr: dict[str, float]) -> str:
    return (
        f"{level:<10} FMR {fmr['value']:.2e} (< {fmr['upper']:.2e}, {fmr['trials']:,} pairs)  "
        f"FNMR {fnmr['value']:.2%} (< {fnmr['upper']:.2%}, {fnmr['trials']:,} pairs)"
    )


def _at(level: str, step: Step, pairs: Pairs) -> dict[str, Any]:
    fmr, fnmr = rates_at(pairs, step.distance)
    return {
        "level": level,
        "people": step.people,
        "distance": step.distance,
        "fmr": _rate(fmr),
        "fnmr": _rate(fnmr),
    }


def _rate(rate: Rate) -> dict[str, float]:
    return {
        "errors": rate.errors,
        "trials": rate.trials,
        "value": rate.value,
        "upper": rate.upper,
    }
