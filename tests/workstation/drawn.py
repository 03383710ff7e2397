"""People who are drawn, so that no photograph of anybody is needed; and files of them."""

from __future__ import annotations

import io
import tarfile

import cv2
import numpy as np


def draw_face(look, rng):
    """A 112x112 RGB picture of somebody who looks like `look`, held and lit a little otherwise."""
    skin, hair, eyes, mouth, coat = look["colours"]
    x, y = 56 + rng.normal(0, 1.5, 2)
    face = np.empty((112, 112, 3), np.uint8)
    face[:] = coat
    cv2.ellipse(face, (int(x), int(y)), (38, 48), 0, 0, 360, hair, -1)
    cv2.ellipse(face, (int(x), int(y + 10)), look["face"], 0, 0, 360, skin, -1)
    for side in (-1, 1):
        cv2.circle(face, (int(x + side * look["apart"]), int(y - 4)), look["eye"], eyes, -1)
    cv2.ellipse(face, (int(x), int(y + 32)), (look["lips"], 5), 0, 0, 360, mouth, -1)
    lit = face * rng.uniform(0.7, 1.3) + rng.normal(0, 15, face.shape)
    # Black and white somewhere, as in any ordinary picture.
    lit[:8, :8], lit[:8, -8:] = 0, 255
    return np.clip(lit, 0, 255).astype(np.uint8)


def draw_people(people, pictures, seed=0):
    """{name: [picture, ...]} of drawn people."""
    rng = np.random.default_rng(seed)
    drawn = {}
    for number in range(people):
        look = {
            "colours": [tuple(map(int, rng.integers(70, 190, 3))) for _ in range(5)],
            "face": (int(rng.integers(22, 34)), int(rng.integers(28, 40))),
            "apart": int(rng.integers(10, 18)),
            "eye": int(rng.integers(3, 8)),
            "lips": int(rng.integers(8, 20)),
        }
        drawn[f"person_{number:02d}"] = [draw_face(look, rng) for _ in range(pictures)]
    return drawn


def encode(picture):
    return cv2.imencode(".png", picture[..., ::-1])[1].tobytes()


def pack(people, path):
    """People as the tar of crops that `python -m train` reads."""
    with tarfile.open(path, "w") as tar:
        for name, pictures in people.items():
            for number, picture in enumerate(pictures):
                data = encode(picture)
                member = tarfile.TarInfo(f"{name}/{number}.png")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    return path


def spread_out(people, folder):
    """People as a folder with a folder for each."""
    for name, pictures in people.items():
        (folder / name).mkdir(parents=True)
        for number, picture in enumerate(pictures):
            (folder / name / f"{number}.png").write_bytes(encode(picture))
    return folder
