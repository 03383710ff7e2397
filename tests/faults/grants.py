"""Who is let in: I5 to I9, I12, I16, the hours. Each yields a sentence for whatever breaks it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache

from edge.contract.reasons import Reason
from edge.contract.wire import Seen
from edge.core.burst import Finding, Nearest, Rule, conclude, find
from edge.door.match import Matcher
from edge.store.people import Gallery
from tests.faults.admission import in_hours, may_come_in
from tests.faults.faces import manifest
from tests.faults.facts import Ended, Fact, Judged, Slipped, Told
from tests.faults.story import GRANTED, SAME, Asking, Story

_IN_TIME_S = 0.05


def every_frame_is_another_and_of_after_the_press(story: Story) -> Iterator[str]:
    """I5. And of a press that was looked at."""
    for fact, row, asking in story.grants():
        if asking is None:
            yield f"{fact}: a grant for press {row['press']}, of which the eye was not asked"
            continue
        fresh = {told.what.seen.taken for told in asking.usable(fact)}
        if len(fresh) < story.config.recognition.agree:
            yield f"{fact}: granted on {len(fresh)} fresh frames"


def the_frames_show_one_person_who_is_enrolled(story: Story) -> Iterator[str]:
    """I6. By the manifest's threshold for the gallery, and the margin to all others."""
    for fact, row, asking in _asked_grants(story):
        galleries = story.galleries(asking.pushed, (asking.decided or fact).at)
        most = max(story.agreeing(asking, row["person"], gallery, fact) for gallery in galleries)
        if most < story.config.recognition.agree:
            yield f"{fact}: granted to {row['person']}, whom {most} frames show"


def what_went_wrong_refuses(story: Story) -> Iterator[str]:
    """I7. Too late, embeddings that are none, a process that had ended."""
    nothing = bytes([manifest().output_quantization.zero_point % 256]) * manifest().dimensions
    judged = list(story.of(Judged))
    for fact, _, asking in _asked_grants(story):
        last = [one for one in judged if one.place < fact.place and one.life == fact.life][-1:]
        if any(one.at >= asking.deadline for one in last):
            yield f"{fact}: granted on a frame that was judged after the deadline"
        told = [one.what.seen.embedding for one in asking.usable(fact)]
        some = [one for one in told if len(one) == len(nothing) and one != nothing]
        if len(some) < story.config.recognition.agree:
            yield f"{fact}: granted on {len(some)} embeddings that are some"
        if asking.life.ended and asking.life.ended.place < fact.place:
            yield f"{fact}: granted by a process that had ended"


def the_threshold_is_the_manifests_bit_for_bit(story: Story) -> Iterator[str]:
    """I8. Read from the manifest's own bytes, for the gallery of that press."""
    for fact in story.of(Judged):
        asking = story.running[fact.place]
        since = asking.pushed if asking else fact.at
        allowed = {story.cut(gallery) for gallery in story.galleries(since, fact.at)}
        if fact.what.threshold not in allowed:
            yield f"{fact}: judged by {fact.what.threshold!r}, not by one of {allowed}"


def a_stricter_threshold_lets_in_nobody_more(story: Story) -> Iterator[str]:
    """I9. The same frames, judged again by the door's own rule."""
    chosen = story.config.recognition
    for asking in story.askings:
        gallery = story.galleries(asking.pushed, asking.pushed)[-1]
        cut = story.cut(gallery)
        if cut is None or not asking.told:
            continue
        granted = []
        for factor in (1.0, 0.9, 0.5, 0.1):
            rule = Rule(chosen.frames, chosen.agree, cut * factor, chosen.margin)
            findings = [_finding(gallery, f.what.seen, rule) for f in asking.told[: rule.frames]]
            granted.append(conclude(findings, rule).reason is Reason.GRANTED)
        if granted != sorted(granted, reverse=True):
            yield f"{asking.fact}: granted by stricter thresholds alone: {granted}"


def nobody_who_was_removed_before_the_press(story: Story) -> Iterator[str]:
    """I12."""
    for fact, row, asking in _asked_grants(story):
        galleries = story.galleries(asking.pushed, (asking.decided or fact).at)
        if all(p.id != row["person"] for gallery in galleries for p in gallery.people):
            yield f"{fact}: {row['person']} was removed before the press"


def the_order_of_the_gallery_changes_nothing(story: Story) -> Iterator[str]:
    """I16. But for the last digit of a distance: a sum's order may depend on a row's place."""
    for asking in story.askings:
        gallery = story.galleries(asking.pushed, asking.pushed)[-1]
        back = Gallery(gallery.people[::-1])
        for fact in asking.told:
            seen = fact.what.seen
            if not seen.reason:
                forth, other = _near(gallery, seen.embedding), _near(back, seen.embedding)
                if not _alike(forth, other):
                    yield f"{fact}: {forth}, and in another order {other}"


def nobody_who_may_not_come_in_now(story: Story) -> Iterator[str]:
    """Switched off, expired, outside their hours, or the clock unknown where that matters."""
    for fact, row, asking in _asked_grants(story):
        end = (asking.decided or fact).at
        since = max((one.at for one in asking.usable(fact)), default=end)
        people = (p for gallery in story.galleries(asking.pushed, end) for p in gallery.people)
        mine = [person for person in people if person.id == row["person"]]
        clocks = story.clocks(since, end)
        if not any(may_come_in(story, person, *clock) for person in mine for clock in clocks):
            yield f"{fact}: {row['person']} may not come in now"


def an_honest_press_of_an_enrolled_person_is_granted(story: Story) -> Iterator[str]:
    """Where nothing went wrong meanwhile: a door that is always shut keeps all the others."""
    for asking in story.askings:
        if asking.life.ended is not None and _must_open(story, asking):
            reasons = [row["reason"] for _, row in asking.rows]
            if GRANTED not in reasons:
                yield f"{asking.fact}: press {asking.number} ended as {reasons}, not granted"


def _asked_grants(story: Story) -> Iterator[tuple[Fact, dict, Asking]]:
    return ((fact, row, asking) for fact, row, asking in story.grants() if asking is not None)


def _must_open(story: Story, asking: Asking) -> bool:
    agree = story.config.recognition.agree
    told = asking.told[:agree]
    if len(told) < agree or not all(fact.what.frame.honest for fact in told):
        return False
    if asking.decided and story.mode[asking.decided.place] == "closed":  # by the owner, meanwhile
        return False
    last = told[-1]
    faces = {fact.what.seen.embedding for fact in told}
    galleries = story.galleries(asking.pushed, last.at)
    late = last.at >= asking.deadline - _IN_TIME_S
    if late or len(faces) > 1 or len(galleries) > 1 or _amiss(story, asking):
        return False
    people = galleries[0].people
    shown = [p for p in people if story.agreeing(asking, p.id, galleries[0], last) == agree]
    clocks = story.clocks(asking.pushed, last.at)
    return len(shown) == 1 and all(
        may_come_in(story, shown[0], *clock) and in_hours(story, story.config.hours.door, *clock)
        for clock in clocks
    )


def _amiss(story: Story, asking: Asking) -> bool:
    """Whether anything else happened between the push and the turn of the decision's end."""
    end = asking.decided.turn if asking.decided else math.inf
    return any(
        fact.life == asking.life.number
        and asking.pushed - SAME <= fact.at
        and fact.turn <= end
        and (not isinstance(fact.what, Told) or fact not in asking.told)
        for fact in story.of(Told, Slipped, Ended)
    )


def _finding(gallery: Gallery, seen: Seen, rule: Rule) -> Finding:
    if not seen.reason:
        return find(_near(gallery, seen.embedding), rule)
    # No frame grants: the link takes an eye that says so for a broken one.
    return Finding(None, Reason.CAMERA_ERROR if seen.reason is Reason.GRANTED else seen.reason)


@cache
def _matcher(gallery: Gallery) -> Matcher:
    return Matcher(manifest(), gallery)


@cache
def _near(gallery: Gallery, embedding: bytes) -> Nearest | None:
    return _matcher(gallery).nearest(embedding)


def _alike(one: Nearest | None, other: Nearest | None) -> bool:
    if one is None or other is None:
        return one is other
    close = math.isclose(one.distance, other.distance, abs_tol=SAME)
    rivals = math.isclose(one.next_distance, other.next_distance, abs_tol=SAME)
    twins = one.next_distance - one.distance < SAME  # either may be named
    return close and rivals and (twins or one.person == other.person)
