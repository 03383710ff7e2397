"""Aligned faces that an owner keeps: as bytes for the gallery, and for a network that comes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.cli.progress import watched
from edge.contract.errors import EngineError
from edge.store.people import Gallery, Person, Template

if TYPE_CHECKING:
    from edge.eye.look import Eye


def crop_file(crop: NDArray[np.uint8] | None) -> bytes:
    """(112, 112, 3) uint8 RGB -> a PNG; empty for none."""
    if crop is None:
        return b""
    _, data = cv2.imencode(".png", crop[..., ::-1])
    return bytes(data)


def embedded_anew(gallery: Gallery, eye: Eye, model: str) -> Gallery:
    """The same people, with a template of this network for each kept crop that has none yet.

    Their other templates stay: a door that goes back to the network before knows everybody still.

    Raises:
        EngineError: the engine failed, or a crop is none.
    """
    for person in watched(gallery.people, "looking again"):
        there = {t.source for t in person.templates if t.model == model}
        fresh = [
            replace(t, embedding=_embedded(t, person, eye), model=model)
            for t in person.templates
            if t.crop and t.source not in there and not there.add(t.source)
        ]
        if fresh:
            gallery = gallery.with_person(replace(person, templates=(*person.templates, *fresh)))
    return gallery


def _embedded(template: Template, person: Person, eye: Eye) -> bytes:
    bgr = cv2.imdecode(np.frombuffer(template.crop, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise EngineError(
            f"a kept picture of {person.name} cannot be read.",
            remedy=f"Enrol {person.name} again from a photograph.",
        )
    return eye.embed(np.ascontiguousarray(bgr[..., ::-1])).tobytes()
