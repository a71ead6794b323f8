"""The loss and the output of a module with their reverse derivatives, on NumPy's arrays."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from symgraph.errors import OptionError


class Reverse(NamedTuple):
    """A function of w, X and, of a loss, y, with its reverse derivative.

    Attributes:
        module: whose function it is.
        by: names of the first arguments, by which it has derivatives: w, and X where the module has those.
        value: returns its value, in a tuple.
        forward: returns its value, and what ``backward`` needs beside the arguments.
        backward: returns the derivatives of sum(cotangent * value) by each of ``by``; it takes the arguments, what ``forward``
            returned behind the value, and the cotangent.
        shapes: returns the shapes of what ``forward`` returns, of those of the arguments.
    """

    module: Any
    by: tuple[str, ...]
    value: Callable[..., tuple[Any, ...]]
    forward: Callable[..., tuple[Any, ...]]
    backward: Callable[..., tuple[Any, ...]]
    shapes: Callable[..., tuple[tuple[int, ...], ...]]

    def refuse_others(self, bridge: str, wanted: Sequence[bool], remedy: str) -> None:
        """Refuse derivatives that there are none of.

        Args:
            bridge: the name of the function that made it, for the message.
            wanted: for each argument if a derivative is wanted by it.
            remedy: what to do, for the message.

        Raises:
            OptionError: one is wanted by an argument that is not among ``by``.
        """
        for name, is_wanted in zip(("w", "X", "y"), wanted, strict=False):
            if is_wanted and name not in self.by:
                raise OptionError(f"{bridge} has no derivative of {self.module.MODEL} by {name}, and one is wanted; {remedy}")


def loss_of(module: Any, options: Mapping[str, Any]) -> Reverse:
    """Return a module's loss, with options as ``value_and_grad`` takes them."""
    return Reverse(
        module,
        ("w",),
        lambda w, X, y: (module.loss(w, X, y, **options),),
        lambda w, X, y: module.value_and_grad(w, X, y, **options),
        lambda w, X, y, gradient, cotangent: (cotangent[..., np.newaxis] * gradient,),
        lambda w, X, y: (w[:-1], w),
    )


def output_of(module: Any) -> Reverse:
    """Return a module's output."""
    has_slopes, several = hasattr(module, "feature_jacobian"), len(module.OUTPUTS) > 1

    def backward(w: Any, X: Any, cotangent: Any) -> tuple[Any, ...]:
        by_w = np.tensordot(cotangent, module.jacobian(w, X), np.ndim(cotangent))
        if not has_slopes:
            return (by_w,)
        by_row = cotangent[..., np.newaxis] * module.feature_jacobian(w, X)
        return by_w, np.reshape(by_row.sum(-2) if several else by_row, np.shape(X))

    def shapes(_: Any, X: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        rows = X if len(module.FEATURES) == 1 and len(X) < 2 else X[:-1]
        return ((*rows, len(module.OUTPUTS)) if several else rows,)

    value = lambda w, X: (module.predict(w, X),)  # noqa: E731
    return Reverse(module, ("w", "X") if has_slopes else ("w",), value, value, backward, shapes)
