"""The desk: the eye's own look, at photographs instead of the camera."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge.config import Config
from edge.contract.bundle import Bundle
from edge.contract.errors import FaceError
from edge.contract.levels import Level
from edge.contract.picture import read_picture
from edge.contract.reasons import Reason
from edge.store.chosen import level_for
from edge.trusted import trusted_bundle

if TYPE_CHECKING:
    from edge.eye.look import Eye, Sight


@dataclass(frozen=True)
class Desk:
    """A bundle with its network ready to look, for the door of one configuration."""

    bundle: Bundle
    eye: Eye
    config: Config

    @property
    def model(self) -> str:
        return self.bundle.manifest.model

    @property
    def level(self) -> Level:
        """That of the door, now. Raises: as `edge.store.chosen.level_for`."""
        manifest, chosen = self.bundle.manifest, self.config.recognition.level
        return level_for(self.config.paths.state_dir, manifest, chosen)


@dataclass(frozen=True)
class Photograph:
    """A photograph that was looked at. `source` names its bytes: 12 hex digits of their SHA-256."""

    path: Path
    source: str
    sight: Sight


def open_desk(config: Config) -> Desk:
    """Load the configured bundle and its network.

    Raises:
        BundleError, MissingError, EngineError: as the eye would fail at its start.
    """
    from edge.eye.look import Eye

    bundle = trusted_bundle(config)
    return Desk(bundle, Eye(bundle, config.gates), config)


def look_at(desk: Desk, path: Path) -> Photograph:
    """Read a photograph and look at it once.

    Raises:
        MissingError, DataError: it cannot be read.
    """
    frame = read_picture(path)
    source = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return Photograph(path, source, desk.eye.see(frame))


def usable(photograph: Photograph) -> NDArray[np.int8]:
    """The photograph's embedding, (dimensions,) int8.

    Raises:
        FaceError: a quality gate refused it; the message holds the reason word and the numbers.
    """
    sight = photograph.sight
    if sight.reason is not None or sight.embedding is None:
        reason = sight.reason or Reason.ENGINE_ERROR
        failed = "; ".join(
            f"{g.name} is {g.measured:.3g}, needed {g.low:.3g} to {g.high:.3g}"
            for g in sight.gates
            if not g.passed
        )
        raise FaceError(
            f"{photograph.path}: no usable face: {reason.value}.",
            why=failed and f"{failed}.",
            remedy=reason.remedy,
        )
    return sight.embedding
