"""losing: sums that signs and intervals do not prove harmless, and functions near roots, with what they are small beside."""

from typing import Any

import pytest
from sympy import Max, Piecewise, Symbol, acos, atanh, cos, exp, log, tan

from symgraph import Model
from symgraph.compiler.derive.doubtful import losing
from symgraph.compiler.derive.lowering import lower

a, b, x = (Symbol(name, real=True) for name in "abx")


@pytest.mark.parametrize(("formula", "found"), [
    (a - b, []), (x - 1, []), (Max(a, b) - 1, []), (Piecewise((a, a > 0), (1, True)) - b, []),  # of what is given
    (a * b - x, ["sub"]), (1 - a * b, ["sub"]), (a * b + x, ["add"]),
    (a * a + b * b, []), (1 + exp(a), []), (exp(a) + exp(b), []), (2 - exp(-a * a), []),  # of one sign, or one larger
    (1 - exp(-a * a), ["sub"]),
    (log(a * a + 1), ["log"]), (log(x), []), (cos(a * b), ["cos"]), (cos(a), []), (acos(a), []),
    (acos(a * b), ["mul", "mul"]), (atanh(exp(a)), ["exp", "exp"]), (tan(a * b), ["mul", "tan"]),  # near ends and poles
])  # fmt: skip
def test_what_may_lose_digits_is_found_and_nothing_else(formula: Any, found: list[str]) -> None:
    model, names = Model("one"), {str(symbol) for symbol in formula.free_symbols}
    made = {name: model.feature(name) if name == "x" else model.weight(name) for name in sorted(names | {"a"})}
    unused = made["a"] if "a" not in names else 0
    model.loss(formula.subs({Symbol(name, real=True): one for name, one in made.items()}) * exp(unused))
    graph = lower(model)
    assert [graph.nodes[one.position].op for one in losing(graph)] == found
