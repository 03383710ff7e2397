"""From an empty door to a second member of the family: `python -m edge.demo.walkthrough`.

Runs the commands at the demo's door, its two real processes with pictures for a camera and a wire
for a button, and writes docs/walkthrough.md.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from edge.demo.stage import Stage

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "application_data"
TEXT = (
    "# A first evening\n\nFrom an empty door to a second member of the family, as it went: "
    "`python -m edge.demo.walkthrough` ran these commands and wrote this page.\n"
    "The door was the demo's, with pictures before its camera; at yours, say `sudo onelook ...`."
)


class Evening:
    """Runs commands at one door and keeps what they said."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._told = stage, [TEXT]

    def say(self, text: str) -> None:
        self._told.append(f"\n{text}")

    def run(self, *commands: str) -> None:
        self._told.append("\n```console")
        for command in commands:
            arguments = shlex.split(command)[1:]
            done = subprocess.run(
                [sys.executable, "-m", "edge", *arguments],
                cwd=PICTURES,
                env={**os.environ, "ONELOOK_CONFIG": str(self._stage.config)},
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode > 1:
                raise SystemExit(f"{command}: {done.stderr}")
            self._told.append(f"$ {command}\n{(done.stderr + done.stdout).rstrip()}")
        self._told.append("```")

    def press(self, picture: str) -> None:
        self._stage.show([PICTURES / "input_images" / picture])
        outcome = self._stage.press(within_s=30.0)
        word = outcome.event["reason"]
        lock = "The lock opens, and shuts again." if outcome.strike else "The lock stays shut."
        self.say(f"*Somebody presses the button ({picture}).* {lock} The door says `{word}`.")

    def page(self) -> str:
        return "\n".join(self._told) + "\n"


def main() -> None:
    """Play it and write the page."""
    with Stage(bundle=None, settings={"door": {"pulse": "500ms"}}) as stage:
        evening = Evening(stage)
        evening.say("Nobody is enrolled, so nobody is looked at.")
        evening.press("obama_2.jpg")
        evening.run("onelook list")
        evening.say("One photograph is enough.")
        evening.run("onelook enroll Ada verification_images/obama_1.jpg", "onelook list")
        evening.press("obama_2.jpg")
        evening.say("A stranger is a no, and so are two people at once.")
        evening.press("stranger_harris.jpg")
        evening.press("group_1.jpg")
        evening.say("Why?")
        evening.run("onelook explain last", "onelook events")
        evening.say("The second member of the family, on weekdays only.")
        evening.run(
            "onelook enroll Bea input_images/stranger_harris.jpg",
            'onelook edit Bea --hours "Mo-Fr 07:00-19:00"',
            "onelook list",
        )
        evening.say("And a photograph more of the first one, to be refused less often.")
        evening.run("onelook enroll Ada --add input_images/obama_2.jpg")
        evening.say("The door for a parcel, and how it is.")
        evening.run("onelook unlock --for 10s --because parcel", "onelook status")
        evening.say("Somebody moves out.")
        evening.run("onelook remove Bea --yes", "onelook events -n 4", "onelook log verify")
        (ROOT / "docs/walkthrough.md").write_text(evening.page(), encoding="utf-8")


if __name__ == "__main__":
    main()
