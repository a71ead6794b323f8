"""Modules as JAX's functions; `make evidence` runs these tests, where JAX is installed."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from fitted_models import T, Y, circle_module, decay_module, plain_module

from symgraph.errors import OptionError
from symgraph.use.bridges import to_jax

jax: Any = pytest.importorskip("jax", reason="JAX is in the extra bench")

W = np.array([2.0, 0.7, 0.5])
TURNS = np.arange(6.0).reshape(3, 2) / 5.0


@pytest.fixture(autouse=True)
def _doubles() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def test_the_loss_and_its_gradient_are_those_of_the_module_under_jit_too() -> None:
    loss, module = to_jax(decay_module()).loss, decay_module()
    for one in (loss, jax.jit(loss)):
        assert float(one(W, T, Y)) == module.loss(W, T, Y)
    for one in (jax.grad(loss), jax.jit(jax.grad(loss))):
        assert np.array_equal(one(W, T, Y), module.grad(W, T, Y))


def test_vmap_calls_the_module_for_each() -> None:
    functions, several = to_jax(decay_module()), np.stack([W, W + 0.1])
    gradients = jax.vmap(jax.grad(functions.loss), (0, None, None))(several, T, Y)
    assert np.array_equal(gradients, decay_module().grad(several, T, Y))
    assert np.array_equal(jax.vmap(functions.predict, (None, 0))(W, T), decay_module().predict(W, T))
    assert jax.grad(lambda w: functions.loss(w, T, Y).sum())(several).shape == (2, 3)


def test_jax_finds_the_derivatives_right() -> None:
    decay, circle = to_jax(decay_module()), to_jax(circle_module())
    check_grads = pytest.importorskip("jax.test_util").check_grads
    check = partial(check_grads, order=1, modes=("rev",), rtol=1e-6, atol=1e-6)  # what its differences of float64 give
    check(lambda w: decay.loss(w, T, Y), (W,))
    check(decay.predict, (W, T))
    check(decay.predict, (W, T[:, None]))
    check(decay.predict, (W, 0.3))
    check(circle.predict, (W[:2], TURNS))
    check(circle.predict, (W[:2], TURNS[0]))


def test_a_module_is_part_of_a_larger_function() -> None:
    predict, module = to_jax(decay_module()).predict, decay_module()
    slope = jax.jit(jax.grad(lambda s: predict(W, jax.numpy.tanh(s * T)).sum()))(0.5)
    x = np.tanh(0.5 * T)
    assert np.isclose(slope, module.feature_jacobian(W, x)[:, 0] @ (T * (1 - x**2)), rtol=1e-13)  # another order of the sum


def test_subnormal_numbers_are_not_lost_in_the_threads_of_jax() -> None:
    w = np.array([1e-310, 1.0, 0.0])
    for predict in (to_jax(decay_module()).predict, jax.jit(to_jax(decay_module()).predict)):
        found = np.asarray(predict(w, T))
        assert np.array_equal(found, decay_module().predict(w, T))
        assert found[0] == 1e-310


def test_without_x64_all_is_float32() -> None:
    with jax.enable_x64(False):
        value, gradient = jax.value_and_grad(to_jax(decay_module()).loss)(W.astype(np.float32), T, Y)
    assert value.dtype == gradient.dtype == np.float32


def test_derivatives_that_there_are_none_of_are_refused() -> None:
    functions = to_jax(plain_module())
    with pytest.raises(OptionError, match="no derivative of decay by X"):
        jax.grad(functions.loss, 1)(W, T, Y)
    with pytest.raises(OptionError, match="by y"):
        jax.grad(functions.loss, 2)(W, T, Y)
    with pytest.raises(OptionError, match="by X"):
        jax.jit(jax.grad(lambda X: functions.predict(W, X).sum()))(T)
    assert jax.grad(lambda w: functions.predict(w, T).sum())(W).shape == (3,)
    with pytest.raises(ValueError, match="do not support JVP"):  # JAX's word for second derivatives
        jax.hessian(functions.loss)(W, T, Y)
