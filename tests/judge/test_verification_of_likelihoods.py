"""Verification of likelihoods: the labels that are drawn, and the branches that need not be taken."""

from collections.abc import Mapping
from itertools import product

import pytest
import sympy as sp

import symgraph
from symgraph import Model, sigmoid
from symgraph.judge.reference import Reference
from symgraph.judge.verification_points import Sampler
from symgraph.judge.verify import verify


def rows_drawn(model: Model, seed: int) -> list[Mapping[str, float]]:
    """The rows of 20 points; what one row in 20 has is missing in 5% of the cases."""
    return [row for batch in Sampler(Reference(model), seed, None, 3).several(20) for row in batch.rows]


def test_every_class_of_a_categorical_likelihood_is_drawn_and_those_at_the_ends_of_its_domain_too() -> None:
    for seed in range(8):
        model = Model("classes")
        x, _ = model.feature("x"), model.target("kind", domain=(0, 2))
        a, b, c = model.weights("a b c")
        model.likelihood("categorical", logits=[a * x, b * x, c])
        assert {row["kind"] for row in rows_drawn(model, seed)} == {0.0, 1.0, 2.0}
        assert verify(model, symgraph.compile(model, backend="numpy"), seed=seed).untaken == ()


@pytest.mark.parametrize("trials", [20, "animals"])
def test_groups_in_which_all_or_none_succeed_are_drawn_and_judged(trials: int | str) -> None:
    for seed in range(8):
        model = Model("groups")
        x, animals, _ = model.feature("x"), model.feature("animals", domain=(1, 20)), model.target("deaths", domain=(0, 20))
        model.output("p", sigmoid(model.weight("a") * x))
        model.likelihood("binomial", trials=trials if trials == 20 else animals)
        rows = rows_drawn(model, seed)
        assert any(row["deaths"] == 0.0 for row in rows)
        assert any(row["deaths"] == (20.0 if trials == 20 else row["animals"]) for row in rows)
        assert verify(model, symgraph.compile(model, backend="numpy"), seed=seed).untaken == ()


def test_counts_of_zero_are_drawn_where_the_domain_has_them() -> None:
    for law, low in product(("poisson", "negative_binomial"), (0, 1)):
        model = Model("counts")
        x, a, _ = model.feature("x", domain=(0, 1)), model.weight("a"), model.target("n", domain=(low, 30))
        model.output("mean", sp.exp(a * x))
        model.likelihood(law, **({"dispersion": model.positive("d")} if law == "negative_binomial" else {}))
        assert any(row["n"] == 0.0 for row in rows_drawn(model, 0)) == (low == 0)


def test_branches_of_a_likelihood_are_not_asked_for_but_those_of_its_parameters_are() -> None:
    """Student's t has a last branch for tiny scales, which is never taken, as one of a given scale may be."""
    for far, missed in ((0.5, ()), (5.0, ("loss, branch 1",))):
        model = Model("scales")
        x, _ = model.feature("x", domain=(0, 1)), model.target("y", domain=(-3, 3))
        model.output("mean", model.weight("a") * x)
        model.likelihood("student_t", scale=sp.Piecewise((2 + x, x > far), (1 + x, True)), nu=3)
        assert verify(model, symgraph.compile(model, backend="numpy")).untaken == missed
