"""`onelook locate`: where the faces of a picture are, and what the gates say of each."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.cli.arguments import Commands
from edge.cli.output import Palette, publish
from edge.contract.errors import OutputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge.contract.face import Face
    from edge.contract.gates import Gate, Limits
    from edge.contract.reasons import Reason


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    locate = commands.add(
        "locate",
        summary="show where the faces of pictures are, and what the gates say of them",
        example="onelook locate visitor.jpg --draw drawn/",
        run=_locate,
    )
    locate.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE")
    locate.add_argument(
        "--draw", type=Path, metavar="DIR", help="write each picture there, faces drawn in"
    )


@dataclass(frozen=True)
class _Judged:
    """One face. reason: the first gate that it fails, None if it could be compared."""

    face: Face
    reason: Reason | None
    gates: tuple[Gate, ...]

    def line(self, paint: Palette) -> str:
        word = paint.good("good") if self.reason is None else paint.bad(self.reason.value)
        x, y, width, height = self.face.box
        measured = ", ".join(f"{gate.name} {gate.measured:.3g}" for gate in self.gates)
        return f"  {word} at {x:.0f}, {y:.0f}, {width:.0f} x {height:.0f}: {measured}"

    def document(self) -> dict[str, Any]:
        return {
            "reason": self.reason.value if self.reason else None,
            "box": [round(v, 2) for v in self.face.box],
            "points": [[round(float(v), 2) for v in point] for point in self.face.points],
            "score": self.face.score,
            "gates": [gate.document() for gate in self.gates],
        }


def _locate(args: argparse.Namespace) -> int:
    import sys

    from edge.config import load_config
    from edge.contract.picture import read_picture
    from edge.eye.locator import load_locator
    from edge.trusted import trusted_bundle

    config = load_config(args.config)
    locator = load_locator(trusted_bundle(config))
    paint, found = Palette(sys.stdout, args.color), []
    for path in args.pictures:
        frame = read_picture(path)
        faces = [_judged(face, frame, config.gates) for face in locator.find_faces(frame)]
        if args.draw is not None:
            _write(args.draw / f"{path.stem}.png", _drawn(frame, faces))
        found.append((path, faces))
    return publish(
        args,
        "locate",
        (line for path, faces in found for line in _told(path, faces, paint)),
        ok=all(faces for _, faces in found),
        pictures=[
            {"picture": str(path), "faces": [face.document() for face in faces]}
            for path, faces in found
        ],
    )


def _told(path: Path, faces: Sequence[_Judged], paint: Palette) -> list[str]:
    count = f"{len(faces)} face" + "s" * (len(faces) != 1) if faces else "no face"
    return [f"{path}: {count}", *(face.line(paint) for face in faces)]


def _judged(face: Face, frame: NDArray[np.uint8], limits: Limits) -> _Judged:
    from edge.contract.align import align
    from edge.contract.quality import judge

    return _Judged(face, *judge(face, frame.shape, align(frame, face.points), limits))


def _drawn(frame: NDArray[np.uint8], faces: Sequence[_Judged]) -> NDArray[np.uint8]:
    """(h, w, 3) uint8 RGB: boxes green or red, the five points, the reason and what was measured.

    A small picture is enlarged until the words can be read.
    """
    import cv2
    import numpy as np

    from edge.drawing import GREEN, RED, draw_face

    factor = max(1.0, 640 / max(frame.shape[:2]))
    size = round(frame.shape[1] * factor), round(frame.shape[0] * factor)
    drawn = np.ascontiguousarray(cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    stroke = max(1, round(max(drawn.shape[:2]) / 400))
    text = 0.0009 * max(drawn.shape[:2])
    for one in faces:
        colour = GREEN if one.reason is None else RED
        x, y, width, _ = (round(v * factor) for v in one.face.box)
        draw_face(drawn, one.face.box, one.face.points, factor, colour, stroke)
        words = [one.reason.value if one.reason else "good"]
        words += [f"{gate.name} {gate.measured:.3g}" for gate in one.gates]
        font = cv2.FONT_HERSHEY_SIMPLEX
        widest = max(cv2.getTextSize(word, font, text, 3 * stroke)[0][0] for word in words)
        left = max(0, min(x + width + 4 * stroke, drawn.shape[1] - widest))
        for number, word in enumerate(words):
            at = left, y + round(30 * text * (number + 1))
            cv2.putText(drawn, word, at, font, text, (0, 0, 0), 3 * stroke)
            cv2.putText(drawn, word, at, font, text, colour, stroke)
    return drawn


def _write(path: Path, picture: NDArray[np.uint8]) -> None:
    from edge.drawing import png

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(picture))
    except OSError as e:
        raise OutputError(
            f"{path}: cannot be written ({e.strerror}).", remedy="Name another folder with --draw."
        ) from e
