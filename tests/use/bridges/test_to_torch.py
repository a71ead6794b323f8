"""Modules as PyTorch's functions; `make evidence` runs these tests, where PyTorch is installed."""

from typing import Any

import numpy as np
import pytest
from fitted_models import T, Y, circle_module, decay_module, plain_module

from symgraph.errors import OptionError
from symgraph.use.bridges import to_torch

torch: Any = pytest.importorskip("torch", reason="PyTorch is in the extra bench")

W = [2.0, 0.7, 0.5]


def tensor(values: Any, dtype: Any = None, **options: Any) -> Any:
    return torch.tensor(np.asarray(values), dtype=dtype or torch.float64, **options)


def test_the_loss_and_its_gradient_are_those_of_the_module() -> None:
    w = tensor(W, requires_grad=True)
    loss = to_torch(decay_module()).loss(w, tensor(T), tensor(Y), reduction="sum", sample_weight=tensor(T + 1.0))
    (3.0 * loss).backward()
    value, gradient = decay_module().value_and_grad(W, T, Y, reduction="sum", sample_weight=T + 1.0)
    assert loss.item() == value
    assert np.array_equal(w.grad.numpy(), 3.0 * gradient)


def test_torch_finds_the_derivatives_right() -> None:
    w, X, y = tensor(W, requires_grad=True), tensor(T[:4]), tensor(Y[:4])
    decay, circle = to_torch(decay_module()), to_torch(circle_module())
    assert torch.autograd.gradcheck(lambda w: decay.loss(w, X, y), w)
    assert torch.autograd.gradcheck(decay.predict, (w, X.clone().requires_grad_()))
    assert torch.autograd.gradcheck(decay.predict, (w, tensor(0.3, requires_grad=True)))
    rows = tensor(np.arange(6.0).reshape(3, 2) / 5.0, requires_grad=True)
    assert torch.autograd.gradcheck(circle.predict, (tensor([1.5, 0.5], requires_grad=True), rows))
    assert torch.autograd.gradcheck(circle.predict, (tensor([1.5, 0.5], requires_grad=True), rows[0].detach().requires_grad_()))


def test_several_vectors_of_weights_have_losses_of_their_own() -> None:
    w = tensor([W, [1.0, 1.0, 0.0]], requires_grad=True)
    losses = to_torch(decay_module()).loss(w, tensor(T), tensor(Y))
    losses.sum().backward()
    assert losses.shape == (2,)
    assert np.array_equal(w.grad.numpy(), decay_module().grad(w.detach().numpy(), T, Y))


def test_an_optimizer_of_torch_trains_the_model_in_float32() -> None:
    w = tensor([1.0, 1.0, 0.0], torch.float32, requires_grad=True)
    X, y = tensor(T, torch.float32), tensor(Y, torch.float32)
    function, optimizer = to_torch(plain_module()), torch.optim.LBFGS([w], max_iter=200)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = function.loss(w, X, y)
        loss.backward()
        return loss

    optimizer.step(closure)
    assert w.dtype == torch.float32
    assert np.allclose(w.detach().numpy(), W, atol=0.02)  # what the sine adds to Y moves them by less


def test_derivatives_that_there_are_none_of_are_refused() -> None:
    w, X, y = tensor(W, requires_grad=True), tensor(T, requires_grad=True), tensor(Y, requires_grad=True)
    function = to_torch(plain_module())
    with pytest.raises(OptionError, match="no derivative of decay by X, and one is wanted; detach it"):
        function.loss(w, X, y.detach())
    with pytest.raises(OptionError, match="by y"):
        function.loss(w, X.detach(), y)
    with pytest.raises(OptionError, match="by X"):
        function.predict(w, X)
    with pytest.raises(OptionError, match="first derivatives of decay only; leave out create_graph=True"):
        torch.autograd.functional.hessian(lambda v: function.loss(v, X.detach(), y.detach()), w)
    with pytest.raises(OptionError, match="first derivatives"):
        torch.autograd.grad(function.predict(w, X.detach()).sum(), w, create_graph=True)
