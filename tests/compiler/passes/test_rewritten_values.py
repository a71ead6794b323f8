"""Values of rewritten models: of drawn formulas over what they are 0 with, near there and elsewhere, and in the tails."""

import math
from collections.abc import Callable
from typing import Any

import mpmath
import pytest
import sympy as sp
from graphs import values_of
from hypothesis import given, settings
from hypothesis import strategies as st
from spec_graphs import graph_of
from written import written

import symgraph as sg
from symgraph import Model
from symgraph.compiler.derive.adjoint import differentiate
from symgraph.compiler.derive.lowering import lower
from symgraph.compiler.ir.evaluate import MPMATH, evaluate
from symgraph.compiler.ir.graph import Graph
from symgraph.compiler.ir.well_formed import verify_graph
from symgraph.compiler.passes import PIPELINE, run_passes
from symgraph.compiler.passes.expand import expand
from symgraph.compiler.passes.factor import factor
from symgraph.compiler.passes.rewrite import rewrite

a, b, c = sp.symbols("a b c", real=True)

FUNCTIONS: tuple[Callable[[Any], Any], ...] = (
    lambda u: sp.exp(u) - 1, sp.sinh, lambda u: sp.log(1 + u), lambda u: u - sp.sin(u), lambda u: u * sp.coth(u) - 1,
    lambda u: 1 - (1 + u) * sp.exp(-u), lambda u: sp.log(1 + u) + u / (1 + u), lambda u: sp.cosh(u) - 1, lambda u: 3**u - 1,
    lambda u: (1 + u) ** (1 / a),
)  # fmt: skip
ARGUMENTS = (a, a * b, a * b / c, a * b * c, b / c)
DIVISORS = (1, a, a**2, a * b, b / c, a / c)
DIFFERENCES = (
    (sp.exp(a * c) - sp.exp(b * c)) / (a - b), sp.exp(-a * c) / (b - a) + sp.exp(-b * c) / (a - b), (3**a - 3**b) / (a - b),
    c * (a**2 - b**2) / sp.log(a**2 / b**2), (sp.log(a**2) - sp.log(b**2)) / (a**2 - b**2),
    a / (c * (a - b / c)) * (sp.exp(-b / c) - sp.exp(-a)),
)  # fmt: skip

SIZES = st.sampled_from([f"1e{k}" for k in (0, -1, -3, -7)])


@st.composite
def formulas(draw: st.DrawFn) -> Any:
    """A function of a product, over a part of it or over any power of it; or a difference over a difference."""
    if draw(st.booleans()):
        return draw(st.sampled_from(DIFFERENCES))
    u = draw(st.sampled_from(ARGUMENTS))
    return draw(st.sampled_from(FUNCTIONS))(u) / draw(st.sampled_from((*DIVISORS, u, u**2)))


def value(graph: Graph, point: dict[str, Any]) -> Any:
    whole = expand(graph)
    return evaluate(whole, point, MPMATH, mpmath.mpf)[whole.roots["loss"]]


@given(formulas(), st.tuples(*[st.floats(0.5, 2.0)] * 3), st.tuples(SIZES, SIZES, SIZES), SIZES)
@settings(max_examples=80)
def test_values_stay_near_0_and_elsewhere(expr: Any, numbers: Any, sizes: Any, nearness: str) -> None:
    before = graph_of(expr)
    after = verify_graph(rewrite(before))
    with mpmath.workdps(80):  # 1e-7 is divided by its square three times
        point = {name: mpmath.mpf(x) * mpmath.mpf(size) for name, x, size in zip("abc", numbers, sizes, strict=True)}
        if expr in DIFFERENCES:
            point["b"] = point["a"] * (1 + mpmath.mpf(nearness))
        wanted, found = value(before, point), value(after, point)
        # rules are identities, and the numbers of the op table in them were rounded to 53 bits
        assert abs(found - wanted) <= 2.0**-50 * abs(wanted), (expr, point)


LARGEST = 1.7976931348623157e308


def at(graph: Any, point: dict[str, float]) -> dict[str, float]:
    """The loss and its gradient in doubles."""
    lowered = graph if isinstance(graph, Graph) else graph_of(graph)
    whole = run_passes(PIPELINE, factor(differentiate(rewrite(lowered))))
    return {root: float(value) for root, value in values_of(whole, {"cotangent": 1.0, "largest": LARGEST, **point}).items()}


E, ROOT, NAN = sp.exp, sp.sqrt, pytest.approx(math.nan, nan_ok=True)


def near(value: float) -> Any:
    return pytest.approx(value, rel=2**-50, abs=0.0)


@pytest.mark.parametrize(("expr", "point", "wanted"), [
    (sp.sin(a) / a, (0.0,), (1.0, 0.0)), (a * sp.log(a), (0.0,), (0.0,)), (ROOT(a**2 + b**2), (0.0, 0.0), (0.0, 0.0, 0.0)),
    (sp.log(sp.cosh(a)), (0.0,), (0.0, 0.0)), (1 - sp.cos(a), (0.0,), (0.0, 0.0)), (E(a) - E(b), (2.0, 2.0), (0.0,)),
    (sp.erf(a) - sp.erf(b), (6.0, 6.0), (0.0,)), (sg.xlogy(a, sg.sigmoid(b)), (0.0, -1e5), (0.0, -1e5, 0.0)),
    (ROOT(a + b) - ROOT(a - b), (0.0, 0.0), (0.0,)), (ROOT(a**2 + b) - a, (0.0, 4.0), (2.0, -1.0, 0.25)),
    (ROOT(a + b) - ROOT(a), (-2.0, 0.5), (NAN,)), (sp.log(a + b) - sp.log(a), (-2.0, 0.5), (NAN,)),
    (sp.log(E(a) + E(b)), (1000.0, 1000.0), (near(1000.0 + math.log(2)), 0.5, 0.5)),
    # the slope of log(erfc(x)/2) at 0, where the one form meets the other
    (sp.log(sp.erfc(a) / 2), (0.0,), (near(-math.log(2)), near(-2 / math.sqrt(math.pi)))),
    # mixtures with weights of any sign neither overflow nor vanish; in the first one law weighs all, log(1/4) - 3600: its
    # slopes are 1/a and -2b, those of the other exp(-1300)
    (sp.log(a * E(-(b**2)) + (1 - a) * E(-(c**2))), (0.25, 60.0, 70.0), (math.log(0.25) - 3600, 4.0, -120.0, 0.0)),
    (sp.log(1 + b * E(a)), (800.0, 2.0), (800 + math.log(2), 1.0, 0.5)),
    (sp.log(1 + b * E(a)), (-60.0, -2.0), (near(-2 * math.exp(-60)),)),
])  # fmt: skip
def test_special_points_have_the_value_and_the_derivative_of_the_limit(
    expr: Any, point: tuple[float, ...], wanted: tuple[Any, ...]
) -> None:
    found = at(expr, dict(zip("abc", point, strict=False)))
    got = [found["loss"], *(found[f"grad {name}"] for name, _ in zip("abc", wanted[1:], strict=False))]
    assert got == [*wanted]


@pytest.mark.parametrize("size", [1e-320, 1e-200, 1.0, 1e150, 1.1e308, -1e-320, -1e-200, -1.0, -1e150, -1e308])
def test_a_root_less_a_number_overflows_where_the_truth_does(size: float) -> None:
    point = {"a": size / 3 if size < 0 else size, "b": size / 2 if size < 0 else size}
    found = at(sp.sqrt(a**2 + b**2) - b, point)
    with mpmath.workdps(40):
        truth = mpmath.hypot(point["a"], point["b"]) - mpmath.mpf(point["b"])
        # three roundings and hypot's own of 1 unit; of subnormal numbers a step or two
        assert abs(mpmath.mpf(found["loss"]) - truth) <= max(4 * mpmath.mpf(2) ** -52 * truth, 2 * mpmath.mpf(2) ** -1074)


@pytest.mark.parametrize("z", [-40.0, -9.0, -0.3, 0.0, 3.0, 6.0, 9.0, 30.0])
def test_a_named_normal_probability_has_the_loss_of_its_logarithms(z: float) -> None:
    """The cross entropy of a probit model; Phi(-z) by its definition in mpmath."""

    def entropy(m: Model, a: Any) -> Any:
        p = m.node("p", (1 + sp.erf(a / sp.sqrt(2))) / 2)
        return -sp.log(p) / 4 - 3 * sp.log(1 - p) / 4

    found = at(lower(written(entropy, "loss")), {"a": z})
    with mpmath.workdps(900):
        upper, lower_half = (mpmath.erfc(sign * mpmath.mpf(z) / mpmath.sqrt(2)) / 2 for sign in (-1, 1))
        density = mpmath.exp(-(mpmath.mpf(z) ** 2) / 2) / mpmath.sqrt(2 * mpmath.pi)
        loss = -mpmath.log(upper) / 4 - 3 * mpmath.log(lower_half) / 4
        slope = -density / upper / 4 + 3 * density / lower_half / 4
        # log_half_erfc errs by 4 ulp and its slope by 6, relative to the larger of two terms that may cancel around z = 0.6
        assert abs(found["loss"] - loss) <= 16 * 2.0**-52 * abs(loss)
        assert abs(found["grad a"] - slope) <= 16 * 2.0**-52 * (abs(slope) + 1)
