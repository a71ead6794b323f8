"""Options out of bounds are refused by name."""

import math
import re
from collections.abc import Callable
from typing import Any

import pytest

from symgraph.errors import OptionError
from symgraph.use import training as tr

POSITIVE: list[tuple[str, Callable[[Any], Any]]] = [
    ("max_norm", tr.clip_by_norm), ("limit", tr.clip_by_value), ("tol", tr.converged), ("rate", tr.constant),
    ("sgd: rate", tr.sgd), ("rate", lambda one: tr.cosine(one, epochs=5)), ("rate", lambda one: tr.warmup(one, epochs=5)),
    ("factor", lambda one: tr.exponential(0.1, factor=one)), ("factor", lambda one: tr.step_decay(0.1, every=2, factor=one)),
]  # fmt: skip
COUNTS: list[tuple[str, Callable[[Any], Any]]] = [
    ("every", lambda one: tr.checkpoints("run", one)), ("every", lambda one: tr.resume("run", one)), ("patience", tr.patience),
    ("every", lambda one: tr.step_decay(0.1, every=one)), ("epochs", lambda one: tr.cosine(0.1, epochs=one)),
    ("epochs", lambda one: tr.warmup(0.1, epochs=one)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "wanted", "values"),
    [
        (POSITIVE, "a finite number and above 0", (0.0, -1.0, math.nan, math.inf, "1", None, True)),
        (COUNTS, "a whole number of at least 1", (0, -1, 2.5, "10", True)),
    ],
    ids=["positive", "counts"],
)
def test_what_is_no_such_number_is_refused(options: Any, wanted: str, values: Any) -> None:
    for name, make in options:
        for value in values:
            with pytest.raises(OptionError, match=re.escape(f"{name} must be {wanted}, not {value!r}")):
                make(value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tr.momentum(0.1, gamma=1.0), "momentum: gamma must be a finite number and at least 0 and below 1, not 1.0"),
        (lambda: tr.adam(beta1=-0.1), "adam: beta1 must be"),
        (lambda: tr.adam(beta2=1.0), "adam: beta2 must be"),
        (lambda: tr.adam(epsilon=math.inf), "adam: epsilon must be"),
        (lambda: tr.nesterov(gamma=1.0), "nesterov: gamma must be .* below 1, not 1.0"),
        (lambda: tr.rmsprop(alpha=-0.1), "rmsprop: alpha must be .* at least 0 and below 1, not -0.1"),
        (lambda: tr.adamw(weight_decay=-1.0), "adamw: weight_decay must be .* at least 0, not -1.0"),
        (lambda: tr.adamw(weight_decay=math.nan), "adamw: weight_decay must be"),
        (lambda: tr.adam().tuned(beta_1=0.9), "adam has no parameter 'beta_1'; it takes rate, beta1, beta2, epsilon"),
        (lambda: tr.sgd().tuned(gamma=0.9), "sgd has no parameter 'gamma'; it takes rate"),
        (lambda: tr.cosine(0.1, epochs=5, least=0.1), "least must be a finite number and at least 0 and below 0.1, not 0.1"),
        (lambda: tr.split(10, 0.0, 0), "validation must be a finite number and above 0 and below 1, not 0.0"),
        (lambda: tr.split(10, 1.0, 0), "validation must be"),
        (lambda: tr.split(10, "0.2", 0), "validation must be"),
        (lambda: tr.split(10, 0.96, 0), "a share of 0.96 of 10 rows leaves none to train on"),
        (lambda: tr.split(1, 0.5, 0), "a share of 0.5 of 1 row leaves none to train on"),
    ],
)
def test_an_option_out_of_its_own_bounds_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        make()
