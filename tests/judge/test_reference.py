"""The reference: against SymPy's own derivatives, at the ends of what balls can do, and where plain precision is deceived."""

import math
import random
from collections.abc import Callable
from typing import Any

import mpmath
import pytest
import sympy as sp
from flint import arb, ctx
from judged import module_of
from written import written
from zoo import ZOO

import symgraph as sg
from symgraph import Model
from symgraph.errors import OptionError, SpecError
from symgraph.judge.balls import KINK, UNDEFINED, UNKNOWN, Value
from symgraph.judge.judged_points import given
from symgraph.judge.judging import judge
from symgraph.judge.reference import LEVELS, Reference, number, reference
from symgraph.spec.ops.sympy_classes import SpecFunction

CLOSE = 1e-29
"""Of 110 bits that are right, 33 digits."""


def one(form: Callable[..., sp.Expr], **values: float) -> dict[str, Value]:
    """The results of a model with a feature x and weights a and b at a point."""
    model = written(lambda m, x, a, b: m.output("out", form(x, a, b)) + a + b, "loss")  # every weight must have influence
    return Reference(model).truth({"x": 0.5, "a": 0.25, "b": -0.75, **values}).named(("a", "b"))


def close(found: Value, wanted: Any) -> bool:
    """Tell if a value is the wanted number to all digits that are promised."""
    if not isinstance(found, arb):
        return False
    with ctx.workprec(300):
        number = wanted if isinstance(wanted, arb) else arb(mpmath.nstr(mpmath.mpmathify(wanted), 60))
        return bool(abs(found - number) <= abs(number) * CLOSE) or bool(number.is_zero() and found.is_zero())


@pytest.mark.parametrize("name", ZOO)
def test_values_and_partials_are_those_of_sympy(name: str) -> None:
    """Nodes are put into each other, differentiated by SymPy and evaluated at 60 digits."""
    model, draw = ZOO[name](), random.Random(name)
    point = {entry.name: draw.uniform(0.25, 0.85) for entry in model.inputs}
    found = reference(model).truth(point)
    whole: dict[Any, Any] = {}
    for node in model.nodes:
        whole[node.symbol] = node.expr.xreplace(whole)
    roots = {"loss": model.loss_expr.xreplace(whole)} if model.loss_expr is not None else {}
    roots |= {"output": whole[model.output_node.symbol]} if model.output_node is not None else {}
    assert roots.keys() == found.values.keys() & {"loss", "output"}
    exact = {entry.symbol: sp.Rational(point[entry.name]) for entry in model.inputs}
    for root, expr in roots.items():
        if expr.count_ops() > 60:
            continue  # SymPy takes minutes
        assert close(found.values[root], evaluated(expr, exact)), root
        for entry in draw.sample(model.inputs, min(3, len(model.inputs))):
            slope = sp.diff(expr, entry.symbol)
            if not slope.has(sp.Derivative, sp.DiracDelta, sp.Subs):
                partial = found.partials[root][entry.name]
                assert close(partial, evaluated(slope, exact)) or number(partial) == 0, (root, entry.name)


def evaluated(expr: Any, exact: dict[Any, Any]) -> Any:
    """The number that an expression is at a point, every float taken as it is."""
    plain = expr.replace(lambda part: isinstance(part, SpecFunction), lambda part: part.definition())
    floats = {part: sp.Rational(float(part)) for part in plain.atoms(sp.Float)}
    return plain.xreplace(floats).xreplace(exact).evalf(60)


def test_partials_by_features_and_target_are_there_too() -> None:
    found = reference(ZOO["line"]()).truth({"x": 3.0, "a": 2.0, "b": 0.5, "y": 1.0})
    # loss = (y - (a x + b))**2 with residual -5.5
    assert found.values == {"loss": 30.25, "output": 6.5, "residual": 5.5}
    assert found.partials["loss"] == {"x": 22, "a": 33, "b": 11, "y": -11}
    assert found.partials["output"] == {"x": 2, "a": 3, "b": 1, "y": 0}


@pytest.mark.parametrize(("expr", "values", "wanted"), [
    # plain arb gives NaN at any precision for these
    (lambda x, a, b: 1 / (1 + sp.exp(x)), {"x": 1e100}, 0.0),
    (lambda x, a, b: sp.log(1 + sp.exp(x)), {"x": 1e100}, 1e100),
    (lambda x, a, b: sp.sech(sp.exp(sp.exp(x))) ** 2 * sp.exp(sp.exp(x)), {"x": 300.0}, 0.0),
    (lambda x, a, b: sp.exp(-sp.exp(x)), {"x": 1000.0}, 0.0),  # never narrow, relatively
    (lambda x, a, b: sp.exp(sp.exp(x)), {"x": 1000.0}, math.inf),
    (lambda x, a, b: sg.sigmoid(-sp.exp(sp.exp(x))), {"x": 50.0}, 0.0),
    (lambda x, a, b: sp.tanh(sp.exp(x)) * a, {"x": 1e6}, 0.25),
    (lambda x, a, b: sg.cbrt(x), {"x": -8.0}, -2.0),
    (lambda x, a, b: sg.erfcx(x), {"x": 1e300}, 1e-300 / math.sqrt(math.pi)),
    (lambda x, a, b: sg.log_erfc(x), {"x": 1e150}, -1e300),
    (lambda x, a, b: sp.erfc(x), {"x": -1e300}, 2.0),
    (lambda x, a, b: sp.sqrt(a**2 + b**2), {"a": 3e200, "b": 4e200}, 5e200),
    (lambda x, a, b: a * x, {"x": 5e-324, "a": 5e-324}, 0.0),  # an exact number, 2**-2148
    (lambda x, a, b: sp.asin(x), {"x": 1 + 2.0**-52}, None),  # outside a domain
    (lambda x, a, b: sp.acosh(x), {"x": 1 - 2.0**-53}, None), (lambda x, a, b: sp.log(x), {"x": 0.0}, None),
    (lambda x, a, b: x**b, {"x": -2.0, "b": 0.5}, None), (lambda x, a, b: a / x, {"x": 0.0}, None),
])  # fmt: skip
def test_values_are_known_at_the_ends_of_what_balls_can_do(expr: Any, values: dict[str, float], wanted: float | None) -> None:
    found = one(expr, **values)["output"]
    assert found is UNDEFINED if wanted is None else number(found) == pytest.approx(wanted, rel=1e-15, abs=0)


@pytest.mark.parametrize(("expr", "values", "wanted"), [
    (lambda x, a, b: sp.Abs(a), {"a": 0.0}, {"output": 0, "jacobian a": KINK, "loss": -0.75}),
    (lambda x, a, b: sg.relu(a) * b, {"a": 0.0, "b": 0.0}, {"jacobian a": 0}),  # 0 times a slope between 0 and 1
    (lambda x, a, b: sp.sqrt(a), {"a": 0.0}, {"output": 0, "jacobian a": UNDEFINED}),
    (lambda x, a, b: sp.Max(a, x, b), {"a": 0.5}, {"output": 0.5, "jacobian a": KINK, "jacobian b": 0}),
    (lambda x, a, b: sp.Piecewise((a, x > b), (a**2, True)), {"x": -0.75}, {"output": 0.0625, "jacobian b": KINK}),
    (lambda x, a, b: sp.Piecewise((sp.log(a), a > 0), (b, True)), {"a": -2.0}, {"output": -0.75, "jacobian a": 0}),
    (lambda x, a, b: sp.sign(a) * b, {"a": 0.0}, {"output": 0, "jacobian a": UNDEFINED}),
    (lambda x, a, b: a**b, {"a": -2.0, "b": 3.0}, {"output": -8, "jacobian a": 12, "jacobian b": UNDEFINED}),
    (lambda x, a, b: sp.sqrt(sp.Abs(a) + a), {"a": -2.0}, {"output": 0, "jacobian a": 0}),  # 0 all around the point
    (lambda x, a, b: sp.sqrt(sp.Heaviside(a) * a), {"a": -2.0}, {"output": 0, "jacobian a": 0}),
])  # fmt: skip
def test_kinks_and_ends_of_domains_are_told_apart(expr: Any, values: dict[str, float], wanted: dict[str, Any]) -> None:
    found = one(expr, **values)
    for name, value in wanted.items():
        assert found[name] is value or close(found[name], value), name


def circle(x: Any) -> Any:
    return sg.hypot(sp.sin(x), sp.cos(x))


def test_ties_are_exact_for_equal_numbers_and_otherwise_undecided() -> None:
    """3 times a third is 1 for no double; hypot(sin, cos) is 1, which no precision shows."""
    assert one(lambda x, a, b: sp.Abs(x * a - b), x=3.0, a=0.5, b=1.5)["jacobian a"] is KINK
    assert number(one(lambda x, a, b: sp.Abs(x * a - b), x=3.0, a=1 / 3, b=1.0)["jacobian a"]) == -3
    assert number(one(lambda x, a, b: sp.Abs(circle(x) - 1) * a + b, x=0.7)["output"]) == -0.75
    assert one(lambda x, a, b: sp.Piecewise((a, circle(x) >= 1), (b, True)), x=0.7)["output"] is UNKNOWN


def test_what_no_precision_decides_is_counted_and_never_passed() -> None:
    model = written(lambda x, a: sp.Piecewise((a, circle(x) >= 1), (2 * a, True)))
    report = judge(model, module_of(model), given(model, [{"x": 0.7, "a": 1.0}, {"x": 0.3, "a": 2.0}]))
    assert [one.counts["unresolved"] for one in report.results] == [2, 2]
    assert (report.judged, report.ok) == (0, False)
    assert "results whose truth no precision resolved: not judged: 4" in str(report)


def test_digits_that_a_low_precision_loses_are_found_at_a_higher_one() -> None:
    # 1 + exp(-650) is 1 at 40 digits and at 60; SymPy's evalf(40) says that its logarithm is 0
    found = one(lambda x, a, b: sp.log(1 + sp.exp(-x)), x=650.0)["output"]
    with mpmath.workdps(400):
        assert close(found, mpmath.log1p(mpmath.exp(-650)))
    assert close(one(lambda x, a, b: sp.log(1 + sp.exp(-x)) * sp.exp(x) + b, x=650.0, b=1.0)["output"], 2)
    # the power is that of a rounding error until it has 435 digits: then it is 1
    assert close(one(lambda x, a, b: a / (1 + sp.exp(-1000 * b)) ** sp.exp(400 * b), a=2.0, b=1.0)["output"], 2)


@pytest.mark.parametrize(("eta", "known"), [(100.0, True), (1000.0, True), (1e9, False), (1e200, False)])
def test_tiny_numbers_over_rounding_errors_are_never_taken_for_nothing(eta: float, known: bool) -> None:
    """1 - 1/(1 + exp(-eta)) is exp(-eta), which takes 1.44 * eta binary digits to see."""
    model = written(lambda m, a, b: b - sp.log(1 - m.node("hit", 1 / (1 + sp.exp(-a)))), "loss")
    found = reference(model).truth({"a": eta, "b": 1e40})
    slope = found.partials["loss"]["a"]
    assert found.bits <= LEVELS[-1]
    assert close(slope, 1 / (1 + mpmath.exp(-eta))) if known else slope is UNKNOWN


def test_a_rounding_error_that_leaves_a_domain_does_not_make_a_result_undefined() -> None:
    def edge(a: Any, b: Any) -> Any:
        return sp.acosh(1 + b * (1 - 1 / (1 + sp.exp(-a)))) + sp.log(2 - b - 1 / (1 + sp.exp(-a)))

    # 1 - hit is exp(-eta), of which no precision sees anything: its sign is chance
    assert reference(written(edge, "loss")).truth({"a": 5000.0, "b": 1.0}).values["loss"] is UNKNOWN
    # and what is outside by more than that is undefined
    assert reference(written(edge, "loss")).truth({"a": 1.0, "b": -1.0}).values["loss"] is UNDEFINED


def test_the_angle_on_its_cut_is_not_judged() -> None:
    """The sign of a zero decides between pi and -pi."""
    for zero in (0.0, -0.0):
        assert one(lambda x, a, b: sp.atan2(a, b), a=zero, b=-1.0)["output"] is UNKNOWN
        assert not isinstance(one(lambda x, a, b: sp.atan2(a, b), a=zero, b=0.0)["output"], arb)
    assert one(lambda x, a, b: sp.atan2(a, b), a=0.0, b=1.0)["output"] == 0


def test_a_rough_run_has_radii_that_hold_what_rounding_does() -> None:
    known, point = reference(written(lambda a, b: a * b - sp.exp(a))), {"a": 0.7, "b": 1.9}
    rough = known.rough(point).values["output"]
    assert rough.overlaps(known.truth(point).values["output"])
    assert 2.0**-56 < float(rough.rad()) < 2.0**-48


def test_a_point_without_a_value_and_a_function_without_a_form_are_refused_by_name() -> None:
    with pytest.raises(OptionError, match="line: the point has no value for b"):
        reference(ZOO["line"]()).truth({"x": 1.0, "a": 1.0, "y": 1.0})
    with pytest.raises(SpecError, match=r"airyai"):
        one(lambda x, a, b: sp.airyai(x) + a + b)


def test_an_expression_with_no_value_on_this_side_leaves_partials_undefined() -> None:
    def poles(m: Model, x: Any, a: Any) -> Any:
        h = m.node("h", 1 / (sp.Abs(x) - x))
        return sp.Piecewise((a * h, x < 0), (sp.sqrt(sp.Abs(a * (x - 1))), True))

    partials = Reference(written(poles)).truth({"a": 1.0, "x": 1.0}).partials["output"]
    assert set(partials.values()) == {UNDEFINED}
