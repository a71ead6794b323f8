"""The judge: what a module computes, held against the spec itself, at ordinary and adversarial points.

    from symgraph.check.judging import judge
    from symgraph.check.points import points
    report = judge(model, module, points(model, n=1000))
    print(report); assert report.ok

``truths`` and ``compare`` do the same for what anything else has computed at the same points.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import sympy
from flint import arb, ctx

from symgraph.backends import BACKENDS
from symgraph.check.balls import KINK, UNKNOWN, ZERO, Value
from symgraph.check.conditions import Conditions, Measure, Sizes
from symgraph.check.findings import findings
from symgraph.check.inputs import is_cheap, kappa_of_value, kappas_of_partials
from symgraph.check.points import Points
from symgraph.check.reference import LEVELS, reference
from symgraph.check.report import Report
from symgraph.check.runs import Results, backend_of, compute, names_of
from symgraph.check.truths import KNOWN, NO_DERIVATIVE, UNDEFINED, UNRESOLVED, Truths
from symgraph.check.verified import LostDigits
from symgraph.errors import OptionError
from symgraph.generate import differentiated
from symgraph.ir.graph import Graph
from symgraph.options import DOUBLE
from symgraph.spec.canonical import postorder
from symgraph.spec.model import Model

_BEYOND = 2**60
"""The largest exponent that is told from infinity."""
_BATCH_ENTRIES = 2_000_000
"""Numbers that the sweeps hold at once: some tens of MB."""
_MOST_SHARES = 5_000_000
"""Where nodes times results are more, only loss and output are asked for the worst loss of digits."""
_OUT_OF_REACH = 1e290


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
    names, backend = names_of(module), backend_of(module)
    found = truths(model, rounded, backend=backend, precision=results.precision, dtype=dtype, names=names, progress=progress)
    return compare(found, results)


def compare(found: Truths, results: Results) -> Report:
    """Hold results, of a module or of anything else, against the truth at the same points.

    Raises:
        OptionError: the results are of other names or of another number of points.
    """
    if results.names != found.names or results.count != len(found.points):
        raise OptionError("results and truths are of different points or results")
    return findings(found, results)


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
        backend: "numpy", "scalar" or "c", whose graphs differ a little.
        precision: "double" or "accurate", whose graphs differ too.
        dtype: whose op figures, constants and range the measure is for.
        names: the results wanted; None for all that the backend has.
        progress: called after each point.
    """
    known = reference(model)
    chosen = tuple(names_of_model(model, backend) if names is None else names)
    measure = measure_of(model, backend, dtype, chosen, precision)
    weights = [entry.name for entry in known.model.weight_inputs]
    batch = max(1, min(512, _BATCH_ENTRIES // max(1, len(chosen) * measure.width)))
    parts: list[list[tuple[int, float, float, int]]] = []
    bits: list[int] = []
    sizes: list[Sizes] = []
    for start in range(0, len(points), batch):
        conditions: list[Conditions] = []
        kappas: list[dict[str, float]] = []
        for place in range(start, min(len(points), start + batch)):
            point = points.point(place)
            truth = known.truth(point)
            values = truth.named(weights)
            with ctx.workprec(LEVELS[0]):
                parts.append([_parts(values[name]) for name in chosen])
            bits.append(truth.bits)
            conditions.append(measure.conditions(point, truth.bits))
            kappas.append({root: kappa_of_value(truth, root, point) for root in known.roots if root in chosen})
            if progress is not None:
                progress()
        sizes.append(_with_kappas(measure.sizes(conditions), chosen, kappas))
    state, high, low, exponent = np.moveaxis(np.array(parts, np.float64).reshape(len(points), len(chosen), 4), -1, 0)
    return Truths(
        known.model,
        points,
        chosen,
        dtype,
        state.astype(np.int8),
        high,
        low,
        exponent.astype(np.int64),
        Sizes.stacked(sizes),
        measure,
        tuple(bits),
    )


def _with_kappas(sizes: Sizes, names: Sequence[str], kappas: Sequence[Mapping[str, float]]) -> Sizes:
    """The sizes with exact kappa_in of loss and output."""
    for column, name in enumerate(names):
        if name in kappas[0]:
            exact = np.array([one[name] for one in kappas])
            sizes.kappa_in[:, column] = np.where(np.isnan(sizes.kappa_in[:, column]), np.nan, exact)
    return sizes


def names_of_model(model: Model, backend: str = "numpy") -> tuple[str, ...]:
    """The results that a model's module of a backend has, in order."""
    known = reference(model)
    weights = [entry.name for entry in known.model.weight_inputs]
    prefixes = {"loss": "grad", "output": "jacobian"}
    roots = [root for root in prefixes if root in known.roots]
    kinds = [prefixes[root] for root in roots if backend != "scalar" or root == "loss"]
    return (*roots, *(f"{kind} {name}" for kind in kinds for name in weights))


@lru_cache(maxsize=16)
def measure_of(
    model: Model,
    backend: str = "numpy",
    dtype: str = "float64",
    names: tuple[str, ...] | None = None,
    precision: str = DOUBLE,
) -> Measure:
    """The measure of the graph that a backend prints, prepared once.

    Raises:
        SpecError: the model cannot be lowered.
    """
    graph = BACKENDS[backend].graph(_differentiated(model), precision)
    roots = names_of_model(model, backend) if names is None else names
    return Measure(graph, roots, floats_of(model), np.dtype(dtype).type)


_differentiated = lru_cache(maxsize=8)(differentiated)


def floats_of(model: Model) -> frozenset[float]:
    """The floats that a spec contains, which are meant as they are."""
    exprs = [node.expr for node in model.nodes] + ([] if model.loss_expr is None else [model.loss_expr])
    return frozenset(float(part) for part in postorder(exprs) if isinstance(part, sympy.Float))


def worst_loss_of_digits(model: Model, points: Points, *, graph: Graph | None = None) -> LostDigits | None:
    """Find the result with the largest kappa_graph / (1 + kappa_in) at a few points.

    Args:
        model: the spec.
        points: where.
        graph: the graph that is printed, if it is at hand; else that of the numpy backend.

    Returns:
        The result, where it is, and the node; None if no result has a number of doubles anywhere.
    """
    if graph is None:
        graph = BACKENDS["numpy"].graph(_differentiated(model), DOUBLE)
    names = [name for name in names_of_model(model) if name in graph.roots]
    if len(names) * len(graph.nodes) > _MOST_SHARES:
        names = [name for name in names if " " not in name]
    measure = Measure(graph, names, floats_of(model))
    known = reference(model)
    rows = [points.point(place) for place in range(len(points))]
    conditions = [measure.conditions(point) for point in rows]
    sizes = measure.sizes(conditions)
    inside = (sizes.lowest > -1022) & (sizes.highest < 1024) & np.isfinite(sizes.scatter) & (sizes.kappa_graph < _OUT_OF_REACH)
    kappa_in = sizes.kappa_in.copy()
    while True:
        with np.errstate(all="ignore"):  # condition numbers out of reach
            ratio = np.nan_to_num(np.where(inside, sizes.kappa_graph / (1 + kappa_in), -1.0), nan=-1.0)
        place, column = np.unravel_index(int(np.argmax(ratio)), ratio.shape) if ratio.size else (0, 0)
        if not ratio.size or ratio[place, column] < 0:
            return None
        name, point = names[column], rows[place]
        truth = known.truth(point)
        root, _, leaf = name.partition(" ")
        whole = {"grad": "loss", "jacobian": "output"}.get(root, root)
        if leaf:
            screened = float(kappa_in[place, column])
            exact = kappas_of_partials(known, point, whole, truth.bits)[leaf] if is_cheap(known) else screened
        else:
            exact = kappa_of_value(truth, whole, point)
        if not exact > kappa_in[place, column] * 1.01 + 1:
            kappa_graph = float(sizes.kappa_graph[place, column])
            node = measure.enlarged_node(point, truth.bits, int(column))
            return LostDigits(name, node, exact, kappa_graph, point)
        kappa_in[place, column] = exact


def _parts(value: Value) -> tuple[int, float, float, int]:
    """State, high, low and exponent of a true value, at a precision of ``LEVELS[0]``."""
    if not isinstance(value, arb):
        return (NO_DERIVATIVE if value is KINK else UNRESOLVED if value is UNKNOWN else UNDEFINED), 0.0, 0.0, 0
    number = float(value)
    if 1e-290 < abs(number) < 1e290 and not value.contains(ZERO):
        high, exponent = math.frexp(number)
        return KNOWN, high, math.ldexp(float(value - number), -exponent), exponent
    if value.contains(ZERO):  # below all numbers of any format
        return KNOWN, 0.0, 0.0, 0
    if not value.is_finite():
        return KNOWN, math.copysign(0.5, number), 0.0, _BEYOND
    mantissa, power = (int(part) for part in value.mid().man_exp())
    bits = mantissa.bit_length()
    scaled = value * arb((1, -(power + bits)))
    high = float(scaled)
    return KNOWN, high, float(scaled - high), max(-_BEYOND, min(_BEYOND, power + bits))
