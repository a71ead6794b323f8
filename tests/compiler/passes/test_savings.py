"""The passes that save operations: the same values, fewer operations, and the page that says how many."""

import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import mpmath
import pytest
from built import one_output
from corpus import CORPUS
from graphs import EXACT, graphs
from hypothesis import given, settings

from symgraph.compiler.derive.lowering import lower
from symgraph.compiler.generate import differentiated
from symgraph.compiler.ir.evaluate import MPMATH, evaluate
from symgraph.compiler.ir.graph import Graph, GraphBuilder
from symgraph.compiler.ir.special import elementary
from symgraph.compiler.ir.text import to_text
from symgraph.compiler.ir.well_formed import verify_graph
from symgraph.compiler.passes import PIPELINE, PIPELINES, STEPS, order
from symgraph.compiler.passes.bracket import bracket
from symgraph.compiler.passes.collect import collect
from symgraph.compiler.passes.dots import dots
from symgraph.compiler.passes.gather import gather
from symgraph.compiler.passes.hoist import hoist
from symgraph.compiler.passes.quotients import quotients
from symgraph.compiler.passes.signs import signs
from symgraph.options import DOUBLE

Pass = Callable[[Graph], Graph]
BATCHES = PIPELINES["numpy", DOUBLE]
STEPWISE = (order, signs, quotients, gather, bracket, hoist, collect, *BATCHES)
EVERY_SECOND = [name for index, name in enumerate(CORPUS) if index % 2]

sys.path.insert(0, str(Path(__file__).parent.parent.parent.parent / "benchmarks"))
benchmark = __import__("passes")


def many_digits(graph: Graph) -> dict[str, object]:
    """The value of every root at 60 digits, at a point that is inside most domains."""
    names = {str(node.data) for node in graph.nodes if isinstance(node.data, str)}
    with mpmath.workdps(60):
        leaves = {name: mpmath.mpf(2 + sum(name.encode()) % 37) / 41 for name in names}
        graph = elementary(graph)
        values = evaluate(graph, leaves, MPMATH, mpmath.mpf)
    return {root: values[position] for root, position in graph.roots.items()}


def same(before: dict[str, object], after: dict[str, object], digits: int) -> bool:
    """Tell if all values agree to so many digits, relative to the largest of them where they cancel."""
    assert list(before) == list(after)
    largest = max((abs(value) for value in before.values() if mpmath.isfinite(value)), default=0)
    with mpmath.workdps(60):
        slack = largest * mpmath.mpf(10) ** -digits
        return all(
            value == after[root] or abs(value - after[root]) <= slack or (mpmath.isnan(value) and mpmath.isnan(after[root]))
            for root, value in before.items()
        )


@pytest.mark.parametrize("name", EVERY_SECOND)
def test_every_pass_keeps_the_values_of_all_roots_and_a_second_run_changes_nothing(name: str) -> None:
    graph = lower(CORPUS[name]())
    for step in (*STEPS, *BATCHES):
        result = step(graph)
        if step in STEPWISE:
            verify_graph(result)
            # constants are folded to 17 digits elsewhere; these passes fold none, so that 60 digits leave more than 40
            assert same(many_digits(graph), many_digits(result), 40), step.__name__
            assert to_text(step(result)) == to_text(result), step.__name__
        graph = result


@pytest.mark.parametrize("run", STEPWISE, ids=lambda run: run.__name__)
@given(graph=graphs((*(op for op in EXACT if op != "sqrt"), "sin", "cos"), size=24))
@settings(max_examples=60, deadline=None)
def test_random_graphs_keep_their_values(run: Pass, graph: Graph) -> None:
    last = max(position for position, node in enumerate(graph.nodes) if not node.boolean)
    graph = Graph(graph.name, graph.nodes, {"loss": last}, {})
    try:
        before = many_digits(graph)
    except ZeroDivisionError:
        return  # a divisor is 0 at the point
    assert same(before, many_digits(verify_graph(run(graph))), 30)


@pytest.mark.parametrize("name", EVERY_SECOND)
def test_no_model_gets_more_to_do_a_row(name: str) -> None:
    steps = benchmark.steps_without("half_angle")
    found, bare = benchmark.counted(name, steps), benchmark.counted(name, benchmark.steps_without(*benchmark.SAVING))
    assert found.arithmetic <= bare.arithmetic
    assert found.functions <= bare.functions


def test_the_page_of_passes_is_up_to_date() -> None:
    page = benchmark.PAGE.read_text(encoding="utf-8").split(benchmark.MARK)[1]
    everything, bare = (benchmark.corpus_counts(benchmark.steps_without(*left)) for left in ((), benchmark.SAVING))
    assert page.endswith(benchmark.model_table(bare, everything)), "run: python benchmarks/passes.py --write"
    assert benchmark.pass_row("hoist", everything) in page, "run: python benchmarks/passes.py --write"


def test_every_pass_of_the_page_is_a_step_and_pays_and_the_docs_name_every_pass() -> None:
    text = benchmark.PAGE.read_text(encoding="utf-8")
    assert set(benchmark.SAVING) <= {step.__name__ for step in (*STEPS, *BATCHES)}
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| `")]
    totals = {cells[0].strip("| `"): [int(cell) for cell in cells[2:8]] for cells in rows if len(cells) == 9}
    assert set(totals) == set(benchmark.SAVING)
    for name, (arithmetic, functions, _, arithmetic_with, functions_with, _) in totals.items():
        # a call of a function costs some twenty operations
        assert arithmetic_with + 20 * functions_with < arithmetic + 20 * functions, name
    for step in chain(STEPS, *PIPELINES.values()):
        assert f"`{step.__name__}`" in text or step.__name__ == "differentiate"


def test_the_passes_visit_each_node_of_a_long_chain_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chain of 3,000 products with common factors: work that grew with the square would add 9 million nodes."""
    builder, made, add = GraphBuilder("long"), [], GraphBuilder.add
    value, y, w = builder.leaf("feature", "x"), builder.leaf("feature", "y"), builder.leaf("weight", "w")
    for index in range(1_000):
        left = builder.add("mul", builder.add("mul", value, y), builder.const(1.0 + index))
        right = builder.add("mul", builder.add("mul", value, w), y)
        value = builder.add("add", left, builder.add("neg", right))
    graph = builder.build({"grad w": builder.add("rowsum", value)}, {})
    monkeypatch.setattr(GraphBuilder, "add", lambda *args: made.append(args) or add(*args))
    for run in PIPELINE[PIPELINE.index(signs) : -1]:
        graph = run(graph)
    # eleven passes over 6,000 nodes, gather up to four times
    assert len(made) < 20 * len(builder.nodes)


def test_every_sum_of_a_linear_regression_is_a_dot_product_or_a_plain_sum() -> None:
    plane = one_output(lambda x, z, a, b, c: a * x + b * z + c, features="x z", weights="a b c")
    ops = [node.op for node in dots(differentiated(plane)).nodes]
    assert sorted(op for op in ops if op.startswith("row")) == ["rowdot", "rowdot", "rowsum"]
