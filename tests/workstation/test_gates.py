"""What the gates cost, counted on the demo's photographs by the bundle that is shipped."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edge.contract.face import Face
from edge.contract.gates import Limits
from edge.contract.reasons import Reason
from train.cli import main
from train.locate.gates import SPOILT, measure

FACE = Face(
    (60.0, 60.0, 80.0, 80.0),
    np.array([[80.0, 90.0], [120.0, 90.0], [100.0, 110.0], [85.0, 130.0], [115.0, 130.0]]),
    0.9,
)


def test_the_demos_photographs_pass_and_are_stopped_when_spoilt(request, capsys, tmp_path):
    root = request.config.rootpath
    command = ["locate", "gates", "--model", str(root / "models" / "faces"), "--json"]
    photos = ["--photos", str(root / "application_data")]
    assert main([*command, *photos, "--out", str(tmp_path)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads((tmp_path / "results.json").read_text())
    assert document["frames"] == 12
    refused = {reason: share["count"] for reason, share in document["refused"].items()}
    assert refused == {"no_face": 3, "two_faces": 1}
    for name in SPOILT:
        row = document["spoilt"][name]
        assert row["frames"] == 8
        if row["wanted"] != "off_angle":
            assert row["stopped"]["value"] >= 0.85, name


def test_it_is_counted_who_is_refused_and_for_what():
    """Of five frames one shows nobody; a spoilt one is stopped if it is darker than the rest."""
    frames = [np.full((240, 240, 3), level, np.uint8) for level in (0, 100, 100, 100, 100)]

    def look(frame):
        if frame.max() == 0:
            return Reason.NO_FACE, None
        return (Reason.TOO_DARK if frame.mean() < 95.0 else None), FACE

    document = measure(look, frames, Limits())
    assert document["refused"]["no_face"]["count"] == 1
    assert document["refused_in_all"]["value"] == pytest.approx(0.2)
    rows = document["spoilt"]
    dark = rows["darker, at 0.7 of the limit"]
    assert (dark["frames"], dark["right"]["count"]) == (4, 4)
    assert rows["half in a shadow"]["reasons"] == {"too_dark": 4}
    assert rows["out of focus by 2 px of the crop"]["stopped"]["count"] == 0
    assert 0.3 < rows["another person beside"]["stopped"]["high"] < 1.0


@pytest.mark.parametrize("name", SPOILT)
def test_what_is_spoilt_stays_a_picture(name):
    frame = np.random.default_rng(0).integers(0, 256, (240, 260, 3), np.uint8)
    made = SPOILT[name][1](frame, FACE, Limits())
    assert (made.dtype, made.ndim, made.shape[2]) == (np.uint8, 3, 3)
    assert made.shape != frame.shape or not np.array_equal(made, frame)
