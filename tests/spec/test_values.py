"""The only values of a target, as a spec declares them."""

import random
from typing import Any

import numpy as np
import pytest
from labelled import LABELLED
from sympy import Eq, KroneckerDelta, Piecewise

from symgraph import Model
from symgraph import compile as compile_model
from symgraph.compiler.backends.source import model_hash
from symgraph.compiler.generate import generate
from symgraph.data.targets import check_labels
from symgraph.errors import DataError, SpecError
from symgraph.judge.differences import gradcheck
from symgraph.judge.differences.drawing import KINDS
from symgraph.judge.differences.points import draw
from symgraph.judge.judged_points import points
from symgraph.judge.reference import reference
from symgraph.judge.verification_points import Sampler
from symgraph.project.build.modules import load_artifact


def three(**options: Any) -> Model:
    model = Model("three")
    x, a, y = model.feature("x"), model.weight("a"), model.target("y", **options)
    model.loss(Piecewise((a, Eq(y, 1)), (a * x, Eq(y, 2)), (a**2, True)))
    return model


@pytest.mark.parametrize("values", [(2, 0, 1), [0.0, 1.0, 2.0], range(3), np.arange(3)])
def test_values_are_kept_in_order_by_every_target(values: Any) -> None:
    model = Model("two")
    model.targets("a b", values=values)
    assert [one.values for one in model.target_inputs] == [(0.0, 1.0, 2.0)] * 2


@pytest.mark.parametrize(
    "values", [(), (1,), (0, 0), (0, 0.0, 1), (0, float("nan")), (0, float("inf")), "012", 3, (True, False), ("a", "b")]
)
def test_what_is_no_list_of_different_numbers_is_refused(values: Any) -> None:
    wanted = r"target 'y': values must be two or more different finite numbers, such as \(0, 1, 2\), not "
    with pytest.raises(SpecError, match=wanted):
        Model("m").target("y", values=values)


def test_values_must_be_possible_by_the_likelihood() -> None:
    def declare(values: Any) -> None:
        model = Model("m")
        (a, b), _ = model.weights("a b"), model.target("y", values=values)
        model.likelihood("categorical", logits=[a, b])

    declare((0, 1))
    with pytest.raises(SpecError, match="its target 'y' has the value 2, to which it gives no probability"):
        declare((0, 1, 2))
    assert three(values=(0, 1, 2), domain=(0, 2)).target_inputs[0].domain == (0.0, 2.0)
    with pytest.raises(SpecError, match=r"target 'y': its value 2 is outside its domain \(0.0, 1.0\); leave one"):
        three(values=(0, 1, 2), domain=(0, 1))


MODELS = LABELLED | {"three": lambda: three(values=(0, 1, 2))}
LABELS = {"three": {0.0, 1.0, 2.0}, "kinds": {0.0, 1.0, 2.0}, "cases": {0.1, 1.0, 2.0}, "pairs": {0.0, 1.0}}


@pytest.fixture(scope="module")
def labelled() -> dict[str, Any]:
    """NumPy's modules of models with labels, not verified."""
    return {name: load_artifact(generate(MODELS[name](), ("numpy",))[0]) for name in LABELS}


@pytest.mark.parametrize("name", LABELS)
def test_all_points_that_are_drawn_have_labels_of_the_model_and_a_check_of_gradients_moves_none(
    name: str, labelled: dict[str, Any]
) -> None:
    found = points(MODELS[name](), tuple(KINDS), 60)
    targets = found.values[:, [place for place, one in enumerate(found.names) if one in ("y", "p", "q")]]
    assert set(np.ravel(targets).tolist()) == LABELS[name]
    rows = [row for batch in Sampler(reference(MODELS[name]().freeze()), 0, None, 3).several(4) for row in batch.rows]
    assert {value for row in rows for one, value in row.items() if one in ("y", "p", "q")} == LABELS[name]
    point = draw(labelled[name], random.Random(0), 0, 8, None, None)
    assert point is not None
    assert set(np.ravel(point.given.y).tolist()) <= LABELS[name]
    # which takes some tenths of a second, since batches of 120,000 rows are among what is checked
    assert gradcheck(labelled[name], points=1, rows=3).verdict == "passed"


def test_metadata_have_values_where_they_are_declared_alone_and_data_with_another_are_refused() -> None:
    module = compile_model(three(values=(0, 1, 2)), "numpy")
    assert module.METADATA["values"] == {"y": (0.0, 1.0, 2.0)}
    assert "values" not in compile_model(three(), "numpy").METADATA
    assert model_hash(three()) != model_hash(three(values=(0, 1, 2))) != model_hash(three(values=(1, 2)))
    check_labels(module, [[1.0]] * 3, [0, 1, 2])
    wanted = r"^y: row 1 \(counted from 0\) has y = 0.5; three declares the values 0, 1, 2 of it; 1 more such row follows; "
    with pytest.raises(DataError, match=wanted + "leave such rows out, or declare that value too$"):
        check_labels(module, [[1.0]] * 3, [0, 0.5, 3])
    model = Model("delta")
    a, y = model.weight("a"), model.target("y")
    model.loss(a * KroneckerDelta(y, 2) + a**2)
    assert model.loss_expr == a * Piecewise((1, Eq(y, 2)), (0, True)) + a**2
