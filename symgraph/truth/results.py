"""What a generated module computes at many points, one row a call and, with NumPy, once more as a row among others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import OptionError
from symgraph.options import DOUBLE
from symgraph.truth.drawing import Points

RAISED = (OverflowError, ZeroDivisionError, ValueError)
"""What the scalar backend raises where NumPy gives inf or nan."""

BATCH = 33
"""Rows of a batch. Of 33, the first row goes through the widest vector registers, 16 float32 at a time and unrolled twice, and
the last is what remains; NumPy's functions may differ between the two by units in the last place."""


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """What was computed at n points.

    Attributes:
        names: the k results ("loss", "output", "grad w1", "jacobian w1"), as far as the module has them.
        values: (n, k) float64; float32 results are exact in it.
        raised: (n, k) whether there is an exception instead; the value is NaN there.
        precision: "double", or "accurate" for a module of compensated arithmetic, which promises more.
        batched: (2, n, k) what is computed for the same points as the first and as the last of BATCH rows, whose others are
            other points with the same weights; None if no batch was run.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    raised: NDArray[np.bool_]
    precision: str = DOUBLE
    batched: NDArray[np.float64] | None = None


def backend_of(module: Any) -> str:
    """The backend of a module, told by its functions: "numpy", "scalar" or "c"."""
    return "numpy" if hasattr(module, "forward") else "c" if hasattr(module, "pack") else "scalar"


def names_of(module: Any) -> tuple[str, ...]:
    """The results that a module of the ABI has."""
    scalar = backend_of(module) == "scalar"
    names = [*(["loss"] if module.METADATA["has_loss"] else []), *(["output"] if module.OUTPUTS else [])]
    names += [f"grad {name}" for name in module.WEIGHTS] if module.METADATA["has_loss"] else []
    return (*names, *(f"jacobian {name}" for name in module.WEIGHTS if module.OUTPUTS and not scalar))


def compute(module: Any, points: Points, dtype: str = "float64") -> Results:
    """Run a module at every point.

    Args:
        module: of the numpy or the scalar backend, or compiled C.
        points: where; for float32 they must be float32 numbers (``Points.rounded``).
        dtype: "float64", or "float32" for the numpy backend.

    Raises:
        OptionError: the backend does not compute in that dtype.
    """
    names = names_of(module)
    values = np.full((len(points), len(names)), np.nan)
    raised = np.zeros((len(points), len(names)), bool)
    backend = backend_of(module)
    if backend != "numpy" and dtype != "float64":
        numbers = "Python's floats" if backend == "scalar" else "doubles"
        raise OptionError(f"the {backend} backend computes in {numbers}; judge it with the dtype float64")
    if backend == "scalar":
        for place in range(len(points)):
            values[place], raised[place] = _scalar(module, *_split(module, points, place, float))
        return Results(names, values, raised)
    kind = np.dtype(dtype).type
    batched = np.full((2, *values.shape), np.nan) if module.FEATURES else None
    for place in range(len(points)):
        (values[place],) = _numpy(module, points, [place], kind)
        if batched is not None:
            others = [(place + step) % len(points) for step in range(1, BATCH - 1)]
            rows = _numpy(module, points, [place, *others, place], kind)
            batched[:, place] = rows[0], rows[-1]
    return Results(names, values, raised, module.METADATA.get("precision", DOUBLE), batched)


def _split(module: Any, points: Points, place: int, kind: Any) -> tuple[list[Any], list[Any], Any]:
    """The weights, features and target of a point as numbers of a kind."""
    point: Mapping[str, float] = points.point(place)
    w = [kind(point[name]) for name in module.WEIGHTS]
    x = [kind(point[name]) for name in module.FEATURES]
    return w, x, None if module.TARGET is None else kind(point[module.TARGET])


def _numpy(module: Any, points: Points, places: Sequence[int], kind: Any) -> NDArray[np.float64]:
    """All results, a row for each of the places, in one call of each function, with the weights of the first place."""
    split = [_split(module, points, place, kind) for place in places]
    weights, rows = np.array(split[0][0]), len(places)
    X = np.array([x for _, x, _ in split]) if module.FEATURES else None
    target = None if module.TARGET is None else np.array([y for _, _, y in split])
    parts: list[Any] = []
    if module.METADATA["has_loss"]:
        parts.append(_losses(module, weights, X, target, rows))
    if module.OUTPUTS:
        parts.append(module.predict(weights, X))
    if module.METADATA["has_loss"]:
        parts.append(module.per_sample_grad(weights, X, target))
    if module.OUTPUTS:
        parts.append(module.jacobian(weights, X))
    return np.concatenate([np.reshape(part, (rows, -1)) for part in parts], axis=1, dtype=np.float64)


def _losses(module: Any, w: NDArray[Any], X: Any, y: Any, rows: int) -> Any:
    """The loss of each row; compiled C has no function for that, but the same bits for a row alone."""
    if hasattr(module, "forward"):
        return module.forward(w, X, y).loss
    partials = np.empty(len(w))
    return [module.row(w, [] if X is None else X[row], None if y is None else y[row], partials) for row in range(rows)]


def _scalar(module: Any, w: list[Any], x: list[Any], y: Any) -> tuple[list[float], list[bool]]:
    values: list[float] = []
    raised: list[bool] = []
    grad = [0.0] * len(w)
    if module.METADATA["has_loss"]:
        loss = _caught(lambda: module.row(w, x, y, grad))
        values, raised = [loss if loss is not None else np.nan], [loss is None]
    if module.OUTPUTS:
        output = _caught(lambda: module.predict_row(w, x))
        values.append(output if output is not None else np.nan)
        raised.append(output is None)
    if module.METADATA["has_loss"]:
        values += [np.nan] * len(w) if raised[0] else grad
        raised += [raised[0]] * len(w)
    return values, raised


def _caught(call: Any) -> float | None:
    try:
        return float(call())
    except RAISED:
        return None
