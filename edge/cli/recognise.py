"""`onelook recognise`: which of a folder's classes does a picture show? No gallery, no door.

It is `onelook test` for networks of any task: faces are located and aligned as the eye does it, of
everything else the whole picture is compared.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.cli.arguments import Commands
from edge.cli.output import Palette, publish
from edge.contract.errors import DataError, MissingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge.config import Config
    from edge.contract.manifest import Manifest

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    recognise = commands.add(
        "recognise",
        summary="say which of a folder's classes a picture shows, for any task",
        example="onelook recognise visitor.jpg --against people/\n"
        "  onelook recognise drawing.png --against characters/ --bundle bundles/characters",
        run=_recognise,
    )
    recognise.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE")
    recognise.add_argument(
        "--against",
        type=Path,
        required=True,
        metavar="DIR",
        help="a folder of pictures for each class; a picture directly in DIR is a class by itself",
    )
    recognise.add_argument(
        "--bundle", type=Path, metavar="DIR", help="the network (else the configured one)"
    )


@dataclass(frozen=True)
class _Found:
    """A picture with its nearest class. threshold: below it the class is taken for the picture's.

    The name of the nearest class is not a decision: `recognised` is.
    """

    picture: Path
    nearest: str
    distance: float
    threshold: float

    @property
    def recognised(self) -> bool:
        return self.distance < self.threshold

    def line(self, paint: Palette) -> str:
        if self.recognised:
            word, sign = paint.good("recognised"), "<"
        else:
            word, sign = paint.bad("not_recognised"), ">="
        compared = f"distance {self.distance:.3f} {sign} {self.threshold:.3f}"
        return f"{self.picture}: {word}, nearest {self.nearest} ({compared})"

    def document(self) -> dict[str, Any]:
        return {
            "picture": str(self.picture),
            "recognised": self.recognised,
            "nearest": self.nearest,
            "distance": self.distance,
            "threshold": self.threshold,
        }


@dataclass(frozen=True)
class _Network:
    """A bundle's network. embed: a picture file -> its embedding, (dimensions,) int8."""

    manifest: Manifest
    embed: Callable[[Path], NDArray[np.int8]]


def _recognise(args: argparse.Namespace) -> int:
    import sys

    from edge.config import load_config

    config = load_config(args.config)
    if args.bundle is not None:
        # Nothing opens by what it says, so nobody need have signed it.
        chosen = replace(config.recognition, bundle=str(args.bundle), allow_unsigned=True)
        config = replace(config, recognition=chosen)
    files = _classes(args.against)
    network = _open(config)
    level = network.manifest.level(config.recognition.level)
    step = level.step(len({name for name, _ in files}), len(files))
    found = _nearest(network, args.pictures, files, step.distance)
    paint = Palette(sys.stdout, args.color)
    return publish(
        args,
        "recognise",
        (one.line(paint) for one in found),
        ok=all(one.recognised for one in found),
        task=network.manifest.task,
        model=network.manifest.model,
        level=level.name,
        pictures=[one.document() for one in found],
    )


def _classes(folder: Path) -> list[tuple[str, Path]]:
    """(class, file) of every picture under a folder; a class is named by its path, as in training.

    Raises:
        MissingError: no such folder. DataError: no picture in it.
    """
    if not folder.is_dir():
        raise MissingError(f"{folder}: no such folder.", remedy="Check the path after --against.")
    found = []
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        if file.suffix.lower() in _SUFFIXES and not any(p.startswith(".") for p in name.parts):
            found.append((name.parent.as_posix() if len(name.parts) > 1 else name.stem, file))
    if not found:
        raise DataError(
            f"{folder}: no pictures to compare with.",
            remedy="Give it one sub-folder of pictures per class, or one picture per class.",
        )
    return found


def _open(config: Config) -> _Network:
    """The configured bundle's network, for faces or for whole pictures as its task has it."""
    from edge.contract.tasks import FACES
    from edge.trusted import trusted_manifest

    task = trusted_manifest(config).manifest.task
    return _of_faces(config) if task == FACES else _of_pictures(config)


def _of_faces(config: Config) -> _Network:
    from edge.cli.desk import look_at, open_desk, usable

    desk = open_desk(config)
    return _Network(desk.bundle.manifest, lambda path: usable(look_at(desk, path)))


def _of_pictures(config: Config) -> _Network:
    from edge.contract.picture import read_picture
    from edge.contract.tensor import to_int8
    from edge.contract.whole import whole
    from edge.eye.golden import load_engine, replay
    from edge.trusted import trusted_bundle

    bundle = trusted_bundle(config)
    engine, shape = load_engine(bundle), bundle.manifest.input_shape
    replay(engine, bundle)
    return _Network(
        bundle.manifest,
        lambda path: engine.run(to_int8(whole(read_picture(path), shape))[None])[0],
    )


def _nearest(
    network: _Network, pictures: list[Path], classes: list[tuple[str, Path]], threshold: float
) -> list[_Found]:
    """Every picture against all of the classes' pictures at once."""
    import numpy as np

    from edge.contract.matching import dequantize, distances

    head, how = network.manifest.head, network.manifest.output_quantization
    # The pictures asked about come first: what is wrong with one is said at once.
    probes = [dequantize(network.embed(picture), how) for picture in pictures]
    known = dequantize(np.stack([network.embed(file) for _, file in classes]), how)
    found = []
    for picture, probe in zip(pictures, probes, strict=True):
        far = distances(head, probe, known)
        at = int(np.argmin(far))
        found.append(_Found(picture, classes[at][0], float(far[at]), threshold))
    return found
