"""Operations on balls in a row, operands before what uses them: a spec's expressions, and a graph, are both evaluated so."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from flint import arb

from symgraph.check.balls import UNKNOWN, Value, is_infinite
from symgraph.check.forms import Form, value_of

_FEW: Mapping[str, Callable[[arb, arb], arb]] = {"mul": operator.mul, "add": operator.add, "sub": operator.sub}
After = Callable[[int, Value, list[Value]], Value]
"""Changes what a step gives: its index, its value, and the values of the steps before it, which it may narrow."""


class Step(NamedTuple):
    """One distinct subexpression.

    Attributes:
        name: of its operation; "" for inputs and constants.
        args: the steps it is computed from; for a Piecewise the value and the condition of each branch in turn.
        form: computes it; None for inputs and constants.
        leaf: the name of the input that it is, or "".
        constant: gives its value at the precision in force, for a constant.
        varies: whether it depends on an input.
        home: the named node in whose expression it stands first, or "loss".
    """

    name: str = ""
    args: tuple[int, ...] = ()
    form: Form | None = None
    leaf: str = ""
    constant: Callable[[], Value] | None = None
    varies: bool = False
    home: str = ""


def forward(
    steps: Sequence[Step], leaves: Sequence[Value], after: After | None = None, *, unbounded: bool = False
) -> list[Value]:
    """Compute every step, those of branches that are not taken too, at the precision in force.

    Args:
        steps: of which the first ones are the leaves.
        leaves: their values.
        after: changes each operation's value, if there is one.
        unbounded: whether sums and products without bounds are kept as such, and not unknown.
    """
    values: list[Value] = list(leaves)
    for index in range(len(leaves), len(steps)):
        name, args, form, _, constant, _, _ = steps[index]
        if name in _FEW and len(args) == 2:  # most operations are these
            a, b = values[args[0]], values[args[1]]
            if type(a) is arb and type(b) is arb:
                found = _FEW[name](a, b)
                known = found.is_finite() or (not found.is_nan() if unbounded else is_infinite(found))
                value: Value = found if known else UNKNOWN
                values.append(value if after is None else after(index, value, values))
                continue
        if form is None:
            values.append(UNKNOWN if constant is None else constant())
            continue
        value = value_of(form, [values[arg] for arg in args])
        values.append(value if after is None else after(index, value, values))
    return values
