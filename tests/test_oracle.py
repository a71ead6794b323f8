"""The oracle against SymPy's own evaluation and differentiation, and at points where there is no value."""

import math
from collections.abc import Callable
from typing import Any

import mpmath
import pytest
import sympy
from zoo import ZOO, nine_weights

import symgraph.spec_checks
from symgraph import Model, cbrt, expm1, hypot, log1p, logaddexp, relu, sigmoid, softplus, xlogy
from symgraph.errors import OptionError
from symgraph.exact import Program
from symgraph.exact_operations import OPERATIONS
from symgraph.oracle import Oracle

_OF_TWO = (sympy.atan2, sympy.Heaviside, hypot, logaddexp, xlogy)
# 60 digits, of which differences with the step 1e-20 keep about 38
DIGITS = mpmath.mpf("1e-33")


def point_of(model: Model) -> dict[str, float]:
    """Numbers of ordinary size, all different, inside (0, 1)."""
    inputs = [*model.feature_inputs, *model.weight_inputs, *([model.target_input] if model.target_input else [])]
    return {entry.name: math.fmod(0.37 + 0.618034 * place, 0.9) + 0.05 for place, entry in enumerate(inputs)}


def number(value: sympy.Expr) -> mpmath.mpf:
    """A SymPy number with all its digits."""
    return mpmath.mp.make_mpf(sympy.Float(value, 65)._mpf_)


def one_node(expr_of: object, **values: float) -> tuple[Oracle, dict[str, float]]:
    """A model with one feature x, two weights a and b, and one node made of them."""
    model = Model("one_node")
    x, a, b = model.feature("x"), *model.weights("a b")
    model.output("out", expr_of(x, a, b))  # type: ignore[operator]
    model.loss(model.nodes[0].symbol + a + b)  # every weight must have influence
    return Oracle(model), {"x": 0.5, "a": 0.25, "b": -0.75, **values}


@pytest.mark.parametrize("name", ["nine_weights", "uniform_nodes", "curve", "Thurber", "Rat43", "logistic"])
def test_values_are_those_of_the_expanded_expressions(name: str) -> None:
    model = ZOO[name]()
    point = point_of(model)
    truth = Oracle(model).values(point)
    exact = {entry.symbol: sympy.Float(point[entry.name], 70) for entry in _inputs(model)}
    for node in model.nodes:
        exact[node.symbol] = node.expr.doit().subs(exact).evalf(65)
        with mpmath.workdps(60):
            assert abs(truth.nodes[node.name] - number(exact[node.symbol])) < mpmath.mpf("1e-55")
    assert truth.failures == 0
    assert truth.output == truth.nodes[model.output_node.name]


@pytest.mark.parametrize("name", ["nine_weights", "uniform_nodes", "rosenbrock", "Thurber", "Rat43", "logistic"])
def test_differences_agree_with_symbolic_derivatives(name: str) -> None:
    model = ZOO[name]()
    point = point_of(model)
    gradient = Oracle(model).gradient(point)
    expanded = model.expanded_loss().doit()
    exact = {entry.symbol: sympy.Float(point[entry.name], 70) for entry in _inputs(model)}
    for weight in model.weight_inputs:
        wanted = number(sympy.diff(expanded, weight.symbol).subs(exact).evalf(50))
        with mpmath.workdps(60):
            assert abs(gradient[weight.name] - wanted) <= DIGITS * max(1, abs(wanted))


def test_the_slope_along_a_direction_is_the_sum_of_partials() -> None:
    oracle = Oracle(nine_weights())
    point = point_of(oracle.model)
    direction = {"w1": 0.5, "w3": -2.0, "w9": 1.25}
    gradient = oracle.gradient(point, "y_hat")
    with mpmath.workdps(60):
        wanted = sum(gradient[name] * share for name, share in direction.items())
        assert abs(oracle.directional(point, "y_hat", direction) - wanted) < DIGITS
    assert oracle.directional(point, "loss", {}) == 0


@pytest.mark.parametrize("kind", [kind for kind in OPERATIONS if issubclass(kind, sympy.Function)])
def test_every_function_of_the_table_agrees_with_sympy(kind: type) -> None:
    more = [sympy.Rational(1, 2)] if kind in _OF_TWO else []
    judged = 0
    for value in (-2.5, -0.75, -1e-30, 1e-30, 0.25, 0.75, 1.5, 30.0):
        wanted = kind(sympy.Rational(value), *more).doit().evalf(60)  # of exact numbers, so that evalf sees cancellation
        if wanted.is_real and wanted.is_finite:
            oracle, point = one_node(lambda x, a, b: kind(x, *more) + 0 * a * b, x=value)
            with mpmath.workdps(60):
                got = oracle.values(point).nodes["out"]
                assert abs(got - number(wanted)) <= mpmath.mpf("1e-55") * abs(got)
            judged += 1
    assert judged > 1


def test_branches_that_are_not_taken_are_not_evaluated() -> None:
    branches = lambda x, a, b: sympy.Piecewise((sympy.log(x), x > 0), (b / (x + 3), x > -1), (a, True))  # noqa: E731
    oracle, point = one_node(branches, x=-3.0)
    truth = oracle.values(point)
    assert (truth.nodes["out"], truth.failures) == (0.25, 0)
    assert oracle.gradient(point, "out") == {"a": 1, "b": 0}


@pytest.mark.parametrize(
    ("expr_of", "x"),
    [
        (lambda x, a, b: sympy.log(x) + a, 0.0),
        (lambda x, a, b: sympy.log(x) + a, -1.0),
        (lambda x, a, b: sympy.sqrt(x) + a, -1.0),
        (lambda x, a, b: x**b, -2.0),
        (lambda x, a, b: a / x, 0.0),
        (lambda x, a, b: sympy.exp(x), 800.0),
        (lambda x, a, b: sympy.exp(sympy.exp(sympy.exp(x))), 300.0),
        (lambda x, a, b: sympy.asin(x), 1.5),
        (lambda x, a, b: sympy.acosh(x), 0.5),
        (lambda x, a, b: sympy.atanh(x), 1.0),
        (lambda x, a, b: sympy.atan2(x, x * a), 0.0),
        (lambda x, a, b: sympy.Piecewise((a, x > 1), (b, x < -1)), 0.0),
        (lambda x, a, b: sympy.Piecewise((a, sympy.log(x) > 1), (b, True)), -1.0),
    ],
)
def test_what_is_not_a_finite_real_number_is_nan_and_no_exception(expr_of: object, x: float) -> None:
    oracle, point = one_node(expr_of, x=x)
    truth = oracle.values(point)
    assert truth.failures == 1
    assert mpmath.isnan(truth.nodes["out"])
    assert mpmath.isnan(truth.loss)
    assert all(mpmath.isnan(slope) for slope in oracle.gradient(point).values())


def test_a_condition_is_decided_where_one_part_has_no_value() -> None:
    decided = lambda x, a, b: sympy.Piecewise((a, sympy.And(x > 1, sympy.log(x) > 0)), (b, True))  # noqa: E731
    oracle, point = one_node(decided, x=-2.0)
    assert oracle.values(point).nodes["out"] == -0.75


def test_saturated_functions_keep_their_digits() -> None:
    oracle, point = one_node(lambda x, a, b: sympy.log(sigmoid(x)) + 0 * a, x=-1e5)
    with mpmath.workdps(60):
        assert abs(oracle.values(point).nodes["out"] + 100000) < mpmath.mpf("1e-50")
    oracle, point = one_node(lambda x, a, b: sympy.log(softplus(x)), x=-1e300)
    with mpmath.workdps(60):
        assert abs(oracle.values(point).nodes["out"] / mpmath.mpf(1e300) + 1) < mpmath.mpf("1e-50")


@pytest.mark.parametrize(
    ("expr_of", "x", "wanted"),
    [
        (lambda x, a, b: sympy.Heaviside(x, a), 0.0, 0.25),
        (lambda x, a, b: sympy.Heaviside(x, a), -1e-300, 0.0),
        (lambda x, a, b: sympy.sign(x), 0.0, 0.0),
        (lambda x, a, b: sympy.sinc(x), 0.0, 1.0),
        (lambda x, a, b: cbrt(x), -8.0, -2.0),
        (lambda x, a, b: relu(x), -8.0, 0.0),
        (lambda x, a, b: log1p(x), 0.0, 0.0),
        (lambda x, a, b: expm1(x), 0.0, 0.0),
        (sympy.Max, 0.125, 0.25),
        (sympy.Min, 0.125, -0.75),
        (lambda x, a, b: 4 * sympy.atan2(x, -x) / sympy.pi, 2.0, 3.0),
        (lambda x, a, b: 4 * sympy.atan2(-x, -x) / sympy.pi, 2.0, -3.0),
    ],
)
def test_conventions_are_those_of_sympy(expr_of: object, x: float, wanted: float) -> None:
    oracle, point = one_node(expr_of, x=x)
    with mpmath.workdps(60):
        assert abs(oracle.values(point).nodes["out"] - wanted) < mpmath.mpf("1e-55")


def test_a_function_that_the_table_lacks_is_left_to_sympy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symgraph.spec_checks, "FUNCTIONS", {**symgraph.spec_checks.FUNCTIONS, sympy.erfi: "erfi"})
    oracle, point = one_node(lambda x, a, b: sympy.erfi(a * x), x=3.0)
    with mpmath.workdps(60):
        assert abs(oracle.values(point).nodes["out"] - mpmath.erfi(mpmath.mpf("0.75"))) < mpmath.mpf("1e-55")
        slope = 3 * 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(mpmath.mpf("0.75") ** 2)
        assert abs(oracle.gradient(point, "out")["a"] - slope) < DIGITS


def test_there_is_no_slope_at_a_kink_but_there_is_one_at_an_extremum() -> None:
    oracle, point = one_node(lambda x, a, b: sympy.Abs(a) + b**2, a=0.0, b=0.0)
    gradient = oracle.gradient(point, "out")
    assert mpmath.isnan(gradient["a"])
    assert abs(gradient["b"]) < DIGITS


def test_infinite_slopes_are_told_apart_where_a_weight_meets_them() -> None:
    expr_of = lambda x, a, b: sympy.sqrt(x * a) + sympy.sqrt(x)  # noqa: E731
    oracle, point = one_node(expr_of, x=0.0)
    assert oracle.values(point).singular
    assert not oracle.values(point | {"x": 1.0}).singular
    oracle, point = one_node(lambda x, a, b: a * sympy.sqrt(x), x=0.0)
    assert not oracle.values(point).singular


def test_small_and_large_weights_have_exact_slopes() -> None:
    for a in (1e-300, 1e-150, 1e-12, 1e-6, 1e6, 1e12, 1e150):
        oracle, point = one_node(lambda x, a, b: sympy.log(a) + b, a=a)
        with mpmath.workdps(60):
            # the step is 1e-20 of a: the difference truncates at its square over 3
            assert abs(oracle.gradient(point, "out")["a"] * mpmath.mpf(a) - 1) < DIGITS


def test_slopes_along_a_tiny_weight_do_not_drown_in_the_rest_of_the_root() -> None:
    # a change of 1e-170 of a root of the size 1e6, of which 60 digits show nothing
    oracle, point = one_node(lambda x, a, b: 1_000_000 * b + a**2 * sympy.Float("1e200"), a=3e-150, b=0.5)
    slopes = oracle.slopes(point, ["out"], [{"a": 1.0}, {"b": 1.0}, {"a": 1.0, "b": 2.0}])
    with mpmath.workdps(60):
        wanted = 2 * mpmath.mpf(3e-150) * number(sympy.Float("1e200"))  # 6e50
        # the root is rounded below 1e-40 of its size, 1e-34, which is nothing beside 6e50
        assert abs(slopes[0][0] / wanted - 1) < DIGITS
        assert abs(slopes[1][0] - 1_000_000) < DIGITS * 1_000_000
        assert abs(slopes[2][0] / (wanted + 2_000_000) - 1) < DIGITS
        # noise changes the root by 1e-10; the bound allows for 100 roundings where at the least 10 digits are left for them
        assert oracle.resolution(mpmath.mpf("1e-10"), point, {"a": 1.0, "b": 2.0}) < mpmath.mpf("1e-31")


def test_a_weight_of_zero_has_an_exact_slope_where_the_root_varies_on_a_tiny_scale() -> None:
    oracle, point = one_node(lambda x, a, b: sympy.exp(a * sympy.Float("1e80")) + 7 * b, a=0.0)
    with mpmath.workdps(60):
        # the step of 1e-120 moves the exponent by 1e-40
        assert abs(oracle.gradient(point, "out")["a"] / number(sympy.Float("1e80")) - 1) < DIGITS


def test_evaluations_are_done_once_where_values_and_slopes_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    oracle, point = one_node(lambda x, a, b: sympy.sin(a * x) + b)
    truth = oracle.values(point, noise=1)
    evaluated: list[object] = []
    run = Program.run
    monkeypatch.setattr(Program, "run", lambda *args: evaluated.append(args[2]) or run(*args))
    first = oracle.gradient(point, "out", noise=1)
    assert len(evaluated) == 4  # up and down, by a and by b
    assert oracle.values(point, noise=1) == truth
    assert len(evaluated) == 4
    assert oracle.gradient(point, "out", noise=1) == first  # what is kept has not been changed
    assert oracle.values(point | {"a": 0.5}, noise=1) != truth


def test_noise_is_of_one_ulp_and_its_opposite_goes_the_other_way() -> None:
    oracle, point = one_node(lambda x, a, b: sympy.exp(a * x) - b)
    truth, once, again, opposite = (oracle.values(point, noise=noise).nodes["out"] for noise in (None, 1, 1, -1))
    assert once == again
    with mpmath.workdps(60):
        change = once - truth
        # a handful of operations, each changed by up to 2**-52 of values of about 1
        assert 0 < abs(change) < 10 * mpmath.mpf(2) ** -52
        assert abs(change + opposite - truth) < abs(change) * mpmath.mpf("1e-14")  # the second order is 1e-16 smaller
    noisy = oracle.gradient(point, noise=1)["a"]
    assert 0 < abs(noisy - oracle.gradient(point)["a"]) < 1e-14


def test_noise_shows_when_contributions_to_a_slope_cancel() -> None:
    # the slope of a/|a| is 0 as a difference of two numbers of the size 1/a, each of which rounds
    oracle, point = one_node(lambda x, a, b: a / sympy.Abs(a) + b, a=0.25)
    assert abs(oracle.gradient(point, "out")["a"]) < DIGITS
    assert abs(oracle.gradient(point, "out", noise=1)["a"]) > 1e-17


def test_long_chains_need_no_recursion() -> None:
    model = Model("chain")
    a = model.weight("a")
    value = a
    for place in range(3000):
        value = model.node(f"n{place}", value + 1)
    model.loss(value**2)
    oracle = Oracle(model)
    assert oracle.values({"a": 0.0}).loss == 9_000_000
    assert abs(oracle.gradient({"a": 0.0})["a"] - 6000) < 1e-25


def test_wrong_questions_are_refused() -> None:
    oracle = Oracle(nine_weights())
    point = point_of(oracle.model)
    with pytest.raises(OptionError, match="no value for w7"):
        oracle.values({name: value for name, value in point.items() if name != "w7"})
    with pytest.raises(OptionError, match="no root 'w1'; it has t, exp, tanh, sigmoid, y_hat, loss"):
        oracle.gradient(point, "w1")
    with pytest.raises(OptionError, match="at least 50"):
        Oracle(oracle.model, digits=15)


def _inputs(model: Model) -> list[object]:
    return [*model.feature_inputs, *model.weight_inputs, *([model.target_input] if model.target_input else [])]


def test_a_model_is_smooth_unless_something_in_it_has_a_kink_or_branches() -> None:
    def built(expr: Callable[[Any], Any]) -> Oracle:
        model = Model("m")
        w = model.weight("a")
        model.output("out", expr(w))
        return Oracle(model)

    assert built(lambda w: sympy.tanh(w) * sympy.exp(w)).smooth
    assert not built(lambda w: sympy.Abs(w) + w).smooth
    assert not built(lambda w: sympy.Piecewise((w, w > 0), (2 * w, True))).smooth


def test_what_depends_on_an_input_is_known() -> None:
    model = Model("m")
    x, y, w = model.feature("x"), model.target("y"), model.weight("a")
    apart = model.node("apart", w * x)
    residual = model.node("residual", y - apart)
    model.loss(residual**2)
    oracle = Oracle(model)
    assert oracle.depends("y") == {"residual", "loss"}
    assert oracle.depends("x") == {"apart", "residual", "loss"}
