"""Bounds of errors: never exceeded by a truth beside the operands' values, tight, and those that modules of ABI 1 compute."""

from collections.abc import Callable
from types import FunctionType
from typing import Any

import mpmath
import numpy as np
import pytest
from compared import assert_same_bits
from corpus import CORPUS

from symgraph.build.memory import load_artifact
from symgraph.generate import generate
from symgraph.ir.evaluate import MPMATH
from symgraph.options import Options
from symgraph.runtime import bounds, bounds_of_functions

FUNCTIONS = {
    name: value for name, value in (vars(bounds) | vars(bounds_of_functions)).items() if isinstance(value, FunctionType)
}

Draw = Callable[[Any, int], Any]


def within(low: float, high: float) -> Draw:
    return lambda rng, n: rng.uniform(low, high, n)


def sizes(low: float, high: float) -> Draw:
    """Magnitudes whose logarithms are uniform."""
    return lambda rng, n: 10.0 ** rng.uniform(low, high, n)


OPERANDS: dict[str, tuple[Draw, ...]] = {
    "add": (within(-3, 3), within(-3, 3)),
    "sub": (within(1, 2), within(1, 2)),
    "mul": (within(-3, 3), sizes(-20, 20)),
    "div": (within(-3, 3), sizes(-20, 20)),
    "neg": (within(-3, 3),),
    "abs": (within(-3, 3),),
    "sqrt": (sizes(-20, 20),),
    "cbrt": (sizes(-20, 20),),
    "hypot": (within(-3, 3), sizes(-3, 3)),
    "pow": (sizes(-3, 3), within(-3, 3)),
    "exp": (within(-80, 80),),
    "expm1": (within(-3, 3),),
    "log": (sizes(-20, 20),),
    "log1p": (within(-0.9, 3),),
    "sin": (within(-9, 9),),
    "cos": (within(-9, 9),),
    "tan": (within(-9, 9),),
    "asin": (within(-1, 1),),
    "acos": (within(-1, 1),),
    "atan": (sizes(-3, 3),),
    "atan2": (within(-3, 3), within(-3, 3)),
    "sinh": (within(-9, 9),),
    "cosh": (within(-9, 9),),
    "tanh": (within(-9, 9),),
    "asinh": (within(-9, 9),),
    "acosh": (within(1, 9),),
    "atanh": (within(-1, 1),),
    "erf": (within(-4, 4),),
    "erfc": (within(-4, 4),),
    "erfcx": (within(-4, 9),),
    "ierfcx": (within(-4, 9),),
    "gauss": (within(-5, 5),),
    "max": (within(-3, 3), within(-3, 3)),
    "min": (within(-3, 3), within(-3, 3)),
    "double_sine": (within(-9, 9),),
    "double_cosine": (within(-9, 9),),
}
"""Where each operation is bounded; the truth of an operand is off its value by up to its error."""

TRUTH: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "abs": abs,
    "cbrt": mpmath.cbrt,
    "pow": mpmath.power,
    "max": max,
    "min": min,
    "gauss": lambda a: mpmath.exp(-a * a),
    "double_sine": lambda a: mpmath.sin(2 * a),
    "double_cosine": lambda a: mpmath.cos(2 * a),
}

MEDIAN = {"float64": 20.0, "float32": 60.0}
"""At most so many times the error a bound is to be in the middle of all points: figures of functions are worst cases, and
NumPy computes many functions of float32 in wider arithmetic."""


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("op", OPERANDS)
def test_no_truth_is_further_off_than_the_bound_and_most_bounds_are_tight(op: str, dtype: type) -> None:
    rng, n = np.random.default_rng(4), 60
    ratios = []
    for share in (0.0, 1e-15, 1e-6, 1e-2):
        values = [draw(rng, n).astype(dtype) for draw in OPERANDS[op]]
        errors = [share * np.abs(value).astype(np.float64) for value in values]
        with np.errstate(all="ignore"):
            value, bound = FUNCTIONS[f"{op}_bound"](*zip(values, errors, strict=True))
        off = [rng.choice([-1.0, 1.0, 0.3], n) * error * (1 - 1e-9) for error in errors]
        for i in np.flatnonzero(np.isfinite(bound) & np.isfinite(value)):
            with mpmath.workdps(60):
                exact = [mpmath.mpf(float(a[i])) + mpmath.mpf(float(d[i])) for a, d in zip(values, off, strict=True)]
                truth = (TRUTH.get(op) or MPMATH.get(op) or getattr(mpmath, op))(*exact)
                error = abs(mpmath.mpf(float(value[i])) - truth)
                assert error <= float(bound[i]), (op, exact)
                unit = abs(truth) * float(np.finfo(dtype).eps) / 2
                ratios.append(float(mpmath.mpf(float(bound[i])) / max(error, unit)) if truth and bound[i] else 1.0)
    assert len(ratios) >= n
    assert np.median(ratios) <= MEDIAN[np.dtype(dtype).name]


def test_nothing_is_known_where_a_divisor_or_an_end_of_a_domain_is_as_near_as_the_error() -> None:
    near, one = (np.float64(1e-9), np.float64(2e-9)), (np.float64(1.0), np.float64(0.0))
    with np.errstate(all="ignore"):
        for name, operands in {
            "div": (one, near),
            "log": (near,),
            "sqrt": ((np.float64(-1e-9), np.float64(2e-9)),),
            "acosh": ((np.float64(1.0), np.float64(1e-9)),),
            "atanh": ((np.float64(1.0), np.float64(0.0)),),
            "tan": ((np.float64(np.pi / 2), np.float64(1e-9)),),
            "sign": (near,),
        }.items():
            assert FUNCTIONS[f"{name}_bound"](*operands)[1] == np.inf, name


COMPARISONS = {
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
}  # fmt: skip


@pytest.mark.parametrize("op", COMPARISONS)
def test_comparisons_are_certain_where_values_differ_by_more_than_their_errors(op: str) -> None:
    a, b = np.array([1.0, 1.0, 2.0, 2.0, 1.0]), np.array([2.0, 2.0, 1.0, 2.0, 1.0])
    da = np.array([0.4, 1.5, 0.4, 0.0, 1e-9])
    for name, sure in ((op, [True, False, True, True, False]), (f"{op}_open", [True, False, True, False, False])):
        found, certain = FUNCTIONS[f"{name}_bound"]((a, da), (b, np.zeros(5)))
        np.testing.assert_array_equal(found, COMPARISONS[op](a, b))
        np.testing.assert_array_equal(certain, sure)


def test_conditions_are_certain_where_those_parts_decide_that_are() -> None:
    truth, sure = np.array([True, True, False, False]), np.array([True, False, True, False])
    x = truth[:, np.newaxis], sure[:, np.newaxis]
    both, either = FUNCTIONS["and_bound"](x, (truth, sure)), FUNCTIONS["or_bound"](x, (truth, sure))
    for (value, certain), combine in ((both, np.logical_and), (either, np.logical_or)):
        np.testing.assert_array_equal(value, combine(x[0], truth))
        for i in range(4):
            for j in range(4):
                seen = {
                    bool(combine(a, b))
                    for a in ({truth[i]} if sure[i] else {True, False})
                    for b in ({truth[j]} if sure[j] else {True, False})
                }
                assert certain[i, j] == (len(seen) == 1)
    np.testing.assert_array_equal(FUNCTIONS["not_bound"]((truth, sure)), (~truth, sure))


def test_an_open_choice_is_bounded_by_branches_that_agree_and_by_nothing_else() -> None:
    open_, closed = (np.True_, np.False_), (np.True_, np.True_)
    b, near, far = (np.float64(1.0), 1e-9), (np.float64(1.0 + 1e-9), 1e-9), (np.float64(3.0), 1e-9)
    assert FUNCTIONS["select_bound"](closed, b, far)[1] == pytest.approx(1e-9)
    assert 2e-9 <= FUNCTIONS["select_bound"](open_, b, near)[1] < 2.1e-9
    assert FUNCTIONS["select_bound"](open_, b, far)[1] == np.inf


HELPERS = {"_exact": "exactly", "_constant": "constant_bound", "_largest": "largest_bound", "_certain": "certain"}
"""What the lines of ABI 1 call the runtime's functions."""


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "name", ["nine_weights", "every_op", "line", "logistic", "gated", "energy", "pieces", "Gauss1", "steps"]
)
def test_bounds_of_a_module_are_those_that_it_computes_with_its_own_functions(name: str, dtype: type) -> None:
    model, rng = CORPUS[name](), np.random.default_rng(6)
    module = load_artifact(generate(model, ("numpy",), options=Options(error_bound=True))[0])
    w = rng.uniform(0.3, 0.9, len(module.WEIGHTS)).astype(dtype)
    X, y = rng.uniform(-1.5, 1.5, (40, len(module.FEATURES))).astype(dtype), rng.normal(size=40).astype(dtype)
    wanted = module.error_bound(w, X, y if module.TARGET else None)
    used = {name for name in vars(module) if name.startswith("_") and name.endswith("_bound")} | HELPERS.keys()
    own = {name: FUNCTIONS[HELPERS.get(name, name[1:])] for name in used}
    lines = FunctionType(module._bounds.__code__, vars(module) | own)
    with np.errstate(all="ignore"):
        exact = [[bounds.exactly(value) for value in part] for part in (w, X.T)]
        loss, partials = lines(*exact, bounds.exactly(y if module.TARGET else np.zeros(())))
        certain = bounds.certain(loss)
        jump = np.isfinite(loss[0]) & np.isinf(loss[1])
        found = [np.broadcast_to(np.where(jump, np.inf, bounds.certain(partial)), 40) for partial in partials]
    assert len(own) > 3
    assert_same_bits(np.broadcast_to(certain, 40).copy(), wanted[0])
    assert_same_bits(np.stack(found, axis=-1), wanted[1])
