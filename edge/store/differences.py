"""Two doors' people held against each other, and made one by what was chosen for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from edge.store.lineage import History, Line, chosen, joined
from edge.store.people import Gallery, Person


class How(Enum):
    """In what way a person differs."""

    SAME = "same"
    NEW_HERE = "new_here"
    NEW_THERE = "new_there"
    CHANGED_HERE = "changed_here"
    CHANGED_THERE = "changed_there"
    GONE_HERE = "gone_here"
    GONE_THERE = "gone_there"
    BOTH = "changed_on_both"


class Side(Enum):
    """Whose version counts."""

    HERE = "here"
    THERE = "there"


NEWER_HERE = frozenset({How.NEW_HERE, How.CHANGED_HERE, How.GONE_HERE})


@dataclass(frozen=True)
class Party:
    """A door's people and where their versions come from."""

    gallery: Gallery
    history: History

    def person(self, identity: str) -> Person | None:
        return next((p for p in self.gallery.people if p.id == identity), None)


@dataclass(frozen=True)
class Difference:
    """One person, or two of one name who were enrolled on each door by itself.

    here, there: None for somebody who is not enrolled there now; the lines are None for somebody
    that door never heard of.
    """

    how: How
    here: Person | None
    there: Person | None
    here_line: Line | None
    there_line: Line | None
    ids: tuple[str, ...]

    @property
    def name(self) -> str:
        """As the owner knows the person here, else there; the id of somebody gone from both."""
        person = self.here or self.there
        return person.name if person else self.ids[0]

    @property
    def names(self) -> frozenset[str]:
        """Every name and id that may mean it, in small letters."""
        people = (p for p in (self.here, self.there) if p)
        return frozenset(word.casefold() for word in (*(p.name for p in people), *self.ids) if word)


Choose = Callable[[Difference], Side]


def differences(here: Party, there: Party, model: str) -> list[Difference]:
    """Everybody of both, those of here first; people who are the same too."""
    ids = dict.fromkeys(
        [p.id for p in here.gallery.people]
        + [p.id for p in there.gallery.people]
        + [*here.history, *there.history]
    )
    return _paired([_difference(one, here, there, model) for one in ids])


def newer(difference: Difference) -> Side:
    """Whose is the newer version; of nobody's that of here."""
    theirs = {How.NEW_THERE, How.CHANGED_THERE, How.GONE_THERE}
    return Side.THERE if difference.how in theirs else Side.HERE


def settled(found: Sequence[Difference], choose: Choose, model: str) -> Party:
    """One gallery of both: people of here keep their places, new ones follow."""
    people: list[Person] = []
    history: dict[str, Line] = {}
    for one in found:
        side = choose(one)
        person = one.here if side is Side.HERE else _taken(one, model)
        if person is not None:
            people.append(person)
        history |= _lines(one, side)
    return Party(Gallery(tuple(people)), history)


def _difference(identity: str, here: Party, there: Party, model: str) -> Difference:
    lines = here.history.get(identity), there.history.get(identity)
    people = here.person(identity), there.person(identity)
    return Difference(_how(*lines, *people, model), *people, *lines, (identity,))


def _how(  # noqa: PLR0911 - a table, read from top to bottom
    here: Line | None, there: Line | None, mine: Person | None, theirs: Person | None, model: str
) -> How:
    if here is None or there is None:
        line = here or there
        if line is None or line.gone:  # somebody whom the other never knew was removed
            return How.SAME
        return How.NEW_HERE if there is None else How.NEW_THERE
    if here.content == there.content:
        return How.SAME
    if _waits_for(mine, theirs, model):
        return How.CHANGED_THERE
    if _waits_for(theirs, mine, model):
        return How.CHANGED_HERE
    ours_led_there, theirs_led_here = here.version in there.before, there.version in here.before
    if ours_led_there == theirs_led_here:
        return How.BOTH
    if ours_led_there:
        return How.GONE_THERE if there.gone else How.CHANGED_THERE
    return How.GONE_HERE if here.gone else How.CHANGED_HERE


def _waits_for(one: Person | None, other: Person | None, model: str) -> bool:
    """Only for templates of a network that one door had before the other (`model swap`)."""
    if one is None or other is None or any(t.model == model for t in one.templates):
        return False
    return replace(one, templates=()) == replace(other, templates=())


def _paired(found: list[Difference]) -> list[Difference]:
    """New people of one name on both doors are one conflict: most likely they are one person."""
    mine = {d.name.casefold(): d for d in found if d.how is How.NEW_HERE}
    theirs = {d.name.casefold(): d for d in found if d.how is How.NEW_THERE}
    twins = mine.keys() & theirs.keys()
    paired = []
    for one in found:
        name = one.name.casefold()
        if name not in twins or one.how not in {How.NEW_HERE, How.NEW_THERE}:
            paired.append(one)
        elif one.how is How.NEW_HERE:
            other = theirs[name]
            paired.append(
                replace(
                    one,
                    how=How.BOTH,
                    there=other.there,
                    there_line=other.there_line,
                    ids=(*one.ids, *other.ids),
                )
            )
    return paired


def _taken(one: Difference, model: str) -> Person | None:
    """Theirs, with what never leaves a door: crops kept here, and other networks' templates."""
    if one.there is None or one.here is None:
        return one.there
    crops = {(t.embedding, t.source): t.crop for t in one.here.templates if t.model == model}
    templates = tuple(
        replace(t, crop=crops.get((t.embedding, t.source), b"")) for t in one.there.templates
    )
    others = tuple(t for t in one.here.templates if t.model != model)
    return replace(one.there, templates=(*others, *templates))


def _lines(one: Difference, side: Side) -> dict[str, Line]:
    here, there = one.here_line, one.there_line
    if len(one.ids) == 2:  # the one who was not chosen is gone, on every door that hears of it
        mine, theirs = one.ids
        if side is Side.HERE:
            return {mine: chosen(here, None), theirs: chosen(None, there)}
        return {mine: chosen(None, here), theirs: chosen(there, None)}
    (identity,) = one.ids
    if one.how is How.SAME and here and there:
        later, earlier = (there, here) if here.version in there.before else (here, there)
        return {identity: joined(later, earlier)}
    if one.how is How.SAME:
        return {identity: chosen(here or there, None)}
    winner, other = (here, there) if side is Side.HERE else (there, here)
    return {identity: chosen(winner, other)}
