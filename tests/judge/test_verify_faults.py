"""Faults put into graphs and into generated text of the founding model: verification catches every one.

The gradient check of a module alone cannot see half of these, because its forward pass is wrong in the same way.
"""

import re
from collections.abc import Callable
from functools import lru_cache, partial
from itertools import product
from typing import Any

from judged import faulty, is_refused
from zoo import nine_weights

from symgraph import Model
from symgraph.compiler.backends import BACKENDS
from symgraph.compiler.backends.rendering import render
from symgraph.compiler.backends.source import Source
from symgraph.compiler.derive.adjoint import differentiate
from symgraph.compiler.derive.lowering import lower
from symgraph.compiler.generate import generate
from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.compiler.ir.well_formed import verify_graph
from symgraph.compiler.passes import PIPELINE, printed, run_passes
from symgraph.compiler.passes.orient import orient

WEIGHTS = [f"w{number}" for number in range(1, 10)]
FACTORS = {"wrong sign": -1.0, "factor 2": 2.0, "factor 1.001": 1.001, "missing term": 0.0}
KINDS = ("swapped weight", *FACTORS)


is_caught = partial(is_refused, because="the spec gives")  # it sees a wrong number, and does not merely fail


def other(weight: str) -> str:
    """The weight that a fault confuses with this one."""
    return WEIGHTS[(WEIGHTS.index(weight) + 1) % len(WEIGHTS)]


@lru_cache(maxsize=1)
def founding() -> tuple[Model, Graph]:
    model = nine_weights()
    return model, lower(model)


def module_of(graph: Graph) -> Any:
    """The numpy module of a forward graph."""
    model, lowered = founding()
    backend, graph = BACKENDS["numpy"], run_passes(PIPELINE, differentiate(graph))
    source = Source(model, "<test>", lowered, printed(verify_graph(orient(graph)), "numpy"))
    return faulty(render(backend.templates[".py"], backend.view(source)))


def with_fault_in_model(graph: Graph, weight: str, kind: str) -> Graph:
    """The forward graph with a weight misread, in all of its uses: value and gradient stay consistent."""

    def misread(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        if node.op != "weight" or node.data not in (weight, other(weight)):
            return None
        if kind == "swapped weight":
            return builder.leaf("weight", other(weight) if node.data == weight else weight)
        if node.data != weight:
            return None
        return builder.add("mul", builder.const(FACTORS[kind]), builder.leaf("weight", weight))

    return rebuild(graph, misread)


def test_every_fault_in_a_graph_is_caught(record_property: Callable[[str, object], None]) -> None:
    model, lowered = founding()
    assert not is_caught(model, module_of(lowered))
    faults = {key: with_fault_in_model(lowered, *key) for key in product(WEIGHTS, KINDS)}
    escaped = [key for key, graph in faults.items() if not is_caught(model, module_of(graph))]
    record_property("faults", len(faults))
    assert (len(faults), escaped) == (45, [])


# Generated text of the founding model.

GRADIENTS = {"numpy": r"(?m)^    (d_w{}) = rowsum\((.*)\)$", "scalar": r"(?m)^    (grad\[{}\]) = (.*)$"}


def with_fault_in_text(text: str, backend: str, weight: str, kind: str) -> str:
    """The text with the line that computes one weight's gradient changed."""
    found, exchanged = (
        re.search(GRADIENTS[backend].format(int(one.removeprefix("w")) - (backend == "scalar")), text)
        for one in (weight, other(weight))
    )
    assert found is not None
    assert exchanged is not None
    target, value = found.groups()
    if kind == "swapped weight":
        changed = exchanged.group(2)
    elif kind == "missing term":
        changed = value.rpartition(", ")[0] or "0.0 * cotangent" if backend == "numpy" else "0.0"
    else:
        first, comma, second = value.partition(", ") if backend == "numpy" else (value, "", "")
        first = {"wrong sign": "-({})", "factor 2": "2.0 * ({})", "factor 1.001": "1.001 * ({})"}[kind].format(first)
        changed = f"{first}{comma}{second}"
    line = f"    {target} = rowsum({changed})" if backend == "numpy" else f"    {target} = {changed}"
    return text[: found.start()] + line + text[found.end() :]


OPERATORS = [
    (r"w1 \* f1 \+", "w1 * f1 -"), (r"w2 \* f2", "w2 * f3"), (r"t \* t \+ w6", "t * t"), (r"t \* t \+ w6", "t + w6"),
    (r"exp \+ w7", "exp - w7"), (r"w4 \* f4", "w4"), (r"\+ w9 \* sigmoid", "+ w9"), (r"y - y_hat", "y_hat + y"),
    (r"w3 \* f3", "w3 / f3"), (r">= 0\.0", "<= 0.0"), (r"-2\.0 \*", "-1.0 *"), (r"2\.0 \* d_exp_1", "d_exp_1"),
]  # fmt: skip
"""Faults in the values themselves: a pattern and what stands there instead, at its first place."""


def test_every_fault_in_generated_text_is_caught(record_property: Callable[[str, object], None]) -> None:
    model, _ = founding()
    texts = {artifact.backend: artifact.text for artifact in generate(model, ("numpy", "scalar"))}
    head, start, forward = texts["numpy"].partition("def _forward")
    faults = {key: with_fault_in_text(texts[key[0]], *key) for key in product(texts, WEIGHTS, KINDS)}
    for pattern, replacement in OPERATORS:
        changed, found = re.subn(pattern, replacement, forward, count=1)
        assert found == 1, pattern
        faults["numpy", pattern, replacement] = head + start + changed
    modules = {key: (None,) * (key[0] == "scalar") + (faulty(text),) for key, text in faults.items()}
    escaped = [key for key, loaded in modules.items() if not is_caught(model, *loaded)]
    record_property("faults", len(faults))
    assert (len(faults), escaped) == (102, [])
