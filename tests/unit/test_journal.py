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
