"""Binding of modules without features or without a target, of whose functions X or y may be left out."""

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from symgraph.runtime.binding import Binding
from symgraph.runtime.facts import Array, ArrayLike, Facts
from symgraph.runtime.lines import Lines, T
from symgraph.runtime.numpy_binding import Bound
from symgraph.runtime.weights import Law

Options = ParamSpec("Options")
Result_co = TypeVar("Result_co", covariant=True)


class Loose(Protocol[Options, Result_co]):
    """A function of a module whose X and y may be left out."""

    def __call__(
        self,
        w: "ArrayLike",
        X: "ArrayLike | None" = None,
        y: "ArrayLike | None" = None,
        *args: Options.args,
        **options: Options.kwargs,
    ) -> Result_co: ...


def loosely(function: Callable[Concatenate[Any, ArrayLike, Any, Any, Options], Result_co]) -> Loose[Options, Result_co]:
    """Give a function of bindings with None as the default of X and y; all else is as it is stated there."""
    assert isinstance(function, FunctionType)
    same = FunctionType(function.__code__, function.__globals__, function.__name__, (None, None), function.__closure__)
    same.__kwdefaults__, same.__doc__, same.__qualname__ = function.__kwdefaults__, function.__doc__, function.__qualname__
    same.__annotations__ = function.__annotations__ | {"X": "ArrayLike | None", "y": "ArrayLike | None"}
    return same


class LooseBinding(Binding[T]):
    """The public functions of a module whose X or y may be None."""

    forward = loosely(Binding[T].forward)
    value_and_grad = loosely(Binding.value_and_grad)
    loss = loosely(Binding.loss)
    grad = loosely(Binding.grad)
    per_sample_grad = loosely(Binding.per_sample_grad)
    jacobian = loosely(Binding.jacobian)
    residual = loosely(Binding.residual)
    residual_jacobian = loosely(Binding.residual_jacobian)
    normal_equations = loosely(Binding.normal_equations)

    def predict(self, w: "ArrayLike", X: "ArrayLike | None" = None, *, threads: int = 1) -> "Array":
        """Compute the output: one entry a row, or a scalar for one row; (n, m), or (m,) for one row, of m outputs."""
        return super().predict(w, X, threads=threads)  # type: ignore[arg-type]  # X may be None here alone


class BoundLoosely(LooseBinding[T], Bound[T]):
    """The public functions of a module without features or without a target, whose X or y is None."""


def bind_loosely(facts: Facts, lines: Lines[T], laws: Sequence[Law]) -> BoundLoosely[T]:
    """Make the public functions of a module without features or without a target; else as bind."""
    return BoundLoosely(facts, lines, laws)
