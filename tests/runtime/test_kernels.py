"""Functions that are 0/0 or cancel at 0 by their formulas, over floats of either size, arrays of another library, and pairs."""

import inspect

import mpmath
import numpy as np
import pytest
import sympy as sp

import symgraph
from symgraph.compiler.ir.evaluate import MPMATH
from symgraph.runtime import double_double_kernels, kernels
from symgraph.spec.ops.ops import OPS
from symgraph.spec.ops.ops_kernels import KERNELS

NAMES = [row.name for row in KERNELS]
POINTS = [x for x in (1e-300, 1e-30, 1e-8, 1e-3, 0.1, 0.3, 0.49, 0.51, 0.99, 1.01, 1.9, 2.1, 30.0) for x in (x, -x)]


def of(name: str) -> list[float]:
    """Points of a function's domain, of both sides of where one formula meets the other."""
    return [x for x in POINTS if x in OPS[name].domain[0]]


def test_there_is_a_function_in_the_runtime_for_each_row_and_none_besides() -> None:
    own = {name for name, one in vars(kernels).items() if inspect.isfunction(one) and one.__module__ == kernels.__name__}
    assert own == {*NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_series_of_pairs_keep_the_digits_of_two_floats(name: str) -> None:
    x = np.array(of(name))
    hi, lo = getattr(double_double_kernels, OPS[name].pairs)((x, np.zeros_like(x)))
    with mpmath.workprec(400):
        for at, high, low in zip(x.tolist(), hi.tolist(), np.broadcast_to(lo, x.shape).tolist(), strict=True):
            true = MPMATH[name](mpmath.mpf(at))
            # 2**-100, less what the formulas lose where they begin, 5 bits, and what pairs of tiny numbers cannot hold
            assert (
                abs(mpmath.mpf(high) + mpmath.mpf(low) - true) <= abs(true) * mpmath.mpf(2) ** -94 + mpmath.mpf(2) ** -1070
            ), at


@pytest.mark.parametrize("name", NAMES)
def test_the_value_at_0_is_the_limit_and_numbers_in_float32_are_those_of_float64_rounded(name: str) -> None:
    function = getattr(kernels, name)
    assert function(np.zeros(2))[0] == float(MPMATH[name](mpmath.mpf(0)))
    x = np.array([x for x in of(name) if abs(x) > 1e-30], np.float32)
    found = function(x)
    assert found.dtype == np.float32
    assert np.array_equal(found, function(x.astype(np.float64)).astype(np.float32))


@pytest.mark.parametrize("name", NAMES)
def test_far_out_a_function_is_no_nan(name: str) -> None:
    x = np.array([1e3, -1e3, 1e300, -1e300])
    with np.errstate(over="ignore", invalid="ignore"):
        found = getattr(kernels, name)(x[:: 2 if OPS[name].domain[0].low == -1.0 else 1])
    assert not np.isnan(found).any()


@pytest.mark.parametrize("name", [name for name in NAMES if OPS[name].domain[0].high == np.inf])
def test_plain_python_gives_what_numpy_gives_far_out_where_functions_of_math_would_raise(name: str) -> None:
    model = symgraph.Model("far")
    a, f, y = model.weight("a"), model.feature("f"), model.target("y")
    model.loss(sp.tanh(getattr(symgraph, name)(a * f)) * y)  # finite however large the function is
    numpy, scalar = (symgraph.compile(model, backend) for backend in ("numpy", "scalar"))
    for at in (700.0, 1e3, 1e300, -1e3, -1e300):
        if at in OPS[name].domain[0]:
            found, wanted = scalar.row([at], [1.0], 0.5, [0.0]), numpy.forward(np.array([at]), np.ones(1), 0.5).loss
            assert found == pytest.approx(float(wanted), rel=1e-14), at
