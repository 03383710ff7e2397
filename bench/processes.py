"""What the kernel says of another process: its processor time, its memory, what it has loaded."""

from __future__ import annotations

from pathlib import Path

_PROC = Path("/proc")


def cpu_ms(pid: int) -> float:
    """Of all its threads that live, in ms, to the nanosecond where the kernel counts so.

    Without that count (CONFIG_SCHED_INFO) its ticks of 10 ms are all there is.
    """
    try:
        tasks = list((_PROC / str(pid) / "task").iterdir())
        return sum(int((t / "schedstat").read_text().split()[0]) for t in tasks) / 1e6
    except FileNotFoundError:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 10.0


def peak_mb(pid: int | str) -> float:
    """The most memory it ever held, MB of 10^6 bytes."""
    return _status_kb(pid, "VmHWM") * 1024 / 1e6


def own_mb(pid: int | str) -> float:
    """What it holds now and shares with nobody, MB: no code, which eye and door have in common."""
    return _status_kb(pid, "RssAnon") * 1024 / 1e6


def share_mb(pid: int | str) -> float:
    """What it holds now, of what it shares only its part, MB: sums of these count nothing twice."""
    lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e6


def _status_kb(pid: int | str, name: str) -> int:
    lines = (_PROC / str(pid) / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
