"""How far do engines and machines disagree about the same crops? A table, or --json.

    python tests/arm64/disagreement.py CROPS.npz REFERENCE.npz OTHER.npz... [--json]

REFERENCE and OTHER are answers of probe.py. Verdicts are those of every pair of crops at the
bundle's thresholds for one person. They are asked twice of each other: with templates and probes
both its own, and with probes of its own against templates of the reference, as after a gallery
was moved to another machine.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from probe import shipped_bundle

from edge.contract.matching import dequantize, distances


@dataclass(frozen=True)
class Answers:
    """about: the line of probe.py. embeddings: (n, dimensions) int8."""

    about: dict
    embeddings: np.ndarray

    @property
    def label(self):
        a = self.about
        machine = f"{a['machine']} {a['cpu']}".strip()
        return f"{machine}, Python {a['python'].rpartition('.')[0]}, {a['engine']}"


def read(path):
    with np.load(path, allow_pickle=False) as arrays:
        return Answers(json.loads(str(arrays["about"])), arrays["embeddings"])


def compare(reference, other, person, manifest):
    """All figures of one other and one set of crops, whose embeddings are given, int8."""
    a, b = (dequantize(e, manifest.output_quantization) for e in (reference, other))
    cosine = np.sum(a * b, 1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    apart = np.abs(reference.astype(int) - other)
    theirs = _table(manifest.head, a, a)
    first, second = np.triu_indices(len(person), 1)
    same = (person[first] == person[second], person[first] != person[second])
    figures = {
        "crops": len(person),
        "bytes_alike": int((apart == 0).all(1).sum()),
        "cosine_mean": float(cosine.mean()),
        "cosine_5_percent": float(np.quantile(cosine, 0.05)),
        "cosine_lowest": float(cosine.min()),
        "largest_step": int(apart.max()),
        "steps_mean": float(apart.mean()),
    }
    for name, table in (
        ("own", _table(manifest.head, b, b)),
        ("moved", _table(manifest.head, a, b)),
    ):
        was, now = theirs[first, second], table[first, second]
        figures[name] = {"largest_distance": float(np.abs(was - now).max())}
        for level in manifest.levels:
            cut = np.float32(level.steps[0].distance)
            before, after = was < cut, now < cut
            figures[name][level.name] = {
                who: {
                    "pairs": int(of.sum()),
                    "lost": int((before & ~after & of).sum()),
                    "gained": int((after & ~before & of).sum()),
                    "accepted_by_reference": int((before & of).sum()),
                }
                for who, of in zip(("same_person", "two_people"), same, strict=True)
            }
    return figures


def _table(head, templates, probes):
    """Distances (templates, probes)."""
    return np.stack([distances(head, probe, templates) for probe in probes], 1)


def _tables(reference, kind, rows, levels):
    """Lines of markdown. A verdict's cell: accepted by the reference, - lost, + gained."""
    first = rows[0][1]
    pairs = first["own"][levels[0]]
    yield (
        f"\n{kind}: {first['crops']} crops, {pairs['same_person']['pairs']} pairs of one person, "
        f"{pairs['two_people']['pairs']} of two; against {reference.label}"
    )
    yield from _head("engine", "equal bytes", "cosine mean", "5 %", "lowest", "largest step")
    for label, f in rows:
        cosines = (f"{f[n]:.4f}" for n in ("cosine_mean", "cosine_5_percent", "cosine_lowest"))
        yield _row(label, f["bytes_alike"], *cosines, f["largest_step"])
    verdicts = [f"{level}, {who}" for level in levels for who in ("one person", "two people")]
    yield from _head("engine", "templates", "largest distance", *verdicts)
    for label, f in rows:
        for whose in ("own", "moved"):
            cells = [
                f"{v['accepted_by_reference']} -{v['lost']} +{v['gained']}"
                for level in levels
                for v in f[whose][level].values()
            ]
            yield _row(label, whose, f"{f[whose]['largest_distance']:.4f}", *cells)


def _head(*cells):
    return "", _row(*cells), _row(*["---"] * len(cells))


def _row(*cells):
    return f"| {' | '.join(map(str, cells))} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("crops", type=Path, metavar="CROPS.npz")
    parser.add_argument("reference", type=Path, metavar="REFERENCE.npz")
    parser.add_argument("others", type=Path, nargs="+", metavar="OTHER.npz")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    args = parser.parse_args()
    manifest = shipped_bundle().manifest
    reference, others = read(args.reference), [read(path) for path in args.others]
    with np.load(args.crops, allow_pickle=False) as asked:
        kinds, person = asked["kind"], asked["person"]
    found = {
        str(kind): [
            (
                o.label,
                compare(
                    *(e.embeddings[kinds == kind] for e in (reference, o)),
                    person[kinds == kind],
                    manifest,
                ),
            )
            for o in others
        ]
        for kind in dict.fromkeys(kinds)
    }
    if args.json:
        document = {
            "reference": reference.about,
            "others": [o.about for o in others],
            "sets": {kind: dict(rows) for kind, rows in found.items()},
        }
        sys.stdout.write(json.dumps(document, indent=1) + "\n")
        return
    for kind, rows in found.items():
        levels = [level.name for level in manifest.levels]
        sys.stdout.writelines(f"{line}\n" for line in _tables(reference, kind, rows, levels))


if __name__ == "__main__":
    main()
