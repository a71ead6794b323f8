"""Models at the edges of what a spec may be; static checks and the comparison with the oracle run over them as over the zoo."""

from collections.abc import Callable

import sympy as sp
from written import declared

import symgraph as sg
from symgraph import Model


def aliases() -> Model:
    """Nodes that are a feature, the target, a weight, a constant, and each other."""
    m = Model("aliases", doc='Says "np.inf" and it\'s fine.')
    x, (a, b), y = m.feature("x"), m.weights("a b"), m.target()
    column, label, weight, two = m.node("column", x), m.node("label", y), m.node("weight", a), m.node("two", 2)
    m.loss((label - m.output("y_hat", weight * m.node("same", column) + b * two + m.node("minus", -column))) ** 2)
    return m


def feature_output(m: Model) -> None:
    """The output is a feature; the weight is in the loss alone."""
    x, a, y = m.feature("x"), m.weight("a"), m.target()
    m.loss((y - a * m.output("y_hat", x)) ** 2)


def weight_loss(m: Model) -> None:
    """The loss is a weight, although there are rows."""
    m.features("x z")
    m.loss(m.weight("a"))


def shared_loss(m: Model) -> None:
    """A loss that is the same in every row beside an output that is not, and that its own partials read."""
    x, (a, b) = m.feature("x"), m.weights("a b")
    m.target("y")
    m.output("y_hat", a + b * x)
    m.loss(sp.exp(-a - b))


def penalty(m: Model) -> None:
    """A loss of the weights alone beside an output that varies."""
    x, (a, b), y = m.feature("x"), m.weights("a b"), m.target()
    del y
    m.output("y_hat", a * x + sp.exp(b))
    m.loss(a**2 + sp.log(1 + b**2))


def unused_target(m: Model) -> None:
    """A target, a node that needs it, and no loss."""
    x, a, y = m.feature("x"), m.weight("a"), m.target()
    m.node("gap", y - a)
    m.output("y_hat", sp.sin(a) * x)


def steps(m: Model) -> None:
    """Piecewise constant in one weight, whose partial is 0; selections of constants; no default."""
    (x, z), (a, b, c), y = m.features("x z"), m.weights("a b c"), m.target()
    level = m.node("level", sp.Piecewise((1, x > a), (sp.Rational(1, 3), True)))
    side = m.node("side", sp.Piecewise((2, b > 0), (-3, True)))
    y_hat = m.output("y_hat", level * side * b + sp.sign(c) * z + sp.Heaviside(x - z) + sp.Piecewise((b, x > -9), (z, z > -9)))
    m.loss(sp.Abs(y - y_hat) ** 3)


def constants(m: Model) -> None:
    """Numbers of every size and kind."""
    (x,), (a, b), y = m.features(["x"], domain=(-1e300, float("inf"))), m.weights("a b", domain=(1e-300, 1e16)), m.target()
    y_hat = m.output("y_hat", 1e20 * a * x + sp.Float(1e-200) * b + sp.pi**2 / 7 * a - 10**18 * sp.sqrt(3) * x - sp.E * 1e-7)
    m.loss(1e-30 * (y - y_hat) ** 2)


def sums(m: Model) -> None:
    """A sum too long for an expression, and a product of many factors."""
    xs, ws, y = m.features("x1:41"), m.weights("k1:41"), m.target()
    y_hat = m.output(
        "y_hat", sp.Add(*(w * sp.cos(x) for w, x in zip(ws, xs, strict=True))) + sp.Mul(*(1 + x / 50 for x in xs[:20]))
    )
    m.loss((y - y_hat) ** 2)


def gated(m: Model) -> None:
    """A named node that is finite only where its branch is taken; a condition that must not be evaluated everywhere."""
    (x, z), (a, b), y = m.features("x z"), m.weights("a b"), m.target()
    log = m.node("log", sp.Piecewise((sp.log(x), x > 0), (0, True)))
    inner = sp.Piecewise((a * log, x > 0), (sp.sqrt(-x) * b, x < 0), (b, True))
    y_hat = m.output(
        "y_hat", sp.Piecewise((inner + z, z <= 0), (b, sp.log(z) > 0), (sg.relu(a * z) + sg.softplus(inner), True))
    )
    m.loss(sp.Piecewise((0, sp.Abs(y - y_hat) < 0.01), (sp.Max(y - y_hat, (y_hat - y) / 2), True)))


ODD: dict[str, Callable[[], Model]] = {"aliases": aliases} | {
    build.__name__: declared(build)
    for build in (feature_output, weight_loss, shared_loss, penalty, unused_target, steps, constants, sums, gated)
}
"""Every such model by name; each call builds a new one."""
