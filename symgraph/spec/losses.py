"""Losses that a spec may ask for by name, as functions of output and target; to add one, add its row."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sympy import Abs, Add, evaluate

from symgraph.errors import SpecError, did_you_mean
from symgraph.spec.inputs import Input, NamedNode
from symgraph.spec.ops.sympy_classes import softplus
from symgraph.spec.robust import ROBUST

LOSSES: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {
        "squared_error": lambda y_hat, y: (y - y_hat) ** 2,
        "absolute_error": lambda y_hat, y: Abs(y - y_hat),
        # the cross entropy of y in [0, 1] and its logit as y_hat, in a form in which nothing cancels
        "bce_with_logits": lambda y_hat, y: y * softplus(-y_hat) + (1 - y) * softplus(y_hat),
    }
)
"""The loss of one row by its name, given the symbols of output and target; a model that asks for one needs both."""


def loss_named(name: str, where: str, outputs: Sequence[NamedNode], targets: Sequence[Input]) -> Any:
    """Return the loss of a name as an expression; of several outputs it is the sum over their pairs with the targets.

    Args:
        name: of a row of ``LOSSES``.
        where: the model, for messages.
        outputs: the model's outputs.
        targets: its targets, in the same order.

    Raises:
        SpecError: there is none of that name, outputs or targets are missing, or there are more of one than of the other.
    """
    if name not in LOSSES:
        of_residuals = f"; {name!r} is of residuals: model.residual(..., loss={name!r})" if name in ROBUST else ""
        hint = of_residuals or did_you_mean(name, LOSSES)
        raise SpecError(f"{where}: {name!r} is unknown; known are {', '.join(LOSSES)}, or give an expression{hint}")
    if not targets or not outputs:
        raise SpecError(f"{where}: {name!r} compares the target with the output; declare model.target and model.output first")
    if len(targets) != len(outputs):
        sides = [
            f"{len(some)} {kind}s ({', '.join(one.name for one in some)})"
            for kind, some in (("output", outputs), ("target", targets))
        ]
        raise SpecError(f"{where}: {name!r} compares each output with a target, and the model has {' and '.join(sides)}")
    losses = [LOSSES[name](one.symbol, other.symbol) for one, other in zip(outputs, targets, strict=True)]
    with evaluate(True):
        return losses[0] if len(losses) == 1 else Add(*losses)
