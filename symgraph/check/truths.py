"""The truth at many points: what each result is there, how well conditioned, and what the inputs leave open."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from symgraph.check.conditions import Measure, Sizes
from symgraph.check.inputs import is_cheap, kappas_of_partials, left_open
from symgraph.check.points import Points
from symgraph.check.reference import reference
from symgraph.spec.model import Model

KNOWN, UNDEFINED, NO_DERIVATIVE, UNRESOLVED = range(4)
"""What is known of a result: its value; that it is no real number; that it is a partial at a kink; nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Truths:
    """The truth of k results at n points, with their conditioning.

    The true value is (high + low) * 2**exponent with 0.5 <= |high| <= 1, or 0, so that numbers of any size have about 100 bits.

    Attributes:
        model: the spec.
        points: where.
        names: the results.
        dtype: "float64" or "float32": what they were measured for.
        state: (n, k) KNOWN, UNDEFINED, NO_DERIVATIVE or UNRESOLVED.
        high, low, exponent: (n, k) the true values; 0 where they are not known.
        sizes: kappas and ranges of the graph that the module is printed from; kappa_in of loss and output is exact.
        measure: of that graph.
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
    measure: Measure
    bits: tuple[int, ...]
    _kappas: dict[tuple[int, str], Mapping[str, float]] = field(default_factory=dict)

    @property
    def largest_ulp(self) -> float:
        """The largest figure of the op table among the graph's operations."""
        return self.measure.largest_ulp

    @property
    def values(self) -> NDArray[np.float64]:
        """(n, k) the true values rounded to double; inf beyond doubles, NaN where there is none."""
        with np.errstate(over="ignore", under="ignore"):
            rounded = np.ldexp(self.high + self.low, np.clip(self.exponent, -3000, 3000).astype(np.int32))
        return np.where(self.state == KNOWN, rounded, np.nan)

    def kappa_in(self, place: int, column: int) -> float:
        """kappa_in of one result at one point by the reference; for partials of large models that of ``sizes``."""
        kind, _, leaf = self.names[column].partition(" ")
        known = reference(self.model)
        if not leaf or np.isnan(self.sizes.kappa_in[place, column]) or not is_cheap(known):
            return float(self.sizes.kappa_in[place, column])
        root = "loss" if kind == "grad" else "output"
        if (place, root) not in self._kappas:
            self._kappas[place, root] = kappas_of_partials(known, self.points.point(place), root, self.bits[place])
        return self._kappas[place, root][leaf]

    def left_open(self, place: int) -> NDArray[np.bool_]:
        """(k,) whether the last bits of the inputs leave open what a result at one point is."""
        found = left_open(reference(self.model), self.points.point(place), self.dtype)
        return np.array([found[name] for name in self.names], bool)
