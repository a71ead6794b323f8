"""Whether the functions of a module agree with each other: each is compared with the losses and partials of single rows."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from symgraph.gradcheck.differences import Array
from symgraph.gradcheck.points import Data, Point

# Functions of one module may order their sums differently; 1e-8 of the sum of magnitudes is far above that in float64, and far
# below a factor of 1.001. Modules that compute in float32 get 200 of its units.
_ROUNDING = 1e-8
_UNITS = 200.0


class Comparison(NamedTuple):
    """A result of a function next to what the rows say: arrays of one shape; size is the sum of magnitudes that was rounded."""

    function: str
    result: Array
    expected: Array
    size: Array

    @property
    def relative(self) -> Array:
        """How far apart they are, relative to the size; inf for a result that is not finite, 0 where rows have no value."""
        with np.errstate(all="ignore"):
            # in the denormal range the last place is no longer relative
            gap = np.abs(self.result - self.expected) / (self.size + np.finfo(np.float64).tiny)
        usable = np.isfinite(self.expected) & np.isfinite(self.size)
        gap = np.where(self.result == self.expected, 0.0, np.where(np.isfinite(self.result), gap, np.inf))
        return np.where(usable, gap, 0.0)


def limit(unit: float) -> float:
    """How far a comparison may be off, relative to its size, where `unit` is the last place of 1."""
    return max(_ROUNDING, _UNITS * unit)


def compare(point: Point, partials: Array, rng: np.random.Generator) -> Iterator[Comparison]:
    """Compare every function that the module has with its rows.

    Args:
        point: where; the losses or outputs of all rows are finite.
        partials: (n, k) the partials of the rows' losses, or of the outputs without a loss; none so large that sums overflow.
        rng: for cotangents and sample weights.
    """
    module = point.module
    if module.METADATA["has_loss"]:
        yield from _compare_backward(point, partials, rng)
        yield from _compare_means(point, partials, rng)
        if point.data.X is not None:
            yield from _compare_one_row(point, partials)
    if "residual_factor" in module.METADATA:
        yield from _compare_residual(point, partials)


def _compare_residual(point: Point, partials: Array) -> Iterator[Comparison]:
    """The residual r and its partials, by what they say of the loss, which is c * r**2."""
    module, arguments = point.module, point.arguments(point.w)
    factor, losses = module.METADATA["residual_factor"], np.asarray(point.losses(point.w), np.float64)
    residual = _row(module.residual(*arguments))
    yield Comparison("residual", factor * residual**2, losses, np.abs(losses))
    pulled = 2.0 * factor * residual[:, None] * np.atleast_2d(module.residual_jacobian(*arguments))
    yield Comparison("residual_jacobian", pulled, partials, np.abs(partials))


def _compare_backward(point: Point, partials: Array, rng: np.random.Generator) -> Iterator[Comparison]:
    backward, tape = point.module.backward, point.module.forward(*point.arguments(point.w))
    cotangent = rng.normal(size=len(partials))
    shaped = cotangent if np.ndim(tape.loss) else cotangent[0]
    yield _sum("backward(tape, cotangent)", backward(tape, shaped), cotangent, partials)
    yield _sum("backward(tape)", backward(tape), np.ones(len(partials)), partials)


def _compare_means(point: Point, partials: Array, rng: np.random.Generator) -> Iterator[Comparison]:
    arguments, n = point.arguments(point.w), len(partials)
    shares = rng.uniform(0.5, 2.0, n)
    ways: list[tuple[str, Array, dict[str, Any]]] = [
        ("", np.full(n, 1.0 / n), {}),
        ("reduction='sum'", np.ones(n), {"reduction": "sum"}),
    ]
    if np.ndim(point.module.forward(*arguments).loss):  # a single row takes no sample weights
        ways.append(("sample_weight", shares / shares.sum(), {"sample_weight": shares}))
        ways.append(("sample_weight, reduction='sum'", shares, {"sample_weight": shares, "reduction": "sum"}))
    losses = np.asarray(point.losses(point.w), np.float64)[:, None]
    for text, factors, options in ways:
        value, gradient = point.module.value_and_grad(*arguments, **options)
        yield _sum(f"value_and_grad({text}), the value", value, factors, losses)
        yield _sum(f"value_and_grad({text}), the gradient", gradient, factors, partials)
        yield _sum(f"loss({text})", point.module.loss(*arguments, **options), factors, losses)
        yield _sum(f"grad({text})", point.module.grad(*arguments, **options), factors, partials)


def _compare_one_row(point: Point, partials: Array) -> Iterator[Comparison]:
    module = point.module
    first = Point(module, point.w, Data(*(None if part is None else part[0] for part in (point.data.X, point.data.y))), (0,))
    arguments = first.arguments(point.w)
    tape = module.forward(*arguments)
    loss = np.asarray(point.losses(point.w), np.float64)[:1, None]
    yield _sum("forward on one row, the loss", tape.loss, np.ones(1), loss)
    yield _sum("backward on one row", module.backward(tape), np.ones(1), partials[:1])
    yield _sum("per_sample_grad on one row", module.per_sample_grad(*arguments), np.ones(1), partials[:1])


def _sum(function: str, result: Any, factors: Array, parts: Array) -> Comparison:
    """A result that ought to be the sum of parts (n, m), weighted by row."""
    return Comparison(function, _row(result), factors @ parts, np.abs(factors) @ np.abs(parts))


def _row(result: Any) -> Array:
    return np.atleast_1d(np.asarray(result, np.float64))
