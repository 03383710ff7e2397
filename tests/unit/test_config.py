"""One file, every fault at once, each with its line and its remedy."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import load_config
from edge.config.durations import parse_duration
from edge.config.keys import KEYS
from edge.contract.errors import ConfigError, MissingError
from edge.contract.gates import Limits
from edge.trusted import bundle_path


@pytest.fixture
def written(tmp_path):
    def write(text):
        file = tmp_path / "onelook.toml"
        file.write_text(text)
        return file

    return write


def test_without_a_file_everything_has_its_default():
    config = load_config(None)
    assert (config.door.pulse_s, config.lockout.cap_s, config.button.debounce_s) == (
        5.0,
        900.0,
        0.03,
    )
    assert config.gates == Limits()
    assert {setting.origin for setting in config.settings} == {"default"}
    assert bundle_path(config).name == "faces"


def test_what_the_file_says_counts_and_knows_its_line(written):
    file = written('[door]\npulse = "1500ms"\n\n# away\n[recognition]\nframes = 5\nagree = 3\n')
    config = load_config(file)
    assert (config.door.pulse_s, config.recognition.agree) == (1.5, 3)
    origins = {(s.key.section, s.key.name): s.origin for s in config.settings}
    assert origins["door", "pulse"] == f"{file}:2"
    assert origins["recognition", "agree"] == f"{file}:7"
    assert origins["door", "lock_pin"] == "default"


def test_the_environment_names_a_file_and_an_option_comes_before_it(written, monkeypatch, tmp_path):
    monkeypatch.setenv("ONELOOK_CONFIG", str(written('[door]\npulse = "1s"\n')))
    assert load_config(None).door.pulse_s == 1.0
    other = tmp_path / "other.toml"
    other.write_text('[door]\npulse = "2s"\n')
    assert load_config(other).door.pulse_s == 2.0


def test_a_named_file_that_is_not_there_is_an_error_not_a_default(tmp_path):
    with pytest.raises(MissingError, match=r"nowhere\.toml"):
        load_config(tmp_path / "nowhere.toml")


def test_a_path_that_cannot_be_looked_at_is_an_error_not_a_default(tmp_path, monkeypatch):
    too_long = tmp_path / ("x" * 300)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(too_long)
    monkeypatch.setattr("edge.config.SYSTEM_FILE", too_long)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(None)


def test_a_socket_is_as_long_as_its_whole_path(written, tmp_path):
    longest = "x" * (99 - len(str(tmp_path)))
    assert load_config(written(f'[paths]\nsocket = "{longest}"\n')).paths.socket.name == longest
    with pytest.raises(ConfigError, match="100 characters"):
        load_config(written(f'[paths]\nsocket = "{longest}x"\n'))


def test_who_is_not_root_has_places_of_their_own_unless_onelook_is_installed(monkeypatch, tmp_path):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(
        "edge.config.paths._SYSTEM",
        {
            "state_dir": tmp_path / "lib",
            "models_dir": tmp_path / "onelook-models",
            "socket": tmp_path / "run" / "eye.sock",
        },
    )
    mine = load_config(None).paths
    assert mine.models_dir == tmp_path / "xdg_state_home" / "onelook-models"
    assert mine.socket == tmp_path / "xdg_runtime_dir" / "onelook" / "eye.sock"
    # Closed to its writing too, which is for the store to refuse, not a reason to go elsewhere.
    (tmp_path / "lib").mkdir(mode=0o500)
    (tmp_path / "run").mkdir(mode=0o500)
    installed = load_config(None).paths
    assert (installed.state_dir, installed.socket.parent) == (tmp_path / "lib", tmp_path / "run")


def test_paths_count_from_the_folder_of_the_file(written, monkeypatch, tmp_path):
    file = written(
        '[paths]\nstate_dir = "state"\n[camera]\nsource = "folder:in"\n'
        '[recognition]\nbundle = "b"\n'
    )
    monkeypatch.chdir("/")
    config = load_config(file)
    assert config.paths.state_dir == tmp_path / "state"
    assert config.camera.source == f"folder:{tmp_path / 'in'}"
    assert bundle_path(config) == tmp_path / "b"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[door]\npuls = "5s"\n', 2, ["[door] puls", "did you mean pulse"]),
        ('[dor]\npulse = "5s"\n', 1, ["[dor]", "did you mean door"]),
        ("[door]\npulse = 5\n", 2, ["a unit is missing", '"5s"']),
        ('[door]\npulse = "1h"\n', 2, ["from 200ms to 10s"]),
        ('[door]\npulse = "soon"\n', 2, ['"500ms"']),
        ('[door]\nlock_pin = "GPIO14"\n', 2, ['"GPIO17"']),
        ("[door]\nlock_pin = 17\n", 2, ["text in quotes"]),
        ('[recognition]\nlevel = "loose"\n', 2, ['"strict" or "normal"']),
        ("[recognition]\nframes = 2\nagree = 3\n", 3, ["more frames must agree"]),
        ("[recognition]\nframes = true\n", 2, ["whole number"]),
        ("[recognition]\nmargin = nan\n", 2, ["from 0 to 0.5"]),
        ("[gates]\nface_light_255 = [220, 40]\n", 2, ["below the second"]),
        ("[gates]\nface_light_255 = 40\n", 2, ["two numbers"]),
        ('[lockout]\nfirst = "10min"\ncap = "5min"\n', 3, ["shorter than the first"]),
        ('[button]\npin = "GPIO17"\n', 2, ["the lock has this pin"]),
        ("[camera]\nrotate = 45\n", 2, ["0, 90, 180 or 270"]),
        ("[camera]\nrotate = 90.0\n", 2, ["0, 90, 180 or 270"]),
        ('[camera]\nsource = "folder:~nobody-here/in"\n', 2, ["has a home"]),
        ('[paths]\nstate_dir = ""\n', 2, ["a path is needed"]),
        ('[recognition]\nbundle = "a\\u0000b"\n', 2, ["a path is needed"]),
        ('[lockout]\ncap = "1min"\n', 2, ["from 5min to 4h"]),
        ('[camera]\nsource = "phone"\n', 2, ['"usb:N"']),
        (f'[paths]\nsocket = "/{"x" * 120}"\n', 2, ["100 characters"]),
        ("door = 3\n", 1, ["write [door]"]),
        ("[door]\npulse = 5s\n", 2, ["not TOML"]),
    ],
)
def test_a_fault_is_named_with_its_line_and_the_right_form(written, text, line, words):
    file = written(text)
    with pytest.raises(ConfigError) as refusal:
        load_config(file)
    told = f"{refusal.value.what}\n{refusal.value.why}"
    assert f"{file}:{line}: " in told or f"line {line}" in told
    for word in words:
        assert word in told
    assert refusal.value.remedy
    assert refusal.value.exit_code == 78


def test_all_faults_are_told_at_once_in_the_order_of_the_file(written):
    file = written('[door]\npulse = 5\n[button]\ngap = "1h"\nfrob = 1\n')
    with pytest.raises(ConfigError) as refusal:
        load_config(file)
    assert "3 faults" in refusal.value.what
    told = refusal.value.why.splitlines()
    assert [line.split(":")[1] for line in told] == ["2", "4", "5"]


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"x = " + b"[" * 5000])
def test_a_file_that_is_no_toml_is_one_clear_error(tmp_path, data):
    file = tmp_path / "onelook.toml"
    file.write_bytes(data)
    with pytest.raises(ConfigError, match="not TOML"):
        load_config(file)


def test_every_default_stands_in_the_range_that_is_documented():
    for key in KEYS:
        key.parse(key.default)
        assert key.allowed
        assert key.about.endswith(".")
    gates = {key.name for key in KEYS if key.section == "gates"}
    assert gates == {field.name for field in fields(Limits)}


def test_the_page_shows_every_key_with_its_default_and_range(repository):
    page = (repository / "docs" / "configuration.md").read_text()
    assert page.count("\n| `") == len(KEYS)
    for key in KEYS:
        default = json.dumps(key.default)  # a JSON string, number or list is one of TOML too
        row = f"| `{key.name}` | `{default}` | {key.allowed.replace('|', '')} | {key.about} |"
        assert row in page, row


@given(st.text(max_size=12))
def test_what_is_no_duration_shows_the_right_form(text):
    with pytest.raises(ValueError, match='"500ms"'):
        parse_duration(text + "?")


@given(st.integers(1, 10**6))
def test_units_agree(n):
    assert parse_duration(f"{n}s") == pytest.approx(parse_duration(f"{n * 1000}ms"))
    assert parse_duration(f"{n}min") == pytest.approx(60 * parse_duration(f"{n}s"))


def test_a_path_given_as_text_of_another_home_is_expanded(written):
    file = written('[paths]\nstate_dir = "~/state"\n')
    assert load_config(file).paths.state_dir == Path.home() / "state"
