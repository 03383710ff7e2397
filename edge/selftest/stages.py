"""The stages of one look, each by the door's own function, on a frame that is the same everywhere.

The frame is the demo's photograph in a picture as large as a camera module 2's, so that one board
can be compared with another whatever stands before its camera.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.config import Config
from edge.contract.align import align
from edge.contract.bundle import Bundle
from edge.contract.errors import FaceError
from edge.contract.gates import Limits
from edge.contract.locate import locate
from edge.contract.manifest import Manifest
from edge.contract.picture import read_picture
from edge.contract.quality import judge
from edge.contract.tensor import to_int8
from edge.door.match import Matcher
from edge.eye.camera.pixels import Layout, to_rgb
from edge.eye.engine import Engine
from edge.eye.golden import load_engine
from edge.eye.locator import Locator, load_locator
from edge.selftest import Measurement, Tell, measured, spread
from edge.selftest.board import frequency_mhz
from edge.shipped import shipped
from edge.store.people import Gallery, Person, Template
from edge.trusted import trusted_bundle

SIZE = (616, 820)  # height, width: of a camera module 2
TEMPLATES = (1, 10, 1000)
_PHOTOGRAPH = ("application_data", "verification_images", "obama_1.jpg")

GROUP = "stages"
_LOOK = ("locate", "align", "quality", "embed")
_NETWORKS = ("locate: finder", "locate: pointer", "embed")
_TIMED = (
    *("convert frame", "locate", "locate: finder", "locate: pointer", "align", "quality", "embed"),
    *(f"match {n}" for n in TEMPLATES),
)
NAMES = ("bundle", "load", *_TIMED, "one look", "engine share", "processor frequency")


class Stopwatch:
    """Adds up by name what a round took, in ms."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = defaultdict(float)

    def time(self, name: str, work: Callable[..., Any], *given: object) -> Any:  # noqa: ANN401
        """What `work` returns."""
        started = time.perf_counter()
        try:
            return work(*given)
        finally:
            self.ms[name] += (time.perf_counter() - started) * 1000.0


def measure(config: Config, runs: int, tell: Tell) -> Iterator[Measurement]:
    """So many looks at one frame.

    Raises:
        MissingError, BundleError, EngineError: as the eye would fail at its start.
        FaceError: the bundle does not find the face in the demo's photograph.
    """
    started = time.perf_counter()
    bundle = trusted_bundle(config)
    engine, locator = load_engine(bundle), load_locator(bundle)
    load_ms = (time.perf_counter() - started) * 1000.0
    manifest = bundle.manifest
    yield measured(GROUP, "bundle", manifest.model, said=f"{manifest.name}, by {engine.name}")
    yield measured(GROUP, "load", load_ms, "ms", "bundle verified, networks loaded, once")
    stage = Stage(config.gates, bundle, engine, locator)
    stage.show(framed())
    stage.round(Stopwatch())  # the first one fetches what the others find ready
    rounds, frequencies = [], []
    for number in range(runs):
        tell("stages: looks", number, runs)
        watch = Stopwatch()
        stage.round(watch)
        rounds.append(watch.ms)
        if (mhz := frequency_mhz()) is not None:
            frequencies.append(mhz)
    for name in _TIMED:
        yield spread(GROUP, name, [ms[name] for ms in rounds], "ms", _REMARKS.get(name, ""))
    looks = [sum(ms[name] for name in _LOOK) for ms in rounds]
    yield spread(GROUP, "one look", looks, "ms", " + ".join(_LOOK))
    networks = [sum(ms[name] for name in _NETWORKS) for ms in rounds]
    shares = [100.0 * part / whole for part, whole in zip(networks, looks, strict=True)]
    yield spread(GROUP, "engine share", shares, "%", "of one look, in the three networks")
    if frequencies:
        yield spread(GROUP, "processor frequency", frequencies, "MHz", "between the looks")


_REMARKS = {
    "convert frame": f"{SIZE[1]}x{SIZE[0]}, as libcamera gives it, to RGB",
    **{f"match {n}": f"{n} template{'s' if n > 1 else ''}" for n in TEMPLATES},
}


class Watch(Protocol):
    """Whatever takes the time of a stage; `Stopwatch` is one."""

    def time(self, name: str, work: Callable[..., Any], *given: object) -> Any: ...  # noqa: ANN401


class Stage:
    """What one round works on: a camera's buffer with a face, and galleries of nobody."""

    def __init__(
        self,
        limits: Limits,
        bundle: Bundle,
        engine: Engine,
        locator: Locator,
        templates: Sequence[int] = TEMPLATES,
    ) -> None:
        """templates: of how many a gallery each is matched with."""
        self._limits, self._engine, self._locator = limits, engine, locator
        height, width = SIZE
        self._stride = -(-3 * width // 64) * 64  # as a Raspberry Pi 5 aligns its rows
        self._layout = Layout("RGB888", width, height, self._stride)
        self._matchers = {n: nobodys(bundle.manifest, n) for n in templates}

    def show(self, frame: NDArray[np.uint8]) -> None:
        """What the camera sees from now on: (*SIZE, 3) uint8, RGB."""
        rows = np.zeros((SIZE[0], self._stride), np.uint8)
        rows[:, : 3 * SIZE[1]] = frame[..., ::-1].reshape(SIZE[0], -1)
        self._buffer = rows.ravel()

    def round(self, watch: Watch) -> bytes:
        """The embedding. Raises: FaceError: no face is found."""
        frame = watch.time("convert frame", to_rgb, self._buffer, self._layout)
        find, point = self._locator.find, self._locator.point
        faces = watch.time(
            "locate",
            locate,
            frame,
            lambda small: watch.time("locate: finder", find, small),
            lambda patch: watch.time("locate: pointer", point, patch),
        )
        if not faces:
            raise FaceError(
                "the bundle finds no face in the demo's photograph.",
                remedy="Use the bundle that comes with onelook, and report this one.",
            )
        crop = watch.time("align", align, frame, faces[0].points)
        watch.time("quality", judge, faces[0], frame.shape, crop, self._limits)
        embedding = watch.time("embed", lambda: self._engine.run(to_int8(crop)[None])[0])
        probe: bytes = embedding.tobytes()
        for n, matcher in self._matchers.items():
            watch.time(f"match {n}", matcher.nearest, probe)
        return probe


def framed(picture: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """(*SIZE, 3) uint8, RGB: a picture, else the demo's photograph, whole, on black."""
    if picture is None:
        picture = read_picture(shipped(*_PHOTOGRAPH))
    scale = min(SIZE[0] / picture.shape[0], SIZE[1] / picture.shape[1])
    height, width = (round(side * scale) for side in picture.shape[:2])
    frame = np.zeros((*SIZE, 3), np.uint8)
    frame[:height, :width] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return frame


def nobodys(manifest: Manifest, templates: int) -> Matcher:
    """A gallery of so many people who do not exist, with a template each."""
    return Matcher(manifest, Gallery(nobodys_people(manifest, templates)))


def nobodys_people(manifest: Manifest, templates: int) -> tuple[Person, ...]:
    """The people of such a gallery."""
    rng = np.random.default_rng(templates)
    embeddings = rng.integers(-128, 128, (templates, manifest.dimensions), np.int8)
    return tuple(
        Person(str(n), "", (Template(e.tobytes(), manifest.model, "", "", ""),))
        for n, e in enumerate(embeddings)
    )
