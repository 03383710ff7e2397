"""What holds in every history: those of trust.md by their numbers, and a few of this lane.

I13, the same verdicts with and without a network, is true of a door that has none. Of I14 what the
kernel does after SIGKILL, and a kernel that hangs, are not played here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tests.faults import counting, grants, lock, presses
from tests.faults.facts import Ended, Enrolled, Fact, Kept, Slipped
from tests.faults.steps import Slip
from tests.faults.story import Story


def whatever_was_foreseen_does_not_end_the_door(story: Story) -> Iterator[str]:
    """But a start that says why it cannot be, and a line that cannot be driven."""
    for fact in story.of(Ended):
        slips = [f.what for f in story.of(Slipped) if f.life == fact.life]
        may = any(slip.slip is Slip.BUG or slip.place in {"loop on", "loop off"} for slip in slips)
        at_start = fact.what.how == "refused" and (fact.turn == 0 or _begins_anew(story, fact))
        if fact.what.how in {"crashed", "refused"} and not may and not at_start:
            yield f"{fact}: the door ended: {fact.what.error}"


def _begins_anew(story: Story, end: Fact) -> bool:
    """The owner had it reloaded, all was right, and since then something changed."""
    since = None
    for fact in story.facts[: end.place]:
        match fact.what:
            case Kept(rows) if fact.life == end.life and any(
                row["reason"] == "reloaded" for row in rows
            ):
                since = fact
            case Slipped() | Enrolled() if since is not None:
                return True
    return False


def the_log_is_whole_at_the_end(story: Story) -> Iterator[str]:
    """Its chain holds, whatever was cut off in the middle."""
    if story.played.chain:
        yield story.played.chain


INVARIANTS: Mapping[str, Callable[[Story], Iterator[str]]] = {
    "I1": lock.energised_only_in_a_granted_pulse,
    "I2": lock.energised_no_longer_than_the_pulse,
    "I3": presses.one_decision_a_press_and_one_pulse_a_decision,
    "I4 time": presses.one_at_the_wrong_time_starts_nothing,
    "I4 way": presses.one_in_anothers_way_starts_nothing,
    "I5": grants.every_frame_is_another_and_of_after_the_press,
    "I6": grants.the_frames_show_one_person_who_is_enrolled,
    "I7": grants.what_went_wrong_refuses,
    "I8": grants.the_threshold_is_the_manifests_bit_for_bit,
    "I9": grants.a_stricter_threshold_lets_in_nobody_more,
    "I10": counting.falls_by_a_grant_a_quiet_day_or_the_owner_alone,
    "I11 counter": counting.no_fault_of_the_door_raises_it,
    "I11 lock-out": counting.no_lockout_lasts_longer_than_its_failures,
    "I12": grants.nobody_who_was_removed_before_the_press,
    "I14": lock.off_at_a_processs_end_and_first_of_all_at_its_beginning,
    "I15": lock.every_grant_has_its_pulse_or_says_that_it_failed,
    "I16": grants.the_order_of_the_gallery_changes_nothing,
    "R2.3": counting.raised_on_the_disk_before_anything_is_compared,
    "hours": grants.nobody_who_may_not_come_in_now,
    "ends": presses.one_that_was_taken_ends_and_says_how,
    "opens": grants.an_honest_press_of_an_enrolled_person_is_granted,
    "alive": whatever_was_foreseen_does_not_end_the_door,
    "chain": the_log_is_whole_at_the_end,
}
