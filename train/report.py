"""An evaluation -> report.html for people and evaluation.json for programs, in the run folder."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Any

from edge.contract.errors import OutputError
from train import plots
from train.evaluate import Evaluation, Point
from train.runs import CONFIG, REPORT

DOCUMENT = "evaluation.json"

_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #111; background: #fff;
       max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; margin: 1rem 0; }}
th, td {{ border-bottom: 1px solid #ccc; padding: .3rem .8rem; text-align: right; }}
th:first-child, td:first-child {{ text-align: left; }}
td {{ font-variant-numeric: tabular-nums; }}
figure {{ margin: 1.5rem 0; break-inside: avoid; }}
img {{ max-width: 100%; }}
figcaption, .small {{ font-size: 14px; color: #444; }}
dt {{ font-weight: 600; }} dd {{ margin: 0 0 .5rem 0; overflow-wrap: anywhere; }}
</style>
<h1>{title}</h1>
{body}
</html>
"""

_CLAIMED = """\
<h2>What this says, and what not</h2>
<ul>
<li>It says how often two pictures of these people are told right, one pair at a time, by the
network in floating point. Nobody among them was trained on.</li>
<li>The head's scale was calibrated on these same people. That moves no rate, only what number a
distance is.</li>
<li>It does not say how often a door opens. A press looks several times, at everybody who is
enrolled, through one camera, and the door's network is int8: <code>convert</code> measures that one
anew and chooses its threshold.</li>
<li>It says nothing of people or pictures of another kind: other ages, origins, light.</li>
<li>It says nothing of a photograph held before the camera: one camera may take it for a face.</li>
</ul>
"""


def write_report(folder: Path, evaluation: Evaluation) -> Path:
    """Write evaluation.json and report.html into a run folder; returns the report's path.

    The folder's config.json and history-*.csv, where there are any, become part of the report.

    Raises:
        OutputError: a file cannot be written.
    """
    _write(folder / DOCUMENT, json.dumps(evaluation.document(), indent=1) + "\n")
    title = f"onelook: the network of run {folder.resolve().name}"
    page = _PAGE.format(title=escape(title), body="\n".join(_body(folder, evaluation)))
    _write(folder / REPORT, page)
    return folder / REPORT


def _body(folder: Path, found: Evaluation) -> Iterator[str]:
    yield _sample(found)
    yield _metrics(found)
    yield _rates(found)
    yield _picture(
        plots.roc(found),
        "TAR over FMR on a logarithmic axis",
        "Bars: 95 % intervals, people drawn anew.",
    )
    yield _picture(
        plots.distances(found),
        "Distances of pairs of one person and of two people",
        f"Logarithmic shares in steps of {1 / found.histogram.shape[1]:g}; "
        f"the dashed threshold, {found.threshold:.4f}, is best for all these pairs together.",
    )
    yield _CLAIMED
    yield from _histories(folder)
    yield _made(folder)


def _sample(found: Evaluation) -> str:
    m = found.measured
    cut = f" (of {m.given:,}, drawn at random)" if m.given > m.crops else ""
    return (
        f"<p>Measured on <strong>{m.people:,} people who were not trained on</strong>: "
        f"{m.crops:,} crops{cut}, {m.genuine:,} pairs of one person, "
        f"{m.impostor:,} pairs of two people.</p>"
        f'<p class="small">SHA-256 of the list of pictures: {m.data}; seed {m.seed}.</p>'
    )


def _metrics(found: Evaluation) -> str:
    names = {"f1": "F1"}
    rows = {names.get(name, name.capitalize()): figure for name, figure in found.scores.items()}
    rows |= {"AUC": found.auc, "EER": found.eer}
    table = _table(
        ("", "value", "95 % interval"),
        ((k, f"{v.value:.4f}", f"{v.low:.4f} to {v.high:.4f}") for k, v in rows.items()),
    )
    first, second = found.thresholds
    return (
        f"<h2>One number each</h2>{table}"
        '<p class="small">Accuracy, precision, recall and F1 weigh pairs of one person and of two '
        "alike. The people were cut into two halves; each half was judged at the threshold that is "
        f"best for the other ({first:.4f} and {second:.4f}). "
        "Intervals: people drawn anew with all their pairs, because pairs of one person resemble "
        "each other.</p>"
    )


def _rates(found: Evaluation) -> str:
    if not found.points:
        return "<h2>Rates at a threshold</h2><p>The sample is too small for any of the rates.</p>"
    table = _table(
        ("FMR asked", "threshold", "FMR", "(pairs)", "FNMR", "(pairs)", "TAR", "(people)"),
        (_cells(point) for point in found.points),
    )
    few = ", ".join(f"{level:g}" for level in found.unsupported)
    missing = f" Too few pairs to show an FMR of {few}." if few else ""
    return (
        f"<h2>Rates at a threshold</h2>{table}"
        '<p class="small">The thresholds were chosen on these very pairs. 95 % intervals: '
        "(pairs) Clopper-Pearson as if pairs were independent, too narrow; (people) people drawn "
        f"anew, the one to quote.{missing}</p>"
    )


def _cells(point: Point) -> tuple[str, ...]:
    return (
        f"{point.asked_fmr:g}",
        f"{point.threshold:.5f}",
        f"{point.fmr:.2e}",
        "{:.2e} to {:.2e}".format(*point.fmr_interval),
        f"{point.fnmr:.4f}",
        "{:.4f} to {:.4f}".format(*point.fnmr_interval),
        f"{point.tar.value:.4f}",
        f"{point.tar.low:.4f} to {point.tar.high:.4f}",
    )


def _histories(folder: Path) -> Iterator[str]:
    for file in sorted(folder.glob("history-*.csv"), key=lambda file: file.stat().st_mtime):
        columns = plots.read_history(file)
        if not columns:
            continue  # stopped before its first epoch was whole
        phase = file.stem.removeprefix("history-")
        caption = f"Phase {phase}: {len(columns['epoch'])} epochs, the mean of each."
        yield _picture(plots.history(columns), f"Training, phase {phase}", caption)


def _made(folder: Path) -> str:
    file = folder / CONFIG
    if not file.is_file():
        return ""
    config: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    # Where the data lay is nobody's business; what they are called says which they were.
    config["data"] = [Path(path).name for path in config.get("data", ())]
    rows = (
        f"<dt>{escape(name)}</dt><dd>{escape(_short(value))}</dd>"
        for name, value in sorted(config.items())
    )
    return f"<h2>How it was made</h2><dl>{''.join(rows)}</dl>"


def _short(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _picture(svg: str, name: str, caption: str) -> str:
    # As data, not as elements: the pictures' own identifiers would collide within one page.
    data = base64.b64encode(svg.encode()).decode()
    return (
        f'<figure><img alt="{escape(name)}" src="data:image/svg+xml;base64,{data}">'
        f"<figcaption>{escape(name)}. {escape(caption)}</figcaption></figure>"
    )


def _write(file: Path, text: str) -> None:
    """Whole or not at all."""
    new = file.with_name(f".new-{file.name}")
    try:
        new.write_text(text, encoding="utf-8")
        new.replace(file)
    except OSError as e:
        raise OutputError(
            f"{file}: cannot be written ({e.strerror})", remedy="check the path and the free space"
        ) from e
