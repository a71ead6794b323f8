"""Modules as functions of PyTorch's tensors with derivatives, by ``torch.autograd.Function``."""

from types import SimpleNamespace
from typing import Any

from symgraph.bridges.pullback import pullback
from symgraph.errors import OptionError
from symgraph.io.extra import library


def to_torch(module: Any) -> SimpleNamespace:
    """Return ``loss(w, X, y, **options)`` and ``predict(w, X)`` on tensors.

    The module computes both on the CPU, in the dtype of w and X. They have derivatives of first order: the loss by w; the
    output by w, and by X where the module was built with feature-jacobian.

    Args:
        module: a numpy or native module. Options of the loss are those of its ``value_and_grad``.

    Raises:
        OptionError: PyTorch is not installed; in a call, a tensor requires a gradient that the module does not have.
    """
    torch = library("torch", "torch", "to_torch")

    def array(tensor: Any) -> Any:
        return None if tensor is None else tensor.detach().cpu().numpy()

    def refuse(name: str, is_needed: bool) -> None:
        if is_needed:
            raise OptionError(f"to_torch has no derivative of {module.MODEL} by {name}, which requires a gradient; detach it")

    def refuse_second() -> None:
        if torch.is_grad_enabled():  # else they would be 0, without a word
            raise OptionError(f"to_torch has first derivatives of {module.MODEL} only; leave out create_graph=True")

    class Loss(torch.autograd.Function):  # type: ignore[misc, name-defined]  # PyTorch need not be installed
        @staticmethod
        def forward(ctx: Any, w: Any, X: Any, y: Any, options: dict[str, Any]) -> Any:
            refuse("X", ctx.needs_input_grad[1])
            refuse("y", ctx.needs_input_grad[2])
            value, gradient = module.value_and_grad(array(w), array(X), array(y), **options)
            ctx.save_for_backward(w.new_tensor(gradient))
            return w.new_tensor(value)

        @staticmethod
        def backward(ctx: Any, cotangent: Any) -> Any:
            refuse_second()
            return cotangent[..., None] * ctx.saved_tensors[0], None, None, None

    class Output(torch.autograd.Function):  # type: ignore[misc, name-defined]  # PyTorch need not be installed
        @staticmethod
        def forward(ctx: Any, w: Any, X: Any) -> Any:
            refuse("X", ctx.needs_input_grad[1] and not hasattr(module, "feature_jacobian"))
            ctx.save_for_backward(w, X)
            return w.new_tensor(module.predict(array(w), array(X)))

        @staticmethod
        def backward(ctx: Any, cotangent: Any) -> Any:
            refuse_second()
            w, X = ctx.saved_tensors
            by_w, by_X = pullback(module, array(w), array(X), array(cotangent))
            return w.new_tensor(by_w), X.new_tensor(by_X)

    def loss(w: Any, X: Any = None, y: Any = None, **options: Any) -> Any:
        return Loss.apply(w, X, y, options)

    return SimpleNamespace(loss=loss, predict=Output.apply)
