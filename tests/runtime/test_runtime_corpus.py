"""Every model of the corpus: its lines bound by the runtime, beside its module of ABI 1 and beside the lines as they are."""

from typing import Any

import numpy as np
import pytest
from adapted import bound, module_of
from compared import assert_same_bits, outcome
from corpus import CORPUS
from zoo import NIST

from symgraph.runtime.sums import rowsum
from symgraph.spec.model import Input


def arguments_of(name: str, rows: int, dtype: type) -> tuple[Any, Any, Any]:
    """Weights, rows and targets, inside the model's domains; None where the model has none."""
    model, rng = CORPUS[name](), np.random.RandomState(rows)

    def draw(entries: tuple[Input, ...], usual: tuple[float, float], size: int) -> Any:
        bounds = [entry.domain or usual for entry in entries]
        return np.array([rng.uniform(max(low, -2), min(high, 2), size) for low, high in bounds]).T.astype(dtype)

    w = draw(model.weight_inputs, (0.3, 0.9), 1)[0]
    X = draw(model.feature_inputs, (0.5, 2.0) if name in NIST else (-1.5, 1.5), rows) if model.feature_inputs else None
    y = None if model.target_input is None else draw((model.target_input,), (-1.0, 1.0), rows)[:, 0]
    return w, X, y


def calls_of(name: str, rows: int, dtype: type) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Calls of every function that the module has."""
    w, X, y = arguments_of(name, rows, dtype)
    has_rows = X is not None or y is not None
    s = np.random.RandomState(1).uniform(size=rows) if has_rows else 0.7
    options: tuple[dict[str, Any], ...] = ({}, {"sample_weight": s}, {"sample_weight": s, "reduction": "sum"})
    calls = [(function, (w, X, y), option) for function in ("value_and_grad", "loss", "grad") for option in options]
    calls += [(function, (w, X, y), {}) for function in ("per_sample_grad", "jacobian", "residual", "residual_jacobian")]
    return [call for call in [*calls, ("predict", (w, X), {})] if hasattr(module_of(name), call[0])]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", CORPUS)
def test_batches_have_the_bits_of_the_generated_module(name: str, dtype: type) -> None:
    for rows in (1, 23, 10_005):
        for function, arguments, options in calls_of(name, rows, dtype):
            both = [getattr(one, function) for one in (bound(name), module_of(name))]
            got, wanted = (outcome(call, *arguments, **options) for call in both)
            assert got[1] == wanted[1]
            if wanted[1]:
                assert got[0] is wanted[0]
            else:
                assert_same_bits(got[0], wanted[0])


@pytest.mark.parametrize("name", CORPUS)
def test_one_row_has_the_bits_of_the_generated_module(name: str) -> None:
    w, X, y = arguments_of(name, 4, np.float64)
    row = (w, None if X is None else X[2], None if y is None else y[2])
    for function, arguments, _ in calls_of(name, 4, np.float64):
        got, wanted = (getattr(one, function)(*row[: len(arguments)]) for one in (bound(name), module_of(name)))
        assert_same_bits(got, wanted)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", [name for name in CORPUS if CORPUS[name]().feature_inputs])
def test_batches_have_the_bits_of_the_lines_themselves(name: str, dtype: type) -> None:
    """X is in Fortran's order, as blocks are: of columns that are not side by side NumPy's routines may give other bits."""
    module = bound(name)
    for rows in (2, 33, 10_001):
        w, X, y = arguments_of(name, rows, dtype)
        X = np.asfortranarray(X)
        tape = module.forward(w, X, y)
        if module.facts.outputs:
            output = np.broadcast_to(getattr(tape, module.facts.outputs[0]), rows)
            assert_same_bits(module.predict(w, X), np.array(output))
        if hasattr(tape, "loss"):
            s = np.linspace(0.5, 2.0, rows)
            value, gradient = module.value_and_grad(w, X, y, sample_weight=s, reduction="sum")
            with np.errstate(all="ignore"):
                assert_same_bits(value, float(rowsum(tape.loss, s.astype(dtype))))
            assert_same_bits(gradient, module.backward(tape, s))
            generated = module_of(name)
            assert_same_bits(module.backward(tape, 0.7), generated.backward(generated.forward(w, X, y), 0.7))
