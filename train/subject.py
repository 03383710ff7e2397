"""What is measured: a bundle as a door runs it, a network as it was trained, or a teacher."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge.contract.bundle import EMBEDDING, FINDER, MANIFEST, load_bundle
from edge.contract.errors import MissingError
from edge.contract.geometry import CROP_SIZE
from edge.contract.levels import Level
from edge.contract.matching import Difference, Head, dequantize
from edge.contract.signing import UNCHECKED
from edge.contract.tasks import FACES
from edge.contract.tensor import to_int8
from train.data import FindFaces, for_network
from train.progress import watched
from train.runs import CONFIG, MODEL, load_network
from train.teacher import Embedder

if TYPE_CHECKING:
    import keras

_RUN = "run."  # what a manifest's provenance calls the keys of a run's config


@dataclass(frozen=True)
class Subject:
    """A network that says how far two crops are from being one person.

    name: of its file or folder. kind: numbers and engine, in words. sha256: of the network.
    shape: of its input. head: the numbers that compare two embeddings.
    embed: crops (n, 112, 112, 3), or (n, *shape) of another task, uint8 -> (n, d) float32.
    config: of the run that made it, as far as it is known; empty where it is not.
    levels: the thresholds that it promises; a bundle has some.
    find: what finds faces in its photographs: a bundle's own locator; else None.
    """

    name: str
    kind: str
    sha256: str
    task: str
    shape: tuple[int, int, int]
    head: Head
    embed: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    config: Mapping[str, Any] = field(default_factory=dict)
    levels: tuple[Level, ...] = ()
    find: FindFaces | None = None


def load_subject(path: Path) -> Subject:
    """A bundle, a run folder, a .keras file, or the .onnx file of a teacher.

    Raises:
        MissingError: nothing of these there. BundleError, DataError: it cannot be read.
    """
    if (path / MANIFEST).is_file():
        return _bundle(path)
    if path.suffix == ".onnx":
        return _teacher(path)
    file = path / MODEL if path.is_dir() else path
    if not file.is_file():
        raise MissingError(
            f"{path}: no network there",
            remedy="name a bundle, a run folder, a siamese.keras or a teacher's .onnx",
        )
    config = file.parent / CONFIG
    return of_keras(
        load_network(file),
        name=path.resolve().name,
        config=json.loads(config.read_text(encoding="utf-8")) if config.is_file() else {},
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
    )


def of_keras(
    siamese: keras.Model, *, name: str, config: Mapping[str, Any], sha256: str = ""
) -> Subject:
    """A network in memory. sha256: of its file, if there is one."""
    import keras

    from train.heads import embed
    from train.models import embedding_of, head_parameters

    height, width, channels = embedding_of(siamese).input_shape[1:]
    return Subject(
        name=name,
        kind=f"float, keras {keras.__version__} on {keras.backend.backend()}",
        sha256=sha256,
        task=config.get("task", FACES),
        shape=(height, width, channels),
        head=head_parameters(siamese),
        embed=lambda crops: embed(siamese, crops),
        config=config,
    )


def _bundle(path: Path) -> Subject:
    """As a door has it: its own engine, one crop at a time."""
    from edge.eye.engine import Engine
    from edge.eye.locator import load_locator

    held = load_bundle(path, UNCHECKED)
    manifest, engine = held.manifest, Engine(held.files[EMBEDDING])

    def embed(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        seen = for_network(crops, manifest.input_shape)
        answers = [engine.run(to_int8(crop)[None]) for crop in watched(seen, "embedding")]
        return dequantize(np.concatenate(answers), manifest.output_quantization)

    return Subject(
        name=f"{manifest.name}, serial {manifest.serial}",
        kind=f"int8, {engine.name}",
        sha256=hashlib.sha256(held.files[EMBEDDING]).hexdigest(),
        task=manifest.task,
        shape=manifest.input_shape,
        head=manifest.head,
        embed=embed,
        config=_config(manifest.provenance),
        levels=manifest.levels,
        # One made before bundles had a locator is measured on faces that the shipped one finds.
        find=load_locator(held).find_faces if FINDER in held.files else None,
    )


def _config(provenance: Mapping[str, str]) -> dict[str, Any]:
    """The run's config; what a manifest has only the length of is left out."""
    config = {}
    for key, text in provenance.items():
        if key.startswith(_RUN):
            try:
                config[key.removeprefix(_RUN)] = json.loads(text)
            except ValueError:
                continue
    return config


def _teacher(path: Path) -> Subject:
    """Its embeddings as students learn them, compared by their angle."""
    teacher = Embedder(path)
    sha256, dimensions = teacher.digest(), teacher.dimensions()
    return Subject(
        name=path.name,
        kind="float, openvino, mean over picture and mirror image",
        sha256=sha256,
        task=FACES,
        shape=(CROP_SIZE, CROP_SIZE, 3),
        head=Head(Difference.SQUARED, np.full(dimensions, 4.0, np.float32), -4.0),
        embed=teacher.embed,
    )
