"""What the rows say of each other: shares, ratios, dots of the plot, boards, goals."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping
from pathlib import Path

from bench import footprint, networks, ours, peers, press
from bench.accuracy import PEERS, of_card
from bench.boards import BOARDS
from bench.clock import Figures, ratio
from bench.goals import Goal, goals
from bench.networks import Network, gmacs_per_s
from bench.projection import Here, There, project_all
from bench.results import Dot, Results, Share
from bench.rounds import Found
from edge.contract.bundle import Bundle

_CARD = "card.md"
_REFERENCES = ("1 reference", "10 references", "50 references")
_LOOK = ("locate", "align", "quality", "embed")


def shares(found: Found, everything: list[Network]) -> list[Share]:
    """Each network's rate, of the plain product's of its own kind and threads."""
    macs = {one.name: one.macs for one in everything}
    made = []
    for one in everything:
        product = networks.PRODUCT_FLOAT if "float" in one.name else networks.PRODUCT_INT8
        for threads in ("one", "all"):
            taken = found.get(networks.GROUP, one.name, threads)
            limit = found.get(networks.GROUP, product, threads)
            if taken is None or limit is None:
                continue
            rate = gmacs_per_s(one.macs, taken, threads)
            most = gmacs_per_s(macs[product], limit, threads)
            made.append(Share(one.name, one.macs, threads, rate, rate / most))
    return made


def ratios(found: Found) -> dict[str, float]:
    """How many times less our press, and one of its looks, takes than others."""
    whole = found.get(press.GROUP, press.WHOLE)
    look = _sum(found, ours.GROUP, ours.ONE_FRAME)
    theirs = {
        "face_recognition's press": found.get(peers.DLIB, peers.DLIB_PRESS),
        **{f"the seed's way, {n}": found.get(peers.SEED, f"press, {n}") for n in _REFERENCES},
        **{name: found.get(peers.OPENCV, name) for name in PEERS if name.startswith("YuNet")},
    }
    pairs = {
        "our locator to YuNet": (
            found.get(peers.OPENCV, "YuNet"),
            found.get(ours.GROUP, "locate"),
        ),
        "our embedding to MobileNetV2 int8": (
            found.get(networks.GROUP, networks.YARDSTICK),
            found.get(networks.GROUP, "embedding"),
        ),
    }
    made: dict[str, float | None] = {}
    for who, taken in theirs.items():
        made[f"our whole press (2 looks, 2 commits) to {who}"] = _ratio(taken, whole)
        made[f"one look of ours, decided, to {who}"] = (
            None if taken is None or look is None else taken.cpu_min / look
        )
    made |= {what: _ratio(*pair) for what, pair in pairs.items()}
    return {what: value for what, value in made.items() if value is not None}


def dots(found: Found, bundle: Bundle) -> list[Dot]:
    """Ours and those of the peers that ran here and whose figures on LFW are known."""
    made = []
    ours_ms = _sum(found, ours.GROUP, _LOOK)
    ours_right = of_card(bundle.files[_CARD].decode()) if _CARD in bundle.files else None
    if ours_ms is not None and ours_right is not None:
        made.append(Dot("onelook", ours_ms, ours_right, ours_right.said))
    for name, right in PEERS.items():
        of = {peers.DLIB: (peers.DLIB, peers.DLIB_PRESS)}.get(name, (peers.OPENCV, name))
        taken = found.get(*of)
        if taken is not None:
            made.append(Dot(name, taken.cpu_min, right, right.said))
    return made


def disk(peers_python: Path) -> list[tuple[str, float, str]]:
    """Installed, without Python itself."""
    this = Path(sys.executable)
    asked = (
        ("onelook and all that it needs", footprint.OURS, this),
        ("face_recognition and all that it needs", footprint.DLIB, peers_python),
        ("tensorflow and all that it needs", footprint.TENSORFLOW, this),
    )
    made = []
    wheel = footprint.wheel_mb()
    if wheel is not None:
        made.append(("onelook's own wheel, with bundles and photographs", wheel, "1"))
    for what, package, python in asked:
        taken = footprint.installed(package, python)
        if taken is not None:
            made.append((what, taken.mb, str(taken.packages)))
    return made


def boards(
    found: Found, everything: list[Network], measured: Mapping[str, Mapping[str, float]]
) -> dict[str, Mapping[str, There]]:
    """Every stage on every board."""
    yardstick = found.get(networks.GROUP, networks.YARDSTICK)
    if yardstick is None:
        return {}
    stages = _stages_here(found, {one.name: one.macs for one in everything})
    return {
        board.name: project_all(stages, board, yardstick.cpu_min, measured.get(board.name, {}))
        for board in BOARDS
    }


def _stages_here(found: Found, macs: Mapping[str, int]) -> dict[str, Here]:
    def least(name: str) -> float:
        taken = found.get(ours.GROUP, name)
        return taken.cpu_min if taken is not None else 0.0

    pointer = found.get(networks.GROUP, "pointer")
    asked = round(least("locate: pointer") / pointer.cpu_min) if pointer is not None else 0
    located = Here(
        least("locate"),
        least("locate: finder") + least("locate: pointer"),
        macs["finder"] + asked * macs["pointer"],
    )
    stages = {name: Here(least(name)) for name in ours.ONE_FRAME}
    stages["locate"] = located
    stages["embed"] = Here(least("embed"), least("embed"), macs["embedding"])
    looks = [stages[name] for name in _LOOK]
    stages["one look"] = _together(looks)
    whole = found.get(press.GROUP, press.WHOLE)
    if whole is not None:
        # Two frames agree; what the camera's side takes in the simulation is in it.
        stages["whole press"] = Here(
            whole.cpu_min,
            2 * stages["one look"].networks_ms,
            2 * stages["one look"].macs,
        )
    return stages


def _together(stages: list[Here]) -> Here:
    return Here(
        sum(one.ms for one in stages),
        sum(one.networks_ms for one in stages),
        sum(one.macs for one in stages),
    )


def reached(results: Results, found: Found) -> list[Goal]:
    """The goals with what this run has for them."""
    whole = found.get(press.GROUP, press.WHOLE)
    many, few = found.get(ours.GROUP, "match 10000"), found.get(ours.GROUP, "match 1")
    share = next(
        (s.share for s in results.shares if (s.name, s.threads) == ("embedding", "one")), None
    )
    return goals(
        press_ms=whole.cpu_median if whole is not None else None,
        than_dlib=_ratio(found.get(peers.DLIB, peers.DLIB_PRESS), whole),
        than_seed=_ratio(found.get(peers.SEED, peers.SEED_10), whole),
        ready_s=statistics.median(results.ready_s) if results.ready_s else None,
        memory_mb=sum(results.peaks_mb.values()) if results.peaks_mb else None,
        match_ms=many.cpu_median - few.cpu_median if many is not None and few is not None else None,
        share=share,
        foreign=len(results.foreign) if results.modules else None,
    )


def _ratio(of: Figures | None, to: Figures | None) -> float | None:
    return None if of is None or to is None else ratio(of, to)


def _sum(found: Found, group: str, names: tuple[str, ...]) -> float | None:
    """Of the least processor times; None if one is missing."""
    taken = [found.get(group, name) for name in names]
    return sum(one.cpu_min for one in taken if one) if all(taken) else None
