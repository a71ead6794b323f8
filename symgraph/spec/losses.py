"""Losses that a spec may ask for by name, as functions of output and target; to add one, add its row."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from sympy import Abs

from symgraph.errors import SpecError
from symgraph.ir.functions import softplus
from symgraph.spec.inputs import Input, NamedNode


class Loss(NamedTuple):
    """Loss of one row, known by name.

    Attributes:
        of: returns the loss as a SymPy expression, given the symbols of the output and of the target.
        needs: the numbers that output and target have to be.
    """

    of: Callable[[Any, Any], Any]
    needs: str


LOSSES: Mapping[str, Loss] = MappingProxyType(
    {
        "squared_error": Loss(lambda y_hat, y: (y - y_hat) ** 2, "numbers"),
        "absolute_error": Loss(lambda y_hat, y: Abs(y - y_hat), "numbers"),
        # the cross entropy, in a form in which nothing cancels
        "bce_with_logits": Loss(
            lambda y_hat, y: y * softplus(-y_hat) + (1 - y) * softplus(y_hat), "y in [0, 1], and its logit as y_hat"
        ),
    }
)
"""Every loss there is by name; a model that asks for one needs a target and an output."""


def loss_named(name: str, where: str, output: NamedNode | None, target: Input | None) -> Any:
    """Return the loss of a name as an expression.

    Args:
        name: of a row of ``LOSSES``.
        where: the model, for messages.
        output: the model's output.
        target: its target.

    Raises:
        SpecError: there is none of that name, or output or target are missing.
    """
    if name not in LOSSES:
        raise SpecError(f"{where}: {name!r} is unknown; known are {', '.join(LOSSES)}, or give an expression")
    if target is None or output is None:
        raise SpecError(f"{where}: {name!r} compares the target with the output; declare model.target and model.output first")
    return LOSSES[name].of(output.symbol, target.symbol)
