"""Does the Python that runs this run the shipped bundle? One JSON line says so; exit code 1 if not.

    python tests/arm64/probe.py CROPS.npz ANSWERS.npz [--cpu NAME]

The bundle is loaded as the eye loads it, signature and all, and must answer its golden inputs. What
it makes of the crops is written to ANSWERS.npz, for disagreement.py.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from pathlib import Path

import crops as ours
import cv2
import numpy as np

from edge.contract.bundle import load_bundle
from edge.contract.errors import OnelookError
from edge.contract.matching import dequantize
from edge.contract.signing import Trust, read_key_list, read_owner
from edge.contract.tensor import to_int8
from edge.eye.golden import load_engine, replay
from edge.shipped import shipped
from edge.trusted import SHIPPED_BUNDLE


def shipped_bundle():
    """The shipped bundle, trusted as a door without a configuration of its own would trust it."""
    owner, keys = shipped("models", "owner.pub"), shipped("models", "keys.json")
    known = read_owner(owner.read_bytes(), where=str(owner))
    trusted = read_key_list(keys.read_bytes(), known, where=str(keys))
    return load_bundle(shipped(*SHIPPED_BUNDLE), Trust(trusted.keys))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("crops", type=Path, metavar="CROPS.npz")
    parser.add_argument("answers", type=Path, metavar="ANSWERS.npz")
    parser.add_argument("--cpu", default="", help="the processor's name, for the record")
    args = parser.parse_args()
    about = {
        "machine": platform.machine(),
        "cpu": args.cpu,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "passed": False,
    }
    started = time.perf_counter()
    try:
        bundle = shipped_bundle()
        about |= {"model": bundle.manifest.model, "signer": bundle.signer}
        engine = load_engine(bundle)
        about["engine"] = engine.name
        about["selftest_cosine"] = round(replay(engine, bundle), 4)
        about["passed"] = True
        about |= _asked(engine, bundle.manifest.output_quantization, args, about)
    except OnelookError as e:
        about["why"] = f"{e.what} {e.why}".strip()
    about["seconds"] = round(time.perf_counter() - started, 1)
    sys.stdout.write(json.dumps(about) + "\n")
    return 0 if about["passed"] else 1


def _asked(engine, quantization, args, about):
    """Embed the crops, write what came; how long that took, and how this machine cuts faces out."""
    with np.load(args.crops, allow_pickle=False) as asked:
        started = time.perf_counter()
        embeddings = _embed(engine, asked["crops"])
        ms = 1000 * (time.perf_counter() - started) / len(embeddings)
        np.savez(args.answers, embeddings=embeddings, about=json.dumps(about))
        # The first of each four that crops.photographs() made; they are written in its order.
        plain = (asked["kind"] == "photographs").nonzero()[0][::4]
        found = _own_crops(engine, quantization, asked["crops"][plain])
        return {"ms_per_embedding": round(ms, 1)} | found


def _own_crops(engine, quantization, given):
    """Are the photographs' faces found and cut out here as there? OpenCV rounds otherwise on ARM.

    Returns: how many have the same bytes, the largest difference of a pixel in steps of 255, and
    the lowest cosine between the embeddings of one's own crop and the given one.
    """
    own = np.stack(list(ours.located().values()))
    if own.shape != given.shape:
        return {"crops_alike": f"{len(own)} faces found instead of {len(given)}"}
    apart = np.abs(own.astype(int) - given).reshape(len(own), -1).max(1)
    a, b = (dequantize(_embed(engine, crops), quantization) for crops in (own, given))
    cosine = np.sum(a * b, 1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    return {
        "crops_alike": f"{(apart == 0).sum()} of {len(own)}",
        "crops_largest_step": int(apart.max()),
        "crops_cosine": round(float(cosine.min()), 4),
    }


def _embed(engine, crops):
    return np.concatenate([engine.run(to_int8(crop)[None]) for crop in crops])


if __name__ == "__main__":
    sys.exit(main())
