"""Drawing points: domains, sizes, and repeatability."""

import math

import numpy as np
import pytest
import sympy as sp
from built import one_output
from hypothesis import given, settings
from hypothesis import strategies as st
from written import written
from zoo import ZOO, nine_weights

from symgraph import Constant, Model, Normal, Uniform
from symgraph.judge import verification_points
from symgraph.judge.expected import expect
from symgraph.judge.reference import Reference
from symgraph.judge.verification_points import Batch, Sampler
from symgraph.spec.laws import Law

BOUND = st.floats(-1e9, 1e9).map(lambda bound: round(bound, 3))  # no domain of weights below 1e-100, which nothing can judge
DOMAINS = st.one_of(
    st.tuples(BOUND, BOUND).filter(lambda pair: pair[0] < pair[1]),
    BOUND.map(lambda low: (low, math.inf)),
    BOUND.map(lambda high: (-math.inf, high)),
    st.just((0.0, math.inf)),
)


def batches(model: Model, count: int, seed: int = 0, sample: object = None) -> list[Batch]:
    return Sampler(Reference(model), seed, sample, 3).several(count)  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(DOMAINS, DOMAINS, st.integers(0, 100))
def test_points_lie_inside_the_declared_domains(
    of_feature: tuple[float, float], of_weight: tuple[float, float], seed: int
) -> None:
    drawn = batches(written(lambda x, a: a + x, x=of_feature, a=of_weight), 4, seed)
    assert len(drawn) == 4
    for batch in drawn:
        assert of_weight[0] < batch.weights["a"] < of_weight[1]
        assert all(of_feature[0] < row["x"] < of_feature[1] for row in batch.rows)


def test_bounded_domains_are_covered_and_wide_ones_by_order_of_magnitude() -> None:
    drawn = batches(written(lambda x, a: a * x, x=(400, 500), a=(1e-6, 1e6)), 200)
    xs = [row["x"] for batch in drawn for row in batch.rows]
    exponents = [math.log10(batch.weights["a"]) for batch in drawn]
    # 200 uniform draws leave the outer tenth on a side empty with probability 0.9**100
    assert min(xs) < 410 < 490 < max(xs)
    assert min(exponents) < -4 < 4 < max(exponents)


def test_weights_are_also_drawn_near_their_initial_values() -> None:
    model = Model("initial")
    model.output("out", model.weight("a", init=Constant(12345.0)) * model.feature("x"))
    assert any(8000 < batch.weights["a"] < 17000 for batch in batches(model, 60))


@pytest.mark.parametrize("law", [Constant(1e-180), Normal(0.0, 1e-180), Uniform(1e-180, 3e-180)])
def test_a_model_that_is_finite_only_near_its_initial_weights_is_drawn_there(law: Law) -> None:
    model = Model("tiny")
    x, a, b = model.feature("x"), *model.weights("a b", init=law)
    model.output("out", (a + b) * x * sp.Float("1e180"))
    drawn = batches(model, 6)
    assert len(drawn) == 6
    assert all(0 < abs(value) < 1e-178 for batch in drawn for value in batch.weights.values())  # far from every fixed scale
    assert all(batch.weights["a"] != batch.weights["b"] for batch in drawn)
    assert len({batch.weights["a"] for batch in drawn}) > 1


def test_the_search_of_a_big_model_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    model, evaluated, counts, look = written(lambda x, a: sp.sqrt(-1 - (a * x) ** 2)), [], [], Reference.look
    monkeypatch.setattr(Reference, "look", lambda *args: evaluated.append(args) or look(*args))
    for cost in (verification_points._SEARCH_COST, 1):
        monkeypatch.setattr(verification_points, "_SEARCH_COST", cost)
        evaluated.clear()
        assert batches(model, 1) == []
        counts.append(len(evaluated))
    # what is drawn before the search is the same
    assert counts[0] - counts[1] == verification_points.SEARCH - 100


def test_the_same_seed_draws_the_same_points_and_another_seed_others() -> None:
    first, again, another = (batches(nine_weights(), 5, seed) for seed in (7, 7, 8))
    assert first == again != another


@pytest.mark.parametrize("name", ["pieces", "Rat43", "Thurber", "MGH17", "every_op"])
def test_everything_is_finite_and_of_ordinary_size_at_every_point(name: str) -> None:
    reference, drawn = Reference(ZOO[name]()), batches(ZOO[name](), 10)
    assert len(drawn) == 10
    for look in (reference.look(point) for batch in drawn for point in batch.points):
        assert look.failures == 0
        assert 1e-100 <= look.smallest <= look.largest <= 1e40


def test_a_batch_has_one_row_where_the_model_has_none_and_rows_of_a_sample_otherwise() -> None:
    assert {len(batch.rows) for batch in batches(ZOO["rosenbrock"](), 5)} == {1}
    assert {len(batch.rows) for batch in batches(ZOO["location"](), 5)} == {3}
    X, y = np.arange(50.0).reshape(10, 5) / 50, np.arange(10.0)
    real = [batch for batch in batches(nine_weights(), 10, sample=(X, y)) if batch.real]
    assert len(real) == 5
    for row in (row for batch in real for row in batch.rows):
        assert [row[f"f{number}"] for number in range(1, 6)] == X[int(row["y"])].tolist()


def test_habits_that_never_succeed_are_used_less() -> None:
    def logs(*inputs: sp.Symbol) -> sp.Expr:
        return sp.Add(*(sp.log(x) * sp.log(w) for x, w in zip(inputs[:4], inputs[4:], strict=True)))

    drawn = batches(one_output(logs, features="x1:5", weights="k1:5"), 40)
    assert len(drawn) == 40
    assert all(value > 0 for batch in drawn for value in batch.weights.values())


def test_expectations_are_sums_over_rows_and_tolerances_follow_conditioning() -> None:
    # sin(1e6) and sin(1e13) lose 6 and 13 digits to the rounding of a*x
    batch = Batch({"a": 1.0, "b": 2.0}, ({"x": 1.0}, {"x": 1e6}, {"x": 1e13}), ("", ""), False)
    out = expect(Reference(written(lambda x, a, b: sp.sin(a * x) + b)), batch.points)["output"]
    assert out.judged.tolist() == [True, True, False]
    assert out.tolerance[0] < out.tolerance[1] < out.tolerance[2]
    total = out.total(np.array([1.0, 0.5, 0.0]))
    assert total.want == out.want[0] + 0.5 * out.want[1]
    # the row without a share adds nothing, the sum itself a few roundings
    assert total.tolerance == pytest.approx(out.tolerance[0] + 0.5 * out.tolerance[1], abs=1e-12)
