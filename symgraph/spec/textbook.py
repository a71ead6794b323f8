"""Likelihoods as textbooks write them, for readers: negative log densities of the target, given it and the parameters.

Specs have forms that keep more digits; their derivatives read worse, and are equal.
"""

from typing import Any

from sympy import Add, Eq, Piecewise, exp, log, loggamma, pi


def student_t(y: Any, mean: Any, scale: Any, nu: Any) -> Any:
    norm = loggamma(nu / 2) - loggamma((nu + 1) / 2) + log(pi * nu) / 2
    return norm + log(scale) + (nu + 1) * log(1 + (y - mean) ** 2 / (nu * scale**2)) / 2


def poisson(y: Any, mean: Any) -> Any:
    return mean - y * log(mean) + loggamma(y + 1)


def binomial(y: Any, p: Any, trials: Any) -> Any:
    return -y * log(p) - (trials - y) * log(1 - p) - _ways(y, trials)


def binomial_with_logits(y: Any, logit: Any, trials: Any) -> Any:
    return trials * log(1 + exp(logit)) - y * logit - _ways(y, trials)


def _ways(y: Any, trials: Any) -> Any:
    """Return log(C(trials, y)), which is 0 for one trial."""
    return 0 if trials == 1 else loggamma(trials + 1) - loggamma(y + 1) - loggamma(trials - y + 1)


def gamma(y: Any, mean: Any, shape: Any) -> Any:
    return shape * (y / mean + log(mean) - log(y) - log(shape)) + log(y) + loggamma(shape)


def negative_binomial(y: Any, mean: Any, dispersion: Any) -> Any:
    size = 1 / dispersion
    ways = loggamma(size) + loggamma(y + 1) - loggamma(y + size)
    return ways + (y + size) * log(1 + dispersion * mean) - y * log(dispersion) - y * log(mean)


def categorical(y: Any, *logits: Any) -> Any:
    own = [(logit, Eq(y, place)) for place, logit in enumerate(logits[:-1])]
    return log(Add(*map(exp, logits))) - Piecewise(*own, (logits[-1], True))
