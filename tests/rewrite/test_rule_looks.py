"""Cheap looks before the search for rules: what they leave out has no match; see also ``test_a_glance_hides_no_match``."""

from unittest.mock import patch

import pytest
import sympy as sp

from symgraph import Model
from symgraph.derive.lowering import lower
from symgraph.ir.graph import Graph
from symgraph.rewrite import RULES, VALUE_RULES, apply_rules
from symgraph.rewrite.glance import Glance

a, b, c = sp.symbols("a b c", real=True)


def graph_of(expr: sp.Expr, named: sp.Expr = a - b) -> Graph:
    """The graph of an expression, in which a part has a name."""
    model = Model("case")
    model.weights(" ".join(sorted(symbol.name for symbol in expr.free_symbols)))
    model.output("out", expr.subs(named, model.node("n", named)) if named.free_symbols <= expr.free_symbols else expr)
    return lower(model)


@pytest.mark.parametrize("expr", [
    (a * b) * sp.exp(c) - a * b, -a * b * sp.exp(c) + a * b, (a - b) * sp.exp(c) - a + b, (b - a) * sp.exp(c) + a - b,
    -a * sp.exp(b) + a * sp.exp(c),
])  # fmt: skip
def test_differences_are_found_under_any_sign_and_name(expr: sp.Expr) -> None:
    graph = graph_of(expr)
    with patch.object(Glance, "shows", lambda *_: True):
        wanted = apply_rules(graph, VALUE_RULES)
    assert apply_rules(graph, VALUE_RULES) == wanted
    assert wanted is not graph


def test_a_quotient_is_found_as_a_divisor_and_what_a_rule_has_replaced_is_not_replaced_again() -> None:
    found = apply_rules(graph_of(sp.sin(1 / sp.tanh(b)) * sp.tanh(b)), RULES)  # sin(x)/x with x = 1/tanh(b)
    assert "sinc" in {node.op for node in found.nodes}
    found = apply_rules(graph_of(a + sp.sqrt(a**2 + b**2)), RULES)  # sqrt(x) - y could be made a quotient, hypot(a, b) - y not
    assert {node.op for node in found.nodes if node.data is None} == {"add", "hypot", "sub"}
