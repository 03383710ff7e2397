"""The write paths of a store: what lies there before, what is done to it, how it is read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.crashpoints import sending, stories, taking
from tests.crashpoints.check import Recording, Use, record
from tests.crashpoints.reading import (
    Reader,
    read_all,
    read_backups,
    read_models,
    read_store,
    use_store,
)
from tests.crashpoints.typed import typed

REPOSITORY = Path(__file__).resolve().parents[2]
_PHOTOS = REPOSITORY / "application_data"
_STORY = "import sys; from pathlib import Path; from tests.crashpoints.stories import main\n"


@dataclass(frozen=True)
class Scene:
    """share: of what its cuts may leave. use: what must be possible after a cut, if anything."""

    prepare: Callable[[Path], None]
    read: Reader
    use: Use | None = None
    share: float = 1.0


def _nothing(_: Path) -> None:
    """A new door."""


SCENES = {
    "people": Scene(_nothing, read_store, use_store),
    "presses": Scene(_nothing, read_store, use_store),
    "home": Scene(stories.full_log, read_store, share=0.01),
    "mended": Scene(stories.damaged_log, read_store, use_store),
    "aside": Scene(stories.running_log, read_store, use_store),
    "brought_up": Scene(stories.older_log, read_store, use_store),
    "backups": Scene(stories.usb_stick, read_backups),
    "bundles": Scene(_nothing, read_models),
    "commands": Scene(stories.usb_stick, read_all, use_store),
    "sending": Scene(sending.prepare, sending.read, sending.use, share=0.25),
    "taking": Scene(taking.prepare, taking.read, taking.use, share=0.1),
}


def recorded(name: str, scratch: Path, *, fault: str = "") -> Recording:
    """Play a scene in an empty folder. fault: code that spoils the product before it."""
    folder = scratch.resolve() / "disk"
    folder.mkdir()
    SCENES[name].prepare(folder)
    if name == "commands":
        return record(_commands(folder, scratch), folder, REPOSITORY)
    if steps := {"sending": sending.STEPS, "taking": taking.STEPS}.get(name):
        return record(typed(steps, folder, scratch, fault), folder, REPOSITORY)
    code = f"{_STORY}{fault}\nmain(sys.argv[1], Path(sys.argv[2]))"
    return record([[sys.executable, "-c", code, name, str(folder)]], folder, REPOSITORY)


def _commands(folder: Path, scratch: Path) -> Sequence[Sequence[str]]:
    """An owner's evening, typed."""
    config, phrase = scratch / "onelook.toml", scratch / "phrase"
    config.write_text(f'[paths]\nstate_dir = "{folder / "state"}"\n')
    phrase.write_text("correct horse\n")
    ada = _PHOTOS / "verification_images" / "obama_1.jpg"
    bea = _PHOTOS / "input_images" / "stranger_harris.jpg"
    sealed_with = f"--passphrase-file {phrase}"
    typed = (
        f"enroll Ada {ada}",
        f"enroll Bea {bea}",
        "edit Ada --disable",
        f"backup {folder}/usb/door.backup {sealed_with}",
        "log seal",
        "remove Bea --yes",
        f"restore {folder}/usb/door.backup --yes {sealed_with}",
    )
    return [
        [sys.executable, "-m", "edge", *line.split(), "--config", str(config)] for line in typed
    ]
