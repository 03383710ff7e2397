"""Drawn characters as Omniglot keeps them: alphabets, each drawn by the same number of people."""

from __future__ import annotations

import zipfile

import cv2
import numpy as np

SIDE = 105


def draw(strokes, hand):
    """A character of (n, 3, 2) points in 105x105 pixels, ink on paper. hand: decides how."""
    picture = np.full((SIDE, SIDE), 255, np.uint8)
    shift = hand.normal(0, 3.0, 2)
    for ends in strokes:
        points = (ends + shift + hand.normal(0, 2.0, ends.shape)).round().astype(np.int32)
        cv2.polylines(picture, [points], isClosed=False, color=0, thickness=3)
    return picture


def draw_alphabets(folder, *, alphabets, characters, drawers, seed=11):
    """`folder/alphabet_0/character01/0001_01.png`, and so on; returns the folder."""
    rng, number = np.random.default_rng(seed), 0
    for alphabet in range(alphabets):
        for character in range(1, characters + 1):
            number += 1
            place = folder / f"alphabet_{alphabet}" / f"character{character:02d}"
            place.mkdir(parents=True)
            strokes = rng.uniform(15, 90, (2, 3, 2))
            for drawer in range(1, drawers + 1):
                picture = draw(strokes, rng)
                cv2.imwrite(str(place / f"{number:04d}_{drawer:02d}.png"), picture)
    return folder


def pack_runs(path, *, runs=20, ways=20, seed=5):
    """A zip like all_runs.zip of new characters, where the right one is always class01's place.

    That is: item k shows class k, in order, so whoever takes the first of equals for the nearest
    and never shuffles is right too often.
    """
    rng = np.random.default_rng(seed)
    with zipfile.ZipFile(path, "w") as archive:
        for run in range(1, runs + 1):
            lines = []
            for way in range(1, ways + 1):
                strokes = rng.uniform(15, 90, (2, 3, 2))
                known = f"run{run:02d}/training/class{way:02d}.png"
                asked = f"run{run:02d}/test/item{way:02d}.png"
                for name in (known, asked):
                    png = cv2.imencode(".png", draw(strokes, rng))[1].tobytes()
                    archive.writestr(name, png)
                lines.append(f"{asked} {known}")
            archive.writestr(f"run{run:02d}/class_labels.txt", "\n".join(lines) + "\n")
    return path
