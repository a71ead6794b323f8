"""Likelihoods that a spec may ask for by name: negative log densities of the target, their constants kept.

To add one, add its row.

The forms keep their digits at the ends of their parameters: logarithms of gamma functions that nearly cancel are replaced by
series from a size on at which the series are exact to a double's digits (Abramowitz and Stegun 6.1.41 and 6.1.47).
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from types import MappingProxyType
from typing import Any, NamedTuple

import sympy
from sympy import Eq, Integer, Piecewise, Rational, log, loggamma, pi

from symgraph.errors import SpecError
from symgraph.ir.functions import log1p, logaddexp, sigmoid, softplus, xlogy
from symgraph.spec.inputs import Input, NamedNode

_LARGE = 50
"""Arguments from here on have series: their first term that is left out is below 1e-17 there."""


class Labels(NamedTuple):
    """Values that a target may have.

    Attributes:
        kind: "number", "count" (0, 1, 2, ...), "class" (0 to limit - 1) or "positive".
        limit: the largest count, the number of classes, or the name of the feature that has the largest count; or None.
    """

    kind: str
    limit: int | str | None = None


class Likelihood(NamedTuple):
    """A negative log density of the target.

    Attributes:
        of: returns it as a SymPy expression, given the target and then the parameters, by whose names a spec gives them. The
            first one is the model's output where it is not given.
        labels: the kind of the target's values.
        limit: the parameter that is their limit, or "".
        above_zero: the parameters that must be above 0.
    """

    of: Callable[..., Any]
    labels: str
    limit: str = ""
    above_zero: tuple[str, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the names of the parameters."""
        return tuple(inspect.signature(self.of).parameters)[1:]


class Declared(NamedTuple):
    """The likelihood that a model declares, and the values that its target may have."""

    name: str
    labels: Labels


def _stirling(x: Any) -> Any:
    """Return the remainder of Stirling's formula, log(gamma(x)) - ((x - 1/2)*log(x) - x + log(2*pi)/2), for large x."""
    return Rational(1, 12) / x - Rational(1, 360) / x**3 + Rational(1, 1260) / x**5 - Rational(1, 1680) / x**7


def _gaussian(y: Any, mean: Any, sigma: Any) -> Any:
    return ((y - mean) / sigma) ** 2 / 2 + log(sigma) + log(2 * pi) / 2


def _student_t(y: Any, mean: Any, scale: Any, nu: Any) -> Any:
    # log(gamma((nu + 1)/2)/gamma(nu/2)) - log(nu/2)/2, which is near 0 for large nu
    ratio = loggamma((nu + 1) / 2) - loggamma(nu / 2) - log(nu / 2) / 2
    terms = ((Rational(-1, 4), 1), (Rational(1, 24), 3), (Rational(-1, 20), 5), (Rational(17, 112), 7), (Rational(-31, 36), 9))
    series = sympy.Add(*(factor / nu**power for factor, power in terms))
    tails = (nu + 1) / 2 * log1p(((y - mean) / scale) ** 2 / nu)
    return tails + log(scale) + log(2 * pi) / 2 - Piecewise((ratio, nu < _LARGE), (series, True))


def _poisson(y: Any, mean: Any) -> Any:
    return mean - xlogy(y, mean) + loggamma(y + 1)


def _log_binomial(n: Any, y: Any) -> Any:
    return loggamma(n + 1) - loggamma(y + 1) - loggamma(n - y + 1)


def _binomial(y: Any, probability: Any, trials: Any) -> Any:
    failures = Piecewise((0, Eq(y, trials)), ((trials - y) * log1p(-probability), True))
    return -xlogy(y, probability) - failures - _log_binomial(trials, y)


def _binomial_with_logits(y: Any, logit: Any, trials: Any) -> Any:
    return y * softplus(-logit) + (trials - y) * softplus(logit) - _log_binomial(trials, y)


def _gamma(y: Any, mean: Any, shape: Any) -> Any:
    excess = (y - mean) / mean
    # log(y/mean); for a large shape the mean is near, and excess - log keeps what is left
    logarithm = Piecewise((log1p(excess), excess > Rational(-1, 2)), (log(y / mean), True))
    # log(gamma(shape)) - shape*log(shape) + shape
    near = loggamma(shape) - shape * log(shape) + shape
    far = log(2 * pi) / 2 - log(shape) / 2 + _stirling(shape)
    return shape * (excess - logarithm) + log(y) + Piecewise((near, shape < _LARGE), (far, True))


def _negative_binomial(y: Any, mean: Any, dispersion: Any) -> Any:
    size = 1 / dispersion
    # log(gamma(y + size)/gamma(size)) - y*log(size), which is near 0 for small dispersions
    near = loggamma(y + size) - loggamma(size) + y * log(dispersion)
    far = (y + size - Rational(1, 2)) * log1p(y * dispersion) - y + _stirling(y + size) - _stirling(size)
    ratio = Piecewise((near, dispersion > Rational(1, _LARGE)), (far, True))
    return (y + size) * log1p(dispersion * mean) - xlogy(y, mean) + loggamma(y + 1) - ratio


def _categorical(y: Any, logits: Any) -> Any:
    # softplus of the other classes' logits, added up, less the own one: nothing cancels where that is the largest
    before = [None, *_running(logits[:-1])]
    after = [*_running(logits[:0:-1])[::-1], None]
    others = [
        left if right is None else right if left is None else logaddexp(left, right)
        for left, right in zip(before, after, strict=True)
    ]
    gaps = [rest - own for rest, own in zip(others, logits, strict=True)]
    own = [(gap, Eq(y, place)) for place, gap in enumerate(gaps[:-1])]
    return softplus(Piecewise(*own, (gaps[-1], True)))


def _running(logits: Any) -> list[Any]:
    """Return log(exp(l1) + ... + exp(lj)) for each j."""
    return [*accumulate(logits, logaddexp)]


LIKELIHOODS: Mapping[str, Likelihood] = MappingProxyType(
    {
        "gaussian": Likelihood(_gaussian, "number", above_zero=("sigma",)),
        "student_t": Likelihood(_student_t, "number", above_zero=("scale", "nu")),
        "poisson": Likelihood(_poisson, "count", above_zero=("mean",)),
        "binomial": Likelihood(_binomial, "count", "trials"),
        "binomial_with_logits": Likelihood(_binomial_with_logits, "count", "trials"),
        "gamma": Likelihood(_gamma, "positive", above_zero=("mean", "shape")),
        "negative_binomial": Likelihood(_negative_binomial, "count", above_zero=("mean", "dispersion")),
        "categorical": Likelihood(_categorical, "class", "logits"),
    }
)
"""Every likelihood there is by name."""


def given_parameters(
    name: str, given: Mapping[str, Any], where: str, output: NamedNode | None, targets: Sequence[Input]
) -> dict[str, Any]:
    """Return the parameters of a likelihood by name, the output for the first where it is not given.

    Raises:
        SpecError: the likelihood is unknown, target or a parameter are missing or unknown, or there are several targets.
    """
    if name not in [*LIKELIHOODS]:
        raise SpecError(f"{where}: {name!r} is unknown; known are {', '.join(LIKELIHOODS)}; other laws are a model.loss(expr)")
    if not targets:
        raise SpecError(f"{where}: {name!r} is a density of the target; declare model.target first")
    if len(targets) > 1:
        raise SpecError(f"{where}: {name!r} is a density of one target, the model has {len(targets)}; write a model.loss(expr)")
    wanted = LIKELIHOODS[name].parameters
    unknown = [parameter for parameter in given if parameter not in wanted]
    if unknown:
        raise SpecError(f"{where}: {name!r} has no parameter {unknown[0]}; it has {', '.join(wanted)}")
    first = {} if output is None or wanted[0] in given or name == "categorical" else {wanted[0]: output.symbol}
    known = {**first, **given}
    for parameter in wanted:
        if parameter not in known:
            or_output = ", or declare model.output first" if parameter == wanted[0] != "logits" else ""
            raise SpecError(f"{where}: {name!r} needs {parameter}; give {parameter}=...{or_output}")
    return {parameter: known[parameter] for parameter in wanted}


def labels_of(name: str, parameters: Mapping[str, Any], where: str, features: Mapping[Any, str]) -> Labels:
    """Return the values that the target of a likelihood may have.

    Args:
        name: of a row of ``LIKELIHOODS``.
        parameters: its checked parameters.
        where: the model, for messages.
        features: the names of the features by symbol.

    Raises:
        SpecError: the limit is neither a feature nor a positive whole number, or there are fewer than two classes.
    """
    row = LIKELIHOODS[name]
    if not row.limit:
        return Labels(row.labels)
    limit = parameters[row.limit]
    if row.labels == "class":
        return Labels("class", len(limit))
    if limit in features:
        return Labels(row.labels, features[limit])
    if isinstance(limit, Integer) and limit > 0:
        return Labels(row.labels, int(limit))
    raise SpecError(f"{where}: {row.limit} must be a feature or a positive whole number, not {limit}")


def checked_logits(logits: Any, where: str) -> tuple[Any, ...]:
    """Return the logits of classes as a tuple.

    Raises:
        SpecError: they are no sequence of two or more.
    """
    if not isinstance(logits, list | tuple | sympy.Tuple) or len(logits) < 2:
        raise SpecError(f"{where}: logits must be a list of expressions, one a class, of two or more classes, not {logits!r}")
    return tuple(logits)


def is_sigmoid(expr: Any, nodes: Mapping[Any, Any]) -> bool:
    """Tell if an expression is a sigmoid as it is written, or the name of a node that is one.

    Args:
        expr: the expression.
        nodes: expressions of nodes by symbol.
    """
    while expr in nodes:
        expr = nodes[expr]
    if isinstance(expr, sigmoid):
        return True
    if not (isinstance(expr, sympy.Pow) and expr.exp == -1 and isinstance(expr.base, sympy.Add)):
        return False
    ones = [term for term in expr.base.args if term == 1]
    return len(expr.base.args) == 2 and len(ones) == 1 and any(isinstance(term, sympy.exp) for term in expr.base.args)
