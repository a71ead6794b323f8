"""Modules as functions of JAX's arrays with derivatives, by ``jax.custom_vjp`` and ``jax.pure_callback``."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from symgraph.bridges.pullback import pullback
from symgraph.errors import OptionError
from symgraph.io.extra import library


def to_jax(module: Any) -> SimpleNamespace:
    """Return ``loss(w, X, y)``, the mean, and ``predict(w, X)`` on arrays, for ``jax.jit``, ``jax.grad`` and ``jax.vmap``.

    The module computes both on the host, in a thread of its own and the dtype of w and X; ``vmap`` calls it once for each of a
    batch. They have reverse derivatives of first order: the loss by w; the output by w, and by X where the module was built
    with feature-jacobian.

    Args:
        module: a numpy or native module with features.

    Raises:
        OptionError: JAX is not installed; a derivative is asked for that the module does not have.
    """
    jax = library("jax", "jax", "to_jax")
    worker = ThreadPoolExecutor(1)
    worker.submit(int).result()  # now, since JAX's own threads take subnormal numbers for 0, and so do threads that they start

    def called(function: Any, shapes: list[tuple[int, ...]], w: Any, X: Any, *others: Any) -> Any:
        """Return the results of a function of the module, a tuple of arrays of these shapes."""
        dtype = jax.numpy.result_type(w, X)

        def on_host(*arrays: Any) -> Any:
            found = worker.submit(function, *map(np.asarray, arrays)).result()
            return tuple(np.asarray(one, dtype) for one in (found if len(shapes) > 1 else (found,)))

        wanted = tuple(jax.ShapeDtypeStruct(shape, dtype) for shape in shapes)
        return jax.pure_callback(on_host, wanted, w, X, *others, vmap_method="sequential")

    def constant(name: str, given: Any) -> Any:
        if given.perturbed:
            raise OptionError(f"to_jax has no derivative of {module.MODEL} by {name}; jax.lax.stop_gradient leaves it out")
        return given.value

    def forward(w: Any, X: Any, y: Any) -> Any:
        shape = w.value.shape
        return called(module.value_and_grad, [shape[:-1], shape], w.value, constant("X", X), constant("y", y))

    loss = jax.custom_vjp(lambda w, X, y: called(module.loss, [w.shape[:-1]], w, X, y)[0])
    loss.defvjp(forward, lambda gradient, ct: (ct[..., None] * gradient, None, None), symbolic_zeros=True)

    def output(w: Any, X: Any) -> Any:
        rows = X.shape if len(module.FEATURES) == 1 and X.ndim < 2 else X.shape[:-1]
        several = (len(module.OUTPUTS),) if len(module.OUTPUTS) > 1 else ()
        return called(module.predict, [(*rows, *several)], w, X)[0]

    def output_forward(w: Any, X: Any) -> Any:
        given = w.value, X.value if hasattr(module, "feature_jacobian") else constant("X", X)
        return output(*given), given

    def output_backward(given: Any, ct: Any) -> Any:
        return called(partial(pullback, module), [one.shape for one in given], *given, ct)

    predict = jax.custom_vjp(output)
    predict.defvjp(output_forward, output_backward, symbolic_zeros=True)
    array = jax.numpy.asarray
    return SimpleNamespace(
        loss=lambda w, X, y: loss(array(w), array(X), array(y)), predict=lambda w, X: predict(array(w), array(X))
    )
