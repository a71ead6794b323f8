"""Walks without recursion, digests that depend on structure alone, and symbols that SymPy sorts by their place."""

import copy
import itertools
import pickle

import pytest
import sympy as sp

from symgraph import Model
from symgraph.spec.canonical import digests, ordered, postorder, replaced, symbols_of
from symgraph.spec.declared import declared

x, y, z = sp.symbols("x y z", real=True)


def digest(expr: sp.Basic) -> str:
    return digests([expr])[expr]


def test_arguments_come_once_before_what_uses_them_without_recursion_and_symbols_are_the_free_ones() -> None:
    expr = sp.sin(x * y) + sp.exp(x * y) / (1 + x)
    order = list(postorder([expr, sp.sin(x * y)]))
    assert len(order) == len(set(order))
    assert all(order.index(arg) < index for index, part in enumerate(order) for arg in part.args)
    assert set(order) == set(sp.preorder_traversal(expr))
    expr = x
    for _ in range(5000):
        expr = sp.sin(expr, evaluate=False)  # evaluation recurses
    assert len(list(postorder([expr]))) == len(digests([expr])) == 5001
    assert (symbols_of(expr), symbols_of(sp.Piecewise((x, y > 0), (sp.log(z), True)))) == ({x}, {x, y, z})
    assert symbols_of(sp.Integer(3)) == frozenset()


def test_digests_are_the_same_in_any_order_and_on_every_machine_and_differ_where_expressions_do() -> None:
    for kind, operands in ((sp.Add, (x, y, z)), (sp.Mul, (x, y)), (sp.Max, (x, y)), (sp.And, (x > 0, y > 0)), (sp.Eq, (x, y))):
        assert digest(kind(*operands, evaluate=False)) == digest(kind(*operands[::-1], evaluate=False)), kind
    different = [
        x - y, y - x, x**y, y**x, x < y, y < x, x <= y, sp.Float(0.1), sp.Rational(1, 10), sp.Float("0.1", 30), sp.Integer(2),
        sp.Float(2), sp.Float(-2), sp.pi, sp.E, sp.sin(x), sp.cos(x), sp.sin(y), sp.atan2(x, y), sp.atan2(y, x), sp.true,
        sp.false, sp.Piecewise((x, z > 0), (y, True)), sp.Piecewise((y, z > 0), (x, True)),
    ]  # fmt: skip
    for one, other in itertools.combinations(different, 2):
        assert digest(one) != digest(other), (one, other)
    # computed once; a change here changes the hash of every model, and with it every generated file
    assert digest(sp.sin(x * y) + sp.Rational(1, 3) * sp.exp(-z) + 0.1) == "d726cbc7e38bf909e2b880c6"


def in_order(expr: sp.Basic, *places: sp.Symbol) -> list[sp.Basic]:
    """The operands of an expression as they are to stand."""
    order = ordered([expr], {symbol: place for place, symbol in enumerate(places)})
    return sorted(expr.args, key=order.__getitem__)


@pytest.mark.parametrize("names", [(x, y, z), (z, y, x), (y, z, x)])
def test_operands_stand_by_first_leaf_then_by_size_then_by_sign_then_by_leaves(names: tuple[sp.Symbol, ...]) -> None:
    a, b, c = names
    assert in_order(c + b + a * c, *names) == [a * c, b, c]
    assert in_order(sp.exp(a) * sp.sin(sp.exp(a)) * a, *names) == [a, sp.exp(a), sp.sin(sp.exp(a))]
    assert in_order(a * sp.exp(-b) + a * sp.exp(b), *names) == [a * sp.exp(b), a * sp.exp(-b)]
    assert in_order(sp.exp(2 * a) + sp.exp(-2 * a) + sp.exp(3 * a), *names) == [sp.exp(2 * a), sp.exp(3 * a), sp.exp(-2 * a)]
    assert in_order(a * sp.sin(c) + a * sp.sin(b), *names) == [a * sp.sin(b), a * sp.sin(c)]


def test_structure_decides_before_the_places_of_leaves_and_replaced_symbols_are_evaluated_anew() -> None:
    for places in ((x, y, z), (x, z, y)):
        assert in_order(x * sp.exp(y) + x * sp.sin(z), *places) == [x * sp.exp(y), x * sp.sin(z)]
    terms = [x * y, y * z, sp.exp(-x), sp.exp(x), sp.Integer(3)]
    for several in (terms, terms[::-1]):
        order = ordered([sp.Add(*several, evaluate=False)], {x: 0, y: 1, z: 2})
        assert sorted(terms, key=order.__getitem__) == [x * y, sp.exp(x), sp.exp(-x), y * z, 3]
    assert replaced(sp.sin(x - y) * z, {x: y, y: x}) == -sp.sin(x - y) * z
    kept = sp.Mul(2, x + y, evaluate=False)
    assert replaced(kept, {z: x}) is kept


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
