"""Who is newer where: three doors that change people and meet, and nothing is lost unseen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.store.differences import How, Party, Side, differences, newer, settled
from edge.store.lineage import MOST_BEFORE, digest_of, tracked
from edge.store.people import Gallery, Person, Template

MODEL = "0123456789abcdef"


def template(number, model=MODEL, crop=b""):
    return Template(bytes([number]) * 8, model, f"s{number}", "2026-11-27", "", crop)


ADA = Person("p-a", "Ada", (template(1),))
BEA = Person("p-b", "Bea", (template(2),))


@dataclass
class Door:
    """People, and what the store remembers of their versions."""

    gallery: Gallery = field(default_factory=Gallery)
    history: dict = field(default_factory=dict)

    def party(self):
        return Party(self.gallery, tracked(self.history, self.gallery, MODEL))

    def sent(self):
        """What leaves the door is remembered."""
        self.history = self.party().history
        return self.party()

    def met(self, there):
        return differences(self.party(), there, MODEL)

    def merge(self, there, choose=newer):
        after = settled(self.met(there), choose, MODEL)
        self.gallery, self.history = after.gallery, dict(after.history)

    def put(self, person):
        self.gallery = self.gallery.with_person(person)

    def people(self):
        return {p.id: p for p in self.gallery.people}


def hows(door, there):
    return {one.name: one.how for one in door.met(there) if one.how is not How.SAME}


def two(*people):
    front, back = Door(Gallery(people)), Door()
    back.merge(front.sent())
    return front, back


def test_a_new_door_takes_everybody_and_differs_in_nobody():
    front, back = two(ADA, BEA)
    assert back.gallery == front.gallery
    assert hows(back, front.sent()) == hows(front, back.sent()) == {}


def test_a_change_on_one_door_goes_to_the_other_and_back_again():
    front, back = two(ADA, BEA)
    front.put(replace(ADA, disabled=True))
    assert hows(back, front.sent()) == {"Ada": How.CHANGED_THERE}
    assert hows(front, back.sent()) == {"Ada": How.CHANGED_HERE}
    back.merge(front.sent())
    back.put(ADA)  # on again: the same words as at first, and yet the newer version
    assert hows(front, back.sent()) == {"Ada": How.CHANGED_THERE}
    front.merge(back.sent())
    assert front.people()["p-a"] == ADA


def test_whoever_was_removed_stays_removed_and_a_change_meanwhile_is_a_conflict():
    front, back = two(ADA, BEA)
    front.gallery = front.gallery.without("p-a")
    assert hows(back, front.sent()) == {"Ada": How.GONE_THERE}
    assert [*hows(front, back.sent()).values()] == [How.GONE_HERE]
    back.put(replace(ADA, hours="Mo 07:00-08:00"))
    assert hows(back, front.sent()) == {"Ada": How.BOTH}
    back.merge(front.sent(), lambda _: Side.THERE)
    assert back.gallery.people == (BEA,)
    assert hows(front, back.sent()) == {}


def test_a_conflict_is_decided_once_for_both_doors():
    for side in Side:
        front, back = two(ADA)
        front.put(replace(ADA, until="2027-01-01"))
        back.put(replace(ADA, disabled=True))
        assert hows(back, front.sent()) == {"Ada": How.BOTH}
        back.merge(front.sent(), lambda _, side=side: side)
        front.merge(back.sent())
        assert front.gallery == back.gallery
        assert front.people()["p-a"].disabled is (side is Side.HERE)
        assert hows(back, front.sent()) == {}


def test_one_name_on_two_doors_is_one_conflict_and_the_other_number_goes_everywhere():
    for side in Side:
        front, back = Door(Gallery((ADA,))), Door(Gallery((replace(ADA, id="p-z"), BEA)))
        (ada,) = [one for one in back.met(front.sent()) if one.how is How.BOTH]
        assert set(ada.ids) == {"p-a", "p-z"}
        back.merge(front.sent(), lambda one, side=side: side if one.how is How.BOTH else newer(one))
        wanted = "p-z" if side is Side.HERE else "p-a"
        assert back.people().keys() == {wanted, "p-b"}
        front.merge(back.sent())
        assert front.people() == back.people()
        assert hows(back, front.sent()) == {}


def test_a_third_door_hears_from_either():
    front, back = two(ADA)
    garage = Door()
    garage.merge(front.sent())
    front.put(replace(ADA, hours="Mo 07:00-08:00"))
    back.merge(front.sent())
    assert hows(garage, back.sent()) == {"Ada": How.CHANGED_THERE}
    garage.merge(back.sent())
    assert hows(front, garage.sent()) == {}


def test_taking_an_older_version_on_purpose_is_a_newer_one_for_everybody():
    front, back = two(ADA)
    back.put(replace(ADA, disabled=True))
    back.sent()
    back.merge(front.sent(), lambda _: Side.THERE)
    assert back.people()["p-a"] == ADA
    garage = Door()
    garage.merge(front.sent())
    garage.put(replace(ADA, until="2027-01-01"))
    assert hows(garage, back.sent()) == {"Ada": How.BOTH}


def test_what_never_leaves_a_door_is_kept_when_a_person_is_taken():
    front, back = two(ADA)
    old, crop = template(9, "of another"), b"\x89PNG"
    back.put(replace(ADA, templates=(old, template(1, crop=crop))))
    assert hows(back, front.sent()) == {}  # neither is part of what is exchanged
    front.put(replace(ADA, templates=(template(1), template(3))))
    back.merge(front.sent())
    assert back.people()["p-a"].templates == (old, template(1, crop=crop), template(3))


def test_a_door_that_swapped_its_network_takes_templates_from_one_that_has_them():
    front, back = two(ADA)
    for door in (front, back):
        door.gallery = Gallery((replace(ADA, templates=(template(1, "of another"),)),))
    front.put(replace(ADA, templates=(template(1, "of another"), template(5))))
    assert hows(back, front.sent()) == {"Ada": How.CHANGED_THERE}


def test_a_history_has_an_end_and_beyond_it_is_a_conflict():
    front, back = two(ADA)
    for day in range(MOST_BEFORE + 2):
        front.put(replace(ADA, hours=f"Mo 07:00-08:{day % 60:02}", until=f"2027-01-{day % 28 + 1}"))
        front.sent()
    assert len(front.history["p-a"].before) == MOST_BEFORE
    assert hows(back, front.sent()) == {"Ada": How.BOTH}
    for side in Side:
        back.merge(front.sent(), lambda _, side=side: side)
        assert len(back.history["p-a"].before) == MOST_BEFORE


def test_every_byte_of_a_gallery_is_in_its_digest():
    digests = {
        digest_of(Gallery((person,)))
        for person in (
            ADA,
            replace(ADA, name="Bea"),
            replace(ADA, disabled=True),
            replace(ADA, templates=(template(1, crop=b"x"),)),
            replace(ADA, templates=(template(1, "m"),)),
        )
    }
    assert len(digests) == 5


_doors = st.integers(0, 2)
_words = st.sampled_from(["", "Mo 07:00-08:00", "Tu 07:00-08:00"])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("edit"), _doors, st.sampled_from(["p-a", "p-b"]), _words),
        st.tuples(st.just("remove"), _doors, st.sampled_from(["p-a", "p-b"])),
        st.tuples(st.just("merge"), _doors, _doors, st.sampled_from(list(Side))),
    ),
    max_size=14,
)


@dataclass
class Truth:
    """live: the changes in a version of a person. seen: these, and those decided against."""

    live: frozenset = frozenset()
    seen: frozenset = frozenset()

    def changed(self):
        one = {object()}
        return Truth(self.live | one, self.seen | one)

    def over(self, other):
        """Chosen before the other."""
        return Truth(self.live, self.seen | other.seen)

    def beside(self, other):
        """Both say the same."""
        return Truth(self.live | other.live, self.seen | other.seen)


@given(steps)
@settings(max_examples=300, deadline=None)
def test_a_change_is_only_dropped_for_one_that_was_made_knowing_it(history):
    doors = [Door(Gallery((ADA, BEA))), Door(), Door()]
    for door in doors[1:]:
        door.merge(doors[0].sent())
    truths = [{"p-a": Truth(), "p-b": Truth()} for _ in doors]
    for what, at, *rest in history:
        door = doors[at]
        if what == "merge":
            other, side = rest
            _merge(doors, truths, at, other, side)
        elif rest[0] in door.people():
            person = door.people()[rest[0]]
            if what == "remove":
                door.gallery = door.gallery.without(person.id)
            else:
                door.put(replace(person, hours=rest[1]))


def _merge(doors, truths, at, other, side):
    for number in (at, other):
        _notice(doors[number], truths[number])
    there = doors[other].sent()

    def choose(one):
        return side if one.how is How.BOTH else newer(one)

    for one in doors[at].met(there):
        (identity,) = one.ids
        mine, theirs = truths[at][identity], truths[other][identity]
        winner, loser = (theirs, mine) if choose(one) is Side.THERE else (mine, theirs)
        if one.how is How.SAME:
            truths[at][identity] = _same(one, mine, theirs)
            continue
        assert one.how is How.BOTH or loser.live <= winner.seen, one
        truths[at][identity] = winner.over(loser)
    doors[at].merge(there, choose)


def _same(one, mine, theirs):
    if one.here_line.version in one.there_line.before:
        return theirs.over(mine)
    if one.there_line.version in one.here_line.before:
        return mine.over(theirs)
    return mine.beside(theirs)


def _notice(door, truths):
    """What was changed and changed back between two exchanges is no change."""
    for identity, line in door.party().history.items():
        if line.content != door.history[identity].content:
            truths[identity] = truths[identity].changed()
