"""What was found, as tables that a terminal and a page of Markdown both show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.results import Results


def written(results: Results) -> str:
    """All tables, each under its heading."""
    parts = [
        ("This run", _pairs({"command": results.command, **results.machine})),
        ("Times, ms", _times(results)),
        ("Each network's share of the machine's limit", _networks(results)),
        ("Start and memory", _starts(results)),
        ("On the disk", _disk(results)),
        ("How much less", _ratios(results)),
        ("Cost beside accuracy", _accuracy(results)),
        ("The gallery grows", _gallery(results)),
        ("The event log grows", _log(results)),
        ("Training grows", _training(results)),
        ("On Raspberry Pis, ms of one thread", _boards(results)),
        ("Goals", _goals(results)),
    ]
    told = [f"## {title}\n\n{body}" for title, body in parts if body]
    lines = [f"- {who}: not here: {why}" for who, why in results.absent.items()]
    return "\n\n".join([*told, *(["\n".join(lines)] if lines else [])]) + "\n"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they need; the first one is words, the others are numbers."""
    if not rows:
        return ""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = [("-" * w) if i == 0 else "-" * (w - 1) + ":" for i, w in enumerate(widths)]
    return "\n".join([line(head), line(rule), *map(line, rows)])


def number(value: float | None) -> str:
    """Three digits that say something; a dash for nothing."""
    if value is None:
        return "-"
    if value == 0.0:
        return "0"
    size = abs(value)
    digits = 0 if size >= 100.0 else 1 if size >= 10.0 else 2 if size >= 1.0 else 3
    return f"{value:,.{digits}f}"


def _pairs(words: Mapping[str, str]) -> str:
    return markdown(("what", "value"), list(words.items()))


def _times(results: Results) -> str:
    head = ("what", "threads", "wall median", "wall min", "CPU median", "CPU min", "n")
    rows = []
    for row in results.rows:
        of = row.figures
        cells = (of.wall_median, of.wall_min, of.cpu_median, of.cpu_min)
        rows.append((f"{row.group}: {row.name}", row.threads, *map(number, cells), str(of.n)))
    return markdown(head, rows)


def _networks(results: Results) -> str:
    head = ("network", "million MACs", "threads", "10^9 MACs/s", "of the product's")
    rows = [
        (one.name, number(one.macs / 1e6), one.threads, number(one.rate), f"{one.share:.0%}")
        for one in results.shares
    ]
    return markdown(head, rows)


def _starts(results: Results) -> str:
    head = ("who", "ready after, s", "at most ever, MB")
    rows = [(who, number(start), number(peak)) for who, start, peak in results.starts]
    return markdown(head, rows)


def _disk(results: Results) -> str:
    rows = [(what, number(mb), packages) for what, mb, packages in results.disk]
    return markdown(("what", "MB", "packages"), rows)


def _ratios(results: Results) -> str:
    rows = [(what, number(value)) for what, value in results.ratios.items()]
    return markdown(("what", "times"), rows)


def _accuracy(results: Results) -> str:
    head = ("who", "CPU ms a look", "LFW View 2 %", "TAR at FAR 1e-4 %", "how")
    rows = [
        (dot.name, number(dot.ms), f"{dot.accuracy.view_2:.2f}", _tar(dot.accuracy.tar), dot.said)
        for dot in results.dots
    ]
    return markdown(head, rows)


def _tar(tar: float | None) -> str:
    return "-" if tar is None else f"{tar:.2f}"


def _gallery(results: Results) -> str:
    head = ("templates", "match, CPU ms", "min", "made ready, ms", "MB", "MB during a match")
    rows = []
    for of in results.gallery:
        cells = (of.match_ms, of.match_min_ms, of.start_ms, of.mb, of.peak_mb)
        rows.append((f"{of.templates:,}", *map(number, cells)))
    return markdown(head, rows)


def _log(results: Results) -> str:
    head = ("events", "MB", "commit, ms", "min", "open, ms", "`events -n 20`, ms", "its MB")
    rows = []
    for of in results.log:
        cells = (of.commit_ms, of.commit_min_ms, of.open_ms, of.query_ms, of.query_peak_mb)
        rows.append((f"{of.events:,}", number(of.mb), *map(number, cells)))
    return markdown(head, rows)


def _training(results: Results) -> str:
    head = ("photographs", "cores", "steps of 32 a minute", "photographs/s")
    rows = [
        (
            f"{of.images:,}",
            str(of.cores),
            number(of.images_per_s * 60 / 32),
            number(of.images_per_s),
        )
        for of in results.training
    ]
    return markdown(head, rows)


def _boards(results: Results) -> str:
    """Per stage and board: by yardstick / by rates, and what is told."""
    if not results.boards:
        return ""
    first = next(iter(results.boards.values()))
    rows = []
    for stage in first:
        told = [f"{number(b[stage].ms)} {b[stage].label}" for b in results.boards.values()]
        rules = [
            f"{number(b[stage].by_yardstick)} / {number(b[stage].by_rates)}"
            for b in results.boards.values()
        ]
        rows += [(stage, *told), ("  by yardstick / by rates", *rules)]
    return markdown(("stage", *results.boards), rows)


def _goals(results: Results) -> str:
    rows = [
        (
            goal.what,
            f"{'at most' if goal.at_most else 'at least'} {goal.limit:g} {goal.unit}".strip(),
            number(goal.value),
            goal.verdict,
        )
        for goal in results.goals
    ]
    return markdown(("goal", "limit", "here", "verdict"), rows)
