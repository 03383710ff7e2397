"""One line for each thing that happened."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

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
