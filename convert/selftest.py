"""Two made pictures with the embeddings that the network gave them: what a door can ask itself.

Made, because no photograph of anybody may travel in a bundle.
"""

from __future__ import annotations

import io
import zipfile

import numpy as np
from numpy.typing import NDArray

from convert.check import cosines
from convert.engine import Twin
from edge.contract.bundle import LEAST_COSINE
from edge.contract.bundle import SELFTEST as FILE
from edge.contract.errors import BundleError
from edge.contract.matching import dequantize


def pictures(shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Two smooth patterns from black to white, (2, height, width, channels) uint8."""
    height, width, channels = shape
    y, x, c = np.meshgrid(
        np.linspace(0, 1, height), np.linspace(0, 1, width), np.arange(channels), indexing="ij"
    )
    oval = np.hypot((x - 0.5) / 0.36, (y - 0.5) / 0.46)
    face = np.clip(1.4 - oval - 0.1 * c, 0, 1) * (1 - 0.7 * (np.abs(y - 0.4) < 0.05))
    waves = 0.5 + 0.5 * np.sin(6 * x + 9 * y + 2 * c)
    return np.stack([(255 * face).astype(np.uint8), (255 * waves).astype(np.uint8)])


def record(twin: Twin) -> bytes:
    """The pictures and the twin's answers, as the bytes of an .npz file; always the same bytes."""
    crops = pictures(twin.input_shape)
    arrays = {"crops": crops, "embeddings": twin.embed(crops)}
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


def replay(twin: Twin, recorded: bytes) -> float:
    """The lowest cosine between today's answers and the recorded ones.

    Raises:
        BundleError: it is below LEAST_COSINE, or there is nothing to compare with.
    """
    try:
        with np.load(io.BytesIO(recorded), allow_pickle=False) as arrays:
            crops, wanted = arrays["crops"], arrays["embeddings"]
        how = twin.output_quantization
        found = float(cosines(dequantize(twin.embed(crops), how), dequantize(wanted, how)).min())
    except (KeyError, OSError, ValueError, zipfile.BadZipFile) as e:
        raise BundleError(
            f"{FILE}: not a recorded answer", why=str(e), remedy="convert the network again"
        ) from e
    if not found >= LEAST_COSINE:
        raise BundleError(
            f"{FILE}: the network answers otherwise than when it was converted "
            f"(cosine {found:.4f}, at least {LEAST_COSINE})",
            remedy="use the engine that the bundle was made with, or convert the network again",
        )
    return found
