"""Description of the machine that a benchmark ran on, as far as the system gives it."""

import importlib.metadata
import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path

LIBRARIES = (
    "numpy", "sympy", "jax", "torch", "autograd", "casadi", "pytensor", "numba", "ziglang", "symengine",
    "symforce", "scipy", "lmfit", "optimistix",
)  # fmt: skip
"""Libraries whose versions are reported."""

_VECTORS = ("avx512f", "avx2", "avx", "asimd", "sse4_2")
"""Vector units, the widest first, by Linux's names for them."""


def versions(libraries: Iterable[str] = LIBRARIES) -> dict[str, str]:
    """Return the versions of the libraries that are installed."""
    found = {}
    for name in libraries:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # reported as missing where it would be used
    return found


def describe() -> dict[str, str]:
    """Return a description of the machine, system and interpreter, by headings."""
    cpu = _cpu()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    known = {
        "processor": cpu.get("model name", platform.processor() or platform.machine()),
        "vector unit": next((unit for unit in _VECTORS if unit in cpu.get("flags", cpu.get("Features", "")).split()), ""),
        "cache": cpu.get("cache size", ""),
        "cores": str(cores),
        "memory": _memory(),
        "system": f"{platform.system()}, {' '.join(platform.libc_ver())}".rstrip(", "),
        "Python": platform.python_version(),
    }
    return {heading: text for heading, text in known.items() if text}


def _cpu() -> Mapping[str, str]:
    """Return Linux's description of the first processor."""
    file = Path("/proc/cpuinfo")
    if not file.is_file():
        return {}
    first = file.read_text(encoding="utf-8").partition("\n\n")[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"
    except (AttributeError, ValueError, OSError):  # not on this system
        return ""
