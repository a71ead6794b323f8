"""Models for the tests: every shape a model can have, every op, and problems from the literature."""

from collections.abc import Callable
from itertools import count

import sympy as sp
from written import declared

import symgraph as sg
from symgraph import Constant, Model, Normal, Uniform
from symgraph.spec.ops.op import REALS
from symgraph.spec.ops.ops import OPS


def line() -> Model:
    """One feature, a straight line."""
    m = Model("line", doc="A straight line.")
    x, (a, b) = m.feature("x"), m.weights("a b", init=Uniform(-1, 1))
    y = m.target("y")
    m.loss((y - m.output("y_hat", a * x + b)) ** 2)
    return m


def rosenbrock(m: Model) -> None:
    """No features and no target: a function of its weights."""
    a, b = m.weights("a b", init=[-1.2, 1.0])
    m.loss((1 - a) ** 2 + 100 * (b - a**2) ** 2)


def location(m: Model) -> None:
    """A target without features."""
    m.target("price")
    (mu,) = m.weights(["mu"])
    m.output("y_hat", mu)
    m.loss("absolute_error")


def curve(m: Model) -> None:
    """An output without a loss."""
    u, v = m.features(["u", "v"])
    a, b, c = m.weights("a:c", init=[Normal(1, 2), Constant(0.5), Uniform(1, 2)])
    bent = m.node("bent", a * sp.exp(-b * u))
    m.output("height", bent + c * v**2)


def energy(m: Model) -> None:
    """A loss without target and output."""
    (p, q), (a, b) = m.features("p q"), m.weights("a b", domain=(0.5, 2.0))
    m.node("kinetic", a * p**2)
    m.loss(m.node("total", a * p**2 + b * q**4 / 4) + sp.log(a))


def logistic(m: Model) -> None:
    """Labels 0 and 1, the output a logit."""
    xs, ws = m.features("x1:4"), m.weights("k1:4", init=0.1)
    bias = m.weight("bias")
    m.target("y", domain=(0, 1))
    m.output("logit", sp.Add(*(w * x for w, x in zip(ws, xs, strict=True))) + bias)
    m.loss("bce_with_logits")


def uniform_nodes(m: Model) -> None:
    """Nodes that depend on weights alone, and a penalty on a weight."""
    (x1, x2), (a, b, c, k) = m.features("x1 x2"), m.weights("a b c k")
    y = m.target("y")
    scale = m.node("scale", sp.exp(a) + sp.sqrt(1 + b**2))
    shift = m.node("shift", scale * sp.tanh(c))
    same = m.node("same", shift)
    m.loss((y - m.output("y_hat", scale * x1 + same * x2 + k)) ** 2 + 0.01 * a**2 + sp.Rational(1, 3) * k**4)


def every_op(m: Model) -> None:
    """Every function of the op table once, in its domain, but for those that double-double arithmetic lacks."""
    (x, z), y = m.features("x z", domain=(-2, 2)), m.target("y")
    numbers = count(1)

    def weight() -> sp.Symbol:
        return m.weight(f"a{next(numbers)}", domain=(0.2, 0.9))

    lacking = {name for name, row in OPS.items() if row.stable is None and row.pairs is None}
    lacking |= {name for name, row in OPS.items() if row.in_doubles}
    rows = [row for row in OPS.values() if isinstance(row.function, type) and row.name not in lacking]
    parts = []
    for row in rows:
        name = f"n_{row.function.__name__}"
        if row.name not in ("sign", "heaviside") and row.arity == 1:
            parts.append(m.node(name, row.function(weight() + max(row.domain[0].low, 0)) * x))
        elif row.arity == 2 and row.name != "heaviside":
            operands = (weight() * one if span == REALS else weight() for span, one in zip(row.domain, (x, z), strict=True))
            parts.append(m.node(name, row.function(*operands)))
    parts.append(m.node("n_sign", weight() * sp.sign(x) + sp.Heaviside(z)))
    parts.append(m.node("n_pow", weight() ** z + (x**2 + 1) ** sp.Rational(2, 3) + x**-2 + x**11))
    m.loss((y - m.output("y_hat", sp.Add(*parts))) ** 2 / 2)


def sawtooth(m: Model) -> None:
    """Remainders and whole parts, which jump."""
    x, (a, b) = m.feature("x", domain=(-20, 20)), m.weights("a b", domain=(0.2, 3))
    period, y = m.weight("period", domain=(1.5, 2.5)), m.target("y")
    m.loss((y - m.output("y_hat", a * sp.Mod(x, period) + b * sp.floor(x / 3) + a * b)) ** 2 / 2)


def pieces(m: Model) -> None:
    """Piecewise with branches that are not finite where they are not taken."""
    (x, z), (a, b, c) = m.features("x z"), m.weights("a b c")
    y = m.target("y")
    left = m.node("left", sp.Piecewise((a * sp.log(x), x > 0), (b * sp.sqrt(-x), sp.And(x < -1, z > 0)), (c * x / 3, True)))
    right = m.node(
        "right", sp.Piecewise((sp.exp(a * z) / z, sp.Or(z > 1, sp.Not(x > 0))), (sp.asin(z / 2), sp.Abs(z) <= 1), (b, True))
    )
    y_hat = m.output("y_hat", left + right * c)
    r = m.node("r", y - y_hat)
    m.loss(sp.Piecewise((r**2 / 2, sp.Abs(r) <= 1), (sp.Abs(r) - sp.Rational(1, 2), True)))


def keywords(m: Model) -> None:
    """Names that Python or the generated module need for themselves."""
    (lam, np_), (a, math_, sum_) = m.features(["lambda", "np"]), m.weights(["class", "math", "sum"])
    y = m.target("y")
    node = m.node("def", a * lam)
    m.output("predict", node + math_ * np_ + sum_)
    m.loss((y - m.nodes[-1].symbol) ** 2)


def flat(m: Model) -> None:
    """Features that the output does not use."""
    x, (a, b) = m.feature("x"), m.weights("a b", init=1.0)
    y = m.target("y")
    m.output("y_hat", a * b)
    m.loss((y - m.nodes[-1].symbol) ** 2 * (1 + x**2))


def shadows(m: Model) -> None:
    """Nodes whose names differ by an underscore, one of them Python's; a constant base; a loss of many operations."""
    x, (a, b) = m.feature("x"), m.weights("a b")
    y = m.target("y")
    first = m.node("max", a * x)
    second = m.node("max_", sp.exp(first))
    y_hat = m.output("y_hat", second * b + 2 ** (b * x))
    m.loss(sg.softplus(y_hat) - y * sp.sin(y_hat))


def perceptron(m: Model) -> None:
    """Two hidden layers, 30 weights, a smooth and a kinked activation."""
    layer, _ = m.features("x1:4"), m.target("y")
    for depth, (width, act) in enumerate([(4, sp.tanh), (2, sg.relu)], 1):
        hidden = []
        for unit in range(width):
            ws = m.weights([f"k{depth}_{unit}_{i}" for i in range(len(layer))], init=Normal(0, 0.5))
            bias = m.weight(f"b{depth}_{unit}", init=Normal(0, 0.5))
            hidden.append(m.node(f"h{depth}_{unit}", act(sp.Add(*(w * x for w, x in zip(ws, layer, strict=True))) + bias)))
        layer = hidden
    last = m.weights("o1:4", init=Normal(0, 0.5))
    m.output("y_hat", last[0] * layer[0] + last[1] * layer[1] + last[2])
    m.loss("squared_error")


def _nist(name: str, formula: Callable[..., sp.Expr], count: int, **domains: tuple[float, float]) -> Callable[[], Model]:
    def build() -> Model:
        m = Model(name)
        x, ws = m.feature("x", domain=domains.get("x")), m.weights(f"b1:{count + 1}", domain=domains.get("b"))
        m.target("y")
        m.output("y_hat", formula(x, *ws))
        m.loss("squared_error")
        return m

    return build


# Model functions of NIST/ITL's Statistical Reference Datasets for nonlinear regression, as published.
NIST: dict[str, Callable[[], Model]] = {
    "BoxBOD": _nist("BoxBOD", lambda x, b1, b2: b1 * (1 - sp.exp(-b2 * x)), 2),
    "DanWood": _nist("DanWood", lambda x, b1, b2: b1 * x**b2, 2),
    "ENSO": _nist(
        "ENSO",
        lambda x, b1, b2, b3, b4, b5, b6, b7, b8, b9: b1 + b2 * sp.cos(2 * sp.pi * x / 12) + b3 * sp.sin(2 * sp.pi * x / 12)
        + b5 * sp.cos(2 * sp.pi * x / b4) + b6 * sp.sin(2 * sp.pi * x / b4)
        + b8 * sp.cos(2 * sp.pi * x / b7) + b9 * sp.sin(2 * sp.pi * x / b7),
        9,
    ),
    "Gauss1": _nist(
        "Gauss1",
        lambda x, b1, b2, b3, b4, b5, b6, b7, b8: b1 * sp.exp(-b2 * x) + b3 * sp.exp(-((x - b4) ** 2) / b5**2)
        + b6 * sp.exp(-((x - b7) ** 2) / b8**2),
        8,
    ),
    "Kirby2": _nist("Kirby2", lambda x, b1, b2, b3, b4, b5: (b1 + b2 * x + b3 * x**2) / (1 + b4 * x + b5 * x**2), 5),
    "MGH17": _nist("MGH17", lambda x, b1, b2, b3, b4, b5: b1 + b2 * sp.exp(-x * b4) + b3 * sp.exp(-x * b5), 5),
    "Misra1a": _nist("Misra1a", lambda x, b1, b2: b1 * (1 - sp.exp(-b2 * x)), 2),
    "Rat43": _nist("Rat43", lambda x, b1, b2, b3, b4: b1 / (1 + sp.exp(b2 - b3 * x)) ** (1 / b4), 4),
    "Thurber": _nist(
        "Thurber",
        lambda x, b1, b2, b3, b4, b5, b6, b7: (b1 + b2 * x + b3 * x**2 + b4 * x**3) / (1 + b5 * x + b6 * x**2 + b7 * x**3),
        7,
    ),
}  # fmt: skip


def nine_weights() -> Model:
    """The founding model, anew: the packaged one is shared between tests and frozen."""
    m = Model("nine_weights", doc="Five features, nine weights, squared loss.")
    (f1, f2, f3, f4, f5), y = m.features("f1:6"), m.target("y")
    w1, w2, w3, w4, w5, w6, w7, w8, w9 = m.weights("w1:10", init=Normal(0, 0.01))
    t = m.node("t", w1 * f1 + w2 * f2)
    th = m.node("tanh", sp.tanh(m.node("exp", sp.exp(t**2 + w6)) + w7))
    s = m.node("sigmoid", sg.sigmoid(w8 + sp.sin(w3 * f3) * (w4 * f4 + w5 * f5)))
    m.loss((y - m.output("y_hat", th + w9 * s)) ** 2)
    return m


ZOO: dict[str, Callable[[], Model]] = {
    build.__name__: build
    for build in (
        line,
        *map(declared, (rosenbrock, location, curve, energy, logistic, uniform_nodes, every_op, sawtooth, pieces, keywords)),
        *map(declared, (flat, shadows, perceptron)),
        nine_weights,
    )
} | NIST  # fmt: skip
"""Every model by name; each call builds a new one."""
