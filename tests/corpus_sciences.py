"""Models of the natural sciences and of engineering, written as their users write them."""

from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

import symgraph as sg
from symgraph import Model

Domain = tuple[float, float] | None
Domains = Mapping[str, Domain]
Loss = str | Callable[..., Any]

pi, Rational = sp.pi, sp.Rational
R_GAS = sp.Float(8.314462618)
"""The gas constant in J/(mol K), as in CODATA 2018."""


def curve(
    name: str, formula: Callable[..., Any], features: Domains, weights: Domains, loss: Loss = "squared_error", y: Domain = None
) -> Callable[[], Model]:
    """A model of one formula.

    Args:
        name: the model's.
        formula: the output as an expression in features and weights, in this order.
        features: name -> domain or None.
        weights: the same.
        loss: a name, or an expression in target and output.
        y: the target's domain.
    """

    def build() -> Model:
        m = Model(name)
        inputs = [m.feature(key, domain=domain) for key, domain in features.items()]
        inputs += [m.weight(key, domain=domain) for key, domain in weights.items()]
        target = m.target("y", domain=y)
        y_hat = m.output("y_hat", formula(*inputs))
        m.loss(loss if isinstance(loss, str) else loss(target, y_hat))
        return m

    build.__name__ = name
    return build


def log_ratio(y: Any, y_hat: Any) -> Any:
    """Squared error of logarithms, for what spans decades."""
    return (sp.log(y) - sp.log(y_hat)) ** 2


def _piecewise_decay(t: Any, a: Any, k: Any, t0: Any) -> Any:
    return sp.Heaviside(t - t0) * a * (1 - sp.exp(-(t - t0) / k))


def _pseudo_voigt(x: Any, a: Any, x0: Any, g: Any, eta: Any) -> Any:
    u = ((x - x0) / g) ** 2
    return a * (eta / (1 + u) + (1 - eta) * sp.exp(-u))


def _lab(t: Any, a: Any, b: Any) -> Any:
    """The lightness of CIE 1976 L*a*b*."""
    edge = Rational(6, 29)
    return a * sp.Piecewise((sg.cbrt(t), t > edge**3), (t / (3 * edge**2) + Rational(4, 29), True)) + b


def _srgb(t: Any, gamma: Any, a: Any) -> Any:
    """The transfer curve of IEC 61966-2-1."""
    return sp.Piecewise((t / sp.Float(12.92), t <= 0.04045), (((t + a) / (1 + a)) ** gamma, True))


def _haversine(lat: Any, lon: Any, lat0: Any, lon0: Any, radius: Any) -> Any:
    h = sp.sin((lat - lat0) / 2) ** 2 + sp.cos(lat) * sp.cos(lat0) * sp.sin((lon - lon0) / 2) ** 2
    return 2 * radius * sp.asin(sp.sqrt(h))


# fmt: off
_CHEMISTRY = (
    curve("michaelis_menten", lambda s, vmax, km: vmax * s / (km + s), {"s": (0, 100)}, {"vmax": (0, 50), "km": (1e-3, 50)}),
    curve("haldane", lambda s, vmax, km, ki: vmax * s / (km + s + s**2 / ki), {"s": (0, 100)},
          {"vmax": (0, 50), "km": (1e-3, 50), "ki": (1e-3, 50)}),
    curve("hill", lambda c, top, k, n: top * c**n / (k**n + c**n), {"c": (1e-6, 1e3)},
          {"top": (0, 10), "k": (1e-3, 100), "n": (0.2, 5)}),
    curve("freundlich", lambda c, k, n: k * c ** (1 / n), {"c": (1e-6, 1e3)}, {"k": (0, 10), "n": (0.5, 10)}),
    curve("arrhenius", lambda t, a, ea: a * sp.exp(-ea / (R_GAS * t)), {"temp": (200, 2000)},
          {"a": (1e-3, 1e15), "ea": (0, 3e5)}, log_ratio, (1e-30, 1e15)),
    curve("antoine", lambda t, a, b, c: 10 ** (a - b / (c + t)), {"t": (0, 200)},
          {"a": (2, 10), "b": (500, 3000), "c": (100, 300)}, log_ratio, (1e-3, 1e6)),
    curve("butler_volmer", lambda eta, i0, alpha: i0 * (sp.exp(alpha * eta) - sp.exp(-(1 - alpha) * eta)), {"eta": (-40, 40)},
          {"i0": (1e-6, 10), "alpha": (0, 1)}),
    curve("van_der_waals", lambda v, t, a, b: R_GAS * t / (v - b) - a / v**2, {"v": (1e-2, 10), "t": (100, 1000)},
          {"a": (0, 5), "b": (0, 5e-3)}),
    curve("nernst_goldman", lambda ko, ki, scale, p: scale * sp.log((ko + p) / (ki + p)),
          {"ko": (1e-3, 200), "ki": (1e-3, 200)}, {"scale": (1, 100), "p": (0, 1)}),
)

_BIOLOGY = (
    curve("one_compartment", lambda t, ka, ke, v: ka / (v * (ka - ke)) * (sp.exp(-ke * t) - sp.exp(-ka * t)), {"t": (0, 50)},
          {"ka": (0.1, 5), "ke": (1e-3, 2), "v": (0.1, 50)}),
    curve("biexponential", lambda t, a, b, alpha, beta: a * sp.exp(-alpha * t) + b * sp.exp(-beta * t), {"t": (0, 50)},
          {"a": (0, 100), "b": (0, 100), "alpha": (0, 5), "beta": (0, 1)}),
    curve("Rat42", lambda x, b1, b2, b3: b1 / (1 + sp.exp(b2 - b3 * x)), {"x": None}, {"b1": None, "b2": None, "b3": None}),
    curve("gompertz_growth", lambda t, a, b, c: a * sp.exp(-b * sp.exp(-c * t)), {"t": (0, 100)},
          {"a": (0, 100), "b": (0, 10), "c": (0, 2)}),
    curve("bertalanffy", lambda t, a, k, t0: a * (1 - sp.exp(-k * (t - t0))) ** 3, {"t": (0, 40)},
          {"a": (1, 200), "k": (0, 2), "t0": (-3, 0)}),
    curve("allometry", lambda mass, a, b: a * mass**b + mass ** Rational(2, 3), {"mass": (1e-6, 1e5)},
          {"a": (1e-3, 100), "b": (-1, 1)}, log_ratio, (1e-3, 1e6)),
    curve("monod_inhibited", lambda s, mu, k, p: mu * s / (k + s) * (1 - s / p) ** Rational(1, 2), {"s": (0, 50)},
          {"mu": (0, 5), "k": (1e-3, 10), "p": (51, 500)}),
)

_PHYSICS = (
    curve("damped_oscillator", lambda t, a, g, w, p: a * sp.exp(-g * t) * sp.cos(w * t + p), {"t": None},
          {"a": None, "g": None, "omega": None, "p": None}),
    curve("resonance", lambda w, f, w0, g: f / sp.sqrt((w0**2 - w**2) ** 2 + (g * w) ** 2), {"omega": (0, 1e3)},
          {"f": (0, 10), "w0": (0.1, 1e3), "g": (1e-3, 10)}),
    curve("butterworth", lambda w, k, wc: 20 * sp.log(k / sp.sqrt(1 + (w / wc) ** 8)) / sp.log(10), {"omega": (1e-3, 1e6)},
          {"k": (1e-3, 100), "wc": (1e-1, 1e5)}),
    curve("planck", lambda x, a, t: a * x**3 / (sp.exp(x / t) - 1), {"x": (1e-6, 1e3)}, {"a": (0, 10), "t": (1e-2, 1e3)}),
    curve("shockley", lambda v, i, n: i * (sp.exp(v / (n * sp.Float(0.02585))) - 1), {"v": (-1, 1)},
          {"i": (1e-15, 1e-3), "n": (1, 2)}),
    curve("langevin", lambda h, m, t: m * (sp.cosh(h / t) / sp.sinh(h / t) - t / h), {"h": (0.1, 50)},
          {"m": (0, 5), "t": (0.1, 10)}),
    curve("catenary", lambda x, a, x0, y0: a * sp.cosh((x - x0) / a) + y0, {"x": (-20, 20)},
          {"a": (0.5, 50), "x0": (-5, 5), "y0": None}),
    curve("soliton", lambda x, a, b, c: a * sp.sech(b * (x - c)) ** 2, {"x": None}, {"a": None, "b": None, "c": None}),
    curve("kink", lambda x, a, b, c: a * sp.tanh(b * (x - c)), {"x": None}, {"a": None, "b": None, "c": None}),
    curve("rapidity", lambda v, m, c: m * sp.atanh(v / c) + sp.asinh(v) + sp.acosh(1 / sp.sqrt(1 - (v / c) ** 2)),
          {"v": (0, 1)}, {"m": (0, 5), "c": (1.01, 10)}),
    curve("kinetic_energy", lambda v, m, c: m * c**2 * (1 / sp.sqrt(1 - (v / c) ** 2) - 1), {"v": (0, 1)},
          {"m": (0, 5), "c": (1.01, 10)}),
    curve("cooling", lambda t, a, h: a * (1 - sg.erfcx(h * sp.sqrt(t))), {"t": (0, 1e4)}, {"a": (0, 100), "h": (0, 10)}),
    curve("heat_flux", lambda t, x, q: 2 * q * sp.sqrt(t) * sg.gauss(x / sp.sqrt(t)) * sg.ierfcx(x / sp.sqrt(t)),
          {"t": (1e-3, 100)}, {"depth": (0, 10), "q": None}),
    curve("rocket", lambda t, ve, mdot, g: -ve * sp.log(1 - mdot * t) - g * t, {"t": (0, 10)},
          {"ve": (1, 4500), "mdot": (1e-3, 0.09), "g": (0, 20)}),
    curve("lennard_jones", lambda r, e, s: 4 * e * ((s / r) ** 12 - (s / r) ** 6), {"r": (0.5, 10)},
          {"e": (0, 5), "s": (0.5, 3)}),
    curve("morse", lambda r, d, a, r0: d * (1 - sp.exp(-a * (r - r0))) ** 2, {"r": (0.2, 20)},
          {"d": (0, 10), "a": (0.1, 5), "r0": (0.5, 3)}),
    curve("pendulum", lambda u, length, a: 2 * pi * sp.sqrt(length / sp.Float(9.80665)) * (1 + a * (1 - sp.cos(u))),
          {"u": (-3, 3)}, {"length": (0.01, 10), "a": (0, 1)}),
    curve("step_response", _piecewise_decay, {"t": (-5, 20)}, {"a": (0, 10), "k": (0.1, 10), "t0": (-2, 2)}),
    curve("stretched", lambda t, a, tau, beta: a * sp.exp(-((t / tau) ** beta)), {"t": (1e-3, 1e3)},
          {"a": (0, 5), "tau": (0.1, 100), "beta": (0.2, 2)}),
    curve("power_laws", lambda x, a, b, c: a * x ** Rational(5, 3) + b * x**-1.5 + c * (x + 1) ** -0.25, {"x": (1e-4, 1e4)},
          {"a": None, "b": None, "c": None}),
)

_OPTICS = (
    curve("sellmeier", lambda u, b1, c1, b2: sp.sqrt(1 + b1 * u**2 / (u**2 - c1) + b2 * u**2), {"u": (0.4, 5)},
          {"b1": (0.1, 2), "c1": (0, 0.1), "b2": (0, 1)}),
    curve("airy", lambda d, a, f: a / (1 + f * sp.sin(d / 2) ** 2), {"d": None}, {"a": None, "f": (0, 1e4)}),
    curve("double_slit", lambda u, a, b, d: a * sp.sinc(b * u) ** 2 * sp.cos(d * u) ** 2, {"u": None},
          {"a": None, "b": None, "d": None}),
    curve("snell", lambda u, n, a: sp.asin(sp.sin(u) / n) + a * sp.tan(u / 3) + sp.acos(sp.cos(u) / n), {"u": (0.05, 1.5)},
          {"n": (1.01, 3), "a": (0, 2)}),
    curve("gaussian_beam", lambda z, w0, z0, zr: w0 * sp.sqrt(1 + ((z - z0) / zr) ** 2), {"z": (-1e3, 1e3)},
          {"w0": (1e-3, 10), "z0": (-10, 10), "zr": (1e-3, 100)}),
    curve("pseudo_voigt", _pseudo_voigt, {"x": None},
          {"a": None, "x0": None, "g": (0.05, 20), "eta": (0, 1)}),
    curve("knife_edge", lambda x, a, x0, s, d: a / 2 * (1 + sp.erf((x - x0) / s)) + d, {"x": None},
          {"a": None, "x0": None, "s": (0.05, 20), "d": None}),
    curve("error_peak", lambda x, a, x0, s: a * (sp.erf((x - x0 + 1) / s) - sp.erf((x - x0 - 1) / s)), {"x": (-8, 8)},
          {"a": (0, 10), "x0": (-2, 2), "s": (0.5, 5)}),
    curve("exponential_gauss", lambda t, a, s, k: a * sp.exp(s**2 / (2 * k**2) - t / k) * sp.erfc((s / k - t / s) / sp.sqrt(2)),
          {"t": (-5, 30)}, {"a": (0, 10), "s": (0.5, 3), "k": (0.5, 5)}),
    curve("lightness", _lab, {"t": (0, 1)}, {"a": None, "b": None}),
    curve("srgb", _srgb, {"t": (0, 1)}, {"gamma": (1, 3), "a": (0.01, 0.2)}),
)

_GEOMETRY = (
    curve("bearing", lambda x, y, px, py: sp.atan2(py - y, px - x), {"x": None, "z": None}, {"px": None, "py": None},
          lambda y, y_hat: 1 - sp.cos(y - y_hat)),
    curve("ranging", lambda x, y, px, py: sg.hypot(px - x, py - y), {"x": None, "z": None}, {"px": None, "py": None},
          lambda y, y_hat: sp.log(1 + (y - y_hat) ** 2)),
    curve("distance", lambda x, y, z, px, py, pz: sp.sqrt((x - px) ** 2 + (y - py) ** 2 + (z - pz) ** 2),
          {"x": None, "u": None, "z": None}, {"px": None, "py": None, "pz": None}, "absolute_error"),
    curve("haversine", _haversine, {"lat": (-1.5, 1.5), "lon": (-3.1, 3.1)},
          {"lat0": (-1.5, 1.5), "lon0": (-1, 1), "radius": (6e3, 7e3)}),
    curve("slope_angle", lambda x, a, b: sp.atan(a * x + b), {"x": None}, {"a": None, "b": None}),
)
# fmt: on

SCIENCES: dict[str, Callable[[], Model]] = {
    build.__name__: build for build in (*_CHEMISTRY, *_BIOLOGY, *_PHYSICS, *_OPTICS, *_GEOMETRY)
}
"""Every such model by name; each call builds a new one."""
