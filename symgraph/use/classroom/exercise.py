"""A model as an exercise: random points that a careless program can compute well, and what is right at them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import OptionError
from symgraph.judge.reference import Point, reference
from symgraph.judge.verification_points import Sampler
from symgraph.show.views.named_graph import Edge, NamedGraph, Numbers
from symgraph.spec.canonical import postorder
from symgraph.spec.model import Model
from symgraph.spec.ops.sympy_classes import SpecFunction
from symgraph.use.classroom.conventions import SLOPES, table
from symgraph.use.classroom.formula_values import Array, column
from symgraph.use.classroom.labels import labels_of

POINTS = (5, 10)
"""Weights that a function is called with: the least number, and the largest one, if there are many labels."""
_SIZES = (5, 7, 11, 13, 17, 19)
"""Numbers of rows for functions of several rows: none is a product of the factors that are usually forgotten."""
_DRAWS = 60
_DIGITS = 3e-6
"""Error in single precision up to which a point is tame: then some ten digits are right in double precision."""
_ORDERS = 3.0
"""Orders of magnitude from 1 within which the numbers of a tame point are, as people meet them."""


class Exercise:
    """A model with points, the same ones for the same seed.

    Args:
        model: the spec; it is frozen by this.
        seed: of the points.

    Attributes:
        graph: the model's named graph.
        root: the vertex whose derivatives are asked for, "loss" or else the only output.
        weights: the names of the weights.
        value_names: the nodes and the root, which a forward function is asked for.
        labels: the values of the targets that are labels.

    Raises:
        OptionError: the model has no loss and several outputs, the values of its target are not known, or no point is found at
            which it is finite.
    """

    def __init__(self, model: Model, seed: int = 0) -> None:
        self.model = model.freeze()
        self.graph = NamedGraph(self.model)
        outputs = [node.name for node in self.model.output_nodes]
        if self.model.loss_expr is None and len(outputs) != 1:
            raise OptionError(f"{self.model.name} has no loss and {len(outputs)} outputs: no derivative to ask for; set a loss")
        self.root = "loss" if self.model.loss_expr is not None else outputs[0]
        self.output = outputs[0] if len(outputs) == 1 else None
        self.features = [one.name for one in self.model.feature_inputs]
        self.weights = [one.name for one in self.model.weight_inputs]
        self.targets = [one.name for one in self.model.target_inputs]
        self.nodes = [node.name for node in self.model.nodes]
        self.value_names = [*self.nodes, *([] if self.root in self.nodes else [self.root])]
        self.labels = labels_of(self.model)
        self._seed = seed

    @cached_property
    def functions(self) -> list[Any]:
        """The classes of the functions of one number in the formulas that NumPy lacks, which a student writes first."""
        parts = postorder([vertex.expr for vertex in self.graph.defined])
        found = {part.func for part in parts if isinstance(part, SpecFunction) and len(part.args) == 1}
        return sorted(found, key=lambda function: str(function.__name__))

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """The edges that lead to the root, in order."""
        reached, found = {self.root}, list[Edge]()
        for edge in reversed(self.graph.edges):
            if edge.target in reached:
                reached.add(edge.source)
                found.append(edge)
        return tuple(reversed(found))

    @cached_property
    def batches(self) -> tuple[Sequence[Point], ...]:
        """The points: for each of some weights some rows.

        Raises:
            OptionError: there is none at which the model is finite.
        """
        d, k = len(self.features), len(self.weights)
        # neither is the number of the features, of the weights or of the columns of the data
        few, many = [size for size in _SIZES if size not in (d, k, d + 1, d + len(self.targets))][:2]
        sampler = self.sampler(self._seed, many)
        wanted = {labels.shown(case) for labels in self.labels for case in labels.cases}
        count = max(POINTS[0], min(POINTS[1], 2 * len(wanted)))
        drawn: list[tuple[float, Sequence[Point], Any]] = []
        for turn in range(_DRAWS):
            batch = sampler.draw()
            if batch is None:
                break
            points = self._turned(batch.points, turn)
            error, moving = self.wildness(points)
            branches = reference(self.model).look(points[0]).choices
            labels = {one.shown(one.of(points[0])) for one in self.labels}
            drawn.append((error, points, branches | moving | labels))
            tame = [shown for error, _, shown in drawn if error <= 1.0]
            if len(tame) >= count + 3 and wanted <= frozenset().union(*tame):
                break
        drawn = [one for one in drawn if np.isfinite(one[0])]
        if not drawn:
            raise OptionError(f"{self.model.name}: no point is found at which it is finite; declare domains of its inputs")
        chosen = _diverse(sorted(drawn, key=lambda one: one[0]), count)
        return tuple(points[: few if place % 2 else many] for place, points in enumerate(chosen))

    @property
    def counts(self) -> list[int]:
        """The number of rows of each batch."""
        return [len(points) for points in self.batches]

    def sampler(self, seed: int, rows: int) -> Sampler:
        """Return a source of points with the constants that students see, and with labels of the targets that have some."""
        constants = {one.name: one.init.value for one in self.model.constant_inputs}  # type: ignore[union-attr]
        cases = [[dict(zip(one.names, case, strict=True)) for case in one.cases] for one in self.labels]
        return Sampler(reference(self.model), seed, None, rows, [*([[constants]] if constants else []), *cases])

    def _turned(self, points: Sequence[Point], turn: int) -> Sequence[Point]:
        """Return rows with one first that has the label whose turn it is."""
        due = []
        for one in self.labels:
            due.append(one.shown(one.cases[turn % len(one.cases)]))
            turn //= len(one.cases)
        return sorted(points, key=lambda point: [one.shown(one.of(point)) not in due for one in self.labels])

    def wildness(self, points: Sequence[Point]) -> tuple[float, frozenset[str]]:
        """Tell how wild points are, at most 1 where any program does well, and which weights move the first row.

        Wild is what differs between single and double precision in the formulas as written, what is far from 1, and where these
        formulas lose a derivative altogether, as that of a saturated sigmoid.
        """
        inputs = {one.name: np.array([point[one.name] for point in points]) for one in self.model.inputs}
        exact, rough = (
            self.written({name: one.astype(kind) for name, one in inputs.items()}) for kind in (np.float64, np.float32)
        )
        values, slopes = exact.values, exact.cotangents
        errors = [_error(rough.values[vertex.name], values[vertex.name]) for vertex in self.graph.vertices]
        errors += [_error(rough.cotangents[name], slopes[name]) for name in self.weights]
        sizes = np.abs(np.concatenate([*(values[one.name] for one in self.graph.vertices), *(slopes[w] for w in self.weights)]))
        orders = float(np.max(np.abs(np.log10(sizes[sizes > 0.0])), initial=0.0))
        wild = max(max(errors) / _DIGITS, 1.0 + orders - _ORDERS)
        moving = frozenset(name for name in self.weights if slopes[name][0])
        if np.isfinite(wild):
            truth = self.numbers(points[:1]).cotangents
            wild = max(wild, *(_error(slopes[name][:1], truth[name]) / _DIGITS for name in self.weights))
        return wild, moving

    def written(
        self, inputs: Mapping[str, Array], told: Callable[[str, Array], Array] = lambda _, value: value
    ) -> Numbers[Array]:
        """Evaluate the graph by its formulas as they are written, as a program does.

        Args:
            inputs: (n,) of every input.
            told: gives the value (n,) that takes the place of a computed one, by its name.
        """
        values, size = dict(inputs), len(next(iter(inputs.values())))
        for vertex in self.graph.defined:
            values[vertex.name] = told(vertex.name, column(vertex.expr, values, size))
        partials = {(edge.source, edge.target): column(edge.partial, values, size) for edge in self.graph.edges}
        return Numbers(values, self.graph.sweep(partials, self.root), partials)

    def numbers(self, points: Sequence[Point]) -> Numbers[Array]:
        """Evaluate the graph at points by the reference; its cotangents are those of the rows' losses, without the penalty."""
        known = [self.graph.numbers(point) for point in points]
        values = {name: np.array([one.values[name] for one in known]) for name in known[0].values}
        partials = {key: np.array([one.partials[key] for one in known]) for key in known[0].partials}
        return Numbers(values, self.graph.sweep(partials, self.root), partials)

    @cached_property
    def first_rows(self) -> Numbers[Array]:
        """The numbers at the first row of each batch."""
        return self.numbers([points[0] for points in self.batches])

    @cached_property
    def all_rows(self) -> Numbers[Array]:
        """The numbers at all rows of all batches, (sum of `counts`,)."""
        return self.numbers([point for points in self.batches for point in points])

    @cached_property
    def penalty(self) -> dict[str, Array]:
        """The penalty's derivative by every weight, at the first row of each batch; none without a penalty."""
        slopes = self.graph.sweep(self.first_rows.partials, "penalty") if "penalty" in self.first_rows.values else {}
        return {name: slope for name, slope in slopes.items() if name in self.weights}

    # The forms in which students see it.

    def given_row(self, point: Point) -> dict[str, Any]:
        """Return x (d,), y, W (k,) of a point, and the row of x with y behind it."""
        y = [point[name] for name in self.targets]
        return {
            "x": [point[name] for name in self.features],
            "y": y[0] if len(y) == 1 else y,
            "W": [point[name] for name in self.weights],
            "row": [point[name] for name in (*self.features, *self.targets)],
        }

    def of_row(self) -> list[dict[str, Any]]:
        """Return x (d,), y, W (k,) of the first row of each batch, the right values, and the weight with a fault in checks."""
        calls = []
        for place, points in enumerate(self.batches):
            right = {name: float(self.first_rows.values[name][place]) for name in self.value_names}
            planted = place % len(self.weights)
            calls.append({**self.given_row(points[0]), "L": right[self.root], "right": right, "planted": planted})
        return calls

    def of_rows(self) -> list[dict[str, Any]]:
        """Return X (n, d), y (n,) or (n, p), and W (k,) of each batch."""
        batches = [[self.given_row(point) for point in points] for points in self.batches]
        return [{"X": [one["x"] for one in rows], "y": [one["y"] for one in rows], "W": rows[0]["W"]} for rows in batches]

    @cached_property
    def readings(self) -> dict[str, tuple[list[list[str]], dict[str, str]]]:
        """By role the orders in which results may come without names, that of all results first, and what keys mean.

        The key "dl" is the derivative of the loss by the output.
        """
        has_loss = self.root == "loss"
        values = [(name, [name]) for name in self.value_names]
        values += [("loss", ["loss", "L", "cost", "error"])] if has_loss else []
        if self.output is not None:
            values += [(self.output, ["y_hat", "y_pred", "prediction", "pred", "output"])]
            values += [("dl", ["dl"])] if has_loss else []
        partials = table([(name, [f"{before}{name}" for before in SLOPES]) for name in self.weights])
        return {
            "forward_propagation": ([self.value_names, [self.root], self.nodes], table(values)),
            "backward_propagation": ([self.weights], partials),
            "gradient_checking": ([self.weights, ["difference"]], partials),
            "loss": ([["loss"]], {"loss": "loss"}),
            "gradient": ([self.weights], partials),
        }

    def symbols_before(self, name: str) -> list[Any]:
        """Return the symbols that a student may have written by mistake in the formula of a vertex: all known before it."""
        place = [vertex.name for vertex in self.graph.vertices].index(name)
        return [vertex.symbol for vertex in self.graph.vertices[:place]]

    @cached_property
    def kinds(self) -> list[frozenset[str]]:
        """The groups of names that are taken for each other: features, weights, nodes."""
        groups: dict[str, set[str]] = {}
        for vertex in self.graph.vertices:
            groups.setdefault("node" if vertex.kind == "output" else vertex.kind, set()).add(vertex.name)
        return [frozenset(group) for group in groups.values()]


def _error(found: Any, right: NDArray[np.float64]) -> float:
    with np.errstate(all="ignore"):
        gap = np.abs(np.asarray(found, np.float64) - right) / np.where(right == 0.0, 1.0, np.abs(right))
    return float(np.max(gap)) if np.isfinite(gap).all() else np.inf


def _diverse(drawn: Sequence[tuple[float, Sequence[Point], Any]], count: int) -> list[Sequence[Point]]:
    """Choose points, the tamest first: each branch is taken, each label is met and each weight matters, if possible twice."""
    seen = Counter[Any]()
    left, chosen = list(range(len(drawn))), list[int]()

    def missing(place: int, times: int) -> int:
        """Count what is shown by a point, and by fewer of the chosen ones than it should be."""
        return sum(seen[one] < times for one in drawn[place][2])

    for times in (1, 2, 0):  # at last, the tamest of those that are left
        while left and len(chosen) < count:
            best = max(left, key=partial(missing, times=times))
            if times and not missing(best, times):
                break
            chosen.append(best)
            left.remove(best)
            seen.update(drawn[best][2])
    return [drawn[place][1] for place in sorted(chosen)]
