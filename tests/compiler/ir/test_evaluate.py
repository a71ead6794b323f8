"""One evaluator over floats and mpmath numbers, and functions on mpmath's at the sizes at which overflows are looked for."""

import math

import mpmath
import pytest
from graph_text import from_text
from graphs import REAL_OPS, graphs, points, values_of
from hypothesis import assume, given, settings

from symgraph.compiler.ir.evaluate import FLOAT, MPMATH, evaluate
from symgraph.compiler.ir.graph import Graph
from symgraph.spec.ops.ops import OPS
from symgraph.spec.ops.special_on_mpmath import erfcinv, faddeeva, faddeeva_slope


# math.pow(-0.0, 0.5) is 0.0 and NumPy's is -0.0, which an angle tells apart
@given(graphs(tuple(op for op in REAL_OPS if op != "atan2")), points())
@settings(max_examples=40)
def test_floats_agree_with_numpy_wherever_math_does_not_raise(graph: Graph, point: dict[str, float]) -> None:
    try:
        values = evaluate(graph, point, FLOAT)
    except (OverflowError, ZeroDivisionError, ValueError):
        assume(False)
    truth = values_of(graph, point)
    for root, position in graph.roots.items():
        if not math.isnan(values[position]) and not math.isnan(truth[root]):
            # libm and NumPy differ by a unit or two in a function, and cancellation magnifies that: only gross faults show here
            assert values[position] == pytest.approx(float(truth[root]), rel=1e-6, abs=1e-6) or abs(truth[root]) > 1e6


@pytest.mark.parametrize("op", [op for op, row in OPS.items() if row.stable is None])
def test_floats_and_mpmath_have_every_primitive_op_and_mpmath_refines_floats(op: str) -> None:
    assert op in FLOAT
    assert op in MPMATH
    if op in REAL_OPS and op != "select":
        for arguments in (OPS[op].example, *([(-8.0,)] if op == "cbrt" else [])):
            with mpmath.workdps(40):
                precise = MPMATH[op](*(mpmath.mpf(argument) for argument in arguments))
            # two units in the last place: math's functions are good to one
            assert FLOAT[op](*arguments) == pytest.approx(float(precise), rel=2**-51, abs=0)


def test_an_evaluation_gives_the_value_of_every_node_in_order_and_names_what_has_none() -> None:
    graph = from_text("graph g\n%0 = weight a\n%1 = const 3.0\n%2 = mul(%0, %1)\n%3 = gt(%2, %1)\n%4 = select(%3, %2, %1)\n")
    assert evaluate(graph, {"a": 2.0}, FLOAT) == [2.0, 3.0, 6.0, True, 6.0]
    assert evaluate(graph, {"a": 0.5}, FLOAT) == [0.5, 3.0, 1.5, False, 3.0]
    graph = from_text("graph g\n%0 = weight a\n%1 = sigmoid(%0)\n")
    with pytest.raises(KeyError, match="a"):
        evaluate(graph, {}, FLOAT)
    with pytest.raises(KeyError, match="sigmoid"):
        evaluate(graph, {"a": 1.0}, FLOAT)


@pytest.mark.parametrize("z", [(4_000, 100), (5_000, 0), (-3_000, 4_000), (4_100, 1)])
def test_the_slope_of_faddeevas_function_is_that_of_its_differential_equation(z: tuple[float, float]) -> None:
    with mpmath.workdps(30):
        found = faddeeva_slope(*map(mpmath.mpf, z))
    with mpmath.workdps(80):  # -2*z*w is 2/sqrt(pi) but for z**-2
        want = mpmath.mpc(0, 2) / mpmath.sqrt(mpmath.pi) - 2 * mpmath.mpc(*z) * faddeeva(*map(mpmath.mpf, z))
    assert abs(found / want - 1) < 1e-29  # 30 digits but for the rounding of some operations


def test_numbers_of_any_size_take_no_more_digits_than_are_asked_for() -> None:
    """Such numbers stand for an exponential beyond the range; by erfc each would take minutes."""
    size = mpmath.exp(10**7)
    with mpmath.workdps(30):
        assert abs(faddeeva(mpmath.mpf(1), size) * size * mpmath.sqrt(mpmath.pi) - 1) < 1e-28
        assert abs(faddeeva_slope(mpmath.mpf(1), size) * size**2 * mpmath.sqrt(mpmath.pi) - mpmath.mpc(0, 1)) < 1e-28


def test_the_inverse_of_erfc_at_tiny_numbers_is_that_by_many_digits() -> None:
    with mpmath.workdps(450):
        want = mpmath.erfinv(1 - mpmath.mpf(10) ** -400)
    with mpmath.workdps(30):
        assert abs(erfcinv(mpmath.mpf(10) ** -400) / want - 1) < 1e-28
        far = erfcinv(mpmath.exp(-(10**7)))  # where 1 - y would take 14 million bits
        assert abs(mpmath.log(mpmath.erfc(far)) + 10**7) < 1e-20
