"""Every function of a module, in every way of calling it, held against what was judged: the values and partials of each row."""

from collections.abc import Iterator, Mapping, Sequence
from inspect import signature
from typing import Any, NamedTuple

import numpy as np

from symgraph.gradcheck.calls import BOUNDS, WAYS, WITHOUT, Call, Given, calls, extremes, of_weights
from symgraph.gradcheck.differences import Array
from symgraph.gradcheck.judge import SAFETY, agree, same_factor
from symgraph.gradcheck.points import PARTIALS, Fact, Point, largest
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
# How functions were called, as reports say it.
_WAYS = {
    "": "()",
    "weighted": "(sample_weight)",
    "weighted sum": "(sample_weight, reduction='sum')",
    "sum": "(reduction='sum')",
    "with zeros": "(sample_weight with zeros)",
}
_PULLED = {"": "(tape)", "weighted": "(tape, cotangent)", "sum": "(tape, number)"}
# The results of functions that give several.
_SEVERAL = ("value_and_grad", "row", "forward")
_PARTS = {"loss": ", the value", "gradient": ", the gradient"}


def compare(point: Point, facts: Mapping[str, Fact], rng: np.random.Generator) -> Iterator[Finding]:
    """Compare every function that the module has with what its rows give at a point.

    At the first point functions are called in every way: with more rows alone, with large batches, with other layouts in
    memory, in float32, and where sums overflow.

    Args:
        point: where.
        facts: what each row gives; its partials are judged by differences.
        rng: for cotangents and sample weights.
    """
    first, kept = point.number == 0, np.flatnonzero(largest(fact.values for fact in facts.values()) < _SUMMABLE)
    if not len(kept):
        return
    point = point.take(kept)
    court = _court(point, {part: Fact(fact.names, fact.values[kept], fact.sway[kept]) for part, fact in facts.items()})
    yield from court.weights()
    batch = _batch(point, rng)
    for given in (*_usual(batch, 5, _ALL if first else _SOME), *(_layouts(batch) if first else ())):
        yield from court.check(given)
    if first:
        yield from _in_float32(point, rng)
        yield from _overflowing(point, rng)


def _batch(point: Point, rng: np.random.Generator, text: str = "") -> Given:
    """All rows of a point, a single one alone where the model has neither features nor target."""
    n = len(point.given.rows)
    return point.given._replace(rows=np.arange(n), text=text, shares=rng.uniform(0.5, 2.0, n))


def _usual(batch: Given, ways: int, alone: int) -> Iterator[Given]:
    """All rows together, some of them alone, and a few as a batch of one."""
    yield batch._replace(ways=WAYS[:ways])
    if not batch.alone:
        for row in range(len(batch.rows))[:alone]:
            few = batch._replace(ways=WAYS[:4])
            yield few.one(row, f" on one row{batch.text}", scalar=False)
            if row < max(1, alone // 4):
                yield few.take(np.array([row]), f" on a batch of one row{batch.text}")


def _layouts(batch: Given) -> Iterator[Given]:
    """Other layouts of the rows in memory, and many rows."""
    X, once = batch.X, batch._replace(ways=WAYS[:1])
    if X is not None:
        yield once._replace(X=np.asfortranarray(X), text=" on X in columns")
        yield once._replace(X=X[::-1].copy()[::-1], text=" on X in reversed memory")
        if X.shape[1] == 1:
            yield once._replace(X=X[:, 0], text=" on X of one dimension")
    for size, options in _LARGE if not batch.alone else ():
        if size * len(batch.w) <= _WORK:
            ways = WAYS[:1] if options else WAYS[:2]
            yield _many(batch, size)._replace(ways=ways, options=options)


def _many(batch: Given, size: int) -> Given:
    """The rows again and again, more than so many."""
    many = np.tile(batch.rows, size // len(batch.rows) + 1)
    return batch.take(many, f" on {len(many)} rows")


def _in_float32(point: Point, rng: np.random.Generator) -> Iterator[Finding]:
    """The functions in float32 compared with the rows in float32, and these with the rows in float64."""
    single = point.mapped(lambda values: np.asarray(values, np.float32))
    single = single.take(np.flatnonzero(largest(single.values().values()) < _SUMMABLE_FLOAT32))
    if not (len(single.given.rows) and single.is_inside() and single.unit >= _UNIT_FLOAT32):  # else it computes in float64
        return
    court, double = _court(single, single.facts(rng)), single.mapped(lambda values: np.asarray(values, np.float64))
    for given in _usual(_batch(single, rng, " in float32"), 2, _SOME):
        yield from court.check(given)
    here, there = single.values(), double.values()
    for part, values in here.items():
        yield Finding(f"{part} in float32", point, court.known[part].names, same_factor(values, there[part]))
    if hasattr(point.module, "error_bound") and "gradient" in there:
        bound = single.bounds()[1] + double.bounds()[1]
        wrong = np.any(np.abs(here["gradient"] - there["gradient"]) > bound)
        problem = "is less than what float32 and float64 differ by" if wrong else ""
        yield Finding("error_bound, for float32", point, point.module.WEIGHTS, agree(bound, bound, 0.0 * bound), problem)


def _overflowing(point: Point, rng: np.random.Generator) -> Iterator[Finding]:
    """The means of rows whose sum overflows, and of rows some of whose partials overflow."""
    if point.main != "loss" or point.given.X is None:
        return
    beyond = point
    for target in (True, False) if point.given.y is not None else (False,):
        low, high = 0, 1024
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _fits(_scaled(point, middle, target=target)) else (low, middle)
        point, beyond = _scaled(point, low, target=target), _scaled(point, low + 12, target=target)
    for at, text in ((point, " where sums overflow"), (beyond, " where partials overflow")):
        if at is point or at.is_inside():
            court = _court(at, at.facts(rng), lenient=True)
            batch = _batch(at, rng, text)._replace(by_row=False)
            many = _many(batch, 10_000)._replace(ways=WAYS[:2], text=text)
            for given in (many,) if at is point else _usual(batch, 2, _SOME):
                yield from court.check(given)


def _scaled(point: Point, by: int, *, target: bool) -> Point:
    """The point with the target times a power of 2, or else the features times one and the weights divided by it."""
    w, X, y = point.given[:3]
    return point.at(w, X, np.ldexp(y, by)) if target else point.at(np.ldexp(w, -by), np.ldexp(X, by), y)


def _fits(point: Point) -> bool:
    """Whether the inputs are in their domains, and no loss or partial of a row is too large to be off by a factor of 1.01."""
    parts = (point.each(part, point.given.w) for part in ("loss", "gradient"))
    return point.is_inside() and all(np.max(np.abs(part)) < _NEARLY_TOO_LARGE for part in parts)


def _court(point: Point, facts: Mapping[str, Fact], *, lenient: bool = False) -> "_Court":
    """Complete what is known of a point's rows: error bounds too, which are no less than 0, and that counts as 1."""
    found, scales = dict(facts), np.array([point.scale(j) for j in range(len(point.given.w))])
    for value, partials in PARTIALS.items():
        if value in facts:
            # a partial may be what is left of others that cancel; it has no digits below those of the value that it belongs to
            least = np.nan_to_num(_UNITS * point.unit / SAFETY * np.abs(facts[value].values) / scales, posinf=0.0)
            found[partials] = facts[partials]._replace(sway=facts[partials].sway + least)
    if "loss" in facts:
        for bound, (names, values, _) in zip(BOUNDS, (facts["loss"], facts["gradient"]), strict=True):
            found[bound] = Fact(names, np.ones_like(values), np.zeros_like(values))
    output = next(iter(point.module.OUTPUTS), "")
    field = point.module.METADATA.get("fields", {}).get(output, output)
    if "output" in facts and field in getattr(getattr(point.module, "Tape", None), "__annotations__", ()):
        found[f"node {output}"] = facts["output"]
    return _Court(point, found, lenient)


class _Court(NamedTuple):
    """A point and what is known of its rows, by fact; lenient lets results pass that are not finite."""

    point: Point
    known: Mapping[str, Fact]
    lenient: bool = False

    def check(self, given: Given) -> Iterator[Finding]:
        """Compare all functions that the module has, called in one way."""
        for call in calls(self.point.module, given, self.known):
            function = getattr(self.point.module, call.function, None)
            if function is not None and (not given.options or given.options.keys() <= signature(function).parameters.keys()):
                yield from self.tried(call, given)

    def weights(self) -> Iterator[Finding]:
        """Compare the functions that give weights names and take them away; the initial weights, the same for one seed."""
        given = Given(self.point.given.w, None, None, np.zeros(1, np.intp))
        for call, right in of_weights(self.point.module, given.w):
            if hasattr(self.point.module, call.function):
                fact = Fact(self.point.module.WEIGHTS, right[None], np.zeros((1, len(right))))
                yield from self._replace(known={"weights": fact}).tried(call, given)

    def tried(self, call: Call, given: Given) -> Sequence[Finding]:
        """Make a call and compare its results with each row, or with the sum over rows where it gives that."""
        n = len(given.rows) if call.factors is not None else len(self.point.given.rows)
        try:
            with np.errstate(all="ignore"):
                return [
                    self._compared(call, fact, given, np.asarray(part, np.float64))
                    for fact, result in zip(call.facts, call.run(), strict=True)
                    for part in extremes(result, given, n)
                ]
        except Exception as error:  # whatever it raises is a fault of the module
            problem, nothing = f"raises {type(error).__name__}: {error}", agree(*np.zeros((3, 0)))
            return [
                Finding(_label(call, fact, given), self.point, self.known[fact].names, nothing, problem) for fact in call.facts
            ]

    def _compared(self, call: Call, fact: str, given: Given, result: Array) -> Finding:
        names, expected, slack = self.known[fact]
        n, m = expected.shape
        if fact in BOUNDS:
            result = np.where(result >= 0.0, 1.0, np.nan)
        if call.factors is None:
            rows = given.rows[:n]
            result = np.broadcast_to(result, len(rows)) if m == 1 and result.ndim < 2 else result
            expected, size, slack = expected[rows], np.abs(expected)[rows], slack[rows]
        else:
            share, sizes = (np.bincount(given.rows, factors, n) for factors in (call.factors, np.abs(call.factors)))
            expected, size, slack = share @ expected, sizes @ np.abs(expected), sizes @ slack
        # in the denormal range the last place is no longer relative
        allowed = max(_ROUNDING, _UNITS * self.point.unit) * (size + float(np.finfo(np.float64).tiny)) + SAFETY * slack
        entries = agree(result.reshape(expected.shape), expected, allowed, lenient=self.lenient)
        return Finding(_label(call, fact, given), self.point, names, entries)


def _label(call: Call, fact: str, given: Given) -> str:
    """The function, how it was called, and which of its results is meant."""
    ways = _WAYS if call.function != "backward" else _PULLED if call.how or not given.text else {}
    way = ways.get(call.how, "") if call.factors is not None else ""
    part = _PARTS.get(fact, ", the output") if call.function in _SEVERAL else ""
    return f"{call.function}{way}{given.text}{part}{f' {WITHOUT}' if part and call.how == WITHOUT else ''}"
