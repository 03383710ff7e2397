"""What a conversion found: a table for people, a document for programs, a plot for the card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.build import Built
from convert.write import write_text
from edge.contract.bundle import EMBEDDING
from edge.contract.manifest import Manifest, Rate, Threshold
from train.rates import Pairs

SCHEMA = "onelook.convert/1"
PLOT = "rates.svg"


def table(built: Built) -> str:
    """The measurements beside each other, 80 columns at most."""
    m, drift, spread = built.manifest, built.drift, built.spread
    rows = [
        ("", "float", "int8"),
        ("twin", "", _size(len(built.files[EMBEDDING]))),
        ("operators", "", f"{sum(m.operators.values())}, all in the int8 delegate"),
        ("cosine to float, mean", "1", f"{drift.mean_cosine:.4f}"),
        (
            "cosine to float, worst 5 % / lowest",
            "1 / 1",
            f"{drift.worst_twentieth:.4f} / {drift.lowest_cosine:.4f}",
        ),
        ("mean cosine of two crops", "", f"{spread.alike:.3f}"),
        (
            f"FNMR at FMR {m.thresholds[0].target_fmr:g}",
            f"{drift.fnmr_float:.2%}",
            f"{drift.fnmr_int8:.2%}",
        ),
    ]
    lines = [f"{name:<36} {left:>8}  {right}".rstrip() for name, left, right in rows]
    return "\n".join([*lines, "", *threshold_lines(m)])


def threshold_lines(manifest: Manifest) -> list[str]:
    """One line per level, with its sample."""
    lines = [f"{'level':<8} {'threshold':>9}  {'FMR (95 % bound)':<26} FNMR (95 % bound)"]
    lines += [
        f"{t.level:<8} {t.distance:>9.5f}  {_rate(t.fmr):<26} {_rate(t.fnmr)}"
        for t in manifest.thresholds
    ]
    first = manifest.thresholds[0]
    lines.append(
        f"measured on {first.images} crops of {first.people} people that were not trained on: "
        f"{first.fnmr.trials} genuine, {first.fmr.trials} impostor pairs"
    )
    return lines


def description(manifest: Manifest) -> str:
    """A bundle in words: `convert inspect`."""
    m, how = manifest, manifest.output_quantization
    height, width, channels = m.input_shape
    rows = {
        "bundle": f"{m.name}, version {m.version}, task {m.task}",
        "model id": m.model,
        "input": f"{height}x{width}x{channels}, {m.preprocessing}",
        "embedding": f"{m.dimensions} dimensions, scale {how.scale:.6g}, zero {how.zero_point}",
        "head": f"{m.head.difference.value} difference, bias {m.head.bias:.4f}",
        "operators": ", ".join(f"{n} {name}" for name, n in m.operators.items()),
        "files": ", ".join(f"{name} {_size(f.size)}" for name, f in m.files.items()),
        "drift": ", ".join(f"{k} {v}" for k, v in m.drift.items()),
        "made": ", ".join(f"{k} {v}" for k, v in m.provenance.items()),
    }
    lines = [f"{name:<10} {text}" for name, text in rows.items()]
    return "\n".join([*lines, "", *threshold_lines(m)])


def document(manifest: Manifest) -> dict[str, Any]:
    """The same for programs; numbers are numbers here."""
    m = manifest
    return {
        "schema": SCHEMA,
        "ok": True,
        "name": m.name,
        "version": m.version,
        "model": m.model,
        "input_shape": list(m.input_shape),
        "preprocessing": m.preprocessing,
        "dimensions": m.dimensions,
        "operators": dict(m.operators),
        "files": {name: {"size": f.size, "sha256": f.sha256} for name, f in m.files.items()},
        "drift": {k: _number(v) for k, v in m.drift.items()},
        "thresholds": [_threshold(t) for t in m.thresholds],
        "provenance": dict(m.provenance),
    }


def write_plot(folder: Path, built: Built) -> Path:
    """FNMR over FMR of both networks with the thresholds marked, as `rates.svg` in `folder`."""
    import io

    import matplotlib as mpl

    # Without a salt and a date of their own, equal figures would be unequal files.
    with mpl.rc_context({"svg.hashsalt": "onelook", "svg.fonttype": "none"}):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 4.5), layout="constrained")
        axes = figure.add_subplot()
        for pairs, label, style in (
            (built.pairs_float, "float", "--"),
            (built.pairs_int8, "int8", "-"),
        ):
            axes.plot(*_trade(pairs), style, label=label, drawstyle="steps-post")
        for t in built.manifest.thresholds:
            axes.plot(t.fmr.value, t.fnmr.value, "o", color="black")
            axes.annotate(f" {t.level} {t.distance:.3f}", (t.fmr.value, t.fnmr.value))
        axes.set(xscale="log", xlabel="FMR (strangers taken for one person)")
        axes.set(ylabel="FNMR (one person not recognised)", ylim=(0, None))
        axes.set_title(_title(built.manifest), fontsize=10)
        axes.grid(visible=True, alpha=0.3)
        axes.legend()
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    write_text(folder / PLOT, text.getvalue())
    return folder / PLOT


def _trade(pairs: Pairs, points: int = 400) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """FMR (from one pair up) and FNMR at thresholds that are impostors' distances."""
    impostor, genuine = np.sort(pairs.impostor), np.sort(pairs.genuine)
    ranks = np.unique(np.geomspace(1, len(impostor), points).astype(int)) - 1
    cut = impostor[ranks]
    fmr = (ranks + 1) / len(impostor)
    return fmr, 1.0 - np.searchsorted(genuine, cut, side="right") / len(genuine)


def _title(manifest: Manifest) -> str:
    first = manifest.thresholds[0]
    return (
        f"{manifest.name} {manifest.version}: {first.people} people, {first.images} crops, "
        f"{first.fnmr.trials:,} genuine and {first.fmr.trials:,} impostor pairs"
    )


def _rate(rate: Rate) -> str:
    digits = ".2%" if rate.upper >= 0.001 else ".1e"
    return f"{rate.value:{digits}} (< {rate.upper:{digits}})"


def _threshold(t: Threshold) -> dict[str, Any]:
    def rate(r: Rate) -> dict[str, float]:
        return {"errors": r.errors, "trials": r.trials, "value": r.value, "upper": r.upper}

    return {
        "level": t.level,
        "distance": t.distance,
        "target_fmr": t.target_fmr,
        "fmr": rate(t.fmr),
        "fnmr": rate(t.fnmr),
        "people": t.people,
        "images": t.images,
        "data": t.data,
    }


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _size(count: int) -> str:
    return f"{count / 1e6:.2f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"
