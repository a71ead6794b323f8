"""The search for points at which digits die, and what a build says of them."""

import math

import mpmath
import numpy as np
import pytest
import sympy as sp
from brought import oven

import symgraph as sg
from symgraph.compiler.generate import printed_graph
from symgraph.compiler.ir.special import elementary
from symgraph.judge.digits import digits_lost, kept
from symgraph.judge.graph_numbers import GraphNumbers
from symgraph.judge.losing_points import losing_points
from symgraph.judge.truth_at_points import names_of_model
from symgraph.judge.verification_report import LostDigits
from symgraph.project.build.digits import judged_with_care, lost_digits
from symgraph.spec.model import Model


def of(formula: str, **domains: tuple[float, float]) -> Model:
    """A model whose loss is a formula of weights, some of which have domains."""
    model = Model("m")
    names = sorted(map(str, sp.sympify(formula).free_symbols))
    symbols = {name: model.weight(name, domain=domains.get(name)) for name in names}
    model.loss(sp.sympify(formula, locals=symbols))
    return model


# the digits that die where the formula is worst: the differences are rounded, so that each can lose all of them
LOSING = {
    "nearly equal, squared": ("(a**2 + b**2)/2 - ((a + b)/2)**2", {}, 6.0),
    "a root at a small argument": ("sqrt(1 + x) - sqrt(1 + x*y)", {"x": (0, 10), "y": (0, 10)}, 6.0),
    "a small parameter": ("log(1 + k**2/2)/k**2 - 1/2", {"k": (0, 5)}, 6.0),
    "far out": ("x*exp(1/x) - x - 1", {"x": (1, 1e9)}, 6.0),
    "beside a number": ("(x**3 - 3*x + 2)/(x - 1)**2*cos(x)", {"x": (0.5, 3)}, 6.0),
}
SOUND = {
    "a decay": ("a*exp(-k*t)", {"t": (0, 50)}),
    "a difference of inputs": ("(a - b)**2", {}),
    "a root": ("sqrt(a**2 + b**2)", {}),
    "a logistic function": ("log(1 + exp(-a*b))", {}),
    "a rule has it": ("(1 - cos(x))/x**2", {}),
}


@pytest.mark.parametrize("case", LOSING)
def test_where_digits_die_is_found_and_judged(case: str) -> None:
    formula, domains, least = LOSING[case]
    lost = digits_lost(of(formula, **domains))
    assert lost is not None
    assert lost.digits >= least, str(lost)
    assert str(lost).endswith("`--precision auto` computes such rows in pairs of doubles")
    for name, (low, high) in domains.items():
        assert low < lost.point[name] < high
        assert f"{name} = {lost.point[name]!r}" in str(lost)


def losses_with_care(model: Model) -> LostDigits:
    """What a build says that was asked for plain modules."""
    lost = lost_digits(model)
    assert lost is not None
    return judged_with_care(model, lost)


@pytest.mark.parametrize(("case", "share"), [("nearly equal, squared", "0.0%"), ("far out", "33.3%")])
def test_what_care_makes_of_it_is_measured_where_digits_die(case: str, share: str) -> None:
    """Drawn from 1 to 1e9, x is often so large that x*exp(1/x) - x - 1 has no digit; near a = b nothing is drawn."""
    formula, domains, least = LOSING[case]
    lost = losses_with_care(of(formula, **domains))
    assert lost.with_care is not None
    assert lost.with_care[0] <= 1.0 < least < lost.digits
    said = f"`--precision auto` loses {lost.with_care[0]:.1f} there, and takes pairs of doubles in {share} of the rows drawn"
    assert str(lost).endswith(said)


def test_where_pairs_lack_a_function_the_line_gives_other_advice() -> None:
    lost = losses_with_care(of("(sqrt(1 + x) - sqrt(1 + x*y))*besselj(0, 3 + x/20)", x=(0, 10), y=(0, 10)))
    assert lost.with_care is None
    assert str(lost).endswith("write the formula so that it does not cancel, or declare a narrower domain")


@pytest.mark.parametrize("case", SOUND)
def test_a_sound_formula_loses_next_to_nothing(case: str) -> None:
    formula, domains = SOUND[case]
    lost = digits_lost(of(formula, **domains))
    assert lost is not None
    assert lost.digits <= 2.0, str(lost)  # some ten operations of an ulp each, and their condition
    assert f"at {lost.tried:,} points" in str(lost)
    assert lost.tried > 3 * 256  # generations, and what verification would draw


def numbers_of(model: Model) -> GraphNumbers:
    graph, inputs = elementary(printed_graph(model, "numpy")), [entry.name for entry in model.inputs]
    return GraphNumbers(graph, inputs, names_of_model(model))


def test_the_same_seed_gives_the_same_points_and_another_one_others() -> None:
    model = of(LOSING["far out"][0]).freeze()
    one, again, other = (losing_points(model.inputs, numbers_of(model), seed) for seed in (0, 0, 1))
    assert one == again != other


@pytest.mark.parametrize("function", ["exp", "log", "sin", "tanh", "asinh"])
def test_functions_in_doubles_are_the_correctly_rounded_ones_on_every_machine(function: str) -> None:
    """Those of NumPy and of C libraries have errors of up to 4 ulp, other ones on other machines."""
    x = np.random.default_rng(3).uniform(0.5, 9.0, 400)
    model = of(f"{function}(a)").freeze()
    with mpmath.workprec(120):
        exact = [float(getattr(mpmath, function)(mpmath.mpf(value))) for value in x.tolist()]
    assert numbers_of(model).in_doubles(x[:, np.newaxis])[:, 0].tolist() == exact


def test_what_inputs_leave_open_is_no_loss() -> None:
    """exp(a) - b moves by 1/u units where b is exp(a) * (1 + u); (1 + a) - 1 at a = u moves by one, and loses 1/u."""
    model = of("exp(a) - b").freeze()
    assert numbers_of(model).losses(np.array([[1.7, math.exp(1.7) * (1.0 + 2.0**-30)]]), 1)[0, 0] < 4
    model = of("(b + a) - b").freeze()  # SymPy sees through this
    assert numbers_of(model).losses(np.array([[0.3]]), 1).max() == 0
    model = Model("kept")
    a = model.weight("a")
    model.loss(model.node("shifted", 1 + a) - 1)
    model.freeze()
    found = numbers_of(model).losses(np.array([[2.0**-30 / 3]]), 1)[0, 0]
    assert 2**28 < found < 2**33  # half an ulp of 1 beside 2**-30/3, over the two units of the input and its own


def test_a_function_of_a_user_is_judged_at_a_few_points_without_a_search() -> None:
    lost = digits_lost(oven())
    assert lost is not None
    assert (lost.tried < 20, lost.has_pairs) == (True, False)


def test_functions_that_pairs_lack_are_searched_and_the_advice_is_another() -> None:
    lost = digits_lost(of("besselj(0, x + 1e-9) - besselj(0, x) + x*1e-9", x=(0.1, 1e5)))
    assert lost is not None
    assert lost.tried > 3 * 256
    assert math.isfinite(lost.digits)
    assert "precision auto" not in str(lost)


def test_a_limit_is_kept_or_the_result_and_the_point_are_named_where_it_is_not() -> None:
    sound, losing = of(SOUND["a decay"][0], t=(0, 50)), of(LOSING["far out"][0], x=(1, 1e9))
    assert kept(sound, sg.compile(sound, backend="numpy"), 1e-14) == ""
    said = kept(losing, sg.compile(losing, backend="numpy"), 1e-9)
    assert "w = [" in said
    assert "loss" in said or "grad x" in said
