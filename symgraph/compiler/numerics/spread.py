"""Evaluation of a graph by mpmath, whose exponents have no end, and of how far a change of some values spreads.

A change is not followed to all nodes behind it. Behind the last operation that gives an infinity, a 0 or no number, a value
that is merely another number changes neither what is infinite nor what is 0, and after ``REACH`` operations it counts as
unchanged. So the number of nodes that are looked at behind a node does not grow with the graph.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from heapq import heappop, heappush
from types import MappingProxyType
from typing import Any

import mpmath
import sympy

from symgraph.compiler.ir.evaluate import MPMATH, Arithmetic, evaluate
from symgraph.compiler.ir.graph import Graph
from symgraph.spec.ops.ops import OPS
from symgraph.spec.ops.user_functions import Table

REACH = 12
"""Number of operations for which a value that is merely another number is followed. A term that becomes 0 where tanh(x) is 1,
such as 1 - tanh(x)*tanh(x), takes fewer; the way from a unit of a large network to its loss is longer."""

Value = Any
"""An mpf, a truth value, or None where there is no real number."""

Values = tuple[Value, ...]
"""Values of a node at several points."""

_ABSURD = mpmath.ldexp(1, 50_000)
"""Size of an argument beyond which mpmath is not asked for a function that takes as many digits as its argument's logarithm,
nor for a formula over such functions."""
_LONG_POWER = mpmath.ldexp(1, 64)
"""Exponent beyond which powers are computed by exp and log, since mpmath raises to integers bit by bit; Bessel functions, which
it does not know at infinity, and whose series of such arguments take minutes, by their leading terms."""
_BOUND = mpmath.exp(1e6)
"""Stand-in for the largest number: finite, and beyond all sizes at which limits are estimated."""


def values_at(graph: Graph, leaves: Mapping[str, Any]) -> list[Value]:
    """Evaluate every node at one point."""
    return evaluate(graph, {"largest": _BOUND, **leaves}, REAL, mpmath.mpf)


@dataclass(slots=True)
class Spread:
    """Follower of changes through a graph.

    Attributes:
        graph: the graph.
        left: the operations that may still be done; a change is not followed further when they are used up.
    """

    graph: Graph
    left: int
    _readers: list[list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self._readers = [[] for _ in self.graph.nodes]
        for position, node in enumerate(self.graph.nodes):
            for arg in {*node.args}:
                self._readers[arg].append(position)

    def changed(
        self, start: Mapping[int, Values], before: Callable[[int], Values], within: Collection[int] | None = None
    ) -> dict[int, Values]:
        """Return the values that change, the given ones included.

        Args:
            start: nodes that have other values.
            before: the values of each node without the change.
            within: the nodes that may change; all by default.
        """
        nodes, found, steps = self.graph.nodes, dict(start), dict.fromkeys(start, 0)
        queue: list[int] = []
        waiting = set(start)

        def ask_readers(position: int) -> None:
            for reader in self._readers[position]:
                if reader not in waiting and (within is None or reader in within):
                    waiting.add(reader)
                    heappush(queue, reader)

        for position in start:
            ask_readers(position)
        while queue and self.left >= 0:
            position = heappop(queue)
            node, old = nodes[position], before(position)
            operands = [found[arg] if arg in found else before(arg) for arg in node.args]
            new = tuple([operation(node.op, *one) for one in zip(*operands, strict=True)])
            self.left -= len(new)
            if new == old:
                continue
            alike = [_kind(value) for value in new] == [_kind(value) for value in old]
            far = 1 + min([steps[arg] for arg in node.args if arg in steps]) if alike else 0
            if far <= REACH:
                found[position], steps[position] = new, far
                ask_readers(position)
        return found


def _kind(value: Value) -> object:
    """Return a key that is the same for all ordinary numbers, and tells them from infinities, 0, NaN and truth values."""
    if value is None or isinstance(value, bool):
        return value
    if value.man:  # an ordinary number, as most are
        return True
    return None if mpmath.isnan(value) else "infinite" if mpmath.isinf(value) else False


def operation(op: str, *operands: Value) -> Value:
    """Compute one operation on real numbers; None where it has no real value."""
    if op == "select":
        return None if operands[0] is None else operands[1] if operands[0] else operands[2]
    for operand in operands:
        if operand is None:
            return None
    if op == "power_slope":
        base, exponent = operands
        power = operation("pow", base, exponent - 1)
        return None if power is None else exponent * power
    if op == "pow" and abs(operands[1]) > _LONG_POWER:
        if operands[0] <= 0:
            return None
        op, operands = "exp", (operands[1] * mpmath.log(operands[0]),)
    try:
        if any(map(_absurd, operands)) and (OPS[op].steep or callable(OPS[op].mpmath)):
            value = _far_out(op, operands[0])
        elif op.startswith("bessel_") and abs(operands[-1]) > _LONG_POWER:
            value = _bessel(op, operands)
        else:
            value = (MPMATH.get(op) or _defined(op))(*operands)
    except (ZeroDivisionError, ValueError, OverflowError):
        return None
    if value is None or isinstance(value, mpmath.mpf | bool):
        return value
    return mpmath.re(value) if mpmath.im(value) == 0 else None


REAL: Arithmetic = MappingProxyType(Table({name: partial(operation, name) for name in OPS}, partial(partial, operation)))
"""Operations on real numbers, or None where there is none, that never take long."""


@cache
def _defined(op: str) -> Callable[..., Value]:
    """Return the function of an op that is composed of others, by its definition, or of a user's."""
    row = OPS[op]
    operands, own = sympy.symbols(f"x0:{row.arity}", real=True), _functions_by_class()
    function: Callable[..., Value] = row.numbers or sympy.lambdify(operands, row.value, [own, "mpmath"])
    return function


@cache
def _functions_by_class() -> dict[str, Callable[..., Value]]:
    """Return the functions that definitions call, by the names of their classes."""
    rows = (row for row in OPS.values() if isinstance(row.function, type) and row.name in MPMATH)
    return {row.function.__name__: partial(_within_definition, row.name) for row in rows}


def _within_definition(op: str, *operands: Value) -> Value:
    """Compute an operation of a definition.

    Raises:
        ValueError: it has no real value, or none that is known.
    """
    value = operation(op, *operands)
    if value is None:
        raise ValueError(f"{op} has no real value")
    return value


def _absurd(value: Value) -> bool:
    return bool(_ABSURD < abs(value) < mpmath.inf)


def _bessel(op: str, operands: Values) -> Value:
    """Return the leading term of a Bessel function far from 0, of waves their height (NIST DLMF 10.17.2, 10.40.1)."""
    letter, x = op[len("bessel_")], operands[-1]
    size = mpmath.inf if _absurd(x) else abs(x)
    if letter == "i":
        order = operands[0] if len(operands) == 2 else int(op[-1])
        grown = mpmath.inf if mpmath.isinf(size) else mpmath.exp(size) / mpmath.sqrt(2 * mpmath.pi * size)
        return -grown if x < 0 and order % 2 else grown
    if x < 0 and letter in "yk":
        return None
    height = mpmath.sqrt(2 / (mpmath.pi * size))
    return height if letter in "jy" else height * mpmath.pi / 2 * mpmath.exp(-size)


def _far_out(op: str, operand: Value) -> Value:
    """Return the number to which a function tends as its operand grows beyond all sizes, or None where it tends to none."""
    limit = OPS[op].limit(1 if operand > 0 else -1)
    return None if limit is None or mpmath.isinf(limit) else mpmath.mpf(limit)
