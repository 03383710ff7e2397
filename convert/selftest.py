"""Golden inputs: made pictures with the network's answers to them, and what these decide (R4.6).

Made, because no photograph of anybody may travel in a bundle. A door runs them before it trusts a
bundle: another engine or machine must give the same verdicts.
"""

from __future__ import annotations

import io
import zipfile

import cv2
import numpy as np
from numpy.typing import NDArray

from convert.engine import Twin
from edge.contract.bundle import SELFTEST as FILE
from edge.contract.matching import Head, dequantize, distances

_PICTURES = 8
# Verdicts are recorded of pairs whose distance is by so much farther from the threshold, in the
# logarithm of the odds, than engines differ (0.1 at a cosine of 0.99 between their embeddings).
_CLEAR = 1.0


def pictures(shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Four drawn faces, each in two lights, (8, height, width, channels) uint8, black to white."""
    height, width, channels = shape
    y, x, c = np.meshgrid(
        np.linspace(0, 1, height), np.linspace(0, 1, width), np.arange(channels), indexing="ij"
    )
    made = []
    for wide, eyes, mouth, skin in (
        (0.36, 0.40, 0.82, 1.0),
        (0.28, 0.46, 0.72, 0.55),
        (0.44, 0.36, 0.90, 0.75),
        (0.33, 0.50, 0.78, 0.35),
    ):
        oval = np.clip(1.5 - np.hypot((x - 0.5) / wide, (y - 0.55) / 0.48), 0, 1) * skin
        for place in (0.5 - wide / 2, 0.5 + wide / 2):
            oval *= 1 - 0.8 * (np.hypot((x - place) / 0.09, (y - eyes) / 0.04) < 1)
        oval *= 1 - 0.6 * ((np.abs(y - mouth) < 0.03) & (np.abs(x - 0.5) < wide / 2))
        face = 0.15 * (1 - skin) + oval * (1 - 0.08 * c)
        made += [face, np.clip(1.15 * face + 0.04, 0, 1)]
    stack = np.stack([cv2.blur((255 * f).astype(np.uint8), (3, 3)).reshape(shape) for f in made])
    stack[:, 0], stack[:, -1] = 0, 255
    return stack


def record(twin: Twin, head: Head, threshold: float) -> bytes:
    """The bytes of an .npz file, always the same ones.

    crops (8, h, w, c) uint8, embeddings (8, dimensions) int8, pairs (k, 2) uint8, same (k,) bool:
    whether a pair is one person at `threshold`, of the pairs about which no engine is in doubt.
    """
    crops = pictures(twin.input_shape)
    embeddings = twin.embed(crops)
    real = dequantize(embeddings, twin.output_quantization)
    pairs = np.stack(np.triu_indices(_PICTURES, 1), 1)
    found = np.array([distances(head, real[a], real[b][None])[0] for a, b in pairs], np.float64)
    clear = np.abs(_log_odds(found) - _log_odds(np.array(threshold))) > _CLEAR
    arrays = {
        "crops": crops,
        "embeddings": embeddings,
        "pairs": pairs[clear].astype(np.uint8),
        "same": (found < threshold)[clear],
    }
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
