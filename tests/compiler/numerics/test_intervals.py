"""symgraph.compiler.numerics.intervals: sound against random points, tight where reasoning relies on it."""

import math
import random
import sys
from typing import Any

import mpmath
import numpy as np
import pytest
from graph_text import from_text
from graphs import graphs
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath.libmp import libelefun
from region_accuracy import LEAST, in_reach, numbers, truth

from symgraph.compiler.ir.evaluate import MPMATH
from symgraph.compiler.ir.graph import Graph, GraphBuilder
from symgraph.compiler.numerics.intervals import RULES, WHOLE, Interval, between, intervals, point, renewed
from symgraph.compiler.numerics.spread import operation
from symgraph.spec.ops.op import SCIPY
from symgraph.spec.ops.ops import OPS

DIGITS = 60
PRIMITIVE = sorted(op for op in RULES if op in MPMATH and op in OPS and OPS[op].stable is None and op != "rowsum")
TRUTH_OPERANDS = {"and": (0, 1), "or": (0, 1), "not": (0,), "select": (0,)}


def value_of(op: str, operands: list[object]) -> object:
    """One operation at many digits; None where it is not real, or not of a size that can be computed."""
    try:
        value = MPMATH[op](*operands)
    except (ZeroDivisionError, ValueError, OverflowError):
        return None
    if isinstance(value, bool):
        return mpmath.mpf(value)
    value = mpmath.mpmathify(value)
    return None if mpmath.im(value) != 0 or mpmath.isnan(value) else mpmath.re(value)


def draw_number(rng: random.Random) -> float:
    """Ends of intervals: special numbers, numbers of ordinary size, and of every size that a double has."""
    special = (0.0, -0.0, 1.0, -1.0, 0.5, -0.5, math.pi, -math.pi / 2, 5e-324, -1e-310, 1e308, -1e308, 709.0)
    power = rng.choice([-1, 1]) * 10 ** rng.uniform(-320, 308)
    return rng.choice([rng.choice(special), rng.uniform(-3, 3), rng.uniform(-800, 800), power])


def draw_interval(rng: random.Random, truth: bool) -> tuple[Interval, list[object]]:
    """An interval, now and then with an infinite end, and numbers in it: its ends and some between."""
    if truth:
        low, high = sorted((rng.randint(0, 1), rng.randint(0, 1)))
        return between(low, high), [mpmath.mpf(low), mpmath.mpf(high)]
    low, high = sorted((draw_number(rng), draw_number(rng)))
    if rng.random() < 0.2:
        high = low
    inside = [low, high, low + (high / 2 - low / 2), rng.uniform(max(low, -5), min(high, 5))]
    numbers = [mpmath.mpf(number) for number in inside if low <= number <= high]
    ends = [math.inf if rng.random() < 0.1 else high, -math.inf if rng.random() < 0.1 else low]
    return between(ends[1], ends[0]), numbers


@pytest.mark.slow
@pytest.mark.parametrize("op", PRIMITIVE)
def test_the_interval_of_an_op_holds_every_value_that_random_search_finds(op: str) -> None:
    rng = random.Random(op)
    judged, quick = 0, not str(OPS[op].numpy).startswith(SCIPY)  # mpmath takes long for functions that only SciPy has
    with mpmath.workdps(DIGITS):
        for _ in range(400 if quick else 60):
            drawn = [draw_interval(rng, index in TRUTH_OPERANDS.get(op, ())) for index in range(OPS[op].arity)]
            found = RULES[op](*(interval for interval, _ in drawn))
            for _ in range(4):
                operands = [rng.choice(numbers) for _, numbers in drawn]
                if op in ("sin", "cos", "tan") and abs(operands[0]) > 1e40:
                    continue  # mpmath would need more digits than it is given here
                if op.startswith(("bessel", "dawson")) and abs(operands[0]) > 1e3:
                    continue  # mpmath's series would have as many terms
                value = value_of(op, operands)
                if value is not None:
                    judged += 1
                    assert found.low <= value <= found.high, (op, [interval for interval, _ in drawn], operands)
    assert judged > (100 if quick else 15)


@pytest.mark.parametrize("op", [op for op, row in OPS.items() if row.regions and row.arity == 1 and op in RULES])
def test_the_interval_of_a_special_function_holds_the_reference_around_the_borders_of_its_regions(op: str) -> None:
    rng, drawn = random.Random(op), np.random.default_rng(3)
    judged = 0
    with mpmath.workdps(DIGITS):
        for region in OPS[op].regions:
            x = sorted(in_reach(op, numbers(OPS[op], region, 2, drawn)).tolist())
            for _ in range(12):
                is_wide = rng.random() < 0.5
                low, inside, high = sorted(rng.choices(x, k=3)) if is_wide else x[(at := rng.randrange(len(x) - 2)) : at + 3]
                found = RULES[op](between(low, high))
                for point in (low, inside, high):
                    true = truth(op, (point,), "value")
                    if true is not None and abs(true) > LEAST:  # smaller ones are only known to be so small
                        judged += 1
                        true = mpmath.ldexp(*map(int, true.man_exp()))
                        assert found.low <= true <= found.high, (low, point, high)
    assert judged > 60


@given(graphs(), st.integers(0, 1000))
@settings(max_examples=200)
def test_every_node_of_a_random_graph_lies_in_its_interval(graph: Graph, seed: int) -> None:
    rng = random.Random(seed)
    names = sorted({str(node.data) for node in graph.nodes if isinstance(node.data, str)})
    domains = {name: (-rng.uniform(0, 3), rng.uniform(0, 3)) for name in names}
    bounds = intervals(Graph(graph.name, graph.nodes, graph.roots, graph.names, domains))
    with mpmath.workdps(DIGITS):
        for _ in range(5):
            leaves = {name: mpmath.mpf(rng.uniform(low, high)) for name, (low, high) in domains.items()}
            values: list[object] = []
            for node, bound in zip(graph.nodes, bounds, strict=True):
                operands = [values[arg] for arg in node.args]
                if node.data is not None:
                    values.append(leaves[node.data] if isinstance(node.data, str) else mpmath.mpf(node.data))
                elif any(operand is None or abs(operand) > 1e50 for operand in operands):
                    values.append(None)
                else:
                    values.append(value_of(node.op, operands))
                assert values[-1] is None or bound.low <= values[-1] <= bound.high, node


def test_every_op_has_a_rule_or_is_unbounded_for_want_of_one() -> None:
    without = set(OPS) - set(RULES)
    for op in without:
        builder = GraphBuilder("g")
        args = [builder.leaf("input", f"x{index}") for index in range(OPS[op].arity)]
        assert intervals(builder.build({"r": builder.add(op, *args)}, {}))[-1] == WHOLE
    assert len(without) < len(OPS) / 4


# ends by hand: monotone functions at the ends of the operand, extrema of sin and cos where one lies inside
@pytest.mark.parametrize(("op", "operands", "low", "high"), [
    ("exp", [(-1, 1)], math.exp(-1), math.e), ("sin", [(1, 2)], math.sin(1), 1.0), ("sin", [(-2, 1)], -1.0, math.sin(1)),
    ("cos", [(1, 2)], math.cos(2), math.cos(1)), ("cos", [(-1, 1)], math.cos(1), 1.0), ("cos", [(3, 4)], -1.0, math.cos(4)),
    ("mul", [(-2, 3), (-5, 7)], -15.0, 21.0), ("div", [(1, 2), (4, 8)], 0.125, 0.5), ("sub", [(1, 2), (4, 8)], -7.0, -2.0),
    ("cosh", [(-1, 2)], 1.0, math.cosh(2)), ("hypot", [(-3, 1), (0, 4)], 0.0, 5.0), ("pow", [(2, 3), (-1, 2)], 1 / 3, 9.0),
    ("abs", [(-3, 1)], 0.0, 3.0), ("acos", [(0, 1)], 0.0, math.pi / 2), ("max", [(-3, 1), (0, 4)], 0.0, 4.0),
])  # fmt: skip
def test_the_interval_of_an_op_is_tight(op: str, operands: list[tuple[float, float]], low: float, high: float) -> None:
    found = RULES[op](*(between(*operand) for operand in operands))
    # the ends in the table are doubles: they, and the widening by 2**-70, are off by 1e-15 at most
    assert (float(found.low), float(found.high)) == pytest.approx((low, high), rel=1e-15, abs=1e-15)


def test_a_square_is_not_negative_a_node_less_itself_is_zero_and_domains_bound_the_leaves() -> None:
    bounds = intervals(from_text("graph g\n%0 = weight a\n%1 = mul(%0, %0)\n%2 = sub(%0, %0)\n%3 = add(%1, %2)\nroot r = %3\n"))
    assert (bounds[1].low, bounds[2]) == (0, point(0.0))
    graph = from_text("graph g\n%0 = weight a\n%1 = weight b\n%2 = exp(%0)\nroot r = %2\nroot s = %1\ndomain a = -1.0 2.0\n")
    a, b, value = intervals(graph)
    assert (a, b) == (between(-1, 2), between(-sys.float_info.max, sys.float_info.max))
    assert float(value.high) == pytest.approx(math.exp(2), rel=1e-15, abs=0.0)  # as above


@pytest.mark.parametrize(("condition", "within"), [
    ("lt(%1, %2)", (-3.0, 3.0)), ("gt(%2, %1)", (-3.0, 3.0)), ("le(%0, %2)", (-sys.float_info.max, 3.0)),
    ("and(%3, %5)", (-3.0, 1.0)), ("not(%5)", (1.0, sys.float_info.max)),
    ("ge(%1, %2)", (-sys.float_info.max, sys.float_info.max)),
])  # fmt: skip
def test_a_branch_is_bounded_by_the_condition_under_which_it_is_taken(condition: str, within: tuple[float, float]) -> None:
    lines = ["%0 = weight a", "%1 = abs(%0)", "%2 = const 3.0", "%3 = lt(%1, %2)", "%4 = const 1.0", "%5 = lt(%0, %4)"]
    graph = from_text("\n".join(["graph g", *lines, f"%6 = {condition}", "%7 = select(%6, %0, %4)", "root r = %7", ""]))
    assert intervals(graph)[-1] == between(*within)


@pytest.mark.parametrize(("op", "operands", "result"), [
    ("add", (math.inf, 1.0), point(math.inf)), ("sub", (math.inf, math.inf), WHOLE), ("mul", (math.inf, 0.0), WHOLE),
    ("div", (1.0, math.inf), point(0.0)), ("div", (math.inf, math.inf), WHOLE), ("exp", (-math.inf,), point(0.0)),
    ("exp", (math.inf,), point(math.inf)),
])  # fmt: skip
def test_the_value_inf_is_followed_as_floating_point_does(op: str, operands: tuple[float, ...], result: Interval) -> None:
    assert RULES[op](*map(point, operands)) == result
    large = RULES["exp"](between(1e6, 1e308))  # exponents go on where those of doubles end
    assert large.low > mpmath.exp(999_999)
    assert RULES["mul"](RULES["exp"](RULES["neg"](large)), large).high < mpmath.mpf(2) ** -1_000_000


CHAIN = "graph g\n%0 = weight a\n%1 = exp(%0)\n%2 = weight b\n%3 = mul(%1, %2)\n%4 = sin(%2)\nroot r = %3\nroot s = %4\n"


def test_known_intervals_are_kept_where_nothing_is_fixed_and_only_what_is_asked_for_is_bounded() -> None:
    graph = from_text(CHAIN)
    base = intervals(graph)
    there = renewed(graph, base, {1: point(math.inf), 2: between(1, 2)}, range(len(base)), sys.float_info.max)
    assert there[3] == point(math.inf)
    assert 0 not in there
    assert there[4] == intervals(Graph(graph.name, graph.nodes, {}, {}, {"b": (1.0, 2.0)}))[4]
    part = intervals(graph, only=[4])
    assert (part[2], part[4]) == (base[2], base[4])
    assert part[0] == part[1] == WHOLE != base[0]


def test_no_op_is_asked_for_more_digits_than_its_value_has_however_large_the_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    sums = libelefun.bs_chudnovsky

    def counted(first: int, last: int, *others: int) -> Any:
        assert last - first < 2**16, "a million digits of pi"
        return sums(first, last, *others)

    monkeypatch.setattr(libelefun, "bs_chudnovsky", counted)
    with mpmath.workdps(30):
        far = [mpmath.exp(2_000), mpmath.exp(20_000), mpmath.exp(mpmath.ldexp(1, 40)), mpmath.exp(mpmath.exp(20_000))]
        for op, row in OPS.items():
            for value in far if row.arity in (1, 2) and op not in ("and", "or", "not", "stop") else ():
                operation(op, *[value] * row.arity)
                operation(op, *[mpmath.mpf(3), value][-row.arity :])
                if op in RULES:
                    RULES[op](*[Interval(mpmath.mpf(2), value)] * row.arity)


def test_the_intervals_of_a_chain_of_alike_links_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    rule = RULES["sin"]
    monkeypatch.setattr("symgraph.compiler.numerics.intervals.RULES", {**RULES, "sin": lambda x: asked.append(x) or rule(x)})
    builder = GraphBuilder("g")
    value = builder.leaf("feature", "f")
    for index in range(50):
        value = builder.add("sin", builder.add("mul", builder.leaf("weight", f"w{index}"), value))
    intervals(builder.build({"loss": value}, {}))
    # of w * f, which is unbounded as it were, and of w * sin(...)
    assert len(asked) == 2
