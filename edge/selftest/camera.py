"""The camera: how soon it gives a frame, how regularly, and how old the frame is by then.

Taken through the door's own camera code, so that its way of waiting is what is measured.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from edge.clock import boottime
from edge.config import CameraConfig
from edge.contract.errors import CameraError
from edge.eye.camera import Camera, Frame, Turned, open_camera
from edge.selftest import Measurement, State, Tell, measured, spread, unknown

REQUESTS = 20
_LATE = 1.5  # intervals: a frame that comes later than that was preceded by one that was missed

GROUP = "camera"
_OF_A_PI = (
    *("first frame after start", "sensor stamp interval", "exposure", "stale frames held back"),
)
NAMES = (
    *("source", "frame", "open", "frame interval", "frames missed"),
    *("request to frame", "exposure after request", "age when handed over"),
    *_OF_A_PI,
)


@dataclass(frozen=True)
class Shot:
    """What libcamera said of one frame: its time stamp and exposure, and when it was handed out.

    Seconds, CLOCK_BOOTTIME, and milliseconds; a camera need not say its exposure.
    """

    handed: float
    stamp: float
    exposure_ms: float | None


class Recorded:
    """A Picamera2 as any other, that writes down when it began and what its frames say."""

    def __init__(self, device: Any) -> None:  # noqa: ANN401 - picamera2 is only there on a Pi
        self._device = device
        self.started = 0.0
        self.shots: list[Shot] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a Picamera2 has
        return getattr(self._device, name)

    def start(self) -> None:
        self.started = boottime()
        self._device.start()

    def capture_request(self, *, wait: float) -> Any:  # noqa: ANN401 - libcamera's own
        request = self._device.capture_request(wait=wait)
        said = request.get_metadata()
        stamp, exposure = said.get("SensorTimestamp", 0), said.get("ExposureTime")
        exposure_ms = None if exposure is None else exposure * 1e-3
        self.shots.append(Shot(boottime(), stamp * 1e-9, exposure_ms))
        return request


def measure(config: CameraConfig, frames: int, tell: Tell) -> Iterator[Measurement]:
    """Open the configured camera, take `frames` in a row, then some at moments of our own.

    Raises:
        CameraError: it cannot be opened, or gives no frame within the frame limit.
    """
    yield measured(GROUP, "source", config.source.partition(":")[0])
    asked = boottime()
    camera, device = open_watched(config)
    try:
        limit_s = config.frame_limit_s
        first = camera.next_frame(asked, boottime() + limit_s)
        opened_ms = _ms(boottime() - asked)
        height, width = first.pixels.shape[:2]
        yield measured(GROUP, "frame", f"{width}x{height}")
        yield measured(GROUP, "open", opened_ms, "ms", "to the first frame of use")
        row = _in_a_row(camera, first, frames, limit_s, tell)
        interval_ms = yield from _intervals(row)
        streamed = len(device.shots) if device else 0
        yield from _on_request(camera, interval_ms, limit_s, tell)
    finally:
        camera.close()
    if device is None:
        why, fix = "only libcamera tells it", 'On a Raspberry Pi, with [camera] source = "pi".'
        yield from (unknown(GROUP, name, why, fix) for name in _OF_A_PI)
    else:
        yield from told_by_sensor(device, streamed)


def open_watched(config: CameraConfig) -> tuple[Camera, Recorded | None]:
    """The configured camera, and, of a Raspberry Pi's own, what writes down what it says.

    Raises:
        CameraError: it cannot be opened.
    """
    if config.source != "pi":
        return open_camera(config.source, rotate=config.rotate), None
    try:
        from picamera2 import Picamera2

        from edge.eye.camera.pi import PiCamera

        device = Recorded(Picamera2())
        camera: Camera = PiCamera(device)
    except CameraError:
        raise
    except Exception as e:  # as `edge.eye.camera.pi.open_pi`, which hands out no device
        raise CameraError(
            "the Raspberry Pi's camera cannot be opened.",
            why=f"{e}.",
            remedy="See what is wrong with it: sudo onelook doctor",
        ) from e
    return Turned(camera, config.rotate) if config.rotate else camera, device


def told_by_sensor(device: Recorded, streamed: int) -> Iterator[Measurement]:
    """From what libcamera said of every frame, the first `streamed` of them taken in a row."""
    shots = device.shots
    yield measured(GROUP, "first frame after start", _ms(shots[0].handed - device.started), "ms")
    stamps = [shot.stamp for shot in shots[:streamed]]
    yield spread(GROUP, "sensor stamp interval", _gaps_ms(stamps), "ms")
    exposures = [shot.exposure_ms for shot in shots if shot.exposure_ms is not None]
    if exposures:
        yield spread(GROUP, "exposure", exposures, "ms")
    stale = len(shots) - streamed - REQUESTS
    said = f"of {len(shots) - streamed}; libcamera had them before they were asked for"
    yield measured(GROUP, "stale frames held back", stale, said=said)


def _in_a_row(camera: Camera, first: Frame, frames: int, limit_s: float, tell: Tell) -> list[float]:
    """When the exposures of so many frames began, each the next after the last."""
    taken = [first.taken]
    for number in range(frames):
        tell("camera: frames in a row", number, frames)
        taken.append(camera.next_frame(taken[-1], boottime() + limit_s).taken)
    return taken


def _intervals(taken: list[float]) -> Generator[Measurement, None, float]:
    """Two rows; returns the usual interval, ms."""
    gaps = _gaps_ms(taken)
    usual = statistics.median(gaps)
    yield spread(GROUP, "frame interval", gaps, "ms")
    missed = sum(gap > _LATE * usual for gap in gaps)
    yield measured(GROUP, "frames missed", missed, said=f"intervals over {_LATE} times the median")
    return usual


def _on_request(
    camera: Camera, interval_ms: float, limit_s: float, tell: Tell
) -> Iterator[Measurement]:
    """As a press asks: for a frame whose exposure begins after now."""
    waited, after, age = [], [], []
    for number in range(REQUESTS):
        tell("camera: frames on request", number, REQUESTS)
        # A press comes at any moment between two frames.
        time.sleep(interval_ms / 1000.0 * number / REQUESTS)
        asked = boottime()
        frame = camera.next_frame(asked, asked + limit_s)
        handed = boottime()
        waited.append(_ms(handed - asked))
        after.append(_ms(frame.taken - asked))
        age.append(_ms(handed - frame.taken))
    yield spread(GROUP, "request to frame", waited, "ms")
    fresh = spread(GROUP, "exposure after request", after, "ms", "below 0: older than the press")
    if min(after) <= 0.0:
        fix = "Report it: a frame from before the press must never be used."
        fresh = replace(fresh, state=State.PROBLEM, fix=fix)
    yield fresh
    yield spread(GROUP, "age when handed over", age, "ms")


def _gaps_ms(seconds: list[float]) -> list[float]:
    return [_ms(later - sooner) for sooner, later in pairwise(seconds)]


def _ms(seconds: float) -> float:
    return seconds * 1000.0
