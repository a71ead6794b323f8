"""Run every public function of a generated module at many points, on one row and on many."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.check.points import Points
from symgraph.errors import OptionError
from symgraph.options import ACCURATE, DOUBLE

MATH_ERRORS = (OverflowError, ZeroDivisionError, ValueError)
"""What the scalar backend raises where NumPy gives inf or nan."""
NOTHING, MATH_ERROR, CRASH = range(3)
"""What a call has raised."""

BATCH = 33
"""Rows of a batch. Of 33, the first row goes through the widest vector registers, 16 float32 at a time and unrolled twice, and
the last is what remains; NumPy's functions may differ between the two by units in the last place."""
_SHARES = (1.0, 3.0)
"""The weights of the rows of a weighted batch, in turn; the last row has the weight 0 and counts as absent."""
_SUM_ULP = BATCH / 2 + 2
"""Half a unit for each of the sums over a batch, in any order, for the product with a row's weight, and for the division."""
_LOOSE = 3.0
"""How much worse than the loss, by its own operations, what is derived from the residual may be."""

Floats = NDArray[np.float64]
Call = Callable[[Any, Any, Any], Any]
"""A function of w, X and y."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One way in which a module computes some of its results.

    Attributes:
        label: the function, and on what it was called.
        columns: positions of the results.
        values: (n, len(columns)) float64; float32 results are exact in it.
        tried: (n,) or (n, 1) where it was called, and tells something.
        raised: (n,) NOTHING, MATH_ERROR or CRASH.
        message: of the first exception.
        factor, slack: an error of factor * bound + slack ulp is allowed where the bound of a plain result is ``bound``.
        summed: whether it adds up rows, so that a value within the range of numbers may leave it.
    """

    label: str
    columns: tuple[int, ...]
    values: Floats
    tried: NDArray[np.bool_]
    raised: NDArray[np.int8]
    message: str = ""
    factor: float = 1.0
    slack: Floats | float = 0.0
    summed: bool = False

    @property
    def function(self) -> str:
        """The function's name."""
        return self.label.partition(",")[0].partition(" ")[0]

    @property
    def plain(self) -> bool:
        """Whether nothing but the rounding errors of single rows is allowed of it."""
        return self.factor == 1.0 and isinstance(self.slack, float) and self.slack == 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """What was computed at n points.

    Attributes:
        names: the k results ("loss", "output", "grad w1", "jacobian w1"), as far as the module has them.
        count: how many points.
        runs: the ways in which they were computed.
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


def given_results(names: Sequence[str], values: Any, raised: Any = None, precision: str = DOUBLE) -> Results:
    """Results of anything else than a module.

    Args:
        names: the k results.
        values: (n, k).
        raised: (n, k) whether there is an exception instead; a call gives one result.
        precision: as for ``Results``.
    """
    array = np.asarray(values, np.float64)
    lost = np.zeros(array.shape, bool) if raised is None else np.asarray(raised, bool)
    runs = [
        Run(name, (place,), array[:, [place]], np.ones(len(array), bool), (lost[:, place] * MATH_ERROR).astype(np.int8))
        for place, name in enumerate(names)
    ]
    return Results(tuple(names), len(array), tuple(runs), precision)


def backend_of(module: Any) -> str:
    """The backend of a module, told by its functions: "numpy", "scalar" or "c"."""
    return "numpy" if hasattr(module, "forward") else "c" if hasattr(module, "pack") else "scalar"


def names_of(module: Any) -> tuple[str, ...]:
    """The results that a module of the ABI has."""
    scalar = backend_of(module) == "scalar"
    names = [*(["loss"] if module.METADATA["has_loss"] else []), *(["output"] if module.OUTPUTS else [])]
    names += [f"grad {name}" for name in module.WEIGHTS] if module.METADATA["has_loss"] else []
    return (*names, *(f"jacobian {name}" for name in module.WEIGHTS if module.OUTPUTS and not scalar))


def compute(module: Any, points: Points, dtype: str = "float64") -> Results:
    """Run a module at every point.

    Args:
        module: of the numpy or the scalar backend, or compiled C.
        points: where; for float32 they must be float32 numbers (``Points.rounded``).
        dtype: "float64", or "float32" for the numpy backend.

    Raises:
        OptionError: the backend does not compute in that dtype.
    """
    backend = backend_of(module)
    if backend != "numpy" and dtype != "float64":
        numbers = "Python's floats" if backend == "scalar" else "doubles"
        raise OptionError(f"the {backend} backend computes in {numbers}; judge it with the dtype float64")
    names = names_of(module)
    places = {name: place for place, name in enumerate(names)}
    gradient = [places[f"grad {name}"] for name in module.WEIGHTS if f"grad {name}" in places]
    parts = {
        "loss": tuple(places[name] for name in ("loss",) if name in places),
        "output": tuple(places[name] for name in ("output",) if name in places),
        "gradient": tuple(gradient),
        "jacobian": tuple(place for name, place in places.items() if name.startswith("jacobian ")),
    }
    runner = _Runner(module, points, np.dtype(dtype).type if backend == "numpy" else float, parts)
    with np.errstate(all="ignore"):
        runs = list(runner.scalar() if backend == "scalar" else runner.arrays())
        bounds = runner.bounds(len(names), runs) if hasattr(module, "error_bound") else None
    return Results(names, len(points), tuple(runs), module.METADATA.get("precision", DOUBLE), bounds)


@dataclass(slots=True)
class _Runner:
    """Calls the functions of one module.

    Attributes:
        module: the module.
        points: where.
        kind: the type of the numbers that it is given.
        parts: the positions of loss, output, gradient and jacobian among the results.
        rows: (weights, features, target) of each point.
    """

    module: Any
    points: Points
    kind: Any
    parts: Mapping[str, tuple[int, ...]]
    rows: list[tuple[Any, Any, Any]] = field(init=False)

    def __post_init__(self) -> None:
        columns = {name: column for column, name in enumerate(self.points.names)}
        target = self.module.TARGET
        w, X = (self.points.values[:, [columns[name] for name in part]] for part in (self.module.WEIGHTS, self.module.FEATURES))
        y = [None] * len(w) if target is None else self.points.values[:, columns[target]].astype(self.kind)
        X = X.astype(self.kind)
        self.rows = list(zip(w.astype(self.kind), X if X.shape[1] else [None] * len(w), y, strict=True))

    def scalar(self) -> Iterator[Run]:
        """The row functions, on Python's floats."""
        module, count = self.module, len(self.module.WEIGHTS)
        lists = [(w.tolist(), [] if x is None else x.tolist(), None if y is None else float(y)) for w, x, y in self.rows]
        if hasattr(module, "row"):

            def row(w: Any, x: Any, y: Any) -> list[float]:
                grad = [0.0] * count
                return [module.row(w, x, y, grad), *grad]

            yield self._run("row", ("loss", "gradient"), row, lists, expected=MATH_ERRORS)
        if hasattr(module, "predict_row"):
            predict = module.predict_row
            yield self._run("predict_row", ("output",), lambda w, x, _y: predict(w, x), lists, expected=MATH_ERRORS)

    def arrays(self) -> Iterator[Run]:
        """The functions on arrays, of one row and of many."""
        alone = [(w, x[0] if x is not None and len(x) == 1 else x, y) for w, x, y in self.rows]
        for label, parts, call in self._functions():
            yield self._run(label, parts, call, alone)
        yield from self._residuals(alone, "")
        if self.module.METADATA["has_loss"]:
            for label, parts, call in self._reductions({}):
                yield self._run(label, parts, call, alone)
        for label, parts, call in self._row_functions():
            yield self._run(label, parts, call, alone)
        if not self.module.FEATURES:
            return
        batches = [self._among_others(place) for place in range(len(self.rows))]
        for label, parts, call in self._functions():
            yield from self._ends(label, parts, call, batches)
        yield from self._residuals(batches, f" of {BATCH} rows")
        if self.module.METADATA["has_loss"]:
            yield from self._sums()

    def _functions(self) -> Iterator[tuple[str, tuple[str, ...], Call]]:
        """The functions that give something for each row."""
        module = self.module
        if module.METADATA["has_loss"]:
            if hasattr(module, "forward"):
                yield "forward", ("loss",), lambda w, X, y: module.forward(w, X, y).loss
            yield "per_sample_grad", ("gradient",), module.per_sample_grad
        if module.OUTPUTS:
            yield "predict", ("output",), lambda w, X, _y: module.predict(w, X)
            yield "jacobian", ("jacobian",), module.jacobian

    def _reductions(self, options: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...], Call]]:
        """The functions that add up rows."""
        module = self.module
        yield "loss", ("loss",), lambda w, X, y: module.loss(w, X, y, **options)
        yield "grad", ("gradient",), lambda w, X, y: module.grad(w, X, y, **options)

        def both(w: Any, X: Any, y: Any) -> Any:
            value, gradient = module.value_and_grad(w, X, y, **options)
            return np.concatenate([[value], gradient])

        yield "value_and_grad", ("loss", "gradient"), both
        if hasattr(module, "backward"):
            weights = options.get("sample_weight", 1.0)
            yield "backward", ("gradient",), lambda w, X, y: module.backward(module.forward(w, X, y), weights)

    def _row_functions(self) -> Iterator[tuple[str, tuple[str, ...], Call]]:
        """The functions of compiled C that are of one row."""
        module = self.module

        def row(w: Any, x: Any, y: Any) -> Any:
            gradient = np.empty(len(w))
            return np.concatenate([[module.row(w, [] if x is None else np.atleast_1d(x), y, gradient)], gradient])

        if hasattr(module, "row"):
            yield "row", ("loss", "gradient"), row
        if hasattr(module, "predict_row"):
            yield "predict_row", ("output",), lambda w, x, _y: module.predict_row(w, [] if x is None else np.atleast_1d(x))

    def _sums(self) -> Iterator[Run]:
        """The reductions of a batch of equal rows: a mean, a weighted mean or a weighted sum, each by one function, in turn."""
        copies = [(w, np.repeat(x[None], BATCH, axis=0), None if y is None else np.repeat(y, BATCH)) for w, x, y in self.rows]
        shares = np.resize(np.array(_SHARES), BATCH)
        shares[-1] = 0.0
        turns = np.arange(len(self.rows))
        accurate = self.module.METADATA.get("precision", DOUBLE) == ACCURATE
        slack = 1.0 if accurate or self.kind == np.float32 else _SUM_ULP
        ways: list[tuple[str, dict[str, Any], float]] = [
            ("mean", {}, 1.0),
            ("weighted mean", {"sample_weight": shares}, 1.0),
            ("weighted sum", {"sample_weight": shares, "reduction": "sum"}, float(shares.sum())),
        ]
        combined = [(way, options, total, one) for way, options, total in ways for one in self._reductions(options)]
        for turn, (way, options, total, (label, parts, call)) in enumerate(combined):
            chosen = (turns % len(combined) == turn) | (turns == 0)
            scale = total if label != "backward" else float(shares.sum()) if options else float(BATCH)
            run = self._run(f"{label}, {way} of {BATCH} rows", parts, call, copies, chosen=chosen)
            yield replace(run, values=run.values / scale, slack=slack, summed=True)

    def _residuals(self, calls: Sequence[tuple[Any, Any, Any]], suffix: str) -> Iterator[Run]:
        """The residual, by what it says of loss and gradient."""
        module = self.module
        if not hasattr(module, "residual"):
            return
        factor = module.METADATA["residual_factor"]

        def loss(w: Any, X: Any, y: Any) -> Any:
            return float(factor * np.square(np.float64(np.atleast_1d(module.residual(w, X, y))[0])))

        def gradient(w: Any, X: Any, y: Any) -> Any:
            residual = np.float64(np.atleast_1d(module.residual(w, X, y))[0])
            slopes = np.atleast_2d(module.residual_jacobian(w, X, y))[0]
            # a slope that is no normal number has no digits for a large residual to bring back
            known = np.abs(slopes) >= np.finfo(slopes.dtype).tiny
            product = 2 * factor * residual * slopes.astype(np.float64)
            return np.where(known, product, np.atleast_2d(module.per_sample_grad(w, X, y))[0])

        for label, parts, call in (("residual", ("loss",), loss), ("residual_jacobian", ("gradient",), gradient)):
            if hasattr(module, label):
                yield replace(self._run(f"{label}{suffix}", parts, call, calls), factor=_LOOSE, slack=4.0, summed=True)

    def bounds(self, count: int, runs: list[Run]) -> Floats:
        """The module's error bounds; that the function raises is added to the runs."""
        columns = self.parts["loss"] + self.parts["gradient"]

        def both(w: Any, X: Any, y: Any) -> Any:
            loss, gradient = self.module.error_bound(w, X, y)
            return np.concatenate([[loss], gradient])

        alone = [(w, x[0] if x is not None and len(x) == 1 else x, y) for w, x, y in self.rows]
        run = self._run("error_bound", ("loss", "gradient"), both, alone)
        runs.append(replace(run, tried=np.zeros(len(self.rows), bool)))
        found = np.full((len(self.rows), count), np.nan)
        found[:, columns] = run.values
        return found

    def _among_others(self, place: int) -> tuple[Any, Any, Any]:
        """A batch whose first and last rows are those of a point, and the others those of other points."""
        places = [place, *((place + step) % len(self.rows) for step in range(1, BATCH - 1)), place]
        X = np.array([self.rows[other][1] for other in places])
        y = None if self.module.TARGET is None else np.array([self.rows[other][2] for other in places])
        return self.rows[place][0], X, y

    def _ends(self, label: str, parts: Sequence[str], call: Call, batches: Sequence[Any]) -> Iterator[Run]:
        """A function of many rows, the first and the last of which count."""
        width = sum(len(self.parts[part]) for part in parts)

        def ends(w: Any, X: Any, y: Any) -> Any:
            found = np.asarray(call(w, X, y))
            rows = np.broadcast_to(found, (BATCH,)) if found.ndim == 0 else found
            if len(rows) != BATCH:
                raise ValueError(f"{len(rows)} rows instead of {BATCH}")
            return np.reshape([rows[0], rows[-1]], 2 * width)

        run = self._run(f"{label} of {BATCH} rows", parts, ends, batches, width=2 * width)
        yield replace(run, values=run.values[:, :width])
        yield replace(run, values=run.values[:, width:])

    def _run(
        self,
        label: str,
        parts: Sequence[str],
        call: Call,
        calls: Sequence[tuple[Any, Any, Any]],
        *,
        width: int | None = None,
        expected: tuple[type[Exception], ...] = (),
        chosen: NDArray[np.bool_] | None = None,
    ) -> Run:
        """Call a function for every point, or for those chosen.

        Args:
            label: what the run is called.
            parts: the parts of the results that it gives, in order.
            call: the function.
            calls: w, X and y for each point.
            width: how many numbers it gives, if not one for each result.
            expected: exceptions that it may raise where a result is not finite.
            chosen: (n,) at which points; None for all.
        """
        columns = tuple(column for part in parts for column in self.parts[part])
        width = len(columns) if width is None else width
        values = np.full((len(calls), width), np.nan)
        tried = np.ones(len(calls), bool) if chosen is None else chosen
        raised, message = np.zeros(len(calls), np.int8), ""
        for place in np.flatnonzero(tried).tolist():
            try:
                values[place] = np.reshape(call(*calls[place]), width)
            except Exception as error:  # whatever a function raises is its fault
                raised[place] = MATH_ERROR if isinstance(error, expected) else CRASH
                message = message or f"{label} raises {type(error).__name__}: {error}"
        return Run(label, columns, values, tried, raised, message)
