"""One line for each thing that happened."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from edge.contract.reasons import Happening, Reason
from edge.messages import IDS, catalogue, message_id

WRITE = (
    "from edge import journal; "
    "journal.write('press', priority=5, reason='no face', ms=1.25, x=None)"
)


def run(code, repository, *, as_systemd=False):
    reader, writer = os.pipe()
    environment = {k: v for k, v in os.environ.items() if k != "JOURNAL_STREAM"}
    if as_systemd:
        here = os.fstat(writer)
        environment["JOURNAL_STREAM"] = f"{here.st_dev}:{here.st_ino}"
    subprocess.run(
        [sys.executable, "-c", code], cwd=repository, env=environment, stderr=writer, check=True
    )
    os.close(writer)
    with os.fdopen(reader) as lines:
        return lines.read()


def test_elsewhere_it_is_a_line_of_fields_on_stderr(repository):
    assert run(WRITE, repository) == "onelook: press reason='no face' ms=1.25\n"


def test_a_line_stays_a_line_whatever_a_field_holds(repository):
    code = "from edge import journal; journal.write('press', why='a\\nonelook: granted', p='')"
    assert run(code, repository) == "onelook: press why='a\\nonelook: granted'\n"


def test_under_systemd_the_priority_stands_before_it(repository):
    if (
        subprocess.run([sys.executable, "-c", "import systemd.journal"], check=False).returncode
        == 0
    ):
        pytest.skip("systemd-python is installed here: it talks to the journal itself")
    code = "import sys; sys.modules['systemd'] = None; " + WRITE
    assert run(code, repository, as_systemd=True) == "<5>press reason='no face' ms=1.25\n"


def test_a_journal_of_whoever_started_it_is_not_its_own(repository):
    """systemd's variable is inherited by everything that a service starts, its pipes included."""
    code = f"import os; os.environ['JOURNAL_STREAM'] = '8:12345'; {WRITE}"
    assert run(code, repository) == "onelook: press reason='no face' ms=1.25\n"


def test_with_systemd_python_the_fields_are_the_journals_own(repository):
    code = f"""
import sys, types
sent = {{}}
journal = types.ModuleType('systemd.journal')
journal.send = lambda message, **fields: sent.update(fields, MESSAGE=message)
package = types.ModuleType('systemd')
package.journal = journal
sys.modules['systemd'], sys.modules['systemd.journal'] = package, journal
{WRITE}
sys.stderr.write(repr(sorted(sent.items())))
"""
    told = run(code, repository, as_systemd=True)
    assert "('ONELOOK_REASON', 'no face')" in told
    assert "('PRIORITY', 5)" in told
    assert "('SYSLOG_IDENTIFIER', 'onelook')" in told
    assert "('MESSAGE_ID', None)" in told  # 'no face' is no word of ours


def test_every_word_has_an_id_of_its_own_and_a_line_in_the_catalogue(repository):
    reasons = {word.value for word in (*Reason, *Happening)}
    written = set()
    for file in (repository / "edge").rglob("*.py"):
        calls = r'(?:journal\.write|\b_tell|\b_part)\(\s*"([a-z_]+)"'
        written |= set(re.findall(calls, file.read_text()))
    written |= {f"{kind}_accepted" for kind in ("bundle", "keys")}
    assert {"eye_door_lost", "door_started", "press"} <= written
    assert written - {"press", "door"} <= IDS.keys()
    assert reasons <= IDS.keys()
    assert len(set(IDS.values())) == len(IDS)
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in IDS.values())
    kept = (repository / "deploy/files/onelook.catalog").read_text()
    assert kept == catalogue(), "python -m edge.messages > deploy/files/onelook.catalog"
    assert {*re.findall(r"^Subject: (.*)$", kept, re.MULTILINE)} == IDS.keys()


def test_a_press_has_the_id_of_its_reason():
    assert message_id("press", "granted") == IDS["granted"] != message_id("press", "too_dark")
    assert message_id("door", "door_forced") == IDS["door_forced"]
    assert message_id("fault", None) == IDS["fault"]
    assert message_id("nonsense", None) == ""


@pytest.mark.parametrize("as_systemd", [False, True])
def test_a_listener_that_has_gone_stops_nobody(repository, as_systemd):
    code = f"""
import os, sys
reader, writer = os.pipe()
os.dup2(writer, 2)
os.close(reader)
sys.modules['systemd'] = None
if {as_systemd}:
    here = os.fstat(2)
    os.environ['JOURNAL_STREAM'] = f'{{here.st_dev}}:{{here.st_ino}}'
{WRITE}
print('works on', flush=True)
os._exit(0)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout == "works on\n"
