"""Golden inputs: made pictures with the network's answers to them, and what these decide (R4.6).

Made, because no photograph of anybody may travel in a bundle. A door runs them before it trusts a
bundle: another engine or machine must give the same verdicts.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from convert.engine import Twin
from convert.errors import GateError
from edge.contract.bundle import SELFTEST as FILE
from edge.contract.matching import Head, dequantize, distances
from edge.contract.tasks import FACES
from edge.eye.golden import locator_answers
from edge.eye.locator import Locator

_PICTURES = 8
_SEED = 0  # of the clouds
# Verdicts are recorded of pairs whose distance is by so much farther from the threshold, in the
# logarithm of the odds, than engines differ (0.1 at a cosine of 0.99 between their embeddings).
_CLEAR = 1.0
_Strokes = Sequence[Sequence[tuple[float, float]]]
# A cross in a bow, and two crooked lines with a dot.
_CHARACTERS: tuple[_Strokes, ...] = (
    (
        ((0.5, 0.2), (0.5, 0.8)),
        ((0.25, 0.45), (0.75, 0.45)),
        ((0.2, 0.6), (0.3, 0.8), (0.5, 0.86), (0.7, 0.8), (0.8, 0.6)),
    ),
    (
        ((0.25, 0.25), (0.6, 0.25), (0.35, 0.5), (0.7, 0.5)),
        ((0.25, 0.8), (0.75, 0.7)),
        ((0.8, 0.25), (0.82, 0.27)),
    ),
)


def pictures(shape: tuple[int, int, int], task: str = FACES) -> NDArray[np.uint8]:
    """Four made pictures, each in two lights, (8, height, width, channels) uint8.

    Two faces and two clouds, or, where no face is looked for, one of each and two characters: a
    network for ink on paper sees nothing in the others. It tells one from another, and none from
    itself in another light: verdicts of both kinds. Each picture reaches from black to white.
    """
    rng = np.random.default_rng(_SEED)
    faces = [
        _face(shape, wide=0.36, eyes=0.40, mouth=0.82, skin=1.0),
        _face(shape, wide=0.44, eyes=0.36, mouth=0.90, skin=0.75),
    ]
    clouds = [_cloud(shape, 3, rng), _cloud(shape, 8, rng)]
    ink = [_character(shape, strokes) for strokes in _CHARACTERS]
    plain = [*faces, *clouds] if task == FACES else [faces[0], clouds[1], *ink]
    lit = [light for one in plain for light in (one, np.clip(1.15 * one + 0.04, 0, 1))]
    stack = np.stack([cv2.blur((255 * f).astype(np.uint8), (3, 3)).reshape(shape) for f in lit])
    stack[:, 0], stack[:, -1] = 0, 255
    return stack


def _face(
    shape: tuple[int, int, int], *, wide: float, eyes: float, mouth: float, skin: float
) -> NDArray[np.float64]:
    """An oval with two eyes and a mouth, 0 to 1; heights from the top, as shares."""
    height, width, channels = shape
    y, x, c = np.meshgrid(
        np.linspace(0, 1, height), np.linspace(0, 1, width), np.arange(channels), indexing="ij"
    )
    oval = np.clip(1.5 - np.hypot((x - 0.5) / wide, (y - 0.55) / 0.48), 0, 1) * skin
    for place in (0.5 - wide / 2, 0.5 + wide / 2):
        oval *= 1 - 0.8 * (np.hypot((x - place) / 0.09, (y - eyes) / 0.04) < 1)
    oval *= 1 - 0.6 * ((np.abs(y - mouth) < 0.03) & (np.abs(x - 0.5) < wide / 2))
    return np.asarray(0.15 * (1 - skin) + oval * (1 - 0.08 * c))


def _character(shape: tuple[int, int, int], strokes: _Strokes) -> NDArray[np.float64]:
    """Ink on paper, 0 to 1: lines between points, (x, y) from the left and the top as shares."""
    height, width, _ = shape
    drawn = np.ones(shape[:2])
    for stroke in strokes:
        points = (np.array(stroke) * (width - 1, height - 1)).round().astype(np.int32)
        pen = max(1, round(min(height, width) / 24))
        cv2.polylines(drawn, [points], isClosed=False, color=0.0, thickness=pen)
    return np.repeat(drawn[..., None], shape[2], axis=-1)


def _cloud(
    shape: tuple[int, int, int], cells: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Smooth colours between cells x cells random ones, 0 to 1."""
    few = rng.uniform(0, 1, (cells, cells, shape[2]))
    return np.clip(cv2.resize(few, shape[1::-1], interpolation=cv2.INTER_CUBIC), 0, 1).reshape(
        shape
    )


def record(
    twin: Twin,
    head: Head,
    threshold: float,
    locator: Locator | None = None,
    *,
    task: str = FACES,
) -> bytes:
    """The bytes of an .npz file, always the same ones.

    crops (8, h, w, c) uint8, embeddings (8, dimensions) int8, pairs (k, 2) uint8, same (k,) bool:
    whether a pair is one person at `threshold`, of the pairs about which no engine is in doubt.
    With a locator also locator (n,) float16: what it says of them, see `edge.eye.golden`.

    Raises:
        GateError: there are no such pairs of both kinds, so that any network could pass.
    """
    crops = pictures(twin.input_shape, task)
    embeddings = twin.embed(crops)
    real = dequantize(embeddings, twin.output_quantization)
    pairs = np.stack(np.triu_indices(_PICTURES, 1), 1)
    found = np.array([distances(head, real[a], real[b][None])[0] for a, b in pairs], np.float64)
    clear = np.abs(_log_odds(found) - _log_odds(np.array(threshold))) > _CLEAR
    same = (found < threshold)[clear]
    if same.all() or not same.any():
        raise GateError(
            f"the network's verdicts on drawn pictures prove nothing: {int(same.sum())} times one "
            f"person, {int((~same).sum())} times two",
            why="A door replays them before it trusts a bundle, and needs clear ones of both.",
            remedy="train longer; a network that learnt something tells a face from a cloud",
        )
    arrays = {
        "crops": crops,
        "embeddings": embeddings,
        "pairs": pairs[clear].astype(np.uint8),
        "same": same,
    }
    if locator is not None:
        arrays["locator"] = locator_answers(crops, locator.find, locator.point).astype(np.float16)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            # A ZipInfo of its own has the date 1980-01-01, so that equal content is equal bytes.
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy"), member.getvalue(), zipfile.ZIP_DEFLATED
            )
    return target.getvalue()


def _log_odds(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    held = np.clip(distance, 1e-9, 1 - 1e-9)
    return np.log(held / (1 - held))


__all__ = ["FILE", "pictures", "record"]
