"""hyperbolic: one look at the graph, however many slopes of tanh it has."""

from typing import Any

import pytest
from built import one_output
from sympy import Add, tanh

from symgraph.generate import differentiated
from symgraph.passes.hyperbolic import alive, hyperbolic


@pytest.mark.parametrize("units", [3, 30])
def test_the_graph_is_searched_once_whatever_its_size(units: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def layer(x: Any, *w: Any) -> Any:
        return Add(*(b * tanh(a * x) for a, b in zip(w[::2], w[1::2], strict=True)))

    model = one_output(layer, features="x", weights=f"w0:{2 * units}")
    graph, calls = differentiated(model), []
    monkeypatch.setitem(hyperbolic.__globals__, "alive", lambda *args: calls.append(args) or alive(*args))
    after = hyperbolic(graph)
    assert sum(node.op == "cosh" for node in after.nodes) == units
    assert len(calls) == 1
