"""Models whose targets are labels, for tests of what is no label of them."""

from sympy import Eq, Piecewise
from written import declared

from symgraph import Model


def kinds(model: Model) -> None:
    """Three classes."""
    x, z = model.features("x z")
    model.target("y")
    a, b, c, d = model.weights("a b c d")
    model.likelihood("categorical", logits=[a + b * x, c * z, d])


def cases(model: Model) -> None:
    """A target with declared values."""
    (x, z), y = model.features("x z"), model.target("y", values=(1, 2, 0.1))
    a, b = model.weights("a b")
    model.output("line", a * x)
    model.loss(Piecewise((a * x, Eq(y, 1)), (a * x + b * z, Eq(y, 2)), (a**2, True)))


def pairs(model: Model) -> None:
    """Residuals of two targets with the same labels."""
    (x, z), (p, q) = model.features("x z"), model.targets("p q", values=(0, 1))
    a, b = model.weights("a b")
    model.residual(p - a * x, q - b * z)


def counts(model: Model) -> None:
    """Counts, which are no labels."""
    x, _ = model.feature("x"), model.target("y")
    model.output("rate", (model.weight("a") * x) ** 2 + 1)
    model.likelihood("poisson")


LABELLED = {one.__name__: declared(one) for one in (kinds, cases, pairs, counts)}
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
