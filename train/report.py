"""An evaluation -> report.html for people and results.json for programs, in one folder."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.levels import rate_text
from train import plots
from train.evaluate import FMR_LEVELS, Evaluation, Point
from train.faults import Fault
from train.files import write_text
from train.results import results
from train.runs import CONFIG, REPORT

DOCUMENT = "results.json"

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
.faces {{ display: flex; flex-wrap: wrap; gap: 1rem; }} .faces figure {{ margin: 0; width: 230px; }}
dt {{ font-weight: 600; }} dd {{ margin: 0 0 .5rem 0; overflow-wrap: anywhere; }}
</style>
<h1>{title}</h1>
{body}
</html>
"""

_CLAIMED = """\
<h2>What this says, and what not</h2>
<ul>
<li>It says how often two pictures of these people are told right, one pair at a time. Nobody among
them was trained on.</li>
<li>{calibrated}</li>
<li>It says nothing of people or pictures of another kind: other ages, origins, light.</li>
<li>It says nothing of a photograph held before the camera: one camera may take it for a face.</li>
</ul>
"""
_FLOAT = (
    "It does not say how often a door opens. A press looks several times, at everybody who is "
    "enrolled, and the door's network is int8: <code>convert</code> measures that one anew and "
    "chooses its threshold. If the network's run calibrated its head on these same people, that "
    "moves no rate, only what number a distance is."
)
_INT8 = (
    "How often a door opens follows from the bundle's own thresholds, below; a press looks several "
    "times, at everybody who is enrolled, and through another camera than these pictures."
)


def write_report(
    folder: Path,
    found: Evaluation,
    *,
    command: str,
    sources: Mapping[str, Evaluation] | None = None,
    faces: bool = False,
) -> Path:
    """Write results.json and report.html into a folder; returns the report's path.

    The folder's config.json and history-*.csv, where there are any, become part of the report.

    Args:
        folder: to write into; made if it is not there.
        found: what was measured.
        command: that did it.
        sources: the same for each source of pictures.
        faces: whether the worst pairs are shown, with the names of their files.

    Raises:
        OutputError: a file cannot be written.
    """
    document = results(found, command=command, sources=sources, faces=faces)
    write_text(folder / DOCUMENT, json.dumps(document, indent=1) + "\n")
    title = f"onelook: {found.subject.name}"
    body = "\n".join(_body(folder, found, sources or {}, faces=faces))
    write_text(folder / REPORT, _PAGE.format(title=escape(title), body=body))
    return folder / REPORT


def _body(
    folder: Path, found: Evaluation, sources: Mapping[str, Evaluation], *, faces: bool
) -> Iterator[str]:
    yield _sample(found)
    yield _metrics(found)
    yield _rates(found)
    if sources:
        yield _sources(sources)
    yield _picture(
        plots.roc(found),
        "ROC: TAR over FMR on a logarithmic axis",
        "Bars: 95 % intervals, people drawn anew.",
    )
    yield _picture(
        plots.det(found),
        "DET: FNMR over FMR, both on logarithmic axes",
        "Nearer to the lower left corner is better.",
    )
    yield _picture(
        plots.distances(found),
        "Distances of pairs of one person and of two people",
        f"Logarithmic shares in steps of {1 / found.histogram.shape[1]:g}; "
        f"the dashed threshold, {found.threshold:.4f}, is best for all these pairs together.",
    )
    if found.kept:
        yield _levels(found)
    yield _CLAIMED.format(calibrated=_INT8 if found.kept else _FLOAT)
    if faces:
        yield _worst("Two people whom the network takes for one", found.accepts)
        yield _worst("One person whom the network takes for two", found.rejects)
    yield from _histories(folder)
    yield _made(folder)


def _sample(found: Evaluation) -> str:
    m = found.measured
    cut = f" (of {m.given:,}, drawn at random)" if m.given > m.crops else ""
    lost = ""
    if m.left_out:
        listed = "".join(f"<li>{escape(p.file)}: {escape(p.why)}</li>" for p in m.left_out)
        lost = (
            f"<details><summary>{len(m.left_out):,} more pictures gave no crop, "
            f"{len(m.left_out) / (m.given + len(m.left_out)):.1%} of all</summary>"
            f"<ul>{listed}</ul></details>"
        )
    return (
        f"<p>{escape(found.subject.name)}, {escape(found.subject.kind)}.</p>"
        f"<p>Measured on <strong>{m.people:,} people who were not trained on</strong>: "
        f"{m.crops:,} crops{cut}, {m.genuine:,} pairs of one person, "
        f"{m.impostor:,} pairs of two people.</p>{lost}"
        f'<p class="small">SHA-256 of the list of pictures: {m.data}; of the network: '
        f"{found.subject.sha256 or 'not saved yet'}; seed {m.seed}.</p>"
    )


def _metrics(found: Evaluation) -> str:
    judged = found.judged
    names = {"f1": "F1"}
    rows = {names.get(name, name.capitalize()): figure for name, figure in judged.scores.items()}
    rows |= {"AUC": found.auc, "EER": found.eer}
    table = _table(
        ("", "value", "95 % interval"),
        ((k, f"{v.value:.4f}", f"{v.low:.4f} to {v.high:.4f}") for k, v in rows.items()),
    )
    lowest, highest = min(judged.thresholds), max(judged.thresholds)
    lost = f" {judged.lost} pairs lack a crop and count as not matched." if judged.lost else ""
    return (
        f"<h2>One number each</h2>{table}"
        '<p class="small">Accuracy, precision, recall and F1 weigh pairs of one person and of two '
        f"alike, over {escape(judged.over)}: each was judged at the threshold that is best for the "
        f"others ({lowest:.4f} to {highest:.4f}); their accuracies differ by a standard deviation "
        f"of {judged.spread:.4f}.{lost} "
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


def _sources(sources: Mapping[str, Evaluation]) -> str:
    levels = [point.asked_fmr for point in next(iter(sources.values())).points]
    rows = []
    for name, found in sources.items():
        tars = {point.asked_fmr: point.tar for point in found.points}
        cells = (
            f"{tars[x].value:.4f} ({tars[x].low:.4f} to {tars[x].high:.4f})"
            if x in tars
            else "too few"
            for x in FMR_LEVELS
            if x in levels
        )
        rows.append(
            (escape(name), f"{found.measured.people:,}", f"{found.measured.crops:,}", *cells)
        )
    head = ("", "people", "crops", *(f"TAR at FMR {x:g}" for x in FMR_LEVELS if x in levels))
    return (
        f"<h2>Each source</h2>{_table(head, rows)}"
        '<p class="small">Each among its own people only, at its own thresholds.</p>'
    )


def _levels(found: Evaluation) -> str:
    rows = []
    for step in found.kept:
        at = step.comparison
        cells = (
            f"{step.level}, {step.people}",
            f"{step.distance:.5f}",
            rate_text(at.fmr),
            rate_text(at.fnmr),
            *(_worst_rate(rate) for rate in (step.worst_fmr, step.worst_fnmr)),
        )
        rows.append(cells)
    table = _table(
        ("level, people", "distance below", "FMR", "FNMR", "worst person's FMR", "FNMR"), rows
    )
    pressed = [
        (
            f"{step.level}, {press.people} x {press.templates}",
            rate_text(press.far),
            rate_text(press.frr),
        )
        for step in found.kept
        for press in step.presses
    ]
    presses = ""
    if pressed:
        head = ("level, people x photographs", "a stranger's press opens", "an owner's is refused")
        presses = f"<h3>Presses that were played</h3>{_table(head, pressed)}"
    return (
        f"<h2>At the bundle's own thresholds</h2>{table}{presses}"
        '<p class="small">In brackets what these people support with 95 % certainty, rounded up. '
        "Pictures that gave no crop come on top.</p>"
    )


def _worst_rate(rate: float | None) -> str:
    return "too few" if rate is None else f"{rate:.2%}"


def _worst(title: str, faults: Iterable[Fault]) -> str:
    shown = "".join(
        f"<figure>{''.join(map(_thumbnail, fault.crops))}"
        f"<figcaption>{fault.distance:.4f}: {escape(' and '.join(fault.files))}</figcaption>"
        "</figure>"
        for fault in faults
    )
    return f'<h2>{escape(title)}</h2><div class="faces">{shown}</div>'


def _thumbnail(crop: NDArray[np.uint8]) -> str:
    png = cv2.imencode(".png", crop[..., ::-1])[1].tobytes()
    data = base64.b64encode(png).decode()
    return f'<img alt="" width="112" src="data:image/png;base64,{data}">'


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
