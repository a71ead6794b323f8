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
    assert (sp.cos(b - a).args[0], sp.sin(b - a)) == (a - b, -sp.sin(a - b))
    assert ((a + b).args, (b * a).args) == ((a, b), (a, b))
    x = declared("A", "feature", 0)  # weights stand before features that were declared earlier
    assert (sp.cos(x - b).args[0], str(b * x**2 + x)) == (b - x, f"{second}*A**2 + A")


def test_a_copy_is_the_same_symbol_and_prints_as_any_other() -> None:
    symbol = declared("a", "node", 3)
    assert pickle.loads(pickle.dumps(symbol)) == symbol  # noqa: S301  our own bytes
    assert copy.deepcopy(symbol) == copy.copy(symbol) == symbol == declared("a", "node", 3)
    assert symbol != declared("a", "node", 4)
    symbol = declared("alpha_1", "weight", 7)
    assert (str(symbol), sp.latex(symbol)) == ("alpha_1", r"\alpha_{1}")
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
