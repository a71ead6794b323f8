"""Count of training runs that die of rounding: the founding model from wild initial weights, symgraph beside the notebook.

    python benchmarks/survival.py --runs 1000

A run starts from weights drawn from Normal(0, 5) and takes 100 steps, each over the whole founding data or over one row after
the other. It dies at the first loss, gradient or weight that is NaN or infinite. The row at fault is then evaluated at many
digits: where the truth has a value within the range of the dtype, rounding killed the run ("lost"); else the run has truly left
the range ("beyond range").
"""

import argparse
import math
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import notebook
import numpy as np

import symgraph
from examples.nine_weights.model import model
from symgraph.data.reading import read_data
from symgraph.judge.reference import number, reference
from symgraph.use.training import Optimizer, adam, momentum, sgd

DATA = Path(__file__).parent.parent / "data" / "nine_weights.csv"
DEVIATION = 5.0
"""Of the initial weights."""

OPTIMIZERS = (sgd(0.1), momentum(0.1), adam(0.001))
"""With the learning rates of the founding notebook."""

DTYPES: tuple[type, ...] = (np.float64, np.float32)
STEPS = ("whole data", "one row")

Formulas = Callable[[Any, Any, Any], tuple[float, Any]]
"""f(w, X, y) -> the mean loss and its gradient."""


@dataclass(frozen=True, slots=True)
class Setup:
    """One way to train.

    Attributes:
        optimizer: with its rate.
        dtype: of weights and data.
        step: "whole data", or "one row" (row i at step i).
        steps: how many.
    """

    optimizer: Optimizer
    dtype: type
    step: str
    steps: int


@dataclass(frozen=True, slots=True)
class Death:
    """Where a run met a value that is not finite.

    Attributes:
        step: which step, counted from 0.
        w: (9,) the weights there.
        at: the rows of that step.
        what: "value" for the loss or the gradient, "update" for what the optimizer made of finite ones.
    """

    step: int
    w: Any
    at: Any
    what: str


def run(formulas: Formulas, setup: Setup, seed: int, X: Any, y: Any) -> Death | None:
    """Train from the weights of one seed; None if every value stayed finite."""
    w: Any = np.random.RandomState(seed).normal(0.0, DEVIATION, 9).astype(setup.dtype)
    state = setup.optimizer.init(w)
    for step in range(setup.steps):
        at: Any = slice(None) if setup.step == "whole data" else step % len(y)
        loss, gradient = formulas(w, X[at], y[at])
        if not (math.isfinite(loss) and np.isfinite(gradient).all()):
            return Death(step, w, at, "value")
        moved, state = setup.optimizer.step(gradient, state, w)
        if not (np.isfinite(moved).all() and all(np.isfinite(slot).all() for slot in state.slots)):
            return Death(step, w, at, "update")
        w = moved
    return None


class Judge:
    """Says whether exact arithmetic would have died too.

    Args:
        rows: f(w, X, y) -> row losses and their partials, whose death is judged.
    """

    def __init__(self, rows: Formulas) -> None:
        self.rows = rows

    def __call__(self, death: Death, X: Any, y: Any) -> str:
        """Return "lost" or "beyond range".

        An update dies of finite gradients only where a weight or a moment leaves the range.
        """
        if death.what == "update":
            return "beyond range"
        at = np.arange(len(y))[death.at]
        losses, partials = self.rows(death.w, X[death.at], y[death.at])
        bad = ~(np.isfinite(losses) & np.isfinite(partials).all(axis=-1))
        if not np.any(bad):  # their sum has overflowed; the mean of what is within range is within range
            return "lost"
        row = int(np.atleast_1d(at)[np.argmax(bad)])
        names = [entry.name for entry in (*model.weight_inputs, *model.feature_inputs)] + ["y"]
        point = dict(zip(names, map(float, (*death.w, *X[row], y[row])), strict=True))
        truth, largest = reference(model).truth(point), float(np.finfo(X.dtype).max)
        truths = [truth.values["loss"], *(truth.partials["loss"][entry.name] for entry in model.weight_inputs)]
        return "beyond range" if any(abs(number(value)) > largest for value in truths) else "lost"


def symgraph_rows(module: Any) -> Formulas:
    """A module's row losses and partials in the form that a judge takes."""
    return lambda w, X, y: (module.forward(w, X, y).loss, module.per_sample_grad(w, X, y))


def count(formulas: Formulas, judge: Judge, setup: Setup, seeds: Sequence[int], X: Any, y: Any) -> Counter[str]:
    """Run once a seed and count the outcomes: "lost", "beyond range", "survived".

    Args:
        formulas: what is trained with.
        judge: of the same formulas.
        setup: how.
        seeds: of the initial weights.
        X: (n, 5) rows of the setup's dtype.
        y: (n,) targets of it.
    """
    outcomes: Counter[str] = Counter()
    with np.errstate(all="ignore"):
        for seed in seeds:
            death = run(formulas, setup, seed, X, y)
            outcomes["survived" if death is None else judge(death, X, y)] += 1
    return outcomes


def founding_rows(dtype: type, path: Path = DATA) -> tuple[Any, Any]:
    """The founding data, (506, 5) and (506,), in one dtype."""
    module = symgraph.load("nine_weights", backend="numpy")
    table = read_data(path, module.FEATURES, module.TARGET)
    return np.asarray(table.X, dtype), np.asarray(table.y, dtype)


def compare(seeds: Sequence[int], steps: int, write: Callable[[str], object]) -> Counter[str]:
    """Train in every setup with both formulas and write a line for each; the totals are keyed by name and outcome."""
    module = symgraph.load("nine_weights", backend="numpy")
    peers: dict[str, tuple[Formulas, Judge]] = {
        "notebook": (notebook.mean_and_gradient, Judge(notebook.row_losses_and_partials)),
        "symgraph": (module.value_and_grad, Judge(symgraph_rows(module))),
    }
    heads = "".join(f"{name + ': ' + what:>24}" for name in peers for what in ("lost", "beyond range"))
    write(f"{'optimizer':10}{'dtype':9}{'step':12}{heads}")
    totals: Counter[str] = Counter()
    for dtype in DTYPES:
        X, y = founding_rows(dtype)
        for optimizer in OPTIMIZERS:
            for step in STEPS:
                cells = ""
                for name, (formulas, judge) in peers.items():
                    outcomes = count(formulas, judge, Setup(optimizer, dtype, step, steps), seeds, X, y)
                    totals.update({f"{name} {outcome}": number for outcome, number in outcomes.items()})
                    cells += "".join(
                        f"{outcomes[what]:12} = {outcomes[what] / len(seeds):7.1%}" for what in ("lost", "beyond range")
                    )
                write(f"{optimizer.name:10}{np.dtype(dtype).name:9}{step:12}{cells}")
    return totals


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table to stdout; exit 1 if rounding killed a run of symgraph's."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=1000, help="runs in each setup")
    parser.add_argument("--steps", type=int, default=100, help="steps a run")
    parser.add_argument("--seed", type=int, default=0, help="of the first run; the others count on")
    options = parser.parse_args(arguments)
    totals = compare(range(options.seed, options.seed + options.runs), options.steps, print)
    print(f"lost to rounding: notebook {totals['notebook lost']}, symgraph {totals['symgraph lost']}")
    return 1 if totals["symgraph lost"] else 0


if __name__ == "__main__":
    sys.exit(main())
