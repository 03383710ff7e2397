"""A foreign embedding network -> a run folder that `build` converts like one of our own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convert.equalize import equalized
from convert.errors import GateError
from convert.from_onnx import read_onnx, side_of, to_keras
from convert.parity import cosines
from convert.source import CONFIG, NETWORK
from edge.contract.errors import DataError, MissingError, OutputError
from edge.contract.geometry import CROP_SIZE
from edge.contract.matching import Difference
from edge.contract.tasks import FACES
from edge.contract.tensor import to_float
from train.quiet import quiet

if TYPE_CHECKING:
    import keras

# How networks of the field want a picture of 0 to 255: (mean, standard deviation) by channel.
PREPROCESSINGS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "imagenet": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    "127.5": ((127.5,) * 3, (127.5,) * 3),
    "128": ((127.5,) * 3, (128.0,) * 3),
    "255": ((0.0,) * 3, (255.0,) * 3),
    "none": ((0.0,) * 3, (1.0,) * 3),
}
LEAST_COSINE = 0.9999
_TRIED = 8  # crops on which both must agree
_RANGED = 64  # crops that show how far each channel goes, in every place of its map


@dataclass(frozen=True)
class Foreign:
    """A network of others, and what it wants to see.

    preprocessing: of PREPROCESSINGS. bgr: its channels are blue, green, red. view: (left, top,
    side) of the square of our 112x112 crop that it shall see, enlarged to its own input.
    licence: what its weights may be used for, in words.
    """

    path: Path
    preprocessing: str
    bgr: bool
    view: tuple[int, int, int]
    licence: str


def import_network(foreign: Foreign, people: list[str], out: Path) -> dict[str, Any]:
    """Write `out/siamese.keras` and its config; returns what was found.

    people: whom the head's scale is calibrated on, sources as of `train.people`.

    Raises:
        MissingError, DataError: the file cannot be read or translated.
        GateError: the translation answers otherwise than the original.
        OutputError: `out` exists already or cannot be written.
    """
    if not foreign.path.is_file():
        raise MissingError(f"{foreign.path}: not there", remedy="name an .onnx or .keras file")
    if (out / NETWORK).exists():
        raise OutputError(f"{out}: holds a network already", remedy="name another folder with -o")
    with quiet():
        import keras

        from train.heads import calibrate, embed
        from train.models import head_parameters, siamese_of
        from train.pairs import all_pairs
        from train.people import read_sources
    faces = read_sources(people, task=FACES, shape=(CROP_SIZE, CROP_SIZE, 3))
    onnx = foreign.path.suffix == ".onnx"
    build, side, original = _onnx(foreign, faces.crops) if onnx else _keras(foreign.path)
    crop = keras.Input((CROP_SIZE, CROP_SIZE, 3), name="crop")
    twin = keras.Model(crop, build(_prepared(crop, foreign, side)), name="embedding")
    siamese = siamese_of(twin, Difference.SQUARED, name="siamese_imported")
    least = _compare(siamese, faces.crops, foreign, side, original)
    found = embed(siamese, faces.crops)
    calibrate(siamese, all_pairs(found, faces.person, head_parameters(siamese)))
    config = {
        "command": "import",
        "data": [],  # nobody among our people was trained on, as far as we know
        "network": foreign.path.name,
        "imported_sha256": hashlib.sha256(foreign.path.read_bytes()).hexdigest(),
        "preprocessing": foreign.preprocessing + (" bgr" if foreign.bgr else ""),
        "view": list(foreign.view),
        "licence": foreign.licence,
    }
    _write(siamese, config, out)
    return {
        "schema": "onelook.import/1",
        "ok": True,
        "network": foreign.path.name,
        "sha256": config["imported_sha256"],
        "weights": int(twin.count_params()),
        "dimensions": int(twin.output_shape[-1]),
        "cosine_to_original": least,
        "run": str(out),
    }


def told(document: dict[str, Any]) -> str:
    """For people."""
    return (
        f"{document['network']}: {document['weights']:,} weights, {document['dimensions']} "
        f"dimensions, cosine to the original at least {document['cosine_to_original']:.6f}\n"
        f"{document['run']}"
    )


_Build = Callable[[Any], Any]
# Pictures as the network itself wants them, (n, h, w, 3) float32 -> (n, dimensions).
_Original = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def _onnx(foreign: Foreign, crops: NDArray[np.uint8]) -> tuple[_Build, tuple[int, int], _Original]:
    model = read_onnx(foreign.path)
    import onnxruntime

    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (into,) = session.get_inputs()

    def original(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        answers = [session.run(None, {into.name: one[None]})[0] for one in _first(pictures)]
        return np.concatenate(answers).reshape(len(pictures), -1)

    side = side_of(model)
    seen = _pictures(_some(crops, _RANGED), foreign, side)
    return to_keras(equalized(model, _first(seen))), side, original


def _first(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, height, width, 3) -> (n, 3, height, width)."""
    return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))


def _keras(path: Path) -> tuple[_Build, tuple[int, int], _Original]:
    with quiet():
        import keras

        import train.models  # noqa: F401 - registers our layers
    try:
        with quiet():
            network = keras.saving.load_model(path, compile=False)
    except Exception as e:  # a damaged archive raises a dozen kinds
        raise DataError(
            f"{path}: not a Keras network that can be read ({type(e).__name__})",
            remedy="name an .onnx or .keras file",
        ) from e
    into, out = getattr(network, "input_shape", None), getattr(network, "output_shape", None)
    if not isinstance(into, tuple) or len(into) != 4 or into[-1] != 3 or None in into[1:]:
        raise DataError(
            f"{path}: takes {into} and gives {out}",
            remedy="name a network from (height, width, 3) to (dimensions,)",
        )
    return (
        network,
        (into[1], into[2]),
        lambda pictures: np.asarray(network.predict_on_batch(pictures)),
    )


def _prepared(crop: Any, foreign: Foreign, side: tuple[int, int]) -> Any:  # noqa: ANN401 - Keras tensors
    """Our crop in [-1, 1) -> what the network wants, by layers that become part of it.

    Not folded into its first convolution: that one pads with zeros of its own, which are the mean
    colour, and another number here.
    """
    from keras import layers

    left, top, size = foreign.view
    seen = crop
    if foreign.view != (0, 0, CROP_SIZE):
        rest = CROP_SIZE - size
        cut = ((top, rest - top), (left, rest - left))
        seen = layers.Cropping2D(cut, name="view")(seen)
    if (size, size) != side:
        seen = layers.Resizing(*side, interpolation="bilinear", name="enlarged")(seen)
    mean, sd = (np.array(v) for v in PREPROCESSINGS[foreign.preprocessing])
    kernel = np.zeros((1, 1, 3, 3), np.float32)
    for colour in range(3):
        kernel[0, 0, 2 - colour if foreign.bgr else colour, colour] = 128.0 / sd[colour]
    scaled = layers.Conv2D(3, 1, name="scaled")
    made = scaled(seen)
    scaled.set_weights([kernel, ((128.0 - mean) / sd).astype(np.float32)])
    return made


def _some(crops: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    return crops[:: max(1, len(crops) // count)][:count]


def _pictures(
    crops: NDArray[np.uint8], foreign: Foreign, side: tuple[int, int]
) -> NDArray[np.float32]:
    """Our crops (n, h, w, 3) -> (n, *side, 3) as the network wants them, scaled without a layer."""
    import keras

    plain = Foreign(foreign.path, "none", foreign.bgr, foreign.view, "")
    crop = keras.Input((CROP_SIZE, CROP_SIZE, 3))
    seen = keras.Model(crop, _prepared(crop, plain, side)).predict_on_batch(to_float(crops))
    mean, sd = (np.array(v, np.float32) for v in PREPROCESSINGS[foreign.preprocessing])
    return ((np.asarray(seen) - mean) / sd).astype(np.float32)


def _compare(
    siamese: keras.Model,
    crops: NDArray[np.uint8],
    foreign: Foreign,
    side: tuple[int, int],
    original: _Original,
) -> float:
    """The lowest cosine between the translation and the original, which sees the same pixels."""
    from train.heads import embed

    tried = _some(crops, _TRIED)
    wanted = original(_pictures(tried, foreign, side))
    least = float(cosines(embed(siamese, tried), wanted).min())
    if not least >= LEAST_COSINE:
        raise GateError(
            f"the translated network answers otherwise: cosine {least:.4f}, "
            f"at least {LEAST_COSINE}",
            why="One of its layers means something else in Keras.",
            remedy="report it with the network",
        )
    return least


def _write(siamese: keras.Model, config: dict[str, Any], out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / CONFIG).write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
        siamese.save(out / f".new-{NETWORK}")
        (out / f".new-{NETWORK}").replace(out / NETWORK)
    except OSError as e:
        raise OutputError(
            f"{out}: cannot be written ({e.strerror})", remedy="check the path and the free space"
        ) from e
