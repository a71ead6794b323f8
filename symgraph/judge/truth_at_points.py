"""The truth at many points: what each result is there, how well conditioned, and what the inputs leave open."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import sympy
from flint import arb, ctx
from numpy.typing import NDArray

from symgraph.columns import value_of
from symgraph.compiler.generate import printed_graph
from symgraph.compiler.ir.special import elementary
from symgraph.judge.balls import KINK, UNKNOWN, ZERO, Value, exponent_of
from symgraph.judge.conditions import Conditions, Floats, GraphConditioning, Sizes
from symgraph.judge.input_uncertainty import is_cheap, kappa_of_value, kappas_of_partials, left_open
from symgraph.judge.judged_points import Points
from symgraph.judge.reference import LEVELS, reference
from symgraph.judge.rounding import FloatOfC
from symgraph.judge.runs import names_of_results
from symgraph.options import DOUBLE
from symgraph.spec.canonical import postorder
from symgraph.spec.model import Model

KNOWN, UNDEFINED, NO_DERIVATIVE, UNRESOLVED = range(4)
"""States of a result: its value is known; it is no real number; it is a partial at a kink; unknown."""
_BEYOND = 2**60
"""The largest exponent that is told from infinity."""
_TRIES = 40
"""Largest number of results whose kappa_in is looked up in the reference."""
_CANCELLING = 2.0**40
"""Where kappa_graph is smaller, sums of doubles have many digits of kappa_in."""
_OUT_OF_REACH = 1e290
"""Condition numbers above stand for infinite ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Truths:
    """The truth of k results at n points, with their conditioning.

    The true value is (high + low) * 2**exponent with 0.5 <= |high| <= 1, or 0, so that numbers of any size have about 100 bits.

    Attributes:
        model, points, names: the spec, where, and the results.
        dtype: "float64" or "float32": what they were measured for.
        state: (n, k) KNOWN, UNDEFINED, NO_DERIVATIVE or UNRESOLVED.
        high, low, exponent: (n, k) the true values; 0 where they are not known.
        sizes: kappas and ranges of the graph that the module is printed from; kappa_in of loss and output is exact.
        conditioning: of that graph.
        bits: (n,) the precision that the truth took.
    """

    model: Model
    points: Points
    names: tuple[str, ...]
    dtype: str
    state: NDArray[np.int8]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    exponent: NDArray[np.int64]
    sizes: Sizes
    conditioning: GraphConditioning
    bits: tuple[int, ...]
    _kappas: dict[tuple[int, str], Mapping[str, float]] = field(default_factory=dict)

    @property
    def largest_ulp(self) -> float:
        """The largest figure of the op table among the graph's operations."""
        return self.conditioning.largest_ulp

    @property
    def values(self) -> NDArray[np.float64]:
        """(n, k) the true values rounded to double; inf beyond doubles, NaN where there is none."""
        with np.errstate(over="ignore", under="ignore"):
            rounded = np.ldexp(self.high + self.low, np.clip(self.exponent, -3000, 3000).astype(np.int32))
        return np.where(self.state == KNOWN, rounded, np.nan)

    def kappa_in(self, place: int, column: int) -> float:
        """kappa_in of one result at one point by the reference; for partials of large models that of ``sizes``."""
        root, leaf = value_of(self.names[column])
        known = reference(self.model)
        if not leaf or np.isnan(self.sizes.kappa_in[place, column]) or not is_cheap(known):
            return float(self.sizes.kappa_in[place, column])
        if (place, root) not in self._kappas:
            self._kappas[place, root] = kappas_of_partials(known, self.points.point(place), root, self.bits[place])
        return self._kappas[place, root][leaf]

    def largest(
        self, numerator: Floats, kappa_in: Floats, columns: Sequence[int], *, sure: bool = False
    ) -> tuple[int, int] | None:
        """Find the place and the column of the result with the largest numerator / (1 + kappa_in); None if there is none.

        Args:
            numerator: (n, len(columns)) NaN where nothing is asked.
            kappa_in: (n, k) as far as it is known; for the largest ratios the reference completes it, until they are right.
            columns: the results that are asked for.
            sure: whether the reference is asked even where no paths cancel, so that sums of doubles are right.
        """
        looked_up: set[tuple[int, int]] = set()
        while True:
            with np.errstate(all="ignore"):
                ratios = np.nan_to_num(numerator / (1 + kappa_in[:, columns]), nan=-1.0, posinf=-1.0)
            at = np.unravel_index(int(np.argmax(ratios)), ratios.shape) if ratios.size else None
            if at is None or ratios[at] < 0:
                return None
            place, column = int(at[0]), columns[int(at[1])]
            right = not sure and self.sizes.kappa_graph[place, column] < _CANCELLING
            if right or (place, column) in looked_up or len(looked_up) == _TRIES:
                return place, column
            looked_up.add((place, column))
            kappa_in[place, column] = self.kappa_in(place, column)

    def worst_digits(
        self, inside: NDArray[np.bool_], kappa_in: Floats, errors: Floats | float = np.nan
    ) -> tuple[int, int, str] | None:
        """Find place and column of the largest kappa_graph / (1 + kappa_in), and the node whose rounding errors it enlarges.

        Args:
            inside: (n, k) the results that are asked for; None is returned if there is none.
            kappa_in: as for ``largest``.
            errors: (n, k) errors in units of 2**-53, which count instead where they are larger or kappa_graph is not asked for;
                NaN where none is known.
        """
        kappa_graph = np.where(inside & (self.sizes.kappa_graph < _OUT_OF_REACH), self.sizes.kappa_graph, np.nan)
        at = self.largest(np.fmax(kappa_graph, errors), kappa_in, range(len(self.names)), sure=True)
        return None if at is None else (*at, self.conditioning.enlarged_node(self.points.point(at[0]), self.bits[at[0]], at[1]))

    def left_open(self, place: int) -> NDArray[np.bool_]:
        """(k,) whether the last bits of the inputs leave open what a result at one point is."""
        found = left_open(reference(self.model), self.points.point(place), self.dtype)
        return np.array([found[name] for name in self.names], bool)


def truths(
    model: Model,
    points: Points,
    *,
    backend: str = "numpy",
    precision: str = DOUBLE,
    dtype: str = "float64",
    names: Sequence[str] | None = None,
    progress: Callable[[], None] | None = None,
) -> Truths:
    """Evaluate the spec at many points, and the conditioning of the graph that its module is printed from.

    Args:
        model: the spec; it is frozen by this.
        points: where; taken as the exact numbers they are.
        backend: its name; graphs differ a little from one to the other.
        precision: "double" or "accurate", whose graphs differ too.
        dtype: whose op figures, constants and range the conditioning is for.
        names: the results wanted; None for all that the backend has.
        progress: called after each point.
    """
    known = reference(model)
    chosen = tuple(names_of_model(model, backend) if names is None else names)
    conditioning = conditioning_of(model, backend, dtype, chosen, precision)
    origins, values = [*map(value_of, chosen)], [root for root in known.roots if root in chosen]
    parts: list[list[tuple[int, float, float, int]]] = []
    bits: list[int] = []
    kappas: list[list[float]] = []

    def visited() -> Iterator[Conditions]:
        for place in range(len(points)):
            point = points.point(place)
            truth = known.truth(point)
            with ctx.workprec(LEVELS[0]):
                parts.append([_parts(truth.partials[root][leaf] if leaf else truth.values[root]) for root, leaf in origins])
            bits.append(truth.bits)
            kappas.append([kappa_of_value(truth, root, point) for root in values])
            yield conditioning.conditions(point, truth.bits)
            if progress is not None:
                progress()

    sizes = conditioning.sizes(visited())
    for root, exact in zip(values, np.transpose(kappas), strict=True):
        own = sizes.kappa_in[:, chosen.index(root)]
        own[~np.isnan(own)] = exact[~np.isnan(own)]
    state, high, low, exponent = np.moveaxis(np.array(parts, np.float64).reshape(len(points), len(chosen), 4), -1, 0)
    true = state.astype(np.int8), high, low, exponent.astype(np.int64)
    return Truths(known.model, points, chosen, dtype, *true, sizes, conditioning, tuple(bits))


def names_of_model(model: Model, backend: str = "numpy") -> tuple[str, ...]:
    """The results that a model's module of a backend has, in order."""
    known = reference(model)
    return names_of_results(known.roots, [entry.name for entry in known.model.weight_inputs], backend)


@lru_cache(maxsize=16)
def conditioning_of(
    model: Model,
    backend: str = "numpy",
    dtype: str = "float64",
    names: tuple[str, ...] | None = None,
    precision: str = DOUBLE,
) -> GraphConditioning:
    """The conditioning of the graph that a backend prints, prepared once.

    Raises:
        SpecError: the model cannot be lowered.
    """
    graph = elementary(printed_graph(model, backend, precision))  # a machine may round twice in a fused operation
    roots = names_of_model(model, backend) if names is None else names
    kind = FloatOfC if (backend, dtype) == ("c", "float32") else np.dtype(dtype).type
    return GraphConditioning(graph, roots, floats_of(model), kind)


def floats_of(model: Model) -> frozenset[float]:
    """The floats that a spec contains, which are meant as they are."""
    return frozenset(float(part) for part in postorder(model.exprs) if isinstance(part, sympy.Float))


def _parts(value: Value) -> tuple[int, float, float, int]:
    """State, high, low and exponent of a true value, at a precision of ``LEVELS[0]``."""
    if not isinstance(value, arb):
        return (NO_DERIVATIVE if value is KINK else UNRESOLVED if value is UNKNOWN else UNDEFINED), 0.0, 0.0, 0
    if value.contains(ZERO):  # below all numbers of any format
        return KNOWN, 0.0, 0.0, 0
    number = float(value)
    if 1e-290 < abs(number) < 1e290:  # doubles hold it and its rest, and are faster
        high, exponent = math.frexp(number)
        return KNOWN, high, math.ldexp(float(value - number), -exponent), exponent
    if not value.is_finite():
        return KNOWN, math.copysign(0.5, number), 0.0, _BEYOND
    exponent = exponent_of(value)
    scaled = value * arb((1, -exponent))
    high = float(scaled)
    return KNOWN, high, float(scaled - high), max(-_BEYOND, min(_BEYOND, exponent))
