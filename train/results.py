"""An evaluation as one JSON document, `results.json`: every figure with its sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge.contract.levels import rounded_up
from train.bootstrap import ROUNDS, Interval
from train.bounds import rule_of_three
from train.data import NO_FACE, UNREADABLE
from train.evaluate import FMR_LEVELS, Evaluation
from train.faults import Fault
from train.promised import Kept
from train.rates import clopper_pearson

SCHEMA = "onelook.evaluation/2"
_INTERVAL = f"95 %, people drawn anew {ROUNDS} times"


def results(
    found: Evaluation,
    *,
    command: str,
    sources: Mapping[str, Evaluation] | None = None,
    faces: bool = False,
) -> dict[str, Any]:
    """The document.

    Args:
        found: what was measured.
        command: that did it.
        sources: the same for each source of pictures.
        faces: whether the names of the worst pairs' files may be in it.
    """
    m, judged = found.measured, found.judged
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "ok": True,
        "command": command,
        "seed": m.seed,
        "model": {
            "name": found.subject.name,
            "kind": found.subject.kind,
            "sha256": found.subject.sha256,
        },
        "data": m.data,
        "n_given": m.given + len(m.left_out),
        "n_images": m.crops,
        "n_people": m.people,
        "n_same": m.genuine,
        "n_different": m.impostor,
        "left_out": {
            why: [picture.file for picture in m.left_out if picture.why == why]
            for why in (UNREADABLE, NO_FACE)
        },
        "fta": _share(len(m.left_out), m.given + len(m.left_out)),
        "supports": {
            "pairs_of_people": m.people * (m.people - 1) // 2,
            "fmr": rounded_up(rule_of_three(m.people * (m.people - 1) / 2)),
        },
        "interval": _INTERVAL,
        "accuracy_over": judged.over,
        "accuracy_mean": judged.scores["accuracy"].value,
        "accuracy_std": judged.spread,
        "accuracies": list(judged.accuracies),
        "thresholds": list(judged.thresholds),
        "lost_pairs": judged.lost,
        **{name: judged.scores[name].value for name in ("precision", "recall", "f1")},
        "eer": found.eer.value,
        "auc": found.auc.value,
        "threshold": found.threshold,
        "intervals": {
            name: _interval(figure)
            for name, figure in {**judged.scores, "eer": found.eer, "auc": found.auc}.items()
        },
        "tar_at_far": _tars(found),
        "at_levels": [_kept(step) for step in found.kept],
    }
    if sources:
        document["sources"] = {name: _source(part) for name, part in sources.items()}
    if faces:
        document["false_accepts"] = [_fault(fault) for fault in found.accepts]
        document["false_rejects"] = [_fault(fault) for fault in found.rejects]
    return document


def level_text(level: float) -> str:
    """1e-5 -> "0.00001", as the document's keys are."""
    return f"{level:f}".rstrip("0")


def _tars(found: Evaluation) -> dict[str, Any]:
    """For every level; null where so few pairs cannot show it."""
    points = {point.asked_fmr: point for point in found.points}
    empty = {"value": None, "low": None, "high": None, "threshold": None, "fmr": None}
    tars = {}
    for level in FMR_LEVELS:
        point = points.get(level)
        tars[level_text(level)] = (
            empty
            if point is None
            else {
                "value": point.tar.value,
                "low": point.tar.low,
                "high": point.tar.high,
                "threshold": point.threshold,
                "fmr": point.fmr,
            }
        )
    return tars


def _source(found: Evaluation) -> dict[str, Any]:
    m = found.measured
    return {
        "n_images": m.crops,
        "n_people": m.people,
        "n_same": m.genuine,
        "n_different": m.impostor,
        "eer": {"value": found.eer.value, **_interval(found.eer)},
        "tar_at_far": _tars(found),
    }


def _kept(step: Kept) -> dict[str, Any]:
    return {
        "level": step.level,
        "people": step.people,
        "distance": step.distance,
        "fmr": step.comparison.fmr.document(),
        "fnmr": step.comparison.fnmr.document(),
        "worst_person": {"fmr": step.worst_fmr, "fnmr": step.worst_fnmr},
        "presses": [press.document() for press in step.presses],
    }


def _share(errors: int, trials: int) -> dict[str, float]:
    low, high = clopper_pearson(errors, trials)
    return {
        "errors": errors,
        "trials": trials,
        "value": errors / trials,
        "low": low,
        "high": high,
    }


def _interval(figure: Interval) -> dict[str, float]:
    return {"low": figure.low, "high": figure.high}


def _fault(fault: Fault) -> dict[str, Any]:
    return {"distance": fault.distance, "files": list(fault.files)}
