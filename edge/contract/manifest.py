"""What a bundle promises: `manifest.json`, parsed strictly and written canonically.

Fractions are written as decimal strings, so that parsing and writing again gives the same bytes on
every machine; the bytes are what a hash, and later a signature, covers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.contract.errors import BundleError
from edge.contract.matching import Difference, Head, Quantization

SCHEMA = "onelook.bundle/1"
MAX_BYTES = 64 * 1024


@dataclass(frozen=True)
class Rate:
    """`errors` of `trials`, and the bound that the sample supports with 95 % confidence."""

    errors: int
    trials: int
    upper: float

    @property
    def value(self) -> float:
        return self.errors / self.trials if self.trials else math.nan


@dataclass(frozen=True)
class Threshold:
    """Two embeddings are of one person if their distance is below `distance`.

    fmr, fnmr: per comparison, of the int8 network, on people that were not trained on.
    people, images: the sample; data: SHA-256 of its list.
    """

    level: str
    distance: float
    target_fmr: float
    fmr: Rate
    fnmr: Rate
    people: int
    images: int
    data: str


@dataclass(frozen=True)
class File:
    """A file of the bundle: its length in bytes and its SHA-256 in hex."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """Everything that the door must know about a network, and nothing that it must guess."""

    name: str
    version: int
    task: str
    model: str  # the model id: 16 hex digits over the twin's bytes and the head
    input_shape: tuple[int, int, int]  # height, width, channels
    preprocessing: str
    input_quantization: Quantization
    output_quantization: Quantization
    dimensions: int
    head: Head
    thresholds: tuple[Threshold, ...]
    drift: Mapping[str, str]
    operators: Mapping[str, int]
    files: Mapping[str, File]
    provenance: Mapping[str, str]

    def threshold(self, level: str) -> Threshold:
        for threshold in self.thresholds:
            if threshold.level == level:
                return threshold
        known = ", ".join(t.level for t in self.thresholds)
        raise BundleError(
            f"bundle {self.name}: no threshold for the level {level!r}",
            remedy=f"set [recognition] level to one of: {known}",
        )


def to_bytes(manifest: Manifest) -> bytes:
    """The canonical form: sorted keys, no spaces, ASCII, fractions as strings, a final newline."""
    document = {
        "schema": SCHEMA,
        "name": manifest.name,
        "version": manifest.version,
        "task": manifest.task,
        "model": manifest.model,
        "input": {
            "shape": list(manifest.input_shape),
            "preprocessing": manifest.preprocessing,
            "quantization": _quantization_out(manifest.input_quantization),
        },
        "embedding": {
            "dimensions": manifest.dimensions,
            "quantization": _quantization_out(manifest.output_quantization),
        },
        "head": {
            "difference": manifest.head.difference.value,
            "weights": [_decimal32(w) for w in manifest.head.weights],
            "bias": repr(manifest.head.bias),
        },
        "thresholds": [_threshold_out(t) for t in manifest.thresholds],
        "drift": dict(manifest.drift),
        "operators": dict(manifest.operators),
        "files": {n: {"size": f.size, "sha256": f.sha256} for n, f in manifest.files.items()},
        "provenance": dict(manifest.provenance),
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return text.encode() + b"\n"


def from_bytes(raw: bytes, *, where: str) -> Manifest:
    """Parse a manifest; `where` names it in messages.

    Raises:
        BundleError: not a manifest of this schema, or not in canonical form.
    """
    try:
        if len(raw) > MAX_BYTES:
            raise ValueError(f"{len(raw)} bytes, more than {MAX_BYTES}")
        document = json.loads(raw)
        if document["schema"] != SCHEMA:
            raise ValueError(f"schema {document['schema']!r}, this program reads {SCHEMA!r}")
        manifest = _parse(document)
        if to_bytes(manifest) != raw:
            raise ValueError("not in canonical form, or with unknown keys")
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as e:
        detail = f"missing or wrong key {e}" if isinstance(e, KeyError) else str(e)
        raise BundleError(
            f"{where}: not a manifest that this program can trust",
            why=detail,
            remedy="copy the bundle again; if that fails, run `convert` again",
        ) from e
    return manifest


def _parse(document: dict[str, Any]) -> Manifest:
    head = document["head"]
    dimensions = _count(document["embedding"]["dimensions"])
    weights = np.array([_real(w) for w in head["weights"]], np.float32)
    if weights.shape != (dimensions,):
        raise ValueError(f"{len(weights)} head weights for {dimensions} dimensions")
    height, width, channels = (_count(n) for n in document["input"]["shape"])
    return Manifest(
        name=_text(document["name"]),
        version=_count(document["version"]),
        task=_text(document["task"]),
        model=_text(document["model"]),
        input_shape=(height, width, channels),
        preprocessing=_text(document["input"]["preprocessing"]),
        input_quantization=_quantization_in(document["input"]["quantization"]),
        output_quantization=_quantization_in(document["embedding"]["quantization"]),
        dimensions=dimensions,
        head=Head(Difference(head["difference"]), weights, _real(head["bias"])),
        thresholds=tuple(_threshold_in(t) for t in document["thresholds"]),
        drift={_text(k): _text(v) for k, v in document["drift"].items()},
        operators={_text(k): _count(v) for k, v in document["operators"].items()},
        files={
            _text(n): File(_count(f["size"]), _text(f["sha256"]))
            for n, f in document["files"].items()
        },
        provenance={_text(k): _text(v) for k, v in document["provenance"].items()},
    )


def _quantization_out(how: Quantization) -> dict[str, Any]:
    return {"scale": repr(how.scale), "zero_point": how.zero_point}


def _quantization_in(document: dict[str, Any]) -> Quantization:
    scale, zero_point = _real(document["scale"]), document["zero_point"]
    if scale <= 0 or not isinstance(zero_point, int) or not -128 <= zero_point <= 127:
        raise ValueError(f"quantization {document} is not one of int8")
    return Quantization(scale, zero_point)


def _threshold_out(threshold: Threshold) -> dict[str, Any]:
    return {
        "level": threshold.level,
        "distance": repr(threshold.distance),
        "target_fmr": repr(threshold.target_fmr),
        "fmr": _rate_out(threshold.fmr),
        "fnmr": _rate_out(threshold.fnmr),
        "people": threshold.people,
        "images": threshold.images,
        "data": threshold.data,
    }


def _threshold_in(document: dict[str, Any]) -> Threshold:
    distance = _real(document["distance"])
    if not 0.0 < distance < 1.0:
        raise ValueError(f"threshold {distance} is not a distance in (0, 1)")
    return Threshold(
        level=_text(document["level"]),
        distance=distance,
        target_fmr=_real(document["target_fmr"]),
        fmr=_rate_in(document["fmr"]),
        fnmr=_rate_in(document["fnmr"]),
        people=_count(document["people"]),
        images=_count(document["images"]),
        data=_text(document["data"]),
    )


def _rate_out(rate: Rate) -> dict[str, Any]:
    return {"errors": rate.errors, "trials": rate.trials, "upper": repr(rate.upper)}


def _rate_in(document: dict[str, Any]) -> Rate:
    errors = document["errors"]
    if not isinstance(errors, int) or errors < 0:
        raise ValueError(f"{errors!r} is not a count of errors")
    return Rate(errors, _count(document["trials"]), _real(document["upper"]))


def _decimal32(value: np.float32) -> str:
    """The shortest decimal that reads back as the same float32."""
    return np.format_float_positional(value, unique=True, trim="0")


def _real(value: object) -> float:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} should be a decimal in quotes")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a finite number")
    return number


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise TypeError(f"{value!r} should be a whole number above 0")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} should be text")
    return value
