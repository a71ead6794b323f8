"""Modules as functions of JAX's arrays with derivatives, by ``jax.custom_vjp`` and ``jax.pure_callback``."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import numpy as np

from symgraph.data.extra import library
from symgraph.use.bridges.reverse import Reverse, loss_of, output_of


def to_jax(module: Any) -> SimpleNamespace:
    """Return ``loss(w, X, y)``, the mean, and ``predict(w, X)`` on arrays, for ``jax.jit``, ``jax.grad`` and ``jax.vmap``.

    The module computes both on the host, in its own thread and in the dtype of w and X; ``vmap`` calls it once for each element
    of a batch. Both have first derivatives in reverse mode: the loss by w; the output by w, and by X if the module was built
    with feature-jacobian.

    Args:
        module: a numpy or native module with features.

    Raises:
        OptionError: JAX is not installed; a derivative is asked for that the module does not have.
    """
    jax = library("jax", "jax", "to_jax")
    worker = ThreadPoolExecutor(1)
    worker.submit(int).result()  # now, since JAX's own threads take subnormal numbers for 0, and so do threads that they start

    def called(function: Any, shapes: Any, *given: Any) -> Any:
        """Return the results of a function of the module, a tuple of arrays of these shapes."""
        dtype = jax.numpy.result_type(*given[:2])

        def on_host(*arrays: Any) -> Any:
            return tuple(np.asarray(one, dtype) for one in worker.submit(function, *map(np.asarray, arrays)).result())

        wanted = tuple(jax.ShapeDtypeStruct(shape, dtype) for shape in shapes)
        return jax.pure_callback(on_host, wanted, *given, vmap_method="sequential")

    def with_derivatives(part: Reverse) -> Any:
        def forward(*given: Any) -> Any:
            part.refuse_others("to_jax", [one.perturbed for one in given], "jax.lax.stop_gradient leaves it out")
            values = [one.value for one in given]
            value, *kept = called(part.forward, part.shapes(*map(np.shape, values)), *values)
            return value, (values, kept)

        def backward(saved: Any, cotangent: Any) -> Any:
            values, kept = saved
            slopes = called(part.backward, list(map(np.shape, values))[: len(part.by)], *values, *kept, cotangent)
            return (*slopes, *[None] * (len(values) - len(slopes)))

        function = jax.custom_vjp(lambda *given: called(part.value, part.shapes(*map(np.shape, given))[:1], *given)[0])
        function.defvjp(forward, backward, symbolic_zeros=True)
        return lambda *given: function(*map(jax.numpy.asarray, given))

    loss_at, output_at = with_derivatives(loss_of(module, {})), with_derivatives(output_of(module))

    def loss(w: Any, X: Any, y: Any) -> Any:
        return loss_at(w, X, y)

    def predict(w: Any, X: Any) -> Any:
        return output_at(w, X)

    return SimpleNamespace(loss=loss, predict=predict)
