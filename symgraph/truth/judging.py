"""The judge: what a module computes, held against the truth."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import mpmath
import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph.canonical import postorder
from symgraph.errors import OptionError
from symgraph.exact import NAN
from symgraph.generate import differentiated
from symgraph.ir.graph import Graph
from symgraph.model import Model
from symgraph.passes import many_rows, optimize
from symgraph.passes.one_row import one_row
from symgraph.truth.drawing import Points
from symgraph.truth.measure import Measure, Sizes
from symgraph.truth.reference import Exact, Reference, leaves_of, reference
from symgraph.truth.report import Report, report
from symgraph.truth.results import Results, backend_of, compute, names_of
from symgraph.truth.verdicts import KNOWN, NO_DERIVATIVE, UNDEFINED, UNRESOLVED
from symgraph.truth.wide import KINK, is_number

_Parts = tuple[int, float, float, int]
_CANCELLING = 2.0**46
"""Where kappa_graph is larger, sums of doubles may leave few digits of kappa_in."""
_FAR = 1100
"""Results with larger binary exponents are no normal numbers, and nobody asks for their conditioning."""
_BEYOND = 2**60
"""The largest exponent that is told from infinity."""
_BATCH_ENTRIES = 2_000_000
"""Numbers that the sweeps hold at once: some tens of MB."""


@dataclass(frozen=True, slots=True, eq=False)
class Truths:
    """The truth of k results at n points, with their conditioning.

    The true value is (high + low) * 2**exponent with 0.5 <= |high| <= 1, or 0, so that numbers of any size have about 100 bits.

    Attributes:
        model: the model's name.
        layout: the inputs by the name of the argument that takes them, "w", "X" and "y", as far as there are any.
        points: where.
        names: the results.
        dtype: "float64" or "float32": what they were measured for.
        state: (n, k) KNOWN, UNDEFINED, NO_DERIVATIVE or UNRESOLVED.
        high, low, exponent: (n, k) the true values; 0 where they are not known.
        sizes: kappas and ranges of the graph that the module is written from.
        largest_ulp: the largest figure of the op table among that graph's operations.
        measure: of that graph.
    """

    model: str
    layout: Mapping[str, tuple[str, ...]]
    points: Points
    names: tuple[str, ...]
    dtype: str
    state: NDArray[np.int8]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    exponent: NDArray[np.int64]
    sizes: Sizes
    largest_ulp: float
    measure: Measure

    @property
    def values(self) -> NDArray[np.float64]:
        """(n, k) the true values rounded to double; inf beyond doubles, NaN where there is none."""
        with np.errstate(over="ignore", under="ignore"):
            rounded = np.ldexp(self.high + self.low, np.clip(self.exponent, -3000, 3000).astype(np.int32))
        return np.where(self.state == KNOWN, rounded, np.nan)

    def scatter(self, place: int) -> NDArray[np.float64]:
        """(k,) by how much the results at one point are scattered by rounding errors, of inputs too."""
        return self.measure.scatter.at(leaves_of(self.points.point(place)))


def judge(
    model: Model, module: Any, points: Points, *, dtype: str = "float64", progress: Callable[[], None] | None = None
) -> Report:
    """Hold a module against its spec at some points.

    Args:
        model: the spec; it is frozen by this.
        module: a module of the ABI, of the numpy or the scalar backend, or compiled C.
        points: where; they are rounded to the dtype first, and the truth is that of the rounded points.
        dtype: "float64", or "float32" for the numpy backend.
        progress: called after each point.

    Returns:
        What was found; ``ok`` says whether the module may be trusted there.

    Raises:
        SpecError: the model is not complete.
        OptionError: the module is of another model, or does not compute in that dtype.
    """
    own = [tuple(entry.name for entry in part) for part in (model.weight_inputs, model.feature_inputs)]
    if model.name != module.MODEL or [tuple(module.WEIGHTS), tuple(module.FEATURES)] != own:
        raise OptionError(f"the module is of {module.MODEL}, not of the model {model.name} with these inputs; build it again")
    rounded = points.rounded(dtype)
    results = compute(module, rounded, dtype)
    found = truths(model, rounded, backend=backend_of(module), dtype=dtype, names=names_of(module), progress=progress)
    return compare(found, results)


def compare(found: Truths, results: Results) -> Report:
    """Hold results, of a module or of anything else, against the truth at the same points.

    Raises:
        OptionError: the results are of other names or of another number of points.
    """
    if results.names != found.names or results.values.shape != found.high.shape:
        raise OptionError("results and truths are of different points or results")
    return report(found, results)


def truths(
    model: Model,
    points: Points,
    *,
    backend: str = "numpy",
    dtype: str = "float64",
    names: Sequence[str] | None = None,
    progress: Callable[[], None] | None = None,
) -> Truths:
    """Evaluate the spec at many points, and the conditioning of the graph that its module is written from.

    Args:
        model: the spec; it is frozen by this.
        points: where; taken as the exact numbers they are.
        backend: "numpy", "scalar" or "c", whose graphs differ a little.
        dtype: whose op figures, constants and range the measure is for.
        names: the results wanted; None for all that the backend has.
        progress: called after each point.
    """
    known = reference(model)
    chosen = tuple(known.names if names is None else names)
    if backend == "scalar":
        chosen = tuple(name for name in chosen if not name.startswith("jacobian "))
    measure = measure_of(model, backend, dtype, chosen)
    batch = max(1, min(512, _BATCH_ENTRIES // max(1, len(chosen) * measure.width)))
    rows: list[list[_Parts]] = []
    sizes: list[Sizes] = []
    for start in range(0, len(points), batch):
        batched = [points.point(place) for place in range(start, min(len(points), start + batch))]
        exacts = _exacts(known, batched, progress)
        rows += [[_parts(exact.values[name]) for name in chosen] for exact in exacts]
        sizes.append(_sizes(measure, [known.leaves(point) for point in batched], exacts))
    state, high, low, exponent = np.moveaxis(np.array(rows, np.float64).reshape(len(points), len(chosen), 4), -1, 0)
    return Truths(
        model.name,
        _layout(model),
        points,
        chosen,
        dtype,
        state.astype(np.int8),
        high,
        low,
        exponent.astype(np.int64),
        Sizes.stacked(sizes),
        measure.largest_ulp,
        measure,
    )


def _exacts(known: Reference, points: Sequence[Mapping[str, float]], progress: Callable[[], None] | None) -> list[Exact]:
    exacts = []
    for point in points:
        exacts.append(known.truth(point))
        if progress is not None:
            progress()
    return exacts


def _sizes(measure: Measure, leaves: Sequence[Mapping[str, Any]], exacts: Sequence[Exact]) -> Sizes:
    """The sizes at some points; kappa_in by mpmath where what cancels in sums of doubles may hide it."""
    sizes = measure.sizes([measure.conditions(one, exact.bits) for one, exact in zip(leaves, exacts, strict=True)])
    cancelling = (sizes.kappa_graph > _CANCELLING) & np.isfinite(sizes.kappa_graph)
    for place, column in np.argwhere(cancelling).tolist():
        exact = exacts[place]
        value = exact.values[measure.roots[column]]
        if is_number(value) and abs(mpmath.mag(value)) < _FAR:
            precision = exact.bits + 64 + int(np.log2(sizes.kappa_graph[place, column]))
            sizes.kappa_in[place, column] = measure.exact_kappa_in(leaves[place], precision, column)
    return sizes


def _layout(model: Model) -> dict[str, tuple[str, ...]]:
    target = () if model.target_input is None else (model.target_input,)
    parts = {"w": model.weight_inputs, "X": model.feature_inputs, "y": target}
    return {name: tuple(entry.name for entry in part) for name, part in parts.items() if part}


@lru_cache(maxsize=16)
def measure_of(model: Model, backend: str = "numpy", dtype: str = "float64", names: tuple[str, ...] | None = None) -> Measure:
    """The measure of the graph that a backend writes, prepared once.

    Raises:
        SpecError: the model cannot be lowered.
    """
    graph = _graph(model, backend)
    roots = tuple(reference(model).names if names is None else names)
    return Measure(graph, roots, _floats(model), np.dtype(dtype).type)


@lru_cache(maxsize=16)
def _graph(model: Model, backend: str) -> Graph:
    graph = differentiated(model)
    return optimize(one_row(graph)) if backend == "scalar" else graph if backend == "c" else many_rows(graph)


def _floats(model: Model) -> frozenset[float]:
    """The floats that a spec contains."""
    exprs = [node.expr for node in model.nodes] + ([] if model.loss_expr is None else [model.loss_expr])
    return frozenset(float(part) for part in postorder(exprs) if isinstance(part, sympy.Float))


def _parts(value: Any) -> _Parts:
    """State, high, low and exponent of a true value."""
    if not is_number(value):
        return (UNDEFINED if value is NAN else NO_DERIVATIVE if value is KINK else UNRESOLVED), 0.0, 0.0, 0
    sign, man, exponent, bits = value._mpf_
    if not man:
        return KNOWN, (0.5 * float(mpmath.sign(value)) if exponent else 0.0), 0.0, (_BEYOND if exponent else 0)
    # the leading 53 bits, the next 53, and where the point is
    top = man >> max(0, bits - 53)
    rest = man - (top << max(0, bits - 53))
    high, low = top / 2.0 ** min(bits, 53), float(mpmath.ldexp(rest, -bits))
    scaled = max(-_BEYOND, min(_BEYOND, exponent + bits))
    return KNOWN, (-high if sign else high), (-low if sign else low), scaled
