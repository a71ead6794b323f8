"""symgraph.exact_numbers: decimals give what numbers of mpmath give, and the oracle computes big models with them."""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import mpmath
import pytest
from big_models import FAMILIES, perceptron
from hypothesis import given
from hypothesis import strategies as st
from sympy import tanh
from zoo import ZOO, every_op

from symgraph import Model
from symgraph import oracle as oracles
from symgraph.exact import NAN, Program, compile_exactly, is_nan
from symgraph.exact_decimals import DecimalProgram, in_decimals
from symgraph.exact_numbers import DECIMAL, MPF, to_decimal, to_mpf, working
from symgraph.oracle import Oracle, Truth

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(FINITE)
def test_a_float_is_taken_as_it_is_and_comes_back(value: float) -> None:
    with working(60):
        assert DECIMAL.exact(value) == Decimal(value)
        # 60 digits hold every double of 53 bits, but not all the digits that its value has in base 10
        assert float(to_mpf(DECIMAL.exact(value))) == value
        assert float(to_decimal(mpmath.mpf(value))) == value


@given(st.integers(-(10**70), 10**70), st.integers(-3000, 3000))
def test_numbers_go_there_and_back_within_the_digits_worked_with(mantissa: int, exponent: int) -> None:
    with working(60):
        value = mpmath.ldexp(mpmath.mpf(mantissa), exponent)
        assert abs(to_mpf(to_decimal(value)) - value) <= abs(value) * mpmath.mpf("1e-58")  # two roundings to 60 digits


@pytest.mark.parametrize("value", [mpmath.inf, -mpmath.inf, mpmath.nan, mpmath.mpc(1, 2)])
def test_what_is_no_finite_real_number_is_no_decimal(value: object) -> None:
    with pytest.raises(ValueError, match="no finite real number"):
        to_decimal(value)


@given(FINITE.filter(bool), FINITE.filter(bool))
def test_powers_are_in_the_order_of_magnitudes(one: float, other: float) -> None:
    for numbers in (MPF, DECIMAL):
        first, second = (numbers.power(numbers.exact(abs(value))) for value in (one, other))
        assert first is not None
        assert second is not None
        if first < second:
            assert abs(one) < abs(other)
    assert DECIMAL.power(Decimal("0e5")) is None
    assert MPF.power(mpmath.mpf(0)) is None


def test_precision_is_afterwards_as_it_was() -> None:
    before = mpmath.mp.dps
    with working(77):
        assert len(str(Decimal(1) / Decimal(3))) == 2 + 77
        assert mpmath.mp.dps == 77
    assert mpmath.mp.dps == before


def agree(one: Truth, other: Truth) -> None:
    names = [*one.nodes, "output", "loss"]
    for name in names:
        values = [truth.nodes[name] if name in truth.nodes else getattr(truth, name) for truth in (one, other)]
        if values[0] is None or is_nan(values[0]):
            assert values[1] is values[0] or is_nan(values[1])
        else:
            # 60 digits, less what some hundred operations lose
            assert abs(values[0] - values[1]) <= mpmath.mpf("1e-50") * (1 + abs(values[0]))
    assert (one.failures, one.singular, one.choices) == (other.failures, other.singular, other.choices)
    assert (one.smallest, one.largest) == pytest.approx((other.smallest, other.largest), rel=1e-12)


def both(model: Model, monkeypatch: pytest.MonkeyPatch) -> tuple[Oracle, Oracle]:
    """The oracle of a model with numbers of mpmath, and with decimals."""
    monkeypatch.setattr(oracles, "_FEW", 10**9)
    mpfs = Oracle(model)
    monkeypatch.setattr(oracles, "_FEW", 0)
    return mpfs, Oracle(model)


def point_of(model: Model, start: float) -> dict[str, float]:
    return {entry.name: start + 0.0371 * place for place, entry in enumerate(model.inputs)}


@pytest.mark.parametrize("start", [0.11, -0.83, 0.0, 7.3, 1e-200])
@pytest.mark.parametrize("name", [name for name in ZOO if name not in ("pieces", "every_op")])
def test_values_and_slopes_are_those_of_mpmath(name: str, start: float, monkeypatch: pytest.MonkeyPatch) -> None:
    model = ZOO[name]()
    mpfs, decimals = both(model, monkeypatch)
    point = point_of(model, start)
    root = "loss" if model.loss_expr is not None else mpfs.roots[-1]
    for noise in (None, 1):
        agree(mpfs.values(point, noise=noise), decimals.values(point, noise=noise))
        slopes = [oracle.gradient(point, root, noise=noise) for oracle in (mpfs, decimals)]
        for weight, slope in slopes[0].items():
            other = slopes[1][weight]
            # a difference by 1e-20 of the weight loses 20 of the digits
            assert is_nan(slope) is is_nan(other)
            assert is_nan(slope) or abs(slope - other) <= mpmath.mpf("1e-28") * (1 + abs(slope))


def test_every_function_serves_decimals(monkeypatch: pytest.MonkeyPatch) -> None:
    model = every_op()
    with working(60):
        program = compile_exactly(model, 60)
        if program.branching:
            pytest.skip("a Piecewise is left to numbers of mpmath")
        leaves = {name: 0.31 + 0.01 * place for place, name in enumerate(program.leaves)}
        targets = list(program.roots.values())
        exact = program.run({name: mpmath.mpf(value) for name, value in leaves.items()}, targets, [None] * len(program.steps))
        decimals = in_decimals(program)
        found = decimals.run({name: Decimal(value) for name, value in leaves.items()}, targets, [None] * len(program.steps))
        for one, other in zip(exact, found, strict=True):
            if one is NAN or isinstance(one, bool) or one is None:
                assert other is one
            else:
                assert abs(to_mpf(other) - one) <= mpmath.mpf("1e-50") * (1 + abs(one))


def test_a_pole_and_an_overflow_are_nan(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model("poles")
    a = model.weight("a")
    for name, expr in (("inverse", 1 / a), ("power", a ** (-3)), ("large", (a + 1e200) ** 2), ("root", (a - 1) ** 0.5)):
        model.node(name, expr)
    model.output("out", a)
    for oracle in both(model, monkeypatch):
        nodes = oracle.values({"a": 0.0}).nodes
        assert all(is_nan(nodes[name]) for name in ("inverse", "power", "large", "root"))


@pytest.mark.parametrize("family", FAMILIES)
def test_big_models_are_computed_with_decimals_and_agree(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = FAMILIES[family](120)
    mpfs, decimals = both(model, monkeypatch)
    point = point_of(model, 0.05)
    agree(mpfs.values(point), decimals.values(point))
    direction = {entry.name: 1.0 - 0.01 * place for place, entry in enumerate(model.weight_inputs)}
    one, other = (oracle.directional(point, "loss", direction) for oracle in (mpfs, decimals))
    assert abs(one - other) <= mpmath.mpf("1e-28") * abs(one)
    assert not math.isclose(float(one), 0.0)


def test_only_big_models_without_branches_are_computed_with_decimals() -> None:
    assert Oracle(perceptron(40))._program.numbers is MPF
    assert Oracle(perceptron(500))._program.numbers is DECIMAL


@pytest.mark.parametrize("family", FAMILIES)
def test_the_short_way_for_sums_and_products_gives_what_the_long_way_gives(family: str) -> None:
    model = FAMILIES[family](120)
    with working(60):
        program = in_decimals(compile_exactly(model, 60))
        noise, order = program.noise(1), range(len(program.steps))
        leaves = {name: Decimal(place % 7 - 3) / 8 for place, name in enumerate(program.leaves)}
        moved = {name: value + Decimal("1e-20") for name, value in leaves.items()}
        centre: list[Any] = [None] * len(order)
        program.complete(order, leaves, centre, noise, None)
        for at, blur, start in ((leaves, None, None), (leaves, noise, None), (moved, noise, centre)):
            short: list[Any] = [None] * len(order)
            program.complete(order, at, short, blur, start)
            long: list[Any] = [None] * len(order)
            Program.complete(program, order, at, long, blur, start)
            # both round at 60 digits, not always in the same order
            assert all(abs(one - other) <= abs(other) * Decimal("1e-57") for one, other in zip(short, long, strict=True))


def test_steps_that_are_alike_are_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = perceptron(1_000)
    oracle = Oracle(model)
    alone: list[int] = []
    one_by_one = DecimalProgram.one_by_one

    def noted(program: DecimalProgram, order: Sequence[int], *args: Any) -> None:
        alone.extend(order)
        one_by_one(program, order, *args)

    monkeypatch.setattr(DecimalProgram, "one_by_one", noted)
    oracle.values(point_of(model, 0.001), noise=1)
    assert len(alone) < 0.1 * oracle.steps


@pytest.mark.parametrize("value", [0.0, 1e200, math.inf, math.nan])
def test_batches_with_what_is_no_ordinary_number_give_what_single_steps_give(value: float) -> None:
    model = Model("rows")
    w, x = model.weights("w0:40"), model.features("x0:40")
    parts = [model.node(f"n{place}", 1 / (a * b + a * a)) for place, (a, b) in enumerate(zip(w, x, strict=True))]
    model.output("y_hat", sum(tanh(part) for part in parts))
    with working(60):
        program = in_decimals(compile_exactly(model, 60))
        point = {name: 0.25 + 0.01 * place for place, name in enumerate(program.leaves)} | {"w3": value, "x3": value}
        leaves = {name: Decimal(number) if math.isfinite(number) else NAN for name, number in point.items()}
        order, noise = range(len(program.steps)), program.noise(1)
        for blur in (None, noise):
            found: list[Any] = [None] * len(order)
            program.complete(order, leaves, found, blur, None)
            wanted: list[Any] = [None] * len(order)
            Program.complete(program, order, leaves, wanted, blur, None)
            for one, other in zip(found, wanted, strict=True):
                assert one is other or abs(one - other) <= abs(other) * Decimal("1e-57")


def test_a_difference_evaluates_what_moves_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    model = perceptron(1_000)
    oracle, point = Oracle(model), point_of(model, 0.001)
    oracle.values(point)
    evaluated: list[int] = []
    complete = DecimalProgram.complete

    def noted(program: DecimalProgram, order: Sequence[int], *args: Any) -> None:
        evaluated.append(len(order))
        complete(program, order, *args)

    monkeypatch.setattr(DecimalProgram, "complete", noted)
    name = model.weight_inputs[0].name
    oracle.slopes(point, ["loss"], [{name: 1.0}], one_sided=True)
    moved = oracle._moved(frozenset({name}))
    assert evaluated == [len(moved)]
    assert len(moved) < 20 < oracle.steps
