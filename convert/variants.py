"""One network in every format that TensorFlow Lite has, side by side: what each costs and loses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert import people
from convert.bench import interleaved, machine
from convert.engine import embedder, engine_version
from convert.parity import cosines, tar
from convert.quantize import KINDS, twin_to
from convert.source import Source, load_source
from convert.thresholds import compare_all
from edge.contract.matching import Head

SCHEMA = "onelook.variants/1"
KERAS = "keras"


@dataclass(frozen=True)
class Ask:
    """Which network, and on whom; sources as of `convert.people`. runs: timed ones of each."""

    source: Path
    people: tuple[str, ...]
    calibration: tuple[str, ...]
    held_out_share: float | None
    runs: int


def variants(ask: Ask, say: Callable[[str], None]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Convert to each of KINDS and measure it: (the document, the files by kind).

    Size in bytes, ms of one picture on one thread (taken in turns), the cosine of its embeddings to
    Keras', and TAR at two FMRs on people who were not trained on. No gate is asked.

    Raises:
        GateError: the converter refused. MissingError, DataError, UsageError: see `people`.
    """
    source = load_source(ask.source)
    say("reading faces")
    crops, person, names = _measured_on(ask, source)
    faces = people.read(
        ask.calibration or (() if source.config.get("data") else ask.people),
        source.config,
        source.input_shape,
        "--calibration",
    )
    calibration = people.calibration(faces, source.input_shape, source.config, names)
    files, embed = {}, {}
    for kind in KINDS:
        say(f"converting to {kind}")
        files[kind] = twin_to(kind, source.twin, calibration)
        embed[kind] = embedder(files[kind])
    say(f"embedding {len(crops)} crops of {len(names)} people by Keras and {len(KINDS)} more")
    exact = source.embed(crops)
    embeddings = {kind: run(crops) for kind, run in embed.items()}
    say("timing")
    ms = interleaved({kind: lambda r=run: r(crops[:1]) for kind, run in embed.items()}, ask.runs)
    head = source.head_parameters()
    rows = {KERAS: _recognition(head, exact, person)}
    for kind in KINDS:
        angles = cosines(exact, embeddings[kind])
        rows[kind] = {
            "bytes": len(files[kind]),
            "ms": ms[kind],
            "cosine_mean": float(angles.mean()),
            "cosine_lowest": float(angles.min()),
            **_recognition(head, embeddings[kind], person),
        }
    document = {
        "schema": SCHEMA,
        "ok": True,
        "machine": machine(),
        "engine": engine_version(),
        "runs": ask.runs,
        "people": len(names),
        "crops": len(crops),
        "variants": rows,
    }
    return document, files


def told(document: dict[str, Any]) -> str:
    """For people, 80 columns."""
    return "\n".join(
        [
            f"{document['machine']}, {document['engine']}, one thread",
            f"{document['crops']:,} crops of {document['people']:,} people",
            _row("variant", "bytes", "ms (95 %)", "cosine, lowest", "TAR at 1e-3", "1e-4"),
            *(_line(kind, row) for kind, row in document["variants"].items()),
        ]
    )


def _line(kind: str, row: dict[str, Any]) -> str:
    tars = [_percent(row[key]) for key in ("tar_1e3", "tar_1e4")]
    size = ms = angle = ""
    if kind != KERAS:
        size = f"{row['bytes']:,}"
        ms = f"{row['ms']['p50']:.2f} ({row['ms']['p95']:.2f})"
        angle = f"{row['cosine_mean']:.4f}, {row['cosine_lowest']:.4f}"
    return _row(kind, size, ms, angle, *tars)


def _row(*cells: str) -> str:
    widths = (-8, 10, 16, 16, 12, 8)
    return " ".join(
        cell.ljust(-width) if width < 0 else cell.rjust(width)
        for cell, width in zip(cells, widths, strict=True)
    )


def _percent(share: float | None) -> str:
    return "too few" if share is None else f"{share:.2%}"


def _measured_on(
    ask: Ask, source: Source
) -> tuple[NDArray[np.uint8], NDArray[np.int32], frozenset[str]]:
    """Crops, whose they are, and the people's names: both halves of those who were held out."""
    halves = people.choosers_and_testers(
        source.config, source.input_shape, people=ask.people, share=ask.held_out_share
    )
    first, second = halves
    person = np.concatenate([first.person, second.person + first.person.max() + 1])
    return np.concatenate([h.crops for h in halves]), person, first.names | second.names


def _recognition(
    head: Head, embeddings: NDArray[np.float32], person: NDArray[np.int32]
) -> dict[str, float | None]:
    pairs = compare_all(head, embeddings, person)
    return {"tar_1e3": tar(pairs, 1e-3), "tar_1e4": tar(pairs, 1e-4)}
