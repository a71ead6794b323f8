"""The limit: the founding model in C tuned by hand (``c/``), compiled for this machine and called through ctypes.

    python benchmarks/tuned.py --points 2000

prints what stands in ``c/README.md``: the errors of the kernel, and what is not a number though the truth is.
"""

import argparse
import ctypes
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

SOURCES = Path(__file__).parent / "c"
RULES = ("sgd", "momentum", "adam")
"""Of training, in the order of the enum in train.c."""
_TUNED = 2
"""Place of the row that is timed in train.c's other enum; the two before it are by libm."""
FLAGS = ("-O3", "-march=native", "-mprefer-vector-width=512", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd")
TRAIN_FLAGS = tuple(flag.replace("512", "256") for flag in FLAGS)
"""Nine weights are two vectors of 256 bits and one more."""
LIBRARIES = ("-lmvec", "-lm")

Mean = Callable[[Any, Any, Any], tuple[float, Any]]
"""f(w, X, y) -> the mean loss and its gradient, (9,)."""


def compiler() -> str:
    """The C compiler.

    Raises:
        ImportError: there is none; to a table of peers that is a missing library like any other.
    """
    found = shutil.which("gcc")
    if found is None:
        raise ImportError("gcc is not installed")
    return found


def version() -> str:
    """The compiler's first line about itself."""
    told = subprocess.run([compiler(), "--version"], capture_output=True, text=True, check=True)
    return told.stdout.splitlines()[0]


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="tuned_")


@cache
def library(name: str) -> ctypes.CDLL:
    """Compile a file of ``c/`` once in a process, and load it."""
    target = Path(_folder().name) / f"{name}.so"
    flags = TRAIN_FLAGS if name == "train" else FLAGS
    command = [compiler(), *flags, "-shared", "-fPIC", str(SOURCES / f"{name}.c"), "-o", str(target), *LIBRARIES]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(target))


def mean() -> Mean:
    """The mean loss with its gradient.

    Raises:
        ImportError: there is no compiler.
    """
    function = library("stable").stable_value_and_grad
    function.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_size_t] + [ctypes.c_void_p] * 2
    function.restype = None

    def value_and_grad(w: Any, X: Any, y: Any) -> tuple[float, Any]:
        w, X, y = (np.ascontiguousarray(array, np.float64) for array in (w, X, y))
        result = np.empty(10)
        address = result.ctypes.data
        function(w.ctypes.data, X.ctypes.data, y.ctypes.data, len(y), address, address + 8)
        return float(result[0]), result[1:]

    return value_and_grad


def train(rule: str, data: tuple[Any, Any], epochs: int, rate: float, w: Any) -> tuple[Any, Any]:
    """Train row by row.

    Args:
        rule: one of RULES.
        data: X (n, 5) and y (n,), float64 and contiguous.
        epochs: how often all rows are gone through.
        rate: the learning rate.
        w: (9,) initial weights; they are not changed.

    Returns:
        The weights, (9,), and the mean loss of each epoch, a row's loss being that before its step.

    Raises:
        ImportError: there is no compiler.
        ValueError: there is no such rule.
    """
    run = library("train").train_rows
    whole, real, array = ctypes.c_int, ctypes.c_double, ctypes.c_void_p
    run.argtypes = [whole, whole, array, array, ctypes.c_size_t, ctypes.c_size_t, real, array, array]
    X, y = data
    weights, losses = np.array(w, np.float64), np.empty(epochs)
    run(_TUNED, RULES.index(rule), X.ctypes.data, y.ctypes.data, len(y), epochs, rate, weights.ctypes.data, losses.ctypes.data)
    return weights, losses


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the accuracy of the kernel on accuracy.py's first two sets of points, where ordinary models live."""
    import accuracy

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--points", type=int, default=2000, help="in each set")
    options = parser.parse_args(arguments)
    print(version(), *FLAGS, *LIBRARIES)
    heads = ("NaN", "zero", "garbage", "median", "99 %", "worst", "worst scaled")
    print(f"{'points':12}" + "".join(f"{head:>14}" for head in heads))
    random = np.random.RandomState(0)
    for label in ("0.1*N(0,1)", "N(0,1)"):
        inputs = accuracy.SETS[label](random, options.points)
        exact = accuracy.truths_at(inputs)
        found = [mean()(row[:9], row[9:14][None], row[14:]) for row in inputs]
        results = np.array([[loss, *gradient] for loss, gradient in found])
        one = accuracy.figures(results, exact, np.ones(len(inputs), bool))
        counts = [one.counts[kind] for kind in ("NaN", "zero", "garbage")]
        cells = [f"{number:14.3g}" for number in (*counts, *one.ulps, one.scaled[2])]
        print(f"{label:12}{''.join(cells)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
