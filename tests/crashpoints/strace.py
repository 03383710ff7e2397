"""What a real process asked of the file system, call by call, as strace saw it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# All that may change a file or a folder, or make a change last; ? passes over what this processor
# has not. Reads and looks are no part of a record.
_CALLS = (
    "open openat openat2 creat write writev pwrite64 pwritev pwritev2 truncate ftruncate fallocate"
    " rename renameat renameat2 unlink unlinkat rmdir mkdir mkdirat link linkat symlink symlinkat"
    " fsync fdatasync sync syncfs sync_file_range lseek mmap copy_file_range sendfile splice"
)
_OPTIONS = ["-f", "-qq", "-y", "-xx", "-s", str(1 << 28), "-e", "signal=none"]
_LINE = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+|\?|0x[0-9a-f]+)(.*)", re.DOTALL)
_BEGUN = re.compile(r"(\d+) +(.*) <unfinished \.\.\.>")
_GONE_ON = re.compile(r"(\d+) +<\.\.\. \w+ resumed>(.*)")
_FILE = re.compile(r"(AT_FDCWD|-?\d+)(?:<(.*?)>)?(?:\(deleted\))?")


@dataclass(frozen=True)
class Call:
    """One that succeeded. arguments: as strace writes them. result: what came back."""

    name: str
    arguments: tuple[str, ...]
    result: int

    def path(self, at: int) -> Path:
        """The file of a descriptor, or of a string."""
        given = self.arguments[at]
        if given.startswith('"'):
            return Path(_decoded(given[1:-1]).decode())
        found = _FILE.fullmatch(given)
        return Path(_decoded(found[2]).decode()) if found and found[2] else Path()

    def descriptor(self, at: int) -> int:
        """The number of one; -1: none."""
        found = _FILE.fullmatch(self.arguments[at])
        return int(found[1]) if found and found[1] != "AT_FDCWD" else -1

    def data(self, at: int) -> bytes:
        """The bytes of a string."""
        return _decoded(self.arguments[at].strip('"'))


def missing() -> str:
    """Why nothing can be recorded here; "" if it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-qq", "true"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"strace may not look: {tried.stderr.strip()[:200]}"


def calls_of(command: Sequence[str], folder: Path, scratch: Path) -> list[Call]:
    """Run a command in `folder` to its end; every call that changed something, in its order.

    Raises:
        OSError: the command failed.
    """
    trace = f"trace={','.join(f'?{name}' for name in _CALLS.split())}"
    told = scratch / "strace"
    done = subprocess.run(
        ["strace", *_OPTIONS, "-e", trace, "-o", str(told), *command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise OSError(f"{command}: {done.stderr[-2000:]}")
    with told.open(encoding="ascii") as lines:
        calls = list(_calls(_whole_lines(lines)))
    told.unlink()
    return calls


def _whole_lines(lines: Iterator[str]) -> Iterator[str]:
    """Calls of several threads that strace saw begin and end apart, put together at their end."""
    begun: dict[str, str] = {}
    for line in map(str.rstrip, lines):
        if found := _BEGUN.fullmatch(line):
            begun[found[1]] = found[2]
        elif found := _GONE_ON.fullmatch(line):
            yield f"{found[1]} {begun.pop(found[1])}{found[2]}"
        else:
            yield line


def _calls(lines: Iterator[str]) -> Iterator[Call]:
    for line in lines:
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError(f"not a line of strace: {line[:200]}")
        _, name, arguments, result, _ = found.groups()
        if result != "?" and not result.startswith("-"):
            yield Call(name, tuple(_split(arguments)), int(result, 0))


def _split(arguments: str) -> Iterator[str]:
    """With -xx no string and no path holds a comma: what does is a list or a structure."""
    depth, start = 0, 0
    for found in re.finditer(r"[\[\]{}]|, ", arguments):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if found[0] == ", " and depth == 0:
            yield arguments[start : found.start()]
            start = found.end()
    yield arguments[start:]


def _decoded(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
