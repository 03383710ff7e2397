"""What a person gets who installs onelook: the wheel, its commands, its files, its lock files."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

import edge
from edge import shipped
from edge.contract.errors import MissingError

LOCKS = (
    *("bench", "build", "docs", "door", "door-bookworm", "lock", "peers", "test", "tflite"),
    "workstation",
)


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory, repository):
    pytest.importorskip("hatchling", reason="the wheel is built with hatchling")
    folder = tmp_path_factory.mktemp("dist")
    code = f"import hatchling.build as h; h.build_wheel({str(folder)!r})"
    done = run(sys.executable, "-c", code, cwd=repository)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The wheel unpacked by pip into an environment that borrows only the libraries of this one."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False)
    site = next(folder.glob("lib/python3*/site-packages"))
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    (site / "borrowed.pth").write_text("\n".join(borrowed))
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python"), "install"]
    done = run(*pip, "--no-index", "--no-deps", "--force-reinstall", str(wheel))
    assert done.returncode == 0, done.stderr
    return folder


def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_wheel_holds_the_three_programs_and_what_they_ship(wheel):
    inside = names(wheel)
    assert {name.split("/")[0] for name in inside} == {
        *("edge", "train", "convert", f"onelook-{edge.__version__}.dist-info")
    }
    assert "edge/_shipped/application_data/verification_images/obama_1.jpg" in inside
    assert "edge/schemas/event-1.json" in inside
    for name in ("owner.pub", "keys.json", "faces/manifest.json", "faces/manifest.sig"):
        assert f"edge/_shipped/models/{name}" in inside
    assert f"onelook-{edge.__version__}.dist-info/licenses/LICENSE" in inside


def test_the_wheel_holds_nothing_that_git_ignores(wheel, repository):
    known = run(*("git", "ls-files", "--cached", "--others", "--exclude-standard"), cwd=repository)
    if known.returncode != 0:
        pytest.skip("not a git checkout")
    ours = [name.replace("edge/_shipped/", "") for name in names(wheel) if "dist-info" not in name]
    assert set(ours) <= set(known.stdout.splitlines())


@pytest.mark.parametrize("command", ["onelook", "onelook-convert", "convert"])
def test_an_installed_command_answers(installed, command, tmp_path):
    done = run(str(installed / "bin" / command), "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: ")


def test_an_installed_onelook_finds_what_it_ships_and_not_the_checkout(installed, tmp_path):
    code = "import edge.shipped as s; print(s.shipped('models', 'faces', 'manifest.json'))"
    done = run(str(installed / "bin/python"), "-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(installed.resolve())


def test_an_installed_onelook_trusts_the_bundle_that_it_ships(installed, tmp_path):
    done = run(str(installed / "bin/onelook"), "model", "show", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["signer"]) == 16


def test_a_checkout_finds_what_it_ships(repository):
    photographs = shipped.shipped("application_data", "verification_images")
    assert photographs == repository / "application_data/verification_images"


def test_an_installation_that_is_not_whole_says_so():
    with pytest.raises(MissingError, match=r"models/nothing is missing") as refusal:
        shipped.shipped("models", "nothing")
    assert "git checkout -- models" in refusal.value.remedy


def test_the_door_requires_no_workstation_library():
    requires = metadata.requires("onelook") or []
    base = {re.split(r"[^\w-]", line)[0].lower() for line in requires if "extra ==" not in line}
    assert base == {
        *("ai-edge-litert", "cryptography", "gpiozero", "msgpack", "numpy"),
        "opencv-python-headless",
    }


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_pins_and_hashes_everything_and_names_no_index(repository, name):
    text = (repository / f"requirements/{name}.txt").read_text()
    entries = re.split(r"\n(?=\S)", text.partition("make lock\n")[2].rstrip())
    assert entries
    if name == "peers":  # one of them comes as source alone, which pip takes where it is named
        assert entries.pop(0).startswith("--no-binary face-recognition-models")
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==\S+ ", entry), entry
        assert "--hash=sha256:" in entry, entry
    assert "://" not in text
    assert "index" not in text
    assert "find-links" not in text


def pins(repository, name):
    """Package and marker -> version."""
    text = (repository / f"requirements/{name}.txt").read_text()
    found = re.findall(r"^([a-z0-9-]+)==(\S+)(?: ; ([^\\]*))?", text, re.MULTILINE)
    return {(package, marker.strip()): version for package, version, marker in found}


def test_what_is_tested_is_what_the_door_gets(repository):
    door = pins(repository, "door")
    for other in ("test", "workstation"):
        assert door.items() <= pins(repository, other).items()
    packages = {package for package, _ in door}
    assert not packages & {"tensorflow", "keras", "matplotlib", "pytest", "scipy"}


def test_the_lock_files_hold_what_the_project_asks_for(repository):
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]

    def asked(lines):
        return {re.split(r"[^\w-]", line)[0] for line in lines}

    def locked(name):
        return {package for package, _ in pins(repository, name)}

    assert asked(project["dependencies"]) <= locked("door")
    assert asked(extras["dev"]) <= locked("test")
    assert asked(extras["train"]) <= locked("workstation")
    assert asked(extras["tflite"]) <= locked("tflite")


def test_every_picture_of_the_demo_is_the_one_that_its_readme_accounts_for(repository):
    folder = repository / "application_data"
    readme = (folder / "README.md").read_text()
    sums = re.findall(r"^([0-9a-f]{64})  (\S+)$", readme, re.MULTILINE)
    listed = {name: digest for digest, name in sums}
    found = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.glob("*_images/*")
    }
    assert found == listed
    assert all(f"| `{name}` |" in readme for name in found)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_units(repository, tmp_path):
    """In a root of their own, in which the program is where the installer will put it."""
    program = tmp_path / "opt/onelook/current/bin/onelook"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    shutil.copytree("/usr/lib/systemd/system", tmp_path / "usr/lib/systemd/system", symlinks=True)
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    for kind in ("service", "socket"):
        for unit in repository.glob(f"deploy/files/*.{kind}"):
            shutil.copy(unit, units)
    names = sorted(unit.name for unit in units.iterdir())
    assert names == [
        *("onelook-eye.service", "onelook-hooks.service", "onelook-mqtt.service"),
        *("onelook-tell.socket", "onelook-tell@.service", "onelook.service"),
    ]
    done = run("systemd-analyze", "verify", "--man=no", f"--root={tmp_path}", *names)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize(
    ("unit", "most"),
    [("onelook", 0.8), ("onelook-eye", 1.3), ("onelook-tell@", 0.8), ("onelook-mqtt", 1.8)],
)
def test_the_units_sandboxes_stay_tight(repository, unit, most):
    limit = ("--offline=true", f"--threshold={round(10 * most)}")
    file = repository / "deploy/files" / f"{unit}.service"
    done = run("systemd-analyze", "security", "--no-pager", *limit, str(file))
    assert done.returncode == 0, done.stdout


def test_make_alone_explains_itself(repository):
    done = run("make", cwd=repository, env={**os.environ, "MAKEFLAGS": ""})
    assert done.returncode == 0, done.stderr
    lines = {line.split()[0] for line in done.stdout.splitlines()[1:]}
    assert {"setup", "demo", "test", "lint", "typecheck", "lock", "dist", "clean"} <= lines


def test_an_environment_that_is_made_already_is_left_alone(repository, tmp_path):
    """The real script, with a lock file that names nothing: made once, then not again."""
    lock = tmp_path / "none.txt"
    lock.write_text("")
    command = [sys.executable, "deploy/environment.py", str(tmp_path / "env"), str(lock)]
    first, second = (run(*command, cwd=repository) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert "is ready" in first.stderr
    assert (second.returncode, second.stderr) == (0, "")
    lock.write_text("# changed\n")
    assert "is ready" in run(*command, cwd=repository).stderr


def test_an_environment_takes_no_package_without_its_hash(repository, tmp_path):
    lock = tmp_path / "loose.txt"
    lock.write_text(f"{next(repository.glob('deploy/pip/*.whl'))}\n")
    command = [sys.executable, "deploy/environment.py", str(tmp_path / "env"), str(lock)]
    for _ in range(2):  # what failed is not taken for done the second time
        done = run(*command, cwd=repository)
        assert done.returncode == 1
        assert "Hashes are required" in done.stderr
        assert "hint: " in done.stderr
