"""Some forty models as scientists and engineers write them, which together use all that a spec can say."""

from collections.abc import Callable

import sympy as sp
from corpus_sciences import SCIENCES
from corpus_statistics import STATISTICS
from sympy import Abs, I, Matrix, Max, Mod, Piecewise, atan2, cos, exp, log, pi, sin, sqrt
from written import declared

import symgraph as sg
from symgraph import Constant, Model, Normal, Uniform

BOLTZMANN = 8.617333262e-5
"""In eV/K, as in CODATA 2018."""


def peaks(model: Model) -> None:
    """Three peaks on a sloping background; each count has its measured uncertainty."""
    x, sigma = model.feature("x", domain=(0, 10)), model.feature("sigma", domain=(0.5, 2))
    counts, (offset, slope) = model.target("counts", domain=(0, 20)), model.weights("offset slope")
    total = offset + slope * x
    for i, place in enumerate((2.0, 5.0, 7.5), 1):
        height = model.weight(f"height{i}", init=10, bounds=(0, None))
        centre = model.weight(f"centre{i}", init=place, domain=(place - 1, place + 1))
        width = model.weight(f"width{i}", init=0.5, domain=(0.2, 2), bounds=(0.2, 2))
        total += height * exp(-((x - centre) ** 2) / (2 * width**2))
    model.residual((model.output("y_hat", total) - counts) / sigma)


def voigt_doublet(model: Model) -> None:
    """Two Voigt lines of one instrument: the second has half the area, and the same Gaussian width."""
    x, y = model.feature("x", domain=(-5, 5)), model.target("y")
    area, area2, centre, split = model.weights("area area2 centre split", init=[1, 0.5, 0, 1.5])
    sigma, gamma = model.positive("sigma", init=0.5), model.positive("gamma", init=0.3)
    background = model.weight("background")
    model.tie(area2, area / 2)
    lines = area * sg.voigt(x - centre, sigma, gamma) + area2 * sg.voigt(x - centre - split, sigma, gamma)
    model.residual(model.output("y_hat", lines + background) - y)


def enzyme(model: Model) -> None:
    """Michaelis-Menten kinetics with mixed inhibition."""
    (s, i), v = model.features("s i", domain=(0, 50)), model.target("v")
    vmax, km, kic, kiu = (model.positive(name, init=2) for name in ("vmax", "km", "kic", "kiu"))
    model.residual(model.output("rate", vmax * s / (km * (1 + i / kic) + s * (1 + i / kiu))) - v, loss="soft_l1", f_scale=0.1)


def hill_response(model: Model) -> None:
    """A dose-response curve with a bottom and a top, and outliers."""
    dose, effect = model.feature("dose", domain=(1e-3, 1e3)), model.target("effect")
    bottom, top = model.weights("bottom top", init=[0, 1])
    ec50, n = model.positive("ec50", init=1), model.weight("n", init=1, domain=(0.3, 4))
    y_hat = model.output("y_hat", bottom + (top - bottom) * dose**n / (ec50**n + dose**n))
    model.residual(y_hat - effect, loss="huber", f_scale=0.2)


def change_point(model: Model) -> None:
    """A trend that bends at a time to be found."""
    t, y = model.feature("t", domain=(0, 10)), model.target("y")
    (level, before, after), tau = model.weights("level before after"), model.weight("tau", init=5, domain=(2, 8))
    model.output("trend", Piecewise((level + before * (t - tau), t < tau), (level + after * (t - tau), True)))
    model.loss((y - model.nodes[-1].symbol) ** 2)


def oscillation(model: Model) -> None:
    """A damped oscillation whose frequency is that of the undamped one, less what the damping takes."""
    t, y = model.feature("t", domain=(0, 10)), model.target("y")
    a, phase = model.weights("a phase", init=[1, 0])
    w0, zeta = model.positive("w0", init=3), model.unit_interval("zeta", init=0.1)
    wd = model.node("wd", w0 * sqrt(1 - zeta**2))
    model.residual(model.output("y_hat", a * exp(-zeta * w0 * t) * cos(wd * t + phase)) - y, loss="cauchy")


def randles_cell(model: Model) -> None:
    """The impedance of an electrode: solution, charge transfer, constant phase element and Warburg's diffusion."""
    omega = model.feature("omega", domain=(0.1, 1e4))
    rs, rct, sigma = model.weights("rs rct sigma", init=[10, 100, 20], domain=(1, 1e3))
    q, n = model.weight("q", init=1e-4, domain=(1e-6, 1e-3)), model.weight("n", init=0.9, domain=(0.6, 1))
    re, im = model.targets("re im")
    warburg = sigma * (1 - I) / sqrt(omega)
    z_re, z_im = model.complex_output("z", rs + 1 / (q * (I * omega) ** n + 1 / (rct + warburg)))
    model.residual(z_re - re, z_im - im)


def poisson_counts(model: Model) -> None:
    """Counts over exposures of different length."""
    dose, exposure = model.feature("dose", domain=(0, 3)), model.feature("exposure", domain=(0.5, 10))
    model.target("deaths", domain=(0, 30))
    a, b = model.weights("a b", init=Normal(0, 0.1), domain=(-1, 1))
    model.output("rate", exposure * exp(a + b * dose))
    model.likelihood("poisson")


def heavy_tails(model: Model) -> None:
    """A line through points some of which are far off, the tails of their law to be found."""
    x = model.feature("x")
    model.target("y")
    a, b = model.weights("a b")
    model.output("y_hat", a * x + b)
    model.likelihood("student_t", scale=model.positive("scale"), nu=model.positive("nu", init=5))


def claims(model: Model) -> None:
    """Sizes of claims by a gamma law with a log link."""
    age, bonus = model.features("age bonus", domain=(-2, 2))
    model.target("size", domain=(0.01, 20))
    a, b, c = model.weights("a b c", domain=(-1, 1))
    model.output("mean", exp(a + b * age + c * bonus))
    model.likelihood("gamma", shape=model.positive("shape", init=2))


def overdispersed(model: Model) -> None:
    """Counts of animals by a negative binomial law; there is a prior of the slope."""
    x = model.feature("x", domain=(-2, 2))
    model.target("count", domain=(0, 40))
    a, b = model.weights("a b", domain=(-1, 1))
    model.output("mean", exp(a + b * x))
    model.likelihood("negative_binomial", dispersion=model.positive("dispersion", init=0.5))
    model.penalty(b**2 / 2)


def eight_schools(model: Model) -> None:
    """The effects of three schools, drawn from a law whose mean and spread are weights too."""
    schools, error = model.features("s1:4", domain=(0, 1)), model.feature("error", domain=(5, 20))
    model.target("effect", domain=(-20, 30))
    mu, tau = model.weight("mu", init=5), model.positive("tau", init=5)
    effects = model.weights("theta1:4")
    model.output("mean", sum(theta * school for theta, school in zip(effects, schools, strict=True)))
    model.likelihood("gaussian", sigma=error)
    model.penalty(sum(((theta - mu) / tau) ** 2 / 2 + log(tau) for theta in effects) + tau**2 / 200)


def pendulum(model: Model) -> None:
    """The swing of a pendulum with friction, in ten steps."""
    start, y = model.feature("start", domain=(-2, 2)), model.target("y")
    length, friction = model.positive("length", init=1), model.weight("friction", init=0.1, domain=(0, 1))

    def rates(state, t):
        theta, omega = state
        return omega, -9.81 / length * sin(theta) - friction * omega

    theta, _ = model.rk4(rates, {"theta": start, "omega": 0}, (0, 1), steps=10)
    model.residual(model.output("angle", theta) - y)


def kalman(model: Model) -> None:
    """A Kalman filter of position and speed over three measurements; its noises are to be found."""
    z = model.features("z1:4", domain=(-3, 3))
    q, r = model.positive("q", init=0.1), model.positive("r", init=1)
    F, H = Matrix([[1, 1], [0, 1]]), Matrix([[1, 0]])
    x, P = Matrix([0, 0]), Matrix([[4, 0], [0, 1]])
    total = 0
    for k, measured in enumerate(z, 1):
        x, P = F * x, F * P * F.T + q * Matrix([[sp.Rational(1, 3), sp.Rational(1, 2)], [sp.Rational(1, 2), 1]])
        innovation = model.node(f"innovation{k}", measured - (H * x)[0])
        variance = model.node(f"variance{k}", (H * P * H.T)[0] + r)
        gain = [model.node(f"gain{k}_{i}", entry / variance) for i, entry in enumerate(P * H.T, 1)]
        x += Matrix(gain) * innovation
        P = P - Matrix(gain) * H * P
        x = Matrix([model.node(f"x{k}_{i}", entry) for i, entry in enumerate(x, 1)])
        total += innovation**2 / variance + log(variance)
    model.loss(total / 2)


def oral_dose(model: Model) -> None:
    """One compartment with absorption that begins after a lag."""
    t, dose = model.feature("t", domain=(0, 24)), model.constant("dose", 100, domain=(10, 500))
    c = model.target("c")
    ka, ke = model.weight("ka", init=1, domain=(0.5, 3)), model.weight("ke", init=0.1, domain=(0.02, 0.4))
    volume, lag = model.positive("volume", init=20), model.weight("lag", init=0.5, domain=(0, 2), bounds=(0, 2))
    after = model.node("after", Max(t - lag, 0))
    level = model.output("level", dose * ka / (volume * (ka - ke)) * (exp(-ke * after) - exp(-ka * after)))
    model.residual((level - c) / (0.1 + 0.1 * level))


def two_compartments(model: Model) -> None:
    """An infusion into the first of two compartments, by micro constants."""
    t = model.feature("t", domain=(0, 24))
    model.target("c", domain=(0, 10))
    dose = model.constant("dose", 100, domain=(10, 500))
    k10, k12 = model.positive("k10", init=0.3), model.positive("k12", init=0.5)
    k21, volume = model.positive("k21", init=0.2), model.positive("volume", init=10)
    total = k10 + k12 + k21
    root = model.node("root", sqrt(total**2 - 4 * k10 * k21))
    alpha, beta = model.node("alpha", (total + root) / 2), model.node("beta", (total - root) / 2)
    fast, slow = (alpha - k21) * exp(-alpha * t), (k21 - beta) * exp(-beta * t)
    model.output("level", dose / volume / (alpha - beta) * (fast + slow))
    model.likelihood("gaussian", sigma=model.positive("sigma", init=0.5))


def irises(model: Model) -> None:
    """Three classes by a linear softmax with weight decay."""
    x = model.features("length width", domain=(-3, 3))
    model.target("species", domain=(0, 2))
    logits, decay = [], 0
    for name in ("setosa", "versicolor", "virginica"):
        a, b, bias = model.weights([f"{name}_length", f"{name}_width", f"{name}_bias"], init=Normal(0, 0.1))
        logits.append(a * x[0] + b * x[1] + bias)
        decay += a**2 + b**2
    model.outputs("l1:4", *logits)
    model.likelihood("categorical", logits=logits)
    model.penalty(0.01 * decay)


def small_net(model: Model) -> None:
    """A perceptron of two hidden layers for a yes or no, by loops."""
    layer = model.features("x1:4", domain=(-2, 2))
    model.target("y", domain=(0, 1))
    for depth, width in enumerate((3, 2), 1):
        units = []
        for unit in range(1, width + 1):
            weights = model.weights(f"w{depth}_{unit}_1:{len(layer) + 1}", init=Normal(0, 0.5))
            bias = model.weight(f"b{depth}_{unit}", init=Constant(0))
            units.append(
                model.node(f"h{depth}_{unit}", sp.tanh(sum(w * v for w, v in zip(weights, layer, strict=True)) + bias))
            )
        layer = units
    last = model.weights("v1:3", init=Uniform(-1, 1))
    model.output("logit", sum(v * h for v, h in zip(last, layer, strict=True)))
    model.loss("bce_with_logits")


def options_chain(model: Model) -> None:
    """Calls and puts by Black and Scholes with a smile; the spot and the rate are those of the day."""
    strike, time = model.feature("strike", domain=(60, 150)), model.feature("time", domain=(0.05, 2))
    spot, rate = model.constant("spot", 100, domain=(80, 120)), model.constant("rate", 0.03, domain=(-0.01, 0.1))
    model.targets("call_price put_price", domain=(0, 60))
    v0, skew = model.weight("v0", init=0.2, domain=(0.1, 0.5)), model.weight("skew", domain=(-0.1, 0.1))
    smile = model.weight("smile", domain=(0, 0.1))
    moneyness = model.node("moneyness", log(strike / spot))
    sigma = model.node("sigma", v0 + skew * moneyness + smile * moneyness**2)
    d1 = model.node("d1", (rate * time - moneyness + sigma**2 * time / 2) / (sigma * sqrt(time)))
    d2 = model.node("d2", d1 - sigma * sqrt(time))
    call = spot * sg.ndtr(d1) - strike * exp(-rate * time) * sg.ndtr(d2)
    put = strike * exp(-rate * time) * sg.ndtr(-d2) - spot * sg.ndtr(-d1)
    model.outputs("call put", call, put)
    model.loss("squared_error")


def langmuir_sites(model: Model) -> None:
    """Adsorption on two kinds of sites, of which each has a share."""
    p, amount = model.feature("p", domain=(0, 100)), model.target("amount", domain=(0, 10))
    capacity = model.positive("capacity", init=5)
    strong, weak = model.simplex("share", 2)
    k1, k2 = model.positive("k1", init=1), model.positive("k2", init=0.01)
    model.residual(model.output("y_hat", capacity * (strong * k1 * p / (1 + k1 * p) + weak * k2 * p / (1 + k2 * p))) - amount)


def arrhenius_at(model: Model) -> None:
    """The course of a reaction of order n at a temperature that is given at the call."""
    t, y = model.feature("t", domain=(0, 100)), model.target("y", domain=(0, 1))
    T, T0 = model.constant("T", 350, domain=(300, 400)), 350
    k0, order = model.positive("k0", init=0.05), model.weight("order", init=2, domain=(1.2, 3))
    energy = model.weight("energy", init=0.8, domain=(0.3, 1.2))
    k = model.node("k", k0 * exp(-energy / BOLTZMANN * (1 / T - sp.Rational(1, T0))))
    model.residual(model.output("left", (1 + (order - 1) * k * t) ** (-1 / (order - 1))) - y)


def logistic_growth(model: Model) -> None:
    """Growth towards a capacity from a start that is known and held."""
    t, y = model.feature("t", domain=(0, 20)), model.target("y")
    capacity, rate = model.positive("capacity", init=10), model.positive("rate", init=0.5)
    start = model.weight("start", init=0.5, domain=(0.1, 1), fixed=True)
    model.residual(log(model.output("size", capacity / (1 + (capacity - start) / start * exp(-rate * t))) / Abs(y)))


def epidemic(model: Model) -> None:
    """Susceptible, infected and removed: weekly counts of two kinds, each of Poisson's law."""
    week, (cases, removals) = model.feature("week", domain=(0, 8)), model.targets("cases removals", domain=(0, 100))
    beta, gamma = model.weight("beta", init=1, domain=(0.3, 2)), model.weight("gamma", init=0.4, domain=(0.1, 1))
    people = 1000

    def rates(state, t):
        susceptible, infected, _ = state
        new = beta * susceptible * infected / people
        return {"S": -new, "I": new - gamma * infected, "R": gamma * infected}

    _, infected, removed = model.rk4(rates, {"S": people - 10, "I": 10, "R": 0}, (0, week), steps=4)
    mean1, mean2 = model.outputs("infected_now removed_now", infected, removed + 1)
    model.loss(mean1 - cases * log(mean1) + mean2 - removals * log(mean2))


def pid_loop(model: Model) -> None:
    """The cost of a PI controller of a first-order plant with drag: gains within a limit of effort."""
    setpoint = model.feature("setpoint", domain=(0.5, 2))
    kp, ki = (
        model.weight("kp", init=2, domain=(0.5, 5), bounds=(0, 10)),
        model.weight("ki", init=1, domain=(0.1, 3), bounds=(0, 5)),
    )
    drag = model.constant("drag", 0.1, domain=(0, 0.5))

    def rates(state, t):
        speed, integral, _ = state
        error = setpoint - speed
        u = kp * error + ki * integral
        return u - speed - drag * speed * Abs(speed), error, error**2 + u**2 / 10

    speed, _, cost = model.rk4(rates, {"speed": 0, "integral": 0, "cost": 0}, (0, 2), steps=4)
    model.output("final_speed", speed)
    model.loss(cost)
    model.constraint("effort", kp**2 + ki**2, upper=20)
    model.constraint("damping", (1 + kp) ** 2 - 4 * ki, lower=0)


def lqr(model: Model) -> None:
    """The gain of a linear regulator by ten steps of Riccati's recursion, compared with a gain that somebody chose."""
    a, b = model.weight("a", init=1.1, domain=(0.8, 1.2)), model.weight("b", init=0.5, domain=(0.3, 1))
    q, r = model.constant("q", 1, domain=(0.5, 2)), model.constant("r", 0.1, domain=(0.05, 1))
    gain = model.target("gain", domain=(0, 3))
    p = q
    for step in range(1, 11):
        k = model.node(f"k{step}", a * b * p / (r + b**2 * p))
        p = model.node(f"p{step}", q + a * p * (a - b * k))
    model.output("k", k)
    model.loss((gain - k) ** 2)
    model.constraint("closed_loop", a - b * k, lower=-1, upper=1)


def decay_chain(model: Model) -> None:
    """Bateman's equations of three nuclides, with the activities of all three measured."""
    t, (a, b, c) = model.feature("t", domain=(0, 10)), model.targets("a b c", domain=(0, 10))
    n0 = model.positive("n0", init=10)
    l1, l2 = model.weight("l1", init=1, domain=(0.8, 1.5)), model.weight("l2", init=0.3, domain=(0.2, 0.5))
    n1 = n0 * exp(-l1 * t)
    n2 = n0 * l1 / (l2 - l1) * (exp(-l1 * t) - exp(-l2 * t))
    n1, n2, n3 = model.outputs("n1 n2 n3", n1, n2, n0 - n1 - n2)
    model.residual(n1 - a, n2 - b, n3 - c, loss="soft_l1")


def exafs(model: Model) -> None:
    """Two shells of X-ray absorption fine structure with Debye-Waller factors and a mean free path."""
    k = model.feature("k", domain=(2, 14))
    model.target("chi")
    path = model.constant("path", 8, domain=(4, 20))
    s02, shift = model.unit_interval("s02", init=0.8), model.weight("shift", domain=(-0.3, 0.3))
    total = 0
    for shell, (number, distance) in enumerate(((4, 2.0), (12, 3.2)), 1):
        r = model.weight(f"r{shell}", init=distance, domain=(distance - 0.1, distance + 0.1))
        msd = model.weight(f"msd{shell}", init=0.005, domain=(0.001, 0.02), bounds=(0, None))
        total += number * s02 * exp(-2 * k**2 * msd - 2 * r / path) * sin(2 * k * r + shift * k) / (k * r**2)
    model.output("chi_hat", k**3 * total)
    model.loss("squared_error")


def garch(model: Model) -> None:
    """A GARCH(1,1) model of four returns; the sum of its coefficients stays below 1."""
    returns, omega = model.features("r1:5", domain=(-3, 3)), model.weight("omega", init=0.1, domain=(0.05, 0.5))
    alpha, beta = model.weight("alpha", init=0.1, domain=(0.01, 0.3)), model.weight("beta", init=0.6, domain=(0.3, 0.65))
    variance, total = model.node("variance1", omega / (1 - alpha - beta)), 0
    for k, value in enumerate(returns, 1):
        total += log(variance) + value**2 / variance
        if k < len(returns):
            variance = model.node(f"variance{k + 1}", omega + alpha * value**2 + beta * variance)
    model.output("next_variance", omega + alpha * returns[-1] ** 2 + beta * variance)
    model.loss(total / 2)
    model.constraint("persistence", alpha + beta, upper=0.999)


def american_put(model: Model) -> None:
    """An American put on the tree of Cox, Ross and Rubinstein with three steps."""
    strike, price = model.feature("strike", domain=(80, 120)), model.target("price", domain=(0, 40))
    spot, rate = model.constant("spot", 100, domain=(90, 110)), model.constant("rate", 0.05, domain=(0, 0.1))
    sigma, steps, dt = model.weight("sigma", init=0.3, domain=(0.15, 0.6)), 3, sp.Rational(1, 3)
    up = model.node("up", exp(sigma * sqrt(dt)))
    p = model.node("p", (exp(rate * dt) - 1 / up) / (up - 1 / up))
    values = [Max(strike - spot * up ** (2 * j - steps), 0) for j in range(steps + 1)]
    for step in reversed(range(steps)):
        values = [
            model.node(f"value{step}_{j}", Max(
                strike - spot * up ** (2 * j - step), exp(-rate * dt) * (p * values[j + 1] + (1 - p) * values[j])))
            for j in range(step + 1)
        ]  # fmt: skip
    model.residual(model.output("y_hat", values[0]) - price)


def soil_water(model: Model) -> None:
    """Water retention by van Genuchten, with Mualem's m = 1 - 1/n."""
    h, theta = model.feature("h", domain=(0.01, 100)), model.target("theta", domain=(0, 0.5))
    residual, saturated = model.unit_interval("residual", init=0.05), model.unit_interval("saturated", init=0.45)
    alpha, n, m = (
        model.weight("alpha", init=0.5, domain=(0.1, 3)),
        model.weight("n", init=2, domain=(1.1, 4)),
        model.weight("m"),
    )
    model.tie(m, 1 - 1 / n)
    model.residual(model.output("water", residual + (saturated - residual) / (1 + (alpha * h) ** n) ** m) - theta)


def electrode(model: Model) -> None:
    """Butler and Volmer with a limit by diffusion, at a temperature that is given at the call."""
    eta, current = model.feature("eta", domain=(-0.3, 0.3)), model.target("current")
    T = model.constant("T", 298.15, domain=(270, 350))
    i0, limit = model.positive("i0", init=1e-3), model.positive("limit", init=1)
    a = model.unit_interval("a", init=0.5)
    f = 1 / (BOLTZMANN * T)
    anodic, cathodic = model.node("anodic", exp(a * f * eta)), model.node("cathodic", exp(-(1 - a) * f * eta))
    i = model.output("i", i0 * (anodic - cathodic) / (1 + i0 / limit * (anodic + cathodic)))
    model.residual(sp.asinh(i / 1e-3) - sp.asinh(current / 1e-3))


def airy_rings(model: Model) -> None:
    """The rings of a telescope with a central obstruction."""
    u, y = model.feature("u", domain=(0.1, 12)), model.target("y")
    peak, scale = model.positive("peak", init=1), model.weight("scale", init=1, domain=(0.5, 2))
    e = model.weight("e", init=0.3, domain=(0.1, 0.6))
    v = model.node("v", u * scale)
    field = 2 * sp.besselj(1, v) / v - e**2 * 2 * sp.besselj(1, e * v) / (e * v)
    model.residual(model.output("y_hat", peak * (field / (1 - e**2)) ** 2) - y)


def blackbody(model: Model) -> None:
    """Grey-body emission of dust: temperature, emissivity's slope, and a second, cooler part."""
    x, flux = model.feature("x", domain=(0.1, 20)), model.target("flux")
    sigma = model.feature("sigma", domain=(0.05, 1))
    warm, cold = model.positive("warm", init=1), model.positive("cold", init=0.3)
    a, b, beta = model.weights("a b beta", init=[1, 1, 1.5], bounds=(0, None))
    y_hat = model.output("y_hat", x ** (3 + beta) * (a / (exp(x / warm) - 1) + b / (exp(x / cold) - 1)))
    model.residual((y_hat - flux) / sigma, loss="huber")


def fano(model: Model) -> None:
    """Fano's asymmetric line."""
    energy = model.feature("energy", domain=(58, 62))
    model.target("y", domain=(0, 5))
    centre, width = model.weight("centre", init=60, domain=(59.5, 60.5)), model.positive("width", init=0.1)
    q, rho2 = model.weight("q", init=-2.5), model.unit_interval("rho2", init=0.9)
    sigma0 = model.weight("sigma0", init=1)
    eps = model.node("eps", (energy - centre) / (width / 2))
    model.output("y_hat", sigma0 * (rho2 * (q + eps) ** 2 / (1 + eps**2) + 1 - rho2))
    model.loss("absolute_error")


def solar_cell(model: Model) -> None:
    """A single diode with series resistance, the current in closed form by Lambert's function."""
    v, current = model.feature("v", domain=(0, 0.6)), model.target("current")
    vt = model.constant("vt", 0.02585, domain=(0.024, 0.03))
    photo, dark = model.positive("photo", init=3), model.positive("dark", init=1e-8)
    rs, n = model.weight("rs", init=0.02, domain=(0.005, 0.05)), model.weight("n", init=1.2, domain=(1, 2))
    nvt = model.node("nvt", n * vt)
    inside = dark * rs / nvt * exp((v + rs * (photo + dark)) / nvt)
    model.residual(model.output("i", photo + dark - nvt / rs * sp.LambertW(inside)) - current)


def bioassay(model: Model) -> None:
    """Deaths among the animals of a group, by a logistic dose-response curve."""
    log_dose, animals = model.feature("log_dose", domain=(-2, 2)), model.feature("animals", domain=(1, 20))
    model.target("deaths", domain=(0, 1))
    ld50, slope = model.weights("ld50 slope", init=[0, 1], domain=(-2, 2))
    model.output("logit", slope * (log_dose - ld50))
    model.likelihood("binomial_with_logits", trials=animals)


def psychometric(model: Model) -> None:
    """Share of stimuli that are seen, by a normal law between the share of guesses and that of lapses; lapses are rare."""
    level = model.feature("level", domain=(0, 4))
    model.target("seen", domain=(0, 20))
    threshold, width = model.weight("threshold", init=2, domain=(1, 3)), model.positive("width", init=1)
    lapse, guess = model.unit_interval("lapse", init=0.02), sp.Rational(1, 2)
    model.output("p", guess + (1 - guess - lapse / 2) * sg.ndtr((level - threshold) / width))
    model.likelihood("binomial", trials=20)
    model.penalty(-log(1 - lapse) * 10)


def refractive_index(model: Model) -> None:
    """n and kappa of a Lorentz oscillator: the root of a complex permittivity."""
    w, (n, kappa) = model.feature("w", domain=(0.1, 5)), model.targets("n kappa")
    eps_inf, w0 = model.weight("eps_inf", init=2, domain=(1, 4)), model.weight("w0", init=2, domain=(1, 3))
    wp, g = model.weight("wp", init=1, domain=(0.3, 2)), model.weight("g", init=0.2, domain=(0.05, 1))
    a, b = model.complex_output("index", sqrt(eps_inf + wp**2 / (w0**2 - w**2 - I * g * w)))
    model.residual(a - n, b - kappa)


def binary_star(model: Model) -> None:
    """The radial velocity of a star by Kepler's equation, four of Newton's steps for it."""
    t, velocity = model.feature("t", domain=(0, 20)), model.target("velocity")
    period, t0 = model.weight("period", init=7, domain=(6.5, 7.5)), model.weight("t0", init=1, domain=(0, 2))
    e, (k, omega, system) = model.unit_interval("e", init=0.3), model.weights("k omega system", init=[10, 0.5, 0])
    mean = model.node("mean", 2 * pi * Mod((t - t0) / period, 1))
    anomaly = mean + e * sin(mean)
    for step in range(1, 5):
        anomaly = model.node(f"E{step}", anomaly - (anomaly - e * sin(anomaly) - mean) / (1 - e * cos(anomaly)))
    true = model.node("true", 2 * atan2(sqrt(1 + e) * sin(anomaly / 2), sqrt(1 - e) * cos(anomaly / 2)))
    model.residual(model.output("v", system + k * (cos(true + omega) + e * cos(omega))) - velocity)


def well_test(model: Model) -> None:
    """The drawdown of an aquifer by Theis, of a well that stops pumping."""
    t, r, s = model.feature("t", domain=(0.1, 10)), model.feature("r", domain=(10, 100)), model.target("s")
    rate, stop = model.constant("rate", 1000, domain=(500, 2000)), model.constant("stop", 3, domain=(2, 5))
    T, S = model.positive("T", init=500), model.positive("S", init=1e-4)

    def drawdown(time):
        return rate / (4 * pi * T) * sp.expint(1, r**2 * S / (4 * T * time))

    model.residual(model.output("y_hat", drawdown(t) - Piecewise((drawdown(t - stop), t > stop), (0, True))) - s)


def matern_field(model: Model) -> None:
    """The covariance of a random field by Matern's formula of order 1, beside the empirical one."""
    h, cov = model.feature("h", domain=(0.1, 5)), model.target("cov")
    nugget, sill = model.positive("nugget", init=0.1), model.positive("sill", init=1)
    length = model.weight("length", init=1, domain=(0.5, 3))
    model.residual(model.output("y_hat", sill * h / length * sp.besselk(1, h / length) - nugget) - cov)


USERS: dict[str, Callable[[], Model]] = {
    build.__name__: declared(build)
    for build in (
        peaks, voigt_doublet, enzyme, hill_response, change_point, oscillation, randles_cell, poisson_counts, heavy_tails,
        claims, overdispersed, eight_schools, pendulum, kalman, oral_dose, two_compartments, irises, small_net, options_chain,
        langmuir_sites, arrhenius_at, logistic_growth, epidemic, pid_loop, lqr, decay_chain, exafs, garch, american_put,
        soil_water, electrode, airy_rings, blackbody, fano, solar_cell, bioassay, psychometric, refractive_index,
        binary_star, well_test, matern_field,
    )
} | {name: SCIENCES[name] for name in ("gompertz_growth", "antoine")} | {"weibull": STATISTICS["weibull"]}  # fmt: skip
"""Every such model by name; each call builds a new one."""
