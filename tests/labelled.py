"""Models whose targets are labels, for tests of what is no label of them."""

from sympy import Eq, Piecewise

from symgraph import Model


def kinds() -> Model:
    """Three classes."""
    model = Model("kinds")
    x, z = model.features("x z")
    model.target("y")
    a, b, c, d = model.weights("a b c d")
    model.likelihood("categorical", logits=[a + b * x, c * z, d])
    return model


def cases() -> Model:
    """A target with declared values."""
    model = Model("cases")
    x, z = model.features("x z")
    y = model.target("y", values=(1, 2, 0.1))
    a, b = model.weights("a b")
    model.output("line", a * x)
    model.loss(Piecewise((a * x, Eq(y, 1)), (a * x + b * z, Eq(y, 2)), (a**2, True)))
    return model


def pairs() -> Model:
    """Residuals of two targets with the same labels."""
    model = Model("pairs")
    x, z = model.features("x z")
    p, q = model.targets("p q", values=(0, 1))
    a, b = model.weights("a b")
    model.residual(p - a * x, q - b * z)
    return model


def counts() -> Model:
    """Counts, which are no labels."""
    model = Model("counts")
    x, _ = model.feature("x"), model.target("y")
    model.output("rate", (model.weight("a") * x) ** 2 + 1)
    model.likelihood("poisson")
    return model


LABELLED = {"kinds": kinds, "cases": cases, "pairs": pairs, "counts": counts}
WRONG = {
    "kinds": "the likelihood categorical of kinds needs a class: a whole number from 0 to 2",
    "cases": "cases declares the values 0.1, 1, 2 of it",
    "pairs": "pairs declares the values 0, 1 of it",
}
REMEDY = {
    "kinds": "leave such rows out, or number the classes from 0",
    "cases": "leave such rows out, or declare that value too",
    "pairs": "leave such rows out, or declare that value too",
}
