"""Work grows with the number of nodes and no faster: calls are counted, not seconds."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from big_models import FAMILIES, chain, perceptron

import symgraph
from symgraph import Model
from symgraph.compiler.derive.lowering import lower
from symgraph.compiler.generate import generate
from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.compiler.ir.well_formed import verify_graph
from symgraph.compiler.passes import STEPS
from symgraph.compiler.passes.gather import ROUNDS
from symgraph.judge.expected import expect
from symgraph.judge.reference import Reference
from symgraph.judge.verification_points import Sampler
from symgraph.options import Options
from symgraph.project.build.modules import load_artifact
from symgraph.spec.canonical import digests

GROWTH = 1.5
"""How many times the calls for each further node may be more when the size is doubled: once where they are linear, 2 where they
are quadratic, and what is between where a random graph has other places for rules to look at."""

ROUNDED = {"gather": ROUNDS}
"""Passes that are repeated while they find something, and how often at most."""

FEW, LOOKED = 5.0, {"removable": 2000.0}
"""Calls for a node below which a stage does next to nothing, and those of a pass that looks at some sums in full, at up to 24
nodes of 16 terms, and at others not at all: which they are in a random graph says nothing of how it grows."""

PACKAGE = str(Path(symgraph.__file__).parent)
"""The package's own files, whatever the folder is called that it lies in."""

Counts = dict[str, tuple[int, int]]


def calls(function: Callable[..., Any], *args: Any, own: bool = False) -> tuple[int, Any]:
    """Count the calls that a function makes, those of builtins among them, or those of our own; give its result as well."""
    count = 0

    def note(frame: FrameType, event: str, _arg: object) -> None:
        nonlocal count
        count += (event == "call" and frame.f_code.co_filename.startswith(PACKAGE)) if own else event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        result = function(*args)
    finally:
        sys.setprofile(before)
    return count, result


def work(model: Model) -> Counts:
    """The calls of each stage from the model to the text of its module, and the nodes on which it works."""
    graph, size = lower(model), len(model.digests())
    found = {"digests": (calls(digests, model.exprs)[0], size), "lower": (calls(lower, model)[0], size)}
    for place, step in enumerate(STEPS):
        count, after = calls(step, graph)
        found[f"{place} {step.__name__}"] = count, len(graph.nodes)
        graph = after
    found["verify_graph"] = calls(verify_graph, graph)[0], len(graph.nodes)
    found["generate"] = calls(generate, model, ("numpy", "scalar"))[0], len(graph.nodes)
    return found


def too_many(small: Counts, middle: Counts, large: Counts) -> dict[str, tuple[float, float]]:
    """The stages whose calls for each further node grow, with these calls from one size to the next."""
    found = {}
    for name in small:
        (c0, n0), (c1, n1), (c2, n2) = small[name], middle[name], large[name]
        before, after = (c1 - c0) / (n1 - n0), (c2 - c1) / (n2 - n1)
        stage = name.split()[-1]
        if after > GROWTH * ROUNDED.get(stage, 1) * max(before, LOOKED.get(stage, FEW)):
            found[name] = before, after
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_the_work_of_every_stage_grows_with_the_nodes(family: str) -> None:
    make = FAMILIES[family]
    work(make(40))  # makes what is made once
    assert too_many(*(work(make(size)) for size in (80, 160, 320))) == {}


def test_work_that_grows_with_the_square_is_seen() -> None:
    squares = [{"pass": (1000 + size**2 // 100, size), "gather": (7 * size, size)} for size in (1000, 2000, 4000)]
    assert set(too_many(*squares)) == {"pass"}


@pytest.mark.parametrize("family", FAMILIES)
def test_declaring_and_freezing_a_model_grow_with_its_nodes(family: str) -> None:
    # SymPy asks its questions in an order drawn at random and keeps some answers, so that its own calls vary: ours are counted
    found = (calls(lambda size=size: FAMILIES[family](size).freeze(), own=True) for size in (400, 200))
    large, small = (count / len(model.digests()) for count, model in found)
    assert large <= 1.1 * small  # a few calls do not grow at all


def test_the_truth_of_a_big_model_takes_work_in_proportion() -> None:
    def judge(model: Model) -> None:
        reference = Reference(model)
        batch = Sampler(reference, 0, None, 2).draw()
        assert batch is not None
        expect(reference, batch.points)

    models = perceptron(300), perceptron(600)
    small, large = (calls(judge, model)[0] / len(model.freeze().digests()) for model in models)
    assert large <= 1.1 * small  # calls a node; a few do not grow at all


def test_a_rebuild_that_changes_nothing_gives_the_graph_back_and_asks_only_where_it_applies() -> None:
    graph = lower(perceptron(100))
    asked: list[str] = []

    def never(_builder: GraphBuilder, node: Node, _args: tuple[int, ...]) -> int | None:
        asked.append(node.op)
        return None

    assert rebuild(graph, never, {"exp"}) is graph
    assert asked == []
    assert rebuild(graph, never, {"tanh"}) is graph
    assert asked == ["tanh"] * sum(node.op == "tanh" for node in graph.nodes)


def test_what_stands_before_the_first_change_is_taken_over_as_it_is() -> None:
    graph = lower(perceptron(100))
    last = max(position for position, node in enumerate(graph.nodes) if node.op == "tanh")

    def changed(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        return builder.add("sin", *args) if node is graph.nodes[last] else None

    result = verify_graph(rebuild(graph, changed, {"tanh"}))
    assert all(one is other for one, other in zip(result.nodes[:last], graph.nodes[:last], strict=True))
    assert result.nodes[last].op == "sin"
    assert result.roots == graph.roots


def test_a_rewrite_that_puts_another_node_in_the_same_place_is_seen() -> None:
    # the constant that replaces the leaf stands where the leaf stood, so that the same constant later on is that one
    builder = GraphBuilder("g")
    graph = builder.build({"loss": builder.add("mul", builder.leaf("weight", "a"), builder.const(2.0))}, {})

    def bound(into: GraphBuilder, node: Node, _args: tuple[int, ...]) -> int | None:
        return into.const(2.0) if node.op == "weight" else None

    result: Graph = verify_graph(rebuild(graph, bound))
    assert [node.op for node in result.nodes] == ["const", "mul"]
    assert result.nodes[1].args == (0, 0)


def test_a_sum_of_many_terms_and_a_chain_of_many_operations_run() -> None:
    # CPython refuses 200 nested parentheses and gives up on some thousands of chained operators
    many = 5_000
    model = Model("long")
    x = model.features(f"f1:{many + 1}")
    a, y = model.weight("a"), model.target("y")
    total = a
    for term in (sum(x[start : start + 50]) for start in range(0, many, 50)):
        total += term
    model.loss((y - model.output("y_hat", total)) ** 2)
    for spec in (model, chain(2_000)):
        modules = [load_artifact(artifact) for artifact in generate(spec, ("numpy", "scalar"))]
        w = modules[0].initial_weights(0)
        X, target = np.full((3, len(modules[0].FEATURES)), 0.001), np.full(3, 0.5)
        value, gradient = modules[0].value_and_grad(w, X, target)
        row = [0.0] * len(w)
        loss = modules[1].row(list(w), list(X[0]), 0.5, row)
        assert [loss, *row] == pytest.approx([value, *gradient], rel=1e-10, abs=0.0)  # thousands of roundings


@pytest.mark.parametrize("precision", ["double", "accurate"])
def test_a_tape_of_thousands_of_fields_is_a_named_tuple_like_others_without_the_defaults_that_are_slow_to_make(
    precision: str,
) -> None:
    (artifact,) = generate(chain(2_000), ("numpy",), options=Options(precision=precision))
    module: Any = load_artifact(artifact)
    names = module.Tape._fields
    assert names[:3] == ("w", "X", "y")
    assert len(names) > 1_000
    # NamedTuple looks for each default among all fields, so its time grows with the square of their number
    assert module.Tape._field_defaults == {}
    tape, without = (module.forward([0.5, 0.25], [0.75], y) for y in (1.0, None))
    assert tape.y_hat == module.predict([0.5, 0.25], [0.75])
    assert all(value is not None for value in tape)
    assert (without.y, without.loss) == (None, None)
    lacking = {name: None for name, value in without._asdict().items() if value is None}
    assert without._replace(w=0, X=0) == tape._replace(w=0, X=0, **lacking)
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        module.Tape(*tape[:-1])
    with pytest.raises(AttributeError):
        tape.y_hat = 0.0
