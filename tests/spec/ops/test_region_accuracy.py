"""Every figure by region of the op table, held against the reference; ``tools/region_accuracy.py`` measures at more points."""

import math
from typing import Any

import numpy as np
import pytest
import sympy as sp
from op_accuracy import Case, arithmetic_of, graph_of
from region_accuracy import figures, measure

from symgraph.compiler.ir.evaluate import evaluate
from symgraph.spec.ops.op import WHOLE_NUMBERS, Region
from symgraph.spec.ops.ops import OPS

FEW, MANY = 2, 12
"""Points of each of some fifteen kinds; figures are half as much again as the largest error that 300 found."""


REGIONS = [(op, region) for op, row in OPS.items() for region in row.regions]


def named(value: Any) -> str:
    return f"{value.low:g} to {value.high:g}" if isinstance(value, Region) else str(value)


@pytest.mark.parametrize(("op", "region"), REGIONS, ids=named)
def test_a_function_is_within_its_figure_in_each_region(op: str, region: Region) -> None:
    found = measure(op, region, FEW, seed=1)
    for root, figure in figures(op, region).items():
        assert found[root].error <= figure, (root, found[root])


@pytest.mark.slow
@pytest.mark.parametrize(("op", "region"), REGIONS, ids=named)
def test_a_function_is_within_its_figure_at_many_points_of_each_region(op: str, region: Region) -> None:
    found = measure(op, region, MANY, seed=2)
    for root, figure in figures(op, region).items():
        assert found[root].error <= figure, (root, found[root])


def sixteen_ulp(value: Any) -> Any:
    return value * (1.0 + 2.0**-48)


# an operand with a fault of 16 ulp in a region of an op, or one that takes the wrong branch there
@pytest.mark.parametrize(("op", "region", "fault"), [
    ("dawson", Region(3.0, 8.0, 6.0, (6.0,)), sixteen_ulp), ("erfc", Region(2.0, math.inf, 2.0, (2.0,)), sixteen_ulp),
    ("hypot", OPS["hypot"].regions[1], sixteen_ulp), ("wofz_re", OPS["wofz_re"].regions[2], sixteen_ulp),
    ("lambertw", Region(-0.36787944117144233, -0.35, 3.0, (5.0,)), lambda value: np.where(value < -0.99, value + 1e-12, value)),
    ("bessel_i0", Region(25.0, math.inf, 6.0, (6.0,)), lambda value: np.where(value > 1e200, np.nan, value)),
])  # fmt: skip
def test_a_fault_in_one_region_is_found(op: str, region: Region, fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = arithmetic_of("numpy")
    broken = {**plain, op: lambda *operands: fault(plain[op](*operands))}
    monkeypatch.setattr("region_accuracy.arithmetic_of", lambda _: broken)
    assert measure(op, region, FEW, seed=1)["value"].error > region.ulp


def test_regions_meet_and_cover_the_domain_and_have_no_figure_above_that_of_the_whole() -> None:
    for name, row in ((name, row) for name, row in OPS.items() if row.regions):
        span = row.domain[-1]
        is_size = row.region_of.is_nonnegative or row.region_of.has(sp.Abs)
        ends = (0.0 if is_size else span.low, math.pi if row.region_of.has(sp.atan2) else span.high)
        borders = [region.low for region in row.regions] + [row.regions[-1].high]
        assert (borders[0], borders[-1]) == pytest.approx(ends, rel=1e-15, abs=0), name
        assert borders == sorted(borders), name
        for region in row.regions:
            assert region.ulp <= row.ulp, name
            slopes = row.partial_ulp[row.arity - len(region.partial_ulp) :]
            assert all(part <= whole for part, whole in zip(region.partial_ulp, slopes, strict=True)), name


TINY, HUGE = 2.0**-1060, 1e300
EXTREMES = (0.0, TINY, 2.0**-1022, 1e-200, 1e-30, 1e-8, 0.5, 25.0, 710.0, 1e8, HUGE)


@pytest.mark.parametrize(
    "op", [op for op, row in OPS.items() if row.regions and (row.arity == 1 or row.domain[0] is WHOLE_NUMBERS)]
)
def test_no_slope_is_nan_where_the_operand_is_a_number_of_the_domain(op: str) -> None:
    """inf * 0 inside a partial would be: at the smallest and largest numbers, and next to the ends of the domain."""
    row = OPS[op]
    ends = [end for end in row.domain[-1][:2] if math.isfinite(end)]
    near = [y for end in ends for y in (math.nextafter(end, -math.inf), math.nextafter(end, math.inf))]
    x = np.array([y for y in (*EXTREMES, *(-y for y in EXTREMES), *near) if y in row.domain[-1]])
    if op in ("gamma", "lgamma", "digamma", "trigamma", "polygamma"):
        x = x[(x > 0.0) | (x != np.rint(x))]  # no poles, which all huge numbers below 0 are
    if op in ("ei", "csch", "coth", "csc", "cot"):
        x = x[x != 0.0]  # a pole
    orders = (2.0, 7.0) if op == "polygamma" else (0.0, 1.0, 2.0, 7.0, -3.0) if row.domain[0] is WHOLE_NUMBERS else (None,)
    for order in orders:
        graph = graph_of(Case(op, order))
        with np.errstate(all="ignore"):
            values = evaluate(graph, {"x0": x, "c": np.ones_like(x)}, arithmetic_of("numpy"))
        infinite = np.isinf(np.broadcast_to(values[graph.roots["value"]], x.shape))  # there slopes may be anything
        for root, position in graph.roots.items():
            wrong = np.isnan(np.broadcast_to(values[position], x.shape)) & ~(infinite & (root != "value"))
            assert not wrong.any(), (order, root, x[wrong])
