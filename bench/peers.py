"""Who is held beside the door: all that are to be had here, and a line for each that is not."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import onnx_worker
from bench.clock import Timed
from bench.workers import AbsentError, Asked, Worker, this_python, timed_works

SEED, DLIB, OPENCV = "the seed's way", "face_recognition", "OpenCV and teachers"
SEED_10, DLIB_PRESS = "press, 10 references", "press, 10 known"
# A peer's press takes up to many seconds: how often a work takes part in the rounds.
_SEED_WORKS = (
    Asked("press, 1 reference", 4),
    Asked(SEED_10, 10),
    Asked("press, 50 references", 20),
)
_DLIB_WORKS = (Asked("locate", 4), Asked("embed", 4), Asked(DLIB_PRESS, 2))
_ONNX_WORKS = (
    Asked("YuNet"),
    Asked("YuNet + SFace", 2),
    *(Asked(f"YuNet + {name}", 2) for name, _ in onnx_worker.EMBEDDERS.values()),
)


@dataclass(frozen=True)
class _Peer:
    group: str
    module: str
    works: tuple[Asked, ...]
    python: Path
    threads: tuple[str, ...] = ("one", "all")


@dataclass
class Peers:
    """Running workers, by group and threads; `absent` says why the others are not here."""

    workers: dict[tuple[str, str], Worker] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    timed: list[Timed] = field(default_factory=list)

    def close(self) -> None:
        """End them all."""
        for worker in self.workers.values():
            worker.close()


def start(frames: Path, count: int, python: Path, teachers: Path | None) -> Peers:
    """All of them.

    Args:
        frames: the folder of the photographs as frames.
        count: how many these are.
        python: of an environment with face_recognition in it.
        teachers: the folder of others' networks.
    """
    peers = Peers()
    for peer in _known(python, teachers, peers.absent):
        try:
            _start(peer, frames, range(count), peers)
        except AbsentError as e:
            peers.absent[peer.group] = str(e)
    return peers


def _known(python: Path, teachers: Path | None, absent: dict[str, str]) -> list[_Peer]:
    found = [
        _Peer(SEED, "bench.seed_worker", _SEED_WORKS, this_python()),
        # dlib computes in one thread, whatever it is told.
        _Peer(DLIB, "bench.dlib_worker", _DLIB_WORKS, python, ("one",)),
    ]
    if teachers is None:
        absent[OPENCV] = "no --teachers folder with its networks was named"
    elif not (teachers / onnx_worker.YUNET).exists():
        absent[OPENCV] = f"no {onnx_worker.YUNET} in --teachers"
    else:
        os.environ[onnx_worker.FOLDER] = str(teachers.resolve())
        found.append(_Peer(OPENCV, "bench.onnx_worker", _ONNX_WORKS, this_python()))
        if not (teachers / onnx_worker.SFACE).exists():
            absent["OpenCV's SFace"] = f"no {onnx_worker.SFACE} in --teachers"
    return found


def _start(peer: _Peer, frames: Path, numbers: Sequence[int], peers: Peers) -> None:
    for threads in peer.threads:
        worker = Worker(peer.python, peer.module, frames, threads)
        peers.workers[peer.group, threads] = worker
        peers.timed += timed_works(worker, peer.group, peer.works, numbers)
