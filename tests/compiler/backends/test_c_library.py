"""The functions that C files bring along: within the figures of the op table, by both compilers, fused or not."""

import ctypes
import math
import platform
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest
from c_code import COMPILED, arrays_of, compiled, compiler, functions_text
from op_accuracy import CASES, DIGITS, Case, arithmetic_of, graph_of, in_ulp, operands_of, stated, true_values, within

from symgraph.compiler.backends import BACKENDS
from symgraph.compiler.backends.c.library import LIBRARY, LOOP, OWN, functions_called, parts
from symgraph.compiler.ir.evaluate import evaluate
from symgraph.spec.ops.op import SCIPY
from symgraph.spec.ops.ops import OPS

FUSED = ("-O2", "-march=native", "-ffp-contract=off")
KINDS = {
    "gcc, plain": ("gcc", ("-O1", "-ffp-contract=off"), "float64"),
    "gcc, fused": ("gcc", FUSED, "float64"),
    "clang, fused": ("clang", FUSED, "float64"),
    "gcc, plain, floats": ("gcc", ("-O1", "-ffp-contract=off", "-Wdouble-promotion"), "float32"),
    "gcc, fused, floats": ("gcc", FUSED, "float32"),
    "clang, fused, floats": ("clang", FUSED, "float32"),
}
ALIKE = ("clang, fused", "gcc, fused, floats")
"""Kinds whose functions have nothing but others together do: slow."""
DOUBLES = [kind for kind, (_, _, dtype) in KINDS.items() if dtype == "float64"]
POINTS = 8
"""Of each of some ten kinds of points; runs with 400 and other seeds found nothing above the figures."""


@cache
def arithmetic(kind: str) -> dict[str, Any]:
    """The arithmetic of loops in C; truth values and selection by NumPy."""
    family, flags, dtype = KINDS[kind]
    text = functions_text(single=dtype == "float32")
    library = compiled(compiler(family), ("-shared", "-fPIC", *flags), {"functions.c": text}, "functions.so")
    return arithmetic_of("numpy") | arrays_of(library, np.dtype(dtype))


PRIMITIVE = [case for case in CASES if OPS[case.op].stable is None]
# graphs in C are of the op itself; of those that C lacks they have none
IN_C = [case for case in PRIMITIVE if case.op in {node.op for node in within(graph_of(case), "c").nodes}]


def test_c_lacks_nothing_but_what_scipy_alone_has() -> None:
    for op in {case.op for case in PRIMITIVE} - {case.op for case in IN_C}:
        assert OPS[op].backends == ("numpy",), op
        assert OPS[op].numpy.startswith(SCIPY), op


@pytest.mark.parametrize("kind", [pytest.param(one, marks=[pytest.mark.slow] * (one in ALIKE)) for one in KINDS])
@pytest.mark.parametrize("case", IN_C, ids=str)
def test_no_error_is_above_the_figure_that_the_table_states(case: Case, kind: str) -> None:
    dtype = KINDS[kind][2]
    arrays, graph = operands_of(case, POINTS, dtype), within(graph_of(case), "c")
    leaves = {f"x{place}": operand for place, operand in enumerate(arrays)} | {"c": np.ones_like(arrays[0])}
    with np.errstate(all="ignore"):
        values = evaluate(graph, leaves, arithmetic(kind))
    with mpmath.workdps(DIGITS):
        for root, position in graph.roots.items():
            found = np.broadcast_to(values[position], arrays[0].shape)
            # of values the figure for float64, in units of the dtype, in float32 too, unlike NumPy's
            allowed = stated(case, root, "float64" if root == "value" else dtype)
            for place, truth in enumerate(true_values(case, root, arrays)):
                if truth is not None:
                    point = tuple(float(array[place]) for array in arrays)
                    assert in_ulp(case, root, point, float(found[place]), truth, dtype) <= allowed, point


@pytest.mark.parametrize("kind", KINDS)
def test_sines_and_cosines_next_to_their_zeros_keep_their_digits(kind: str) -> None:
    draws = [np.random.RandomState(seed) for seed in (0, 1)]
    if kind in DOUBLES:
        # the double nearest to k*pi/2; for the last three no double of its size is nearer to such a number (W. Kahan's nearpi)
        near = [k * math.pi / 2 for k in (1, 2, 3, 7, 355, 667543, 667544, -667545)]
        near += [5.522331e5, float.fromhex("0x1.a2dc5b1ad0bfep+19"), float.fromhex("0x1.921fb54442d18p+19")]
        turns = np.round(draws[1].uniform(-1e6, 1e6, 200) / (math.pi / 2)) * (math.pi / 2)
        points = np.concatenate([near, draws[0].uniform(-(2.0**20), 2.0**20, 60), turns])
    else:  # and beyond what is computed here
        turns = np.float32(np.arange(1, 170) * (np.pi / 2))
        near = np.concatenate([turns, np.nextafter(turns, np.float32(np.inf))])
        points = np.float32(np.concatenate([near, -near, draws[0].uniform(-300, 300, 400), [1e6, 1e30]]))
    unit = mpmath.mpf(float(np.finfo(points.dtype).eps))
    for op, true in (("sin", mpmath.sin), ("cos", mpmath.cos)):
        found = arithmetic(kind)[op](points)
        with mpmath.workdps(60):
            for x, got in zip(points.tolist(), found.tolist(), strict=True):
                truth = true(mpmath.mpf(x))
                assert abs(mpmath.mpf(got) - truth) <= OPS[op].ulp * unit * abs(truth), (op, x)


ENDS = [
    ("exp", math.inf, math.inf), ("exp", -math.inf, 0.0), ("exp", 709.782712893384, math.exp(709.782712893384)),
    ("exp", 709.7827128933841, math.inf), ("exp", -745.1, 5e-324), ("exp", -745.2, 0.0),
    ("exp", 0.0, 1.0), ("exp", -0.0, 1.0), ("expm1", math.inf, math.inf), ("expm1", -math.inf, -1.0), ("expm1", 0.0, 0.0),
    ("expm1", -0.0, -0.0), ("expm1", 5e-324, 5e-324), ("expm1", 709.7827128933841, math.inf), ("log", 0.0, -math.inf),
    ("log", -0.0, -math.inf), ("log", -1.0, math.nan), ("log", math.inf, math.inf), ("log", 1.0, 0.0),
    ("log", 5e-324, math.log(5e-324)), ("log1p", -1.0, -math.inf), ("log1p", -1.5, math.nan), ("log1p", math.inf, math.inf),
    ("log1p", -0.0, -0.0), ("log1p", 5e-324, 5e-324), ("log1p", 1.7976931348623157e308, math.log(1.7976931348623157e308)),
    ("tanh", math.inf, 1.0), ("tanh", -math.inf, -1.0), ("tanh", -0.0, -0.0), ("tanh", 5e-324, 5e-324), ("tanh", 1e300, 1.0),
    ("sin", 0.0, 0.0), ("sin", -0.0, -0.0), ("sin", 5e-324, 5e-324), ("sin", math.inf, math.nan), ("cos", -math.inf, math.nan),
    ("cos", 0.0, 1.0), ("gauss", math.inf, 0.0), ("gauss", -0.0, 1.0), ("erf", math.inf, 1.0), ("erf", -math.inf, -1.0),
    ("erfc", math.inf, 0.0), ("erfc", -math.inf, 2.0), ("erfcx", -math.inf, math.inf), ("erfcx", math.inf, 0.0),
    ("ierfcx", math.inf, 0.0), ("ierfcx", -math.inf, math.inf), ("sign", -0.0, -0.0), ("sign", -5e-324, -1.0),
]  # fmt: skip


OF_FLOATS = [
    ("exp", 88.72283, math.exp(float(np.float32(88.72283)))), ("exp", 88.72284, math.inf),
    ("exp", -103.9, 2.0**-149), ("exp", -104.0, 0.0),
    ("expm1", 2.0**-149, 2.0**-149), ("expm1", 88.72284, math.inf), ("log", 2.0**-149, math.log(2.0**-149)),
    ("log1p", 2.0**-149, 2.0**-149), ("log1p", 3.4028235e38, math.log(3.4028235e38)),
    ("tanh", 2.0**-149, 2.0**-149),
    ("tanh", 1e30, 1.0), ("sin", 2.0**-149, 2.0**-149), ("sin", 1e10, math.sin(1e10)), ("sign", -(2.0**-149), -1.0),
    ("erfcx", -9.5, math.inf),
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_ends_of_domains_zeros_and_infinities_are_as_in_the_c_library(kind: str) -> None:
    # of floats those of doubles that are no odd numbers, and their own
    common = [end for end in ENDS if math.isinf(end[1]) or end[1] in (0.0, 1.0, -1.0, -1.5)]
    own = [(op, *np.float32([argument, value]).tolist()) for op, argument, value in OF_FLOATS]
    for op, argument, value in ENDS if kind in DOUBLES else common + own:
        # str tells zeros of different signs apart, and takes all NaN for the same
        assert str(arithmetic(kind)[op](np.array([argument])).tolist()[0]) == str(value), (op, argument)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_number_stays_none(kind: str) -> None:
    for op in COMPILED:
        if op != "pow":  # pow(nan, 0) is 1 in C, as in NumPy
            assert np.isnan(arithmetic(kind)[op](np.array([math.nan]), 0.5)).all(), op
    for op in ("max", "min", "add", "mul"):
        assert np.isnan(arithmetic(kind)[op](np.array([0.5]), math.nan)).all(), op


def test_every_op_is_arithmetic_or_known_as_a_function_of_the_library_or_of_the_file() -> None:
    texts = {**BACKENDS["c"].texts, **LOOP}
    called = {op: name for op, text in texts.items() if "(" in text.format and (name := text.format.split("(")[0])}
    known = {op: name for op, name in called.items() if name not in ("sqrt", "fabs")}
    assert {op for op, name in known.items() if not name.startswith(OWN)} | {"power_slope"} == LIBRARY  # which calls pow
    assert {name.removeprefix(OWN).removesuffix("_") for op, name in known.items() if op not in LIBRARY} <= set(parts("my"))


def test_a_file_has_the_parts_that_it_calls_and_no_others() -> None:
    series = {"sin", "turned", "sin_series", "cos_series", "bits", "fma"}
    for line, wanted in (("my_max_(a, b)", {"max"}), ("my_sin_(a, careful, &wide)", series), ("a + b", set())):
        text = functions_called([f"v0 = {line};"], "my")
        # besides the one that every file has
        assert {name for name, part in parts("my").items() if part in text} - {"inline"} == wanted


@pytest.mark.parametrize("kind", DOUBLES)
def test_lost_bits_are_told_within_the_figure_of_normal_numbers(kind: str) -> None:
    rng = np.random.default_rng(0)
    d, a = rng.choice([-1.0, 1.0], (2, 5000)) * rng.uniform(1.0, 2.0, (2, 5000)) * 2.0 ** rng.integers(-500, 500, (2, 5000))
    d[:2500] = a[:2500] * 2.0 ** rng.uniform(-14.0, 3.0, 2500)
    # log2(1 + m) is above m by 0.0861 at most, and numbers have a step of 2^-40 there
    known = np.fmin(0.0, np.log2(np.abs(d / a)) + 0.9)
    np.testing.assert_allclose(arithmetic(kind)["lost"](d, a), known, rtol=0.0, atol=0.0862)
    ends = ((0.0, 0.0, 0.0), (math.inf, math.inf, 0.0), (1.0, 0.0, 0.0), (-math.inf, 1.0, 0.0))
    for x, y, known in ends:
        assert arithmetic(kind)["lost"](np.array([x]), y) == known, (x, y)
    assert arithmetic(kind)["lost"](np.array([0.0]), 1e300) < -1000.0
    out = arithmetic(kind)["left_range"](np.array([1.0, 2.0**-1022, -5e-324, 0.0, -math.inf, math.nan]), 3.0)
    assert out.tolist() == [0.0, 0.0, 2000.0, 2000.0, 2000.0, 0.0]
    assert arithmetic(kind)["left_range"](np.zeros(2), np.array([0.0, 1.0])).tolist() == [0.0, 2000.0]
    below = arithmetic(kind)["below_0"](np.array([-1.0, -5e-324, -math.inf, 0.0, 5e-324, math.inf]), 7.0)
    assert below.tolist() == [7.0, 7.0, 7.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("kind", DOUBLES)
def test_exponentials_are_right_where_numbers_end_and_no_underflow_where_they_are_0(kind: str) -> None:
    """Around the last subnormal number and below, where the scaling multiplies by 0."""
    X = np.concatenate([np.linspace(-746.0, -744.0, 2001), [-800.0, -1e9, -np.inf]])
    with mpmath.workdps(30):
        exact = np.array([float(mpmath.exp(mpmath.mpf(x))) for x in X])
    # the table states 1 ulp, which is the smallest subnormal number there
    assert np.max(np.abs(arithmetic(kind)["exp"](X) - exact)) <= 2.0**-1074
    if platform.machine() != "x86_64":
        pytest.skip("the flag of underflow has another number")
    libm = ctypes.CDLL("libm.so.6")

    def raised(op: str, x: float) -> bool:
        argument = np.array([x])
        libm.feclearexcept(0x3F)
        arithmetic(kind)[op](argument)
        return bool(libm.fetestexcept(0x10))  # FE_UNDERFLOW of x86

    assert raised("exp", -740.0)  # whose result is subnormal
    assert not any(raised("exp", x) for x in (-746.0, -800.0, -1e5, -math.inf))
    assert not any(raised("tanh", x) for x in (300.0, -380.0, 800.0, math.inf))
