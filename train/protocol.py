"""A benchmark's own list of pairs, as LFW's `pairs.txt`, scored as its makers ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError
from edge.contract.matching import Head, distances
from train.bootstrap import best_threshold
from train.data import Faces
from train.heads import embed
from train.models import head_parameters
from train.pairs import all_pairs, listed_pairs
from train.rates import Pairs, curve, rates_at, threshold_at_fmr

SCHEMA = "onelook.protocol/1"
_FMR_LEVELS = (1e-3, 1e-4)


def protocol(siamese: keras.Model, faces: Faces, pairs_file: Path) -> dict[str, Any]:
    """Accuracy over the folds of a list, the threshold from the other ones; TAR over all pairs.

    Returns:
        accuracy: mean over the folds; standard_error: their standard deviation / sqrt(folds);
        all_pairs: for each FMR that they can show, TAR over every pair of the pictures in `faces`.

    Raises:
        DataError: the list is damaged, names a picture that `faces` lacks, or has a single fold.
    """
    fold, listed = listed_pairs(pairs_file, faces.files)
    if fold[-1] == 0:
        raise DataError(
            f"{pairs_file}: a single fold, so there is none to choose a threshold from",
            remedy="give a list whose first line is: folds, pairs of a fold",
        )
    head, embeddings = head_parameters(siamese), embed(siamese, faces.crops)
    accuracies = fold_accuracies(fold, _listed(embeddings, head, listed))
    return {
        "schema": SCHEMA,
        "ok": True,
        "pairs": len(listed),
        "folds": len(accuracies),
        "accuracy": float(np.mean(accuracies)),
        "standard_error": float(np.std(accuracies, ddof=1) / np.sqrt(len(accuracies))),
        "fold_accuracies": accuracies,
        "all_pairs": _over_all(all_pairs(embeddings, faces.person, head)),
        "people": len(faces.people()),
        "crops": len(faces),
        "data": faces.digest(),
    }


def fold_accuracies(fold: NDArray[np.int64], pairs: Pairs) -> list[float]:
    """Of each fold, at the threshold that is best for the others. fold: (pairs,)."""
    accuracies = []
    for number in np.unique(fold):
        inside = fold == number
        threshold = best_threshold(curve(Pairs(pairs.distance[~inside], pairs.same[~inside])))
        right = (pairs.distance[inside] < threshold) == pairs.same[inside]
        accuracies.append(float(right.mean()))
    return accuracies


def _listed(
    embeddings: NDArray[np.float32], head: Head, listed: list[tuple[int, int, bool]]
) -> Pairs:
    distance = [distances(head, embeddings[a], embeddings[b][None])[0] for a, b, _ in listed]
    return Pairs(np.array(distance, np.float32), np.array([same for *_, same in listed]))


def _over_all(pairs: Pairs) -> dict[str, Any]:
    found: dict[str, Any] = {
        "genuine": int(pairs.same.sum()),
        "impostor": int((~pairs.same).sum()),
    }
    for level in _FMR_LEVELS:
        try:
            fmr, fnmr = rates_at(pairs, threshold_at_fmr(pairs, level))
        except ValueError:
            continue
        found[f"tar@{level:g}"] = {"tar": 1.0 - fnmr.value, "fmr": fmr.value}
    return found
