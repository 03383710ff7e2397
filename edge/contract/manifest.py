"""What a bundle promises: `manifest.json`, parsed strictly and written canonically.

Fractions are written as decimal strings, so that parsing and writing again gives the same bytes on
every machine; the bytes are what a hash, and later a signature, covers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.contract.errors import BundleError
from edge.contract.fields import count, real, text
from edge.contract.levels import Level, Sample, level_in, level_out, sample_in, sample_out
from edge.contract.matching import Difference, Head, Quantization

SCHEMA = "onelook.bundle/2"
MAX_BYTES = 128 * 1024  # Koch's head alone has 4,096 weights


@dataclass(frozen=True)
class File:
    """A file of the bundle: its length in bytes and its SHA-256 in hex."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """Everything that the door must know about a network, and nothing that it must guess."""

    name: str
    serial: int  # rises with every release; a door remembers the highest that it accepted
    needs: str  # the oldest version of the program that may load it
    task: str
    model: str  # the model id: 16 hex digits over the twin's bytes and the head
    input_shape: tuple[int, int, int]  # height, width, channels
    preprocessing: str
    input_quantization: Quantization
    output_quantization: Quantization
    dimensions: int
    head: Head
    levels: tuple[Level, ...]
    burst: tuple[int, int]  # frames of a press, and how many must agree, in the simulated presses
    chosen_on: Sample  # whom the thresholds were chosen on
    tested_on: Sample  # whom the rates were measured on afterwards, other people
    parity: Mapping[str, str]  # what int8 changes against float
    operators: Mapping[str, int]
    files: Mapping[str, File]
    provenance: Mapping[str, str]

    def level(self, name: str) -> Level:
        """Raises: BundleError: the sample was too small for a level of that name."""
        for level in self.levels:
            if level.name == name:
                return level
        known = ", ".join(level.name for level in self.levels)
        raise BundleError(
            f"bundle {self.name}: no thresholds for the level {name!r}",
            remedy=f"set [recognition] level to one of: {known}",
        )


def to_bytes(manifest: Manifest) -> bytes:
    """The canonical form: sorted keys, no spaces, ASCII, fractions as strings, a final newline."""
    document = {
        "schema": SCHEMA,
        "name": manifest.name,
        "serial": manifest.serial,
        "needs": manifest.needs,
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
        "levels": [level_out(level) for level in manifest.levels],
        "burst": list(manifest.burst),
        "chosen_on": sample_out(manifest.chosen_on),
        "tested_on": sample_out(manifest.tested_on),
        "parity": dict(manifest.parity),
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
    dimensions = count(document["embedding"]["dimensions"])
    weights = np.array([real(w) for w in head["weights"]], np.float32)
    if weights.shape != (dimensions,):
        raise ValueError(f"{len(weights)} head weights for {dimensions} dimensions")
    height, width, channels = (count(n) for n in document["input"]["shape"])
    frames, agree = (count(n) for n in document["burst"])
    levels = tuple(level_in(level) for level in document["levels"])
    if not levels or len({level.name for level in levels}) != len(levels):
        raise ValueError("no levels, or two of one name")
    return Manifest(
        name=text(document["name"]),
        serial=count(document["serial"]),
        needs=text(document["needs"]),
        task=text(document["task"]),
        model=text(document["model"]),
        input_shape=(height, width, channels),
        preprocessing=text(document["input"]["preprocessing"]),
        input_quantization=_quantization_in(document["input"]["quantization"]),
        output_quantization=_quantization_in(document["embedding"]["quantization"]),
        dimensions=dimensions,
        head=Head(Difference(head["difference"]), weights, real(head["bias"])),
        levels=levels,
        burst=(frames, agree),
        chosen_on=sample_in(document["chosen_on"]),
        tested_on=sample_in(document["tested_on"]),
        parity={text(k): text(v) for k, v in document["parity"].items()},
        operators={text(k): count(v) for k, v in document["operators"].items()},
        files={
            text(n): File(count(f["size"]), text(f["sha256"])) for n, f in document["files"].items()
        },
        provenance={text(k): text(v) for k, v in document["provenance"].items()},
    )


def _quantization_out(how: Quantization) -> dict[str, Any]:
    return {"scale": repr(how.scale), "zero_point": how.zero_point}


def _quantization_in(document: dict[str, Any]) -> Quantization:
    scale, zero_point = real(document["scale"]), document["zero_point"]
    if scale <= 0 or not isinstance(zero_point, int) or not -128 <= zero_point <= 127:
        raise ValueError(f"quantization {document} is not one of int8")
    return Quantization(scale, zero_point)


def _decimal32(value: np.float32) -> str:
    """The shortest decimal that reads back as the same float32."""
    return np.format_float_positional(value, unique=True, trim="0")
