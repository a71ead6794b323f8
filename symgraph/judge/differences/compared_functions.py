"""Every function of a module, in every way of calling it, held against what was judged: the values and partials of each row."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from inspect import signature
from itertools import chain
from typing import Any

import numpy as np

from symgraph.columns import columns_of
from symgraph.judge.differences.agreement import SAFETY, agree, same_factor
from symgraph.judge.differences.calls import MOST_ENTRIES, NORMAL, WAYS, Call, Given, is_value, partials_fact
from symgraph.judge.differences.outcomes import Fact, Large, Rows, bounds, layouts, many, normal_matrices, own_residuals
from symgraph.judge.differences.points import Point, largest
from symgraph.judge.differences.report import Finding
from symgraph.runtime.generated_module import targets_of

# Functions of one module may order their sums differently; 1e-8 of the sum of magnitudes is far above that in float64, and far
# below a factor of 1.001. Modules that compute in float32 get 200 of its units.
_ROUNDING, _UNITS = 1e-8, 200.0
_SUMMABLE, _SUMMABLE_FLOAT32 = 1e150, 1e30  # sums over rows beyond this may overflow
_NEARLY_TOO_LARGE = 2.0**1018  # thousands of rows of that size overflow a sum; a factor of 1.01 does not overflow a row
_UNIT_FLOAT32 = float(np.finfo(np.float32).eps)
_ALL, _SOME = 8, 2  # rows that are given alone, at the first point and at others; a quarter of them also as batches
# Generated modules work in blocks of 10,000 rows, and from 120,000 rows on in strips for each thread.
_LARGE: Sequence[Large] = ((10_000, WAYS[:2], {}), (120_000, WAYS[:1], {"threads": 2}))
_WORK = 1_500_000  # numbers, rows times weights, that a large batch has at most


def compare(point: Point, facts: Mapping[str, Fact], rng: np.random.Generator) -> Iterator[Finding]:
    """Compare every function that the module has with what its rows give at a point.

    At the first point functions are called in every way: with more rows alone, with large batches, with other layouts in
    memory, in float32, and where sums overflow. The facts are what each row gives; differences judge its partials elsewhere.
    """
    first, kept = point.number == 0, np.flatnonzero(largest(fact.want for fact in facts.values()) < _SUMMABLE)
    if not len(kept):
        return
    point = point.take(kept)
    facts, batch = {part: fact.at(kept) for part, fact in facts.items()}, _batch(point, rng)
    large = [large for large in _LARGE if large[0] * len(batch.w) <= _WORK]
    usual = _usual(batch, 5, _ALL if first else _SOME)
    yield from _judged(point, facts, chain(usual, layouts(batch, large) if first else ()), of_weights=True)
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
            yield few.one(row, f" on one row{batch.text}")
            if row < max(1, alone // 4):
                yield few.take(np.array([row]), f" on a batch of one row{batch.text}")


def _in_float32(point: Point, rng: np.random.Generator) -> Iterator[Finding]:
    """The functions in float32 compared with the rows in float32, and these with the rows in float64.

    Rows with a label that float32 does not have, such as 0.1, are left out.
    """
    single = point.mapped(lambda values: np.asarray(values, np.float32))
    small = largest(single.values().values()) < _SUMMABLE_FLOAT32
    single = single.take(np.flatnonzero(small & (single.labels_by_row == point.labels_by_row).all(axis=1)))
    if not (len(single.given.rows) and single.is_inside() and single.unit >= _UNIT_FLOAT32):  # else it computes in float64
        return
    facts, double = single.facts(rng), single.mapped(lambda values: np.asarray(values, np.float64))
    yield from _judged(single, facts, _usual(_batch(single, rng, " in float32"), 2, _SOME))
    here, there = single.values(), double.values()
    for part, values in here.items():
        names = ("value",) if is_value(part) else point.module.WEIGHTS
        yield Finding(f"{part} in float32", point, names, same_factor(values, there[part]))
    if hasattr(point.module, "error_bound") and "gradient" in there:
        bound = single.bounds()[1] + double.bounds()[1]
        wrong = np.any(np.abs(here["gradient"] - there["gradient"]) > bound)
        problem = "is less than what float32 and float64 differ by" if wrong else ""
        yield Finding("error_bound, for float32", point, point.module.WEIGHTS, agree(bound, bound, 0.0 * bound), problem)


def _overflowing(point: Point, rng: np.random.Generator) -> Iterator[Finding]:
    """The means of rows whose sum overflows, and of rows some of whose partials overflow."""
    if not point.module.METADATA["has_loss"] or point.given.X is None:
        return
    beyond, grows = point, point.given.y is not None and len(point.labelled) < len(targets_of(point.module))
    for target in (True, False) if grows else (False,):
        low, high = 0, 1024
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _fits(_scaled(point, middle, target=target)) else (low, middle)
        point, beyond = _scaled(point, low, target=target), _scaled(point, low + 12, target=target)
    for at, text in ((point, " where sums overflow"), (beyond, " where partials overflow")):
        if at is point or at.is_inside():
            facts, batch = at.facts(rng), _batch(at, rng, text)._replace(by_row=False)
            repeated = many(batch, 10_000)._replace(ways=WAYS[:2], text=text)
            yield from _judged(at, facts, (repeated,) if at is point else _usual(batch, 2, _SOME), lenient=True)


def _scaled(point: Point, by: int, *, target: bool) -> Point:
    """The point with targets times a power of 2, or else the features times one and the weights divided by it."""
    w, X, y = point.given[:3]
    if target:
        return point.at(w, X, np.ldexp(y, by)).with_labels_of(point)
    return point.at(np.ldexp(w, -by), np.ldexp(X, by), y)


def _fits(point: Point) -> bool:
    """Tell whether the inputs are in their domains, and losses and partials of rows leave room for a factor of 1.01."""
    parts = (point.each(part, point.given.w) for part in ("loss", "gradient"))
    return point.is_inside() and all(np.max(np.abs(part)) < _NEARLY_TOO_LARGE for part in parts)


def _judged(
    point: Point, facts: Mapping[str, Fact], batches: Iterable[Given], *, lenient: bool = False, of_weights: bool = False
) -> Iterator[Finding]:
    """Call the module's functions with each of the batches, and judge them by the facts of a point's rows.

    Args:
        point: the point.
        facts: what each of its rows gives.
        batches: the arguments of the calls.
        lenient: whether results pass that are not finite.
        of_weights: whether to call the functions that pack, unpack and draw weights, too.
    """
    found, scales = dict(facts), np.array([point.scale(j) for j in range(len(point.given.w))])
    for value in filter(is_value, facts):
        # a partial may be what is left of others that cancel; it has no digits below those of the value that it belongs to
        name, size = partials_fact(value), np.abs(facts[value].want)[:, None]
        least = np.nan_to_num(_UNITS * point.unit / SAFETY * size / scales, posinf=0.0)
        found[name] = Fact(facts[name].want, facts[name].radius + least)
    # functions order their operations differently; in the denormal range the last place is no longer relative
    share, tiny = max(_ROUNDING, _UNITS * point.unit) / SAFETY, float(np.finfo(np.float64).tiny)
    found = {name: Fact(known.want, known.radius + share * (np.abs(known.want) + tiny)) for name, known in found.items()}
    found |= {} if lenient else _normal(point)
    for output, value in zip(point.module.OUTPUTS, columns_of("output", point.module.OUTPUTS), strict=True):
        field = point.module.METADATA.get("fields", {}).get(output, output)
        if value in facts and field in getattr(getattr(point.module, "Tape", None), "__annotations__", ()):
            found[f"node {output}"] = found[value]
    rows = Rows(point.module, found | bounds(found), partial(_takes, point.module))
    for outcome in rows.outcomes(batches, point.given.w if of_weights else None):
        names = point.module.WEIGHTS if outcome.by else ("value",)
        entries = agree(outcome.got, outcome.known.want, SAFETY * outcome.known.radius, lenient=lenient)
        yield Finding(outcome.label, point, names, entries, outcome.problem)


def _normal(point: Point) -> dict[str, Fact]:
    """The matrices that `normal_equations` adds up, by the residuals and their partials."""
    module: Any = point.module
    given, n, k, unit = point.given, len(point.given.rows), len(point.given.w), _UNITS * point.unit / SAFETY
    if not hasattr(module, "normal_equations") or n * k * k > MOST_ENTRIES:
        return {}
    try:
        own = own_residuals(module, given)
    except Exception:  # both are called again among all functions, where what they raise is reported
        return {}
    want, radius = normal_matrices(module.METADATA["residual_factor"], module.METADATA.get("robust"), *own, unit)
    # 200 units of products and sums; of numbers that floats do not hold nothing is said
    return {NORMAL: Fact(want, np.where(radius < unit * _SUMMABLE_FLOAT32, radius, np.inf))}


def _takes(module: Any, call: Call, given: Given) -> bool:
    """Tell whether a module has a function with these options."""
    function = getattr(module, call.function, None)
    return function is not None and (not given.options or given.options.keys() <= signature(function).parameters.keys())
