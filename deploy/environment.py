"""Make a virtual environment hold exactly what lock files say; do nothing if it already does.

    python3 deploy/environment.py FOLDER [--editable | --install] [--system-site-packages] LOCK...

Needs Python's standard library and this repository, no more: Debian's python3 comes without pip,
without ensurepip and sometimes without root certificates. So pip is in the repository, as its
authors published it, and brings its own certificates (docs/decisions/0004).
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PIP = REPOSITORY / "deploy/pip/pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
OLDEST, NEWEST = (3, 11), (3, 13)  # requires-python of pyproject.toml


def main(arguments: Sequence[str] | None = None) -> int:
    """Make or refresh one environment; returns the exit code."""
    args = _parser().parse_args(arguments)
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        return _refuse(
            f"onelook runs on Python 3.{OLDEST[1]} to 3.{NEWEST[1]}, and "
            f"{sys.executable} is {sys.version_info[0]}.{sys.version_info[1]}.",
            "Name another one, for example: PYTHON=python3.13 make demo",
        )
    if hashlib.sha256(PIP.read_bytes()).hexdigest() != PIP_SHA256:
        return _refuse(f"{PIP} is not the pip that was committed.", f"git checkout -- {PIP}")
    stamp, wanted = args.folder / "onelook-lock.sha256", _key(args)
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return 0
    _say(f"Setting up {args.folder} from {', '.join(path.name for path in args.locks)}")
    venv.create(args.folder, clear=True, system_site_packages=args.system_site_packages)
    python = args.folder / "bin/python"
    for step in (["--no-index", "--no-deps", str(PIP)], ["--require-hashes", *_files(args.locks)]):
        if (code := _pip(python, step)) != 0:
            return code
    how = ["-e"] if args.editable else []
    if (args.editable or args.install) and (code := _install_repository(python, how)) != 0:
        return code
    stamp.write_text(wanted, encoding="ascii")
    _say(f"{args.folder} is ready")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("locks", type=Path, nargs="+", metavar="LOCK")
    own = parser.add_mutually_exclusive_group()
    own.add_argument("--editable", action="store_true", help="and onelook itself, from here")
    own.add_argument("--install", action="store_true", help="and a copy of onelook as it is here")
    parser.add_argument("--system-site-packages", action="store_true", help="see apt's packages")
    return parser


def _key(args: argparse.Namespace) -> str:
    """What the environment is made from: another Python or lock file gives another key."""
    made_from = [*args.locks, Path(__file__)]
    if args.editable:  # the console scripts and the version
        made_from += [REPOSITORY / "pyproject.toml", REPOSITORY / "edge/__init__.py"]
    digest = hashlib.sha256(
        f"{sys.version_info[:3]} {sys.base_prefix} {REPOSITORY} {args.folder.resolve()} "
        f"{args.editable} {args.install} {args.system_site_packages}".encode()
    )
    for path in made_from:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(locks: Sequence[Path]) -> list[str]:
    return [word for path in locks for word in ("-r", str(path))]


def _install_repository(python: Path, how: Sequence[str]) -> int:
    """onelook itself, from here; two at once would write the same onelook.egg-info."""
    with (REPOSITORY / "pyproject.toml").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Its build tool is in the lock files too: nothing is fetched that they do not name.
        step = ["--no-deps", "--no-index", "--no-build-isolation", *how, str(REPOSITORY)]
        return _pip(python, step)


def _pip(python: Path, step: Sequence[str]) -> int:
    """`pip install`, from wheels only: a line for each large download, everything if it fails."""
    command = [
        *(str(python), str(PIP / "pip"), "install", "--disable-pip-version-check", "--no-input"),
        *("--only-binary", ":all:", "--no-warn-script-location", "--progress-bar", "off"),
        *step,
    ]
    log = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        for line in pip.stdout or ():
            log.append(line)
            words = line.split()
            if words[:1] in (["Downloading"], ["Using"]) and words[-1] == "MB)":
                _say("  " + " ".join(words[-3:]))
    if pip.returncode != 0:
        _say("".join(log))
        return _refuse(
            "pip could not install the packages; its own words are above.",
            "If it speaks of the network or of certificates, mend that and run the same again.",
        )
    return 0


def _refuse(what: str, remedy: str) -> int:
    _say(f"error: {what}\nhint: {remedy}")
    return 1


def _say(line: str) -> None:
    """Speak on stderr: standard output belongs to the command that comes after, maybe JSON."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
