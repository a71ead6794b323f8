"""Likelihoods as textbooks write them. Specs have forms that keep more digits; their derivatives read worse, and are equal."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sympy import Add, Eq, Integer, Piecewise, evaluate, exp, log, loggamma, pi

from symgraph.spec.model import Model


def _categorical(y: Any, *logits: Any) -> Any:
    own = [(logit, Eq(y, place)) for place, logit in enumerate(logits[:-1])]
    return log(Add(*map(exp, logits))) - Piecewise(*own, (logits[-1], True))


def _student_t(y: Any, mean: Any, scale: Any, nu: Any) -> Any:
    norm = loggamma(nu / 2) - loggamma((nu + 1) / 2) + log(pi * nu) / 2
    return norm + log(scale) + (nu + 1) * log(1 + (y - mean) ** 2 / (nu * scale**2)) / 2


def _ways(y: Any, trials: Any) -> Any:
    """Return log(C(trials, y)), which is 0 for one trial."""
    return 0 if trials == 1 else loggamma(trials + 1) - loggamma(y + 1) - loggamma(trials - y + 1)


def _negative_binomial(y: Any, mean: Any, dispersion: Any) -> Any:
    size = 1 / dispersion
    ways = loggamma(size) + loggamma(y + 1) - loggamma(y + size)
    return ways + (y + size) * log(1 + dispersion * mean) - y * log(dispersion) - y * log(mean)


TEXTBOOK: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "student_t": _student_t,
        "poisson": lambda y, mean: mean - y * log(mean) + loggamma(y + 1),
        "binomial": lambda y, p, trials: -y * log(p) - (trials - y) * log(1 - p) - _ways(y, trials),
        "binomial_with_logits": lambda y, logit, trials: trials * log(1 + exp(logit)) - y * logit - _ways(y, trials),
        "gamma": lambda y, mean, shape: shape * (y / mean + log(mean) - log(y) - log(shape)) + log(y) + loggamma(shape),
        "negative_binomial": _negative_binomial,
        "categorical": _categorical,
    }
)
"""Negative log densities of the values that a target may have, and parameters; the Gaussian one is as in a spec."""


def textbook(model: Model) -> Model:
    """Return a model with its loss in the form of a textbook, or the model itself where there is no other form."""
    declared = model.likelihood_declared
    if declared is None or declared.name not in TEXTBOOK or len(model.target_inputs) != 1:
        return model
    given = [one if not isinstance(one, int) else Integer(one) for one in declared.parameters]
    with evaluate(True):
        loss = TEXTBOOK[declared.name](model.target_inputs[0].symbol, *given)
    return model.rewritten(model.nodes, loss, model.penalty_expr)
