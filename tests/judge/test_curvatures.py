"""Second partials of the reference: against differences of its slopes at 400 bits, and second derivatives of whole specs."""

from typing import Any

import numpy as np
import pytest
import sympy as sp
from built import altered, one_output
from flint import arb, ctx
from written import written

import symgraph as sg
from symgraph import Model
from symgraph.errors import VerificationError
from symgraph.judge.curvatures import second_partials
from symgraph.judge.expected import expect
from symgraph.judge.form import slope_of, value_of
from symgraph.judge.forms import FORMS
from symgraph.judge.program import Step
from symgraph.judge.reference import Reference
from symgraph.judge.verify import verify
from symgraph.module_functions import ON_REQUEST
from symgraph.spec.ops.ops import OPS

STEP = arb((1, -100))
OPERANDS = {"mul": (0.75, -1.5, 2.0), "add": (0.75, -1.5, 2.0), "max": (0.75, -1.5), "min": (0.75, -1.5), "ierfcx": (0.4,)}
ORDERED = ("bessel_j", "bessel_y", "bessel_i", "bessel_k", "polygamma")
"""Operations whose first operand is a number that no weight moves."""
OPERANDS |= dict.fromkeys(ORDERED, (2.0, 0.7))
SMOOTH = [name for name, form in FORMS.items() if form.slopes and (name in ("add", "mul", "pow") or OPS[name].function)]
"""Operations of specs."""


@pytest.mark.parametrize("name", SMOOTH)
def test_second_partials_are_the_slopes_of_slopes(name: str) -> None:
    form = FORMS[name]
    with ctx.workprec(400):
        operands = [arb(value) for value in OPERANDS.get(name) or OPS[name].example]
        places, step = range(int(name in ORDERED), len(operands)), Step(name, form=form)
        found = second_partials(step, value_of(form, operands), operands, places)
        for i in places:
            for j in range(places.start, i + 1):
                sides = [[*operands[:j], operands[j] + move, *operands[j + 1 :]] for move in (STEP, -STEP)]
                up, down = (slope_of(form, i, value_of(form, side), side) for side in sides)
                # a central difference is off by the third derivative times STEP**2, 1e-60
                assert abs((up - down) / (2 * STEP) - found.get((i, j), arb(0))) < arb("1e-50"), (i, j)


def test_second_derivatives_of_a_spec_are_those_of_sympy() -> None:
    def form(m: Any, x: Any, y: Any, a: Any, b: Any, c: Any) -> Any:
        h = m.node("h", sp.exp(a * x) + sg.softplus(b * x))
        return (y - m.output("out", h * sp.tanh(c * h) / (1 + a**2))) ** 2

    model, at = written(form, "loss"), {"a": 0.3, "b": -0.8, "c": 0.4, "x": 1.25, "y": 0.5}
    nodes = {node.symbol: node.expr for node in model.nodes}
    loss = model.loss_expr.xreplace(nodes).xreplace(nodes).doit()
    exact, weights = {entry.symbol: sp.Float(at[entry.name], 40) for entry in model.inputs}, model.weight_inputs
    truth = [[float(sp.diff(loss, i.symbol, j.symbol).evalf(40, subs=exact)) for j in weights] for i in weights]
    found = [[float(entry) for entry in row] for row in Reference(model).hessian(at)]
    np.testing.assert_allclose(found, truth, rtol=1e-15)


def test_a_product_with_the_hessian_takes_one_sweep_and_is_that_of_the_matrix() -> None:
    model = Model("net")
    x, y, w = model.feature("x"), model.target("y"), model.weights("w0:6")
    units = [model.node(f"h{k}", sp.tanh(w[k] * x + w[k + 2])) for k in range(2)]
    model.loss((y - w[4] * units[0] - w[5] * units[1]) ** 2 + sp.exp(w[0] * w[5]))
    reference, v = Reference(model), (1.0, -0.5, 2.0, 0.25, -1.0, 3.0)
    point = {f"w{k}": 0.3 * k - 0.7 for k in range(6)} | {"x": 0.8, "y": -0.4}
    matrix, product = reference.hessian(point), reference.hessian_times(point, v)
    with ctx.workprec(200):
        for row, found in zip(matrix, product, strict=True):
            wanted = sum((entry * arb(factor) for entry, factor in zip(row, v, strict=True)), arb(0))
            assert abs(found - wanted) < arb("1e-30")


def test_every_function_on_request_has_a_truth() -> None:
    reference = Reference(one_output(lambda x, a, b: a * sp.tanh(b * x), features="x"))
    facts = expect(reference, [{"x": 0.5, "y": 0.25, "a": 1.5, "b": -0.75}], derivatives=ON_REQUEST)
    assert {name.partition(" ")[0] for name in facts} >= {*ON_REQUEST}


def test_verification_of_a_product_never_makes_the_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the matrix, a network of 1,101 weights took more than 16 minutes."""
    monkeypatch.setattr(Reference, "hessian", None)
    model = one_output(lambda x, a, b: a * sp.tanh(b * x), features="x")
    module = sg.compile(model, backend="numpy", extras=("hvp",))
    with pytest.raises(VerificationError, match="hvp"):
        verify(model, altered(module, hvp=lambda *given, **how: 1.001 * module.hvp(*given, **how)))
