"""Print the variables of a shell under which NumPy and compiled modules use no vector units beyond a level of x86-64.

Last bits depend on vector units, and a result must not depend on last bits: `.ci/run` runs the tests at one of these levels
after the other. ``eval "$(python tools/vector_units.py x86-64-v3)"``; a level that the machine does not have changes nothing.
The levels are those of the System V ABI's supplement for x86-64.
"""

import os
import platform
import shutil
import sys
from collections.abc import Iterator

import numpy as np

LEVELS = ("x86-64-v2", "x86-64-v3", "x86-64-v4")
_OF_V3 = frozenset({"X86_V3", "AVX", "AVX2", "FMA3", "F16C"})
"""NumPy's names of what the third level has and the second has not; "X86_V3" from NumPy 2.4 on."""


def hidden(level: str, found: list[str]) -> list[str]:
    """Return the features of NumPy that a level lacks, of those that it found beyond its baseline."""
    kept = {"x86-64-v2": frozenset[str](), "x86-64-v3": _OF_V3, "x86-64-v4": frozenset(found)}[level]
    return [one for one in found if one not in kept]


def variables(level: str) -> Iterator[str]:
    """Yield the assignments, none where processor or compiler are others."""
    compiler = os.environ.get("CC") or next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    extensions = np.show_config(mode="dicts")["SIMD Extensions"]
    if platform.machine() not in ("x86_64", "AMD64") or compiler is None:
        return
    found = list(extensions.get("found", ()))
    if level == "x86-64-v4" and not any(one == "X86_V4" or one.startswith("AVX512") for one in found):
        return
    yield f'export NPY_DISABLE_CPU_FEATURES="{" ".join(hidden(level, found))}"'
    yield f'export CC="{compiler} -march={level}"'


if __name__ == "__main__":
    if sys.argv[1:2] == [] or sys.argv[1] not in LEVELS:
        sys.exit(f"usage: python tools/vector_units.py {'|'.join(LEVELS)}")
    print("\n".join(variables(sys.argv[1])))
