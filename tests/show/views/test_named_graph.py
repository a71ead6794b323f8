"""The graph that people look at: its edges are the uses in the spec, its numbers those of the reference."""

import math

import numpy as np
import pytest
from corpus import CORPUS, thirds
from sympy import Symbol, exp

from symgraph import Model
from symgraph.judge.reference import number, reference
from symgraph.judge.verification_points import Sampler
from symgraph.show.views.named_graph import NamedGraph


def squares() -> Model:
    model = Model("squares")
    x, y, (a, k) = model.feature("x"), model.target("y"), model.weights("a k")
    model.loss((y - model.output("y_hat", a * model.node("decay", exp(-k * x)))) ** 2)
    model.penalty(0.5 * k**2)
    return model


def test_edges_are_the_uses_with_their_local_partials_and_numbers_at_a_row_are_what_each_passes_on() -> None:
    graph = NamedGraph(squares())
    found = {(edge.source, edge.target): str(edge.partial) for edge in graph.edges}
    assert found == {
        ("k", "decay"): "-x*decay", ("x", "decay"): "-k*decay", ("a", "y_hat"): "decay", ("decay", "y_hat"): "a",
        ("y", "loss"): "2*y - 2*y_hat", ("y_hat", "loss"): "-2*y + 2*y_hat", ("k", "penalty"): "1.0*k",
    }  # fmt: skip
    assert graph.by_name["loss"].symbol == Symbol("loss")  # no symbol of the model
    assert [vertex.kind for vertex in graph.vertices] == [
        "feature", "weight", "weight", "target", "node", "output", "loss", "penalty"
    ]  # fmt: skip
    numbers = graph.numbers({"x": 2.0, "a": 3.0, "k": 0.5, "y": 1.0})
    decay = math.exp(-1.0)
    slope = 2 * (3 * decay - 1)
    expected = {"loss": 1.0, "penalty": 1.0, "y_hat": slope, "y": -slope, "a": slope * decay, "decay": 3 * slope}
    expected |= {"x": 3 * slope * -decay * 0.5, "k": 3 * slope * -decay * 2 + 0.5}
    # some ten operations of correctly rounded functions stand between these and the exact numbers; that of k is a difference
    assert dict(numbers.cotangents) == pytest.approx(expected, rel=2e-15, abs=2**-51)
    assert numbers.values["penalty"] == 0.125
    assert [numbers.passed(edge) for edge in graph.edges if edge.source == "k"] == pytest.approx([-6 * slope * decay, 0.5])
    model = Model("line")
    model.output("y_hat", model.weight("a") * model.feature("x"))
    numbers = NamedGraph(model).numbers({"a": 2.0, "x": 3.0})
    assert (numbers.values, numbers.cotangents) == ({"a": 2.0, "x": 3.0, "y_hat": 6.0}, {})


@pytest.mark.parametrize("name", thirds(name for name, make in CORPUS.items() if make().loss_expr is not None))
def test_cotangents_of_inputs_are_the_partials_of_the_reference(name: str) -> None:
    """Each is a sum over edges of numbers rounded a few times; intermediate values, rounded as well, shift slopes."""
    model = CORPUS[name]()
    graph, truth_of = NamedGraph(model), reference(model)
    batch = Sampler(truth_of, 0, None, 1).draw()
    assert batch is not None
    for point in batch.points:
        numbers, truth = graph.numbers(point), truth_of.truth(point).partials["loss"]
        size = max((abs(cotangent) for cotangent in numbers.cotangents.values()), default=1.0)
        for entry in model.inputs:
            true, found = number(truth[entry.name]), numbers.cotangents[entry.name]
            if np.isfinite(true) and np.isfinite(size):
                assert found == pytest.approx(true, rel=1e-9, abs=1e-9 * size), (entry.name, point)
