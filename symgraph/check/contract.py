"""The module contract: every call of every function, held against what is expected on one batch."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.check.comparison import Comparison
from symgraph.check.expected import Expectation, Expected
from symgraph.errors import VerificationError
from symgraph.gradcheck.calls import BOUNDS, BY_ROW, MATH_ERRORS, WAYS, WITHOUT, Call, Given, calls, extremes, of_weights
from symgraph.spec.model import Model
from symgraph.spec.residuals import residual_of

_SHARES = np.array((0.5, 2.0, 1.25, 0.75))
"""Cotangents and sample weights of the rows: all different, so that exchanged rows show."""
_MANY = 10_240
"""Rows that are more than a block of any backend, and no multiple of one, once one row is left out."""
_MOST_PARTIALS = 1_000_000
"""Of all those rows; models with many weights get fewer rows."""
_OF_TAPE = ("forward", "backward")
_ALL_WAYS = ("", "weighted", "sum")
_ABSENT = "weighted sum"
"""The way in which a row is absent: it is not finite and its weight is 0."""


def check(
    model: Model, module: Any, backend: str, compare: Comparison, expected: Expectation, *, whole: bool, turn: int
) -> None:
    """Hold a module against what is expected.

    Args:
        model: the spec.
        module: its module.
        backend: of the module, "numpy", "scalar" or "c".
        compare: compares at one batch.
        expected: what is expected of that batch.
        whole: whether each row is tried alone, instead of one; modules with functions for single rows get each.
        turn: how many batches were tried before. The first is also repeated to more rows than a block, and added up in every
            way; at the others, ways of passing on the same values take turns.

    Raises:
        VerificationError: it differs.
    """
    _check_facts(model, module, backend, compare, expected)
    facts = _facts(module, expected)
    batch = _batch(model, compare)
    for given in _givens(batch, backend, whole, turn):
        wanted = _Wanted(facts, given, {})
        repeated = len(given.rows) > len(batch.rows)  # the tape does not work in blocks, and is large
        for call in calls(module, given, facts):
            if _has(backend, call.function) and not (repeated and call.function in _OF_TAPE):
                _check_call(call, wanted, compare, expected)
    for call, right in of_weights(module, batch.w) if turn == 0 else ():
        if _has(backend, call.function):
            (found,) = compare.call(call.function, call.run)
            compare.numbers(call.function, found, Expected(right, 0.0 * right), by=True)


def _has(backend: str, function: str) -> bool:
    if backend == "c":
        return function not in (*_OF_TAPE, "initial_weights")
    return (function in BY_ROW) == (backend == "scalar")


def _check_facts(model: Model, module: Any, backend: str, compare: Comparison, expected: Expectation) -> None:
    target, residual = model.target_input, expected.residual
    compare.same("MODEL", module.MODEL, model.name)
    compare.same("FEATURES", tuple(module.FEATURES), tuple(entry.name for entry in model.feature_inputs))
    compare.same("WEIGHTS", tuple(module.WEIGHTS), tuple(entry.name for entry in model.weight_inputs))
    compare.same("TARGET", module.TARGET, None if target is None else target.name)
    if backend != "scalar" and residual is not None:
        compare.same("residual_factor", module.METADATA.get("residual_factor"), residual_of(model).factor)
    for name in ("residual", "residual_jacobian"):
        if residual is None and hasattr(module, name):
            compare.same(name, "there", "missing, since the loss is no constant times a square")


def _facts(module: Any, expected: Expectation) -> dict[str, Expected]:
    """What is known of each row, by fact."""
    found = {
        name: getattr(expected, name) for name in ("loss", "gradient", "output", "jacobian", "residual", "residual_jacobian")
    }
    found |= {f"node {name}": node for name, node in expected.nodes.items()}
    if "loss" in expected.on_target:
        found["node loss"] = expected.loss  # a field of the tape that is None without the target
    if hasattr(module, "error_bound"):  # runs, and gives numbers of the right shapes
        blind = (Expected(np.full_like(part.want, np.nan), part.radius) for part in (expected.loss, expected.gradient) if part)
        found |= zip(BOUNDS, blind, strict=False)
    return {fact: known for fact, known in found.items() if known is not None}


def _batch(model: Model, compare: Comparison) -> Given:
    rows, target = compare.batch.rows, model.target_input
    names = [feature.name for feature in model.feature_inputs]
    w = np.array(list(compare.batch.weights.values()))
    X = np.array([[row[name] for name in names] for row in rows]) if names else None
    y = None if target is None else np.array([row[target.name] for row in rows])
    return Given(w, X, y, np.arange(len(rows)), shares=_SHARES[: len(rows)], ways=_ALL_WAYS)


def _givens(batch: Given, backend: str, whole: bool, turn: int) -> Iterator[Given]:
    """The arguments of all calls: the rows together, with one of them absent, each alone, and again and again."""
    n, has_rows, first = len(batch.rows), batch.X is not None or batch.y is not None, turn == 0
    if backend != "scalar" and has_rows:
        yield batch if first else batch._replace(ways=(_ALL_WAYS[turn % len(_ALL_WAYS)],))
        if n > 1 and (first or turn % len(_ALL_WAYS) == 0):
            yield _with_absent_row(batch)
        if batch.X is not None and batch.X.shape[1] == 1 and first:
            yield batch._replace(X=batch.X[:, 0], text=" of X (n,)", ways=())
    for row in range(n) if whole or backend != "numpy" else (turn % n,):
        text = f" of row {row}" if backend == "scalar" else f" of row {row} alone"
        ways = WAYS[:2] if first and not whole else (WAYS[(row + turn) % 2],)
        yield batch.one(row, text)._replace(ways=ways if n > 1 else WAYS[:2])  # rows and batches take turns
    if first and batch.X is not None and backend != "scalar":
        times = max(1, min(_MANY, _MOST_PARTIALS // len(batch.w)) // n)
        yield batch.take(np.tile(batch.rows, times), " on many rows")._replace(ways=WAYS[:1])


def _with_absent_row(batch: Given) -> Given:
    last = batch.rows == len(batch.rows) - 1
    X = None if batch.X is None else np.where(last[:, None], np.nan, batch.X)
    y = None if batch.y is None else np.where(last, np.nan, batch.y)
    shares = np.where(last, 0.0, batch.shares)
    return batch._replace(X=X, y=y, shares=shares, ways=(_ABSENT,), by_row=False, text=" with one row absent")


class _Wanted(NamedTuple):
    """What is expected of one row, of all, or of a sum over rows; each is worked out once."""

    facts: Mapping[str, Expected]
    given: Given
    found: dict[tuple[str, bytes | None], Expected]

    def of(self, fact: str, factors: NDArray[np.float64] | None) -> Expected:
        key = fact, None if factors is None else factors.tobytes()
        if key not in self.found:
            known, rows = self.facts[fact], self.given.rows
            if factors is not None:
                self.found[key] = known.total(np.bincount(rows, factors, len(known.want)).astype(np.float64))
            else:
                self.found[key] = known.row(int(rows[0])) if self.given.alone else known
        return self.found[key]


def _check_call(call: Call, wanted: _Wanted, compare: Comparison, expected: Expectation) -> None:
    """Run a call and compare its results."""
    given, count = wanted.given, len(compare.batch.rows)
    label = f"{call.function}{f' ({call.how})' if call.how and call.how != WITHOUT else ''}{given.text}"
    try:
        results = compare.call(label, lambda: [*zip(call.facts, call.run(), strict=True)])
    except VerificationError as error:
        parts = (*expected.nodes.values(), *(wanted.of(fact, None) for fact in call.facts))
        if call.function in BY_ROW and isinstance(error.__cause__, MATH_ERRORS) and any(p.shapeless.any() for p in parts):
            return
        raise
    for fact, result in results:
        what, right = _what(call, fact, label), wanted.of(fact, call.factors)
        if call.how == WITHOUT and fact.removeprefix("node ") in expected.on_target:
            compare.same(what, result, None)
            continue
        again = call.factors is None and len(given.rows) > count
        for part in compare.call(what, extremes, result, given, count) if again else (result,):
            compare.numbers(what, part, right, by=wanted.facts[fact].want.ndim > 1, uniform=call.function == "forward")


def _what(call: Call, fact: str, label: str) -> str:
    """The function and what it computes, for messages."""
    if call.function in BY_ROW:
        return label if fact != "gradient" else label.replace("row", "the gradient that row writes", 1)
    return f"{label}: {fact}" if len(call.facts) > 1 or call.function == "forward" else label
