"""A camera's buffer, whatever its layout and padding, against the standards' own formulas."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.contract.align import align
from edge.eye.camera.pixels import Layout, to_rgb

# Kr, Kb: ITU-R BT.601-7 section 2.5.1, BT.709-6 section 3.2.
LUMA = {"Rec601": (0.299, 0.114), "Rec709": (0.2126, 0.0722)}
WIDTH, HEIGHT = 96, 64


def colours():
    """(HEIGHT, WIDTH, 3): patches of 16x16 of any colour, so that chroma is whole inside them."""
    small = np.random.default_rng(3).integers(0, 256, (HEIGHT // 16, WIDTH // 16, 3))
    return np.kron(small, np.ones((16, 16, 1), int)).astype(np.uint8)


def planes(rgb, encoding, *, full_range):
    """Y (h, w), U and V (h/2, w/2) of 0 to 255, from the definitions, in floating point."""
    red, blue = LUMA[encoding]
    r, g, b = np.moveaxis(rgb.astype(np.float64) / 255.0, -1, 0)
    y = red * r + (1.0 - red - blue) * g + blue * b
    u, v = (b - y) / (2.0 * (1.0 - blue)), (r - y) / (2.0 * (1.0 - red))
    u, v = (c.reshape(c.shape[0] // 2, 2, c.shape[1] // 2, 2).mean((1, 3)) for c in (u, v))
    if full_range:
        made = 255.0 * y, 255.0 * u + 128.0, 255.0 * v + 128.0
    else:
        made = 219.0 * y + 16.0, 224.0 * u + 128.0, 224.0 * v + 128.0
    return [np.clip(np.rint(plane), 0, 255).astype(np.uint8) for plane in made]


def padded(rows, stride):
    """(h, n) -> (h, stride), what is beyond the picture being rubbish."""
    rubbish = np.random.default_rng(4).integers(0, 256, (len(rows), stride), np.uint8)
    rubbish[:, : rows.shape[1]] = rows
    return rubbish


def packed(rgb, layout):
    memory = rgb[..., ::-1] if layout.format == "RGB888" else rgb
    return padded(memory.reshape(layout.height, -1), layout.stride).ravel()


def buffer_of(rgb, layout):
    """What a camera would hand over, with bytes after the picture as a page-sized buffer has."""
    if layout.packed:
        return np.r_[packed(rgb, layout), np.zeros(100, np.uint8)]
    y, u, v = planes(rgb, layout.encoding, full_range=layout.full_range)
    if layout.format == "NV12":
        chroma = padded(np.stack([u, v], -1).reshape(len(u), -1), layout.stride).ravel()
    else:
        chroma = np.concatenate([padded(c, layout.stride // 2).ravel() for c in (u, v)])
    return np.r_[padded(y, layout.stride).ravel(), chroma, np.zeros(100, np.uint8)]


@pytest.mark.parametrize("padding", [0, 32])
@pytest.mark.parametrize("full_range", [True, False])
@pytest.mark.parametrize("encoding", ["Rec601", "Rec709"])
@pytest.mark.parametrize("format_", ["RGB888", "BGR888", "YUV420", "NV12"])
def test_every_layout_gives_the_colours_that_were_seen(format_, encoding, full_range, padding):
    rgb = colours()
    stride = (3 * WIDTH if format_.endswith("888") else WIDTH) + padding
    layout = Layout(format_, WIDTH, HEIGHT, stride, encoding, full_range)
    seen = to_rgb(buffer_of(rgb, layout), layout)
    assert (seen.dtype, seen.shape, seen.flags.c_contiguous) == (np.uint8, rgb.shape, True)
    off = np.abs(seen.astype(int) - rgb)
    if layout.packed:
        assert off.max() == 0
    else:
        inside = off.reshape(HEIGHT // 16, 16, WIDTH // 16, 16, 3)[:, 2:-2, :, 2:-2]
        assert inside.max() <= 3  # each of Y, U, V is a whole number


@pytest.mark.parametrize("format_", ["YUV420", "NV12"])
def test_opencvs_own_conversion_to_yuv_comes_back(format_):
    """The other way round, by another's code: BT.601 of limited range."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    rgb = np.stack([2 * x + 20, 200 - 2 * y, 60 + x + y], -1).astype(np.uint8)
    i420 = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420).ravel()
    if format_ == "NV12":
        y, uv = i420[: HEIGHT * WIDTH], i420[HEIGHT * WIDTH :].reshape(2, -1)
        i420 = np.r_[y, uv.T.ravel()]
    seen = to_rgb(i420, Layout(format_, WIDTH, HEIGHT, WIDTH, "Rec601", full_range=False))
    assert np.abs(seen.astype(int) - rgb).max() <= 5


def test_a_picture_of_odd_size_is_taken_where_the_layout_allows_it():
    rgb = colours()[:31, :33]
    layout = Layout("RGB888", 33, 31, 128)
    assert np.array_equal(to_rgb(packed(rgb, layout), layout), rgb)
    with pytest.raises(ValueError, match="half a pixel"):
        Layout("NV12", 33, 31, 64)


def test_what_is_converted_can_be_aligned_at_once():
    layout = Layout("BGR888", WIDTH, HEIGHT, 3 * WIDTH)
    points = np.array([[30, 20], [60, 20], [45, 35], [33, 50], [57, 50]], np.float64)
    assert align(to_rgb(packed(colours(), layout), layout), points).shape == (112, 112, 3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("MJPEG", 64, 64, 64), "none of RGB888"),
        (("RGB888", 64, 64, 191), "do not hold 64 pixels"),
        (("NV12", 64, 64, 64, "Rec2020"), "none of Rec601"),
    ],
)
def test_a_layout_that_is_not_known_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        Layout(*arguments)


def test_a_buffer_that_ends_too_early_is_refused():
    layout = Layout("NV12", WIDTH, HEIGHT, WIDTH)
    with pytest.raises(ValueError, match="are not 96 rows of 96"):
        to_rgb(np.zeros(WIDTH * HEIGHT, np.uint8), layout)
