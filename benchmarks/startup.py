"""From the start of Python to the first gradient of the founding model: generated modules beside peers, and what each installs.

    python benchmarks/startup.py --quick

Each start is a new process on one core; the first of each, which reads its files from disk, does not count. "ready" is the
time from the start of Python to the end of the first gradient at one row, less that of a Python that does nothing;
just-in-time compilers compile in it. "installed" is the size of the library with all that it requires, as its metadata list
the files.
"""

import importlib.metadata
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import machine
import numpy as np
import timing
from tables import duration, last_line, names_of, number, options_of, report

GENERATED = Path(__file__).parent.parent / "generated"
ROUNDS, QUICK_ROUNDS = 15, 2

_LOSS = """
def loss(w, x, y):
    tanh_ = {tanh}({exp}((w[0] * x[0] + w[1] * x[1]) ** 2 + w[5]) + w[6])
    sigmoid = 1 / (1 + {exp}(-({sin}(w[2] * x[2]) * (w[3] * x[3] + w[4] * x[4]) + w[7])))
    return (y - (tanh_ + w[8] * sigmoid)) ** 2
"""


def _loss(library: str) -> str:
    return _LOSS.format(**{name: f"{library}.{name}" for name in ("tanh", "exp", "sin")})


@dataclass(frozen=True, slots=True)
class Start:
    """A program that computes a gradient once.

    Attributes:
        script: its text; ``{generated}`` stands for the folder of the generated modules.
        library: the distribution that it needs; None for no more than Python.
        files: of that folder, which count as installed as well.
    """

    script: str
    library: str | None
    files: tuple[str, ...] = ()


_FIND = "import sys\nsys.path.insert(0, {generated!r})\n"

STARTS: Mapping[str, Start] = {
    "generated module, numpy": Start(
        _FIND + "import nine_weights\nnine_weights.value_and_grad([0.1] * 9, [[1.0] * 5], [1.0])\n",
        "numpy",
        ("nine_weights.py",),
    ),
    "generated module, scalar": Start(
        _FIND + "import nine_weights_scalar\nnine_weights_scalar.row([0.1] * 9, [1.0] * 5, 1.0, [0.0] * 9)\n",
        None,
        ("nine_weights_scalar.py",),
    ),
    "symgraph.load": Start(
        "import symgraph\nsymgraph.load('nine_weights').value_and_grad([0.1] * 9, [[1.0] * 5], [1.0])\n", "symgraph-codegen"
    ),
    "symgraph.compile": Start(
        "import symgraph\nfrom examples.nine_weights.model import model\n"
        "symgraph.compile(model).value_and_grad([0.1] * 9, [[1.0] * 5], [1.0])\n",
        "symgraph-codegen",
    ),
    "NumPy alone": Start("import numpy\n", "numpy"),
    "lambdify, cse": Start(
        "import sympy\n"
        + _loss("sympy")
        + "w, x, y = sympy.symbols('w0:9'), sympy.symbols('x0:5'), sympy.Symbol('y')\nvalue = loss(w, x, y)\n"
        + "sympy.lambdify([w, x, y], [value, *(value.diff(one) for one in w)], cse=True)([0.1] * 9, [1.0] * 5, 1.0)\n",
        "sympy",
    ),
    "autograd": Start(
        "import autograd\nimport autograd.numpy as np\n"
        + _loss("np")
        + "autograd.value_and_grad(loss)(np.full(9, 0.1), np.ones(5), 1.0)\n",
        "autograd",
    ),
    "JAX jit": Start(
        "import jax\nimport jax.numpy as np\njax.config.update('jax_enable_x64', True)\n"
        + _loss("np")
        + "jax.block_until_ready(jax.jit(jax.value_and_grad(loss))(np.full(9, 0.1), np.ones(5), 1.0))\n",
        "jax",
    ),
    "torch eager": Start(
        "import torch\n"
        + _loss("torch")
        + "w = torch.full((9,), 0.1, requires_grad=True)\nloss(w, torch.ones(5), 1.0).backward()\n",
        "torch",
    ),
    "torch.compile": Start(
        "import torch\n"
        + _loss("torch")
        + "torch.compile(torch.func.grad_and_value(loss))(torch.full((9,), 0.1), torch.ones(5), torch.ones(()))\n",
        "torch",
    ),
    "CasADi VM": Start(
        "import casadi\n"
        + _loss("casadi")
        + "w, x, y = casadi.SX.sym('w', 9), casadi.SX.sym('x', 5), casadi.SX.sym('y')\nvalue = loss(w, x, y)\n"
        + "casadi.Function('f', [w, x, y], [value, casadi.gradient(value, w)])([0.1] * 9, [1.0] * 5, 1.0)\n",
        "casadi",
    ),
    "PyTensor": Start(
        "import numpy\nimport pytensor\nfrom pytensor import tensor as pt\n"
        + _loss("pt")
        + "w, x, y = pt.dvector(), pt.dvector(), pt.dscalar()\nvalue = loss(w, x, y)\n"
        + "pytensor.function([w, x, y], [value, pytensor.grad(value, w)])(numpy.full(9, 0.1), numpy.ones(5), 1.0)\n",
        "pytensor",
    ),
}
"""Every line of the table, in order."""


def measure(peers: Sequence[str] | None, rounds: int) -> dict[str, Any]:
    """Start every program some times, in turn.

    Args:
        peers: names; None for all.
        rounds: starts of each that count.
    """
    timing.pin(1)
    chosen = {name: one for name, one in STARTS.items() if peers is None or name in peers}
    missing = {name: f"{one.library} is not installed" for name, one in chosen.items() if not _installed(one.library)}
    scripts = {
        name: one.script.replace("{generated!r}", repr(str(GENERATED))) for name, one in chosen.items() if name not in missing
    }
    spent: dict[str, list[float]] = {"": []}
    for name, script in scripts.items():  # reads the files, and finds out what does not work here
        why = _failure(script)
        if why is None:
            spent[name] = []
        else:
            missing[name] = why
    for _ in range(rounds):
        for name, seconds in spent.items():
            seconds.append(_started(scripts.get(name, "")))
    nothing = float(np.median(spent.pop("")))
    times = [
        {"peer": name, "ready": float(np.median(seconds)) - nothing, "installed": _bytes(STARTS[name])}
        for name, seconds in spent.items()
    ]
    return {
        "machine": machine.describe(),
        "versions": machine.versions(),
        "python": nothing,
        "times": times,
        "missing": missing,
    }


def _failure(script: str) -> str | None:
    """Why a program does not run; None if it does."""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"failed: {last_line(done.stderr)}"


def _started(script: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    return time.perf_counter() - start


def _installed(library: str | None) -> bool:
    try:
        return library is None or importlib.metadata.distribution(library) is not None
    except importlib.metadata.PackageNotFoundError:
        return False


def _bytes(start: Start) -> int:
    """What the program needs on disk, beyond Python."""
    own = sum((GENERATED / name).stat().st_size for name in start.files)
    return own + sum(_size(name) for name in (_closure(start.library) if start.library else ()))


def _closure(library: str) -> set[str]:
    """A distribution and those it requires, as far as they are installed; extras are not followed."""
    found: set[str] = set()
    todo = [library]
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name not in found and _installed(name):
            found.add(name)
            needs = importlib.metadata.requires(name) or []
            todo += [re.split(r"[^\w.-]", need, maxsplit=1)[0] for need in needs if "extra ==" not in need]
    return found


def _size(name: str) -> int:
    files = importlib.metadata.files(name) or []
    paths = (Path(str(file.locate())) for file in files)
    return sum(path.stat().st_size for path in paths if path.is_file())


def tables(result: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """The result as one table: a title, a head, lines."""
    lines = [[one["peer"], duration(one["ready"]), f"{number(one['installed'] / 2**20)} MiB"] for one in result["times"]]
    title = f"From the start of Python ({duration(result['python'])}, not counted) to the first gradient"
    return [(title, ["", "ready", "installed"], lines)]


def remarks(result: Mapping[str, Any]) -> list[str]:
    """What the table does not say."""
    return [f"missing: {name}: {why}" for name, why in result["missing"].items()]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and save the result."""
    parser = options_of("startup", __doc__, "two starts of each", apart=False)
    options = parser.parse_args(arguments)
    peers = names_of(options.peers)
    found = measure(peers, QUICK_ROUNDS if options.quick else ROUNDS)
    report("startup", found, tables(found), remarks(found), options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
