"""Second partials of the reference: against differences of its slopes at 400 bits, and second derivatives of whole specs."""

import mpmath
import pytest
import sympy as sp
from flint import arb, ctx

import symgraph as sg
from symgraph import Model
from symgraph.check.curvatures import CURVATURES
from symgraph.check.forms import FORMS, slope_of, value_of
from symgraph.check.reference import Reference
from symgraph.ir.ops import OPS

STEP = arb((1, -100))
OPERANDS = {"mul": (0.75, -1.5, 2.0), "add": (0.75, -1.5, 2.0), "max": (0.75, -1.5), "min": (0.75, -1.5), "ierfcx": (0.4,)}
UNKNOWN = ("digamma_step", "stirlerr_slope", "wofz_bend_re", "wofz_bend_im", "rowsum", "stop", "floor", "mod")
"""Operations whose second partials no model that can be built needs, and some that are linear where they are smooth."""
ORDERED = ("bessel_j", "bessel_y", "bessel_i", "bessel_k", "polygamma")
"""Operations whose first operand is a number that no weight moves."""
OPERANDS |= dict.fromkeys(ORDERED, (2.0, 0.7))
SMOOTH = [name for name, form in FORMS.items() if form.slopes and name not in UNKNOWN]


def operands_of(name: str) -> list[arb]:
    return [arb(value) for value in OPERANDS.get(name) or OPS[name].example]


def slope(name: str, place: int, operands: list[arb]) -> arb:
    found = slope_of(FORMS[name], place, value_of(FORMS[name], operands), operands)
    assert isinstance(found, arb)
    return found


@pytest.mark.parametrize("name", SMOOTH)
def test_second_partials_are_the_slopes_of_slopes(name: str) -> None:
    with ctx.workprec(400):
        operands = operands_of(name)
        found = CURVATURES[name](value_of(FORMS[name], operands), operands, lambda place: slope(name, place, operands))
        first = int(name in ORDERED)
        for i in range(first, len(operands)):
            for j in range(first, i + 1):
                up, down = ([*operands[:j], operands[j] + step, *operands[j + 1 :]] for step in (STEP, -STEP))
                difference = (slope(name, i, up) - slope(name, i, down)) / (2 * STEP)
                # a central difference is off by the third derivative times STEP**2, 1e-60
                assert abs(difference - found.get((i, j), arb(0))) < arb("1e-50"), (i, j)


def test_every_operation_with_slopes_has_second_partials() -> None:
    assert {name for name, form in FORMS.items() if form.slopes} <= CURVATURES.keys()


def test_second_derivatives_of_a_spec_are_those_of_sympy() -> None:
    model = Model("m")
    x, y = model.feature("x"), model.target("y")
    a, b, c = model.weights("a b c")
    h = model.node("h", sp.exp(a * x) + sg.softplus(b * x))
    out = model.output("out", h * sp.tanh(c * h) / (1 + a**2))
    model.loss((y - out) ** 2)
    at = {"a": 0.3, "b": -0.8, "c": 0.4, "x": 1.25, "y": 0.5}
    found = Reference(model).hessian(at)
    loss = ((y - out) ** 2).xreplace({out: model.output_node.expr}).xreplace({h: model.nodes[0].expr})
    plain = {sg.softplus: lambda e: sp.log(1 + sp.exp(e))}
    for function, formula in plain.items():
        loss = loss.replace(function, formula)
    exact = {symbol: sp.Float(at[symbol.name], 40) for symbol in (a, b, c, x, y)}
    with mpmath.workdps(40):
        for i, one in enumerate((a, b, c)):
            for j, other in enumerate((a, b, c)):
                truth = sp.diff(loss, one, other).evalf(40, subs=exact)
                assert abs(float(found[i][j]) - float(truth)) <= 1e-15 * abs(float(truth))
