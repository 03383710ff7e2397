"""`onelook mqtt` and `metrics`, as an owner types them, where there is no broker."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.conftest import REPOSITORY
from tests.cli.test_schemas import held


def test_nobody_is_told_anything_unless_a_broker_is_named(door):
    done = door("mqtt")
    assert done.returncode == 78
    assert "[mqtt] broker is empty" in done.stderr
    assert "docs/fleet.md" in done.stderr


def test_without_paho_it_says_how_to_get_it(door):
    door.configure(mqtt={"broker": "localhost"})
    code = (
        "import sys; sys.modules['paho'] = None; from edge.cli.main import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "mqtt", "--check", "--config", door.config],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 69
    assert "apt install python3-paho-mqtt" in done.stderr


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"key": "door.key"}, "[mqtt] cert is needed too"),
        ({"password_file": "secret"}, "[mqtt] user is needed too"),
        ({"cert": "door.crt", "tls": False}, "[mqtt] tls is needed too"),
        ({"broker": "mqtt://broker.lan"}, "a name or an address"),
        ({"name": "Front Door"}, "small letters"),
        ({"prefix": "onelook/#"}, "letters, digits"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_with_their_line(door, settings, told):
    door.configure(mqtt=settings)
    done = door("mqtt")
    assert done.returncode == 78
    assert told in done.stderr


def test_metrics_are_printed_and_written_whole(door):
    document, code = door.json("metrics")
    assert held(document)
    assert (code, document["seq"], document["state"]["people"]) == (0, 0, 0)
    file = door.folder / "onelook.prom"
    file.write_text("old")
    printed = door("metrics").stdout
    assert door("metrics", "--textfile", file).returncode == 0
    assert file.read_text() == printed
    assert "onelook_people 0\n" in printed
    assert file.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in door.folder.glob("*prom*")] == ["onelook.prom"]
    done = door("metrics", "--textfile", door.folder / "none" / "onelook.prom")
    assert done.returncode == 74
    assert "Traceback" not in done.stderr
