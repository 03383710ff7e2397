"""`onelook test`: the door's own decision on photographs. It drives nothing and writes nothing."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.cli.arguments import Commands
from edge.cli.output import Palette, publish
from edge.contract.reasons import Reason

if TYPE_CHECKING:
    from edge.cli.desk import Photograph
    from edge.core.burst import Nearest, Rule
    from edge.door.match import Matcher
    from edge.store.people import Gallery, Person


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    test = commands.add(
        "test",
        summary="would the door open for these photographs? moves nothing",
        example="onelook test visitor.jpg",
        run=_test,
    )
    test.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="each is one press")


@dataclass(frozen=True)
class _Tested:
    photograph: Photograph
    reason: Reason
    person: Person | None
    nearest: Nearest | None
    threshold: float

    def line(self, paint: Palette) -> str:
        granted = self.reason is Reason.GRANTED
        word = (paint.good if granted else paint.bad)(self.reason.value)
        text = f"{self.photograph.path}: {word}"
        if self.person is not None:
            text += f", {self.person.name}"
        if self.nearest is not None:
            sign = "<" if self.nearest.distance < self.threshold else ">="
            text += f" (distance {self.nearest.distance:.4f} {sign} {self.threshold:.4f})"
        return text if granted else f"{text}\n  {self.reason.remedy}"

    def document(self) -> dict[str, Any]:
        return {
            "photo": str(self.photograph.path),
            "reason": self.reason.value,
            "person": {"id": self.person.id, "name": self.person.name} if self.person else None,
            "distance": self.nearest.distance if self.nearest else None,
            "threshold": self.threshold,
            "gates": [gate.document() for gate in self.photograph.sight.gates],
            "remedy": self.reason.remedy,
        }


def _test(args: argparse.Namespace) -> int:
    import sys

    from edge.cli.desk import look_at, open_desk
    from edge.config import load_config
    from edge.core.burst import Rule
    from edge.door.match import Matcher
    from edge.door.people import step_for
    from edge.store.gallery import GalleryStore

    config = load_config(args.config)
    desk = open_desk(config)
    gallery = GalleryStore(config.paths.state_dir).load()
    matcher = Matcher(desk.bundle.manifest, gallery)
    chosen, step = config.recognition, step_for(desk.level, matcher)
    rule = Rule(chosen.frames, chosen.agree, step.distance, chosen.margin)
    tested = [_decided(look_at(desk, photo), gallery, matcher, rule) for photo in args.photos]
    paint = Palette(sys.stdout, args.color)
    return publish(
        args,
        "test",
        (one.line(paint) for one in tested),
        ok=all(one.reason is Reason.GRANTED for one in tested),
        level=desk.level.name,
        gallery={"people": matcher.people, "measured_for": step.people},
        presses=[one.document() for one in tested],
    )


def _decided(photograph: Photograph, gallery: Gallery, matcher: Matcher, rule: Rule) -> _Tested:
    """A photograph is a camera that sees the same frame again and again: one look is enough."""
    from edge.core.burst import Finding, conclude, find

    sight, nearest = photograph.sight, None
    if matcher.empty:
        return _Tested(photograph, Reason.EMPTY_GALLERY, None, None, rule.threshold)
    if sight.embedding is None:
        finding = Finding(None, sight.reason)
    else:
        nearest = matcher.nearest(sight.embedding.tobytes())
        finding = find(nearest, rule)
    verdict = conclude([finding] * rule.frames, rule)
    person = next((p for p in gallery.people if p.id == verdict.person), None)
    return _Tested(photograph, verdict.reason, person, nearest, rule.threshold)
