"""The smooth expressions that a spec is equal to around a point: branches and sides of kinks are put in their places.

sqrt(Abs(a) + a) is 0 around every negative a, and so is its derivative; the chain rule over the expression as it stands gives
an infinite slope times 0. In sqrt(-a + a), SymPy sees the 0 by itself.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import mul
from typing import Any

import sympy
from flint import arb

from symgraph.judge.balls import Value, whole
from symgraph.judge.form import slope_of
from symgraph.judge.forms import FORMS, KINKED
from symgraph.spec.canonical import postorder
from symgraph.spec.ops.ops import op_of

Named = tuple[str, Any, Any]
"""The name of a root, the symbol that stands for it (None for the loss), and its expression."""


def smooth_around(roots: Sequence[Named], value_of: Callable[[Any], Value]) -> list[Named]:
    """Replace all that has branches or kinks by what it is around a point, where that is certain.

    Args:
        roots: the model's named nodes and its loss, in order; no symbol stands for a node in what is returned.
        value_of: the value of a subexpression at the point.
    """
    new: dict[Any, Any] = {}
    result: list[Named] = []
    for name, symbol, expr in roots:
        for part in postorder([expr]):
            if part not in new:
                new[part] = _replaced(part, new, value_of)
        result.append((name, symbol, new[expr]))
        if symbol is not None:
            new[symbol] = new[expr]
    return result


def _replaced(part: Any, new: Mapping[Any, Any], value_of: Callable[[Any], Value]) -> Any:
    args = [new[arg] for arg in part.args]
    if isinstance(part, sympy.Piecewise):
        taken = _taken(part, value_of)
        if taken is not None:
            return new[part.args[taken].args[0]]
    elif isinstance(part, KINKED):
        form, value, operands = FORMS[str(op_of(part)[0])], value_of(part), [value_of(arg) for arg in part.args]
        if all(isinstance(one, arb) for one in (value, *operands)):
            slopes = [whole(slope_of(form, place, value, operands)) for place in range(len(operands))]
            if None not in slopes:
                line = sympy.Add(*map(mul, slopes, args)) if any(slopes) else whole(value)
                if line is not None:
                    return sympy.sympify(line)
    return part.func(*args) if args and tuple(args) != part.args else part


def _taken(part: Any, value_of: Callable[[Any], Value]) -> int | None:
    """The branch of a Piecewise that is taken all around the point; None if that is not certain."""
    for place, (_, condition) in enumerate(pair.args for pair in part.args):
        holds = value_of(condition)
        if not isinstance(holds, bool) or _on_border(condition, value_of):
            return None
        if holds:
            return place
    return None


def _on_border(condition: Any, value_of: Callable[[Any], Value]) -> bool:
    """Tell whether a condition compares numbers that may be equal."""
    for part in postorder([condition]):
        if isinstance(part, sympy.core.relational.Relational):
            left, right = (value_of(arg) for arg in part.args)
            apart = isinstance(left, arb) and isinstance(right, arb) and (left < right or left > right)
            if not apart and not part.is_number:
                return True
    return False
