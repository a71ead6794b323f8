"""symgraph.spec.canonical: walks without recursion, and digests that depend on structure alone."""

import pytest
import sympy as sp

from symgraph.spec.canonical import digests, ordered, postorder, replaced, symbols_of

x, y, z = sp.symbols("x y z", real=True)


def digest(expr: sp.Basic) -> str:
    return digests([expr])[expr]


def test_arguments_come_before_what_uses_them_and_nothing_comes_twice() -> None:
    expr = sp.sin(x * y) + sp.exp(x * y) / (1 + x)
    order = list(postorder([expr, sp.sin(x * y)]))
    assert len(order) == len(set(order))
    for index, part in enumerate(order):
        assert all(order.index(arg) < index for arg in part.args)
    assert set(order) == set(sp.preorder_traversal(expr))


def test_the_walk_does_not_recurse() -> None:
    expr = x
    for _ in range(5000):
        expr = sp.sin(expr, evaluate=False)  # evaluation recurses
    assert len(list(postorder([expr]))) == 5001
    assert symbols_of(expr) == {x}
    assert len(digests([expr])) == 5001


def test_symbols_of_an_expression_are_its_free_symbols() -> None:
    expr = sp.Piecewise((x, y > 0), (sp.log(z), True))
    assert symbols_of(expr) == expr.free_symbols
    assert symbols_of(sp.Integer(3)) == frozenset()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (sp.Add(x, y, z, evaluate=False), sp.Add(z, y, x, evaluate=False)),
        (sp.Mul(x, y, evaluate=False), sp.Mul(y, x, evaluate=False)),
        (sp.Max(x, y), sp.Max(y, x)),
        (sp.And(x > 0, y > 0), sp.And(y > 0, x > 0)),
        (sp.Eq(x, y), sp.Eq(y, x)),
    ],
)
def test_the_order_of_commutative_operands_makes_no_difference(one: sp.Basic, other: sp.Basic) -> None:
    assert digest(one) == digest(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (x - y, y - x),
        (x**y, y**x),
        (x < y, y < x),
        (x < y, x <= y),
        (sp.Float(0.1), sp.Rational(1, 10)),
        (sp.Float(0.1), sp.Float("0.1", 30)),
        (sp.Integer(2), sp.Float(2)),
        (sp.Float(2), sp.Float(-2)),
        (sp.pi, sp.E),
        (sp.sin(x), sp.cos(x)),
        (sp.sin(x), sp.sin(y)),
        (sp.atan2(x, y), sp.atan2(y, x)),
        (sp.Piecewise((x, z > 0), (y, True)), sp.Piecewise((y, z > 0), (x, True))),
        (sp.true, sp.false),
    ],
)
def test_what_differs_has_another_digest(one: sp.Basic, other: sp.Basic) -> None:
    assert digest(one) != digest(other)


def test_a_digest_is_the_same_on_every_machine() -> None:
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


def test_structure_decides_before_the_places_of_leaves() -> None:
    for places in ((x, y, z), (x, z, y)):
        assert in_order(x * sp.exp(y) + x * sp.sin(z), *places) == [x * sp.exp(y), x * sp.sin(z)]


def test_the_order_of_arguments_makes_no_difference() -> None:
    terms = [x * y, y * z, sp.exp(-x), sp.exp(x), sp.Integer(3)]
    orders = [ordered([sp.Add(*several, evaluate=False)], {x: 0, y: 1, z: 2}) for several in (terms, terms[::-1])]
    assert [sorted(terms, key=order.__getitem__) for order in orders] == [[x * y, sp.exp(x), sp.exp(-x), y * z, 3]] * 2


def test_an_expression_with_replaced_symbols_is_evaluated_anew() -> None:
    assert replaced(sp.sin(x - y) * z, {x: y, y: x}) == -sp.sin(x - y) * z
    kept = sp.Mul(2, x + y, evaluate=False)
    assert replaced(kept, {z: x}) is kept
