"""Likelihoods that a spec may ask for by name: negative log densities of the target, their constants kept.

To add one, add its row; a row that lacks a field is an error when this is imported.

The forms keep their digits at the ends of their parameters and for large counts: logarithms of gamma functions, which cancel
there, are written by what Stirling's formula lacks of them, and counts beside their means by a deviance (C. Loader, Fast and
Accurate Computation of Binomial Probabilities, 2000).
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf
from types import MappingProxyType
from typing import Any, NamedTuple

import sympy
from sympy import Abs, And, Eq, Integer, Max, Or, Piecewise, Rational, atanh, cosh, log, loggamma, pi, sqrt

from symgraph.errors import SpecError, did_you_mean
from symgraph.spec import textbook
from symgraph.spec.inputs import Input, NamedNode
from symgraph.spec.ops.kernels import log1prel
from symgraph.spec.ops.sympy_classes import hypot, log1p, logaddexp, sigmoid, softplus, stirlerr, xlogx, xlogy

_TINY = Rational(1, 2**1000)
"""Below it a number has no inverse; what depends on the inverse here is nothing beside other terms then."""


class Labels(NamedTuple):
    """Values that a target may have.

    Attributes:
        kind: "number", "count" (0, 1, 2, ...), "class" (0 to limit - 1) or "positive".
        limit: the largest count, the number of classes, or the name of the feature that has the largest count; or None.
    """

    kind: str
    limit: int | str | None = None

    @property
    def cases(self) -> tuple[float, ...]:
        """Return the classes; none where the kind is another."""
        return tuple(map(float, range(self.limit))) if self.kind == "class" and isinstance(self.limit, int) else ()

    def allows(self, value: float) -> bool:
        """Tell if a target may have a value; the value of a feature that is the limit is not looked at."""
        if self.kind in ("number", "positive"):
            return self.kind == "number" or value > 0.0
        most = inf if not isinstance(self.limit, int) else self.limit - (self.kind == "class")
        return value.is_integer() and 0.0 <= value <= most


class Likelihood(NamedTuple):
    """A negative log density of the target.

    Attributes:
        of: returns it as a SymPy expression, given the target and then the parameters, by whose names a spec gives them. The
            first one is the model's output where it is not given.
        textbook: the same as a textbook writes it, the parameters by place; None where ``of`` is that form.
        labels: the kind of the target's values.
        limit: the parameter that is their limit, or "".
        above_zero: the parameters that must be above 0.
    """

    of: Callable[..., Any]
    textbook: Callable[..., Any] | None
    labels: str
    limit: str = ""
    above_zero: tuple[str, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the names of the parameters."""
        return tuple(inspect.signature(self.of).parameters)[1:]


@dataclass(frozen=True, slots=True)
class Declared:
    """The likelihood that a model declares, the values that its target may have, and the expressions of its parameters."""

    name: str
    labels: Labels
    parameters: tuple[Any, ...] = field(repr=False)


def _surprise(x: Any, others: Any, excess: Any, log_rate: Any) -> Any:
    """Return x*log(x/mean), where x of x + others trials succeed.

    Args:
        x: the successes.
        others: the failures.
        excess: mean - x, by which the result keeps its digits near the mean.
        log_rate: log(mean/trials), by which it keeps them elsewhere.
    """
    trials = x + others
    near = And(Abs(excess) < 7 * x / 8, others > 0)
    return Piecewise((-x * log1p(excess / x), near), (x * (log(x / trials) - log_rate), x > 0), (0, True))


def _log_root_of(x: Any) -> Any:
    """Return the logarithm of x!/(x/e)**x, which is that of sqrt(2*pi*x) and a small remainder, for x > 0."""
    return log(2 * pi * x) / 2 + stirlerr(x)


def _gaussian(y: Any, mean: Any, sigma: Any) -> Any:
    return ((y - mean) / sigma) ** 2 / 2 + log(sigma) + log(2 * pi) / 2


def _student_t(y: Any, mean: Any, scale: Any, nu: Any) -> Any:
    gap = y - mean
    z, root = gap / scale, sqrt(nu)
    w = z / root
    # log(scale) + (nu + 1)/2 * log(1 + w**2), whose parts by nu cancel for large nu, those by the scale for small nu
    tails = Piecewise(
        (log(scale) + z**2 / 2 * log1prel(w**2) + log1p(w**2) / 2, Abs(w) < 1),
        (log(hypot(scale, gap / root)) + nu * log(hypot(1, w)), Abs(w) < 2**300),
        ((nu + 1) * (log(Abs(gap)) - log(nu) / 2) - nu * log(scale), True),
    )
    # log(gamma((nu + 1)/2)/gamma(nu/2)) - log(nu/2)/2, which is near 0 for large nu
    ratio = stirlerr((nu + 1) / 2) - stirlerr(nu / 2) + (log1prel(1 / Max(nu, _TINY)) - 1) / 2
    return tails + log(2 * pi) / 2 - ratio


def _poisson(y: Any, mean: Any) -> Any:
    near, ratio = And(mean > y / 8, mean < 8 * y), (mean - y) / y
    deviance = Piecewise((y * (ratio - log1p(ratio)), near), (mean - y + xlogx(y), True))
    return deviance - xlogy(Piecewise((0, near), (y, True)), mean) + Piecewise((0, Eq(y, 0)), (_log_root_of(y), True))


def _binomial(y: Any, probability: Any, trials: Any) -> Any:
    failures, excess = trials - y, trials * probability - y
    terms = _surprise(y, failures, excess, log(probability)) + _surprise(failures, y, -excess, log1p(-probability))
    return terms - _ways(y, trials)


def _binomial_with_logits(y: Any, logit: Any, trials: Any) -> Any:
    failures = trials - y
    gap, share = failures - y, (y - failures) / trials
    # next to one half the slope is (trials*tanh(logit/2) + gap)/2, whose terms do not cancel for a gap of 0
    half = And(Abs(logit) < 1, gap**2 <= 4 * trials, Abs(gap) < trials)
    middle = (trials * (2 * log(cosh(logit / 2)) + log1p(-(share**2))) + logit * gap) / 2 - gap * atanh(share)
    excess = Piecewise((trials * sigmoid(logit) - y, logit < 0), (failures - trials * sigmoid(-logit), True))
    near = And(Abs(excess) < 7 * y / 8, Abs(excess) < 7 * failures / 8)
    one, other = excess / y, -excess / failures
    deviance = y * (one - log1p(one)) + failures * (other - log1p(other))
    entropy = y * _log_share(y, failures) + failures * _log_share(failures, y)
    far = y * softplus(-logit) + failures * softplus(logit) + Piecewise((0, _one_way(y, trials)), (entropy, True))
    return Piecewise((middle, half), (deviance, near), (far, True)) - _ways(y, trials)


def _log_share(x: Any, others: Any) -> Any:
    """Return log(x/(x + others))."""
    return Piecewise((log(x / (x + others)), x < others), (log1p(-others / (x + others)), True))


def _ways(y: Any, trials: Any) -> Any:
    """Return log(C(trials, y)) + y*log(y/trials) + (trials - y)*log(1 - y/trials); 0 where there is one way."""
    ways = _log_root_of(trials) - _log_root_of(y) - _log_root_of(trials - y)
    return Piecewise((0, _one_way(y, trials)), (ways, True))


def _one_way(y: Any, trials: Any) -> Any:
    return Or(Eq(y, 0), Eq(y, trials))


def _gamma(y: Any, mean: Any, shape: Any) -> Any:
    excess, near = (y - mean) / mean, And(y > mean / 8, y < 8 * mean)
    # y/mean - 1 - log(y/mean); for a large shape the mean is near, and excess - log1p(excess) keeps what is left
    gap = Piecewise((excess - log1p(excess), near), (y / mean - 1 - log(y), True))
    far = xlogy(Piecewise((0, near), (1, True)), mean)
    return shape * (gap + far) + log(y) + log(2 * pi) / 2 - log(shape) / 2 + stirlerr(shape)


def _negative_binomial(y: Any, mean: Any, dispersion: Any) -> Any:
    # the law of y at the mean y, and what another mean adds to its logarithm: log(1 + d*g)/d + y*log(1 - g/mean), with
    # g = (mean - y)/(1 + d*y); for small dispersions d it becomes Poisson's
    d, excess, both = dispersion, mean - y, log(dispersion + 1 / y)
    g = excess / (1 + d * y)
    spread = Piecewise((0, Eq(y, 0)), (log(y) + both, True))  # log(1 + d*y)
    rising = Piecewise(
        ((log(d) + log(mean) - spread) / d, And(d * mean > 2**100, Or(mean > 2**100 * y, d > 2**100))),
        ((log1p(d * mean) - spread) / d, Or(d > 1, d * g < -Rational(1, 2))),
        (g * log1prel(d * g), True),
    )
    ratio = Piecewise((-excess / (mean * y), mean < 8 * y), (1 / mean - 1 / y, True)) / (d + 1 / y)
    above = And(mean > 8 * y, d * y < 1)
    falling = Piecewise(
        (log1p(d * mean) - log(mean) - both, And(d * mean <= 1, Or(mean < y / 8, above))),
        (log(d + 1 / mean) - both, above),
        (log1p(ratio), True),
    )
    # Stirling's series for small d, in whose slopes nothing cancels, as in those of stirlerr(1/d); the next term is below
    # d**6 / 140 of it; 1/a**n - 1/(a + y)**n of a = 1/d is d**n*(1 - (1 - q)**n)
    q = d * y / (1 + d * y)
    third, fifth = 3 - 3 * q + q**2, 5 - 10 * q + 10 * q**2 - 5 * q**3 + q**4
    series = d * q * (Rational(1, 12) - d**2 * third / 360 + d**4 * fifth / 1260)
    own = Piecewise((log(d) / 2 + loggamma(1 + 1 / d) + (log(d) + 1) / d - log(2 * pi) / 2, d > 1), (stirlerr(1 / d), True))
    rest = Piecewise((series, d < Rational(1, 2**10)), (own - stirlerr(y + 1 / d), True))
    return rising + Piecewise((0, Eq(y, 0)), (y * falling + log(2 * pi) / 2 + both / 2 + log(y) + stirlerr(y) + rest, True))


def _categorical(y: Any, logits: Any) -> Any:
    # softplus of the other classes' logits, added up, less the own one: nothing cancels where that is the largest
    before = [None, *accumulate(logits[:-1], logaddexp)]
    after = [None, *accumulate(logits[:0:-1], logaddexp)][::-1]
    others = [
        left if right is None else right if left is None else logaddexp(left, right)
        for left, right in zip(before, after, strict=True)
    ]
    gaps = [rest - own for rest, own in zip(others, logits, strict=True)]
    own = [(gap, Eq(y, place)) for place, gap in enumerate(gaps[:-1])]
    return softplus(Piecewise(*own, (gaps[-1], True)))


LIKELIHOODS: Mapping[str, Likelihood] = MappingProxyType(
    {
        "gaussian": Likelihood(_gaussian, None, "number", above_zero=("sigma",)),
        "student_t": Likelihood(_student_t, textbook.student_t, "number", above_zero=("scale", "nu")),
        "poisson": Likelihood(_poisson, textbook.poisson, "count", above_zero=("mean",)),
        "binomial": Likelihood(_binomial, textbook.binomial, "count", "trials"),
        "binomial_with_logits": Likelihood(_binomial_with_logits, textbook.binomial_with_logits, "count", "trials"),
        "gamma": Likelihood(_gamma, textbook.gamma, "positive", above_zero=("mean", "shape")),
        "negative_binomial": Likelihood(
            _negative_binomial, textbook.negative_binomial, "count", above_zero=("mean", "dispersion")
        ),
        "categorical": Likelihood(_categorical, textbook.categorical, "class", "logits"),
    }
)
"""Every likelihood there is by name."""


_SAME = {
    "bernoulli": "'binomial', or 'binomial_with_logits', with trials=1",
    "normal": "'gaussian'",
    "norm": "'gaussian'",
    "t": "'student_t'",
    "nbinom": "'negative_binomial'",
    "multinomial": "'categorical'",
}
"""Likelihoods by other names that people know them by."""


def given_parameters(
    name: str, given: Mapping[str, Any], where: str, output: NamedNode | None, targets: Sequence[Input]
) -> dict[str, Any]:
    """Return the parameters of a likelihood by name, the output for the first where it is not given.

    Raises:
        SpecError: the likelihood is unknown, target or a parameter are missing or unknown, or there are several targets.
    """
    if name not in [*LIKELIHOODS]:
        same = f"that law is {_SAME[name]}" if name in [*_SAME] else f"known are {', '.join(LIKELIHOODS)}"
        meant = "" if name in [*_SAME] else did_you_mean(name, LIKELIHOODS)
        raise SpecError(f"{where}: {name!r} is unknown; {same}; other laws are a model.loss(expr){meant}")
    if not targets:
        raise SpecError(f"{where}: {name!r} is a density of the target; declare model.target first")
    if len(targets) > 1:
        raise SpecError(f"{where}: {name!r} is a density of one target, the model has {len(targets)}; write a model.loss(expr)")
    wanted = LIKELIHOODS[name].parameters
    unknown = [parameter for parameter in given if parameter not in wanted]
    if unknown:
        there = f"{', '.join(wanted)}{did_you_mean(unknown[0], wanted)}"
        raise SpecError(f"{where}: {name!r} has no parameter {unknown[0]}; it has {there}")
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
