"""The level that counts: a command makes it stricter, and never looser."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import pytest

from edge.clock import boottime
from edge.contract.errors import BundleError
from edge.contract.in_force import is_stricter, level_in_force
from edge.door.people import People
from edge.door.press import row_of
from edge.store.chosen import choose_level, chosen_level, level_for
from edge.store.events import EventStore
from edge.store.gallery import GalleryStore
from edge.store.people import Gallery, Person, Template


@pytest.mark.parametrize(
    ("configured", "chosen", "counts"),
    [
        ("normal", None, "normal"),
        ("normal", "normal", "normal"),
        ("normal", "strict", "strict"),
        ("strict", "normal", "strict"),
        ("strict", None, "strict"),
    ],
)
def test_the_stricter_of_the_two_counts(manifest, configured, chosen, counts):
    assert level_in_force(manifest, configured, chosen).name == counts


def test_a_level_that_is_stricter_for_some_galleries_only_is_none(manifest):
    normal = manifest.level("normal")
    first, *rest = normal.steps
    mixed = replace(
        normal, name="mixed", steps=(replace(first, distance=first.distance / 2), *rest)
    )
    assert not is_stricter(mixed, normal)
    assert not is_stricter(normal, normal)


def test_a_chosen_level_that_the_bundle_lacks_is_an_error_that_names_the_way_out(manifest):
    with pytest.raises(BundleError, match="'lax', which was chosen") as refusal:
        level_in_force(manifest, "normal", "lax")
    assert "--choose configured" in refusal.value.remedy


def choose(state, level):
    with EventStore(state) as events:
        choose_level(events, level, row_of("system", "level_chosen", boottime()))


@pytest.fixture
def running():
    """The people of a door that runs: its log stays open."""
    with ExitStack() as stack:

        def made(state, manifest):
            events = stack.enter_context(EventStore(state))
            return People(state, events, manifest, manifest.level("normal"))

        yield made


def test_it_is_remembered_with_its_event_and_taken_back(tmp_path, manifest):
    state = tmp_path / "state"
    assert chosen_level(state) is None  # no log yet
    choose(state, "strict")
    assert level_for(state, manifest, "normal").name == "strict"
    choose(state, None)
    assert chosen_level(state) is None
    with EventStore(state) as events:
        assert [entry["reason"] for _, entry in events.rows()] == ["level_chosen"] * 2
        assert events.verify() == 2


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def events(state):
    with EventStore(state) as store:
        yield store


def test_the_running_door_takes_it_with_the_next_press(state, events, manifest):
    template = Template(bytes([90, 5, 5]), manifest.model, "", "", "")
    with GalleryStore(state).change() as change:
        change.commit(Gallery((Person("p-1", "Ada", (template,)),)))
    people = People(state, events, manifest, manifest.level("normal"))
    assert (people.step.distance, people.cuts) == (0.31, {"normal": 0.31, "strict": 0.2})
    choose(state, "strict")
    people.refresh()
    assert (people.step.distance, people.matcher.people) == (0.2, 1)
    choose(state, None)
    people.refresh()
    assert people.step.distance == 0.31


def test_a_level_that_is_not_for_so_many_has_no_threshold(state, events, manifest):
    template = Template(bytes([90, 5, 5]), manifest.model, "", "", "")
    with GalleryStore(state).change() as change:
        change.commit(Gallery(tuple(Person(f"p-{n}", f"{n}", (template,)) for n in range(2))))
    people = People(state, events, manifest, manifest.level("normal"))
    assert people.cuts == {"normal": 0.28}
    choose(state, "strict")
    with pytest.raises(BundleError, match="measured for 1 people"):
        people.refresh()
    assert people.matcher.empty
