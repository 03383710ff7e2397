"""Picture files -> frames, whoever gave the file."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib

import cv2
import numpy as np
import pytest

from edge.contract.errors import DataError, MissingError
from edge.contract.limits import MAX_BYTES, MAX_PIXELS
from edge.contract.picture import read_picture


@pytest.fixture
def red(tmp_path):
    """A picture that is red, and darker on the right."""
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[:, :30, 2], picture[:, 30:, 2] = 250, 50  # OpenCV writes B, G, R
    path = tmp_path / "red.png"
    cv2.imwrite(str(path), picture)
    return path


def test_a_picture_comes_as_rgb(red):
    frame = read_picture(red)
    assert (frame.shape, frame.dtype) == ((40, 60, 3), np.uint8)
    assert frame.flags.c_contiguous
    assert frame[20, 10].tolist() == [250, 0, 0]
    assert frame[20, 50].tolist() == [50, 0, 0]


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_the_usual_formats_and_grey_ones_are_read(tmp_path, suffix):
    path = tmp_path / f"grey{suffix}"
    cv2.imwrite(str(path), np.full((20, 30), 90, np.uint8))
    assert abs(read_picture(path).astype(int) - 90).max() <= 2


def test_a_file_that_is_not_there_is_missing(tmp_path):
    with pytest.raises(MissingError, match=r"none\.jpg: no such file"):
        read_picture(tmp_path / "none.jpg")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"hello", "not a picture"),
        (b"\xff\xd8\xff\xda and no end", "ends in the middle"),
        (b"\x89PNG\r\n\x1a\n", "not a picture"),
    ],
)
def test_what_is_no_picture_is_a_data_error_that_names_the_file(tmp_path, content, words):
    path = tmp_path / "wrong.jpg"
    path.write_bytes(content)
    with pytest.raises(DataError, match=words) as refusal:
        read_picture(path)
    assert str(path) in refusal.value.what
    assert refusal.value.remedy


def test_a_photograph_that_ends_in_the_middle_is_refused(repository, tmp_path):
    whole = (repository / "application_data/input_images/obama_2.jpg").read_bytes()
    path = tmp_path / "half.jpg"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="ends in the middle"):
        read_picture(path)


def test_a_folder_is_no_picture(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_picture(tmp_path)


def test_a_file_without_end_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)  # a hole: no disk is used
    with pytest.raises(DataError, match="larger than 50 MB"):
        read_picture(path)


def test_a_small_file_that_would_be_a_huge_picture_is_refused_by_its_header(repository, tmp_path):
    """In a process of its own: OpenCV reads its limit once, and here it may be loaded already."""
    path = tmp_path / "bomb.png"
    side = int(MAX_PIXELS**0.5) + 1
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(side * (1 + 3 * side)), 1)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )
    assert path.stat().st_size < 1_000_000
    code = (
        "import sys, pathlib, edge.contract.picture as p; p.read_picture(pathlib.Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "DataError" in done.stderr
    assert "too large a picture" in done.stderr


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
