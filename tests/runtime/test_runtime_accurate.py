"""Modules in double-double arithmetic and error bounds, bound by the runtime, beside those of ABI 1."""

from functools import cache
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest
from compared import assert_same_bits, outcome
from corpus import CORPUS
from test_runtime_bounds import FUNCTIONS, HELPERS
from test_runtime_double_double import ONE, TWO, function

from symgraph.build.memory import load_artifact
from symgraph.generate import generate
from symgraph.options import Options
from symgraph.runtime import Facts, double_double, every_row
from symgraph.runtime.accurate_binding import AccurateBound, AccurateLines, bind_accurate
from symgraph.runtime.error_bound import ErrorBound

NAMES = (
    "nine_weights", "line", "every_op", "logistic", "energy", "rosenbrock", "location", "curve", "gated", "uniform_nodes",
    "feature_output", "weight_loss", "Gauss1", "MGH17", "steps", "pieces", "mixture", "gompertz", "penalty", "constants",
)  # fmt: skip

OWN = {f"_dd_{op}": function(op) for op in (*ONE, *TWO, "mul_floats")} | {
    "_neg": double_double.dd_neg,
    "_where": double_double.dd_where,
    "_pair": double_double.pair_of,
    "_pairs": double_double.pairs_of,
    "_rounded": double_double.rounded_pair,
}
"""What the lines of ABI 1 call, each function of the module itself."""


def facts_of(module: ModuleType) -> Facts:
    return Facts(
        module.__name__, 2, module.MODEL, module.FEATURES, module.TARGET, module.WEIGHTS, module.OUTPUTS, module.METADATA
    )


@cache
def modules_of(name: str) -> tuple[AccurateBound[Any], ModuleType]:
    """The runtime's binding of a model's lines, and the module of ABI 1."""
    module = load_artifact(generate(CORPUS[name](), ("numpy",), options=Options(precision="accurate"))[0])

    def repeated(value: Any, like: Any) -> Any:
        column = like.T[0] if module.FEATURES else like
        return value if column is None else every_row(value, column)

    def own(part: str) -> Any:
        found = getattr(module, f"_{part}", None)
        plain = getattr(found, "__wrapped__", found)
        return plain and FunctionType(plain.__code__, vars(module) | OWN | {"_every_row": repeated})

    parts = {part: own(part) for part in ("forward", "backward", "jacobian", "residual", "residual_jacobian")}
    lines = AccurateLines(**parts, loss=lambda tape: tape._loss)
    return bind_accurate(facts_of(module), lines, ()), module


def arguments(module: ModuleType, rows: int, dtype: type) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(rows)
    w = rng.uniform(0.3, 0.9, len(module.WEIGHTS)).astype(dtype)
    X = rng.uniform(0.2, 1.5, (rows, len(module.FEATURES))).astype(dtype) if module.FEATURES else None
    return w, X, rng.uniform(-1.0, 1.0, rows).astype(dtype) if module.TARGET else None


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", NAMES)
def test_accurate_functions_give_the_bits_of_the_generated_module(name: str, dtype: type) -> None:
    bound, module = modules_of(name)
    for rows in (1, 2, 33):
        w, X, y = arguments(module, rows, dtype)
        row = (w, None if X is None else X[0], None if y is None else y[0])
        s = np.linspace(0.0, 1.0, rows) + (rows == 1) if X is not None or y is not None else 0.7
        for given, weight in (((w, X, y), s), (row, 0.7)):
            calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
            for options in ({}, {"reduction": "sum"}, {"sample_weight": weight}):
                calls += [("value_and_grad", given, options), ("loss", given, options), ("grad", given, options)]
            calls += [(part, given, {}) for part in ("per_sample_grad", "jacobian", "residual", "residual_jacobian")]
            for part, args, options in [*calls, ("predict", given[:2], {})]:
                if hasattr(module, part):
                    got, wanted = (outcome(getattr(one, part), *args, **options) for one in (bound, module))
                    assert got[1] == wanted[1]
                    if not wanted[1]:
                        assert_same_bits(got[0], wanted[0])
        if hasattr(module, "backward"):
            assert_same_bits(bound.backward(bound.forward(w, X, y), 0.3), module.backward(module.forward(w, X, y), 0.3))


def test_accurate_functions_refuse_what_the_generated_module_refuses() -> None:
    bound, module = modules_of("nine_weights")
    w, X, y = arguments(module, 4, np.float64)
    refused = 0
    for given, options in (
        ((w[:3], X, y), {}), ((w, X[:, :2], y), {}), ((w, X, y[:2]), {}), ((w, X, None), {}), ((w, X + 0j, y), {}),
        ((w, X, y), {"reduction": "no"}), ((w, X, y), {"sample_weight": [1.0]}), ((w, X, y), {"sample_weight": np.zeros(4)}),
    ):  # fmt: skip
        for part in ("value_and_grad", "loss", "grad"):
            got, wanted = (outcome(getattr(one, part), *given, **options) for one in (bound, module))
            assert got == wanted
            refused += 1
    tape = bound.forward(w, X)
    assert outcome(bound.backward, tape) == outcome(module.backward, module.forward(w, X))
    assert outcome(bound.residual, w, X, None) == outcome(module.residual, w, X, None)
    assert refused == 24


@pytest.mark.parametrize("name", ["nine_weights", "line", "energy", "location", "rosenbrock", "logistic", "weight_loss"])
def test_error_bounds_are_those_of_the_generated_module(name: str) -> None:
    if CORPUS[name]().loss_expr is None:
        pytest.skip("the model has no loss")
    module = load_artifact(generate(CORPUS[name](), ("numpy",), options=Options(error_bound=True))[0])
    used = {key for key in vars(module) if key.startswith("_") and key.endswith("_bound")} | HELPERS.keys()
    lines = FunctionType(module._bounds.__code__, vars(module) | {key: FUNCTIONS[HELPERS.get(key, key[1:])] for key in used})
    bound = ErrorBound(facts_of(module), module._forward, lines)
    for dtype in (np.float64, np.float32):
        w, X, y = arguments(module, 9, dtype)
        row = (w, None if X is None else X[0], None if y is None else y[0])
        for given in ((w, X, y), row, (w, X, None), (w[:-1], X, y)):
            got, wanted = outcome(bound.error_bound, *given), outcome(module.error_bound, *given)
            assert got[1] == wanted[1]
            if not wanted[1]:
                assert_same_bits(got[0], wanted[0])
