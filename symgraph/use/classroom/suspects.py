"""Hypotheses about a wrong function: for each usual mistake the numbers that it gives, by the graph's own partials.

A hypothesis counts only where it gives the student's number at all points to rounding: with five random points a chance hit is
as likely as twenty-five digits of luck. A correct function is never looked at.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from symgraph.show.views.named_graph import Edge, Numbers, Vertex
from symgraph.use.classroom.exercise import Exercise
from symgraph.use.classroom.formula_values import Array, column, evaluate, formula
from symgraph.use.classroom.formula_words import words
from symgraph.use.classroom.mistakes import FACTORS, PARTIALS, REDUCTIONS, Mistake, own_slope, renamed, slips, wrong_slopes

_MANY = 60
"""Vertices above which names are taken only for others of their kind."""

ALONE = (Mistake(0.0, "", "", lambda _, value: value),)
"""The ways of making a result of the numbers of rows where each result is of one row: it is that row's."""


def reductions(
    counts: Sequence[int], penalty: Mapping[str, Array] = MappingProxyType({}), others: Mapping[str, int] = MappingProxyType({})
) -> list[Mistake]:
    """Return the ways of making one number of those of some rows, the right one first.

    Args:
        counts: the number of rows of each result, more than one of some.
        penalty: (results,) what the penalty adds to each result; empty without one.
        others: numbers that are taken for that of the rows, by the names of what they count.

    Returns:
        Of each what it makes as a function of a result's name and (rows,) the numbers of all rows.
    """
    sizes = np.asarray(counts)
    ends, n = np.cumsum(sizes), sizes.astype(np.float64)
    begins = ends - sizes
    parts = ("total", "first", "last", "penalty")

    def reducing(text: str) -> Any:
        known = {**dict.fromkeys(parts, 0.0), **others, "n": n}
        total, first, last, added = (column(formula(text), {**known, part: 1.0}, len(n)) for part in parts)

        def reduce(name: str, values: Array) -> Array:
            found = total * np.add.reduceat(values, begins) + first * values[begins] + last * values[ends - 1]
            return np.asarray(found + added * penalty.get(name, np.zeros(len(n))), np.float64)

        return reduce

    known = {*parts, "n", *others}
    rows = [one for one in REDUCTIONS if {str(name) for name in formula(one.made).free_symbols} <= known]
    return [one._replace(made=reducing(one.made)) for one in rows if penalty or one.kind != "penalty"]


def scaled(right: Mapping[str, Array]) -> Iterator[Mistake]:
    """Suspect a constant factor on all results, or on one."""
    for one in FACTORS:
        values = {name: one.made * value for name, value in right.items()}
        text = f"{one.text} (so are all others)" if "?" in one.text else f"{one.text}, as all others"
        yield one._replace(rank=one.rank + 0.1, text=text, made=values)
        for name, value in values.items():
            yield one._replace(rank=one.rank + 0.2, made={name: value})


def backward(exercise: Exercise, numbers: Numbers[Array], wrong: Sequence[str]) -> Iterator[Mistake]:
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
    for name in (one for one in exercise.weights if one in wrong):
        text = f"{name} is a factor in d{name}: is the derivative multiplied by its weight?"
        yield Mistake(2.5, "extra factor", text, {name: right[name] * numbers.values[name]})
    between = dict.fromkeys([*(edge.source for edge in exercise.edges), exercise.root])
    slopes = {vertex: exercise.graph.sweep(numbers.partials, vertex) for vertex in between}
    behind = {vertex: {name: by[name] for name in asked if np.any(by[name])} for vertex, by in slopes.items()}
    for name in (one for one in between if one in exercise.nodes):
        text = f"it is the derivative of {name}: d {exercise.root} / d {name}, which comes back from the end, is missing"
        yield Mistake(2.5, "local derivative", text, behind[name])

    def changed(one: Mistake, vertex: str, change: Array, but: str = "") -> Mistake:
        """Return a mistake with what it makes of all results where the derivative by a vertex is changed."""
        return one._replace(made={name: right[name] + change * by for name, by in behind[vertex].items() if name != but})

    for vertex in map(exercise.graph.by_name.__getitem__, between):
        own = None if vertex.expr is None else own_slope(vertex.expr.func, numbers.values[vertex.name])
        for slip in () if own is None else wrong_slopes(vertex.expr.func, vertex.symbol):
            with np.errstate(all="ignore"):
                change = right[vertex.name] * (evaluate(slip.made, numbers.values) / own - 1.0)
            slip = slip._replace(text=f"in {vertex.name} = {words(vertex.expr)}, {slip.text}")
            yield changed(slip, vertex.name, change, vertex.name)
    for edge in exercise.edges:
        if any(name in behind[edge.source] for name in wrong):
            own = numbers.partials[edge.source, edge.target]
            for slip in _of_partial(exercise, numbers, edge):
                slip = slip._replace(edge=(edge.source, edge.target))
                yield changed(slip, edge.source, right[edge.target] * (slip.made - own))


def _swapped(right: Mapping[str, Array], weights: Sequence[str], wrong: Sequence[str]) -> Iterator[Mistake]:
    for one in (name for name in weights if name in wrong):
        for other in weights:
            if one < other and other in wrong:
                text = f"d{one} and d{other} have changed places"
                yield Mistake(0.6, "swapped", text, {one: right[other], other: right[one]})
            if one != other:
                yield Mistake(0.8, "swapped", f"d{one} has the value of d{other}", {one: right[other]})


def _of_partial(exercise: Exercise, numbers: Numbers[Array], edge: Edge) -> Iterator[Mistake]:
    """The mistakes in one local partial, with the values (n,) that they make of it."""
    name, partial, own = f"d {edge.target} / d {edge.source}", edge.partial, numbers.partials[edge.source, edge.target]
    names_in = {"formula": f"{name} = {words(partial)}", "source": edge.source, "target": edge.target, "root": exercise.root}
    two = partial.as_content_primitive()[0] % 2 == 0 if partial.is_Add or partial.is_Mul else False
    many = sum(other.source == edge.source for other in exercise.edges) > 1
    for one in PARTIALS:
        if many or one.kind != "missing path":
            rank = 9.0 if one.made == "own/2" and not two else one.rank
            value = column(formula(one.made), {"own": own}, len(own))
            yield one._replace(rank=rank, text=one.text.format(**names_in), made=value)
    for slip in _variants(exercise, partial, [*exercise.symbols_before(edge.target), edge.user.symbol]):
        text = f"in {name if slip.kind == 'wrong name' else names_in['formula']}, {slip.text}"
        if slip.kind == "missing factor" and slip.text.startswith("the factor "):
            text = text.replace(f" of {words(partial)}", "")
        yield slip._replace(text=text, made=column(slip.made, numbers.values, len(own)))


def _variants(exercise: Exercise, expr: Any, names: Sequence[Any]) -> Iterator[Mistake]:
    """The mistakes in a formula in which some names may stand by mistake; in large models those of the kinds in it."""
    if len(exercise.graph.vertices) > _MANY:
        inside = {str(one) for one in expr.free_symbols}
        near = [group for group in exercise.kinds if group & inside]
        names = [name for name in names if any(str(name) in group for group in near)][:_MANY]
    yield from slips(expr)
    yield from renamed(expr, names, exercise.kinds)


def forward(exercise: Exercise, name: str, own: Mapping[str, Array], returned: Sequence[str]) -> Iterator[Mistake]:
    """Suspect the mistakes in the formula of one vertex, or of those before it that the student does not return.

    Args:
        exercise: the model.
        name: the vertex.
        own: (n,) the values of all vertices before it, as the student has them.
        returned: the names that the student returns.
    """
    unseen, size = _unseen(exercise, name, returned), len(own[name])
    yield from scaled({name: column(unseen[-1].expr, own, size)})
    for other in exercise.nodes:
        if other != name:
            yield Mistake(4.0, "wrong node", f"{name} has the value of {other}", {name: own[other]})
    for place, source in reversed(list(enumerate(unseen))):
        later = unseen[place + 1 :]
        for slip in _variants(exercise, source.expr, exercise.symbols_before(source.name)):
            values = {**own, source.name: column(slip.made, own, size)}
            for vertex in later:
                values[vertex.name] = column(vertex.expr, values, size)
            formula_said = words(source.expr)
            inside = "" if formula_said in slip.text else f"in {source.name} = {formula_said}, "
            yield slip._replace(rank=slip.rank + bool(later), text=inside + slip.text, made={name: values[name]})


def _unseen(exercise: Exercise, name: str, returned: Sequence[str]) -> list[Vertex]:
    """The vertices that a vertex depends on by others that the student does not return, and it at the end."""
    needed, found = {name}, list[Vertex]()
    for vertex in reversed(exercise.graph.defined):
        if vertex.name in needed and (vertex.name == name or vertex.name not in returned):
            found.append(vertex)
            needed |= {str(one) for one in vertex.expr.free_symbols}
    return found[::-1]
