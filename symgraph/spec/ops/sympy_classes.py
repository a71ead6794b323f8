"""Functions for use in specs that SymPy lacks, or that it rewrites into a form that evaluates badly.

SymPy turns ``cbrt(x)`` into ``x**(1/3)`` and evaluates ``log(1 + x)`` at small x with a large error. These stay as the user
wrote until lowering. Each knows its definition in elementary terms (``rewrite(exp)`` or ``doit()``) and its derivative.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from sympy import (
    Abs,
    Eq,
    Expr,
    Function,
    Heaviside,
    LambertW,
    Max,
    Piecewise,
    Rational,
    erfc,
    erfcinv,
    erfi,
    exp,
    log,
    loggamma,
    pi,
    polygamma,
    sign,
    sqrt,
)
from sympy.core.function import ArgumentIndexError

_MOST_BITS = 64
"""Largest multiple of the requested bits that is tried: enough for exp(-1e4) beside 1 at 60 digits."""


class SpecFunction(Function):  # type: ignore[misc]  # SymPy ships no types
    """A function of real arguments with a definition in functions that SymPy has.

    Attributes:
        form: gives the definition for the arguments.
        slopes: for each argument a function that takes the value and the arguments, and gives the partial.
    """

    form: ClassVar[Callable[..., Expr]]
    slopes: ClassVar[tuple[Callable[..., Expr], ...]]

    def definition(self) -> Expr:
        """Return the function in terms of SymPy's own functions."""
        return type(self).form(*self.args)

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return the partial by an argument, counted from 1, as SymPy asks for it."""
        if not 1 <= argindex <= len(self.args):
            raise ArgumentIndexError(self, argindex)
        return self.slopes[argindex - 1](self, *self.args)

    @classmethod
    def _should_evalf(cls, arg: Any) -> int:
        """Keep Float arguments: the definition of log1p(1e-20), evaluated to a double's digits, is 0."""
        return -1

    def doit(self, **hints: Any) -> Expr:
        """Replace the function by its definition, as SymPy's ``doit`` does for its own unevaluated forms."""
        if not hints.get("deep", True):
            return self.definition()
        return self.func(*(arg.doit(**hints) for arg in self.args)).definition()

    def _eval_is_extended_real(self) -> bool | None:
        return True if all(arg.is_extended_real for arg in self.args) else None

    def _eval_evalf(self, prec: int) -> Expr:
        """Evaluate the definition with more and more bits until two results agree, since its terms may cancel."""
        # 1 + Float(1e-20) is 1 before anyone can ask for more digits; a Rational keeps them
        exact = (Rational(arg) if arg.is_Float else arg for arg in self.args)
        definition = self.func(*exact).definition()
        bits, value = prec, definition._eval_evalf(prec)
        while bits < _MOST_BITS * prec:
            bits *= 2
            before, value = value, definition._eval_evalf(bits)
            if value is None or not value.is_Number:
                break
            if value != 0 and abs(value - before) <= abs(value) / 2**prec:
                break
        return value

    def _eval_rewrite(self, rule: Any, args: Any, **hints: Any) -> Expr:
        return self.func(*args).definition()


class sigmoid(SpecFunction):  # noqa: N801  functions are lower case in SymPy
    """The logistic function 1 / (1 + exp(-z))."""

    nargs = 1
    form = staticmethod(lambda z: 1 / (1 + exp(-z)))
    slopes = (lambda f, z: f * (1 - f),)


class softplus(SpecFunction):  # noqa: N801
    """log(1 + exp(z)), a smooth relu."""

    nargs = 1
    form = staticmethod(lambda z: log(1 + exp(z)))
    slopes = (lambda f, z: sigmoid(z),)


class relu(SpecFunction):  # noqa: N801
    """max(0, z); its derivative at 0 is taken to be 0."""

    nargs = 1
    form = staticmethod(lambda z: Max(z, 0))
    slopes = (lambda f, z: Heaviside(z, 0),)


class cbrt(SpecFunction):  # noqa: N801
    """The real cube root, of negative numbers too."""

    nargs = 1
    form = staticmethod(lambda x: sign(x) * Abs(x) ** Rational(1, 3))
    slopes = (lambda f, x: 1 / (3 * f**2),)


class log1p(SpecFunction):  # noqa: N801
    """log(1 + x), accurate for small x."""

    nargs = 1
    form = staticmethod(lambda x: log(1 + x))
    slopes = (lambda f, x: 1 / (1 + x),)


class expm1(SpecFunction):  # noqa: N801
    """exp(x) - 1, accurate for small x."""

    nargs = 1
    form = staticmethod(lambda x: exp(x) - 1)
    slopes = (lambda f, x: exp(x),)


class power_slope(SpecFunction):  # noqa: N801
    """n*x**(n - 1), the derivative of x**n by x; 0 for n = 0."""

    nargs = 2
    form = staticmethod(lambda x, n: Piecewise((0, Eq(n, 0)), (n * x ** (n - 1), True)))
    slopes = (
        lambda f, x, n: n * power_slope(x, n - 1),
        lambda f, x, n: x ** (n - 1) * (1 + n * log(x)),
    )


class hypot(SpecFunction):  # noqa: N801
    """sqrt(a**2 + b**2) without overflow or underflow inside."""

    nargs = 2
    form = staticmethod(lambda a, b: sqrt(a**2 + b**2))
    slopes = (lambda f, a, b: a / f, lambda f, a, b: b / f)


class log_sigmoid(SpecFunction):  # noqa: N801
    """log(1 / (1 + exp(-z))), the logarithm of a probability that is given by its logit."""

    nargs = 1
    form = staticmethod(lambda z: -log(1 + exp(-z)))
    slopes = (lambda f, z: sigmoid(-z),)


class logit(SpecFunction):  # noqa: N801
    """log(x / (1 - x)), the inverse of sigmoid."""

    nargs = 1
    form = staticmethod(lambda x: log(x / (1 - x)))
    slopes = (lambda f, x: 1 / (x * (1 - x)),)


class logaddexp(SpecFunction):  # noqa: N801
    """log(exp(a) + exp(b)) without overflow inside."""

    nargs = 2
    form = staticmethod(lambda a, b: log(exp(a) + exp(b)))
    slopes = (lambda f, a, b: sigmoid(a - b), lambda f, a, b: sigmoid(b - a))


class xlogx(SpecFunction):  # noqa: N801
    """x * log(x), which is 0 at 0."""

    nargs = 1
    form = staticmethod(lambda x: Piecewise((0, Eq(x, 0)), (x * log(x), True)))
    slopes = (lambda f, x: 1 + log(x),)


class xlogy(SpecFunction):  # noqa: N801
    """x * log(y), which is 0 where x is 0."""

    nargs = 2
    form = staticmethod(lambda x, y: Piecewise((0, Eq(x, 0)), (x * log(y), True)))
    slopes = (lambda f, x, y: log(y), lambda f, x, y: Piecewise((0, Eq(x, 0)), (x / y, True)))


class gauss(SpecFunction):  # noqa: N801
    """exp(-x**2), accurate where x is large and x**2 rounded would not be."""

    nargs = 1
    form = staticmethod(lambda x: exp(-(x**2)))
    slopes = (lambda f, x: -2 * x * f,)


class erfcx(SpecFunction):  # noqa: N801
    """exp(x**2) * erfc(x), whose second factor alone is 0 from x = 28 on and whose first one overflows."""

    nargs = 1
    form = staticmethod(lambda x: exp(x**2) * erfc(x))
    slopes = (lambda f, x: -2 * ierfcx(x),)


class ierfcx(SpecFunction):  # noqa: N801
    """exp(x**2) times the integral of erfc from x on; 1/sqrt(pi) - x * erfcx(x) would cancel for large x."""

    nargs = 1
    form = staticmethod(lambda x: 1 / sqrt(pi) - x * exp(x**2) * erfc(x))
    slopes = (lambda f, x: 2 * x * f - erfcx(x),)


class log_erfc(SpecFunction):  # noqa: N801
    """log(erfc(x)), also where erfc(x) underflows."""

    nargs = 1
    form = staticmethod(lambda x: log(erfc(x)))
    slopes = (lambda f, x: -2 / (sqrt(pi) * erfcx(x)),)


class log_half_erfc(SpecFunction):  # noqa: N801
    """log(erfc(x) / 2), accurate in both tails; at -z / sqrt(2) the logarithm of the normal distribution function."""

    nargs = 1
    form = staticmethod(lambda x: log(erfc(x) / 2))
    slopes = log_erfc.slopes


class ndtr(SpecFunction):  # noqa: N801
    """The distribution function of the standard normal law."""

    nargs = 1
    form = staticmethod(lambda x: erfc(-x / sqrt(2)) / 2)
    slopes = (lambda f, x: exp(-(x**2) / 2) / sqrt(2 * pi),)


class log_ndtr(SpecFunction):  # noqa: N801
    """The logarithm of ``ndtr``, also where that underflows, and where it is next to 1."""

    nargs = 1
    form = staticmethod(lambda x: log(erfc(-x / sqrt(2)) / 2))
    slopes = (lambda f, x: sqrt(2 / pi) / erfcx(-x / sqrt(2)),)


class ndtri(SpecFunction):  # noqa: N801
    """The quantile of the standard normal law, the inverse of ``ndtr``."""

    nargs = 1
    form = staticmethod(lambda p: -sqrt(2) * erfcinv(2 * p))
    slopes = (lambda f, p: sqrt(2 * pi) * exp(f**2 / 2),)


class digamma_step(SpecFunction):  # noqa: N801
    """digamma(x + h) - digamma(x) of positive numbers, also where h is so small that the difference cancels."""

    nargs = 2
    form = staticmethod(lambda x, h: polygamma(0, x + h) - polygamma(0, x))
    slopes = (lambda f, x, h: polygamma(1, x + h) - polygamma(1, x), lambda f, x, h: polygamma(1, x + h))


class lambertw1p(SpecFunction):  # noqa: N801
    """1 + LambertW(x), also next to -1/e, where it is 0 and the slope of LambertW, LambertW/(x*(1 + LambertW)), is infinite."""

    nargs = 1
    form = staticmethod(lambda x: 1 + LambertW(x))
    slopes = (lambda f, x: exp(1 - f) / f,)


class wrightomega(SpecFunction):  # noqa: N801
    """Wright's omega function, LambertW(exp(x)), also where exp(x) overflows; with its logarithm it adds up to x."""

    nargs = 1
    form = staticmethod(lambda x: LambertW(exp(x)))
    slopes = (lambda f, x: f / (1 + f),)


class betaln(SpecFunction):  # noqa: N801
    """The logarithm of the beta function of positive numbers, also where they are far apart or large."""

    nargs = 2
    form = staticmethod(lambda a, b: loggamma(a) + loggamma(b) - loggamma(a + b))
    slopes = (lambda f, a, b: -digamma_step(a, b), lambda f, a, b: -digamma_step(b, a))


class stirlerr(SpecFunction):  # noqa: N801
    """The remainder of Stirling's formula, log(gamma(x)) - ((x - 1/2)*log(x) - x + log(2*pi)/2), for x > 0.

    It is about 1/(12*x) where x is large (NIST DLMF 5.11.1).
    """

    nargs = 1
    form = staticmethod(lambda x: loggamma(x) - (x - Rational(1, 2)) * log(x) + x - log(2 * pi) / 2)
    slopes = (lambda f, x: stirlerr_slope(x),)


class stirlerr_slope(SpecFunction):  # noqa: N801
    """The derivative of stirlerr."""

    nargs = 1
    form = staticmethod(lambda x: polygamma(0, x) - log(x) + 1 / (2 * x))
    slopes = (lambda f, x: polygamma(1, x) - 1 / x - 1 / (2 * x**2),)


class dawson(SpecFunction):  # noqa: N801
    """Dawson's integral, exp(-x**2) times the integral of exp(t**2) from 0 to x."""

    nargs = 1
    form = staticmethod(lambda x: sqrt(pi) / 2 * exp(-(x**2)) * erfi(x))
    slopes = (lambda f, x: 1 - 2 * x * f,)
