"""The textbook forms of likelihoods are the same numbers as the forms that are computed, constants and all."""

import pytest
import sympy
from sympy import Rational

from symgraph import Model
from symgraph.show.views.densities import textbook
from symgraph.spec.likelihoods import LIKELIHOODS

HALF, THIRD = Rational(1, 2), Rational(1, 3)
GIVEN = {
    "gaussian": ({"mean": HALF, "sigma": 2}, (-1, 3)),
    "student_t": ({"mean": HALF, "scale": 2, "nu": 3}, (-1, 9)),
    "poisson": ({"mean": 3 * HALF}, (0, 1, 4)),
    "binomial": ({"probability": THIRD, "trials": 5}, (0, 2, 5)),
    "binomial of one trial": ({"probability": THIRD, "trials": 1}, (0, 1)),
    "binomial_with_logits": ({"logit": -THIRD, "trials": 5}, (0, 2, 5)),
    "binomial_with_logits of one trial": ({"logit": 2, "trials": 1}, (0, 1)),
    "gamma": ({"mean": 3 * HALF, "shape": 2}, (HALF, 4)),
    "negative_binomial": ({"mean": 3 * HALF, "dispersion": THIRD}, (0, 1, 4)),
    "categorical": ({"logits": [HALF, -THIRD, 0]}, (0, 1, 2)),
}

DENSITIES = {"gaussian": lambda y: sympy.exp(-((y - HALF) ** 2) / 8) / sympy.sqrt(8 * sympy.pi)}
"""Densities, with the parameters above, of likelihoods whose form in a spec is the textbook's."""


def test_every_likelihood_is_compared() -> None:
    assert set(DENSITIES) == {name for name, row in LIKELIHOODS.items() if row.textbook is None}
    assert {name.partition(" of ")[0] for name in GIVEN} == set(LIKELIHOODS)


@pytest.mark.parametrize("name", GIVEN)
def test_the_textbook_form_is_the_loss(name: str) -> None:
    given, labels = GIVEN[name]
    model = Model("density")
    y = model.target("y")
    model.likelihood(name.partition(" of ")[0], **given)
    for label in labels:
        textbooks = -sympy.log(DENSITIES[name](y)) if name in DENSITIES else textbook(model).loss_expr
        own, plain = (form.subs(y, label).doit().evalf(30) for form in (model.loss_expr, textbooks))
        assert abs(own - plain) < sympy.Float(10) ** -12  # of ordinary size, in 30 digits
