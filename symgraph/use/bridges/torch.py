"""Modules as functions of PyTorch's tensors with derivatives, by ``torch.autograd.Function``."""

from types import SimpleNamespace
from typing import Any

from symgraph.data.extra import library
from symgraph.errors import OptionError
from symgraph.use.bridges.reverse import Reverse, loss_of, output_of


def to_torch(module: Any) -> SimpleNamespace:
    """Return ``loss(w, X, y, **options)`` and ``predict(w, X)`` on tensors.

    The module computes both on the CPU, in the dtype of w and X. Both have first derivatives: the loss by w; the
    output by w, and by X if the module was built with feature-jacobian.

    Args:
        module: a numpy or native module. Options of the loss are those of its ``value_and_grad``.

    Raises:
        OptionError: PyTorch is not installed; in a call, a tensor requires a gradient that the module does not have, or a
            second derivative.
    """
    torch = library("torch", "torch", "to_torch")

    def array(tensor: Any) -> Any:
        return None if tensor is None else tensor.detach().cpu().numpy()

    class Function(torch.autograd.Function):  # type: ignore[misc, name-defined]  # PyTorch need not be installed
        @staticmethod
        def forward(ctx: Any, part: Reverse, *given: Any) -> Any:
            part.refuse_others("to_torch", ctx.needs_input_grad[1:], "detach it")
            ctx.part, (value, *kept) = part, map(given[0].new_tensor, part.forward(*map(array, given)))
            ctx.save_for_backward(*given, *kept)
            return value

        @staticmethod
        def backward(ctx: Any, cotangent: Any) -> Any:
            if torch.is_grad_enabled():  # else second derivatives would be 0, without a word
                raise OptionError(f"to_torch has first derivatives of {module.MODEL} only; leave out create_graph=True")
            found = ctx.part.backward(*map(array, (*ctx.saved_tensors, cotangent)))
            slopes = [one.new_tensor(slope) for one, slope in zip(ctx.saved_tensors, found, strict=False)]
            return None, *slopes, *[None] * (len(ctx.needs_input_grad) - 1 - len(slopes))

    def loss(w: Any, X: Any = None, y: Any = None, **options: Any) -> Any:
        return Function.apply(loss_of(module, options), w, X, y)

    return SimpleNamespace(loss=loss, predict=lambda w, X: Function.apply(output_of(module), w, X))
