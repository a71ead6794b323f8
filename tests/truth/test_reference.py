"""The truth at one point: against the oracle's differences, and where a naive evaluation at high precision is wrong."""

import math
import random
from collections.abc import Callable

import mpmath
import pytest
import sympy as sp
from test_layers import MODULES, own_imports
from zoo import ZOO

import symgraph as sg
from symgraph import Model
from symgraph.errors import OptionError
from symgraph.exact import NAN
from symgraph.oracle import Oracle
from symgraph.truth import truth_at
from symgraph.truth.reference import LEVELS, Reference
from symgraph.truth.wide import KINK, UNKNOWN, is_number

# differences at 60 digits keep about 38, of the root's size; the judge keeps at least 30
DIGITS = mpmath.mpf("1e-30")


def one(expr_of: Callable[..., sp.Expr], **values: float) -> dict[str, object]:
    """The results of a model with a feature x and weights a and b at a point."""
    model = Model("one")
    x, a, b = model.feature("x"), *model.weights("a b")
    model.output("out", expr_of(x, a, b))
    model.loss(model.nodes[0].symbol + a + b)  # every weight must have influence
    return dict(truth_at(model, {"x": 0.5, "a": 0.25, "b": -0.75, **values}).values)


@pytest.mark.parametrize("name", ZOO)
def test_values_and_partials_are_the_oracles(name: str) -> None:
    model, draw = ZOO[name](), random.Random(name)
    oracle = Oracle(model)
    output = None if model.output_node is None else model.output_node.name
    for _ in range(2):
        point = {entry.name: draw.uniform(0.25, 0.85) for entry in model.inputs}
        exact = truth_at(model, point).values
        truth = oracle.values(point)
        for root, prefix, node, value in (("loss", "grad", "loss", truth.loss), ("output", "jacobian", output, truth.output)):
            if root not in exact or node is None:
                continue
            assert abs(exact[root] - value) <= DIGITS * max(1, abs(value))
            for weight, slope in oracle.gradient(point, node).items():
                got = exact[f"{prefix} {weight}"]
                assert not is_number(slope) or abs(got - slope) <= DIGITS * max(1, abs(slope), abs(value)), weight


def test_partials_by_features_and_target_are_there_too() -> None:
    model = ZOO["line"]()
    exact = truth_at(model, {"x": 3.0, "a": 2.0, "b": 0.5, "y": 1.0})
    # loss = (y - (a x + b))**2 with residual -5.5
    assert exact.inputs == {"grad x": 22, "grad y": -11, "jacobian x": 2, "jacobian y": 0}
    assert exact.values == {
        "loss": 30.25, "output": 6.5, "grad a": 33, "grad b": 11, "jacobian a": 3, "jacobian b": 1,
    }  # fmt: skip


def test_digits_that_two_precisions_would_lose_alike_are_not_lost() -> None:
    # 1 + exp(-650) is 1 at 40 digits and at 60, and its logarithm 0 both times; SymPy's evalf(40) says 0 too
    got = one(lambda x, a, b: sp.log(1 + sp.exp(-x)), x=650.0)["output"]
    with mpmath.workdps(400):
        wanted = mpmath.log1p(mpmath.exp(-650))
    assert abs(got / wanted - 1) < DIGITS
    got = one(lambda x, a, b: sp.log(1 + sp.exp(-x)) * sp.exp(x) + b, x=650.0, b=1.0)["output"]
    assert abs(got - 2) < mpmath.mpf("1e-280")


def test_what_vanishes_exactly_is_exactly_0() -> None:
    assert one(lambda x, a, b: x * a - b, x=3.0, a=0.5, b=1.5)["output"] == 0
    assert one(lambda x, a, b: (a * x) ** 2 - b, x=3.0, a=0.5, b=2.25)["output"] == 0


def test_what_vanishes_up_to_rounding_is_below_all_doubles() -> None:
    # sin(x)**2 + cos(x)**2 - 1, in functions that SymPy does not simplify
    got = one(lambda x, a, b: sg.hypot(sp.sin(x), sp.cos(x)) - 1, x=0.7)["output"]
    assert abs(got) < mpmath.ldexp(1, -1100)


def test_intermediate_values_may_leave_the_range_of_doubles() -> None:
    got = one(lambda x, a, b: sp.tanh(sp.exp(x)) * a, x=1e6, a=0.25)
    assert abs(got["output"] - 0.25) < DIGITS
    assert abs(got["jacobian a"] - 1) < DIGITS
    assert one(lambda x, a, b: sg.sigmoid(-sp.exp(sp.exp(x))), x=50.0)["output"] < mpmath.mpf("1e-400")
    got = one(lambda x, a, b: sp.sqrt(a**2 + b**2), a=3e200, b=4e200)
    assert abs(got["output"] / mpmath.mpf(5e200) - 1) < 1e-15


@pytest.mark.parametrize(
    ("eta", "known"),
    [(100.0, True), (1000.0, True), (6413.0, False), (1e9, False), (1e200, False)],
)
@pytest.mark.parametrize("offset", [0.0, 1e40])
def test_tiny_numbers_over_rounding_errors_are_never_taken_for_nothing(eta: float, known: bool, offset: float) -> None:
    """1 - 1/(1 + exp(-eta)) is exp(-eta), which takes 1.44 * eta binary digits to see; beside the offset the loss needs none.

    The slope of the logarithm by eta is -1 in any case, where the quotient exp(-eta) / rounding error is next to nothing.
    """
    model = Model("surprise")
    a, b = model.weights("a b")
    hit = model.node("hit", 1 / (1 + sp.exp(-a)))
    model.loss(b - sp.log(1 - hit))
    found = truth_at(model, {"a": eta, "b": offset}).values["grad a"]
    if known:
        assert mpmath.almosteq(found, 1 / (1 + mpmath.exp(-eta)), 1e-29)
    else:
        assert found is UNKNOWN


def test_a_rounding_error_that_leaves_a_domain_does_not_make_a_result_undefined() -> None:
    model = Model("edge")
    a, b = model.weights("a b")
    model.loss(sp.acosh(1 + b * (1 - 1 / (1 + sp.exp(-a)))) + sp.log(2 - b - 1 / (1 + sp.exp(-a))))
    for eta in range(5000, 5040):  # 1 - hit is exp(-eta), of which no precision sees anything: its sign is chance
        assert truth_at(model, {"a": float(eta), "b": 1.0}).values["loss"] is UNKNOWN
    # and what is outside by more than that is undefined
    assert truth_at(model, {"a": 1.0, "b": 2.0}).values["loss"] is NAN


def test_what_no_precision_reaches_is_said_to_be_unknown() -> None:
    # the argument of the sine has more digits than there are levels
    got = one(lambda x, a, b: sp.sin(sp.exp(x * x)), x=1e30)
    assert got["output"] is UNKNOWN
    assert got["loss"] is UNKNOWN


def test_more_digits_are_taken_only_where_they_are_needed() -> None:
    model = ZOO["nine_weights"]()
    ordinary = {entry.name: 0.3 + 0.05 * place for place, entry in enumerate(model.inputs)}
    assert Reference(model).truth(ordinary).bits == LEVELS[1]
    hard = Model("hard")
    x, a = hard.feature("x"), hard.weight("a")
    hard.output("out", a * (sp.cos(x) - 1))
    assert Reference(hard).truth({"x": 1e-40, "a": 1.0}).bits > LEVELS[1]


@pytest.mark.parametrize(
    ("expr_of", "values", "results"),
    [
        (lambda x, a, b: sp.Abs(a - x) + b, {"a": 0.5}, {"output": -0.75, "jacobian a": KINK, "jacobian b": 1}),
        (lambda x, a, b: (a - x) * sp.Abs(a - x) + b, {"a": 0.5}, {"jacobian a": 0, "jacobian b": 1}),
        (lambda x, a, b: sp.sqrt(a) + b, {"a": 0.0}, {"output": -0.75, "jacobian a": NAN, "jacobian b": 1}),
        (lambda x, a, b: sp.sqrt(a) ** 3 + b, {"a": 0.0}, {"output": -0.75, "jacobian a": 0}),
        (lambda x, a, b: sp.log(a) + b, {"a": -1.0}, {"output": NAN, "jacobian a": NAN, "loss": NAN}),
        (lambda x, a, b: sp.Max(a, x, b), {"a": 0.5}, {"output": 0.5, "jacobian a": KINK, "jacobian b": 0}),
        (lambda x, a, b: sp.Piecewise((a, x > b), (a**2, True)), {"x": -0.75}, {"output": 0.0625, "jacobian b": KINK}),
        (lambda x, a, b: sp.Piecewise((sp.log(a), a > 0), (b, True)), {"a": -2.0}, {"output": -0.75, "jacobian a": 0}),
        (lambda x, a, b: sp.sign(a) * b, {"a": 0.0}, {"output": 0, "jacobian a": NAN}),
        (lambda x, a, b: a**b, {"a": -2.0, "b": 3.0}, {"output": -8, "jacobian a": 12, "jacobian b": NAN}),
    ],
)  # fmt: skip
def test_kinks_and_ends_of_domains_are_told_apart(
    expr_of: Callable[..., sp.Expr], values: dict[str, float], results: dict[str, object]
) -> None:
    got = one(expr_of, **values)
    for name, wanted in results.items():
        assert got[name] is wanted or (is_number(got[name]) and abs(got[name] - wanted) < DIGITS), name


def test_subnormal_inputs_are_exact_numbers() -> None:
    got = one(lambda x, a, b: a * x, x=5e-324, a=5e-324)
    assert got["output"] == mpmath.ldexp(1, -2148)
    assert got["jacobian a"] == math.ulp(0.0)


def test_a_point_without_a_value_is_refused() -> None:
    with pytest.raises(OptionError, match="line: the point has no value for b"):
        truth_at(ZOO["line"](), {"x": 1.0, "a": 1.0, "y": 1.0})


def test_the_truth_shares_nothing_with_what_is_judged() -> None:
    reached, todo = set(), ["truth.reference"]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += [target for target in own_imports(name) if target in MODULES]
    # of the op table only the names of functions are used, and what spec checks read
    assert "truth.slopes" in reached
    assert not reached & {
        "lowering",
        "guards",
        "fragments",
        "adjoint",
        "ir.graph",
        "ir.evaluate",
        "passes",
        "schedule",
        "generate",
    }


def test_two_runs_in_which_noise_decides_are_not_taken_for_the_truth() -> None:
    """The differences are noise, -2**88 and -2**21 at 133 and 200 bits, and 2**-133 and 2**-200: later steps look the same."""
    model = Model("large")
    a, b = model.weights("a b")
    model.output("out", a * sp.log(sp.exp(b) + sp.exp(sp.sqrt(a**2 + 1) - a)))
    exact = truth_at(model, {"a": 4e66, "b": -0.25}).values["output"]
    with mpmath.workdps(40):
        # sqrt(a**2 + 1) - a is 1/(2 * a), and exp of that 1 to 60 digits
        assert abs(exact / (mpmath.mpf(4e66) * mpmath.log(mpmath.exp(-0.25) + 1)) - 1) < 1e-30

    model = Model("small")
    a, b = model.weights("a b")
    p = model.node("p", 1 / (1 + sp.exp(-a)))
    model.output("out", -sp.log(p * sp.exp(-700) + (1 - p) * sp.exp(b)))
    slope = truth_at(model, {"a": 560.0, "b": -250.0}).values["jacobian b"]
    with mpmath.workdps(40):
        # the weight of the second law is exp(-560 - 250 + 700) = exp(-110) against 1
        assert abs(slope * mpmath.exp(110) * (1 + mpmath.exp(-110)) + 1) < 1e-30

    model = Model("hidden")
    a, b = model.weights("a b")
    model.output("out", b - sp.log(1 - 1 / (1 + sp.exp(-a))))
    # the logarithm is -1e100, and that of the rounding error is lost beside 1e60
    assert not is_number(truth_at(model, {"a": 1e100, "b": 1e60}).values["output"])

    model = Model("richards")
    a, b = model.weights("a b")
    model.output("out", a / (1 + sp.exp(-1000 * b)) ** sp.exp(400 * b))
    # the power is that of a rounding error until it has 435 digits: then it is 1
    assert abs(truth_at(model, {"a": 2.0, "b": 1.0}).values["output"] - 2) < 1e-30


def test_the_angle_on_its_cut_is_not_judged() -> None:
    """The sign of a zero decides between pi and -pi."""
    model = Model("angle")
    a, b = model.weights("a b")
    model.output("out", sp.atan2(a, b))
    for zero in (0.0, -0.0):
        assert not is_number(truth_at(model, {"a": zero, "b": -1.0}).values["output"])
        assert not is_number(truth_at(model, {"a": zero, "b": 0.0}).values["output"])
    assert truth_at(model, {"a": 0.0, "b": 1.0}).values["output"] == 0
