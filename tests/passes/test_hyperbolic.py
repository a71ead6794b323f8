"""hyperbolic: one look at the graph, however many slopes of tanh it has."""

import pytest
from sympy import Add, tanh

from symgraph import Model
from symgraph.generate import differentiated
from symgraph.passes.hyperbolic import alive, hyperbolic


def layer(units: int) -> Model:
    model = Model("layer")
    x, y = model.feature("x"), model.target("y")
    w = model.weights(f"w0:{2 * units}")
    model.loss((y - Add(*(b * tanh(a * x) for a, b in zip(w[::2], w[1::2], strict=True)))) ** 2)
    return model


@pytest.mark.parametrize("units", [3, 30])
def test_the_graph_is_searched_once_whatever_its_size(units: int, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, calls = differentiated(layer(units)), []
    monkeypatch.setitem(hyperbolic.__globals__, "alive", lambda *args: calls.append(args) or alive(*args))
    after = hyperbolic(graph)
    assert sum(node.op == "cosh" for node in after.nodes) == units
    assert len(calls) == 1
