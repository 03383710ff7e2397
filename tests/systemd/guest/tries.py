#!/usr/bin/python3
"""Run in the place of `onelook tell`: what that unit lets a program do that was taken over."""

import json
import socket
import sys
from pathlib import Path

STATE = Path("/var/lib/onelook")


def ask_the_door():
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.connect(str(STATE / "control.sock"))


def reach_out():
    socket.socket(socket.AF_INET).close()


def write():
    (STATE / "events.sqlite3").open("r+b").close()


def read():
    (STATE / "events.sqlite3").open("rb").close()


tried = {}
for attempt in (ask_the_door, reach_out, write, read):
    try:
        attempt()
        tried[attempt.__name__] = "done"
    except OSError as e:
        tried[attempt.__name__] = e.strerror
sys.stdout.write(json.dumps(tried) + "\n")
