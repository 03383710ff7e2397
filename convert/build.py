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
from convert import parity as gate
from convert.apart import embed_apart
from convert.engine import Twin, head_distances
from convert.errors import GateError
from convert.locator import read_locator
from convert.network import Network, look
from convert.quantize import INT8, head_to_float, twin_to
from convert.source import Source, load_source
from edge.contract.bundle import EMBEDDING, HEAD, model_id
from edge.contract.errors import BundleError, MissingError
from edge.contract.geometry import CROP_SIZE
from edge.contract.levels import Level
from edge.contract.manifest import Manifest
from edge.contract.matching import Head, Quantization, dequantize
from edge.contract.tasks import FACES
from edge.contract.tensor import preprocessing_id
from edge.eye.locator import Locator
from edge.shipped import shipped
from train import presses
from train.quiet import quiet
from train.rates import Pairs

CARD = "card.md"
DEFAULT_TARGET_FMR = 1e-4
NEEDS = "0.3.0"  # the first version whose doors find faces by the bundle's locator
_LONGEST_VALUE = 200  # of a run's config in the manifest; lists of people stay outside


@dataclass(frozen=True)
class Order:
    """What to convert, with which faces, into a bundle of which name.

    Sources of faces are as `convert.people` reads them. target_fmr: None for the default, or the
    lowest that the people can show. locator: a folder with finder and pointer, which only bundles
    for faces get; None: those of the bundle that comes with the program.
    """

    source: Path
    calibration: tuple[str, ...]
    people: tuple[str, ...]
    threshold_people: tuple[str, ...]
    test_people: tuple[str, ...]
    held_out_share: float | None
    target_fmr: float | None
    name: str
    serial: int
    card: Path | None
    locator: Path | None


@dataclass(frozen=True)
class Built:
    """A bundle in memory, and what was measured on the way."""

    manifest: Manifest
    files: Mapping[str, bytes]
    parity: gate.Parity
    spread: check.Spread
    network: Network
    pairs_float: Pairs
    pairs_int8: Pairs


@dataclass(frozen=True)
class _Measurements:
    parity: gate.Parity
    spread: check.Spread
    pairs_float: Pairs
    pairs_int8: Pairs
    levels: tuple[Level, ...]
    engine: str


def build(order: Order, say: Callable[[str], None]) -> Built:
    """Convert, measure, and refuse what a door must not have; writes nothing.

    say: takes one line per step, for whoever waits.

    Raises:
        GateError: a check said no. MissingError, DataError, UsageError: see `source` and `people`.
    """
    card = _card(order.card)
    say(f"reading {order.source}")
    source = load_source(order.source)
    task = people.task_of(source.config)
    of_the_eye = (task, source.input_shape) == (FACES, (CROP_SIZE, CROP_SIZE, 3))
    located = _locator(order.locator) if of_the_eye else {}
    say("reading faces")
    calibration, choosing, testing = _faces(order, source)
    target_fmr = _target(order, choosing, testing, say)
    say(f"converting, calibrated with {len(calibration)} crops")
    embedding = twin_to(INT8, source.twin, calibration)
    twin = Twin(embedding)
    network = _network(embedding)
    check.check_input(twin.input_quantization)
    check.check_operators(network)
    head = head_to_float(source.head)
    measured = _measure(source, embedding, twin, choosing, testing, target_fmr, say)
    _compare_heads(source, head, twin, choosing.crops[:: max(1, len(choosing) // 200)])
    cut = measured.levels[0].steps[0].distance
    files = {
        EMBEDDING: embedding,
        HEAD: head,
        selftest.FILE: selftest.record(
            twin,
            source.head_parameters(),
            cut,
            Locator(*located.values()) if located else None,
            task=task,
        ),
        **located,
    }
    if card is not None:
        files[CARD] = card
    manifest = Manifest(
        name=order.name,
        serial=order.serial,
        needs=NEEDS,
        task=task,
        model=model_id(embedding, source.head_parameters()),
        input_shape=twin.input_shape,
        preprocessing=preprocessing_id(task, *twin.input_shape),
        input_quantization=twin.input_quantization,
        output_quantization=twin.output_quantization,
        dimensions=twin.dimensions,
        head=source.head_parameters(),
        levels=measured.levels,
        burst=(presses.FRAMES, presses.AGREE),
        chosen_on=choosing.sample,
        tested_on=testing.sample,
        parity=measured.parity.texts(),
        operators=network.counts,
        files=write.listed(files),
        provenance=_provenance(source, measured.engine, len(calibration)),
    )
    return Built(
        manifest,
        files,
        measured.parity,
        measured.spread,
        network,
        measured.pairs_float,
        measured.pairs_int8,
    )


def _network(embedding: bytes) -> Network:
    """Raises: GateError: here it is a network that shall not become a bundle's."""
    try:
        return look(embedding)
    except BundleError as e:
        raise GateError(e.what, why=e.why, remedy=e.remedy) from e


def _faces(
    order: Order, source: Source
) -> tuple[NDArray[np.uint8], people.Measured, people.Measured]:
    """(calibration crops, who choose the thresholds, whom they are tested on)."""
    shape, config = source.input_shape, source.config
    choosing, testing = people.choosers_and_testers(
        config,
        shape,
        people=order.people,
        choosing=order.threshold_people,
        testing=order.test_people,
        share=order.held_out_share,
    )
    sources = order.calibration or (() if config.get("data") else order.people)
    faces = people.read(sources, config, shape, "--calibration")
    return (
        people.calibration(faces, shape, config, choosing.names | testing.names),
        choosing,
        testing,
    )


def _target(
    order: Order, choosing: people.Measured, testing: people.Measured, say: Callable[[str], None]
) -> float:
    """What was asked for, or the lowest that these people can show."""
    asked = order.target_fmr is not None
    target = order.target_fmr if order.target_fmr is not None else DEFAULT_TARGET_FMR
    for sample in (choosing, testing):
        thresholds.require_people(sample, target, asked=asked)
    supported = thresholds.supported(target, choosing)
    if supported > target:
        say(f"{choosing.sample.people} people show no FMR below {supported:g}: that is the target")
    return supported


def _measure(  # noqa: PLR0913, PLR0917 - one network, two samples, one target
    source: Source,
    embedding: bytes,
    twin: Twin,
    choosing: people.Measured,
    testing: people.Measured,
    target_fmr: float,
    say: Callable[[str], None],
) -> _Measurements:
    """Embed everybody as a door does, choose, test, and hold the choice against float."""
    head, how = source.head_parameters(), twin.output_quantization
    say(f"int8: {len(choosing)} crops of {choosing.sample.people} people, who choose")
    integers, engine = embed_apart(embedding, choosing.crops)
    spread = check.spread(integers, how)
    check.check_spread(spread, head.difference)
    rounded = dequantize(integers, how)
    distance = thresholds.distance_matrix(head, rounded, rounded)
    pairs_int8 = thresholds.pairs_of(distance, choosing.person)
    say(f"int8: {len(testing)} crops of {testing.sample.people} people, who test")
    burst = _burst(embedding, head, how, testing)
    levels = thresholds.choose(pairs_int8, choosing, testing, burst, target_fmr, say)
    say(f"float: the {len(choosing)} crops again")
    exact = source.embed(choosing.crops)
    pairs_float = thresholds.compare_all(head, exact, choosing.person)
    cut = levels[0].steps[0].distance
    found = gate.parity(exact, rounded, pairs_float, pairs_int8, cut)
    gate.check(found)
    return _Measurements(found, spread, pairs_float, pairs_int8, levels, engine)


def _burst(
    embedding: bytes, head: Head, how: Quantization, testing: people.Measured
) -> presses.Burst:
    frames = presses.frames_of(testing.crops)
    embedded, _ = embed_apart(embedding, np.concatenate(frames))
    real = dequantize(embedded, how).reshape(len(frames), len(testing), -1)
    distance = [thresholds.distance_matrix(head, frame, real[0]) for frame in real]
    return presses.Burst(np.stack(distance), testing.person)


def _compare_heads(source: Source, head_file: bytes, twin: Twin, crops: NDArray[np.uint8]) -> None:
    """On real embeddings, neighbours and far ones, and on random ones of the same size."""
    import keras

    rng = np.random.default_rng(0)
    real = dequantize(twin.embed(crops), twin.output_quantization)
    made = rng.normal(0.0, float(real.std()), (200, real.shape[1])).astype(np.float32)
    left = np.concatenate([real, made])
    right = np.concatenate(
        [np.roll(real, 1, axis=0), made + rng.normal(size=made.shape).astype("f4")]
    )
    by_keras = keras.ops.convert_to_numpy(source.head([left, right]))[:, 0]
    by_file = head_distances(head_file, left, right)
    check.check_head(source.head_parameters(), left, right, by_file, by_keras)


def _provenance(source: Source, engine: str, calibration_crops: int) -> dict[str, str]:
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
        "engine": engine,
    }
    return own | {f"run.{key}": _short(value) for key, value in source.config.items()}


def _short(value: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, list) and all(isinstance(v, str) and "/" in v for v in value):
        value = [Path(v).name for v in value]  # where the data lay is nobody's business
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= _LONGEST_VALUE else f"{len(value)} entries"


def _locator(folder: Path | None) -> dict[str, bytes]:
    return read_locator(shipped("models", "faces") if folder is None else folder)


def _card(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as e:
        raise MissingError(
            f"{path}: no model card there ({e.strerror})", remedy="check the path given with --card"
        ) from e
