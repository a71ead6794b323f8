"""Every model of the corpus: the public functions beside the straight lines, evaluated as they are."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from built import MODELS, sample
from compared import assert_same_bits
from corpus import CORPUS, thirds

from symgraph.compiler.generate import generate
from symgraph.project.build.modules import load_artifact
from symgraph.runtime import replay
from symgraph.runtime.sums import PIECE, rowsum, unsummed


@cache
def module_of(name: str) -> Any:
    """The numpy module of a model of the corpus, not verified."""
    return load_artifact(generate(CORPUS[name](), ("numpy",))[0])


def arguments_of(name: str, rows: int, dtype: type) -> tuple[Any, Any, Any]:
    """Weights, rows and targets, inside the model's domains; None where the model has none."""
    w, X, y = (None if part is None else part.astype(dtype) for part in sample(name, rows, seed=rows, models=CORPUS))
    return w, X, y


def columns(values: Any, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Values of each row, or one for all rows, as the columns of an array."""
    return np.stack([np.broadcast_to(value, shape).astype(dtype) for value in values], axis=-1)


@np.errstate(all="ignore")
def results_of_the_lines(module: Any, w: Any, X: Any, y: Any, s: Any) -> dict[str, Any]:
    """Results that functions are to give: their names, with an underscore where rows have the weights s and are added up."""
    tape, has_loss = module._forward(w, X, y), module.METADATA["has_loss"]
    shape = np.shape(X)[:-1] if X is not None else np.shape(y) if y is not None else ()
    found: dict[str, Any] = {}
    if module.OUTPUTS:
        output = getattr(tape, module.METADATA["fields"].get(module.OUTPUTS[0], module.OUTPUTS[0]))
        found["predict"] = np.array(np.broadcast_to(output, shape if X is not None else ()))[()]
        found["jacobian"] = columns(module._jacobian(tape), shape, w.dtype)
    if hasattr(module, "residual"):
        own, slopes = getattr(module, "_residual", None), getattr(module, "_residual_jacobian", module._jacobian)
        found["residual"] = np.array(np.broadcast_to(own(tape)[0] if own else output - tape.y, shape))[()]
        found["residual_jacobian"] = columns(slopes(tape), shape, w.dtype)
    if has_loss:
        rows = module._backward(tape, np.broadcast_to(w.dtype.type(1), shape), unsummed)
        found["per_sample_grad"] = columns(rows, shape, w.dtype)
        found["grad_"] = np.array(module._backward(tape, s, rowsum), np.float64).astype(w.dtype)
        found["loss_"] = float(rowsum(tape.loss, s))
    return found


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", thirds(CORPUS))
def test_functions_give_the_bits_of_the_lines_with_any_number_of_threads(name: str, dtype: type, monkeypatch: Any) -> None:
    """X is in Fortran's order, as blocks are: of columns that are not side by side NumPy's routines may give other bits."""
    monkeypatch.setattr(replay, "STRIP", PIECE)  # threads share what is twice as large
    module = module_of(name)
    for rows in (2, 33, 2 * PIECE + 1) if name in MODELS else (2, 33):  # what others name is done number by number
        w, X, y = arguments_of(name, rows, dtype)
        X = None if X is None else np.asfortranarray(X)
        weights = np.linspace(0.5, 2.0, rows) if (X is not None or y is not None) else 0.7
        wanted = results_of_the_lines(module, w, X, y, np.asarray(weights, dtype)[()])
        for threads in (1, 3) if rows > PIECE else (1,):
            for function, value in wanted.items():
                given = (w, X) if function == "predict" else (w, X, y)
                sums = {"sample_weight": weights, "reduction": "sum"} if function.endswith("_") else {}
                assert_same_bits(getattr(module, function.removesuffix("_"))(*given, threads=threads, **sums), value)
            if "loss_" in wanted:
                both = module.value_and_grad(w, X, y, sample_weight=weights, reduction="sum", threads=threads)
                assert_same_bits(both, (wanted["loss_"], wanted["grad_"]))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", thirds(CORPUS))
def test_one_row_gives_the_bits_of_the_lines(name: str, dtype: type) -> None:
    module, (w, X, y) = module_of(name), arguments_of(name, 4, dtype)
    x, target = None if X is None else X[2], None if y is None else y[2]
    row = (w, x[0] if x is not None and len(x) == 1 else x, target)  # of one feature (n,) is n rows
    for function, value in results_of_the_lines(module, w, x, target, w.dtype.type(0.7)).items():
        given = row[:2] if function == "predict" else row
        sums = {"sample_weight": 0.7, "reduction": "sum"} if function.endswith("_") else {}
        assert_same_bits(getattr(module, function.removesuffix("_"))(*given, **sums), value)
