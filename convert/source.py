"""A run folder, or a bare .keras file -> the float network to convert, and how it was made."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError, MissingError
from edge.contract.matching import Head
from edge.contract.tensor import to_float
from train.quiet import quiet

if TYPE_CHECKING:
    import keras

CONFIG, NETWORK = "config.json", "siamese.keras"


@dataclass(frozen=True)
class Source:
    """A trained siamese network and the run that it comes from.

    config: the run's config.json; empty for a network without one.
    sha256: of the .keras file, in hex.
    """

    siamese: keras.Model
    config: dict[str, Any]
    sha256: str

    @property
    def twin(self) -> keras.Model:
        return self.siamese.get_layer("embedding")

    @property
    def head(self) -> keras.Model:
        return self.siamese.get_layer("head")

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Height, width, channels of a crop as the network sees it."""
        height, width, channels = self.twin.input_shape[1:]
        return height, width, channels

    def embed(self, crops: NDArray[np.uint8], *, batch: int = 64) -> NDArray[np.float32]:
        """Crops (n, h, w, c) uint8 -> embeddings (n, dimensions), by the float network."""
        import keras

        parts = [
            keras.ops.convert_to_numpy(self.twin(to_float(crops[at : at + batch]), training=False))
            for at in range(0, len(crops), batch)
        ]
        return np.concatenate(parts).astype(np.float32)

    def head_parameters(self) -> Head:
        """The head as the plain numbers that the door computes with."""
        from train.models import head_parameters

        return head_parameters(self.siamese)


def load_source(path: Path) -> Source:
    """Read a run folder, or a .keras file; the config beside the file belongs to it.

    Raises:
        MissingError: nothing there. DataError: damaged, or not a siamese network of `train`.
    """
    file = path / NETWORK if path.is_dir() else path
    if not file.is_file():
        raise MissingError(
            f"{file}: no trained network there",
            remedy="name the folder of a run of `python -m train`, or a .keras file",
        )
    config = _config(file.parent / CONFIG)
    siamese = _network(file)
    _look_over(siamese, file)
    return Source(siamese, config, hashlib.sha256(file.read_bytes()).hexdigest())


def _config(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(config, dict):
            raise TypeError(f"{type(config).__name__} instead of an object")
    except (OSError, TypeError, ValueError) as e:
        raise DataError(
            f"{file}: not the config of a run ({e})", remedy="restore it, or train again"
        ) from e
    return config


def _network(file: Path) -> keras.Model:
    with quiet():
        import keras

        import train.models  # noqa: F401 - registers our layers
    try:
        with quiet():
            return keras.saving.load_model(file, compile=False)
    except Exception as e:  # a damaged archive raises a dozen kinds, from zipfile to h5py
        text = str(e).strip() or "no details"
        raise DataError(
            f"{file}: not a Keras network that can be read",
            why=f"{type(e).__name__}: {text.splitlines()[0]}",
            remedy="copy it again; if that fails, train again",
        ) from e


def _look_over(siamese: keras.Model, file: Path) -> None:
    """Raises: DataError: not twin and head of the shapes that can be converted."""
    names = {layer.name for layer in siamese.layers}
    if not {"embedding", "head"} <= names:
        raise DataError(
            f"{file}: not a siamese network (no sub-models named 'embedding' and 'head')",
            remedy="convert what `python -m train` leaves in a run folder",
        )
    into, out = (
        siamese.get_layer("embedding").input_shape,
        siamese.get_layer("embedding").output_shape,
    )
    channels = into[-1]
    if len(into) != 4 or None in into[1:] or channels not in (1, 3) or len(out) != 2:
        raise DataError(
            f"{file}: a twin from {into} to {out} cannot be converted",
            remedy="train a network from (height, width, 1 or 3) to (dimensions,)",
        )
