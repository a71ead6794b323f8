"""Functions for use in specs that SymPy lacks, or that it rewrites into a form that evaluates badly.

SymPy turns ``cbrt(x)`` into ``x**(1/3)`` and evaluates ``log(1 + x)`` at small x with a large error. These stay as the user
wrote until lowering. Each knows its definition in elementary terms (``rewrite(exp)`` or ``doit()``) and its derivative.
"""

from typing import Any

from sympy import Abs, Eq, Expr, Function, Heaviside, Max, Piecewise, Rational, erfc, exp, log, pi, sign, sqrt
from sympy.core.function import ArgumentIndexError

_MOST_BITS = 64
"""Largest multiple of the requested bits that is tried: enough for exp(-1e4) beside 1 at 60 digits."""


class SpecFunction(Function):  # type: ignore[misc]  # SymPy ships no types
    """A function of real arguments with a definition in functions that SymPy has."""

    def definition(self) -> Expr:
        """Return the function in terms of SymPy's own functions."""
        raise NotImplementedError

    def slope(self, place: int) -> Expr:
        """Return the partial by the argument at a place."""
        raise NotImplementedError

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return the partial by an argument, counted from 1, as SymPy asks for it."""
        if not 1 <= argindex <= len(self.args):
            raise ArgumentIndexError(self, argindex)
        return self.slope(argindex - 1)

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

    def definition(self) -> Expr:
        return 1 / (1 + exp(-self.args[0]))

    def slope(self, place: int) -> Expr:
        return self * (1 - self)


class softplus(SpecFunction):  # noqa: N801
    """log(1 + exp(z)), a smooth relu."""

    nargs = 1

    def definition(self) -> Expr:
        return log(1 + exp(self.args[0]))

    def slope(self, place: int) -> Expr:
        return sigmoid(self.args[0])


class relu(SpecFunction):  # noqa: N801
    """max(0, z); its derivative at 0 is taken to be 0."""

    nargs = 1

    def definition(self) -> Expr:
        return Max(self.args[0], 0)

    def slope(self, place: int) -> Expr:
        return Heaviside(self.args[0], 0)


class cbrt(SpecFunction):  # noqa: N801
    """The real cube root, of negative numbers too."""

    nargs = 1

    def definition(self) -> Expr:
        return sign(self.args[0]) * Abs(self.args[0]) ** Rational(1, 3)

    def slope(self, place: int) -> Expr:
        return 1 / (3 * self**2)


class log1p(SpecFunction):  # noqa: N801
    """log(1 + x), accurate for small x."""

    nargs = 1

    def definition(self) -> Expr:
        return log(1 + self.args[0])

    def slope(self, place: int) -> Expr:
        return 1 / (1 + self.args[0])


class expm1(SpecFunction):  # noqa: N801
    """exp(x) - 1, accurate for small x."""

    nargs = 1

    def definition(self) -> Expr:
        return exp(self.args[0]) - 1

    def slope(self, place: int) -> Expr:
        return exp(self.args[0])


class hypot(SpecFunction):  # noqa: N801
    """sqrt(a**2 + b**2) without overflow or underflow inside."""

    nargs = 2

    def definition(self) -> Expr:
        a, b = self.args
        return sqrt(a**2 + b**2)

    def slope(self, place: int) -> Expr:
        return self.args[place] / self


class log_sigmoid(SpecFunction):  # noqa: N801
    """log(1 / (1 + exp(-z))), the logarithm of a probability that is given by its logit."""

    nargs = 1

    def definition(self) -> Expr:
        return -log(1 + exp(-self.args[0]))

    def slope(self, place: int) -> Expr:
        return sigmoid(-self.args[0])


class logit(SpecFunction):  # noqa: N801
    """log(x / (1 - x)), the inverse of sigmoid."""

    nargs = 1

    def definition(self) -> Expr:
        return log(self.args[0] / (1 - self.args[0]))

    def slope(self, place: int) -> Expr:
        return 1 / (self.args[0] * (1 - self.args[0]))


class logaddexp(SpecFunction):  # noqa: N801
    """log(exp(a) + exp(b)) without overflow inside."""

    nargs = 2

    def definition(self) -> Expr:
        a, b = self.args
        return log(exp(a) + exp(b))

    def slope(self, place: int) -> Expr:
        a, b = self.args
        return sigmoid(a - b) if place == 0 else sigmoid(b - a)


class xlogx(SpecFunction):  # noqa: N801
    """x * log(x), which is 0 at 0."""

    nargs = 1

    def definition(self) -> Expr:
        (x,) = self.args
        return Piecewise((0, Eq(x, 0)), (x * log(x), True))

    def slope(self, place: int) -> Expr:
        return 1 + log(self.args[0])


class xlogy(SpecFunction):  # noqa: N801
    """x * log(y), which is 0 where x is 0."""

    nargs = 2

    def definition(self) -> Expr:
        x, y = self.args
        return Piecewise((0, Eq(x, 0)), (x * log(y), True))

    def slope(self, place: int) -> Expr:
        x, y = self.args
        return log(y) if place == 0 else Piecewise((0, Eq(x, 0)), (x / y, True))


class gauss(SpecFunction):  # noqa: N801
    """exp(-x**2), accurate where x is large and x**2 rounded would not be."""

    nargs = 1

    def definition(self) -> Expr:
        return exp(-(self.args[0] ** 2))

    def slope(self, place: int) -> Expr:
        return -2 * self.args[0] * self


class erfcx(SpecFunction):  # noqa: N801
    """exp(x**2) * erfc(x), whose second factor alone is 0 from x = 28 on and whose first one overflows."""

    nargs = 1

    def definition(self) -> Expr:
        return exp(self.args[0] ** 2) * erfc(self.args[0])

    def slope(self, place: int) -> Expr:
        return -2 * ierfcx(self.args[0])


class ierfcx(SpecFunction):  # noqa: N801
    """exp(x**2) times the integral of erfc from x on; 1/sqrt(pi) - x * erfcx(x) would cancel for large x."""

    nargs = 1

    def definition(self) -> Expr:
        (x,) = self.args
        return 1 / sqrt(pi) - x * exp(x**2) * erfc(x)

    def slope(self, place: int) -> Expr:
        return 2 * self.args[0] * self - erfcx(self.args[0])


class log_erfc(SpecFunction):  # noqa: N801
    """log(erfc(x)), also where erfc(x) underflows."""

    nargs = 1

    def definition(self) -> Expr:
        return log(erfc(self.args[0]))

    def slope(self, place: int) -> Expr:
        return -2 / (sqrt(pi) * erfcx(self.args[0]))


class log_half_erfc(SpecFunction):  # noqa: N801
    """log(erfc(x) / 2), accurate in both tails; at -z / sqrt(2) the logarithm of the normal distribution function."""

    nargs = 1

    def definition(self) -> Expr:
        return log(erfc(self.args[0]) / 2)

    slope = log_erfc.slope
