#!/usr/bin/python3
"""Install onelook, press its button, and take away what it rests on, one thing after the other."""

import json
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, "/src/tests/systemd/guest")
from header import Header
from PIL import Image, ImageOps
from steps import DOOR, EYE, INSTALL, ONELOOK, main, run, show, wait_for
from told import Told

LOCK, BUTTON, EXIT = 17, 27, 22
PULSE_S = 6.0
PHOTOS = Path("/src/application_data")
ADA, ADA_AT_THE_DOOR = "verification_images/obama_1.jpg", "input_images/obama_2.jpg"
STRANGER, NOBODY = "input_images/stranger_harris.jpg", "input_images/noface_coffee.jpg"
PERSIST = Path("/sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs")
CONFIG = Path("/etc/onelook/onelook.toml")
# The limits, here and below, are of a machine that shares its processor.
SETTINGS = f"""
[door]
lock_pin = "GPIO{LOCK}"
lock_active = "%s"
pulse = "{PULSE_S:.0f}s"
exit_pin = "GPIO{EXIT}"
exit_opens = true
[button]
pin = "GPIO{BUTTON}"
[camera]
source = "pi"
frame_limit = "5s"
[recognition]
decide_within = "10s"
"""
# libcamera would find the kernel's own test camera as well.
DROP_IN = """
[Service]
TimeoutStartSec=300
TimeoutStopSec=120
Environment=LIBCAMERA_PIPELINES_MATCH_LIST=virtual
"""
YEAR_S = 365 * 86400.0
SLOW_S = 300.0
STORED = """
import json, sys
from pathlib import Path
from edge.store.events import EventStore
with EventStore(Path("/var/lib/onelook")) as store:
    json.dump([store.verify(), [entry for _, entry in store.rows()]], sys.stdout)
"""


def steps():
    unit = Unit()
    story = {
        "installed": unit.installed,
        "granted": unit.press,
        "clock_jumps": unit.clock_jumps,
        "killed_while_open": unit.killed_while_open,
        "killed_on_a_kernel_that_keeps": unit.killed_on_a_kernel_that_keeps,
        "active_low": unit.active_low,
        "eye_hangs": unit.eye_hangs,
        "stranger": unit.press,
        "eye_starves": unit.eye_starves,
        "nobody": unit.press,
        "stored": unit.stored,
    }
    found = {}
    for name, step in story.items():
        started = time.monotonic()
        found[name] = step()
        print(name, found[name], f"{time.monotonic() - started:.0f} s")  # noqa: T201 - into the log
    return found


class Unit:
    """The door unit and whoever stands before it."""

    def __init__(self):
        self.header = Header()
        self.header.pull(BUTTON, 1)
        self.header.pull(EXIT, 1)
        self.told = Told(EYE, DOOR)
        self.idle = 0  # the lock's line while it is shut
        self.gone = set()  # processes that were ended here

    def installed(self):
        show_photo(ADA_AT_THE_DOOR)
        found = {"installer": run(*INSTALL, "--no-start").returncode}
        CONFIG.write_text(SETTINGS % "high")
        for unit in (EYE, DOOR):
            drop_in = Path(f"/etc/systemd/system/{unit}.d/vm.conf")
            drop_in.parent.mkdir(parents=True)
            drop_in.write_text(DROP_IN)
        found["enrolled"] = run(ONELOOK, "enroll", "Ada", str(PHOTOS / ADA)).returncode
        self.header.forget()
        found["started"] = run(*INSTALL).returncode
        self.wait_until_up()
        return found | {"levels": self.levels(), "doctor": doctor()}

    def clock_jumps(self):
        """The date is set a year on, and then a year back, while the lock is open."""
        found = []
        for years in (1, -1):
            before = self.open()
            time.clock_settime(time.CLOCK_REALTIME, time.time() + years * YEAR_S)
            found.append(self.ended(before) | {"year": time.gmtime().tm_year})
        return found

    def killed_while_open(self):
        """On a kernel that lets go of a dead process's lines."""
        self.open()
        found = self.kill_door()
        self.wait_until_up()
        return found | {"levels": self.levels(), "then": self.press()}

    def killed_on_a_kernel_that_keeps(self):
        """The switch is thrown under a door that is armed; the next one is not to be armed."""
        PERSIST.write_text("Y")
        self.open()
        found = self.kill_door()
        found["off_after_s"] = self.wait_until_shut()
        found["during"] = show(DOOR, "SubState")["SubState"]
        found["levels"] = self.levels()
        self.header.forget()
        self.wait("two refusals", lambda: len(self.told.messages("not armed: this kernel")) > 1)
        self.header.push(BUTTON)
        found |= {"doctor": doctor(), "active": self.is_up(DOOR), "refused_levels": self.levels()}
        found["refused_level"] = self.header.level(LOCK)
        PERSIST.write_text("N")
        self.wait_until_up()
        return found | {"then": self.press()}

    def active_low(self):
        """A driver that opens at a low level, with its resistor: start, stop, kill, open, kill."""
        self.wire(active="low", idle=1)
        self.header.forget()
        run("systemctl", "start", DOOR)
        run("systemctl", "stop", DOOR)
        found = {"stopped": {"levels": self.levels(), "level": self.header.level(LOCK)}}
        run("systemctl", "start", DOOR)
        found["killed_shut"] = self.kill_door()
        self.wait_until_up()
        found["killed_shut"]["levels"] = self.levels()
        found["granted"] = self.press()
        self.open()
        found["killed_open"] = self.kill_door()
        self.wait_until_up()
        found["killed_open"]["levels"] = self.levels()
        self.wire(active="high", idle=0)
        run("systemctl", "start", DOOR)
        self.wait_until_up()
        return found

    def eye_hangs(self):
        """It comes back with a stranger before it."""
        show_photo(STRANGER)
        door, eye = pid(DOOR), pid(EYE)
        os.kill(eye, signal.SIGSTOP)
        hung = time.monotonic()
        self.gone.add(eye)
        found = {"press": self.press()}
        self.header.forget()
        self.header.push(EXIT)
        self.wait_until_open()
        self.wait_until_shut()
        found["exit_levels"] = self.levels()
        self.wait("another eye", lambda: pid(EYE) not in (0, eye))
        found["replaced_after_s"] = time.monotonic() - hung
        self.wait_until_up()
        found |= {"happened": self.told.reasons("door"), "door_lived": pid(DOOR) == door}
        return found | {"watchdog": self.told.messages("Watchdog timeout")}

    def eye_starves(self):
        """It may have less memory than it needs, and comes back to an empty place."""
        show_photo(NOBODY)
        door, eye = pid(DOOR), pid(EYE)
        self.gone.add(eye)
        run("systemctl", "set-property", "--runtime", EYE, "MemoryMax=24M")
        self.wait("an eye that is gone", lambda: pid(EYE) != eye)
        found = {"press": self.press()}
        run("systemctl", "set-property", "--runtime", EYE, "MemoryMax=400M")
        self.wait_until_up()
        found |= {"killed": self.told.messages("oom-kill"), "door_lived": pid(DOOR) == door}
        return found

    def stored(self):
        """The event log itself, read as its owner does, after the door has gone."""
        run("systemctl", "stop", DOOR, EYE)
        owner = ("setpriv", "--reuid=onelook", "--regid=onelook", "--clear-groups")
        done = run(*owner, "/opt/onelook/current/bin/python", "-c", STORED)
        count, entries = json.loads(done.stdout)
        decided = [entry["reason"] for entry in entries if entry["kind"] == "decision"]
        return {"count": count, "decided": decided, "told": self.told.reasons("press")}

    def wire(self, *, active, idle):
        """Another driver for the lock; the door is stopped meanwhile, and left so."""
        run("systemctl", "stop", DOOR)
        CONFIG.write_text(SETTINGS % active)
        self.header.pull(LOCK, idle)
        self.idle = idle

    def press(self):
        """Push the button, and wait for what the door says of it and for the lock."""
        return self.ended(self.push())

    def open(self):
        """Push the button until the lock is open, and return at once; presses before the last.

        A processor that others need may show too few frames in time.
        """
        for _ in range(3):
            before = self.push()
            wait_for("an end", lambda n=before: self.is_open() or self.told_of(n), SLOW_S)
            if self.is_open() or self.told.reasons("press")[before] == "granted":
                break
        self.wait_until_open()
        return before

    def push(self):
        """Push the button, with a new record; how many presses were told of before."""
        before = len(self.told.reasons("press"))
        self.header.forget()
        self.header.push(BUTTON)
        return before

    def ended(self, before):
        self.wait("the press's end", lambda: self.told_of(before))
        reason = self.told.reasons("press")[before]
        if reason == "granted":
            self.wait("a pulse", lambda: {level for _, level in self.levels()} == {0, 1})
        return {"reason": reason, "levels": self.levels(), "level": self.header.level(LOCK)}

    def levels(self):
        """(seconds, level) of the lock's line since the record began."""
        return self.header.record(LOCK)

    def kill_door(self):
        """SIGKILL; what is left of it holds no line any more when this returns."""
        process = pid(DOOR)
        os.kill(process, signal.SIGKILL)
        at = time.clock_gettime(time.CLOCK_BOOTTIME)
        self.gone.add(process)
        state = Path(f"/proc/{process}/stat")
        wait_for("its end", lambda: not state.exists() or " Z " in state.read_text())
        return {"at": at, "level": self.header.level(LOCK)}

    def is_up(self, unit):
        told = show(unit, "ActiveState", "MainPID")
        return told["ActiveState"] == "active" and int(told["MainPID"]) not in self.gone

    def wait_until_up(self):
        """Both run, neither of them one that was ended here, and the door has found its eye."""
        self.wait("both services", lambda: self.is_up(EYE) and self.is_up(DOOR))
        time.sleep(3.0)  # a door asks for a lost eye once a second

    def is_open(self):
        return self.header.level(LOCK) != self.idle

    def told_of(self, before):
        """Whether there were more presses than those."""
        return len(self.told.reasons("press")) > before

    def wait_until_open(self):
        return wait_for("an open lock", self.is_open, SLOW_S)

    def wait_until_shut(self):
        return wait_for("a shut lock", lambda: not self.is_open(), SLOW_S)

    def wait(self, what, true):
        wait_for(what, true, SLOW_S, every_s=0.3)


def show_photo(name):
    """What the camera sees from its next start on."""
    photo = Path("/var/lib/camera/0.jpg")
    photo.parent.mkdir(exist_ok=True)
    with Image.open(PHOTOS / name) as image:
        ImageOps.pad(image.convert("RGB"), (640, 480), color=(90, 90, 90)).save(photo, quality=95)


def pid(unit):
    return int(show(unit, "MainPID")["MainPID"])


def doctor():
    found = json.loads(run(ONELOOK, "doctor", "--json").stdout)["findings"]
    return {finding["name"]: [finding["state"], finding["said"]] for finding in found}


main(steps)
