"""Weights with bounds, fixed, tied to others, with a natural value that has a range, or drawn by a law."""

import math
from typing import Any

import numpy as np
import pytest
import sympy as sp

import symgraph
from symgraph import Constant, Model, Normal, Uniform
from symgraph.compiler.generate import generate
from symgraph.errors import SpecError
from symgraph.judge.judged_points import points


def decay(declare: Any) -> Model:
    """A model y_hat = a*exp(-k*x), whose a and k a test declares."""
    model = Model("decay")
    x, y = model.feature("x"), model.target()
    a, k = declare(model)
    model.output("y_hat", a * sp.exp(-k * x))
    model.loss((y - model.output_node.symbol) ** 2)  # type: ignore[union-attr]
    return model


def test_bounds_and_fixed_weights_stand_in_the_metadata_and_initial_weights_are_moved_into_them() -> None:
    module = symgraph.compile(decay(lambda m: (m.weight("a", bounds=(0, None)), m.weight("k", init=2.0, fixed=True))), "numpy")
    assert (module.METADATA["bounds"], module.METADATA["fixed"]) == ({"a": (0.0, math.inf)}, ("k",))
    both = symgraph.compile(decay(lambda m: m.weights("a k", fixed=True)), "numpy")
    assert both.METADATA["fixed"] == module.WEIGHTS == ("a", "k")
    assert module.value_and_grad([1.0, 2.0], [0.5], [0.0])[1][1] != 0.0  # a fixed weight has its derivative
    drawn = symgraph.compile(decay(lambda m: m.weights("a k", bounds=(0.5, 0.75))), "numpy").initial_weights(0)
    assert drawn.tolist() == [0.5, 0.5]  # Normal(0, 0.01) does not reach them
    free, bounded = (generate(decay(lambda m, of=of: m.weights("a k", bounds=of)))[0].text for of in (None, (0, None)))
    assert free != bounded
    assert free[free.index("class Tape") :] == bounded[bounded.index("class Tape") :]


def test_a_tied_weight_leaves_w_and_becomes_a_node_and_may_follow_from_nodes_declared_later() -> None:
    model = decay(lambda m: m.weights("a k"))
    a, k = (entry.symbol for entry in model.weight_inputs)
    assert model.tie(k, 2 * a) == k
    module = symgraph.compile(model, "numpy")
    assert (module.WEIGHTS, module.NODES) == (("a",), ("k", "y_hat"))
    assert module.predict([0.5], [3.0]) == pytest.approx(0.5 * math.exp(-3.0), rel=4 * 2**-53, abs=0.0)  # one exp, two products
    model = decay(lambda m: m.weights("a k"))
    _, k = (entry.symbol for entry in model.weight_inputs)
    model.tie(k, model.node("square", model.weight("b") ** 2) + 1)
    module = symgraph.compile(model, "numpy")
    assert module.NODES == ("square", "k", "y_hat")
    assert module.predict([0.5, 2.0], [3.0]) == pytest.approx(0.5 * math.exp(-15.0), rel=4 * 2**-53, abs=0.0)


def test_natural_values_have_their_range_and_a_number_is_one_of_them_and_a_law_is_of_the_weight() -> None:
    model = Model("natural")
    k, p = model.positive("k", init=3.0), model.unit_interval("p", init=0.25)
    shares = model.simplex("s", 3)
    model.output("y_hat", k * p + sum(i * share for i, share in enumerate(shares)))
    module = symgraph.compile(model, "numpy")
    assert module.WEIGHTS == ("log_k", "logit_p", "log_s1", "log_s2")
    start = module.initial_weights(0)
    assert np.exp(start[0]) == pytest.approx(3.0, rel=2**-51, abs=0.0)  # log and exp, an ulp each
    assert 1 / (1 + np.exp(-start[1])) == pytest.approx(0.25, rel=2**-51, abs=0.0)
    for w in ([-50.0, 40.0, 700.0, -700.0], [0.0, -40.0, -3.0, 2.0]):
        tape = module.forward(w)
        assert tape.k > 0
        assert 0 < tape.p <= 1  # sigmoid(40) rounds to 1
        parts = [tape.s1, tape.s2, tape.s3]
        assert min(parts) >= 0  # exp(-1400) underflows
        assert math.fsum(parts) == pytest.approx(1.0, abs=4 * 2**-52 * 700)  # the rounding of a logarithm of size 700
    model = Model("starts")
    model.output("y_hat", model.positive("a", init=Constant(2.0)) + model.positive("b", init=2.0) + model.positive("c"))
    drawn = symgraph.compile(model, "numpy").initial_weights(0)
    assert drawn[:2].tolist() == [2.0, math.log(2.0)]
    assert abs(drawn[2]) < 0.1


@pytest.mark.parametrize(("mistake", "message"), [
    (lambda m: m.weight("c", fixed=1), "model m: weight 'c': fixed must be True or False, not 1"),
    (lambda m: m.unit_interval("c", init=1.0), "unit_interval 'c': init must be a number within (0, 1)"),
    (lambda m: m.constant("T", math.inf), "model m: constant 'T': its value must be a finite number, not inf"),
    (lambda m: m.constant("a", 3.0), "model m: constant 'a': the name is taken by a weight"),
    (lambda m: m.tie(m.weight("c", fixed=True), 1), "model m: tie c: a weight with bounds or fixed=True stays in w"),
])  # fmt: skip
def test_mistakes_are_named_with_what_to_do(mistake: Any, message: str) -> None:
    """Others are in the table of tests/cli/spec_mistakes.py."""
    model = Model("m")
    model.weights("a b")
    with pytest.raises(SpecError) as caught:
        mistake(model)
    assert message in str(caught.value)


def test_laws_are_values() -> None:
    assert Normal(0, 1) == Normal(0.0, 1.0)
    assert Uniform(0, 1) != Uniform(0, 2)
    assert len({Constant(1), Constant(1), Constant(2)}) == 2
    with pytest.raises(AttributeError):
        Constant(1).value = 2  # type: ignore[misc]


@pytest.mark.parametrize(("make", "words"), [
    (lambda: Normal(0, 0), "Normal: std must be positive, not 0; use Constant"),
    (lambda: Normal(math.nan, 1), "Normal: mean must be a finite number, not nan"),
    (lambda: Normal("0", 1), "Normal: mean must be a finite number, not '0'"),
    (lambda: Normal(True, 1), "Normal: mean must be a finite number, not True"),
    (lambda: Uniform(1, 1), "Uniform: low must be below high, not 1 and 1"),
    (lambda: Uniform(-math.inf, 1), "Uniform: low must be a finite number"),
    (lambda: Uniform(0, None), "Uniform: high must be a finite number, not None"),
    (lambda: Constant(math.inf), "Constant: value must be a finite number, not inf"),
])  # fmt: skip
def test_parameters_that_no_law_can_have_are_refused_by_name(make: Any, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        make()


def of_positive_weights(**how: Any) -> Model:
    """A quotient of a Kalman filter's kind: 0.5*q + 5 over itself and r."""
    model = Model("gain")
    q, r = model.positive("q", **how), model.positive("r", **how)
    model.loss((sp.Rational(1, 2) * q + 5) / (sp.Rational(1, 2) * q + r + 5))
    return model


def test_formulas_rely_on_the_range_of_a_positive_weight_and_checks_stay_in_it() -> None:
    """Where an exponential may overflow, the quotient is divided by the largest one: max, min and more exponentials."""
    assert {entry.range for entry in of_positive_weights().weight_inputs} == {(-40.0, 40.0)}
    text = generate(of_positive_weights())[0].text
    assert text.count("np.exp(") == 2
    assert "maximum" not in text
    drawn = points(of_positive_weights(), ("huge", "saturated", "magnitudes", "near zeros"), 200).values
    assert np.all(np.abs(drawn) <= 40.0)
    model = of_positive_weights(init=1e-40).freeze()  # beyond the range: nothing is known of such a weight
    assert {entry.range for entry in model.weight_inputs} == {(-math.inf, math.inf)}
    assert "maximum" in generate(model)[0].text
    module = symgraph.compile(of_positive_weights(), "numpy")
    assert module.loss([200.0, -200.0]) == 1.0  # such a weight is no error
