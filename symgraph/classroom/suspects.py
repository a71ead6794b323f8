"""Hypotheses about a wrong function: for each usual mistake the numbers that it gives, by the graph's own partials.

A hypothesis counts only where it gives the student's number at all points to rounding: with five random points a chance hit is
as likely as twenty-five digits of luck. A correct function is never looked at.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from symgraph.classroom.exercise import Exercise, Numbers
from symgraph.classroom.formula_values import Array, column, evaluate
from symgraph.classroom.mistakes import SLOPES, Slip, renamed, slips, wrong_slopes
from symgraph.views.named_graph import Edge, Vertex

_MANY = 60
"""Vertices above which names are taken only for others of their kind."""


class Suspect(NamedTuple):
    """One hypothesis.

    Attributes:
        rank: the lower, the more usual.
        kind: of the mistake, as in `Slip`, and "forgotten", "constant factor", "swapped", "missing path", "local derivative",
            "mean", "penalty", "rows", "step", "follows".
        text: the mistake in words.
        values: (n,) what it makes of each result that it changes.
        edge: source and target of the local partial that is wrong, if one is.
    """

    rank: float
    kind: str
    text: str
    values: Mapping[str, Array]
    edge: tuple[str, str] | None = None


_FACTORS = (
    (-1.0, 0.5, "sign", "has the wrong sign"),
    (0.5, 1.0, "constant factor", "is half of what is right: is a factor 2 forgotten?"),
    (2.0, 1.0, "constant factor", "is twice what is right"),
    (0.0, 0.0, "forgotten", "is 0"),
    (-0.5, 2.0, "sign", "has the wrong sign, and is half of what is right"),
    (-2.0, 2.0, "sign", "has the wrong sign, and is twice what is right"),
)


def scaled(right: Mapping[str, Array]) -> Iterator[Suspect]:
    """Suspect a constant factor on all results, or on one."""
    for factor, rank, kind, text in _FACTORS:
        yield Suspect(
            rank + 0.1,
            kind,
            f"{text} (so are all others)" if "?" in text else f"{text}, as all others",
            {name: factor * value for name, value in right.items()},
        )
        for name, value in right.items():
            yield Suspect(rank + 0.2, kind, text, {name: factor * value})


def backward(exercise: Exercise, numbers: Numbers, wrong: Sequence[str]) -> Iterator[Suspect]:
    """Suspect the mistakes in partial derivatives.

    Args:
        exercise: the model.
        numbers: its graph at n points.
        wrong: the inputs and nodes whose derivatives are wrong.
    """
    right = numbers.cotangents
    asked = [*exercise.weights, *(name for name in exercise.nodes if name in wrong)]
    yield from scaled({name: right[name] for name in asked})
    yield from _swapped(right, exercise.weights, wrong)
    slopes = {vertex: exercise.sweep(numbers.partials, vertex) for vertex in _between(exercise)}
    for vertex, by in slopes.items():
        if vertex in exercise.nodes:
            text = (
                f"it is the derivative of {vertex}: d {exercise.root} / d {vertex}, which comes back from the end, is missing"
            )
            yield Suspect(2.5, "local derivative", text, {name: by[name] for name in asked if np.any(by[name])})
    yield from _slopes(exercise, numbers, slopes, asked)
    for edge in exercise.edges:
        behind = {name: slopes[edge.source][name] for name in asked if np.any(slopes[edge.source][name])}
        if behind and any(name in behind for name in wrong):
            own = numbers.partials[edge.source, edge.target]
            for slip, partial in _of_partial(exercise, numbers, edge):
                change = right[edge.target] * (partial - own)
                values = {name: right[name] + change * slope for name, slope in behind.items()}
                yield Suspect(slip.rank, slip.kind, slip.text, values, (edge.source, edge.target))


def _slopes(
    exercise: Exercise, numbers: Numbers, slopes: Mapping[str, Mapping[str, Array]], asked: Sequence[str]
) -> Iterator[Suspect]:
    """Suspect a wrong derivative of tanh or sigmoid in all that comes back through a node that is one of them."""
    for name, by in slopes.items():
        expr = exercise.graph.by_name[name].expr
        kind = type(expr).__name__
        if expr is None or kind not in SLOPES:
            continue
        symbol = exercise.graph.by_name[name].symbol
        with np.errstate(all="ignore"):
            own = SLOPES[kind](numbers.values[name])
            for rank, text, slope in wrong_slopes(kind, symbol):
                change = numbers.cotangents[name] * (evaluate(slope, numbers.values) / own - 1.0)
                values = {one: numbers.cotangents[one] + change * by[one] for one in asked if one != name and np.any(by[one])}
                yield Suspect(rank, "local derivative", f"in {name} = {expr}, {text}", values)


def _between(exercise: Exercise) -> list[str]:
    """The vertices from which edges lead to the root, and the root."""
    return list(dict.fromkeys([*(edge.source for edge in exercise.edges), exercise.root]))


def _swapped(right: Mapping[str, Array], weights: Sequence[str], wrong: Sequence[str]) -> Iterator[Suspect]:
    for one in (name for name in weights if name in wrong):
        for other in weights:
            if one < other and other in wrong:
                text = f"d{one} and d{other} have changed places"
                yield Suspect(0.6, "swapped", text, {one: right[other], other: right[one]})
            if one != other:
                yield Suspect(0.8, "swapped", f"d{one} has the value of d{other}", {one: right[other]})


def _of_partial(exercise: Exercise, numbers: Numbers, edge: Edge) -> Iterator[tuple[Slip, Array]]:
    """The wrong values of one local partial."""
    name, own = f"d {edge.target} / d {edge.source}", numbers.partials[edge.source, edge.target]
    formula = f"{name} = {edge.partial}"
    many = [other for other in exercise.edges if other.source == edge.source and other is not edge]
    two = edge.partial.as_content_primitive()[0] % 2 == 0 if edge.partial.is_Add or edge.partial.is_Mul else False
    ones = np.ones_like(own)
    yield Slip(1.5, "missing factor", f"the factor {formula} is missing", None), ones
    yield Slip(1.6, "sign", f"the factor {formula} has the wrong sign", None), -own
    yield Slip(0.4 if two else 9.0, "constant factor", f"the factor 2 in {formula} is forgotten", None), own / 2.0
    yield Slip(9.0, "constant factor", f"the factor {formula} has twice its value", None), 2.0 * own
    yield Slip(3.0, "extra factor", f"the factor {formula} comes twice", None), own * own
    with np.errstate(all="ignore"):
        yield Slip(6.0, "inverted", f"{formula} divides instead of multiplying", None), 1.0 / own
    if many:
        yield (
            Slip(
                2.0,
                "missing path",
                f"the path through {edge.target} is missing: d {exercise.root} / d {edge.source} is a sum",
                None,
            ),
            0.0 * own,
        )
    names = [*exercise.symbols_before(edge.target), edge.user.symbol]
    for slip in _variants(exercise, edge.partial, names):
        value = column(slip.expr, numbers.values, len(own))
        text = f"in {name}, {slip.text}" if slip.kind == "wrong name" else f"in {formula}, {slip.text}"
        if slip.kind == "missing factor" and slip.text.startswith("the factor "):
            text = f"in {formula}, {slip.text.replace(f' of {edge.partial}', '')}"
        yield slip._replace(text=text), value


def _variants(exercise: Exercise, expr: Any, names: Sequence[Any]) -> Iterator[Slip]:
    """The mistakes in a formula in which some names may stand by mistake; in large models those of the kinds in it."""
    if len(exercise.graph.vertices) > _MANY:
        inside = {str(one) for one in expr.free_symbols}
        near = [group for group in exercise.kinds if group & inside]
        names = [name for name in names if any(str(name) in group for group in near)][:_MANY]
    yield from slips(expr)
    yield from renamed(expr, names, exercise.kinds)


def forward(exercise: Exercise, name: str, own: Mapping[str, Array], returned: Sequence[str]) -> Iterator[Suspect]:
    """Suspect the mistakes in the formula of one vertex, or of those before it that the student does not return.

    Args:
        exercise: the model.
        name: the vertex.
        own: (n,) the values of all vertices before it, as the student has them.
        returned: the names that the student returns.
    """
    unseen, size = _unseen(exercise, name, returned), len(own[name])
    right = column(unseen[-1].expr, own, size)
    yield from scaled({name: right})
    for other in exercise.nodes:
        if other != name:
            yield Suspect(4.0, "wrong node", f"{name} has the value of {other}", {name: own[other]})
    for place, source in reversed(list(enumerate(unseen))):
        formula, later = source.expr, unseen[place + 1 :]
        for slip in _variants(exercise, formula, exercise.symbols_before(source.name)):
            values = {**own, source.name: column(slip.expr, own, size)}
            for vertex in later:
                values[vertex.name] = column(vertex.expr, values, size)
            inside = "" if str(formula) in slip.text else f"in {source.name} = {formula}, "
            yield Suspect(slip.rank + bool(later), slip.kind, f"{inside}{slip.text}", {name: values[name]})


def _unseen(exercise: Exercise, name: str, returned: Sequence[str]) -> list[Vertex]:
    """The vertices that a vertex depends on by others that the student does not return, and it at the end."""
    needed, found = {name}, list[Vertex]()
    for vertex in reversed(exercise.graph.vertices):
        if vertex.name in needed and vertex.expr is not None and (vertex.name == name or vertex.name not in returned):
            found.append(vertex)
            needed |= {str(one) for one in vertex.expr.free_symbols}
    return found[::-1]
