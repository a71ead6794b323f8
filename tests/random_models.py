"""Hypothesis strategies for whole specs: nodes, powers, functions in and out of their domains, Piecewise, uniform nodes."""

from collections.abc import Callable, Sequence
from functools import partial

import sympy as sp
from hypothesis import strategies as st

import symgraph as sg
from symgraph import Model
from symgraph.errors import SpecError
from symgraph.spec.canonical import postorder

Expr = sp.Expr

# Most are kept inside their domain, so that few points are lost; branches of a Piecewise are not.
UNARY: tuple[Callable[[Expr], Expr], ...] = (
    sp.sin, sp.cos, sp.tanh, sp.atan, sp.asinh, sp.sech, sp.sinc, sg.sigmoid, sg.softplus, sg.relu, sg.cbrt, sp.Abs, sp.sign,
    lambda e: sp.exp(-(e**2)), lambda e: sp.exp(e / 3), lambda e: sp.sinh(e / 3), lambda e: sp.cosh(e / 3),
    lambda e: sg.expm1(e / 3),
    lambda e: sp.log(e**2 + sp.Rational(1, 2)), lambda e: sg.log1p(e**2), lambda e: sp.sqrt(e**2 + 1), sp.Heaviside,
    lambda e: sp.asin(sp.tanh(e) / 2), lambda e: sp.acos(sp.sin(e) / 2), lambda e: sp.atanh(sp.tanh(e) / 2),
    lambda e: sp.acosh(e**2 + 2), lambda e: sp.tan(sp.atan(e) / 2), sg.log_sigmoid, sg.gauss, sp.erf, sp.erfc,
    sg.erfcx, sg.ierfcx, sg.log_erfc, sg.log_half_erfc, lambda e: sp.loggamma(e**2 + sp.Rational(1, 4)),
    lambda e: sp.digamma(e**2 + sp.Rational(1, 4)), lambda e: sp.sec(sp.atan(e) / 2), lambda e: sp.csc(sp.atan(e) / 2 + 1),
    lambda e: sp.cot(sp.atan(e) / 2 + 1), lambda e: sp.csch(e**2 + sp.Rational(1, 4)),
    lambda e: sp.coth(e**2 + sp.Rational(1, 4)), sp.floor, sg.ndtr, sg.log_ndtr,
    sg.log_erfc, sg.log_half_erfc, lambda e: sg.erfcx(sp.Abs(e)), lambda e: sg.ierfcx(e / 4),
    lambda e: sg.logit(sg.sigmoid(e / 4)), lambda e: sg.xlogx(sp.Abs(e)), lambda e: sp.log(sp.exp(e) + 1), sp.exp,
    lambda e: 1 / (1 + sp.exp(-e)), lambda e: sp.sqrt(e**2 + 1) - e, lambda e: 1 - sp.cos(e),
    lambda e: e**2, lambda e: e**3, lambda e: e**7, lambda e: (e**2 + 1) ** -3, lambda e: 1 / (2 + sp.cos(e)),
    lambda e: (e**2 + 1) ** sp.Rational(3, 2), lambda e: (e**2 + 1) ** sp.Rational(-1, 3), lambda e: (e**2 + 1) ** 0.7,
    lambda e: -e, lambda e: e / 3, lambda e: sp.pi * e, lambda e: 0.1 * e, lambda e: e + sp.sqrt(2), lambda e: 1 - e,
)  # fmt: skip

BINARY: tuple[Callable[[Expr, Expr], Expr], ...] = (
    lambda p, q: p + q, lambda p, q: p - q, lambda p, q: p * q, lambda p, q: p / (q**2 + 1), lambda p, q: p / q,
    sp.atan2, sg.hypot, sp.Max, sp.Min, lambda p, q: (p**2 + 1) ** q, lambda p, q: 2**p * q,
    lambda p, q: sp.Max(p, q, sp.Rational(1, 4)), sg.logaddexp, lambda p, q: sg.xlogy(p, q**2 + 1),
    lambda p, q: sp.Mod(p, q**2 + 1), lambda p, q: sg.betaln(p**2 + sp.Rational(1, 4), q**2 + sp.Rational(1, 4)),
    lambda p, q: sg.stirlerr(p**2 + q**2 + 0.25), lambda p, q: sg.stirlerr_slope(p**2 + q**2 + 0.25),
    lambda p, q: sg.log1prel(p**2 - sp.tanh(q) / 2),
    *(partial(lambda function, p, q: function(p * q), function) for function in (
        sg.exprel, sg.exprel_slope, sg.exprel2, sg.exprel2_slope, sg.bernoulli_function, sg.bernoulli_slope, sg.sinhc,
        sg.sinhc_slope, sg.langevin, sg.langevin_slope, sg.sinmx, sg.tanhmx)),
    lambda p, q: sg.log1prel_slope(p**2 - sp.tanh(q) / 2), lambda p, q: sg.log1pmx(p**2 - sp.tanh(q) / 2),
    lambda p, q: p**2 - q**2,
    lambda p, q: sp.log(sp.exp(p) + sp.exp(q)), lambda p, q: sp.exp(p) / (sp.exp(p) + sp.exp(q)),
)  # fmt: skip

CONDITIONS: tuple[Callable[[Expr, Expr], Expr], ...] = (
    lambda p, q: p > q, lambda p, q: p <= q, lambda p, q: p > 0, lambda p, q: sp.And(p > 0, q < 1),
    lambda p, q: sp.Or(p > 1, q < 0), lambda p, q: sp.Not(sp.And(p > 0, q > 0)), lambda p, q: sp.And(p > -1, p < 1, q < 2),
)  # fmt: skip

BRANCHES: tuple[Callable[[Expr, Expr], tuple[Expr, Expr]], ...] = (
    lambda p, q: (sp.log(p), p > 0),
    lambda p, q: (sp.sqrt(p) * q, p > 0),
    lambda p, q: (q / p, sp.Ne(p, 0)),
    lambda p, q: (sp.asin(p), sp.Abs(p) < 1),
    lambda p, q: (sp.exp(50 * p), p < 1),
    lambda p, q: (p**q, p > 0),
)


@st.composite
def models(draw: st.DrawFn, size: int = 14, operations: int = 40) -> Model:
    """A model of up to ``size`` drawn expressions (each one to four operations), about half of them named nodes.

    Every weight multiplies something in the output, so that each has influence.

    Args:
        draw: Hypothesis's.
        size: how many expressions at most.
        operations: how many operations they have together before no more are drawn.
    """
    model = Model("drawn")
    features = model.features(f"f1:{draw(st.integers(1, 3)) + 1}")
    weights = model.weights(f"k1:{draw(st.integers(1, 4)) + 1}")
    y = model.target()
    pool: list[Expr] = [*features, *weights]

    def operand() -> Expr:
        return draw(st.sampled_from(pool[-4:] if draw(st.booleans()) else pool))

    def symbol() -> Expr:
        # SymPy may think for minutes about a condition on a Piecewise
        return draw(st.sampled_from([part for part in pool if part.is_Symbol]))

    for index in range(draw(st.integers(1, size))):
        kind = draw(st.sampled_from(("unary", "binary", "binary", "piecewise")))
        if kind == "unary":
            expr = draw(st.sampled_from(UNARY))(operand())
        elif kind == "binary":
            expr = draw(st.sampled_from(BINARY))(operand(), operand())
        else:
            branch = draw(st.sampled_from(BRANCHES))(symbol(), operand()) if draw(st.booleans()) else None
            cases = [(operand(), draw(st.sampled_from(CONDITIONS))(symbol(), symbol()))]
            expr = sp.Piecewise(*([branch] if branch else []), *cases, (operand(), True))
        pool.append(_named(model, f"n{index}", expr) if draw(st.booleans()) else expr)
        if count(pool, model) > operations - 4 * len(weights):
            break
    output = model.output("out", sp.Add(*(weight * draw(st.sampled_from(pool)) for weight in weights)))
    r = y - output
    losses = (
        r**2,
        sp.Abs(r),
        sp.Piecewise((r**2 / 2, sp.Abs(r) <= 1), (sp.Abs(r) - sp.Rational(1, 2), True)),
        r**2 + 0.01 * weights[0] ** 2,
        sp.log(sp.cosh(r / 4)),
        y * sg.softplus(-output) + (1 - y) * sg.softplus(output),
    )
    model.loss(draw(st.sampled_from(losses)))
    return model


def count(exprs: Sequence[Expr], model: Model) -> int:
    """Count the operations of expressions and named nodes together, those that are shared once."""
    roots = [*exprs, *(node.expr for node in model.nodes)]
    return sum(1 for part in postorder(roots) if part.args)


def _named(model: Model, name: str, expr: Expr) -> Expr:
    """A node of that expression, or the expression itself where it holds what no spec may (1/0, after SymPy's arithmetic)."""
    try:
        return model.node(name, expr)
    except SpecError:
        return sp.Integer(1)
