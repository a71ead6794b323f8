"""View of the scalar backend's module: one straight line of statements for a row."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from textwrap import wrap
from types import MappingProxyType

from symgraph.compiler.backends.layout import filled, number, quoted, sequence_layout, unpacked
from symgraph.compiler.backends.names import Names, identifiers, several_targets
from symgraph.compiler.backends.scalar.library import functions_called
from symgraph.compiler.backends.section import PENALTY_TITLES, statements, straight
from symgraph.compiler.backends.source import Header, Source, describe, header, metadata, modules_called
from symgraph.compiler.derive.schedule import count, operations, roots_of
from symgraph.compiler.ir.graph import reachable
from symgraph.runtime.target_values import DeclaredValues, TargetRule, label_rules
from symgraph.spec.ops.optext import OpTexts

_LEAVES = {"target": "y", "largest": number(sys.float_info.max)}


@dataclass(frozen=True, slots=True)
class ScalarView:
    """Values that the scalar template prints; tuples of text are finished lines, none of a function that it lacks."""

    head: Header
    counts: str
    exports: str
    output: str
    several_outputs: bool
    targets: int
    weights: int
    has_constants: bool
    row: tuple[str, ...]
    predict: tuple[str, ...]
    penalty: tuple[str, ...]
    functions: str
    uses_math: bool
    modules: tuple[str, ...]


def scalar_view(source: Source, texts: OpTexts, literals: Mapping[str, str]) -> ScalarView:
    """Write the row functions."""
    graph, model = source.graph, source.model
    names = Names(model, graph, identifiers(model, ("w", "x", "y", "grad", "loss", "constants")))
    written = partial(_function, texts=texts, literals=literals)
    row = _with_gradient(names, written)
    row = (*(line for rule in _label_rules(source) for line in _refusal(rule)), *row) if row else ()
    predict, predicted = written(names, roots_of(graph, "output"))
    if predicted:
        result = filled("return (", predicted, ")", 4) if len(predicted) > 1 else f"return {predicted[0]}"
        predict = (*predict, f"    {result}")
    penalty: tuple[str, ...] = ()
    if source.penalty is not None:
        part = source.penalty.part
        own = Names(part, source.penalty.graph, identifiers(part, ("w", "grad", "penalty", "constants")), "penalty")
        penalty = _with_gradient(own, partial(written, titles=PENALTY_TITLES))
    lines = (*row, *predict, *penalty)
    functions = functions_called(lines)
    head = header(source, {node.name: names.identifier[node.name] for node in model.nodes})
    exported = [name for name, there in (("penalty", penalty), ("predict_row", predict), ("row", row)) if there]
    counted = reachable(graph.nodes, (graph.roots["loss"], *roots_of(graph, "grad"))) if row else ()
    return ScalarView(
        head=head,
        counts=describe(count(graph, operations(graph, counted))) if row else "",
        exports=sequence_layout("__all__ = [", [f'"{name}"' for name in (*head.facts, *exported)], "]"),
        output=", ".join(node.name for node in model.output_nodes),
        several_outputs=len(predicted) > 1,
        targets=len(several_targets(model)),
        weights=len(model.weight_inputs),
        has_constants=bool(model.constant_inputs),
        row=row,
        predict=predict,
        penalty=penalty,
        functions=functions,
        uses_math=bool(functions) or any("math." in line for line in lines),
        modules=tuple(modules_called(source, lines)),
    )


def _label_rules(source: Source) -> tuple[TargetRule, ...]:
    model = source.model
    features, targets = ([one.name for one in some] for some in (model.feature_inputs, model.target_inputs))
    return label_rules(model.name, metadata(source, {}), features, targets)


def _refusal(rule: TargetRule) -> list[str]:
    """Write the statements that refuse a target that is no label of the model, in the words of other modules."""
    y = "y" if rule.place is None else f"y[{rule.place}]"
    if isinstance(rule, DeclaredValues):
        condition = sequence_layout(f"    if {y} not in (", [*map(number, rule.cases)], "):", 4)
    else:
        condition = f"    if not (0.0 <= {y} <= {number(rule.cases[-1])} and {y} % 1.0 == 0.0):"
    name = quoted(rule.name.replace("{", "{{").replace("}", "}}"))
    first = f"f{name[:-1]} is {{{y}}}; {name[-1]}"
    lines = wrap("; ".join(rule.wanted(None)), 64, break_long_words=False, break_on_hyphens=False)
    texts = [quoted(line + " ") for line in lines[:-1]] + [quoted(lines[-1])]
    return [condition, "        raise ValueError(", *(f"            {text}" for text in (first, *texts)), "        )"]


def _function(
    names: Names,
    results: Sequence[int],
    texts: OpTexts,
    literals: Mapping[str, str],
    titles: Mapping[str, str] = MappingProxyType({}),
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the statements that compute some nodes of a graph, and the expression for each."""
    body = straight(names, results, texts, literals, _LEAVES)
    opening = [
        f"    {line}"
        for kind, vector in (("weight", "w"), ("feature", "x"), *([("target", "y")] if several_targets(names.model) else []))
        for line in _named_entries(names.inputs(kind, body.order, results), vector)
    ]
    constants = zip(names.model.constant_inputs, names.inputs("constant", body.order, results), strict=True)
    opening += [f'    {name} = constants["{entry.name}"]' for entry, name in constants if name]
    return (*opening, *statements(body.lines, body.notes, titles=titles)), body.values


def _with_gradient(
    names: Names, written: Callable[[Names, Sequence[int]], tuple[tuple[str, ...], tuple[str, ...]]]
) -> tuple[str, ...]:
    """Return the statements of a function that returns the loss of a graph and writes its partials; none without a loss."""
    roots = names.graph.roots
    if "loss" not in roots:
        return ()
    lines, (loss, *partials) = written(names, (roots["loss"], *roots_of(names.graph, "grad")))
    return (*lines, *(f"    grad[{index}] = {text}" for index, text in enumerate(partials)), f"    return {loss}")


def _named_entries(names: Sequence[str], vector: str) -> list[str]:
    """Write the statements that name a vector's entries: one if it fits a line, else one each."""
    lines = unpacked(names, vector, 4)
    return lines if len(lines) == 1 else [f"{name} = {vector}[{index}]" for index, name in enumerate(names) if name]
