"""What a speed was measured with: versions of what computes, and the machine."""

import platform
from importlib.metadata import version
from os import cpu_count
from pathlib import Path

from optimizer.backends import highs


def described() -> str:
    """Two lines: versions; processor, cores and memory."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "highspy"))
    cores = cpu_count() or 1
    return (
        f"Python {platform.python_version()}, {packages}, HiGHS {highs.version()}\n"
        f"{_processor()}, {cores} cores, {_memory()} of memory, {platform.system()}"
    )


def _processor() -> str:
    return _told(Path("/proc/cpuinfo"), "model name") or platform.processor() or platform.machine()


def _memory() -> str:
    told = _told(Path("/proc/meminfo"), "MemTotal")
    return f"{int(told.split()[0]) / 2**20:.0f} GiB" if told else "an unknown amount"


def _told(path: Path, key: str) -> str:
    """What follows ``key:`` in a file of the kernel; empty on systems without it."""
    if not path.exists():
        return ""
    lines = (line.partition(":") for line in path.read_text().splitlines())
    return next((value.strip() for name, _, value in lines if name.strip() == key), "")
