"""Every function of a module, in every way of calling it, held against what was judged: the values and partials of each row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from inspect import signature
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.gradcheck.differences import Array
from symgraph.gradcheck.judge import SAFETY, agree, same_factor
from symgraph.gradcheck.points import Data, Point, Rows, call_row, largest, taken
from symgraph.gradcheck.report import Finding

# Functions of one module may order their sums differently; 1e-8 of the sum of magnitudes is far above that in float64, and far
# below a factor of 1.001. Modules that compute in float32 get 200 of its units.
_ROUNDING, _UNITS = 1e-8, 200.0
_SUMMABLE, _SUMMABLE_FLOAT32 = 1e150, 1e30  # sums over rows beyond this may overflow
_NEARLY_TOO_LARGE = 2.0**1018  # thousands of rows of that size overflow a sum; a factor of 1.01 does not overflow a row
_UNIT_FLOAT32 = float(np.finfo(np.float32).eps)
_ALL, _SOME = 8, 2  # rows that are given alone, at the first point and at others; a quarter of them also as batches
# Generated modules work in blocks of 10,000 rows, and from 120,000 rows on in strips for each thread.
_LARGE: Sequence[tuple[int, Mapping[str, Any]]] = ((10_000, {}), (120_000, {"threads": 2}))
_WORK = 1_500_000  # numbers, rows times weights, that a large batch has at most


class _Given(NamedTuple):
    """The arguments of a call: w, X and y, as far as the model has them; the same without y; and those by name."""

    full: tuple[Any, ...]
    short: tuple[Any, ...]
    more: Mapping[str, Any]


Call = Callable[[Any, _Given], Any]


class _Form(NamedTuple):
    """A way of calling: what it adds to a name, and for each call the data and which of the point's rows they are."""

    text: str
    calls: Sequence[tuple[Data, NDArray[np.intp]]]
    reductions: int = 1  # how many ways of reducing are tried
    more: Mapping[str, Any] = {}
    alone: bool = False  # a single row a call, and no batch


class _Facts(NamedTuple):
    """What each row ought to give, (n, m): names of the columns, values, their sizes, and how far rounding moves them."""

    names: tuple[str, ...]
    expected: Array
    size: Array
    slack: Array


def compare(point: Point, rows: Rows, sway: Rows, rng: np.random.Generator, *, first: bool) -> Iterator[Finding]:
    """Compare every function that the module has with what its rows give at a point.

    Args:
        point: where; the partials of its rows have been judged.
        rows: what each row gives.
        sway: how far rounding moves that.
        rng: for cotangents and sample weights.
        first: whether to call in every way: with more rows alone, with large batches, with other layouts in memory, in float32,
            and where sums overflow.
    """
    kept = np.flatnonzero(largest(rows) < _SUMMABLE)
    if not len(kept):
        return
    point = point.take(kept)
    rows, sway = taken(rows, kept), taken(sway, kept)
    court = _Court(point, rows, _facts(point, rows, sway), point.unit, rng)
    yield from court.weights()
    for form in (*_usual(point, 5, _ALL if first else _SOME), *(_layouts(point) if first else ())):
        yield from court.functions(form)
    if first:
        yield from _in_float32(point, rng)
        yield from _overflowing(point, rng)


def _usual(point: Point, reductions: int, alone: int) -> Iterator[_Form]:
    """All rows together, some of them alone, and a few as a batch of one."""
    n, data = len(point.rows), point.data
    yield _Form("", [(data, np.arange(n))], reductions, alone=not data.has_rows)
    if data.has_rows:
        yield _Form(" on one row", [(data.take(i), np.array([i])) for i in range(n)[:alone]], 3, alone=True)
        yield _Form(
            " on a batch of one row", [(data.take(np.array([i])), np.array([i])) for i in range(n)[: max(1, alone // 4)]], 3
        )


def _layouts(point: Point) -> Iterator[_Form]:
    """Other layouts of the rows in memory, and many rows."""
    (X, y), every = point.data, np.arange(len(point.rows))
    if X is not None:
        yield _Form(" on X in columns", [(Data(np.asfortranarray(X), y), every)])
        yield _Form(" on X in reversed memory", [(Data(X[::-1].copy()[::-1], y), every)])
        if X.shape[1] == 1:
            yield _Form(" on X of one dimension", [(Data(X[:, 0], y), every)])
    for size, more in _LARGE if point.data.has_rows else ():
        if size * len(point.w) <= _WORK:
            many = np.tile(every, size // len(every) + 1)
            yield _Form(f" on {len(many)} rows", [(point.data.take(many), many)], 1 if more else 2, more)


def _in_float32(point: Point, rng: np.random.Generator) -> Iterator[Finding]:
    """The functions in float32 compared with the rows in float32, and these with the rows in float64."""
    single = point.mapped(lambda values: np.asarray(values, np.float32))
    single = single.take(np.flatnonzero(largest(single.values()) < _SUMMABLE_FLOAT32))
    if not single.rows or not single.is_inside() or single.unit < _UNIT_FLOAT32:  # which computes in float64 all the same
        return
    court, double = _Court.at(single, rng), single.mapped(lambda values: np.asarray(values, np.float64))
    for form in _usual(single, 2, _SOME):
        yield from court.functions(form._replace(text=f"{form.text} in float32"))
    there = double.values()
    for part, here in court.rows.items():
        yield Finding(f"{part} in float32", court.facts(part).names, same_factor(here, there[part]))
    if hasattr(point.module, "error_bound") and "gradient" in there:
        bound = single.bounds()[1] + double.bounds()[1]
        wrong = np.any(np.abs(court.rows["gradient"] - there["gradient"]) > bound)
        problem = "is less than what float32 and float64 differ by" if wrong else ""
        yield Finding("error_bound, for float32", point.module.WEIGHTS, agree(bound, bound, 0.0 * bound), problem)


def _overflowing(point: Point, rng: np.random.Generator) -> Iterator[Finding]:
    """The means of rows whose sum overflows, and of rows some of whose partials overflow."""
    if not point.module.METADATA["has_loss"] or point.data.X is None:
        return
    beyond = point
    for target in (True, False) if point.data.y is not None else (False,):
        low, high = 0, 1024
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _fits(_scaled(point, middle, target=target)) else (low, middle)
        point, beyond = _scaled(point, low, target=target), _scaled(point, low + 12, target=target)
    many = np.tile(np.arange(len(point.rows)), 10_000 // len(point.rows) + 1)
    yield from _Court.at(point, rng, lenient=True).means(_Form(" where sums overflow", [(point.data.take(many), many)], 2))
    if beyond.is_inside():
        court = _Court.at(beyond, rng, lenient=True)
        for form in _usual(beyond, 2, _SOME):
            yield from court.means(form._replace(text=f"{form.text} where partials overflow"))


def _scaled(point: Point, by: int, *, target: bool) -> Point:
    """The point with the target times a power of 2, or else the features times one and the weights divided by it."""
    X, y = point.data
    if target:
        return point._replace(data=Data(X, None if y is None else np.ldexp(y, by)))
    return point._replace(w=np.ldexp(point.w, -by), data=Data(None if X is None else np.ldexp(X, by), y))


def _fits(point: Point) -> bool:
    """Whether the inputs are in their domains, and no loss or partial of a row is too large to be off by a factor of 1.01."""
    if not point.is_inside():
        return False
    rows = point.values()
    return bool(np.max(largest({part: rows[part] for part in ("loss", "gradient")})) < _NEARLY_TOO_LARGE)


def _short(function: Any, at: _Given) -> Any:
    return function(*at.short, **at.more)


def _full(function: Any, at: _Given) -> Any:
    return function(*at.full, **at.more)


# Functions: the name, what is shown behind it, what rows ought to give, how to call it.
_BY_ROW: Sequence[tuple[str, str, str, Call]] = (
    ("predict", "", "output", _short),
    ("jacobian", "", "jacobian", _short),
    ("per_sample_grad", "", "gradient", _full),
    ("forward", ", the loss", "loss", lambda f, at: f(*at.full).loss),
)
_REDUCED: Sequence[tuple[str, str, str, Call]] = (
    ("value_and_grad", ", the value", "loss", lambda f, at: _full(f, at)[0]),
    ("value_and_grad", ", the gradient", "gradient", lambda f, at: _full(f, at)[1]),
    ("loss", "", "loss", _full),
    ("grad", "", "gradient", _full),
)


def _facts(point: Point, rows: Rows, sway: Rows) -> Mapping[str, _Facts]:
    """What the rows of a point ought to give."""
    found, w = {}, point.module.WEIGHTS
    scales = np.array([point.scale(j) for j in range(len(w))])
    for value, partials in (("loss", "gradient"), ("output", "jacobian")):
        if value in rows:
            size = np.abs(rows[value])
            found[value] = _Facts(("value",), rows[value], size, sway[value])
            # a partial may be what is left of others that cancel; it has no digits below those of the value that it belongs to
            least = np.nan_to_num(_UNITS * point.unit / SAFETY * size / scales, posinf=0.0)
            found[partials] = _Facts(w, rows[partials], np.abs(rows[partials]), sway[partials] + least)
    return found


class _Court(NamedTuple):
    """A point and what functions are compared with there; lenient lets results pass that are not finite."""

    point: Point
    rows: Rows
    known: Mapping[str, _Facts]
    unit: float
    rng: np.random.Generator
    lenient: bool = False

    @classmethod
    def at(cls, point: Point, rng: np.random.Generator, *, lenient: bool = False) -> "_Court":
        rows = point.values()
        return cls(point, rows, _facts(point, rows, point.sway(rows, rng)), point.unit, rng, lenient)

    def facts(self, part: str) -> _Facts:
        return self.known[part]

    def functions(self, form: _Form) -> Iterator[Finding]:
        """All functions, called in one way; that without text is how the rows were computed."""
        for name, shown, part, call in _BY_ROW if form.text else ():
            if part in self.rows:
                yield from self.run(form, f"{name}{form.text}{shown}", name, self.facts(part), call)
        yield from self.outputs(form)
        yield from self.residuals(form)
        if "loss" in self.rows:
            yield from self.losses(form)
            yield from self.means(form)

    def outputs(self, form: _Form) -> Iterator[Finding]:
        """The output that forward gives, with and without the target, and that of a single row."""
        module, text = self.point.module, form.text
        if "output" not in self.rows:
            return
        name, facts = module.METADATA.get("fields", {}).get(module.OUTPUTS[0], module.OUTPUTS[0]), self.facts("output")
        if name in getattr(getattr(module, "Tape", None), "__dataclass_fields__", ()):
            yield from self.run(form, f"forward{text}, the output", "forward", facts, lambda f, at: getattr(f(*at.full), name))
            short = f"forward{text}, the output without y"
            yield from self.run(form, short, "forward", facts, lambda f, at: getattr(f(*at.short), name))
        if form.alone:
            yield from self.run(
                form, f"predict_row{text}", "predict_row", facts, lambda f, at: f(at.short[0], [*at.short[1:], []][0])
            )

    def residuals(self, form: _Form) -> Iterator[Finding]:
        """The residual r and its partials, by the loss, a declared factor times r**2; else r = output - target."""
        y, factor, name = self.point.data.y, self.point.module.METADATA.get("residual_factor"), f"residual{form.text}"
        if factor is not None and "loss" in self.rows:

            def pulled(slopes: Any, at: _Given) -> Any:
                return 2.0 * factor * np.asarray(self.point.module.residual(*at.full))[..., None] * slopes(*at.full)

            yield from self.run(form, name, "residual", self.facts("loss"), lambda f, at: factor * np.square(f(*at.full)))
            name = f"residual_jacobian{form.text}"
            yield from self.run(form, name, "residual_jacobian", self.facts("gradient"), pulled)
        elif "output" in self.rows and y is not None:
            known, column = self.facts("output"), np.asarray(y, np.float64)[:, None]
            wanted = known._replace(expected=known.expected - column, size=known.size + np.abs(column))
            yield from self.run(form, name, "residual", wanted, lambda f, at: f(*at.full))

    def losses(self, form: _Form) -> Iterator[Finding]:
        """What `row` gives; error bounds, which are not negative; cotangents pulled back: none, one a row, a number."""
        module, gradient, count = self.point.module, self.facts("gradient"), len(form.calls[0][1])
        if form.alone:
            row = f"row{form.text}, the"
            yield from self.run(form, f"{row} value", "row", self.facts("loss"), lambda _, at: call_row(module, *at.full)[0])
            yield from self.run(form, f"{row} partials", "row", gradient, lambda _, at: call_row(module, *at.full)[1:])
        sound = _Facts(gradient.names, *(np.full_like(gradient.expected, value) for value in (1.0, 1.0, 0.0)))
        yield from self.run(form, f"error_bound{form.text}", "error_bound", sound, lambda f, at: _is_bound(f(*at.full)))
        if not hasattr(module, "forward"):
            return
        own = self.rng.normal(size=count)
        ways = (
            ("backward" if form.text else "backward(tape)", np.ones(count), ()),
            ("backward(tape, cotangent)", own, (float(own[0]) if form.alone else own,)),
            ("backward(tape, number)", np.full(count, -1.5), (np.float64(-1.5),)),
        )
        for text, factors, given in ways:
            pull = partial(_pulled, forward=module.forward, cotangent=given)
            yield from self.run(form, text + form.text, "backward", gradient, pull, factors)

    def means(self, form: _Form) -> Iterator[Finding]:
        """What reduces the rows, in as many ways as the form says."""
        count = len(form.calls[0][1])
        shares = self.rng.uniform(0.5, 2.0, count)
        thinned = np.where(np.arange(count) % 3 == 1, 0.0, shares)
        ways: Sequence[tuple[str, Array, Mapping[str, Any]]] = (
            ("", np.full(count, 1.0 / count), {}),
            ("sample_weight", shares / shares.sum(), {"sample_weight": shares}),
            ("sample_weight, reduction='sum'", shares, {"sample_weight": shares, "reduction": "sum"}),
            ("reduction='sum'", np.ones(count), {"reduction": "sum"}),
            ("sample_weight with zeros", thinned / thinned.sum(), {"sample_weight": thinned}),
        )
        for text, factors, more in ways[: form.reductions]:
            given = {name: float(value[0]) if form.alone and name == "sample_weight" else value for name, value in more.items()}
            for name, shown, part, call in _REDUCED[: 2 if form.more else 4]:  # strips take time
                label = f"{name}({text}){form.text}{shown}"
                yield from self.run(form._replace(more={**form.more, **given}), label, name, self.facts(part), call, factors)

    def weights(self) -> Iterator[Finding]:
        """The functions that give weights names and take them away; the initial weights, the same for one seed."""
        module, w = self.point.module, self.point.w[None]
        form, facts = _Form("", [(self.point.data, np.array([0]))]), _Facts(module.WEIGHTS, w, np.abs(w), 0.0 * w)
        named = dict(zip(module.WEIGHTS, w[0].tolist(), strict=True))
        yield from self.run(form, "pack", "pack", facts, lambda f, _: f(named))
        yield from self.run(form, "unpack", "unpack", facts, lambda f, _: [f(w[0])[name] for name in module.WEIGHTS])
        ones = facts._replace(expected=np.ones_like(w))
        yield from self.run(form, "initial_weights", "initial_weights", ones, lambda f, _: np.equal(f(1), f(1)))

    def run(
        self, form: _Form, shown: str, name: str, facts: _Facts, call: Call, factors: Array | None = None
    ) -> Iterator[Finding]:
        """Call a function, if the module has it, and compare the results with each row or, with factors, the sum over rows."""
        function = getattr(self.point.module, name, None)
        if function is None or ("threads" in form.more and "threads" not in signature(function).parameters):
            return
        results, wanted = [], []
        for data, rows in form.calls:
            given = _Given(data.arguments(self.point.w), data.arguments(self.point.w, target=False), form.more)
            try:
                with np.errstate(all="ignore"):
                    result = np.asarray(call(function, given), np.float64)
                pair = _folded(result, facts, rows) if factors is None else _summed(result, facts, rows, factors)
            except Exception as error:  # whatever it raises is a fault of the module
                yield Finding(shown, facts.names, agree(*np.zeros((3, 0))), f"raises {type(error).__name__}: {error}")
                return
            results.append(pair[0])
            wanted.append(pair[1])
        expected, size, slack = (np.concatenate(parts) for parts in zip(*wanted, strict=True))
        # in the denormal range the last place is no longer relative
        allowed = max(_ROUNDING, _UNITS * self.unit) * (size + float(np.finfo(np.float64).tiny)) + SAFETY * slack
        yield Finding(shown, facts.names, agree(np.concatenate(results), expected, allowed, lenient=self.lenient))


def _folded(result: Array, facts: _Facts, rows: NDArray[np.intp]) -> tuple[Array, list[Array]]:
    """The results of rows, or the extremes of each row that comes again and again, and what they ought to be."""
    n, m = facts.expected.shape
    result = np.broadcast_to(result, (len(rows),)) if m == 1 and result.ndim < 2 else result
    result = result.reshape(len(rows), m)
    if len(rows) > n:
        again = result.reshape(-1, n, m)
        result, rows = np.concatenate([again.max(axis=0), again.min(axis=0)]), np.tile(rows[:n], 2)
    return result, [part[rows] for part in facts[1:]]


def _summed(result: Array, facts: _Facts, rows: NDArray[np.intp], factors: Array) -> tuple[Array, list[Array]]:
    """A sum over rows, each times its factor, and what it ought to be."""
    n, m = facts.expected.shape
    share, size = np.bincount(rows, factors, n), np.bincount(rows, np.abs(factors), n)
    return result.reshape(1, m), [(share @ facts.expected)[None], (size @ facts.size)[None], (size @ facts.slack)[None]]


def _pulled(backward: Any, at: _Given, forward: Any, cotangent: tuple[Any, ...]) -> Any:
    return backward(forward(*at.full), *cotangent)


def _is_bound(both: Any) -> Any:
    """1 for each bound of a partial that is, as the loss's is, not negative and not NaN; else NaN."""
    losses, partials = (np.asarray(part, np.float64) for part in both)
    return np.where((losses[..., None] >= 0.0) & (partials >= 0.0), 1.0, np.nan)
