"""Keywords of other libraries, and arguments by place, are answered by what to write here."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from symgraph import fit
from symgraph.use.training import (
    adam,
    converged,
    cosine,
    exponential,
    momentum,
    patience,
    rmsprop,
    sgd,
    step_decay,
    train,
    warmup,
)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: adam(lr=0.1), "adam has no lr; write rate=0.1"),  # torch.optim; then optax, Keras, scikit-learn
        (lambda: adam(learning_rate=0.1), "write rate=0.1"),
        (lambda: adam(0.1, betas=(0.8, 0.99)), "adam has no betas; write beta1=0.8, beta2=0.99"),
        (lambda: adam(0.1, b1=0.8), "write beta1=0.8"),
        (lambda: adam(0.1, beta_2=0.8), "write beta2=0.8"),
        (lambda: adam(0.1, eps=1e-8), "write epsilon=1e-08"),
        (lambda: adam(0.1, weight_decay=0.02), r"write the optimizer adamw\(rate, weight_decay=0.02\)"),
        (lambda: sgd(0.1, momentum=0.9), r"write the optimizer momentum\(rate, gamma=0.9\)"),
        (lambda: sgd(0.1, eps=1), "sgd has no eps; it has rate"),
        (lambda: rmsprop(0.1, rho=0.9), "write alpha=0.9"),
        (lambda: momentum(0.1, gama=0.9), "momentum has no gama; it has rate, gamma; did you mean gamma"),
        (lambda: step_decay(0.1, step_size=10, factor=0.5), "write every=10"),
        (lambda: exponential(0.1, gamma=0.9), "write factor=0.9"),
        (lambda: cosine(0.1, T_max=50), "write epochs=50"),
        (lambda: warmup(0.1, warmup_steps=5), "write epochs=5"),
        (lambda: converged(tolerance=1e-3), "write tol=0.001"),
        (lambda: patience(patience=3), "write epochs=3"),
        (lambda: train(None, optimizer=adam(), lr=0.1), r"train has no lr; write optimizer=adam\(0.1\)"),
        (lambda: train(None, optimizer=adam(), n_epochs=3), "write epochs=3"),
        (lambda: train(None, optimizer=adam(), validation_split=0.2), "write validation=0.2"),
        (lambda: train(None, optimizer=adam(), random_state=0), "write seed=0"),
        (lambda: fit(None, p0=[1.0, 2.0]), r"fit has no p0; write start=\[1.0, 2.0\]"),
        (lambda: fit(None, maxfev=100), "fit has no maxfev; leave it out"),
        (lambda: sgd(0.1, 0.9), "sgd takes rate by place, and nothing else"),
        (lambda: train(None, None, None, 0.1), "train takes module, X, y by place, the others by name, as in optimizer=0.1"),
        (lambda: fit(None, 1, 2, 3, 0.1), "fit takes module, X, y, start by place, the others by name, as in sigma=0.1"),
        (lambda: fit(None, strt=1), "fit has no strt; it has module, X, y, start, .*; did you mean start"),
    ],
)
def test_a_keyword_of_another_library_is_answered_by_ours(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(TypeError, match=says):
        call()
    assert (adam.__name__, [*inspect.signature(adam).parameters]) == ("adam", ["rate", "beta1", "beta2", "epsilon"])
