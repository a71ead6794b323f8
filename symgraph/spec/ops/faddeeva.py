"""Faddeeva's function and its derivatives, by their real and imaginary parts, and Voigt's profile, which is one of these."""

from typing import Any

from sympy import I, erfc, exp, im, pi, re, sqrt

from symgraph.spec.ops.sympy_classes import SpecFunction


def _faddeeva(x: Any, y: Any) -> Any:
    """Faddeeva's function w(z) = exp(-z**2) * erfc(-i*z) at z = x + i*y."""
    return exp(-((x + I * y) ** 2)) * erfc(y - I * x)


def _faddeeva_slope(x: Any, y: Any) -> Any:
    return 2 * I / sqrt(pi) - 2 * (x + I * y) * _faddeeva(x, y)


class wofz_re(SpecFunction):  # noqa: N801
    """The real part of Faddeeva's function at x + i*y, for y >= 0."""

    nargs = 2
    form = staticmethod(lambda x, y: re(_faddeeva(x, y), evaluate=False))
    slopes = (lambda f, x, y: wofz_slope_re(x, y), lambda f, x, y: -wofz_slope_im(x, y))


class wofz_im(SpecFunction):  # noqa: N801
    """The imaginary part of Faddeeva's function at x + i*y, for y >= 0."""

    nargs = 2
    form = staticmethod(lambda x, y: im(_faddeeva(x, y), evaluate=False))
    slopes = (lambda f, x, y: wofz_slope_im(x, y), lambda f, x, y: wofz_slope_re(x, y))


def _bend_of_faddeeva(x: Any, y: Any) -> Any:
    return -2 * _faddeeva(x, y) - 2 * (x + I * y) * _faddeeva_slope(x, y)


class wofz_slope_re(SpecFunction):  # noqa: N801
    """The real part of the derivative of Faddeeva's function."""

    nargs = 2
    form = staticmethod(lambda x, y: re(_faddeeva_slope(x, y), evaluate=False))
    slopes = (lambda f, x, y: wofz_bend_re(x, y), lambda f, x, y: -wofz_bend_im(x, y))


class wofz_slope_im(SpecFunction):  # noqa: N801
    """The imaginary part of the derivative of Faddeeva's function."""

    nargs = 2
    form = staticmethod(lambda x, y: im(_faddeeva_slope(x, y), evaluate=False))
    slopes = (lambda f, x, y: wofz_bend_im(x, y), lambda f, x, y: wofz_bend_re(x, y))


class wofz_bend_re(SpecFunction):  # noqa: N801
    """The real part of the second derivative of Faddeeva's function."""

    nargs = 2
    form = staticmethod(lambda x, y: re(_bend_of_faddeeva(x, y), evaluate=False))
    slopes = (
        lambda f, x, y: -2 * (2 * wofz_slope_re(x, y) + x * f - y * wofz_bend_im(x, y)),
        lambda f, x, y: 2 * (2 * wofz_slope_im(x, y) + x * wofz_bend_im(x, y) + y * f),
    )


class wofz_bend_im(SpecFunction):  # noqa: N801
    """The imaginary part of the second derivative of Faddeeva's function."""

    nargs = 2
    form = staticmethod(lambda x, y: im(_bend_of_faddeeva(x, y), evaluate=False))
    slopes = (
        lambda f, x, y: -2 * (2 * wofz_slope_im(x, y) + x * f + y * wofz_bend_re(x, y)),
        lambda f, x, y: -2 * (2 * wofz_slope_re(x, y) + x * wofz_bend_re(x, y) - y * f),
    )


class voigt(SpecFunction):  # noqa: N801
    """Voigt's profile: the density of the sum of a normal law of scale sigma and a Cauchy law of scale gamma.

    Args:
        x: the distance from the centre.
        sigma: the standard deviation of the normal law, above 0.
        gamma: half of the width at half of the height of the Cauchy law, at least 0.
    """

    nargs = 3
    form = staticmethod(lambda x, s, g: _of_plane(wofz_re, x, s, g) / (s * sqrt(2 * pi)))
    # by sigma w + z*w' is -w''/2, and would cancel where gamma is far above sigma
    slopes = (
        lambda f, x, s, g: _of_plane(wofz_slope_re, x, s, g) / (2 * sqrt(pi) * s**2),
        lambda f, x, s, g: _of_plane(wofz_bend_re, x, s, g) / (2 * sqrt(2 * pi) * s**2),
        lambda f, x, s, g: -_of_plane(wofz_slope_im, x, s, g) / (2 * sqrt(pi) * s**2),
    )

    def __new__(cls, x: Any, sigma: Any, gamma: Any, **options: Any) -> Any:
        """Give the arguments their names, as calls and errors use them."""
        return super().__new__(cls, x, sigma, gamma, **options)


def _of_plane(part: type[SpecFunction], x: Any, sigma: Any, gamma: Any) -> Any:
    return part(x / (sigma * sqrt(2)), gamma / (sigma * sqrt(2)))
