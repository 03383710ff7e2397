"""The reference is what the parser says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from edge.cli.main import parser_of
from edge.manual import completion, manual_page, page

AGAIN = "python -m edge.manual"
MADE_WITH = (3, 11)  # others lay help out a little differently


@pytest.mark.skipif(sys.version_info[:2] != MADE_WITH, reason="made with Python 3.11")
def test_page_and_manual_page_are_of_today(repository):
    assert (repository / "docs/cli.md").read_text() == page(), AGAIN
    assert (repository / "deploy/files/onelook.1").read_text() == manual_page(), AGAIN
    assert (repository / "deploy/files/onelook.bash").read_text() == completion(), AGAIN


def test_every_command_is_in_all_three():
    commands = [
        line.split()[0]
        for line in parser_of().format_help().splitlines()
        if re.match(r"^    [a-z-]+ ", line)
    ]
    assert {"enroll", "events", "unlock", "doctor"} <= set(commands)
    for command in commands:
        assert f"## onelook {command}\n" in page()
        assert f".SS {command}\n".replace("-", "\\-") in manual_page()
        assert command in completion()


@pytest.mark.skipif(shutil.which("groff") is None, reason="there is no groff here")
def test_the_manual_page_is_roff_without_a_complaint(repository):
    command = ["groff", "-man", "-Tutf8", "-ww", "-z", "deploy/files/onelook.1"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_bash_takes_the_completion_and_completes(repository):
    script = (
        f"source {repository}/deploy/files/onelook.bash; COMP_WORDS=(onelook ev); COMP_CWORD=1;"
        " $(complete -p onelook | sed 's/.*-F \\([^ ]*\\).*/\\1/'); echo ${COMPREPLY[@]}"
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["events"]
