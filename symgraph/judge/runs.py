"""Run every public function of a generated module at many points, on one row and on many."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.columns import columns_of, prefix_of, value_of
from symgraph.errors import OptionError
from symgraph.judge.differences.calls import (
    BOUNDS,
    MATH_ERRORS,
    NORMAL,
    WAYS,
    Call,
    Given,
    calls,
    partials_fact,
    with_constants,
)
from symgraph.judge.differences.outcomes import normal_matrices, own_residuals
from symgraph.judge.judged_points import Points
from symgraph.options import ACCURATE, DOUBLE
from symgraph.runtime.generated_module import targets_of

NOTHING, MATH_ERROR, CRASH = range(3)
"""Codes of raised errors."""

BATCH = 33
"""Rows of a batch. Of 33, the first row goes through the widest vector registers, 16 float32 at a time and unrolled twice, and
the last is what remains; NumPy's functions may differ between the two by units in the last place."""
_SHARES = np.array([*np.resize((1.0, 3.0), BATCH - 1), 0.0])
"""The weights of the rows of a weighted batch; the last row counts as absent."""
_BESIDE = np.array([*range(BATCH - 1), 0])
"""The rows of a batch that a point is the first and the last of, the other points between."""
_SUM_ULP = BATCH / 2 + 2
"""Half a unit for each of the sums over a batch, in any order, for the product with a row's weight, and for the division."""
_TURNS = 8
"""A function whose results another one has given before runs at one point in so many of each kind; all run at the first."""
_LOOSE = 3.0
"""Factor on the error bound of results that are derived from the residual, not the loss."""

_PRODUCT_ULP = 100.0
"""Of products of derivatives, each to half a unit, and of their sums over a batch, relative to their sizes."""

Floats = NDArray[np.float64]


class DisagreementError(ValueError):
    """A result that is not what follows from other results of the module."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One way in which a module computes some of its results.

    Attributes:
        label: the function, and on what it was called.
        columns, values: positions of the results, and (n, len(columns)) float64, in which float32 results are exact.
        tried: (n,) where it was called, and tells something.
        raised, messages: (n,) NOTHING, MATH_ERROR or CRASH, and the messages of the exceptions.
        factor, slack: an error of factor * bound + slack ulp is allowed where the bound of a plain result is ``bound``.
        summed: whether it adds up rows, so that a value within the range of numbers may leave it.
    """

    label: str
    columns: tuple[int, ...]
    values: Floats
    tried: NDArray[np.bool_]
    raised: NDArray[np.int8]
    messages: list[str] = field(default_factory=list)
    factor: float = 1.0
    slack: Floats | float = 0.0
    summed: bool = False

    @property
    def function(self) -> str:
        """The function's name."""
        return self.label.partition(",")[0].partition(" ")[0]

    @property
    def plain(self) -> bool:
        """True if only the rounding errors of single rows are allowed of it."""
        return self.factor == 1.0 and isinstance(self.slack, float) and self.slack == 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """The results at n points.

    Attributes:
        names: the k results ("loss", "output", "grad w1", "jacobian w1"), as far as the module has them.
        count, runs: how many points, and the ways in which they were computed.
        precision: "double", or "accurate" for a module of compensated arithmetic, which promises more.
        bounds: (n, k) the module's own error bounds, NaN where it has none; of the results of the first run.
    """

    names: tuple[str, ...]
    count: int
    runs: tuple[Run, ...]
    precision: str = DOUBLE
    bounds: Floats | None = None

    @property
    def values(self) -> Floats:
        """(n, k) what the first function that gives a result has given."""
        found = np.full((self.count, len(self.names)), np.nan)
        for run in reversed(self.runs):
            if run.plain and run.tried.all():
                found[:, list(run.columns)] = run.values
        return found


def backend_of(module: Any) -> str:
    """The backend of a module, told by its functions: "numpy", "array_api", "scalar" or "c"."""
    if hasattr(module, "forward"):
        return str(getattr(getattr(module, "_model", None), "backend", "numpy"))
    return "c" if hasattr(module, "pack") else "scalar"


def names_of(module: Any) -> tuple[str, ...]:
    """The results that a module of the ABI has."""
    values = ["loss"] * module.METADATA["has_loss"] + [*columns_of("output", module.OUTPUTS)]
    return names_of_results(values, module.WEIGHTS, backend_of(module))


def names_of_results(values: Collection[str], weights: Sequence[str], backend: str) -> tuple[str, ...]:
    """The names of values ("loss" and each output, as far as there are these) and of their partials that a backend gives."""
    kept = [value for value in values if value.partition(" ")[0] in ("loss", "output")]
    slopes = [prefix_of(value) for value in kept if backend != "scalar" or value == "loss"]
    return (*kept, *(f"{prefix} {name}" for prefix in slopes for name in weights))


def compute(module: Any, points: Points, dtype: str = "float64", *, alone: bool = False) -> Results:
    """Run a module at every point.

    Args:
        module: of any backend, C compiled; one for arrays of any library is given NumPy's.
        points: where; for float32 they must be float32 numbers (``Points.rounded``).
        dtype: "float64", or "float32" for a backend of arrays and for C in single precision.
        alone: whether each row is called alone, and of each result the first function that gives it; else in all ways.

    Raises:
        OptionError: the backend does not compute in that dtype.
    """
    backend = backend_of(module)
    of_arrays, own = hasattr(module, "forward"), module.METADATA.get("dtype", "float64")
    if not of_arrays and dtype != own:
        numbers = "Python's floats" if backend == "scalar" else "doubles" if own == "float64" else "floats"
        raise OptionError(f"the {backend} backend computes in {numbers}; judge it with the dtype {own}")
    names = names_of(module)
    runner = _Runner(module, points, np.dtype(dtype).type if of_arrays else float, _columns(names, module.OUTPUTS))
    with np.errstate(all="ignore"):
        for place in range(len(points)):
            runner.visit(place, alone=alone)
    runs = [run for tried in runner.runs.values() for run in tried]
    bounds, own = None, next((run for run in runs if run.label == "error_bound"), None)
    if own is not None:
        bounds = np.full((len(points), len(names)), np.nan)
        bounds[:, own.columns] = own.values
    return Results(names, len(points), tuple(runs), module.METADATA.get("precision", DOUBLE), bounds)


def _columns(names: Sequence[str], outputs: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """The positions of the results that each fact about a row is."""
    found: dict[str, tuple[int, ...]] = {}
    for place, (value, leaf) in enumerate(map(value_of, names)):
        fact = partials_fact(value) if leaf else value
        found[fact] = (*found.get(fact, ()), place)
    bounded = zip(BOUNDS, ("loss", "gradient"), strict=False)  # second derivatives are not judged
    nodes = zip([f"node {name}" for name in outputs], columns_of("output", outputs), strict=True)
    return found | {name: found[fact] for name, fact in (*bounded, *nodes) if fact in found}


class _Runner:
    """Calls the functions of one module with numbers of one kind, at one point after the other.

    ``columns`` has the positions of each fact among the results.
    """

    def __init__(self, module: Any, points: Points, kind: Any, columns: Mapping[str, tuple[int, ...]]) -> None:
        self.own = self.module = module
        self.columns, self.kinds, self.seen = dict(columns), points.kinds, Counter[str]()
        self.runs: dict[tuple[str, str, str], Sequence[Run]] = {}
        """Results of each way of calling a function, one for each row that is looked at: the first and last of a batch, or the
        one of copies of a row that differs the most from the first."""
        self.columns |= {NORMAL: ()} if hasattr(module, "normal_equations") else {}
        places = {name: place for place, name in enumerate(points.names)}
        values, targets = points.values.astype(kind), targets_of(module)
        self.names = tuple(getattr(module, "CONSTANTS", ()))
        parts = (module.WEIGHTS, self.names, module.FEATURES, targets)
        self.w, self.constants, X, given = (values[:, [places[name] for name in part]] for part in parts)
        y = (given if len(targets) > 1 else given[:, 0]) if targets else None
        self.given = Given(self.w[0], X if module.FEATURES else None, y, np.arange(len(X)), shares=np.ones(len(X)))
        self.is_scalar = backend_of(module) == "scalar"
        accurate = module.METADATA.get("precision", DOUBLE) == ACCURATE
        wider = kind == np.float32 and not hasattr(module, "C_FILES")  # NumPy's lines add in float64
        self.sums = {"slack": 1.0 if accurate or wider else _SUM_ULP, "summed": True}

    def visit(self, place: int, *, alone: bool) -> None:
        """Call functions with the row of a point alone, as the first and the last of a batch, and with copies of it.

        The first function that gives a fact runs at every point; the others take turns, since they pass on what the first ones
        compute, or add it up: at the first point of each kind in all ways, later one of them in one way.
        """
        self.module = with_constants(self.own, dict(zip(self.names, self.constants[place].tolist(), strict=True)))
        kind, given, text = self.kinds[place], self.given._replace(w=self.w[place]), f" of {BATCH} rows"
        turn, self.seen[kind] = self.seen[kind], self.seen[kind] + 1
        self._run_all(given.one(place, "")._replace(ways=WAYS[:1]), place, None if alone else turn)
        if alone or given.X is None or self.is_scalar:
            return
        self._run_all(given.take((place + _BESIDE) % len(self.w), text), place, turn)
        every, rest = divmod(turn, _TURNS)
        if rest == 0:
            alike = given.take(np.full(BATCH, place), f" of {BATCH} copies")
            self._run_all(alike._replace(ways=()), place, 0)  # all of them: this is their turn
            ways = WAYS[:4] if turn == 0 else (WAYS[every % 4],)
            copies = given.take(np.full(BATCH, place), text)._replace(shares=_SHARES, ways=ways, by_row=False)
            sums = self._calls(copies)
            for call in sums if turn == 0 or not sums else [sums[every // 4 % len(sums)]]:
                self._run(place, call, copies)

    def _calls(self, given: Given) -> list[Call]:
        """The calls of functions that the module has."""
        has_penalty = hasattr(self.module, "penalty")  # of which a row knows nothing
        found = calls(self.module, given, self.columns)
        return [call for call in found if hasattr(self.module, call.function) and not (has_penalty and call.penalty)]

    def _run_all(self, given: Given, place: int, turn: int | None) -> None:
        """Call the functions that the module has, but for those whose turn it is not, which pass on known results."""
        known = set[tuple[bool, int]]()
        for number, call in enumerate(self._calls(given)):
            facts = {(fact in BOUNDS, self.columns[fact][0]) for fact in call.facts if fact != NORMAL}
            if not facts <= known or (turn is not None and (turn == 0 or turn % _TURNS == number % _TURNS)):
                self._run(place, call, given)
            known |= facts

    def _run(self, place: int, call: Call, given: Given) -> None:
        """Make a call and note what it gives or raises."""
        key, end = (call.function, call.how, given.text), 0
        if key not in self.runs:
            self.runs[key] = self._nothing_yet(call, given)
        runs = self.runs[key]
        first = runs[0]
        first.tried[place] = call.function != "error_bound"  # a bound is no result
        try:
            for fact, result in zip(call.facts, call.run(given), strict=True):
                if fact == NORMAL:
                    self._compare_normal(np.asarray(result), given, call.factors)
                    continue
                size = len(self.columns[fact])
                summed = call.factors is not None or given.alone
                for run, row in zip(runs, (result,) if summed else _looked_at(result, given), strict=True):
                    if np.size(row) != size:
                        raise ValueError(f"{np.size(row)} results instead of {size}")
                    run.values[place, end : end + size] = row
                end += size
            if call.factors is not None:
                first.values[place] /= call.factors.sum()
        except Exception as error:  # whatever a function raises is its fault
            first.raised[place] = MATH_ERROR if self.is_scalar and isinstance(error, MATH_ERRORS) else CRASH
            said = "" if isinstance(error, DisagreementError) else f" raises {type(error).__name__}"
            first.messages.append(f"{first.label}{said}: {error}")

    def _compare_normal(self, found: Any, given: Given, factors: Any) -> None:
        """Compare J'WJ with the residuals and derivatives that the module gives, which are judged by themselves.

        Raises:
            DisagreementError: it differs by more than rounding explains, in an entry that is finite.
        """
        module, said = self.module, self.module.METADATA
        numbers = np.finfo(said.get("dtype", given.w.dtype))
        unit = _PRODUCT_ULP * float(numbers.eps)
        matrices = normal_matrices(said["residual_factor"], said.get("robust"), *own_residuals(module, given), unit)
        there = np.asarray(factors) != 0.0
        want, radius = (np.tensordot(factors[there], part[there], 1) for part in matrices)
        wrong = (np.abs(found - want) > radius + float(numbers.tiny)) & np.isfinite(want) & np.isfinite(radius)
        if wrong.any():
            i, j = np.argwhere(wrong)[0]
            names = f"{module.WEIGHTS[i]}, {module.WEIGHTS[j]}"
            raise DisagreementError(f"J'WJ at {names} is {float(found[i, j])!r}, the derivatives give {float(want[i, j])!r}")

    def _nothing_yet(self, call: Call, given: Given) -> Sequence[Run]:
        """A run for each row that is looked at."""
        columns = tuple(column for fact in call.facts for column in self.columns[fact])  # none of the matrix
        how, allowed = "", dict[str, Any]()
        if call.factors is not None and not given.alone:
            how, allowed = f", {call.how if 'sum' in call.how else f'{call.how} mean'.strip()}", self.sums
        elif call.function.startswith("residual"):
            allowed = {"factor": _LOOSE, "slack": 4.0, "summed": True}
        n, label = len(self.w), f"{call.function}{how}{given.text}"
        shared = np.zeros(n, bool), np.zeros(n, np.int8), list[str]()
        rows = 2 if call.factors is None and not given.alone and not _are_copies(given) else 1
        return [Run(label, columns, np.full((n, len(columns)), np.nan), *shared, **allowed) for _ in range(rows)]


def _are_copies(given: Given) -> bool:
    """Tell if a batch repeats one row."""
    return bool((given.rows == given.rows[0]).all())


def _looked_at(result: Any, given: Given) -> Sequence[Any]:
    """The first and the last row of a batch; of copies of a row the one that differs the most from the first."""
    rows = np.asarray(result)
    if rows.ndim == 0:
        return (rows,) if _are_copies(given) else (rows, rows)
    if len(rows) != BATCH:
        raise ValueError(f"{len(rows)} rows instead of {BATCH}")
    if not _are_copies(given):
        return rows[0], rows[-1]
    alike = (rows == rows[0]) | (np.isnan(rows) & np.isnan(rows[0]))
    apart = np.where(alike, 0.0, np.nan_to_num(np.abs(rows - rows[0]), nan=np.inf))
    return (rows[np.argmax(apart.reshape(BATCH, -1).max(axis=1))],)
