"""Models of statistics and learning: likelihoods, robust losses, survival times, nets, finance, functions of weights alone."""

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp
from corpus_sciences import curve
from written import declared

import symgraph as sg
from symgraph import Model, Normal

Rational = sp.Rational
Build = Callable[[], Model]


def _linear(name: str, loss: Callable[..., Any], y: tuple[float, float] | None = None) -> Build:
    """A linear predictor under a loss."""
    return curve(name, lambda x, z, a, b, c: a * x + b * z + c, {"x": None, "z": None}, dict.fromkeys("abc"), loss, y)


def normal_cdf(x: Any) -> Any:
    return (1 + sp.erf(x / sp.sqrt(2))) / 2


def _probit(y: Any, eta: Any) -> Any:
    return -y * sp.log(normal_cdf(eta)) - (1 - y) * sp.log(normal_cdf(-eta))


def _cross_entropy(y: Any, eta: Any) -> Any:
    p = 1 / (1 + sp.exp(-eta))
    return -y * sp.log(p) - (1 - y) * sp.log(1 - p)


def _kullback_leibler(y: Any, eta: Any) -> Any:
    return sg.xlogx(y) + sg.xlogx(1 - y) - y * sg.log_sigmoid(eta) - (1 - y) * sg.log_sigmoid(-eta)


def _tobit(y: Any, eta: Any) -> Any:
    """A normal law of scale 1 that is cut off at 0."""
    return sp.Piecewise(((y - eta) ** 2 / 2, y > 0), (-sp.log(normal_cdf(-eta)), True))


def _tukey(y: Any, y_hat: Any) -> Any:
    r = y - y_hat
    c = sp.Float(4.685)
    return sp.Piecewise((c**2 / 6 * (1 - (1 - (r / c) ** 2) ** 3), sp.Abs(r) <= c), (c**2 / 6, True))


def _huber(y: Any, y_hat: Any) -> Any:
    r = y - y_hat
    return sp.Piecewise((r**2 / 2, sp.Abs(r) <= 1), (sp.Abs(r) - Rational(1, 2), True))


def _smooth_hinge(y: Any, y_hat: Any) -> Any:
    margin = (2 * y - 1) * y_hat
    return sp.Piecewise(
        (0, margin >= 1), ((1 - margin) ** 2 / 2, sp.And(margin > 0, margin < 1)), (Rational(1, 2) - margin, True)
    )


def _focal(y: Any, eta: Any) -> Any:
    p = sg.sigmoid(eta)
    return -y * (1 - p) ** 2 * sp.log(p) - (1 - y) * p**2 * sp.log(1 - p)


def _zero_inflated(y: Any, eta: Any) -> Any:
    """Counts, more zeros than Poisson's law has."""
    return sp.Piecewise(
        (-sp.log(Rational(1, 4) + Rational(3, 4) * sp.exp(-sp.exp(eta))), sp.Eq(y, 0)), (sp.exp(eta) - y * eta, True)
    )


def _three_parameter_item(x: Any, a: Any, b: Any, c: Any) -> Any:
    return c + (1 - c) / (1 + sp.exp(-a * (x - b)))


def _attention(x: Any, z: Any, a: Any, b: Any, c: Any) -> Any:
    """Two values, weighted by the exponentials of their scores."""
    first, second = sp.exp(a * x), sp.exp(b * z)
    return (x * first + c * z * second) / (first + second)


def _black_scholes(s: Any, strike: Any, sigma: Any, r: Any) -> Any:
    d1 = (sp.log(s / strike) + (r + sigma**2 / 2)) / sigma
    return s * normal_cdf(d1) - strike * sp.exp(-r) * normal_cdf(d1 - sigma)


def _yeo_johnson(x: Any, a: Any, b: Any, lam: Any) -> Any:
    return a * sp.Piecewise((sg.expm1(lam * sg.log1p(x)) / lam, x >= 0), (-sg.log1p(-x), True)) + b


def _box_cox(x: Any, lam: Any, a: Any, b: Any) -> Any:
    return a * (x**lam - 1) / lam + b


# fmt: off
_REGRESSIONS = (
    _linear("poisson", lambda y, eta: sp.exp(eta) - y * eta, (0, 50)),
    _linear("gamma_glm", lambda y, eta: y * sp.exp(-eta) + eta, (1e-3, 100)),
    _linear("negative_binomial", lambda y, eta: (y + 2) * sp.log(2 + sp.exp(eta)) - y * eta, (0, 50)),
    _linear("zero_inflated", _zero_inflated, (0, 20)),
    _linear("logistic_by_hand", _cross_entropy, (0, 1)),
    _linear("log_sigmoids", lambda y, eta: -y * sg.log_sigmoid(eta) - (1 - y) * sg.log_sigmoid(-eta), (0, 1)),
    _linear("probit", _probit, (0, 1)),
    _linear("probit_by_logs", lambda y, eta: -y * sg.log_half_erfc(-eta) - (1 - y) * sg.log_erfc(eta), (0, 1)),
    _linear("tobit", _tobit, (0, 10)),
    _linear("cloglog", lambda y, eta: -y * sp.log(1 - sp.exp(-sp.exp(eta))) + (1 - y) * sp.exp(eta), (0, 1)),
    _linear("focal", _focal, (0, 1)),
    _linear("smooth_hinge", _smooth_hinge, (0, 1)),
    _linear("huber", _huber),
    _linear("pseudo_huber", lambda y, eta: sp.sqrt(1 + (y - eta) ** 2) - 1),
    _linear("quantile", lambda y, eta: sp.Max(Rational(9, 10) * (y - eta), (eta - y) / 10)),
    _linear("tukey", _tukey),
    _linear("log_cosh", lambda y, eta: sp.log(sp.cosh(y - eta))),
    _linear("student", lambda y, eta: Rational(5, 2) * sp.log(1 + (y - eta) ** 2 / 4)),
    _linear("welsch", lambda y, eta: 1 - sp.exp(-((y - eta) ** 2) / 2)),
    _linear("epsilon_insensitive", lambda y, eta: sg.relu(sp.Abs(y - eta) - Rational(1, 10))),
    _linear("von_mises", lambda y, eta: -2 * sp.cos(y - 2 * sp.atan(eta)), (-3.2, 3.2)),
    _linear("kullback_leibler", _kullback_leibler, (0, 1)),
    _linear("sign_agreement", lambda y, eta: (y - eta) ** 2 * (2 - sp.sign(y) * sp.sign(eta)) + sp.Min(eta, 1)),
    curve("three_parameter_item", _three_parameter_item, {"x": None}, {"a": (0.1, 5), "b": None, "c": (0, 0.5)}),
    curve("black_scholes", _black_scholes, {"s": (10, 200), "strike": (10, 200)}, {"sigma": (0.05, 1), "r": (0, 0.1)}),
    curve("box_cox", _box_cox, {"x": (1e-3, 1e3)}, {"lam": (0.05, 2), "a": None, "b": None}),
    curve("yeo_johnson", _yeo_johnson, {"x": (-50, 50)}, {"a": None, "b": None, "lam": (0.05, 2)}),
    curve("broken_stick", lambda x, a, b, c, k: a + b * x + c * sp.Max(x - k, 0), {"x": None}, dict.fromkeys("abck")),
    curve("odds", lambda p, a, b: a * sg.logit(p) + b * sp.log(p / (1 - p)), {"p": (1e-9, 0.999999999)},
          {"a": None, "b": None}),
    curve("soft_maximum", lambda x, z, a, b: sg.logaddexp(a * x, b * z), {"x": None, "z": None}, {"a": None, "b": None}),
    curve("radial_basis", lambda x, a, b, c, s: a * sg.gauss((x - b) / s) + c, {"x": None},
          {"a": None, "b": None, "c": None, "s": (0.1, 10)}),
    curve("cross_entropy", lambda x, a, b: sg.sigmoid(a * x + b), {"x": None}, {"a": None, "b": None},
          lambda y, p: -sg.xlogy(y, p) - sg.xlogy(1 - y, 1 - p), (0, 1)),
    curve("attention", _attention, {"x": None, "z": None}, dict.fromkeys(("a", "b", "c"))),
    curve("tapered_trend", lambda x, a, b, c: a * sp.exp(b * x) * sp.exp(-((c * x) ** 2)), {"x": None}, dict.fromkeys("abc")),
)
# fmt: on


def weibull(m: Model) -> None:
    """Times, some of them censored: event is 1 where the time is one of failure."""
    t, event = m.feature("t", domain=(1e-3, 100)), m.feature("event", domain=(0, 1))
    log_scale, log_shape = m.weights("log_scale log_shape", domain=(-2, 3))
    k = m.node("k", sp.exp(log_shape))
    z = m.node("z", sp.log(t) - log_scale)
    m.loss(sp.exp(k * z) - event * (log_shape + (k - 1) * z - log_scale))


def gompertz(m: Model) -> None:
    """Mortality that grows exponentially with age; the cumulative hazard is b/eta (exp(eta t) - 1)."""
    t, event = m.feature("t", domain=(0, 110)), m.feature("event", domain=(0, 1))
    log_b, eta = m.weight("log_b", domain=(-12, 0)), m.weight("eta", domain=(1e-6, 0.3))
    m.loss(sp.exp(log_b) / eta * (sp.exp(eta * t) - 1) - event * (log_b + eta * t))


def cox_pair(m: Model) -> None:
    """The partial likelihood of two individuals, the first of whom fails first."""
    (x1, x2), b = m.features("x1 x2"), m.weight("b")
    first, second = m.node("first", sp.exp(b * x1)), m.node("second", sp.exp(b * x2))
    m.loss(-sp.log(first / (first + second)))


def heteroscedastic(m: Model) -> None:
    """A normal law whose scale depends on x, and a prior on the weights, which is the same for all rows."""
    x, y = m.feature("x"), m.target()
    a, b, c, d = m.weights("a b c d", init=Normal(0, 1))
    prior = m.node("prior", (a**2 + b**2) / 20 + sp.exp(c) / 10)
    log_s = m.node("log_s", c + d * x)
    m.loss((y - m.output("mean", a * x + b)) ** 2 / (2 * sp.exp(2 * log_s)) + log_s + prior)


def ordered(m: Model) -> None:
    """Three ordered classes under a logistic law; k is the class."""
    x, k = m.feature("x"), m.feature("k", domain=(0, 2))
    slope, low, step = m.weight("slope"), m.weight("low"), m.weight("log_step", domain=(-5, 5))
    lower = m.node("lower", low - slope * x)
    upper = m.node("upper", low + sp.exp(step) - slope * x)
    cases = (
        (sg.sigmoid(lower), sp.Eq(k, 0)),
        (sg.sigmoid(upper) - sg.sigmoid(lower), sp.Eq(k, 1)),
        (1 - sg.sigmoid(upper), True),
    )
    m.loss(sp.Piecewise(*((-sp.log(p), condition) for p, condition in cases)))


def mixture(m: Model) -> None:
    """Two normal laws, as the logarithm of a sum of densities."""
    y = m.target()
    m1, m2, s, logit = m.weight("m1"), m.weight("m2"), m.weight("s", domain=(0.2, 5)), m.weight("logit")
    p = m.node("p", sg.sigmoid(logit))
    m.loss(-sp.log(p * sp.exp(-(((y - m1) / s) ** 2) / 2) + (1 - p) * sp.exp(-(((y - m2) / s) ** 2) / 2)) + sp.log(s))


def softmax(m: Model) -> None:
    """Three classes; k is the class."""
    x, k = m.feature("x"), m.feature("k", domain=(0, 2))
    weights = m.weights("a1 a2 b1 b2")
    z = [weights[0] * x + weights[2], weights[1] * x + weights[3], sp.Integer(0)]
    z = [*(m.node(f"z{i}", part) for i, part in enumerate(z[:2])), z[2]]
    total = m.node("total", sp.Add(*(sp.exp(part) for part in z)))
    chosen = sp.Piecewise((z[0], sp.Eq(k, 0)), (z[1], sp.Ne(k, 2)), (z[2], True))
    m.output("p_last", 1 / total)
    m.loss(sp.log(total) - chosen)


def softmax_of_ratio(m: Model) -> None:
    """Probabilities of three classes as ratios, and their entropy."""
    x, y = m.feature("x"), m.target("y", domain=(0, 1))
    a, b, c = m.weights("a b c")
    parts = [sp.exp(a * x), sp.exp(b * x), sp.exp(c)]
    ps = [m.node(f"p{i}", part / sp.Add(*parts)) for i, part in enumerate(parts)]
    entropy = m.node("entropy", -sp.Add(*(p * sp.log(p) for p in ps)))
    m.output("p", ps[0])
    m.loss((y - ps[0]) ** 2 + entropy / 10)


def _net(name: str, activation: Callable[[Any], Any], width: int = 3) -> Build:
    """One hidden layer of two inputs."""

    def build() -> Model:
        m = Model(name)
        (x, z), y = m.features("x z"), m.target()
        hidden = []
        for unit in range(width):
            u, v, c = m.weights([f"k{unit}", f"m{unit}", f"c{unit}"], init=Normal(0, 1))
            hidden.append(m.node(f"h{unit}", activation(u * x + v * z + c)))
        out = m.weights(f"o0:{width}")
        m.loss((y - m.output("y_hat", sp.Add(*(o * h for o, h in zip(out, hidden, strict=True))))) ** 2)
        return m

    build.__name__ = name
    return build


NETS: Sequence[tuple[str, Callable[[Any], Any]]] = (
    ("net_tanh", sp.tanh),
    ("net_relu", sg.relu),
    ("net_softplus", sg.softplus),
    ("net_swish", lambda t: t * sg.sigmoid(t)),
    ("net_gelu", lambda t: t * normal_cdf(t)),
)


def himmelblau(m: Model) -> None:
    """A test function of optimization, of weights alone."""
    a, b = m.weights("a b")
    m.loss((a**2 + b - 11) ** 2 + (a + b**2 - 7) ** 2)


def beale(m: Model) -> None:
    """Another one."""
    a, b = m.weights("a b")
    m.loss((Rational(3, 2) - a + a * b) ** 2 + (Rational(9, 4) - a + a * b**2) ** 2 + (Rational(21, 8) - a + a * b**3) ** 2)


def ackley(m: Model) -> None:
    """One with a kink at its minimum."""
    a, b = m.weights("a b")
    root = m.node("root", sp.sqrt((a**2 + b**2) / 2))
    m.loss(20 - 20 * sp.exp(-root / 5) - sp.exp(m.node("waves", (sp.cos(2 * sp.pi * a) + sp.cos(2 * sp.pi * b)) / 2)) + sp.E)


def dispersed_counts(m: Model) -> None:
    """Counts by a negative binomial law whose size is estimated."""
    x, (a, b) = m.feature("x", domain=(-2, 2)), m.weights("a b", domain=(-1, 1))
    size, y = m.weight("size", domain=(0.2, 20)), m.target("y", domain=(0, 50))
    mean = m.output("mean", sp.exp(a + b * x))
    counted = sp.loggamma(y + size) - sp.loggamma(size) - sp.loggamma(y + 1)
    m.loss(-counted - size * sp.log(size / (size + mean)) - y * sp.log(mean / (size + mean)))


def gamma_law(m: Model) -> None:
    """A gamma law whose shape is estimated."""
    x, (a, b) = m.feature("x", domain=(-2, 2)), m.weights("a b", domain=(-1, 1))
    shape, y = m.weight("shape", domain=(0.2, 20)), m.target("y", domain=(0.01, 50))
    mean = m.output("mean", sp.exp(a + b * x))
    m.loss(sp.loggamma(shape) - shape * sp.log(shape * y / mean) + sp.log(y) + shape * y / mean)


# fmt: off
gamma_moments = curve("gamma_moments", lambda x, a: sp.digamma(a * x) + sp.trigamma(x), {"x": (0.2, 5)}, {"a": (0.2, 3)})
"""The mean logarithm under a gamma law, and its variance at known shapes."""
stirling_rests = curve("stirling_rests", lambda x, a, b: sg.stirlerr(a * x) + sg.log1prel(b * x), {"x": (0.2, 5)},
                       dict.fromkeys("ab", (0.1, 10)), y=(0, 5))
"""Rest of Stirling's formula at a shape that is estimated, and the mean of a logarithm near 1."""
kernels = curve(
    "kernels",
    lambda x, a, b: sg.exprel(a * x) + sg.exprel2(b * x) + sg.bernoulli_function(a * x) + sg.sinhc(b * x) + sg.langevin(a * x)
    + sg.log1pmx(b * x / 9) + sg.sinmx(a * x) + sg.tanhmx(b * x) + sg.exprel_slope(b * x) + sg.exprel2_slope(a * x)
    + sg.bernoulli_slope(b * x) + sg.sinhc_slope(a * x) + sg.langevin_slope(b * x) + sg.log1prel_slope(a * x / 9),
    {"x": (-3, 3)}, dict.fromkeys("ab", (-2, 2)),
)
"""Functions whose formulas are 0/0 or cancel at 0, each once."""
beta_moments = curve("beta_moments", lambda x, a, b: -sg.digamma_step(a * x, b), {"x": (0.2, 500)},
                     {"a": (0.2, 3), "b": (0.01, 30)})
"""The mean logarithm of a share under a beta law, for two counts that differ in size."""
# fmt: on


def beta_shares(m: Model) -> None:
    """A beta law of shares whose mean depends on a feature."""
    x, (a, b) = m.feature("x", domain=(-2, 2)), m.weights("a b", domain=(-1, 1))
    size, y = m.weight("size", domain=(2, 30)), m.target("y", domain=(0.05, 0.95))
    mean = m.output("mean", sg.sigmoid(a + b * x))
    m.loss(sg.betaln(size * mean, size * sg.sigmoid(-a - b * x)) - size * (mean * sg.logit(y) + sp.log(1 - y)))


_DECLARED = (
    weibull, gompertz, cox_pair, heteroscedastic, ordered, mixture, softmax, softmax_of_ratio, himmelblau, beale, ackley,
    dispersed_counts, gamma_law,
)  # fmt: skip
STATISTICS: dict[str, Build] = {
    build.__name__: build
    for build in (
        *_REGRESSIONS, *map(declared, _DECLARED), gamma_moments, stirling_rests, kernels, beta_moments, declared(beta_shares),
        *(_net(name, activation) for name, activation in NETS),
    )
}  # fmt: skip
"""Every such model by name; each call builds a new one."""
