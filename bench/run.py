"""One run: what is measured, in which order, and what is read from it."""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench import compare, here, networks, peers, press
from bench.boards import measured_boards
from bench.growth import gallery_growth, log_growth
from bench.ours import timed_stages
from bench.photographs import demo_photographs, tar_photographs, write_all
from bench.press_imports import dnn_users, foreign_imports
from bench.results import Results
from bench.rounds import Found, in_turns
from bench.training import training_rates
from bench.yardsticks import kept_in, yardsticks
from edge.cli.progress import Progress
from edge.config import load_config
from edge.contract.bundle import Bundle
from edge.trusted import trusted_bundle

_STARTS = 5
_FROM_TAR = 20


def run(args: argparse.Namespace) -> Results:
    """All of it.

    Raises:
        OnelookError: the bundle, the photographs or a simulated door are not to be had.
    """
    progress = Progress()
    bundle = trusted_bundle(load_config(None))
    results = Results(here.command(), here.here())
    progress.show("yardsticks are made, once", 0, 1)
    others, why = yardsticks(kept_in())
    if why:
        results.absent["yardsticks"] = why
    everything = [*networks.of_bundle(bundle), *others]
    with tempfile.TemporaryDirectory(prefix="onelook-bench-") as folder:
        shown = _shown(Path(folder))
        _take_turns(args, results, bundle, everything, shown)
        # By themselves: threads that wait for work turn idle loops, which would count above.
        threaded = networks.timed_networks(everything, os.cpu_count() or 1, "all")
        results.rows += in_turns(threaded, args.rounds, progress)
        _starts_and_disk(results, bundle, shown, args.peers_python, progress)
    results.gallery = gallery_growth(bundle, progress)
    results.log = list(log_growth(args.events, progress))
    if args.training:
        results.training = list(training_rates(progress))
    _read(results, everything, bundle, args.boards)
    return results


def _take_turns(
    args: argparse.Namespace,
    results: Results,
    bundle: Bundle,
    everything: list[networks.Network],
    shown: Path,
) -> None:
    """Our stages, our networks, whole presses and all peers, in one sequence of rounds."""
    photographs = tar_photographs(args.faces, _FROM_TAR) if args.faces else demo_photographs()
    frames = shown.parent / "frames"
    frames.mkdir()
    write_all(photographs, frames)
    with press.Door(bundle, shown) as door, ExitStack() as stack:
        found = peers.start(frames, len(photographs), args.peers_python, args.teachers)
        stack.callback(found.close)
        things = [
            *timed_stages(load_config(None), bundle, photographs),
            *networks.timed_networks(everything, 1, "one"),
            *door.timed(),
            *found.timed,
        ]
        results.rows = in_turns(things, args.rounds, Progress())
        results.absent |= found.absent
        results.peaks_mb = door.peaks_mb()
        results.own_mb, results.share_mb = door.own_mb(), door.share_mb()
        for (group, threads), worker in found.workers.items():
            if threads == "one":
                results.starts.append((group, worker.start_ms / 1000.0, worker.peak_mb))


def _shown(folder: Path) -> Path:
    """The second photograph of who is enrolled, as the simulated camera's file."""
    return write_all(demo_photographs()[1:2], folder)[0]


def _starts_and_disk(
    results: Results, bundle: Bundle, shown: Path, peers_python: Path, progress: Progress
) -> None:
    progress.show("cold starts", 0, 3)
    results.ready_s = press.cold_starts(_STARTS)
    both = sum(results.peaks_mb.values())
    results.starts = [
        ("onelook: eye and door", statistics.median(results.ready_s), both),
        *((f"  of it {name}", None, peak) for name, peak in results.peaks_mb.items()),
        ("  both now, what they share counted once", None, results.share_mb),
        ("  both now, without code and files", None, results.own_mb),
        *results.starts,
    ]
    progress.show("imports", 1, 3)
    foreign, results.modules = foreign_imports(bundle, shown)
    results.foreign = sorted(foreign) + dnn_users()
    progress.show("installations", 2, 3)
    results.disk = compare.disk(peers_python)
    progress.end()


def _read(
    results: Results, everything: list[networks.Network], bundle: Bundle, boards: Path
) -> None:
    """What follows from the rows."""
    found = Found(results.rows)
    results.shares = compare.shares(found, everything)
    results.ratios = compare.ratios(found)
    results.dots = compare.dots(found, bundle)
    results.boards = compare.boards(found, everything, measured_boards(boards))
    results.goals = compare.reached(results, found)
