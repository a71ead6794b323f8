"""Derivations: each formula that is shown is the gradient, and reads as a person would write it."""

import math
from typing import Any

import pytest
from corpus import CORPUS
from flint import arb
from sympy import Add, Symbol, exp, log, tanh

from symgraph import Model
from symgraph.errors import SpecError
from symgraph.judge.reference import Reference, number, reference
from symgraph.judge.verification_points import Sampler
from symgraph.show.views.derivation import Derivation, derivation
from symgraph.show.views.formulas import cotangent, formula
from symgraph.show.views.named_graph import NamedGraph
from symgraph.show.views.styles import STYLES
from symgraph.spec.inputs import NamedNode
from symgraph.spec.ops.sympy_classes import sigmoid

QUICK = (
    "nine_weights", "logistic", "energy", "pieces", "penalty", "softmax", "heteroscedastic", "hill", "sawtooth", "net_relu"
)  # fmt: skip
OTHERS = [name for name, build in CORPUS.items() if name not in QUICK and build().loss_expr is not None]


def gradients(derived: Derivation) -> dict[str, str]:
    return {one.name: formula(one.formula, STYLES["text"]) for one in derived.weights}


def line(*declare: Any) -> Model:
    model = Model("line")
    x, a, b, _ = model.feature("x"), model.weight("a"), model.weight("b"), model.target("y")
    z = a * x + b
    for one in declare:
        one(model, z)
    return model


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(one, marks=pytest.mark.slow) for one in OTHERS)])
def test_the_formula_of_each_weight_is_the_gradient_of_the_reference(name: str) -> None:
    model = CORPUS[name]()
    derived = derivation(model)
    values = {one: Add(*(term.value for term in one.formula)) for one in (*derived.cotangents, *derived.weights)}
    places = {end.name: Symbol(end.name) for end in derived.graph.ends}  # the loss of exp(z) stands in its own derivative
    nodes = [NamedNode(end, symbol, getattr(model, f"{end}_expr")) for end, symbol in places.items()]
    order = {vertex.name: place for place, vertex in enumerate(NamedGraph(model).vertices)}
    nodes += [NamedNode(f"d {one.name}", cotangent(one.name, order[one.name]), value) for one, value in values.items()]
    whole = Reference(model.with_nodes([NamedNode(f"the {node.name}", node.symbol, node.expr) for node in nodes]))
    batch = Sampler(reference(model), 7, None, 2).draw()
    assert batch is not None
    compared = 0
    for point in batch.points:
        shown, truth = whole.truth(point).nodes, reference(model).truth(point).partials["loss"]
        part = reference(model).penalty
        beside = {} if part is None else part.truth(point).partials["loss"]
        for weight in derived.weights:
            wanted, found = truth[weight.name], shown[f"the d {weight.name}"]
            if isinstance(wanted, arb):
                wanted += beside.get(weight.name, 0)
                assert isinstance(found, arb), f"{weight.name} at {point}"
                # coefficients that are floats are multiplied, some ten of them at most; all else is exact
                assert abs(found - wanted) <= 1e-14 * (abs(wanted) + abs(found)) + 1e-300, f"{weight.name} at {point}"
                compared += 1
    assert compared >= len(derived.weights)


@pytest.mark.parametrize("name", QUICK)
def test_the_numbers_beside_the_steps_multiply_to_the_gradient(name: str) -> None:
    model = CORPUS[name]()
    batch = Sampler(reference(model), 3, None, 1).draw()
    assert batch is not None
    (point,) = batch.points
    derived = derivation(model, point)
    cotangents = derived.numbers.cotangents
    for one in (*derived.cotangents, *derived.weights):
        parts = []
        for chain in one.chains:
            numbers = (number for *_, number in derived.steps(chain))
            parts.append(math.prod(numbers, start=cotangents[chain.start]))  # type: ignore[type-var]
            assert derived.number(chain) == pytest.approx(parts[-1], rel=1e-15, abs=0.0)
        # each factor is rounded once, and the terms may cancel
        assert cotangents[one.name] == pytest.approx(sum(parts), rel=1e-14, abs=1e-14 * sum(map(abs, parts)))
    truth = reference(model).truth(point).partials["loss"]
    part = reference(model).penalty
    for weight in derived.weights:
        beside = 0.0 if part is None else number(part.truth(point).partials["loss"].get(weight.name, arb(0)))
        assert cotangents[weight.name] == pytest.approx(number(truth[weight.name]) + beside, rel=1e-15, abs=0.0)


def test_a_chain_names_each_node_between_the_loss_and_the_weight() -> None:
    derived = derivation(CORPUS["nine_weights"]())
    (chain,) = derived.weights[0].chains
    assert [(edge.target, edge.source) for edge in chain.edges] == [
        ("loss", "y_hat"), ("y_hat", "tanh"), ("tanh", "exp"), ("exp", "t"), ("t", "w1")
    ]  # fmt: skip
    assert [formula(partial, STYLES["text"]) for _, partial, _ in derived.steps(chain)] == [
        "-2*(y - y_hat)", "1", "1 - tanh**2", "2*exp*t", "f1"
    ]  # fmt: skip


def cross_entropy(p: Any) -> Any:
    return lambda m, z: m.loss(-(y := m.target_input.symbol) * log(q := m.output("p", p(z))) - (1 - y) * log(1 - q))


LOSSES = {
    "squared_error": ("-2*(y - y_hat)", lambda m, z: (m.output("y_hat", z), m.loss("squared_error"))),
    "absolute_error": ("-sign(y - y_hat)", lambda m, z: (m.output("y_hat", z), m.loss("absolute_error"))),
    "bce_with_logits": ("sigmoid(z) - y", lambda m, z: (m.output("z", z), m.loss("bce_with_logits"))),
    "a sigmoid's slope cancels": ("p - y", cross_entropy(sigmoid)),
    "a sigmoid that is written out": ("p - y", cross_entropy(lambda z: 1 / (1 + exp(-z)))),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_usual_loss_has_the_derivative_of_textbooks(loss: str) -> None:
    expected, declare = LOSSES[loss]
    by_a = f"({expected})*x" if expected.endswith("- y") else f"{expected}*x"
    assert gradients(derivation(line(declare))) == {"a": by_a, "b": expected}


LIKELIHOODS = {
    "gaussian": (lambda z: z, {"sigma": 2}, "(mean - y)/4"),
    "student_t": (lambda z: z, {"scale": 1, "nu": 3}, "-4*(y - mean)/((y - mean)**2 + 3)"),
    "poisson": (exp, {}, "mean - y"),
    "gamma": (exp, {"shape": 3}, "3*(1 - y/mean)"),
    "negative_binomial": (exp, {"dispersion": 1}, "-(y - mean)/(mean + 1)"),
    "binomial": (sigmoid, {"trials": 5}, "5*mean - y"),
    "binomial_with_logits": (lambda z: z, {"trials": 5}, "5*sigmoid(mean) - y"),
}


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_a_likelihood_has_the_score_of_textbooks(name: str) -> None:
    link, given, expected = LIKELIHOODS[name]
    model = line(lambda m, z: m.output("mean", link(z)), lambda m, _: m.likelihood(name, **given))
    assert gradients(derivation(model))["b"] == expected


def test_the_likelihood_of_classes_has_shares_less_the_class_that_is_there() -> None:
    model = Model("classes")
    x, _, (a, b) = model.feature("x"), model.target("y"), model.weights("a b")
    model.likelihood("categorical", logits=[model.node("first", a * x), model.node("second", b * x), 0])
    found = gradients(derivation(model))
    assert found["a"] == "(exp(first)/(exp(first) + exp(second) + 1) - (1 if y == 0 else 0))*x"
    assert found["b"] == "(exp(second)/(exp(first) + exp(second) + 1) - (1 if y == 1 else 0))*x"


def test_a_node_that_is_used_twice_has_a_cotangent_that_is_defined_once_and_cuts_a_long_chain() -> None:
    model = Model("shared")
    x, y, (a, b) = model.feature("x"), model.target("y"), model.weights("a b")
    h = model.node("h", tanh(a * x))
    model.loss((y - model.output("y_hat", b * h + h**2)) ** 2 + h**2)
    derived = derivation(model)
    (found,) = derived.cotangents
    assert (found.name, len(found.chains)) == ("h", 2)
    assert formula(found.formula, STYLES["text"]) == "2*h - 2*(y - y_hat)*(b + 2*h)"
    assert gradients(derived) == {"a": "d_h*(1 - h**2)*x", "b": "-2*(y - y_hat)*h"}
    model = Model("deep")
    value = model.weight("a")
    for place in range(20):
        value = model.node(f"h{place}", tanh(value))
    model.loss(value**2)
    derived = derivation(model)
    assert max(len(chain.edges) for one in (*derived.cotangents, *derived.weights) for chain in one.chains) <= 7
    assert len(derived.cotangents) == 3


def test_a_penalty_is_a_second_end_and_a_model_without_loss_is_refused() -> None:
    model = line(LOSSES["squared_error"][1])
    model.penalty(model.weight_inputs[1].symbol ** 2 / 10)
    derived = derivation(model)
    assert [end.name for end in derived.graph.ends] == ["loss", "penalty"]
    assert gradients(derived)["b"] == "b/5 - 2*(y - y_hat)"
    model = line(lambda m, z: m.output("y_hat", z))
    with pytest.raises(SpecError, match=r"model line: it has no loss to derive; set one with model\.loss"):
        derivation(model)
