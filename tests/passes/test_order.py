"""order: the same product, without the inf * 0 that an early overflow makes."""

import math

import mpmath
import numpy as np
import pytest
from zoo import ZOO

import symgraph
from examples.nine_weights.model import model
from symgraph.derive.adjoint import differentiate
from symgraph.derive.lowering import lower
from symgraph.ir.evaluate import MPMATH, evaluate
from symgraph.ir.well_formed import verify_graph
from symgraph.passes import PIPELINE, order, run_passes


@pytest.mark.parametrize("name", ZOO)
def test_the_roots_keep_their_values_but_for_the_order_of_roundings(name: str) -> None:
    graph = run_passes(PIPELINE[: PIPELINE.index(order)], differentiate(lower(ZOO[name]())))
    result = verify_graph(order(graph))
    names = sorted({str(node.data) for node in graph.nodes if isinstance(node.data, str)})
    with mpmath.workdps(40):
        leaves = {name: mpmath.mpf(index + 2) / 7 for index, name in enumerate(names)}
        before, after = (evaluate(g, leaves, MPMATH, mpmath.mpf) for g in (graph, result))
        for root, position in graph.roots.items():
            here, there = before[position], after[result.roots[root]]
            # the same factors in another order, at 40 digits
            assert here == there or abs(here - there) <= abs(here) * mpmath.mpf("1e-35"), root


def test_the_founding_model_has_no_nan_where_weights_of_the_size_1e200_saturate_the_sigmoid() -> None:
    w = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, -1e200, 1e200])
    grad = symgraph.compile(model, "numpy").per_sample_grad(w, np.ones((1, 5)), np.array([1e120]))
    # d_y_hat * w9 overflows; the slope of the sigmoid, exp(-1e200), is 0 and so are all partials through it
    assert list(grad[0, [2, 3, 4, 7]]) == [0.0] * 4
    assert math.isfinite(grad[0, 6])
