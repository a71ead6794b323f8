"""Models with functions that modules of NumPy take from SciPy; the other backends refuse them."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import sympy as sp
from written import declared

import symgraph as sg
from symgraph import Model
from symgraph.spec.ops.op import SCIPY
from symgraph.spec.ops.ops import OPS

FUNCTIONS: Mapping[str, tuple[Callable[[Any], Any], tuple[float, float]]] = {
    "erfinv": (sp.erfinv, (-0.9, 0.9)),
    "erfcinv": (sp.erfcinv, (0.05, 1.9)),
    "ndtri": (sg.ndtri, (0.02, 0.98)),
    "dawson": (sg.dawson, (-12.0, 12.0)),
    "expint": (lambda x: sp.expint(1, x), (0.05, 20.0)),
    "ei": (sp.Ei, (0.5, 20.0)),
    "lambertw": (sp.LambertW, (-0.3, 50.0)),
    "lambertw1p": (sg.lambertw1p, (-0.3, 50.0)),
    "wrightomega": (sg.wrightomega, (-20.0, 50.0)),
    "polygamma": (lambda x: sp.polygamma(2, x), (0.5, 20.0)),
    "bessel_j0": (lambda x: sp.besselj(0, x), (-20.0, 20.0)),
    "bessel_j1": (lambda x: sp.besselj(1, x), (-20.0, 20.0)),
    "bessel_j": (lambda x: sp.besselj(3, x), (-20.0, 20.0)),
    "bessel_y0": (lambda x: sp.bessely(0, x), (0.1, 20.0)),
    "bessel_y1": (lambda x: sp.bessely(1, x), (0.1, 20.0)),
    "bessel_y": (lambda x: sp.bessely(2, x), (0.5, 20.0)),
    "bessel_i0": (lambda x: sp.besseli(0, x), (-10.0, 10.0)),
    "bessel_i1": (lambda x: sp.besseli(1, x), (-10.0, 10.0)),
    "bessel_i": (lambda x: sp.besseli(2, x), (-10.0, 10.0)),
    "bessel_k0": (lambda x: sp.besselk(0, x), (0.1, 20.0)),
    "bessel_k1": (lambda x: sp.besselk(1, x), (0.1, 20.0)),
    "bessel_k": (lambda x: sp.besselk(2, x), (0.5, 20.0)),
}
"""Functions of one operand by the op that they become, and where a model tries them."""


FROM_SCIPY = frozenset(name for name, row in OPS.items() if isinstance(row.numpy, str) and SCIPY in row.numpy) | {"voigt"}
"""The ops that modules of NumPy take from SciPy, and the one that is composed of these."""


def of_one(name: str) -> Model:
    """A line through a function whose operand is a weight times a feature."""
    function, (low, high) = FUNCTIONS[name]
    m = Model(f"special_{name}")
    x = m.feature("x", domain=(low / 2, high) if low >= 0 else (low, high))
    a, b = m.weight("a", domain=(0.6, 0.9)), m.weight("b", domain=(-2, 2))
    m.loss((m.target("y") - m.output("y_hat", b * function(a * x) + a)) ** 2 / 2)
    return m


@declared
def voigt_peak(m: Model) -> None:
    """Voigt's profile over a constant background."""
    x = m.feature("x", domain=(-10, 10))
    area, centre = m.weight("area", domain=(0.5, 3)), m.weight("centre", domain=(-1, 1))
    sigma, gamma = m.weight("sigma", domain=(0.3, 2)), m.weight("gamma", domain=(0.1, 2))
    background, y = m.weight("background", domain=(0, 1)), m.target("y")
    m.loss((y - m.output("y_hat", area * sg.voigt(x - centre, sigma, gamma) + background)) ** 2 / 2)


@declared
def slopes_of_faddeeva(m: Model) -> None:
    """The functions of a complex operand."""
    x, (a, b) = m.feature("x", domain=(-5, 5)), m.weights("a b", domain=(0.2, 2))
    y = m.target("y")
    parts = (sg.wofz_re, sg.wofz_im, sg.wofz_slope_re, sg.wofz_slope_im, sg.wofz_bend_re, sg.wofz_bend_im)
    m.loss((y - m.output("y_hat", sp.Add(*(function(a * x, b) for function in parts)))) ** 2 / 2)


@declared
def beta_law(m: Model) -> None:
    """A beta law whose shapes are estimated, and a mean by the gamma function."""
    x, (a, b) = m.feature("x", domain=(0.2, 3)), m.weights("a b", domain=(0.5, 30))
    y = m.target("y", domain=(0.05, 0.95))
    scale = m.output(
        "scale", sp.gamma(1 + x / a) + sg.digamma_step(a, b) + sg.log1prel(x) * sg.stirlerr(b) * sg.stirlerr_slope(a)
    )
    m.loss(sg.betaln(a, b) - (a - 1) * sp.log(y) - (b - 1) * sp.log(1 - y) + scale)


@declared
def substrate(m: Model) -> None:
    """The substrate of an enzyme in time, by Schnell and Mendoza's solution of Michaelis' and Menten's equation (1997)."""
    t, (start, half, fastest) = m.feature("t", domain=(0, 20)), m.weights("start half fastest", domain=(0.5, 4))
    y = m.target("y")
    m.loss((y - m.output("y_hat", half * sp.LambertW(start / half * sp.exp((start - fastest * t) / half)))) ** 2 / 2)


SPECIAL: Mapping[str, Callable[[], Model]] = {name: partial(of_one, name) for name in FUNCTIONS} | {
    "voigt": voigt_peak, "faddeeva": slopes_of_faddeeva, "beta": beta_law, "substrate": substrate,
}  # fmt: skip
"""Every such model by name; each call builds a new one."""
