"""Bounds of errors: never exceeded by a truth beside the operands' values, tight, of the figures of the op table."""

import ast
import operator
from importlib import import_module
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from symgraph.compiler.backends.numpy.runtime_source import runtime_library
from symgraph.compiler.ir.evaluate import MPMATH
from symgraph.spec.ops.ops import OPS

HOMES = {home for name, home in runtime_library().homes.items() if name.endswith("_bound")}
MODULES = [import_module(home) for home in sorted(HOMES)]
FUNCTIONS = {name: value for module in MODULES for name, value in vars(module).items() if callable(value)}


def within(low: float, high: float) -> Any:
    return lambda rng, n: rng.uniform(low, high, n)


def sizes(low: float, high: float) -> Any:
    """Magnitudes whose logarithms are uniform."""
    return lambda rng, n: 10.0 ** rng.uniform(low, high, n)


OPERANDS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("add", "max", "min", "atan2"), (within(-3, 3), within(-3, 3))),
    **dict.fromkeys(("mul", "div"), (within(-3, 3), sizes(-20, 20))),
    **dict.fromkeys(("neg", "abs", "expm1"), (within(-3, 3),)),
    **dict.fromkeys(("sqrt", "cbrt", "log"), (sizes(-20, 20),)),
    **dict.fromkeys(("sin", "cos", "tan", "sinh", "cosh", "tanh", "asinh"), (within(-9, 9),)),
    **dict.fromkeys(("asin", "acos", "atanh"), (within(-1, 1),)),
    **dict.fromkeys(("erf", "erfc"), (within(-4, 4),)),
    **dict.fromkeys(("erfcx", "ierfcx"), (within(-4, 9),)),
    **dict.fromkeys(("lgamma", "digamma", "trigamma"), (within(-3.9, 9),)),
    **dict.fromkeys(("stirlerr", "stirlerr_slope"), (within(0.01, 9),)),
    "sub": (within(1, 2), within(1, 2)), "hypot": (within(-3, 3), sizes(-3, 3)),
    **dict.fromkeys(("pow", "power_slope"), (sizes(-3, 3), within(-3, 3))),
    "exp": (within(-80, 80),), "log1p": (within(-0.9, 3),), "atan": (sizes(-3, 3),), "acosh": (within(1, 9),),
    "gauss": (within(-5, 5),),
}  # fmt: skip
"""Where each operation is bounded; the truth of an operand is off its value by up to its error."""

TRUTH: dict[str, Any] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "neg": operator.neg, "abs": abs,
    "cbrt": mpmath.cbrt, "pow": mpmath.power, "max": max, "min": min, "gauss": lambda a: mpmath.exp(-a * a),
}  # fmt: skip

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
    ends = {"sqrt": (-1e-9, 2e-9), "acosh": (1.0, 1e-9), "atanh": (1.0, 0.0), "tan": (np.pi / 2, 1e-9)}
    cases = {name: (tuple(map(np.float64, end)),) for name, end in ends.items()}
    with np.errstate(all="ignore"):
        for name, operands in (cases | {"div": (one, near), "log": (near,), "sign": (near,)}).items():
            assert FUNCTIONS[f"{name}_bound"](*operands)[1] == np.inf, name


COMPARISONS = {
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
}  # fmt: skip


@pytest.mark.parametrize("op", COMPARISONS)
def test_comparisons_are_certain_where_values_differ_by_more_than_their_errors(op: str) -> None:
    a, b = np.array([1.0, 1.0, 2.0, 2.0, 1.0]), np.array([2.0, 2.0, 1.0, 2.0, 1.0])
    da = np.array([0.4, 1.5, 0.4, 0.0, 1e-9])
    jump = FUNCTIONS[f"{op}_bound"]
    for bound, sure in ((jump, [True, False, True, True, False]), (jump.open, [True, False, True, False, False])):
        found, certain = bound((a, da), (b, np.zeros(5)))
        np.testing.assert_array_equal(found, COMPARISONS[op](a, b))
        np.testing.assert_array_equal(certain, sure)


def test_a_step_is_certain_away_from_its_jump_and_at_a_jump_that_no_rounding_moves() -> None:
    a, da, inf = np.array([1.0, -1.0, 1.0, 0.0, 0.0]), np.array([0.5, 0.5, 2.0, 0.0, 1e-9]), np.inf
    jump = FUNCTIONS["heaviside_bound"]
    for function, bound in ((jump, [0.0, 0.0, inf, 0.25, inf]), (jump.open, [0.0, 0.0, inf, inf, inf])):
        value, found = function((a, da), (np.full(5, 0.5), np.full(5, 0.25)))
        np.testing.assert_array_equal(value, [1.0, 0.0, 1.0, 0.5, 0.5])
        np.testing.assert_array_equal(found, bound)


def test_conditions_are_certain_where_those_parts_decide_that_are() -> None:
    truth, sure = np.array([True, True, False, False]), np.array([True, False, True, False])
    possible = [{value} if certain else {True, False} for value, certain in zip(truth.tolist(), sure, strict=True)]
    for op, combine in (("and_bound", operator.and_), ("or_bound", operator.or_)):
        value, certain = FUNCTIONS[op]((truth[:, np.newaxis], sure[:, np.newaxis]), (truth, sure))
        np.testing.assert_array_equal(value, combine(truth[:, np.newaxis], truth))
        for i, j in np.ndindex(4, 4):
            assert certain[i, j] == (len({combine(a, b) for a in possible[i] for b in possible[j]}) == 1)
    np.testing.assert_array_equal(FUNCTIONS["not_bound"]((truth, sure)), (~truth, sure))


def test_an_open_choice_is_bounded_by_branches_that_agree_and_by_nothing_else() -> None:
    open_, closed = (np.True_, np.False_), (np.True_, np.True_)
    b, near, far = (np.float64(1.0), 1e-9), (np.float64(1.0 + 1e-9), 1e-9), (np.float64(3.0), 1e-9)
    assert FUNCTIONS["select_bound"](closed, b, far)[1] == pytest.approx(1e-9)
    assert 2e-9 <= FUNCTIONS["select_bound"](open_, b, near)[1] < 2.1e-9
    assert FUNCTIONS["select_bound"](open_, b, far)[1] == np.inf


def test_figures_are_those_of_the_op_table() -> None:
    """Others are exact, or have the half unit of half_unit, which cannot underflow, or the table has no bound of them."""
    checked = set()
    for path in [module.__file__ for module in MODULES]:
        for function in ast.parse(Path(path).read_text(encoding="utf-8")).body:
            name = function.name if isinstance(function, ast.FunctionDef) else ""
            if isinstance(function, ast.Assign) and isinstance(function.targets[0], ast.Name):
                name = function.targets[0].id
            op = name.removesuffix("_bound")
            calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
            named = [(call.func.id, call.args) for call in calls if isinstance(call.func, ast.Name)]
            figures = [args[1:] for name, args in named if name == "rounding_of"]
            figures += [args[2:] for name, args in named if name == "bounded"]
            figures += [[args[3], ast.Constant(1.0)] for name, args in named if name == "partial"]  # in float32 it takes 1
            if op in OPS and figures:
                (found,) = {tuple(ast.literal_eval(figure) for figure in one) for one in figures}
                assert found == (OPS[op].ulp, OPS[op].ulp32), op
                checked.add(op)
    others = {"add", "sub", "sqrt", "neg", "abs", "sign", "heaviside", "max", "min", "select", "rowsum", "power_slope"}
    others |= {*COMPARISONS, "and", "or", "not"}
    assert checked == {op for op, row in OPS.items() if row.stable is None and row.bound is not None} - others
