"""What the demo plays: who is enrolled, what the camera sees at each press, what should happen."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.contract.errors import DataError, MissingError
from edge.contract.reasons import Reason

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
REFUSED = frozenset(Reason) - {Reason.GRANTED}


@dataclass(frozen=True)
class Enrolment:
    """A person and the photographs of them that the door gets to know."""

    name: str
    photos: tuple[Path, ...]


@dataclass(frozen=True)
class Press:
    """One push of the button. `expect`: how it may end; empty where nobody said."""

    title: str
    pictures: tuple[Path, ...]
    expect: frozenset[Reason]

    @property
    def expected(self) -> str:
        """The expectation in a word."""
        if self.expect == REFUSED:
            return "refused"
        return " or ".join(sorted(reason.value for reason in self.expect)) or "-"

    def met_by(self, reason: Reason) -> bool:
        return not self.expect or reason in self.expect


@dataclass(frozen=True)
class Script:
    """Everything that a demo plays, in order."""

    enrolments: tuple[Enrolment, ...]
    presses: tuple[Press, ...]


def read_script(path: Path) -> Script:
    """A demo.toml; the pictures' paths in it count from its own folder.

    Raises:
        MissingError: the file, or a picture that it names, is not there.
        DataError: not a demo script.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        script = Script(
            tuple(_enrolment(e, path.parent) for e in document["enrol"]),
            tuple(_press(p, path.parent) for p in document["press"]),
        )
    except FileNotFoundError as e:
        raise MissingError(
            f"{path}: the demo's script is missing.", remedy="Install onelook again."
        ) from e
    except (KeyError, TypeError, ValueError) as e:  # TOMLDecodeError is a ValueError
        raise DataError(
            f"{path}: not a demo script ({e}).",
            remedy="Compare it with the one in the repository, or name pictures with --images DIR.",
        ) from e
    _require([p for e in script.enrolments for p in e.photos])
    _require([p for press in script.presses for p in press.pictures])
    return script


def read_folder(folder: Path) -> Script:
    """A script from one's own pictures; see `onelook demo --help` for the two layouts.

    Raises:
        MissingError: no such folder, or nothing in it to enrol or to press with.
    """
    if not folder.is_dir():
        raise MissingError(f"{folder}: no such folder.", remedy="Name a folder of pictures.")
    enrolled, shown = folder / "verification_images", folder / "input_images"
    script = _seed(enrolled, shown) if enrolled.is_dir() else _people(folder)
    if not script.enrolments or not script.presses:
        raise MissingError(
            f"{folder}: no pictures to {'press with' if script.enrolments else 'enrol'}.",
            remedy="Give it one sub-folder per person with at least two pictures each, "
            "or verification_images/ and input_images/.",
        )
    return script


def pictures_in(folder: Path) -> tuple[Path, ...]:
    """The pictures directly in a folder, by name."""
    if not folder.is_dir():
        return ()
    return tuple(
        sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
    )


def folders_in(folder: Path) -> tuple[Path, ...]:
    """The sub-folders that are not hidden, by name."""
    return tuple(sorted(p for p in folder.iterdir() if p.is_dir() and p.name[0] != "."))


def _seed(enrolled: Path, shown: Path) -> Script:
    """The seed's layout: flat folders are one person; nothing says what should happen."""
    people = [Enrolment(f.name, pictures_in(f)) for f in folders_in(enrolled) if pictures_in(f)]
    if flat := pictures_in(enrolled):
        people.insert(0, Enrolment("me", flat))
    presses = [Press(p.stem, (p,), frozenset()) for p in pictures_in(shown)]
    return Script(tuple(people), tuple(presses))


def _people(folder: Path) -> Script:
    """A folder per person: the first picture is enrolled, the others should open the door.

    Pictures directly in the folder, or in `strangers/`, are of nobody enrolled: to be refused.
    """
    people, presses = [], []
    for person in folders_in(folder):
        pictures = pictures_in(person)
        if person.name == "strangers" or not pictures:
            continue
        people.append(Enrolment(person.name, pictures[:1]))
        granted = frozenset({Reason.GRANTED})
        presses += [Press(f"{person.name} again", (p,), granted) for p in pictures[1:]]
    outside = (*pictures_in(folder / "strangers"), *pictures_in(folder))
    presses += [Press("nobody enrolled", (p,), REFUSED) for p in outside]
    return Script(tuple(people), tuple(presses))


def _enrolment(entry: Mapping[str, Any], folder: Path) -> Enrolment:
    return Enrolment(str(entry["name"]), tuple(folder / p for p in entry["photos"]))


def _press(entry: Mapping[str, Any], folder: Path) -> Press:
    pictures = tuple(folder / p for p in entry["pictures"])
    return Press(str(entry["title"]), pictures, frozenset({Reason(entry["expect"])}))


def _require(pictures: list[Path]) -> None:
    for picture in pictures:
        if not picture.is_file():
            raise MissingError(
                f"{picture}: the demo's picture is missing.", remedy="Install onelook again."
            )
