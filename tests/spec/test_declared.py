"""symgraph.spec.declared: symbols that SymPy sorts by their place and not by their name."""

import copy
import pickle

import pytest
import sympy as sp

from symgraph import Model
from symgraph.spec.declared import declared


@pytest.mark.parametrize(("first", "second"), [("a", "b"), ("b", "a"), ("Z", "a"), ("x10", "x9")])
def test_sympy_keeps_the_sign_that_places_say(first: str, second: str) -> None:
    a, b = declared(first, "weight", 0), declared(second, "weight", 1)
    assert sp.cos(b - a).args[0] == a - b
    assert sp.sin(b - a) == -sp.sin(a - b)
    assert sp.Abs(b - a).args[0] == a - b
    assert (a + b).args == (a, b)
    assert (b * a).args == (a, b)


def test_a_weight_stands_before_a_feature_that_was_declared_earlier() -> None:
    x, w = declared("a", "feature", 0), declared("b", "weight", 1)
    assert sp.cos(x - w).args[0] == w - x
    assert str(w * x**2 + x) == "b*a**2 + a"


def test_a_copy_is_the_same_symbol() -> None:
    symbol = declared("a", "node", 3)
    assert pickle.loads(pickle.dumps(symbol)) == symbol  # noqa: S301  our own bytes
    assert copy.deepcopy(symbol) == copy.copy(symbol) == symbol == declared("a", "node", 3)
    assert symbol != declared("a", "node", 4)


def test_it_prints_as_any_other_symbol() -> None:
    symbol = declared("alpha_1", "weight", 7)
    assert str(symbol) == "alpha_1"
    assert sp.latex(symbol) == r"\alpha_{1}"
    assert eval(sp.srepr(2 * symbol), vars(sp).copy()) == 2 * sp.Symbol("alpha_1", real=True)


def test_a_real_symbol_of_the_users_own_stands_for_the_models() -> None:
    x, a = sp.Symbol("x", real=True), sp.Symbol("a", real=True)
    models = []
    for made in ((x, a), None):
        model = Model("own")
        own = model.feature("x"), model.weight("a")
        one, two = made or own
        model.output("out", sp.sin(two - one) * two)
        assert model.nodes[0].expr.free_symbols == set(own)
        models.append(model)
    assert models[0].nodes[0].expr == models[1].nodes[0].expr
