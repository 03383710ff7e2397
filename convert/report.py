"""What a conversion found: a table for people, a document for programs, a plot for the card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge.contract.bundle import EMBEDDING
from edge.contract.levels import Comparison, Level, Sample, Step, rate_text
from edge.contract.manifest import Manifest
from train.files import write_text

if TYPE_CHECKING:
    from convert.build import Built
    from train.rates import Pairs

SCHEMA = "onelook.convert/2"
PLOT = "rates.svg"


def table(built: Built) -> str:
    """The measurements beside each other, 80 columns at most."""
    m, found, spread = built.manifest, built.parity, built.spread
    rows = [
        ("", "float", "int8"),
        ("twin", "", _size(len(built.files[EMBEDDING]))),
        ("operators", "", f"{sum(m.operators.values())}, all in the int8 delegate"),
        ("cosine to float, mean", "1", f"{found.cosine_mean:.4f}"),
        (
            "cosine to float, worst 5 % / lowest",
            "1 / 1",
            f"{found.cosine_5_percent:.4f} / {found.cosine_lowest:.4f}",
        ),
        ("mean cosine of two crops", "", f"{spread.alike:.3f}"),
        ("TAR at FMR 1e-3", _share(found.tar_float_1e3), _share(found.tar_int8_1e3)),
        ("TAR at FMR 1e-4", _share(found.tar_float_1e4), _share(found.tar_int8_1e4)),
        (
            "other verdict: of one, of two people",
            "",
            f"{found.genuine_flips:.2%}, {found.impostor_flips:.1e}",
        ),
    ]
    lines = [f"{name:<36} {left:>8}  {right}".rstrip() for name, left, right in rows]
    return "\n".join([*lines, "", *level_lines(m)])


def level_lines(manifest: Manifest) -> list[str]:
    """Every level's steps as they were tested, with their samples."""
    frames, agree = manifest.burst
    lines = [
        f"thresholds chosen on {_sample(manifest.chosen_on)},",
        f"rates tested on {_sample(manifest.tested_on)}; nobody is in both.",
        f"FMR, FNMR per comparison; FAR, FRR per press ({agree} of {frames} frames).",
        "Bounds hold with 95 % confidence, over people.",
    ]
    for level in manifest.levels:
        lines += ["", f"{level.name}: FMR at most {level.target_fmr:g} for one person"]
        lines += [
            f"{'gallery':<10} {'threshold':>9}  {'FMR':<19} {'FNMR':<13} {'FAR':<17} FRR",
            *(line for step in level.steps for line in _step_lines(step)),
        ]
    return lines


def description(manifest: Manifest) -> str:
    """A bundle in words: `convert inspect`."""
    m, how = manifest, manifest.output_quantization
    height, width, channels = m.input_shape
    rows = {
        "bundle": f"{m.name}, serial {m.serial}, task {m.task}, for onelook {m.needs} or newer",
        "model id": m.model,
        "input": f"{height}x{width}x{channels}, {m.preprocessing}",
        "embedding": f"{m.dimensions} dimensions, scale {how.scale:.6g}, zero {how.zero_point}",
        "head": f"{m.head.difference.value} difference, bias {m.head.bias:.4f}",
        "operators": ", ".join(f"{n} {name}" for name, n in m.operators.items()),
        "files": ", ".join(f"{name} {_size(f.size)}" for name, f in m.files.items()),
    }
    lines = [f"{name:<10} {text}" for name, text in rows.items()]
    lines += ["", "int8 against float:", *_indented(m.parity), "", "made:"]
    lines += _indented(m.provenance)
    return "\n".join([*lines, "", *level_lines(m)])


def document(manifest: Manifest) -> dict[str, Any]:
    """The same for programs; numbers are numbers here."""
    m = manifest
    return {
        "schema": SCHEMA,
        "ok": True,
        "name": m.name,
        "serial": m.serial,
        "needs": m.needs,
        "task": m.task,
        "model": m.model,
        "input_shape": list(m.input_shape),
        "preprocessing": m.preprocessing,
        "dimensions": m.dimensions,
        "operators": dict(m.operators),
        "files": {name: {"size": f.size, "sha256": f.sha256} for name, f in m.files.items()},
        "parity": {k: float(v) for k, v in m.parity.items()},
        "burst": {"frames": m.burst[0], "agree": m.burst[1]},
        "chosen_on": _sample_out(m.chosen_on),
        "tested_on": _sample_out(m.tested_on),
        "levels": [_level(level) for level in m.levels],
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
        for level in built.manifest.levels:
            for step in level.steps:
                at = step.chosen.fmr.value, step.chosen.fnmr.value
                axes.plot(*at, "o" if level is built.manifest.levels[0] else "s", color="black")
                axes.annotate(f" {level.name} {step.people}", at, fontsize=7)
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
    first = manifest.levels[0].steps[0].chosen
    return (
        f"{manifest.name}, serial {manifest.serial}: {_sample(manifest.chosen_on)}, "
        f"{first.fnmr.trials:,} genuine and {first.fmr.trials:,} impostor pairs"
    )


def _indented(named: Mapping[str, str]) -> list[str]:
    width = max(map(len, named), default=0)
    return [f"  {name:<{width}}  {text}" for name, text in named.items()]


def _step_lines(step: Step) -> list[str]:
    presses = step.presses or (None,)
    lines = []
    for press in presses:
        size = f"{press.people} x {press.templates}" if press else f"{step.people}"
        comparison = [rate_text(step.tested.fmr), rate_text(step.tested.fnmr)]
        per_press = [rate_text(press.far), rate_text(press.frr)] if press else ["", ""]
        cut = f"{step.distance:.5f}"
        if lines:
            cut, comparison = "", ["", ""]
        texts = zip((*comparison, *per_press), (20, 14, 18, 0), strict=True)
        columns = "".join(f"{text:<{width}}" for text, width in texts)
        lines.append(f"{size:<10} {cut:>9}  {columns}".rstrip())
    return lines


def _share(rate: float | None) -> str:
    return "" if rate is None else f"{rate:.2%}"


def _sample(sample: Sample) -> str:
    return f"{sample.images:,} pictures of {sample.people:,} people"


def _sample_out(sample: Sample) -> dict[str, Any]:
    return {"people": sample.people, "images": sample.images, "data": sample.data}


def _level(level: Level) -> dict[str, Any]:
    return {
        "level": level.name,
        "target_fmr": level.target_fmr,
        "steps": [
            {
                "people": step.people,
                "distance": step.distance,
                "target_fmr": step.target_fmr,
                "chosen": _comparison(step.chosen),
                "tested": _comparison(step.tested),
                "presses": [press.document() for press in step.presses],
            }
            for step in level.steps
        ],
    }


def _comparison(found: Comparison) -> dict[str, Any]:
    return {"fmr": found.fmr.document(), "fnmr": found.fnmr.document()}


def _size(count: int) -> str:
    return f"{count / 1e6:.2f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"
