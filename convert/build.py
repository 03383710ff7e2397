"""The way from a trained network to a bundle, gate by gate."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert import check, people, selftest, thresholds, write
from convert.engine import Placement, Twin, engine_version, head_distances
from convert.quantize import head_to_float, twin_to_int8
from convert.quiet import quiet
from convert.source import Source, load_source
from edge.contract.bundle import EMBEDDING, HEAD, model_id
from edge.contract.errors import MissingError
from edge.contract.manifest import Manifest
from edge.contract.matching import dequantize
from edge.contract.tensor import preprocessing_id, to_float
from train.rates import Pairs

CARD = "card.md"
TASK = "faces"
_LONGEST_VALUE = 200  # of a run's config in the manifest; lists of people stay outside


@dataclass(frozen=True)
class Order:
    """What to convert, with which faces, into a bundle of which name."""

    source: Path
    calibration: tuple[Path, ...]
    people: tuple[Path, ...]
    held_out_share: float | None
    target_fmr: float
    name: str
    version: int
    card: Path | None


@dataclass(frozen=True)
class Built:
    """A bundle in memory, and what was measured on the way."""

    manifest: Manifest
    files: Mapping[str, bytes]
    drift: check.Drift
    spread: check.Spread
    placement: Placement
    pairs_float: Pairs
    pairs_int8: Pairs
    calibration_crops: int


@dataclass(frozen=True)
class _Measured:
    drift: check.Drift
    spread: check.Spread
    pairs_float: Pairs
    pairs_int8: Pairs
    chosen: tuple[thresholds.Threshold, ...]


def build(order: Order, say: Callable[[str], None]) -> Built:
    """Convert, measure, and refuse what a door must not have; writes nothing.

    say: takes one line per step, for whoever waits.

    Raises:
        GateError: a check said no. MissingError, DataError, UsageError: see `source` and `people`.
    """
    card = _card(order.card)
    say(f"reading {order.source}")
    source = load_source(order.source)
    say("reading faces")
    calibration, sample = _faces(order, source)
    thresholds.require_sample(sample, order.target_fmr)
    say(f"converting, calibrated with {len(calibration)} crops")
    embedding = twin_to_int8(source.twin, calibration)
    twin = Twin(embedding)
    placement = twin.placement()
    check.check_input(twin.input_quantization)
    check.check_operators(placement)
    head = head_to_float(source.head)
    say(f"measuring {len(sample)} crops of {sample.people} people, float and int8")
    measured = _measure(source, twin, head, sample, order.target_fmr)
    files = {EMBEDDING: embedding, HEAD: head, selftest.FILE: selftest.record(twin)}
    if card is not None:
        files[CARD] = card
    manifest = _manifest(order, source, twin, placement, measured, files, len(calibration))
    return Built(
        manifest,
        files,
        measured.drift,
        measured.spread,
        placement,
        measured.pairs_float,
        measured.pairs_int8,
        len(calibration),
    )


def _faces(order: Order, source: Source) -> tuple[NDArray[np.uint8], people.Sample]:
    """(calibration crops, sample to measure on); the same pictures are read once."""
    shape, config = source.input_shape, source.config
    faces = people.read(order.people, config, "--people")
    share = people.split_share(config, order.held_out_share)
    sample = people.held_out(faces, shape, config, share)
    measured = {faces.names[n] for n in np.unique(sample.person)}
    if order.calibration != order.people:
        faces = people.read(order.calibration, config, "--calibration")
    return people.calibration(faces, shape, config, measured), sample


def _measure(
    source: Source, twin: Twin, head_file: bytes, sample: people.Sample, target_fmr: float
) -> _Measured:
    """Embed everybody twice, and hold the results against each other and against the limits."""
    head, how = source.head_parameters(), twin.output_quantization
    integers = twin.embed(sample.crops)
    spread = check.spread(integers, how)
    check.check_spread(spread, head.difference)
    exact, rounded = _embed_float(source, sample.crops), dequantize(integers, how)
    angles = check.cosines(exact, rounded)
    pairs_int8 = thresholds.compare_all(head, rounded, sample.person)
    chosen = thresholds.choose(pairs_int8, sample, target_fmr)
    pairs_float = thresholds.compare_all(head, exact, sample.person)
    drift = check.Drift(
        float(angles.mean()),
        float(np.quantile(angles, 0.05)),
        float(angles.min()),
        thresholds.fnmr_at_fmr(pairs_float, target_fmr),
        chosen[0].fnmr.value,
    )
    check.check_cosine(drift)
    check.check_fnmr(drift)
    _compare_heads(source, head_file, rounded)
    return _Measured(drift, spread, pairs_float, pairs_int8, chosen)


def _embed_float(
    source: Source, crops: NDArray[np.uint8], *, batch: int = 64
) -> NDArray[np.float32]:
    import keras

    parts = [
        keras.ops.convert_to_numpy(source.twin(to_float(crops[at : at + batch]), training=False))
        for at in range(0, len(crops), batch)
    ]
    return np.concatenate(parts).astype(np.float32)


def _compare_heads(source: Source, head_file: bytes, embeddings: NDArray[np.float32]) -> None:
    """On real embeddings, neighbours and far ones, and on random ones of the same size."""
    import keras

    rng = np.random.default_rng(0)
    real = embeddings[:: max(1, len(embeddings) // 200)]
    made = rng.normal(0.0, float(embeddings.std()), (200, embeddings.shape[1])).astype(np.float32)
    left = np.concatenate([real, made])
    right = np.concatenate(
        [np.roll(real, 1, axis=0), made + rng.normal(size=made.shape).astype("f4")]
    )
    by_keras = keras.ops.convert_to_numpy(source.head([left, right]))[:, 0]
    by_file = head_distances(head_file, left, right)
    check.check_head(source.head_parameters(), left, right, by_file, by_keras)


def _manifest(  # noqa: PLR0913, PLR0917 - it is the sum of them
    order: Order,
    source: Source,
    twin: Twin,
    placement: Placement,
    measured: _Measured,
    files: Mapping[str, bytes],
    calibration_crops: int,
) -> Manifest:
    head = source.head_parameters()
    return Manifest(
        name=order.name,
        version=order.version,
        task=TASK,
        model=model_id(files[EMBEDDING], head),
        input_shape=twin.input_shape,
        preprocessing=preprocessing_id(*twin.input_shape),
        input_quantization=twin.input_quantization,
        output_quantization=twin.output_quantization,
        dimensions=twin.dimensions,
        head=head,
        thresholds=measured.chosen,
        drift=_drift(measured),
        operators=placement.operators,
        files=write.listed(files),
        provenance=_provenance(source, calibration_crops),
    )


def _drift(measured: _Measured) -> dict[str, str]:
    found = measured.drift
    return {
        "cosine_mean": f"{found.mean_cosine:.5f}",
        "cosine_5_percent": f"{found.worst_twentieth:.5f}",
        "cosine_lowest": f"{found.lowest_cosine:.5f}",
        "fnmr_float": f"{found.fnmr_float:.5f}",
        "fnmr_int8": f"{found.fnmr_int8:.5f}",
        "level": measured.chosen[0].level,
    }


def _provenance(source: Source, calibration_crops: int) -> dict[str, str]:
    """What made the network, without paths or dates, so that equal input gives equal bytes."""
    with quiet():
        import keras
        import tensorflow as tf
    own = {
        "network_sha256": source.sha256,
        "calibration_crops": str(calibration_crops),
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "engine": engine_version(),
    }
    return own | {f"run.{key}": _short(value) for key, value in source.config.items()}


def _short(value: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, list) and all(isinstance(v, str) and "/" in v for v in value):
        value = [Path(v).name for v in value]  # where the data lay is nobody's business
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= _LONGEST_VALUE else f"{len(value)} entries"


def _card(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as e:
        raise MissingError(
            f"{path}: no model card there ({e.strerror})", remedy="check the path given with --card"
        ) from e
