"""Functions whose formulas are 0/0 or cancel where their argument is 0, under names of their own.

``(exp(x) - 1)/x`` has no value at 0, its slope no digits near there; ``sin(x) - x`` has none itself. Rules find such parts in a
spec, and specs may call them.
"""

from sympy import Eq, Piecewise, Rational, cosh, coth, exp, log, sin, sinh, tanh

from symgraph.spec.ops.sympy_classes import SpecFunction


class exprel(SpecFunction):  # noqa: N801
    """(exp(x) - 1)/x, which is 1 at 0."""

    nargs = 1
    form = staticmethod(lambda x: Piecewise((1, Eq(x, 0)), ((exp(x) - 1) / x, True)))
    slopes = (lambda f, x: exprel_slope(x),)


class exprel_slope(SpecFunction):  # noqa: N801
    """The derivative of exprel, which is 1/2 at 0."""

    nargs = 1
    form = staticmethod(
        lambda x: Piecewise(
            (Rational(1, 2), Eq(x, 0)), ((exp(x) - Piecewise((1, Eq(x, 0)), ((exp(x) - 1) / x, True))) / x, True)
        )
    )
    slopes = (lambda f, x: Piecewise((Rational(1, 3), Eq(x, 0)), ((exp(x) - 2 * f) / x, True)),)


class exprel2(SpecFunction):  # noqa: N801
    """(exp(x) - 1 - x)/x**2, which is 1/2 at 0."""

    nargs = 1
    form = staticmethod(lambda x: Piecewise((Rational(1, 2), Eq(x, 0)), ((exp(x) - 1 - x) / x**2, True)))
    slopes = (lambda f, x: exprel2_slope(x),)


class exprel2_slope(SpecFunction):  # noqa: N801
    """The derivative of exprel2, which is 1/6 at 0."""

    nargs = 1
    form = staticmethod(lambda x: Piecewise((Rational(1, 6), Eq(x, 0)), ((x * exp(x) - 2 * exp(x) + 2 + x) / x**3, True)))
    slopes = (lambda f, x: Piecewise((Rational(1, 12), Eq(x, 0)), ((exprel_slope(x) - 3 * f) / x, True)),)


class bernoulli_function(SpecFunction):  # noqa: N801
    """x/(exp(x) - 1), which is 1 at 0, the generating function of the numbers of Bernoulli."""

    nargs = 1
    form = staticmethod(lambda x: Piecewise((1, Eq(x, 0)), (x / (exp(x) - 1), True)))
    slopes = (lambda f, x: bernoulli_slope(x),)


class bernoulli_slope(SpecFunction):  # noqa: N801
    """The derivative of bernoulli_function, which is -1/2 at 0."""

    nargs = 1
    form = staticmethod(lambda x: Piecewise((-Rational(1, 2), Eq(x, 0)), ((exp(x) - 1 - x * exp(x)) / (exp(x) - 1) ** 2, True)))
    slopes = (
        lambda f, x: Piecewise((Rational(1, 6), Eq(x, 0)), (exp(x) * (2 + x - (2 - x) * exp(x)) / (exp(x) - 1) ** 3, True)),
    )


class sinhc(SpecFunction):  # noqa: N801
    """sinh(x)/x, which is 1 at 0."""

    nargs = 1
    form = staticmethod(lambda x: Piecewise((1, Eq(x, 0)), (sinh(x) / x, True)))
    slopes = (lambda f, x: sinhc_slope(x),)


class sinhc_slope(SpecFunction):  # noqa: N801
    """The derivative of sinhc, which is 0 at 0."""

    nargs = 1
    form = staticmethod(
        lambda x: Piecewise((0, Eq(x, 0)), ((cosh(x) - Piecewise((1, Eq(x, 0)), (sinh(x) / x, True))) / x, True))
    )
    slopes = (lambda f, x: Piecewise((Rational(1, 3), Eq(x, 0)), (sinhc(x) - 2 * f / x, True)),)


class langevin(SpecFunction):  # noqa: N801
    """Langevin's function, coth(x) - 1/x, which is 0 at 0."""

    nargs = 1
    form = staticmethod(lambda x: Piecewise((0, Eq(x, 0)), (coth(x) - 1 / x, True)))
    slopes = (lambda f, x: langevin_slope(x),)


class langevin_slope(SpecFunction):  # noqa: N801
    """The derivative of Langevin's function, 1/x**2 - 1/sinh(x)**2, which is 1/3 at 0."""

    nargs = 1
    form = staticmethod(lambda x: Piecewise((Rational(1, 3), Eq(x, 0)), (1 / x**2 - 1 / sinh(x) ** 2, True)))
    slopes = (lambda f, x: Piecewise((0, Eq(x, 0)), (2 * cosh(x) / sinh(x) ** 3 - 2 / x**3, True)),)


class log1prel(SpecFunction):  # noqa: N801
    """log(1 + x)/x, which is 1 at 0."""

    nargs = 1
    form = staticmethod(lambda x: Piecewise((1, Eq(x, 0)), (log(1 + x) / x, True)))
    slopes = (lambda f, x: log1prel_slope(x),)


class log1prel_slope(SpecFunction):  # noqa: N801
    """The derivative of log1prel, which is -1/2 at 0."""

    nargs = 1
    form = staticmethod(lambda x: Piecewise((-Rational(1, 2), Eq(x, 0)), ((1 / (1 + x) - log(1 + x) / x) / x, True)))
    slopes = (lambda f, x: Piecewise((Rational(2, 3), Eq(x, 0)), (-(1 / (1 + x) ** 2 + 2 * f) / x, True)),)


class log1pmx(SpecFunction):  # noqa: N801
    """log(1 + x) - x."""

    nargs = 1
    form = staticmethod(lambda x: log(1 + x) - x)
    slopes = (lambda f, x: -x / (1 + x),)


class sinmx(SpecFunction):  # noqa: N801
    """sin(x) - x."""

    nargs = 1
    form = staticmethod(lambda x: sin(x) - x)
    slopes = (lambda f, x: -2 * sin(x / 2) ** 2,)


class tanhmx(SpecFunction):  # noqa: N801
    """tanh(x) - x."""

    nargs = 1
    form = staticmethod(lambda x: tanh(x) - x)
    slopes = (lambda f, x: -(tanh(x) ** 2),)
