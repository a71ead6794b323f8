"""Conditions without which nodes are 0."""

from symgraph.compiler.ir.graph import GraphBuilder
from symgraph.compiler.numerics.zeros import Zeros, follows_first


def test_ops_that_are_0_at_0_follow_their_operand() -> None:
    builder, follow = GraphBuilder("g"), ("neg", "abs", "sqrt", "sin", "expm1", "log1p", "relu", "rowsum")
    nodes, a = builder.nodes, builder.leaf("weight", "a")
    for op in (*follow, "exp", "cos", "csc", "cot", "csch", "coth", "not"):  # some of which are odd
        assert follows_first(nodes, nodes[builder.add(op, a)]) is (op in follow), op


def test_a_power_is_0_where_its_base_is_if_its_exponent_is_a_positive_number() -> None:
    builder = GraphBuilder("g")
    a, b = (builder.leaf("weight", name) for name in "ab")
    exponents = [builder.const(0.5), builder.const(0.0), builder.const(-1.0), b]
    assert [follows_first(builder.nodes, builder.nodes[builder.add("pow", a, e)]) for e in exponents] == [True, *[False] * 3]


def test_a_selection_of_0_has_its_condition_on_either_side_and_a_sum_those_of_its_terms_each_once() -> None:
    """A weight is selected by each of three conditions."""
    builder = GraphBuilder("g")
    a, zero = builder.leaf("weight", "a"), builder.const(0.0)
    first, second, third = conditions = [builder.add("gt", a, builder.const(float(bound))) for bound in (1, 2, 3)]
    chosen, *_ = terms = [builder.add("select", condition, a, zero) for condition in conditions]
    zeros = Zeros(builder)
    otherwise = builder.add("select", first, zero, a)
    assert zeros.of(chosen) == zeros.of(builder.add("neg", chosen)) == first
    assert zeros.of(otherwise) == builder.find("not", first)
    assert zeros.of(builder.add("add", chosen, otherwise)) is None
    assert zeros.of(builder.add("add", chosen, a)) is None
    left, right = builder.add("add", terms[0], terms[1]), builder.add("sub", terms[1], terms[2])
    assert zeros.of(builder.add("add", left, right)) == builder.chain("or", [first, second, third])
    # and a selection by either of two conditions is known as such
    either = builder.add("or", first, second)
    assert zeros.of(builder.add("add", zeros.only_where(either, a), terms[1])) == either
