"""The crops that every engine and machine is asked about, made once, on this machine.

    python tests/arm64/crops.py CROPS.npz [--faces PEOPLE.tar ...]

Three sets: `photographs`, the faces of application_data as they are, mirrored, darker and shifted;
`made`, pictures of nothing, from noise to edges; `faces`, of files as training reads them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from edge.contract.align import align
from edge.contract.geometry import CROP_SIZE
from edge.contract.picture import read_picture
from edge.eye.locator import shipped_locator
from edge.shipped import shipped

_MADE = 24


def located():
    """{file name: crop} of every shipped photograph that shows one face; (112, 112, 3) uint8."""
    crops = {}
    for path in sorted(shipped("application_data").glob("*_images/*.jpg")):
        frame = read_picture(path)
        faces = shipped_locator().find_faces(frame)
        if len(faces) == 1:
            crops[path.name] = align(frame, faces[0].points)
    return crops


def photographs():
    """(person, crop) of the located ones, and of each what another press might have seen."""
    for name, crop in located().items():
        person = name.rpartition("_")[0]
        darker = (crop.astype(np.uint16) * 5 // 8).astype(np.uint8)
        for seen in (crop, crop[:, ::-1], darker, np.roll(crop, (2, 3), (0, 1))):
            yield (name if person == "stranger" else person), seen


def made():
    """(name, crop) of noise in blocks of 1 to 56 pixels: flat, rough, grey, coloured."""
    rng = np.random.default_rng(1)
    for number in range(_MADE):
        block = (1, 2, 4, 8, 16, 56)[number % 6]
        cells, contrast = CROP_SIZE // block, (255, 64)[number // 12]
        noise = rng.integers(0, contrast + 1, (cells, cells, (3, 1)[number // 6 % 2]))
        grown = np.kron(noise, np.ones((block, block, 1), np.int64)) + (255 - contrast) // 2
        yield f"made {number}", np.broadcast_to(grown, (CROP_SIZE, CROP_SIZE, 3)).astype(np.uint8)


def faces(paths):
    """(person, crop) of people on whom the shipped network was not trained."""
    from probe import shipped_bundle

    from train.data import load_faces, split_people

    share = float(shipped_bundle().manifest.provenance["run.held_out_share"])
    held_out = split_people(load_faces(paths), share)[1]
    for person, crop in zip(held_out.person, held_out.crops, strict=True):
        yield held_out.names[person], crop


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("crops", type=Path, metavar="CROPS.npz")
    parser.add_argument("--faces", type=Path, nargs="+", help="tars or folders of people")
    args = parser.parse_args()
    sets = {"photographs": photographs(), "made": made()}
    if args.faces:
        sets["faces"] = faces(args.faces)
    rows = [(kind, who, crop) for kind, crops in sets.items() for who, crop in crops]
    kinds, people, crops = zip(*rows, strict=True)
    np.savez_compressed(
        args.crops, kind=np.array(kinds), person=np.array(people), crops=np.stack(crops)
    )


if __name__ == "__main__":
    main()
