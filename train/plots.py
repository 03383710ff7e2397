"""A report's pictures, as SVG: equal figures give equal bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from train.evaluate import Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Apart for colour-blind readers, and in grey on paper (Okabe, Ito 2008).
_GENUINE, _IMPOSTOR, _LINE = "#0072b2", "#d55e00", "#000000"
_SIZE = (6.4, 4.0)  # inches
_ACROSS = 3  # small charts in a row


def roc(evaluation: Evaluation) -> str:
    """TAR over FMR, from the smallest rate that the sample can show; points of the table marked."""
    figure, axes = _one()
    seen = evaluation.roc[:, evaluation.roc[0] > 0]
    axes.plot(*seen, drawstyle="steps-post", color=_GENUINE)
    for point in evaluation.points:
        tar = point.tar
        bars = [[max(tar.value - tar.low, 0.0)], [max(tar.high - tar.value, 0.0)]]
        axes.errorbar(point.asked_fmr, tar.value, bars, fmt="o", color=_LINE, capsize=3)
    axes.set(xscale="log", xlabel="FMR: pairs of two people taken for one", ylim=(None, 1.01))
    axes.set(ylabel="TAR: pairs of one person recognised")
    return _svg(figure)


def det(evaluation: Evaluation) -> str:
    """FNMR over FMR: the same as `roc`, stretched where a lock works."""
    figure, axes = _one()
    fmr, tar = evaluation.roc
    seen = (fmr > 0) & (tar < 1)
    axes.plot(fmr[seen], 1.0 - tar[seen], drawstyle="steps-post", color=_GENUINE)
    axes.plot(*[evaluation.eer.value] * 2, "o", color=_LINE)
    axes.annotate(" EER", [evaluation.eer.value] * 2)
    axes.set(xscale="log", xlabel="FMR: pairs of two people taken for one")
    axes.set(yscale="log", ylabel="FNMR: pairs of one person not recognised")
    return _svg(figure)


def distances(evaluation: Evaluation) -> str:
    """How pairs of one person and of two are spread over the distance, with the threshold."""
    figure, axes = _one()
    left, genuine, impostor = evaluation.histogram
    edges = np.r_[left, 1.0]
    axes.stairs(genuine, edges, color=_GENUINE, fill=True, alpha=0.5, label="one person")
    axes.stairs(impostor, edges, color=_IMPOSTOR, linewidth=1.5, label="two people")
    axes.axvline(evaluation.threshold, color=_LINE, linestyle="--", label="threshold")
    # Most pairs lie at the two ends; the errors are the few between, which only a logarithm shows.
    axes.set(yscale="log", xlabel="distance, 0 = one person", ylabel="share of the pairs")
    axes.legend()
    return _svg(figure)


def history(columns: Mapping[str, NDArray[np.float64]]) -> str:
    """One small chart for every column but `epoch`, over it."""
    from matplotlib.figure import Figure

    names = [name for name in columns if name != "epoch"]
    rows = -(-len(names) // _ACROSS)
    figure = Figure(figsize=(3.0 * _ACROSS, 2.2 * rows), layout="constrained")
    for place, name in enumerate(names, 1):
        axes = figure.add_subplot(rows, _ACROSS, place)
        axes.plot(columns["epoch"] + 1, columns[name], ".-", color=_GENUINE)
        axes.set_title(name, fontsize=9)
        axes.grid(visible=True, alpha=0.3)
    return _svg(figure)


def read_history(file: Path) -> dict[str, NDArray[np.float64]]:
    """The numbers of a `history-*.csv` by column; a line that was cut off is left out.

    Keras adds columns of validation, "NA" throughout where there is none: they are left out too.
    """
    lines = [line.split(",") for line in file.read_text(encoding="utf-8").splitlines()]
    if not lines:
        return {}
    head = lines[0]
    rows = [
        [np.nan if value == "NA" else float(value) for value in line]
        for line in lines[1:]
        if len(line) == len(head)
    ]
    columns = np.array(rows, np.float64).reshape(-1, len(head)).T
    return {
        name: values
        for name, values in zip(head, columns, strict=True)
        if not np.isnan(values).all()
    }


def _one() -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.add_subplot()
    axes.grid(visible=True, alpha=0.3)
    return figure, axes


def _svg(figure: Figure) -> str:
    import matplotlib as mpl

    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "onelook"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()
