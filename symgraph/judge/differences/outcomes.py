"""A module's results beside the facts of each row: one run of all calls serves everyone who checks a module.

The facts come from the spec, enclosed, or from differences; whoever knows them judges the outcomes.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from symgraph.data.residuals import slopes_of_residuals
from symgraph.judge.differences.calls import (
    BOUNDS,
    NORMAL,
    PENALTY,
    WAYS,
    WITHOUT,
    Array,
    Call,
    Given,
    calls,
    extremes,
    of_weights,
)

# Texts that reports give to ways of calling.
_WAYS = {
    "": "()",
    "weighted": "(sample_weight)",
    "weighted sum": "(sample_weight, reduction='sum')",
    "sum": "(reduction='sum')",
    "with zeros": "(sample_weight with zeros)",
}
_PULLED = {"": "(tape)", "weighted": "(tape, cotangent)", "sum": "(tape, number)"}
_ALWAYS_SUMMED = {"weighted sum": "(sample_weight)", "sum": "()"}
# The results of functions that give several.
_SEVERAL = ("value_and_grad", "row", "forward", "penalty", "constraints", "constraints_jacobian")
_PARTS = {"loss": "the value", "gradient": "the gradient", "output": "the output"}
_PARTS |= {NORMAL: "the matrix", "penalty": "the value", "penalty_gradient": "the gradient"}
_SLOPES: Mapping[str, Callable[[Array], Array]] = {
    "soft_l1": lambda z: 1.0 / np.sqrt(1.0 + z),
    "huber": lambda z: 1.0 / np.sqrt(np.maximum(z, 1.0)),
    "cauchy": lambda z: 1.0 / (1.0 + z),
}
"""The slopes rho' of robust losses at z = (r/f_scale)**2."""
Large = tuple[int, Sequence[str], Mapping[str, Any]]
"""A large batch: more rows than this, the ways of adding them up, and options."""


@dataclass(frozen=True)
class Fact:
    """Values of each row, or a sum over rows; arrays of one shape, whose last axis is that of weights for partials.

    Attributes:
        want: the values; NaN where they are not known.
        radius: how far rounding moves a right result; inf where nothing can be said.
        of_sums: the rounding error of a sum of rows, relative to the sum of their magnitudes.
    """

    want: Array
    radius: Array
    of_sums: ClassVar[float] = 1e-15

    def at(self, rows: Any) -> Self:
        """The values of some rows, or of one."""
        return type(self)(self.want[rows], self.radius[rows])

    def total(self, factors: Array) -> Self:
        """The sum over rows of factor * value; a factor of 0 takes a row out, whatever it holds."""
        kept = factors != 0.0
        shares = factors[kept].reshape(-1, *(1,) * (self.want.ndim - 1))
        terms = shares * self.want[kept]
        radius = (np.abs(shares) * self.radius[kept]).sum(0) + self.of_sums * np.abs(terms).sum(0)
        return type(self)(terms.sum(0), radius)

    def plus(self, other: Self) -> Self:
        """The sum of both."""
        return type(self)(self.want + other.want, self.radius + other.radius + self.of_sums * np.abs(self.want))


Known = TypeVar("Known", bound=Fact)


class Outcome(NamedTuple, Generic[Known]):
    """One result of a call.

    Attributes:
        call, given: the call and its arguments.
        fact, known: the name of the fact that the call gives, and what that should be.
        by: whether its last axis has an entry for each weight.
        got: what it is, of the same shape as what is known; NaN where there is a problem.
        problem: what is wrong beyond numbers, as a predicate: that the function raises, or gives another shape.
        cause: the exception, if one was raised.
    """

    call: Call
    given: Given
    fact: str
    known: Known
    by: bool
    got: Array
    problem: str = ""
    cause: Exception | None = None

    @property
    def label(self) -> str:
        """The function, how it was called, and which of its results is meant."""
        call, text = self.call, self.given.text
        ways = _WAYS if call.function != "backward" else _PULLED if call.how or not text else {}
        ways = _ALWAYS_SUMMED if call.function == "normal_equations" else ways
        way = ways.get(call.how, "") if call.factors is not None else ""
        part = f", {_PARTS.get(self.fact, self.fact)}" if call.function in _SEVERAL or len(call.facts) > 1 else ""
        return f"{call.function}{way}{text}{part}{f' {WITHOUT}' if part and call.how == WITHOUT else ''}"


class Rows(NamedTuple, Generic[Known]):
    """A module, and what is known of n rows that it is called with.

    Attributes:
        module: the module, of any backend.
        facts: by name, what is known of each row.
        has: tells whether a function is to be called so.
        on_target: names of the fields of the tape that are None without the target.
    """

    module: Any
    facts: Mapping[str, Known]
    has: Callable[[Call, Given], bool]
    on_target: Collection[str] = ()

    def outcomes(self, batches: Iterable[Given], w: NDArray[Any] | None = None) -> Iterator[Outcome[Known]]:
        """Call all functions with the arguments of each batch, one after the other as they are asked for.

        Given weights, call first those that give weights names and take them away, and draw initial weights.
        """
        if w is not None:
            alone, like = Given(w, None, None, np.zeros(1, np.intp), alone=True), next(iter(self.facts.values()))
            named = self._replace(facts={"weights": type(like)(w[None], 0.0 * w[None])})
            for call in of_weights(self.module, w):
                if self.has(call, alone):
                    yield from named._tried(call, alone, {})
        for given in batches:
            known: dict[tuple[str, bytes | None, float], Known] = {}
            for call in calls(self.module, given, self.facts):
                if self.has(call, given):
                    yield from self._tried(call, given, known)

    def known(self, call: Call, fact: str, given: Given) -> Known:
        """Return a call's fact: of one row, of all rows, or of a sum over rows."""
        whole = self.facts[fact]
        if call.factors is not None:
            n = len(whole.want)
            found = whole.total(np.bincount(given.rows, call.factors, n).astype(np.float64))
            if call.penalty and PENALTY.get(fact) in self.facts:
                found = found.plus(self.facts[PENALTY[fact]].at(slice(1)).total(np.array([call.penalty])))
            return found
        return whole.at(int(given.rows[0]) if given.alone else given.rows[: len(whole.want)])

    def _tried(self, call: Call, given: Given, known: dict[tuple[str, bytes | None, float], Known]) -> Iterator[Outcome[Known]]:
        """Make a call; what is known of sums is worked out once for all calls."""
        try:
            results, cause = [*zip(call.facts, call.run(given), strict=True)], None
        except Exception as error:  # whatever a function raises is its fault
            results, cause = [(fact, None) for fact in call.facts], error
        factors = None if call.factors is None else call.factors.tobytes()
        for fact, result in results:
            key = fact, factors, call.penalty
            if key not in known:
                known[key] = self.known(call, fact, given)
            right, by = known[key], self.facts[fact].want.ndim > 1
            parts: Sequence[tuple[str, Array | None]]
            if cause is not None:
                parts = [(f"raises {type(cause).__name__}: {cause}", None)]
            elif call.how == WITHOUT and fact.removeprefix("node ") in self.on_target:
                parts = [] if result is None else [("is there without the target", None)]
            else:
                parts = self._parts(call, fact, right.want.shape, result, given)
            for problem, got in parts:
                array = np.full(right.want.shape, np.nan) if got is None else got
                yield Outcome(call, given, fact, right, by, array, problem, cause)

    def _parts(
        self, call: Call, fact: str, shape: tuple[int, ...], result: Any, given: Given
    ) -> Sequence[tuple[str, Array | None]]:
        """A result as an array, or what is wrong with it; of rows that come again and again, the largest and the smallest."""
        try:
            array = np.asarray(result, np.float64)
            parts = extremes(array, given, len(self.facts[fact].want)) if call.factors is None else (array,)
        except (TypeError, ValueError) as error:
            return [(f"gives {result!r}, no array of numbers: {error}", None)]
        if call.function == "forward":  # one number for all rows is as good
            parts = [np.broadcast_to(part, shape) if part.ndim == 0 else part for part in parts]
        if fact in BOUNDS:
            parts = [np.where(part >= 0.0, 1.0, np.nan) for part in parts]
        wrong = next((part.shape for part in parts if part.shape != shape), None)
        return [("", part) for part in parts] if wrong is None else [(f"has shape {wrong} instead of {shape}", None)]


def bounds(facts: Mapping[str, Known]) -> dict[str, Known]:
    """Return the facts of error bounds where loss, gradient and Hessian are known: 1, for a bound that is no less than 0."""
    parts = [facts[name] for name in ("loss", "gradient", "hessian") if name in facts]
    return {
        bound: type(part)(np.ones_like(part.want), np.zeros_like(part.want)) for bound, part in zip(BOUNDS, parts, strict=False)
    }


def layouts(batch: Given, large: Sequence[Large]) -> Iterator[Given]:
    """The same rows in other layouts in memory, and in large batches."""
    X, once = batch.X, batch._replace(ways=WAYS[:1])
    if X is not None:
        yield once._replace(X=np.asfortranarray(X), text=" on X in columns")
        yield once._replace(X=X[::-1].copy()[::-1], text=" on X in reversed memory")
        if X.shape[1] == 1:
            yield once._replace(X=X[:, 0], text=" on X of one dimension")
    for size, ways, options in large if not batch.alone else ():
        yield many(batch, size)._replace(ways=ways, options=options)


def many(batch: Given, size: int) -> Given:
    """The rows again and again, more than so many."""
    rows = np.tile(np.arange(len(batch.rows)), size // len(batch.rows) + 1)
    return batch.take(rows, f" on {len(rows)} rows")


def normal_matrices(
    factor: Any, robust: Any, residuals: Array, slopes: Array, unit: float, off: Any = 0.0, rough: Any = 0.0
) -> tuple[Array, Array]:
    """J'WJ of each row, (n, k, k), whose sum is that of `normal_equations`, and how far rounding moves it.

    Args:
        factor: the c of a loss c * r**2.
        robust: the name of a robust loss and its f_scale, or None.
        residuals: (n, p).
        slopes: (n, p, k) their partials.
        unit: the rounding error of a product, relative to it.
        off, rough: how far residuals and slopes are off.
    """
    weights = np.full_like(residuals, 2.0 * factor) if robust is None else _SLOPES[robust[0]]((residuals / robust[1]) ** 2)

    def products(w: Any, j: Array) -> Array:
        return np.asarray(np.einsum("np,npi,npj->nij", w, j, j))

    with np.errstate(all="ignore"):
        sizes = products(weights, np.abs(slopes))
        # the slope rho' moves by less than the residual over f_scale, and with it all products
        moved = 0.0 if robust is None else products(off / robust[1] + np.zeros_like(residuals), np.abs(slopes))
        return products(weights, slopes), products(weights, np.abs(slopes) + rough) - sizes + moved + unit * sizes


def own_residuals(module: Any, given: Given) -> tuple[Array, Array]:
    """The residuals that a module gives, (n, p), and their partials, (n, p, k); raises what its functions raise."""
    residuals, slopes = module.residual(*given[:3]), slopes_of_residuals(module, *given[:3])
    found = [np.asarray(one, np.float64) for one in (residuals, slopes)]
    return found[0].reshape(len(given.rows), -1), found[1].reshape(len(given.rows), -1, len(given.w))
