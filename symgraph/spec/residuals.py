"""Residuals of a model: those that it declares, or the r of a loss c * r**2, found in the loss as it is written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import sympy

from symgraph.columns import columns_of
from symgraph.spec.canonical import symbols_of
from symgraph.spec.inputs import positive_symbols
from symgraph.spec.model import Model

_FOUND: WeakKeyDictionary[Model, "Residual"] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Residual:
    """Residuals of a model, or the reason why there are none.

    Attributes:
        exprs: each r over the model's symbols, such that the loss is ``factor`` times the sum of r**2; none where there are
            none.
        written: each r or its negative, as written in the loss.
        factor: the c of the loss; 0.0 where there is no residual, or its loss is a robust one.
        reason: why there is no residual; "" where there is one.
    """

    exprs: tuple[Any, ...]
    written: tuple[Any, ...]
    factor: float
    reason: str

    @property
    def turned(self) -> bool:
        """Tell if the one residual is the negative of the expression in the loss."""
        return len(self.exprs) == 1 and bool(self.written != self.exprs)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the columns: "residual", or "residual 1", "residual 2", ... of several."""
        return columns_of("residual", [str(place) for place, _ in enumerate(self.exprs, start=1)])

    def is_difference(self, model: Model) -> bool:
        """Tell if there is one residual, the output less the target, so that its partials are those of the output."""
        output, target = model.output_node, model.target_input
        return output is not None and target is not None and self.exprs == (output.symbol - target.symbol,)


def residual_of(model: Model) -> Residual:
    """Find the residuals of a model; computed once for a model, which it freezes.

    With several outputs the loss may be a sum, of which each term must be such a square, of one constant. The loss, or each
    term, must be a product: one factor is the square of an expression that compares the target with one that depends on
    weights, and each other factor has a real root, because its power is even or because it is known to be positive. The sign is
    chosen so that the output comes in positively (without an output, the target negatively), scales being taken for positive.
    """
    found = _FOUND.get(model)
    if found is None:
        with sympy.evaluate(True):
            found = _FOUND[model] = _residual_of(model.freeze())
    return found


def _residual_of(model: Model) -> Residual:
    if model.residual_exprs:
        return Residual(model.residual_exprs, model.residual_exprs, 0.0 if model.robust else 0.5, "")
    if model.loss_expr is None:
        return _none("the model has no loss")
    if len(model.output_nodes) < 2:
        return _residual_in(model, model.loss_expr)
    found = [_residual_in(model, term) for term in sympy.Add.make_args(model.loss_expr)]
    lacking = next((one for one in found if one.reason), None)
    if lacking is not None or len({one.factor for one in found}) > 1:
        return lacking or _none("the squares in the loss have several constants")
    exprs = tuple(expr for one in found for expr in one.exprs)
    return Residual(exprs, exprs, found[0].factor, "")


def _residual_in(model: Model, loss: Any) -> Residual:
    """Find the residual in a loss, or in a term of one."""
    powers, constant = _factors(model, loss)
    compared = _compared(model, powers)
    if compared is None:
        return _none("the loss is not written as a constant times a square")
    factor = float(constant.evalf(40)) if constant.is_real else -1.0
    if not 0.0 < factor < float("inf"):
        return _none("the constant before the square is not positive")
    lacking = [base for base, power in powers.items() if power % 2 and not _is_positive(model, base)]
    if lacking:
        name = f"factor {lacking[0]}" if lacking[0].is_Symbol else "factor beside the square"
        return _none(f"the {name} may be negative; give it a domain from 0 up")
    roots = [base ** (power / 2) for base, power in powers.items() if base is not compared]
    written = sympy.Mul(compared, *roots)
    own = sympy.Mul(-compared, *roots) if _falls(model, compared) else written
    return Residual((own,), (written,), factor, "")


def _none(reason: str) -> Residual:
    return Residual((), (), 0.0, reason)


def _factors(model: Model, loss: Any) -> tuple[Mapping[Any, Any], Any]:
    """Return a loss as powers of factors and a constant; nodes that are products or powers themselves are taken apart too."""
    outputs = model.output_nodes
    products = {node.symbol: node.expr for node in model.nodes if node not in outputs and _is_product(node.expr)}
    powers: dict[Any, Any] = {}
    constants: list[Any] = []
    todo = [(loss, sympy.S.One)]
    while todo:
        expr, power = todo.pop()
        whole = _whole(expr.exp) if isinstance(expr, sympy.Pow) else None
        if not symbols_of(expr):
            constants.append(expr**power)
        elif isinstance(expr, sympy.Mul):
            todo += [(arg, power) for arg in expr.args]
        elif whole is not None:
            todo.append((expr.base, power * whole))
        elif expr in products:
            todo.append((products[expr], power))
        else:
            powers[expr] = powers.get(expr, sympy.S.Zero) + power
    return powers, sympy.Mul(*constants)


def _is_product(expr: Any) -> bool:
    return isinstance(expr, sympy.Mul | sympy.Symbol) or (isinstance(expr, sympy.Pow) and _whole(expr.exp) is not None)


def _whole(exponent: Any) -> Any:
    """Return an exponent as an integer, or None where it is none."""
    return sympy.Integer(int(exponent)) if exponent.is_Number and float(exponent).is_integer() else None


def _compared(model: Model, powers: Mapping[Any, Any]) -> Any:
    """Return the squared factor that depends on weights, and on the target where the loss does; None if there is none."""
    inside = {base: symbols_of(sympy.Tuple(base, *(node.expr for node in model.leading_to(base)))) for base in powers}
    wanted = [{entry.symbol for entry in inputs} for inputs in (model.weight_inputs, model.target_inputs)]
    groups = [group for group in wanted if any(not group.isdisjoint(symbols) for symbols in inside.values())]
    squares = (base for base, power in powers.items() if power == 2)
    return next((base for base in squares if all(not group.isdisjoint(inside[base]) for group in groups)), None)


def _is_positive(model: Model, expr: Any) -> bool:
    """Tell if a factor is positive wherever its inputs lie in their declared domains."""
    return bool(expr.xreplace(positive_symbols(model.inputs, model.leading_to(expr))).is_positive)


def _falls(model: Model, expr: Any) -> bool:
    """Tell if an expression falls as the output grows or, where the output is not in it, grows with the target."""
    signs = [(one.symbol, -1) for one in model.output_nodes] + [(one.symbol, 1) for one in model.target_inputs]
    for symbol, wrong in signs:
        if sign := _slope_sign(model, expr, symbol):
            return sign == wrong
    return False


def _slope_sign(model: Model, expr: Any, symbol: Any) -> int:
    """Return the sign of the constants in d expr / d symbol, all other factors taken for positive; 0 if it is 0 or mixed."""
    signs = {symbol: 1}
    for node in (*model.leading_to(expr), None):
        if node is None or node.symbol != symbol:
            whole = expr if node is None else node.expr
            terms = whole.args if isinstance(whole, sympy.Add) else (whole,)
            found = {sign for term in terms for sign in _term_signs(term, signs)}
            total = found.pop() if len(found) == 1 else 0
            if node is None:
                return total
            signs[node.symbol] = total
    return 0


def _term_signs(term: Any, signs: Mapping[Any, int]) -> Iterator[int]:
    """Yield the signs with which a term grows with each symbol whose own sign is known."""
    for symbol in symbols_of(term):
        if signs.get(symbol):
            slope = sympy.diff(term, symbol)
            for part in slope.args if isinstance(slope, sympy.Add) else (slope,):
                yield signs[symbol] * (-1 if part.as_coeff_Mul()[0].is_negative else 1)
