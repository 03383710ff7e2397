"""Every command of the pages, run at a simulated door; every press, pressed there.

`make docs` runs it: each page has a door of its own, the demo's stage with its two processes, and a
folder with the demo's pictures under the names that the pages use.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge.demo.stage import Stage
from tests.docs.blocks import Command, Press, printed, steps

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted((REPOSITORY / "docs").glob("*.md"))
WITH_STEPS = [page for page in PAGES if steps(page.read_text(encoding="utf-8"))]
PICTURES = {
    "ada.jpg": "verification_images/obama_1.jpg",
    "ada-2.jpg": "input_images/obama_2.jpg",
    "ada-with-glasses.jpg": "input_images/obama_3.jpg",
    "bea.jpg": "input_images/stranger_harris.jpg",
    "visitor.jpg": "input_images/stranger_collins.jpg",
    "two.jpg": "input_images/group_1.jpg",
    "dark.jpg": "input_images/black.jpg",
}
PROGRAMS = {"onelook": "edge", "convert": "convert"}
LIMIT_S = 120  # of one command on a busy machine


@pytest.fixture
def folder(tmp_path):
    """Where a page's commands run."""
    shown = REPOSITORY / "application_data"
    for images in ("verification_images", "input_images"):
        shutil.copytree(shown / images, tmp_path / images)
    for name, picture in PICTURES.items():
        shutil.copyfile(shown / picture, tmp_path / name)
    (tmp_path / "models").symlink_to(REPOSITORY / "models")
    secret = tmp_path / "passphrase.txt"
    secret.write_text("four words that nobody guesses\n")
    secret.chmod(0o600)
    return tmp_path


@pytest.fixture
def stage():
    with Stage(bundle=None, settings={"door": {"pulse": "500ms"}}) as stage:
        yield stage


@pytest.mark.parametrize("page", WITH_STEPS, ids=lambda page: page.stem)
def test_the_page_tells_what_happens(page, folder, stage):
    for step in steps(page.read_text(encoding="utf-8")):
        where = f"{page.name}:{step.line}"
        if isinstance(step, Press):
            press(where, step, folder, stage)
        else:
            command(where, step, folder, stage)


def press(where: str, step: Press, folder: Path, stage: Stage) -> None:
    picture = next(
        p for p in (folder / step.picture, *folder.glob(f"*/{step.picture}")) if p.exists()
    )
    stage.show([picture])
    assert stage.press(within_s=30.0).event["reason"] == step.word, where


def command(where: str, step: Command, folder: Path, stage: Stage) -> None:
    done = run(step.text, folder, stage)
    said = done.stderr + done.stdout
    assert done.returncode == step.exit_code, f"{where}: {step.text}\n{said}"
    if step.prints:
        wanted = "\n".join(step.prints)
        assert printed(step.prints, said), f"{where}: {step.text}\n{said}\ninstead of\n{wanted}"


def run(text: str, folder: Path, stage: Stage) -> subprocess.CompletedProcess[str]:
    """One line of a page. `sudo` is for a unit's files, and these here are our own."""
    program, *arguments = shlex.split(text.removeprefix("sudo "))
    return subprocess.run(
        [sys.executable, "-m", PROGRAMS[program], *arguments],
        cwd=folder,
        env={
            **os.environ,
            "ONELOOK_CONFIG": str(stage.config),
            "PYTHONPATH": str(REPOSITORY),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
