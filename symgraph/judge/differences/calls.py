"""Every way of calling the functions of a generated module, with what each call ought to give, said in facts about single rows.

A fact is what one row has of its own: "loss", "output", their partials "gradient" and "jacobian", "residual" and
its partials, and "node NAME" for a field of the tape. A call gives facts of its rows, or sums of them with a factor for
each row. Of several outputs or residuals each column is a fact of its own, "output re" with the partials "jacobian re". Whoever
checks a module knows the facts, from the spec or from differences, and compares.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.columns import partials_of
from symgraph.module_functions import ALONG, HESSIAN, HVP, MODULE_FUNCTIONS, ON_REQUEST
from symgraph.module_functions import PARTIALS as OF_ROWS
from symgraph.runtime.natural import natural_values

Array = NDArray[np.float64]

WAYS = ("", "weighted", "weighted sum", "sum", "with zeros")
"""The ways of adding up rows: a mean, a weighted mean, their sums, and a weighted mean without every third row."""
BY_ROW = ("row", "predict_row")
"""The functions for one row as lists of floats."""
MATH_ERRORS = (OverflowError, ZeroDivisionError, ValueError)
"""Errors of the scalar backend where NumPy gives inf or nan."""
BOUNDS = ("bound of the loss", "bound of the gradient", "bound of the hessian")
"""The facts that `error_bound` gives, two of them, and `hessian_error_bound`."""
PENALTY = {"loss": "penalty", "gradient": "penalty_gradient", HESSIAN: "penalty_hessian", HVP: "penalty_hvp"}
"""The facts of what is added to sums of rows once, which each row repeats."""
PARTIALS = {
    **OF_ROWS, "loss": "gradient", "penalty": "penalty_gradient", "constraint": "constraints_jacobian",
}  # fmt: skip
"""The values of a row, and the partials of each by the weights."""


def partials_fact(value: str) -> str:
    """The fact that is the partials of a value: "jacobian re" of "output re"."""
    return partials_of(value, PARTIALS[value.partition(" ")[0]])


def is_value(fact: str) -> bool:
    """Tell whether a fact has partials: a loss, an output, a residual, the penalty or a constraint."""
    return fact.partition(" ")[0] in PARTIALS


WITHOUT = "without y"
_OF_COLUMNS = {one.name: one for one in MODULE_FUNCTIONS if one.by_row and one.value != "loss"}
"""The functions whose results may have several columns."""
NORMAL = "normal_matrix"
"""The fact of each row that `normal_equations` adds up beside its gradient and loss: J'WJ, (n, k, k)."""
MOST_ENTRIES = 1_000_000
"""Most entries of the matrices of all rows that are looked at."""
_NUMBER = -1.5
"""A cotangent that all rows share."""


class Given(NamedTuple):
    """Arguments that functions are called with.

    Attributes:
        w: (k,) the weights.
        X, y: (m, d) and (m,), of several targets (m, p), or those of one row alone; None where the model has no features or no
            target.
        rows: (m,) which of the n known rows they are, in order; more than n are all of them again and again.
        alone: whether it is one row and no batch.
        text: what is added to names of functions.
        shares: (m,) sample weights and cotangents of the rows.
        ways: of ``WAYS``, those that are tried.
        by_row: whether functions that give something for each row are called.
        options: arguments by name.
    """

    w: NDArray[Any]
    X: Any
    y: Any
    rows: NDArray[np.intp]
    alone: bool = False
    text: str = ""
    shares: Array = np.ones(0)
    ways: Collection[str] = ()
    by_row: bool = True
    options: Mapping[str, Any] = {}

    def one(self, row: int, text: str) -> "Given":
        """One of the rows alone; X is (d,), or a scalar where there is one feature."""
        x, y = (None if part is None else part[row] for part in (self.X, self.y))
        x = x[0] if x is not None and len(x) == 1 else x
        return self._replace(X=x, y=y, rows=self.rows[[row]], alone=True, text=text, shares=self.shares[[row]])

    def take(self, rows: NDArray[np.intp], text: str) -> "Given":
        """A batch of the rows at some places."""
        X, y = (None if part is None else part[rows] for part in (self.X, self.y))
        return self._replace(X=X, y=y, rows=self.rows[rows], text=text, shares=self.shares[rows])


class Call(NamedTuple):
    """A way of calling a function with the given arguments.

    Attributes:
        function: its name.
        facts: of the results, in order.
        run: makes the call and gives its results. Without factors it takes any arguments that are there where the given ones
            are, one row where these are one.
        how: one of ``WAYS``, or "without y".
        factors: (m,) those of the given rows, where the results are sums of rows; else None.
        penalty: the factor of the penalty, which is added to such a sum.
    """

    function: str
    facts: Sequence[str]
    run: Callable[[Given], Sequence[Any]]
    how: str = ""
    factors: Array | None = None
    penalty: float = 0.0


def calls(module: Any, given: Given, facts: Collection[str]) -> Iterator[Call]:
    """All calls whose results are among the facts, of functions of any backend; none is run yet.

    One forward pass serves all that take its tape. Where "residual" is no fact, what it says of the loss stands for it.
    """
    tape = _once(lambda given: module.forward(*given[:3]))
    if given.by_row:
        yield from _forward(module, given, facts, tape)
        yield from (call for call in _by_row(module, given, facts) if all(fact in facts for fact in call.facts))
    if given.ways and "gradient" in facts:
        yield from _reductions(module, given, tape, facts)


def with_constants(module: Any, values: Mapping[str, float]) -> Any:
    """Return a module of any backend that computes with other values of its constants."""
    if not values or hasattr(module, "with_constants"):
        return module.with_constants(**values) if values else module
    there = (name for name in (*BY_ROW, "penalty") if hasattr(module, name))
    return SimpleNamespace(**{**vars(module), **{name: partial(getattr(module, name), constants=values) for name in there}})


def of_weights(module: Any, w: NDArray[Any]) -> Iterator[Call]:
    """The functions that give weights names and take them away, and the initial weights, the same for one seed.

    Each call, which is not run yet, ought to give the weights; where initial weights differ from one call to the next, NaN.
    """

    def drawn_twice() -> Any:
        return np.where(np.equal(module.initial_weights(1), module.initial_weights(1)), w, np.nan)

    yield Call("pack", ("weights",), lambda _: [module.pack(dict(zip(module.WEIGHTS, w.tolist(), strict=True)))])
    yield Call("unpack", ("weights",), lambda _: [_named_back(module, w)])
    yield Call("initial_weights", ("weights",), lambda _: [drawn_twice()])


def _named_back(module: Any, w: NDArray[Any]) -> list[float]:
    """The weights by what ``unpack`` gives; NaN for one whose natural value, which has other bits, is wrong."""
    shown, natural, found = module.unpack(w), module.METADATA.get("natural", {}), list[float]()
    for own, value in zip(module.WEIGHTS, w.tolist(), strict=True):
        name, transform = natural.get(own, (own, ""))
        is_right = bool(transform) and shown[name] == natural_values(transform, value)
        found.append((value if is_right else math.nan) if transform else shown[name])
    return found


def _once(function: Callable[[Given], Any]) -> Callable[[Given], Any]:
    """A function that remembers what it gave for the last arguments."""
    known: list[Any] = [None, None]

    def call(given: Given) -> Any:
        if known[0] is not given:
            known[:] = given, function(given)
        return known[1]

    return call


def _filling(function: Callable[..., Any], w: NDArray[Any], *arguments: Any) -> tuple[Any, list[float]]:
    """The result of a function of lists, and the partials that it writes into one; NaN for those that it does not write."""
    partials = [math.nan] * len(w)
    return function(w.tolist(), *arguments, partials), partials


def constraints_of(module: Any) -> tuple[str, ...]:
    """The constraints of a module as facts; each depends on the weights alone, and every row repeats it."""
    return tuple(f"constraint {name}" for name in module.METADATA["constraints"]) if hasattr(module, "constraints") else ()


def extremes(result: Any, given: Given, n: int) -> Sequence[Any]:
    """Return the result for each row; for n rows that are repeated, the largest and the smallest result of each."""
    if len(given.rows) <= n or np.ndim(result) == 0:
        return (result,)
    again = np.reshape(result, (len(given.rows) // n, n, *np.shape(result)[1:]))
    return again.max(axis=0), again.min(axis=0)


def direction(weights: int) -> Array:
    """The vector along which is differentiated; its entries differ, so that exchanged ones show."""
    places = np.arange(weights)
    return np.where(places % 2, -1.0, 1.0) * (1.0 + places % 31 / 32.0)


def _called(
    module: Any,
    name: str,
    facts: Sequence[str],
    arguments: int = 3,
    how: str = "",
    options: Mapping[str, Any] = {},
    factors: Array | None = None,
    penalty: float = 0.0,
) -> Call:
    """The call of a function with the first of the arguments, and more options."""

    def run(given: Given) -> Sequence[Any]:
        along = [direction(len(given.w)).astype(given.w.dtype)] if name in ALONG else []
        result: Any = getattr(module, name)(given.w, *along, *given[1:arguments], **given.options, **options)
        if name in _OF_COLUMNS:
            return _columns(module, name, result, given, len(facts))
        return result if len(facts) > 1 else (result,)

    return Call(name, facts, run, how, factors, penalty)


def _columns(module: Any, name: str, result: Any, given: Given, count: int) -> Sequence[Any]:
    """The columns of a result of outputs or residuals; a ValueError tells of another shape."""
    if count == 1:
        return (result,)
    rows = () if given.alone else (len(given.rows),)
    row, sizes = _OF_COLUMNS[name], {"features": len(module.FEATURES), "weights": len(module.WEIGHTS)}
    ends = (sizes[row.by],) if row.by in sizes else ()
    shape = (math.prod(rows) * count, *ends) if row.value == "residual" else (*rows, count, *ends)
    if np.shape(result) != shape:
        raise ValueError(f"it has shape {np.shape(result)} instead of {shape}")
    return [*np.moveaxis(np.reshape(result, (*rows, count, *ends)), len(rows), 0)]


def _forward(module: Any, given: Given, facts: Collection[str], tape: Callable[[Given], Any]) -> Iterator[Call]:
    """The fields of the tape, with and without the target."""
    nodes = [fact for fact in facts if fact.startswith("node ")]
    whole = [fact for fact in nodes if fact != "node loss"] + ["loss"] * ("loss" in facts)
    if whole:
        yield Call("forward", whole, partial(_fields, module, tape, whole))
    if nodes and given.y is not None:
        yield Call("forward", nodes, partial(_fields, module, lambda given: module.forward(*given[:2]), nodes), WITHOUT)


def _fields(module: Any, tape: Callable[[Given], Any], facts: Sequence[str], given: Given) -> Sequence[Any]:
    names, found = module.METADATA.get("fields", {}), tape(given)  # a name that Python or the module needs is changed
    return [getattr(found, names.get(name, name)) for name in (fact.removeprefix("node ") for fact in facts)]


def _by_row(module: Any, given: Given, facts: Collection[str]) -> Iterator[Call]:
    """The functions that give something for each row."""
    single = partial(_called, module)
    outputs, residuals = (
        [fact for fact in facts if fact.partition(" ")[0] == kind] or [kind] for kind in ("output", "residual")
    )
    jacobian = [partials_fact(output) for output in outputs]
    per_sample_grad = _once(lambda given: module.per_sample_grad(*given[:3], **given.options))
    yield Call("per_sample_grad", ("gradient",), lambda given: [per_sample_grad(given)])
    if given.X is not None or given.y is None or given.alone:  # else nothing says how many rows there are
        yield single("predict", outputs, 2, WITHOUT)
        yield single("jacobian", jacobian, 2, WITHOUT)
        for name in (name for name in ON_REQUEST if name in _OF_COLUMNS):
            yield single(name, [partials_of(output, name) for output in outputs], 2)
    if given.y is not None:
        yield single("jacobian", jacobian)
    if residuals[0] in facts:
        yield single("residual", residuals)
        yield single(OF_ROWS["residual"], [partials_fact(residual) for residual in residuals])
    elif module.METADATA.get("residual_factor"):
        yield from _squares(module, module.METADATA["residual_factor"], per_sample_grad)
    yield single("error_bound", BOUNDS[:2])
    if len(given.rows) * len(given.w) ** 2 <= MOST_ENTRIES:
        yield single("hessian_error_bound", BOUNDS[2:])
    if given.alone and hasattr(module, "penalty"):
        penalty = module.penalty if hasattr(module, "pack") else partial(_filling, module.penalty)
        yield Call("penalty", ("penalty", "penalty_gradient"), lambda given: penalty(given.w))
    if given.alone and hasattr(module, "penalty_hessian"):
        yield Call("penalty_hessian", ("penalty_hessian",), lambda given: [module.penalty_hessian(given.w)])
    if given.alone and hasattr(module, "constraints"):
        limits = constraints_of(module)
        yield Call("constraints", limits, lambda given: [*module.constraints(given.w)])
        partials = [*map(partials_fact, limits)]
        yield Call("constraints_jacobian", partials, lambda given: [*module.constraints_jacobian(given.w)])
    if given.alone and hasattr(module, "penalty_residual"):
        yield from _squares_of_penalty(module, module.METADATA["residual_factor"])
    if given.alone:
        yield Call("row", ("loss", "gradient"), partial(_row, module))
        yield Call("predict_row", outputs, partial(_predicted_row, module, len(outputs)))
        if hasattr(module, "predict_jacobian_row"):
            yield Call("predict_jacobian_row", (*outputs, *jacobian), partial(_row_with_jacobian, module, len(outputs)))


def _row(module: Any, given: Given) -> Sequence[Any]:
    y = None if given.y is None else np.asarray(given.y, np.float64).tolist()
    return _filling(module.row, given.w, _floats(given.X), y)


def _predicted_row(module: Any, outputs: int, given: Given) -> Sequence[Any]:
    found: Any = module.predict_row(given.w.tolist(), _floats(given.X))
    return [found] if outputs == 1 else found


def _row_with_jacobian(module: Any, outputs: int, given: Given) -> Sequence[Any]:
    """The outputs of a row and the partials of each, from `predict_jacobian_row`; NaN for partials that it does not write."""
    table = np.full((outputs, len(given.w)), math.nan)
    found = module.predict_jacobian_row(given.w.tolist(), _floats(given.X), table if outputs > 1 else table[0])
    return [*(found if outputs > 1 else [found]), *table]


def _squares(module: Any, factor: float, per_sample_grad: Callable[[Given], Any]) -> Iterator[Call]:
    """The residuals and their partials by what they say of a loss that is a factor times the sum of the residuals' squares."""

    def part(given: Given, name: str, *ends: int) -> Any:
        shape = (*([] if given.alone else [len(given.rows)]), module.METADATA.get("residuals", 1))
        return np.reshape(getattr(module, name)(*given[:3], **given.options), (*shape, *ends))

    residual = _once(lambda given: part(given, "residual").astype(np.float64))

    def gradient(given: Given) -> Any:
        slopes, known = part(given, OF_ROWS["residual"], len(given.w)), np.asarray(per_sample_grad(given))
        twice = 2.0 * factor * residual(given)[..., None]
        found = (twice * slopes).sum(-2)
        # slopes that are no normal numbers have no digits that a large residual could bring back
        least = np.abs(twice).sum(-2) * np.finfo(np.result_type(slopes, np.float32)).tiny
        return np.where((np.abs(found) < least) & (np.abs(known) < least), known, found)

    yield Call("residual", ("loss",), lambda given: [factor * np.square(residual(given)).sum(-1)])
    yield Call(OF_ROWS["residual"], ("gradient",), lambda given: [gradient(given)])


def _squares_of_penalty(module: Any, factor: float) -> Iterator[Call]:
    """The rows of the penalty and their partials, by what they say of it."""

    def value(given: Given) -> Any:
        return factor * np.sum(np.square(module.penalty_residual(given.w)))

    def gradient(given: Given) -> Any:
        return 2.0 * factor * module.penalty_jacobian(given.w).T @ module.penalty_residual(given.w)

    yield Call("penalty_residual", ("penalty",), lambda given: [value(given)])
    yield Call("penalty_jacobian", ("penalty_gradient",), lambda given: [gradient(given)])


def _reductions(module: Any, given: Given, tape: Callable[[Given], Any], known: Collection[str]) -> Iterator[Call]:
    """The functions that add up rows, in the ways that are tried."""

    shares, ones = given.shares, np.ones(len(given.shares))
    own = float(shares[0]) if given.alone else shares

    def weighted(part: Array) -> tuple[Array, Mapping[str, Any], float]:
        return part / part.sum(), {"sample_weight": float(part[0]) if given.alone else part}, 1.0 / part.sum()

    ways: Mapping[str, Callable[[], tuple[Array, Mapping[str, Any], float]]] = {
        "": lambda: (ones / len(ones), {}, 1.0 / len(ones)),
        "weighted": lambda: weighted(shares),
        "weighted sum": lambda: (shares, {"sample_weight": own, "reduction": "sum"}, 1.0),
        "sum": lambda: (ones, {"reduction": "sum"}, 1.0),
        "with zeros": lambda: weighted(np.where(np.arange(len(ones)) % 3 == 1, 0.0, shares)),
    }
    cotangents = {"": (ones, ()), "weighted": (shares, (own,)), "sum": (_NUMBER * ones, (np.float64(_NUMBER),))}

    def pulled(cotangent: Sequence[Any], given: Given) -> Sequence[Any]:
        return [module.backward(tape(given), *cotangent)]

    def normal(options: Mapping[str, Any], count: int, given: Given) -> Sequence[Any]:
        found: Sequence[Any] = module.normal_equations(*given[:3], **options)
        return found[-count:]

    second = [(name, (name,)) for name in ON_REQUEST if name in known and name not in _OF_COLUMNS]
    for how in given.ways:
        if how in cotangents:
            seeds, cotangent = cotangents[how]
            yield Call("backward", ("gradient",), partial(pulled, cotangent), how, seeds)
        factors, options, penalty = ways[how]()
        for name, facts in (("value_and_grad", ("loss", "gradient")), ("loss", ("loss",)), ("grad", ("gradient",)), *second):
            yield _called(module, name, facts, how=how, options=options, factors=factors, penalty=penalty)
        if how.endswith("sum") and hasattr(module, "normal_equations"):
            weights = {name: value for name, value in options.items() if name == "sample_weight"}
            facts = (NORMAL, "gradient", "loss")[NORMAL not in known :]
            yield Call("normal_equations", facts, partial(normal, weights, len(facts)), how, factors)


def _floats(x: Any) -> list[float]:
    return [] if x is None else np.atleast_1d(x).astype(np.float64).tolist()
